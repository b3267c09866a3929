//! Blocks.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use jambox_chain::block;
use jambox_codec::encode_with;
use jambox_state::{Component, KeyKind, KeyedBase, StateKey, trie};
use jambox_types::{Hash, Revision, ServiceId};
use jambox_vectors::steps::{self, Step};
use jambox_vectors::traces::{self, Difference};
use jambox_vectors::{Campaign, Case, Shard};

use crate::environment::{TINY, tiny, tiny_on_every_backend};

#[test]
fn every_block_changes_the_state_as_expected() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/traces");
    for env in tiny_on_every_backend() {
        let report = traces::run(&folder, &env).expect("the folder is readable");
        assert_eq!((report.passed(), report.failed(), report.skipped()), (400, 0, 0), "{report}");
    }
}

/// The encodings of the steps show that they are of 0.8.0.
#[test]
fn every_block_of_0_8_0_changes_the_state_as_expected() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let folder = vectors.join("dev-0.8.0/traces");
    for env in tiny_on_every_backend() {
        let report = traces::run(&folder, &env).expect("the folder is readable");
        assert_eq!(
            (report.passed(), report.failed(), report.skipped()),
            (187, 0, 0),
            "{}",
            report.remarks()
        );
        assert_eq!(report.revisions, [Revision::GrayPaper080].into());
    }
}

/// Blocks are refused because of header and state. Each of the four that are not has a ticket,
/// whose proof needs Bandersnatch.
#[test]
fn every_step_of_the_conformance_reports_is_as_expected() {
    let Some(vectors) = jambox_vectors::public!(CONFORMANCE_072) else { return };
    let folder = vectors.join("conformance-0.7.2-sample");
    let report = traces::run(&folder, &tiny()).expect("the folder is readable");
    assert_eq!(
        (report.passed(), report.failed(), report.skipped()),
        (50, 0, 4),
        "{}",
        report.remarks()
    );
}

/// A step in which a service accumulates and stores something.
fn step() -> Option<Step> {
    let vectors = jambox_vectors::public!()?;
    let file = vectors.join("dev/jam-test-vectors/traces/storage_light/00000010.bin");
    Some(steps::load(&file, &TINY).expect("it is readable").expect("it is right"))
}

#[track_caller]
fn difference(step: &Step) -> Difference {
    traces::check_step(step, &tiny(), &mut ()).expect_err("it was changed")
}

#[test]
fn from_says_where_to_begin() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/traces");
    for (from, count) in [("99", 8), ("storage_light/00000096", 5)] {
        let run = traces::Run {
            from: Some(from.into()),
            progress: &mut |_, _, _| {},
            explain: &mut |_, _, _| None,
        };
        let told = &mut |_: &Case| {};
        let mut campaign = Campaign::new(Shard::WHOLE, [], told);
        traces::run_with(&folder, &tiny(), run, &mut campaign).expect("the folder is readable");
        let report = campaign.report;
        assert_eq!(report.passed(), count, "{report}");
    }
}

#[test]
fn a_changed_entry_is_named_with_its_service() {
    let Some(right) = step() else { return };
    for index in 0..right.post_state.leaves.len() {
        let mut step = right.clone();
        let leaf = &mut step.post_state.leaves[index];
        let KeyKind::Entry(service) = StateKey(leaf.key).kind() else { continue };
        leaf.value.push(1);
        let (key, difference) = (StateKey(leaf.key), difference(&step));
        assert_eq!(difference.service, Some(service));
        assert_eq!(difference.place.as_ref().map(|place| place.key), Some(key));
        let text = difference.to_string();
        assert!(text.contains(&key.to_string()) && text.contains("expected 0x"), "{text}");
        return;
    }
    panic!("no entry");
}

#[test]
fn a_wrong_root_is_a_difference() {
    let Some(mut step) = step() else { return };
    step.post_state.root.0[0] ^= 1;
    let text = difference(&step).to_string();
    assert!(text.starts_with("the state root\n  expected 0x"), "{text}");
}

/// A step with a changed state before, with the new root also in the header.
fn with_its_root(mut step: Step) -> Step {
    step.pre_state.root = trie::root(traces::keyed(&step.pre_state).iter());
    step.block.header.parent_state_root = step.pre_state.root;
    step
}

/// A value that does not fit its key; a missing value.
#[test]
fn a_state_that_makes_no_sense_has_no_outcome() {
    let Some(right) = step() else { return };
    for chapter in [1, 2, 3, 6, 7, 10, 11, 12, 13, 14, 15] {
        let mut step = right.clone();
        let leaves = &mut step.pre_state.leaves;
        let at = leaves.iter().position(|leaf| leaf.key[0] == chapter && leaf.key[1..] == [0; 30]);
        let at = at.expect("every state has it");
        leaves[at].value.truncate(3);
        let text = difference(&with_its_root(step)).to_string();
        assert!(text.contains("is not valid"), "component {chapter}: {text}");
        // A state may lack authorizer pools and recent blocks.
        if matches!(chapter, 1 | 3) {
            continue;
        }
        let mut step = right.clone();
        step.pre_state.leaves.remove(at);
        let text = difference(&with_its_root(step)).to_string();
        assert!(text.starts_with("the state has no "), "component {chapter}: {text}");
    }
}

/// A report for a service that does not exist accumulates nothing, without an error.
#[test]
fn a_report_for_a_service_that_is_gone_is_of_no_effect() {
    let Some(right) = step() else { return };
    let mut step = right.clone();
    step.pre_state.leaves.retain(|leaf| matches!(StateKey(leaf.key).kind(), KeyKind::Component(_)));
    step.block.extrinsic.guarantees.clear();
    step.block.header.extrinsic_hash = step.block.extrinsic.hash(&TINY);
    let difference = difference(&with_its_root(step));
    // The state after has services that the changed state before lacks: a difference, not a
    // failure.
    assert!(difference.place.is_some() || difference.to_string().starts_with("statistics"));
    let gone: Option<ServiceId> = difference.service;
    assert!(gone.is_some() || difference.to_string().contains("core"), "{difference}");
}

#[test]
fn a_step_cut_short_fails_wherever_it_is_cut() {
    let Some(step) = step() else { return };
    let octets = encode_with(&step, &TINY);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("00000001.bin");
    for length in [0, 1, 31, 32, 100, octets.len() / 3, octets.len() / 2, octets.len() - 1] {
        fs::write(&file, &octets[..length]).expect("the folder is writable");
        let report = traces::run(folder.path(), &tiny()).expect("the folder is readable");
        assert_eq!((report.passed(), report.failed()), (0, 1), "cut at {length}");
    }
    fs::write(&file, &octets).expect("the folder is writable");
    assert_eq!(traces::run(folder.path(), &tiny()).expect("it is readable").passed(), 1);
}

/// Blocks applied one after another lead to the last state, except for components of consensus.
#[test]
fn blocks_in_a_row_lead_to_the_last_state() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let env = tiny();
    let (mut own, mut theirs): (Option<KeyedBase>, _) = (None, KeyedBase::default());
    let folder = vectors.join("dev/jam-test-vectors/traces/storage_light");
    for file in steps::files(&folder).expect("the folder is readable") {
        let step = steps::load(&file, &TINY).expect("it is readable");
        let step = step.expect("it is right");
        theirs = traces::keyed(&step.post_state);
        let entropy = Component::Entropy.read(&theirs, &TINY);
        let [entropy, ..]: [Hash; 4] = entropy.expect("it is there");
        let mut state = own.take().unwrap_or_else(|| traces::keyed(&step.pre_state));
        let prior = Arc::new(state.clone());
        let checks = block::Checks::WithoutConsensus;
        let applied = block::apply(&env, &prior, &step.block, checks, entropy, &mut ());
        state.change(&applied.expect("it breaks no rule").changes);
        own = Some(state);
    }
    let own = own.expect("there are steps");
    let keys = own.iter().chain(theirs.iter()).map(|(key, _)| key);
    let different: BTreeSet<_> = keys.filter(|key| own.get(key) != theirs.get(key)).collect();
    let consensus = [Component::Safrole, Component::Statistics].map(Component::key);
    assert_eq!(different, consensus.into());
}
