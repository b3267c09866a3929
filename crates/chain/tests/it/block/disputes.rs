//! Refused disputes, against a state with validators, under either revision.

use jambox_chain::block::{DisputeError, Offense};
use jambox_state::trie;
use jambox_types::{
    BandersnatchKey, Culprit, DisputeRecords, Disputes, Ed25519Key, Fault, Judgment,
    PerSuperMajority, PerValidator, RingRoot, Safrole, SlotSealers, ValidatorKey, Verdict,
};

use super::*;

/// Four cores, so that there can be 6, 9 or 12 validators in 0.8.0.
const FOUR: Parameters = Parameters { cores: 4, ..Parameters::TINY };
const NEW: Protocol = Protocol::new(Revision::GrayPaper080, FOUR);
/// The slot of the block, in epoch 1.
const SLOT: u32 = 20;

const ACTIVE: u8 = 50;
const PREVIOUS: u8 = 10;

fn key(mark: u8, index: usize) -> Ed25519Key {
    Ed25519Key([mark + index as u8; 32])
}

/// Reports judged before.
const GOOD: Hash = Hash([201; 32]);
const BAD: Hash = Hash([202; 32]);
const WONKY: Hash = Hash([203; 32]);
/// Reports not judged before.
const FIRST: Hash = Hash([210; 32]);
const SECOND: Hash = Hash([211; 32]);

/// A state with these numbers of validators in this epoch and in the last.
fn whole(protocol: &Protocol, active: usize, previous: usize) -> Arc<KeyedBase> {
    let set = |mark: u8, count: usize| {
        let validator = |index: usize| {
            let ed25519 = key(mark, index);
            ValidatorKey { ed25519, bandersnatch: BandersnatchKey([7; 32]), ..Default::default() }
        };
        PerValidator::new((0..count).map(validator).collect(), protocol).expect("allowed")
    };
    let safrole = Safrole {
        pending: set(ACTIVE, active),
        epoch_root: RingRoot([0; 144]),
        sealers: SlotSealers::Keys(PerSlot::from_fn(&protocol.parameters, |_| {
            BandersnatchKey([7; 32])
        })),
        tickets: Vec::new(),
    };
    let records = DisputeRecords {
        good: [GOOD].into(),
        bad: [BAD].into(),
        wonky: [WONKY].into(),
        offenders: [key(ACTIVE, 5)].into(),
    };
    let mut changes = Changes::default();
    changes.set_component(Component::Safrole, &safrole, protocol);
    changes.set_component(Component::ActiveSet, &set(ACTIVE, active), protocol);
    changes.set_component(Component::PreviousSet, &set(PREVIOUS, previous), protocol);
    changes.set_component(Component::StagingSet, &set(ACTIVE, active), protocol);
    changes.set_component(Component::Disputes, &records, protocol);
    changes.set_component(Component::Slot, &TimeSlot(SLOT - 1), protocol);
    let mut state = (*state_under(protocol)).clone();
    state.change(&changes);
    Arc::new(state)
}

/// Applies a block with these disputes. Its header has the offenders.
fn apply_to(
    protocol: Protocol,
    prior: &Arc<KeyedBase>,
    disputes: Disputes,
) -> Result<(), DisputeError> {
    let culprits = disputes.culprits.iter().map(|culprit| culprit.key);
    let offenders = culprits.chain(disputes.faults.iter().map(|fault| fault.key)).collect();
    let mut block = block(Extrinsic { disputes, ..Extrinsic::default() });
    let prior_root = trie::root(prior.iter());
    block.header.slot = TimeSlot(SLOT);
    block.header.parent_state_root = prior_root;
    block.header.extrinsic_hash = block.extrinsic.hash(&protocol);
    block.header.offenders_mark = offenders;
    let (env, checks) = (environment(protocol), Checks::All { prior_root });
    match apply(&env, prior, &block, checks, Hash([5; 32]), &mut ()) {
        Ok(_) => Ok(()),
        Err(BlockError::Refused(Refusal::Disputes(error))) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// [`apply_to`] under 0.7.2, with six validators.
fn old(disputes: Disputes) -> Result<(), DisputeError> {
    apply_to(PROTOCOL, &whole(&PROTOCOL, 6, 6), disputes)
}

const SIGNATURE: Ed25519Signature = Ed25519Signature([0; 64]);

/// A verdict by consecutive validators. The first `votes` of them find the report valid.
fn verdict(report_hash: Hash, votes: usize) -> Verdict {
    verdict_of(&PROTOCOL, 5, report_hash, votes)
}

fn verdict_of(protocol: &Protocol, judges: usize, report_hash: Hash, votes: usize) -> Verdict {
    let judgment = |index: usize| Judgment {
        is_valid: index < votes,
        judge: ValidatorIndex(index as u16),
        signature: SIGNATURE,
    };
    let judgments = (0..judges).map(judgment).collect();
    let judgments = PerSuperMajority::new(judgments, protocol).expect("allowed");
    Verdict { report_hash, epoch: 1, judgments }
}

fn culprit(report_hash: Hash, key: Ed25519Key) -> Culprit {
    Culprit { report_hash, key, signature: SIGNATURE }
}

fn fault(report_hash: Hash, is_valid: bool, key: Ed25519Key) -> Fault {
    Fault { report_hash, is_valid, key, signature: SIGNATURE }
}

fn disputes(verdicts: Vec<Verdict>, culprits: Vec<Culprit>, faults: Vec<Fault>) -> Disputes {
    Disputes { verdicts, culprits, faults }
}

/// A bad report with its two guarantors, and a good one with a judge against it.
fn sound() -> Disputes {
    disputes(
        vec![verdict(FIRST, 0), verdict(SECOND, 5)],
        vec![culprit(FIRST, key(PREVIOUS, 0)), culprit(FIRST, key(ACTIVE, 0))],
        vec![fault(SECOND, false, key(ACTIVE, 1))],
    )
}

#[test]
fn disputes_that_keep_the_rules_are_applied() {
    assert_eq!(old(Disputes::default()), Ok(()));
    assert_eq!(old(sound()), Ok(()));
    // Wonky: a third of six.
    assert_eq!(old(disputes(vec![verdict(FIRST, 2)], vec![], vec![])), Ok(()));
    // On reports judged before.
    let late = disputes(
        vec![],
        vec![culprit(BAD, key(PREVIOUS, 3))],
        vec![fault(GOOD, false, key(ACTIVE, 2)), fault(BAD, true, key(ACTIVE, 3))],
    );
    assert_eq!(old(late), Ok(()));
}

#[test]
fn verdicts_are_of_this_epoch_or_the_last_and_in_order() {
    let change = |change: &dyn Fn(&mut Disputes)| {
        let mut disputes = sound();
        change(&mut disputes);
        old(disputes)
    };
    let epoch = |epoch: u32| change(&|it| it.verdicts[1].epoch = epoch);
    assert_eq!(epoch(0), Ok(()));
    assert_eq!(epoch(2), Err(DisputeError::Epoch { index: 1, epoch: 2, prior: 1 }));
    assert_eq!(change(&|it| it.verdicts.swap(0, 1)), Err(DisputeError::VerdictOrder { index: 1 }));
    let twice = change(&|it| it.verdicts[1] = it.verdicts[0].clone());
    assert_eq!(twice, Err(DisputeError::VerdictOrder { index: 1 }));
    for (report, votes) in [(GOOD, 5), (BAD, 0), (WONKY, 2)] {
        let again = disputes(vec![verdict(report, votes)], vec![], vec![]);
        assert_eq!(old(again), Err(DisputeError::JudgedBefore { index: 0 }));
    }
}

#[test]
fn judgments_are_in_order_and_add_up() {
    let judged = |change: &dyn Fn(&mut [Judgment])| {
        let mut disputes = sound();
        change(&mut disputes.verdicts[0].judgments);
        old(disputes)
    };
    let order = |judgment: usize| Err(DisputeError::JudgmentOrder { index: 0, judgment });
    assert_eq!(judged(&|it| it.swap(1, 2)), order(2));
    assert_eq!(judged(&|it| it[3] = it[2]), order(3));
    assert_eq!(judged(&|it| it[4].judge = ValidatorIndex(5)), Ok(()));
    assert_eq!(judged(&|it| it[4].judge = ValidatorIndex(6)), order(4));
    for votes in [1, 3, 4] {
        let split = disputes(vec![verdict(FIRST, votes)], vec![], vec![]);
        assert_eq!(old(split), Err(DisputeError::Votes { index: 0, votes, third: 2, all: 5 }));
    }
}

#[test]
fn offenses_go_with_verdicts() {
    let only = |verdicts, culprits, faults| old(disputes(verdicts, culprits, faults));
    let good = only(vec![verdict(FIRST, 5)], vec![], vec![]);
    assert_eq!(good, Err(DisputeError::NoFault { index: 0 }));
    let one = vec![culprit(FIRST, key(ACTIVE, 0))];
    let few = only(vec![verdict(FIRST, 0)], one.clone(), vec![]);
    assert_eq!(few, Err(DisputeError::FewCulprits { index: 0, count: 1, least: 2 }));
    // Wonky reports, and reports without a verdict, have neither culprits nor faults.
    let report = |offense| Err(DisputeError::OffenseReport { offense, index: 0 });
    for hash in [GOOD, WONKY, SECOND] {
        let culprit = only(vec![], vec![culprit(hash, key(ACTIVE, 0))], vec![]);
        assert_eq!(culprit, report(Offense::Culprit), "{hash}");
    }
    for (hash, is_valid) in
        [(GOOD, true), (BAD, false), (WONKY, true), (WONKY, false), (SECOND, true)]
    {
        let fault = only(vec![], vec![], vec![fault(hash, is_valid, key(ACTIVE, 0))]);
        assert_eq!(fault, report(Offense::Fault), "{hash} {is_valid}");
    }
}

#[test]
fn offenders_are_validators_that_have_not_offended() {
    let accused =
        |keys: &[Ed25519Key]| keys.iter().map(|key| culprit(BAD, *key)).collect::<Vec<_>>();
    let judges = |keys: &[Ed25519Key]| keys.iter().map(|key| fault(BAD, true, *key)).collect();
    let two = [key(ACTIVE, 0), key(ACTIVE, 1)];
    assert_eq!(old(disputes(vec![], accused(&two), judges(&two))), Ok(()));
    for wrong in [[two[1], two[0]], [two[0], two[0]]] {
        let order = |offense| Err(DisputeError::OffenseOrder { offense, index: 1 });
        assert_eq!(old(disputes(vec![], accused(&wrong), vec![])), order(Offense::Culprit));
        assert_eq!(old(disputes(vec![], vec![], judges(&wrong))), order(Offense::Fault));
    }
    // The last validator has offended before; the other key is no validator's.
    for key in [key(ACTIVE, 5), key(ACTIVE, 6)] {
        let offender = |offense| Err(DisputeError::Offender { offense, index: 0 });
        assert_eq!(old(disputes(vec![], accused(&[key]), vec![])), offender(Offense::Culprit));
        assert_eq!(old(disputes(vec![], vec![], judges(&[key]))), offender(Offense::Fault));
    }
}

/// In 0.8.0 the number of judgments is that of the epoch's validators, and a bad report needs no
/// culprits.
#[test]
fn judges_are_those_of_the_epoch_since_0_8_0() {
    let prior = whole(&NEW, 9, 6);
    let one = |verdict: Verdict| apply_to(NEW, &prior, disputes(vec![verdict], vec![], vec![]));
    assert_eq!(one(verdict_of(&NEW, 7, FIRST, 0)), Ok(()));
    assert_eq!(one(verdict_of(&NEW, 7, FIRST, 3)), Ok(()));
    let count = |count, expected| Err(DisputeError::JudgmentCount { index: 0, count, expected });
    assert_eq!(one(verdict_of(&NEW, 5, FIRST, 0)), count(5, 7));
    let last = |judges| Verdict { epoch: 0, ..verdict_of(&NEW, judges, FIRST, 0) };
    assert_eq!(one(last(5)), Ok(()));
    assert_eq!(one(last(7)), count(7, 5));
    let mut beyond = last(5);
    beyond.judgments[4].judge = ValidatorIndex(6);
    assert_eq!(one(beyond), Err(DisputeError::JudgmentOrder { index: 0, judgment: 4 }));
}
