//! The seed document's ABI. Expected values are typed in from its page in `spec/seed-doc-abi.md`,
//! not computed by the code under test.

mod accumulating;
mod deferred;
mod equivalence;
mod fetching;
mod refining;
mod services;

use jambox_hostcall::{Abi, Context, HostCall, Interface, ResultCode, Revision};

use crate::outcome_tests::Tested;
use crate::world::{Block, Work, in_every_revision};

pub const SEED: Abi = Abi::SeedDoc { strict: false };
pub const STRICT: Abi = Abi::SeedDoc { strict: true };

pub const OK: u64 = 0;
pub const NONE: u64 = u64::MAX;
pub const WHO: u64 = u64::MAX - 1;
pub const WHAT: u64 = u64::MAX - 2;
pub const HUH: u64 = u64::MAX - 3;
pub const LOW: u64 = u64::MAX - 4;
pub const FULL: u64 = u64::MAX - 5;

pub fn block() -> Block {
    Block::new().under(SEED)
}

pub fn work() -> Work {
    Work::new().under(SEED)
}

/// The tests of every call of the document, in the table's order.
pub const TESTED: &[Tested] = &[
    services::gas::TESTED,
    fetching::fetch::TESTED,
    services::lookup::TESTED,
    services::read::TESTED,
    services::write::TESTED,
    services::info::TESTED,
    refining::historical_lookup::TESTED,
    refining::export::TESTED,
    accumulating::bless::TESTED,
    accumulating::assign::TESTED,
    accumulating::designate::TESTED,
    accumulating::checkpoint::TESTED,
    accumulating::new::TESTED,
    accumulating::upgrade::TESTED,
    refining::invoke_child::TESTED,
];

#[test]
fn every_outcome_of_every_call_has_its_test() {
    for revision in Revision::ALL {
        let strict = Interface { abi: STRICT, revision };
        let forms = strict.forms().map(|form| form.call);
        assert!(forms.eq(TESTED.iter().map(|tested| tested.call)), "{revision}");
    }
    TESTED.iter().for_each(Tested::check);
}

/// Number, contexts (i, r, a), call, and true if the document describes it.
const NUMBERS: [(u64, &str, &str, bool); 33] = [
    (0, "ira", "gas", true),
    (1, "ira", "fetch", true),
    (2, "ira", "lookup", true),
    (3, "ira", "write", true), // HUH outside accumulate
    (4, "ira", "read", true),
    (5, "ira", "info", true),
    (6, "r", "historical_lookup", false),
    (7, "r", "export", false),
    (8, "r", "machine", false),
    (9, "r", "peek", false),
    (10, "r", "poke", false),
    (11, "r", "pages", false),
    (12, "r", "invoke", false),
    (13, "r", "expunge", false),
    (14, "a", "bless", true),
    (15, "a", "designate", true),
    (16, "a", "assign", true),
    (17, "a", "checkpoint", true),
    (18, "a", "new", true),
    (19, "a", "upgrade", true),
    (20, "r", "historical_lookup", true),
    (21, "r", "invoke_child", true),
    (22, "r", "export", true),
    (20, "a", "transfer", false),
    (21, "a", "eject", false),
    (22, "a", "query", false),
    (23, "a", "solicit", false),
    (24, "a", "forget", false),
    (25, "a", "yield", false),
    (26, "a", "provide", false),
    (100, "ira", "log", false),
    (27, "", "gas", false),
    (99, "", "gas", false),
];

#[test]
fn every_number_means_what_the_page_says() {
    let letters =
        [(Context::IsAuthorized, 'i'), (Context::Refine, 'r'), (Context::Accumulate, 'a')];
    let revisions = Revision::ALL.into_iter();
    let all = revisions.flat_map(|revision| [(revision, SEED, false), (revision, STRICT, true)]);
    for (revision, abi, strict) in all {
        let interface = Interface { abi, revision };
        for (context, letter) in letters {
            for number in (0..120).chain([1 << 32, u64::MAX]) {
                let mut rows = NUMBERS.iter().filter(|(row, contexts, _, described)| {
                    *row == number && contexts.contains(letter) && (*described || !strict)
                });
                let expected = rows.next().map(|(_, _, name, _)| *name);
                assert!(rows.next().is_none());
                let form = interface.form(context, number);
                assert_eq!(form.map(|form| form.call.name()), expected, "{number} in {context}");
            }
        }
    }
    assert_eq!(HostCall::ALL.len(), 30);
}

#[test]
fn names_stand_for_what_the_document_describes() {
    let seed = Interface { abi: SEED, revision: Revision::GrayPaper072 };
    let named = |name| seed.number_of(name);
    assert_eq!((named("historical_lookup"), named("export")), (Some(20), Some(22)));
    assert_eq!((named("designate"), named("transfer")), (Some(15), Some(20)));
    let first = |number| seed.names().find(|(_, of)| *of == number).map(|(name, _)| name);
    assert_eq!([20, 21, 22].map(first), ["historical_lookup", "invoke_child", "export"].map(Some));
    let mut names: Vec<_> = seed.names().map(|(name, _)| name).collect();
    // All but `grow_heap`.
    assert_eq!(names.len(), HostCall::ALL.len() - 1);
    names.dedup();
    assert_eq!(names.len(), HostCall::ALL.len() - 1);
    let strict = Interface { abi: STRICT, revision: Revision::GrayPaper072 };
    assert_eq!(strict.names().count(), 15);
}

#[test]
fn calls_of_the_other_abi_can_be_told() {
    let paper = Interface::gray_paper(Revision::GrayPaper072);
    let seed = Interface { abi: SEED, ..paper };
    let hint = |interface: Interface, context, number| {
        let found = interface.offered_elsewhere(context, number);
        found.map(|(abi, form)| (abi, form.call))
    };
    assert_eq!(hint(paper, Context::Refine, 4), Some((SEED, HostCall::Read)));
    assert_eq!(hint(paper, Context::Refine, 21), Some((SEED, HostCall::InvokeChild)));
    assert_eq!(hint(paper, Context::Accumulate, 4), None);
    assert_eq!(hint(paper, Context::Refine, 99), None);
    assert_eq!(hint(seed, Context::Refine, 21), None);
    let strict = Interface { abi: STRICT, ..paper };
    assert_eq!(
        hint(strict, Context::Refine, 6),
        Some((Abi::GrayPaper, HostCall::HistoricalLookup))
    );
    assert_eq!(paper.to_string(), "gray-paper");
    assert_eq!(seed.to_string(), "seed-doc (non-consensus)");
    assert_eq!(strict.to_string(), "seed-doc-strict (non-consensus)");
}

#[test]
fn result_codes_are_the_documents_and_fold() {
    let expected = [
        (ResultCode::Ok, OK),
        (ResultCode::None, NONE),
        (ResultCode::Who, WHO),
        (ResultCode::What, WHAT),
        (ResultCode::Huh, HUH),
        (ResultCode::Low, LOW),
        (ResultCode::Full, FULL),
        (ResultCode::Cash, LOW),
        (ResultCode::Core, WHO),
        (ResultCode::Oob, HUH),
    ];
    assert_eq!(expected.len(), ResultCode::ALL.len());
    for (code, value) in expected {
        assert_eq!((code.value(SEED), code.value(STRICT)), (value, value), "{code}");
    }
    for (code, value) in &expected[..7] {
        assert_eq!(ResultCode::from_value(SEED, *value), Some(*code));
    }
}

#[test]
fn unknown_calls_answer_what_for_ten_gas() {
    in_every_revision(unknown_calls);
}

fn unknown_calls() {
    Work::new().under(SEED).authorize(|guest| guest.answers(6, &[], WHAT));
    work().refine(|guest| {
        guest.answers(14, &[], WHAT);
        guest.answers(23, &[], WHAT);
    });
    block().run_in_vain(|guest| {
        guest.answers(6, &[], WHAT);
        guest.answers(27, &[], WHAT);
        guest.answers(100, &[0, 0, 0, 0, 0], WHAT);
        guest.runs_out_below(10, 99, &[]);
    });
    Block::new().under(STRICT).run_in_vain(|guest| {
        (20..=26).chain([100]).for_each(|number| guest.answers(number, &[], WHAT));
    });
    Work::new().under(STRICT).refine(|guest| {
        (6..=13).for_each(|number| guest.answers(number, &[], WHAT));
    });
}
