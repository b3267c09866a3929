//! State transitions.

use jambox_state::RequestHistory;
use jambox_types::Revision;
use jambox_vectors::stf::{self, Loaded, accumulate, preimages};

use crate::environment::{TINY, tiny, tiny_on_every_backend};

#[test]
fn every_case_means_what_its_json_says() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/stf");
    let cases = accumulate::load(&folder.join("accumulate/tiny"), &TINY);
    check(cases.expect("the folder is readable"), 30);
    let cases = preimages::load(&folder.join("preimages/tiny"), &TINY);
    check(cases.expect("the folder is readable"), 8);
}

fn check<T>(cases: Vec<Loaded<T>>, count: usize) {
    assert_eq!(cases.len(), count);
    for Loaded { name, case } in cases {
        if let Err(difference) = case {
            panic!("{name}: {difference}");
        }
    }
}

#[test]
fn every_transition_gives_the_state_and_output_expected() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/stf");
    for env in tiny_on_every_backend() {
        for (name, count) in [("accumulate", 30), ("preimages", 8)] {
            let report = stf::run(&folder.join(name), &env).expect("the folder is readable");
            assert_eq!(report.failed(), 0, "{}", report.remarks());
            assert_eq!(report.passed(), count, "{report}");
        }
    }
}

/// The vectors have only a JSON form, whose fields show that it is of 0.8.0.
#[test]
fn every_transition_of_0_8_0_gives_the_state_and_output_expected() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let folder = vectors.join("dev-0.8.0/stf/accumulate");
    for env in tiny_on_every_backend() {
        for (name, count) in [("generated", 140), ("bootstrap", 28)] {
            let report = stf::run(&folder.join(name), &env).expect("the folder is readable");
            assert_eq!(report.failed(), 0, "{}", report.remarks());
            assert_eq!(report.passed(), count, "{report}");
            assert_eq!(report.revisions, [Revision::GrayPaper080].into());
        }
    }
}

/// The first case of a kind fails after a change, and the report describes the change.
#[test]
fn a_changed_case_fails_and_says_where() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/stf");
    let env = tiny();
    let cases = accumulate::load(&folder.join("accumulate/tiny"), &TINY);
    let cases = cases.expect("the folder is readable");
    let is_one = |loaded: &&Loaded<_>| loaded.name == "process_one_immediate_report-1";
    let one = cases.iter().find(is_one).expect("it is there");
    let fails = |change: fn(&mut accumulate::Case)| {
        let mut case = one.case.clone().expect("it loads");
        change(&mut case);
        stf::check_accumulate(&case, &env, &mut ()).expect_err("it was changed")
    };
    assert!(fails(|case| case.output.0.0[0] ^= 1).starts_with("output: "));
    assert!(fails(|case| case.post_state.slot.0 += 1).starts_with("slot: "));
    assert!(
        fails(|case| case.post_state.privileges.manager.0 += 1).starts_with("privileges.bless")
    );
    assert!(fails(|case| case.post_state.accumulated[11].clear()).starts_with("accumulated[11]"));
    let gas = |case: &mut accumulate::Case| {
        case.post_state
            .statistics
            .values_mut()
            .for_each(|record| record.accumulate_gas_used.0 += 1);
    };
    assert!(fails(gas).starts_with("statistics"));
    let storage = fails(|case| case.post_state.accounts[0].account.storage[0].value[0] ^= 1);
    assert!(storage.starts_with("service 1729 storage \"last\": 0x"), "{storage}");
    let octets = fails(|case| case.post_state.accounts[0].account.info.footprint.octets += 1);
    assert_eq!(octets, "service 1729 octets: 35864 expected, 35863 found (and 0 more)");
    let service = fails(|case| drop(case.post_state.accounts.pop()));
    assert!(service.starts_with("service 1729 code hash: nothing expected"), "{service}");

    let cases = preimages::load(&folder.join("preimages/tiny"), &TINY);
    let cases = cases.expect("the folder is readable");
    let mut case = cases[1].case.clone().expect("it loads");
    case.post_state.accounts[0].account.requests[0].history = RequestHistory::Requested;
    let error = stf::check_preimages(&case, TINY.rules()).expect_err("it was changed");
    assert!(error.contains(": requested expected, available since"), "{error}");
}
