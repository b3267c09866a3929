//! Headers that break a rule of block production, against a state with validators.

use jambox_chain::block::{Applied, Checks};
use jambox_state::trie;
use jambox_types::{
    BandersnatchKey, DisputeRecords, Ed25519Key, EpochMark, EpochMarkKeys, Fault, PerValidator,
    RingRoot, RingSignature, Safrole, SlotSealers, Ticket, TicketEnvelope, ValidatorKey,
};

use super::*;

/// Keys of the validator with this index; `mark` distinguishes sets.
fn key(mark: u8, index: usize) -> ValidatorKey {
    let octet = mark + index as u8;
    let (bandersnatch, ed25519) = (BandersnatchKey([octet; 32]), Ed25519Key([octet; 32]));
    ValidatorKey { bandersnatch, ed25519, ..ValidatorKey::default() }
}

const ACTIVE: u8 = 50;
const PENDING: u8 = 100;
const STAGING: u8 = 150;

/// A report judged bad.
const JUDGED: Hash = Hash([9; 32]);

/// Twelve tickets, one for each slot of an epoch.
fn tickets() -> Vec<Ticket> {
    (0..12).map(|index| Ticket { id: Hash([index; 32]), entry: index % 3 }).collect()
}

/// The state of the other tests in a slot, with six validators, each with two slots.
fn whole(slot: u32, tickets: Vec<Ticket>) -> Arc<KeyedBase> {
    let mut state = (*state()).clone();
    let mut changes = Changes::default();
    let set = |mark| PerValidator::from_fn(&PROTOCOL, |index| key(mark, index));
    let sealers = PerSlot::from_fn(&PARAMETERS, |slot| key(ACTIVE, slot % 6).bandersnatch);
    let safrole = Safrole {
        pending: set(PENDING),
        epoch_root: RingRoot([0; 144]),
        sealers: SlotSealers::Keys(sealers),
        tickets,
    };
    changes.set_component(Component::Safrole, &safrole, &PROTOCOL);
    changes.set_component(Component::ActiveSet, &set(ACTIVE), &PROTOCOL);
    changes.set_component(Component::PreviousSet, &set(10), &PROTOCOL);
    changes.set_component(Component::StagingSet, &set(STAGING), &PROTOCOL);
    let offenders = [key(STAGING, 4).ed25519].into();
    let bad = [JUDGED].into();
    let records = DisputeRecords { offenders, bad, ..DisputeRecords::default() };
    changes.set_component(Component::Disputes, &records, &PROTOCOL);
    changes.set_component(Component::Slot, &TimeSlot(slot), &PROTOCOL);
    state.change(&changes);
    Arc::new(state)
}

/// Applies a block in a slot after `change`. The unchanged block is valid, unless the slot begins
/// an epoch.
fn refusal(
    prior: &Arc<KeyedBase>,
    slot: u32,
    extrinsic: Extrinsic,
    change: impl FnOnce(&mut Header),
) -> Option<Refusal> {
    let prior_root = trie::root(prior.iter());
    let mut block = block(extrinsic);
    block.header.slot = TimeSlot(slot);
    block.header.author = ValidatorIndex((slot % 6) as u16);
    block.header.parent_state_root = prior_root;
    change(&mut block.header);
    let checks = Checks::All { prior_root };
    let env = environment(PROTOCOL);
    let applied: Result<Applied, _> = apply(&env, prior, &block, checks, Hash([5; 32]), &mut ());
    match applied {
        Ok(_) => None,
        Err(BlockError::Refused(refusal)) => Some(refusal),
        Err(error) => panic!("{error}"),
    }
}

/// [`refusal`] of a header in slot 11 after slot 10.
fn header(change: impl FnOnce(&mut Header)) -> Option<Refusal> {
    refusal(&whole(10, Vec::new()), 11, Extrinsic::default(), change)
}

#[test]
fn authors_are_validators_and_have_the_key_of_the_slot() {
    assert_eq!(header(|_| {}), None);
    let author = ValidatorIndex(6);
    let none = Refusal::NoSuchAuthor { author, count: 6 };
    assert_eq!(header(|header| header.author = author), Some(none));
    let author = ValidatorIndex(4);
    let other = Refusal::Author { author, slot: TimeSlot(11) };
    assert_eq!(header(|header| header.author = author), Some(other));
}

#[test]
fn the_prior_root_is_that_of_the_state() {
    let wrong = header(|header| header.parent_state_root.0[0] ^= 1);
    assert_eq!(wrong, Some(Refusal::PriorStateRoot));
}

/// The first block of an epoch: `F` of `eq:fallbackkeysequence` chooses its author from the pending
/// validators, by the second entropy before the block.
#[test]
fn epochs_begin_with_their_mark() {
    let mark = || EpochMark {
        entropy: Hash([1; 32]),
        tickets_entropy: Hash([2; 32]),
        validators: PerValidator::from_fn(&PROTOCOL, |index| {
            // The fifth is an offender, whose keys are removed.
            let key = if index == 4 { ValidatorKey::default() } else { key(STAGING, index) };
            EpochMarkKeys { bandersnatch: key.bandersnatch, ed25519: key.ed25519 }
        }),
    };
    let chosen = Hash::blake2b(&[[2; 32].as_slice(), &[0; 4]].concat()).0;
    let author = u32::from_le_bytes([chosen[0], chosen[1], chosen[2], chosen[3]]) % 6;
    let first = |epoch_mark: Option<EpochMark>| {
        refusal(&whole(10, Vec::new()), 12, Extrinsic::default(), |header| {
            header.author = ValidatorIndex(author as u16);
            header.epoch_mark = epoch_mark;
        })
    };
    assert_eq!(first(Some(mark())), None);
    assert_eq!(first(None), Some(Refusal::EpochMarkMissing));
    let mut wrong = mark();
    wrong.validators[0].ed25519.0[0] ^= 1;
    assert_eq!(first(Some(wrong)), Some(Refusal::EpochMarkWrong));
    let wrong = EpochMark { tickets_entropy: Hash([9; 32]), ..mark() };
    assert_eq!(first(Some(wrong)), Some(Refusal::EpochMarkWrong));
    let unexpected = header(|header| header.epoch_mark = Some(mark()));
    assert_eq!(unexpected, Some(Refusal::EpochMarkUnexpected));
    // With a full accumulator the epoch is sealed by tickets: anyone may be the author.
    let prior = whole(10, tickets());
    let sealed = refusal(&prior, 12, Extrinsic::default(), |header| {
        header.author = ValidatorIndex((author as u16 + 1) % 6);
        header.epoch_mark = Some(mark());
    });
    assert_eq!(sealed, None);
}

#[test]
fn winning_tickets_are_named_when_their_submission_ends() {
    // In outside-in order (`Z` of `sec:slotkeysequence`).
    let order = [0, 11, 1, 10, 2, 9, 3, 8, 4, 7, 5, 6];
    let mark = |swap: bool| {
        let all = tickets();
        PerSlot::from_fn(&PARAMETERS, |slot| all[order[if swap { slot ^ 1 } else { slot }]])
    };
    let ends = |tickets: Vec<Ticket>, mark: Option<PerSlot<Ticket>>| {
        refusal(&whole(9, tickets), 10, Extrinsic::default(), |header| header.tickets_mark = mark)
    };
    assert_eq!(ends(tickets(), Some(mark(false))), None);
    assert_eq!(ends(tickets(), None), Some(Refusal::TicketsMarkMissing));
    assert_eq!(ends(tickets(), Some(mark(true))), Some(Refusal::TicketsMarkWrong));
    assert_eq!(ends(Vec::new(), None), None);
    assert_eq!(ends(Vec::new(), Some(mark(false))), Some(Refusal::TicketsMarkUnexpected));
    let later = header(|header| header.tickets_mark = Some(mark(false)));
    assert_eq!(later, Some(Refusal::TicketsMarkUnexpected));
}

#[test]
fn offenders_are_those_of_the_disputes() {
    let unfounded = header(|header| header.offenders_mark = vec![key(ACTIVE, 3).ed25519]);
    assert_eq!(unfounded, Some(Refusal::OffendersMark));
    let (key, signature) = (key(ACTIVE, 3).ed25519, Ed25519Signature([0; 64]));
    let fault = Fault { report_hash: JUDGED, is_valid: true, key, signature };
    let mut extrinsic = Extrinsic::default();
    extrinsic.disputes.faults.push(fault);
    let prior = whole(10, Vec::new());
    let missing = refusal(&prior, 11, extrinsic.clone(), |_| {});
    assert_eq!(missing, Some(Refusal::OffendersMark));
    let named = refusal(&prior, 11, extrinsic, |header| header.offenders_mark = vec![key]);
    assert_eq!(named, None);
}

#[test]
fn tickets_are_few_in_time_and_of_entries_that_there_are() {
    let bring = |slot: u32, entries: &[u8]| {
        let ticket = |entry: &u8| TicketEnvelope { entry: *entry, signature: RingSignature::ZERO };
        let tickets = entries.iter().map(ticket).collect();
        let extrinsic = Extrinsic { tickets, ..Extrinsic::default() };
        refusal(&whole(slot - 1, Vec::new()), slot, extrinsic, |_| {})
    };
    assert_eq!(bring(9, &[0, 1, 2]), None);
    let many = Refusal::TicketCount { count: 4, most: 3 };
    assert_eq!(bring(9, &[0, 1, 2, 0]), Some(many));
    assert_eq!(bring(11, &[0]), Some(Refusal::TicketCount { count: 1, most: 0 }));
    assert_eq!(bring(9, &[0, 3]), Some(Refusal::TicketAttempt { index: 1, entries: 3 }));
    assert_eq!(bring(9, &[0xff]), Some(Refusal::TicketAttempt { index: 0, entries: 3 }));
}

/// A header is not checked against the contents of a state whose root is not confirmed.
#[test]
fn headers_are_held_only_against_whole_states() {
    let mut block = block(Extrinsic::default());
    block.header.author = ValidatorIndex(9);
    block.header.offenders_mark = vec![Ed25519Key([7; 32])];
    run_on(&whole(10, Vec::new()), &block).expect("this breaks no other rule");
}
