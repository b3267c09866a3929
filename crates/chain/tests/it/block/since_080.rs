//! Rules of 0.8.0, and its new fields in the state after a block.

use jambox_types::{
    Culprit, Ed25519Key, PerValidator, RingRoot, Safrole, SlotSealers, ValidatorKey,
};

use super::*;

/// Four cores, more than the validators fill.
const FOUR: Parameters = Parameters { cores: 4, ..Parameters::TINY };
const NEW: Protocol = Protocol::new(Revision::GrayPaper080, FOUR);

/// The state of the other tests, with these numbers of validators now and from the next epoch on.
fn state(now: usize, next: usize) -> Arc<KeyedBase> {
    let mut state = (*state_under(&NEW)).clone();
    let set = |count| PerValidator::new(vec![ValidatorKey::default(); count], &NEW).unwrap();
    let safrole = Safrole {
        pending: set(next),
        epoch_root: RingRoot([0; 144]),
        sealers: SlotSealers::Keys(PerSlot::from_fn(&FOUR, |_| Default::default())),
        tickets: Vec::new(),
    };
    let mut changes = Changes::default();
    changes.set_component(Component::Safrole, &safrole, &NEW);
    changes.set_component(Component::ActiveSet, &set(now), &NEW);
    state.change(&changes);
    Arc::new(state)
}

fn run(prior: &Arc<KeyedBase>, slot: u32, extrinsic: Extrinsic) -> Result<KeyedBase, Refusal> {
    let mut block = block(extrinsic);
    block.header.slot = TimeSlot(slot);
    block.header.extrinsic_hash = block.extrinsic.hash(&NEW);
    run_under(NEW, prior, &block)
}

fn guaranteed(core: u16, change: impl FnOnce(&mut WorkReport)) -> Result<KeyedBase, Refusal> {
    let guarantee = guarantee(core, |report| {
        report.availability.erasure_shards = 9;
        change(report);
    });
    let extrinsic = Extrinsic { guarantees: vec![guarantee], ..Extrinsic::default() };
    run(&state(9, 9), 11, extrinsic)
}

#[test]
fn a_report_has_a_chunk_for_each_validator() {
    let after = guaranteed(0, |_| {}).expect("it breaks no rule");
    let pending: PerCore<Option<PendingReport>> =
        Component::PendingReports.read(&after, &NEW).expect("it is there");
    let own = pending[0].as_ref().expect("it was just reported");
    // The whole guarantee is kept.
    assert_eq!((own.guaranteed, own.credentials.len()), (TimeSlot(10), 2));
    let few = guaranteed(0, |report| report.availability.erasure_shards = 6);
    assert_eq!(few, Err(Refusal::ErasureShards { index: 0, shards: 6, validators: 9 }));
}

#[test]
fn three_validators_make_a_core_active() {
    assert!(guaranteed(2, |_| {}).is_ok());
    let core = CoreIndex(3);
    let inactive = Refusal::InactiveCore { index: 0, core, validators: 9 };
    assert_eq!(guaranteed(3, |_| {}), Err(inactive));
}

#[test]
fn anchors_are_what_the_recent_blocks_say() {
    let anchor = guaranteed(0, |report| report.context.anchor_slot = TimeSlot(1));
    assert_eq!(anchor, Err(Refusal::Anchor { index: 0 }));
    // The lookup anchor is the parent. Its slot is 0, and its state root is in the header.
    let looked_up = |slot: u32, root: Hash| {
        guaranteed(0, |report| {
            report.context.lookup_anchor = PARENT;
            report.context.lookup_anchor_slot = TimeSlot(slot);
            report.context.lookup_anchor_state_root = root;
        })
        .map(drop)
    };
    assert_eq!(looked_up(0, STATE_ROOT), Ok(()));
    let other = Err(Refusal::LookupAnchorOther { index: 0 });
    assert_eq!(looked_up(0, Hash::ZERO), other);
    assert_eq!(looked_up(1, STATE_ROOT), other);
}

/// Seven of nine are more than two thirds, six are not. The number of validators is the state's.
#[test]
fn availability_is_by_the_validators_that_there_are() {
    let pending = |validators: usize, assurers: u16, slot: u32, next: usize| {
        let assure = |assurer| Assurance {
            availabilities: CoreBits::from_fn(&FOUR, |it| it == CoreIndex(1)),
            ..assurance(assurer, 1)
        };
        let assurances = (0..assurers).map(assure).collect();
        let extrinsic = Extrinsic { assurances, ..Extrinsic::default() };
        let after = run(&state(validators, next), slot, extrinsic).expect("it breaks no rule");
        let pending: PerCore<Option<PendingReport>> =
            Component::PendingReports.read(&after, &NEW).expect("it is there");
        pending[1].is_some()
    };
    assert!(pending(9, 6, 11, 9));
    assert!(!pending(9, 7, 11, 9));
    assert!(pending(6, 4, 11, 6));
    assert!(!pending(6, 5, 11, 6));
    // The first block of an epoch clears every core if the number of validators changes.
    assert!(pending(9, 0, 12, 9));
    assert!(!pending(9, 0, 12, 12));
}

#[test]
fn disputes_are_limited() {
    let bring = |count: u8| {
        let signature = Ed25519Signature([0; 64]);
        let culprit =
            |key| Culprit { report_hash: Hash::ZERO, key: Ed25519Key([key; 32]), signature };
        let mut extrinsic = Extrinsic::default();
        extrinsic.disputes.culprits = (0..count).map(culprit).collect();
        run(&state(9, 9), 11, extrinsic).map(drop)
    };
    assert_eq!(bring(16), Ok(()));
    assert_eq!(bring(17), Err(Refusal::DisputeCount { count: 17, most: 16 }));
}

#[test]
fn the_history_knows_slots() {
    let after = run(&state(6, 6), 11, Extrinsic::default()).expect("it breaks no rule");
    let recent: RecentBlocks = Component::RecentBlocks.read(&after, &NEW).expect("it is there");
    assert_eq!(recent.blocks[1].slot, TimeSlot(11));
}
