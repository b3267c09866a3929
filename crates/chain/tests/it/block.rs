//! Refused blocks: the broken rule, and the unchanged state.

mod disputes;
mod guarantees;
mod header;
mod since_080;

use std::sync::Arc;

use jambox_chain::SlotError;
use jambox_chain::block::{BlockError, Checks, Refusal, apply, genesis};
use jambox_state::{
    AccountInfo, Blob, Changes, Component, KeyedBase, Meaning, RequestHistory, RequestKey,
};
use jambox_types::{
    AccumulatedQueue, Assurance, AvailabilitySpec, BandersnatchSignature, Block, CoreBits,
    CoreIndex, Credential, Ed25519Signature, Extrinsic, Gas, Guarantee, Hash, Header, Parameters,
    PendingReport, PerCore, PerSlot, Preimage, Protocol, ReadyQueue, ReadyReport, RecentBlock,
    RecentBlocks, RefineContext, RefineLoad, Revision, ServiceId, TimeSlot, ValidatorIndex,
    WorkDigest, WorkReport, WorkResult,
};

use crate::backends::environment;

const PARAMETERS: Parameters = Parameters::TINY;
const PROTOCOL: Protocol = Protocol::new(Revision::GrayPaper072, PARAMETERS);
const SERVICE: ServiceId = ServiceId(7);
const CODE: Hash = Hash([9; 32]);

const AUTHORIZER: Hash = Hash([7; 32]);
const PARENT: Hash = Hash([8; 32]);
const STATE_ROOT: Hash = Hash([22; 32]);
/// A recently reported package, with the root of its exports.
const PAST: (Hash, Hash) = (Hash([20; 32]), Hash([21; 32]));

/// A chain in slot 10 with one service, which has requested two preimages.
fn state() -> Arc<KeyedBase> {
    state_under(&PROTOCOL)
}

fn state_under(protocol: &Protocol) -> Arc<KeyedBase> {
    let parameters = &protocol.parameters;
    let mut changes = genesis(protocol);
    changes.set_component(
        Component::Entropy,
        &[Hash([1; 32]), Hash([2; 32]), Hash([3; 32]), Hash([4; 32])],
        protocol,
    );
    let waiting = PendingReport {
        report: report(1),
        guaranteed: TimeSlot(0),
        credentials: Vec::new(),
        reported: TimeSlot(9),
    };
    let pending = PerCore::from_fn(parameters, |core| (core == 1).then(|| waiting.clone()));
    changes.set_component(Component::PendingReports, &pending, protocol);
    changes.set_component(Component::Slot, &TimeSlot(10), protocol);
    let info = AccountInfo { code_hash: CODE, min_accumulate_gas: Gas(50), ..Default::default() };
    changes.set(Meaning::Account(SERVICE), Some(jambox_codec::encode(&info).into()));
    for data in [b"one".as_slice(), b"two"] {
        let key = RequestKey { hash: Hash::blake2b(data), length: 3 };
        let history = jambox_codec::encode(&RequestHistory::Requested);
        changes.set(Meaning::Request(SERVICE, key), Some(Blob::from(history)));
    }
    let pools = PerCore::from_fn(parameters, |_| vec![Hash([6; 32]), AUTHORIZER]);
    changes.set_component(Component::AuthorizerPools, &pools, protocol);
    let last = RecentBlock {
        header_hash: PARENT,
        accumulation_root: Hash([23; 32]),
        state_root: Hash::ZERO,
        slot: TimeSlot(0),
        reported: [PAST].into(),
    };
    let recent = RecentBlocks { blocks: vec![last], output_log: vec![Some(Hash([23; 32]))] };
    changes.set_component(Component::RecentBlocks, &recent, protocol);
    let mut state = KeyedBase::default();
    state.change(&changes);
    Arc::new(state)
}

fn report(core: u16) -> WorkReport {
    WorkReport {
        availability: AvailabilitySpec {
            package_hash: Hash([30 + core as u8; 32]),
            ..AvailabilitySpec::default()
        },
        context: RefineContext {
            anchor: PARENT,
            state_root: STATE_ROOT,
            accumulation_root: Hash([23; 32]),
            ..RefineContext::default()
        },
        core: CoreIndex(core),
        authorizer: AUTHORIZER,
        auth_gas_used: Gas(0),
        auth_trace: Vec::new(),
        segment_roots: [].into(),
        digests: vec![WorkDigest {
            service: SERVICE,
            code_hash: CODE,
            payload_hash: Hash::ZERO,
            accumulate_gas_limit: Gas(100),
            result: WorkResult(Ok(Vec::new())),
            load: RefineLoad::default(),
        }],
    }
}

fn assurance(assurer: u16, core: u16) -> Assurance {
    Assurance {
        anchor: PARENT,
        availabilities: CoreBits::from_fn(&PARAMETERS, |it| it == CoreIndex(core)),
        assurer: ValidatorIndex(assurer),
        signature: Ed25519Signature([0; 64]),
    }
}

fn preimage(service: ServiceId, data: &[u8]) -> Preimage {
    Preimage { service, data: data.to_vec() }
}

fn guarantee(core: u16, change: impl FnOnce(&mut WorkReport)) -> Guarantee {
    let mut report = report(core);
    change(&mut report);
    Guarantee { report, slot: TimeSlot(10), credentials: credentials(&[2, 4]) }
}

fn credentials(validators: &[u16]) -> Vec<Credential> {
    let signature = Ed25519Signature([0; 64]);
    let by = |validator: &u16| Credential { validator: ValidatorIndex(*validator), signature };
    validators.iter().map(by).collect()
}

/// A block in slot 11 with this extrinsic.
fn block(extrinsic: Extrinsic) -> Block {
    let header = Header {
        parent: PARENT,
        parent_state_root: STATE_ROOT,
        extrinsic_hash: extrinsic.hash(&PROTOCOL),
        slot: TimeSlot(11),
        epoch_mark: None,
        tickets_mark: None,
        author: ValidatorIndex(0),
        entropy_source: BandersnatchSignature([0; 96]),
        offenders_mark: Vec::new(),
        seal: BandersnatchSignature([0; 96]),
    };
    Block { header, extrinsic }
}

fn run(block: &Block) -> Result<KeyedBase, Refusal> {
    run_on(&state(), block)
}

fn run_on(prior: &Arc<KeyedBase>, block: &Block) -> Result<KeyedBase, Refusal> {
    run_under(PROTOCOL, prior, block)
}

fn run_under(
    protocol: Protocol,
    prior: &Arc<KeyedBase>,
    block: &Block,
) -> Result<KeyedBase, Refusal> {
    let env = environment(protocol);
    let before = (**prior).clone();
    match apply(&env, prior, block, Checks::WithoutConsensus, Hash([5; 32]), &mut ()) {
        Ok(applied) => {
            let mut after = before;
            after.change(&applied.changes);
            Ok(after)
        }
        Err(BlockError::Refused(refusal)) => {
            assert_eq!(**prior, before, "a refused block changes nothing");
            Err(refusal)
        }
        Err(error) => panic!("{error}"),
    }
}

fn preimages(given: &[(ServiceId, &[u8])]) -> Result<KeyedBase, Refusal> {
    let preimages = given.iter().map(|(service, data)| preimage(*service, data)).collect();
    run(&block(Extrinsic { preimages, ..Extrinsic::default() }))
}

#[test]
fn preimages_that_are_asked_for_are_taken_in() {
    let after = preimages(&[(SERVICE, b"one"), (SERVICE, b"two")]).expect("both are asked for");
    let key = Meaning::Preimage(SERVICE, Hash::blake2b(b"one")).key();
    assert_eq!(after.get(&key).map(|value| &**value), Some(&b"one"[..]));
}

#[test]
fn preimages_that_break_a_rule_are_refused() {
    let order = |index| Err(Refusal::PreimageOrder { index, service: SERVICE });
    assert_eq!(preimages(&[(SERVICE, b"two"), (SERVICE, b"one")]), order(1));
    assert_eq!(preimages(&[(SERVICE, b"one"), (SERVICE, b"one")]), order(1));
    let other = ServiceId(8);
    assert_eq!(preimages(&[(other, b"one"), (SERVICE, b"one")]), order(1));
    let unneeded = |index, service| Err(Refusal::PreimageUnneeded { index, service });
    assert_eq!(preimages(&[(SERVICE, b"one"), (SERVICE, b"six")]), unneeded(1, SERVICE));
    assert_eq!(preimages(&[(other, b"one")]), unneeded(0, other));
}

#[test]
fn headers_and_assurances_that_break_a_rule_are_refused() {
    let mut late = block(Extrinsic::default());
    late.header.slot = TimeSlot(10);
    let (prior, found) = (TimeSlot(10), TimeSlot(10));
    assert_eq!(run(&late), Err(Refusal::Slot(SlotError::NotAfter { prior, block: found })));
    let mut other = block(Extrinsic::default());
    other.header.extrinsic_hash = Hash::ZERO;
    assert_eq!(run(&other), Err(Refusal::ExtrinsicHash));
    let mut orphan = block(Extrinsic::default());
    orphan.header.parent = Hash::ZERO;
    assert_eq!(run(&orphan), Err(Refusal::Parent));

    let assured = |assurances| run(&block(Extrinsic { assurances, ..Extrinsic::default() }));
    let index = 1;
    let refusal = assured(vec![assurance(1, 1), assurance(1, 1)]);
    assert_eq!(refusal, Err(Refusal::AssuranceOrder { index }));
    let refusal = assured(vec![assurance(1, 1), assurance(6, 1)]);
    assert_eq!(refusal, Err(Refusal::AssuranceOrder { index }));
    let refusal = assured(vec![assurance(1, 1), assurance(2, 0)]);
    assert_eq!(refusal, Err(Refusal::AssuranceOfNothing { index, core: CoreIndex(0) }));
    let elsewhere = Assurance { anchor: Hash::ZERO, ..assurance(2, 1) };
    let refusal = assured(vec![assurance(1, 1), elsewhere]);
    assert_eq!(refusal, Err(Refusal::AssuranceAnchor { index }));
}

/// Five of six make a report available; four do not; after five slots it times out.
#[test]
fn reports_become_available_or_time_out() {
    let pending = |block: &Block| {
        let after = run(block).expect("it breaks no rule");
        let read = Component::PendingReports.read(&after, &PROTOCOL);
        let pending: PerCore<Option<PendingReport>> = read.expect("it is there");
        pending[1].is_some()
    };
    let assured = |count| {
        let assurances = (0..count).map(|assurer| assurance(assurer, 1)).collect();
        block(Extrinsic { assurances, ..Extrinsic::default() })
    };
    assert!(pending(&assured(4)));
    assert!(!pending(&assured(5)));
    let mut later = block(Extrinsic::default());
    later.header.slot = TimeSlot(13);
    assert!(pending(&later));
    later.header.slot = TimeSlot(14);
    assert!(!pending(&later));
}

/// The service of a report may be removed before the report becomes available: nothing runs.
#[test]
fn reports_of_services_that_are_gone_come_to_nothing() {
    let mut prior = (*state()).clone();
    prior.set(Meaning::Account(SERVICE).key(), None);
    let assurances = (0..5).map(|assurer| assurance(assurer, 1)).collect();
    let block = block(Extrinsic { assurances, ..Extrinsic::default() });
    let after = run_on(&Arc::new(prior), &block).expect("it breaks no rule");
    assert!(after.get(&Meaning::Account(SERVICE).key()).is_none());
    let accumulated: AccumulatedQueue =
        Component::Accumulated.read(&after, &PROTOCOL).expect("it is there");
    let package = report(1).availability.package_hash;
    assert_eq!(accumulated.last().expect("slots"), &[package].into());
}

/// The accumulator of the last epoch goes into the history with the first block of the next.
#[test]
fn entropy_rotates_with_the_epoch() {
    let entropy = |slot| -> [u8; 4] {
        let mut block = block(Extrinsic::default());
        block.header.slot = TimeSlot(slot);
        let after = run(&block).expect("it breaks no rule");
        let read: [Hash; 4] = Component::Entropy.read(&after, &PROTOCOL).expect("it is there");
        read.map(|hash| hash.0[0])
    };
    assert_eq!(entropy(11), [5, 2, 3, 4]);
    assert_eq!(entropy(12), [5, 1, 2, 3]);
}

/// State for the next block's rules: the used authorizer is removed, the next in the queue enters,
/// and the block is a recent one.
#[test]
fn pools_and_recent_blocks_follow() {
    let guarantees = vec![guarantee(0, |_| {})];
    let block = block(Extrinsic { guarantees, ..Extrinsic::default() });
    let after = run(&block).expect("it breaks no rule");
    let pools: PerCore<Vec<Hash>> =
        Component::AuthorizerPools.read(&after, &PROTOCOL).expect("they are there");
    let other = Hash([6; 32]);
    assert_eq!(&pools[..], [vec![other, Hash::ZERO], vec![other, AUTHORIZER, Hash::ZERO]]);
    let recent: RecentBlocks =
        Component::RecentBlocks.read(&after, &PROTOCOL).expect("they are there");
    let [parent, own] = &recent.blocks[..] else { panic!("two") };
    assert_eq!((parent.header_hash, parent.state_root), (PARENT, STATE_ROOT));
    assert_eq!((own.header_hash, own.state_root), (block.header.hash(&PROTOCOL), Hash::ZERO));
    assert_eq!(own.reported, [(Hash([30; 32]), Hash::ZERO)].into());
    // The root of no outputs is zeros: the second leaf is joined with the first.
    let joined = Hash::keccak(&[[23; 32], [0; 32]].concat());
    assert_eq!(recent.output_log, [None, Some(joined)]);
    assert_eq!(own.accumulation_root, joined);
}
