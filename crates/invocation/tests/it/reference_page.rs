//! `docs/host-calls.md`, generated from the host-call table and the registries of outcome tests,
//! and checked to be up to date. `JAMBOX_BLESS=1` writes it.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use jambox_hostcall::{
    Abi, ArgumentInfo, Context, ContextSet, FetchKind, Form, HostCall, InnerExit, Interface,
    LogLevel, OutcomeKind, ResultCode, Revision,
};

use crate::outcome_tests::{OUT_OF_GAS, Tested};
use crate::{outcomes, seed_doc};

const INTRODUCTION: &str = "\
# Host calls

This page is made from the host-call table (`crates/hostcall/src/table.rs`) and the registries of
outcome tests (`crates/invocation/tests/it`: `outcomes`, `seed_doc`). A test fails when the page is
stale; `JAMBOX_BLESS=1 cargo test -p jambox-invocation reference_page` writes it anew.

There are two ABIs, `gray-paper` and `seed-doc`. The second is that of a seed document: other
numbers, registers and prices for the same handlers. No chain uses it, and it is chosen by hand.
Calls that the document does not describe are *deferred* to the Gray Paper; the variant
`seed-doc-strict` does not offer them. The document was written over 0.7.2. Under 0.8.0 the calls
that it describes keep their numbers, registers, prices and codes. Deferred calls keep their number
of 0.7.2, and have the prices, checks and effects of 0.8.0. An unknown call costs 10 gas.
`grow_heap` is not offered, since `fetch` has its number.

Each revision of the Gray Paper has a column where they differ, and each test runs under every
revision that has the outcome.

Arguments are in the registers from `r7` on. A call charges its gas before anything else. If the gas
left does not cover it, the guest is out of gas with none left, and the call has no effect. The part
of a price that depends on the copied octets is charged before the copy. Then the outcomes are tried
in the order given, and the first whose condition holds is the result. Registers that are not
mentioned keep their values. A call that is unknown, or not offered in a context, answers WHAT for
10 gas (1000 in 0.8.0).

A range of memory is given by address and length. Both are any 64-bit numbers, and a range does not
wrap around. The empty range is accessible at every address. A call that copies a part of a value
(address, offset, most octets) clips the offset to the value's length, and the number of octets to
the rest.

";

const PAPER: Interface = Interface::gray_paper(Revision::GrayPaper072);
const NEXT_PAPER: Interface = Interface::gray_paper(Revision::GrayPaper080);
const PAPERS: [Interface; 2] = [PAPER, NEXT_PAPER];
const SEED: Interface =
    Interface { abi: Abi::SeedDoc { strict: false }, revision: Revision::GrayPaper072 };
const NEXT_SEED: Interface = Interface { revision: Revision::GrayPaper080, ..SEED };
const SEEDS: [Interface; 2] = [SEED, NEXT_SEED];
const STRICT: Interface =
    Interface { abi: Abi::SeedDoc { strict: true }, revision: Revision::GrayPaper072 };

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    overview(&mut page);
    HostCall::ALL.iter().for_each(|call| section(&mut page, *call));
    in_one_only(&mut page);
    tables(&mut page);
    page
}

fn overview(page: &mut String) {
    page.push_str("| Call | Gray Paper 0.7.2 | 0.8.0 | in | seed-doc | in |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for call in HostCall::ALL {
        let name = call.name();
        let [old, new] = PAPERS.map(|paper| numbers(paper, *call));
        let paper_in = offered(if old == "-" { NEXT_PAPER } else { PAPER }, *call);
        let (seed, seed_in) = (numbers(SEED, *call), offered(SEED, *call));
        line(
            page,
            format_args!("| [{name}](#{name}) | {old} | {new} | {paper_in} | {seed} | {seed_in} |"),
        );
    }
    page.push('\n');
}

fn forms(interface: Interface, call: HostCall) -> impl Iterator<Item = &'static Form> {
    interface.forms().filter(move |form| form.call == call)
}

fn numbers(interface: Interface, call: HostCall) -> String {
    let numbers = forms(interface, call).filter_map(|form| form.number(interface));
    join(numbers.map(|number| number.to_string()))
}

fn offered(interface: Interface, call: HostCall) -> String {
    let contexts = forms(interface, call).map(|form| form.contexts);
    let all = contexts.fold(ContextSet::NONE, ContextSet::or);
    match all {
        ContextSet::ALL => "all".to_owned(),
        some => join(some.iter().map(|context| context.name().to_owned())),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn section(page: &mut String, call: HostCall) {
    line(page, format_args!("## {}\n\n{}\n", call.name(), call.doc()));
    let papers: Vec<_> =
        PAPERS.iter().filter_map(|paper| Some((*paper, forms(*paper, call).next()?))).collect();
    if !papers.is_empty() {
        line(page, format_args!("### {} in the Gray Paper\n", call.name()));
        prices(page, &papers);
        let tests = outcomes::TESTED.iter().find(|tested| tested.call == call);
        details(page, &papers, tests.expect("every call of the paper has tests"));
    }
    let name = call.name();
    for form in forms(SEED, call) {
        let number = form.number(SEED).expect("it is one of its forms");
        if form.number(STRICT).is_none() {
            line(page, format_args!("### {name} in seed-doc: number {number}, deferred\n"));
            prices(page, &SEEDS.map(|seed| (seed, form)));
            page.push_str("Arguments, checks and outcomes are those of the Gray Paper.\n\n");
            continue;
        }
        let price = form.price(SEED.revision);
        assert_eq!(price, form.price(NEXT_SEED.revision), "the document's prices do not change");
        line(page, format_args!("### {name} in seed-doc: number {number}, gas {price}\n"));
        let tests = seed_doc::TESTED.iter().find(|tested| tested.call == call);
        let tests = tests.expect("every call of the document has tests");
        details(page, &SEEDS.map(|seed| (seed, form)), tests);
    }
}

/// Numbers and prices of a call under several interfaces.
fn prices(page: &mut String, columns: &[(Interface, &Form)]) {
    page.push_str("| Revision | Number | Gas |\n|---|---|---|\n");
    for (interface, form) in columns {
        let number = form.number(*interface).expect("it is one of its forms");
        let (revision, price) = (short(interface.revision), form.price(interface.revision));
        line(page, format_args!("| {revision} | {number} | {price} |"));
    }
    page.push('\n');
}

/// A revision's name in tables.
fn short(revision: Revision) -> &'static str {
    revision.name().trim_start_matches("gray-paper-")
}

fn details(page: &mut String, columns: &[(Interface, &Form)], tested: &Tested) {
    let (_, first) = columns.first().expect("there is an interface that has it");
    let contexts = join(first.contexts.iter().map(|context| context.name().to_owned()));
    line(page, format_args!("In {contexts}.\n"));
    arguments(page, first);
    for (interface, form) in columns {
        if form.arguments != first.arguments {
            line(page, format_args!("In {}:\n", short(interface.revision)));
            arguments(page, form);
        }
    }
    let revisions = columns.iter().map(|(interface, _)| short(interface.revision).to_owned());
    let revisions = revisions.collect::<Vec<_>>().join(" | ");
    line(page, format_args!("| Outcome | {revisions} | When | Test |"));
    line(page, format_args!("|---|{}---|---|", "---|".repeat(columns.len())));
    for name in tested.outcomes.iter().filter(|name| **name != OUT_OF_GAS) {
        let found: Vec<_> = columns
            .iter()
            .map(|(interface, form)| {
                form.outcomes(interface.revision).find(|outcome| outcome.name == *name)
            })
            .collect();
        let left = found.iter().map(|outcome| outcome.map_or("-", |outcome| left(outcome.kind)));
        let left = left.collect::<Vec<_>>().join(" | ");
        let when = found.iter().flatten().next().expect("some revision has it").when;
        line(page, format_args!("| {name} | {left} | {when} | {} |", test(tested, name)));
    }
    let left = ["out of gas"].repeat(columns.len()).join(" | ");
    let when = "the gas left does not cover the price";
    let test = test(tested, OUT_OF_GAS);
    line(page, format_args!("| {OUT_OF_GAS} | {left} | {when} | {test} |\n"));
}

fn arguments(page: &mut String, form: &Form) {
    for (register, argument) in form.arguments_with_registers() {
        line(page, format_args!("- {}", registers(register, argument)));
    }
    if !form.arguments.is_empty() {
        page.push('\n');
    }
}

fn registers(first: usize, argument: &ArgumentInfo) -> String {
    let ArgumentInfo { name, kind, doc } = argument;
    let parts = kind.parts();
    let registers = match parts.len() {
        1 => format!("`r{first}`"),
        count => format!("`r{first}`..`r{}`", first + count - 1),
    };
    let shape = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
    let shape = if shape.is_empty() { String::new() } else { format!(" ({})", shape.join(", ")) };
    format!("{registers} {name}: {doc}{shape}")
}

fn left(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Panic => "panic",
        OutcomeKind::OutOfGas => "out of gas",
        OutcomeKind::Code(code) => code.name(),
        OutcomeKind::Value => "a number",
        OutcomeKind::Exit(exit) => exit.name(),
        OutcomeKind::Nothing => "stays",
    }
}

/// Path of the test: `outcomes::storage::read::none`.
fn test(tested: &Tested, outcome: &str) -> String {
    let path = tested.path.split_once("::").expect("the path starts with the binary").1;
    format!("`{path}::{outcome}`")
}

fn in_one_only(page: &mut String) {
    page.push_str("## In one of them only\n\n");
    let calls = |within: Interface, without: Interface| {
        let calls = HostCall::ALL.iter().filter(|call| {
            forms(within, **call).next().is_some() && forms(without, **call).next().is_none()
        });
        join(calls.map(|call| call.name().to_owned()))
    };
    line(page, format_args!("- Calls of seed-doc only: {}.", calls(SEED, NEXT_PAPER)));
    line(page, format_args!("- Calls of the Gray Paper only: {}.", calls(NEXT_PAPER, SEED)));
    line(
        page,
        format_args!("- Calls that seed-doc-strict leaves out: {}.", calls(NEXT_PAPER, STRICT)),
    );
    let kinds = |within: Abi, without: Abi| {
        let kinds = FetchKind::ALL.iter();
        let only = kinds.filter(|kind| kind.number(within).is_some());
        let only = only.filter(|kind| kind.number(without).is_none());
        join(only.map(|kind| kind.name().to_owned()))
    };
    line(page, format_args!("- Kinds of seed-doc only: {}.", kinds(SEED.abi, PAPER.abi)));
    line(page, format_args!("- Kinds of the Gray Paper only: {}.", kinds(PAPER.abi, SEED.abi)));
    let folded = ResultCode::ALL
        .iter()
        .filter(|code| ResultCode::from_value(SEED.abi, code.value(SEED.abi)) != Some(**code));
    let folded = folded.map(|code| {
        let into = ResultCode::from_value(SEED.abi, code.value(SEED.abi));
        format!("{code} (there {})", into.expect("codes fold into codes"))
    });
    line(page, format_args!("- Result codes of the Gray Paper only: {}.\n", join(folded)));
}

fn tables(page: &mut String) {
    page.push_str("## Result codes\n\n| Name | Gray Paper | seed-doc | Meaning |\n");
    page.push_str("|---|---|---|---|\n");
    for code in ResultCode::ALL {
        let value = |abi| match code.value(abi) {
            0 => "0".to_owned(),
            value => format!("2^64 - {}", 0u64.wrapping_sub(value)),
        };
        let (paper, seed) = (value(PAPER.abi), value(SEED.abi));
        line(page, format_args!("| {code} | {paper} | {seed} | {} |", code.doc()));
    }
    page.push_str("\n## Exits of inner machines\n\n| Name | Value | Meaning |\n|---|---|---|\n");
    for exit in InnerExit::ALL {
        line(page, format_args!("| {exit} | {} | {} |", exit.value(), exit.doc()));
    }
    page.push_str("\n## What fetch gives\n\n");
    page.push_str("| What | Gray Paper | in | seed-doc | in | Indices | Details |\n");
    page.push_str("|---|---|---|---|---|---|---|\n");
    for kind in FetchKind::ALL {
        let number = |abi| kind.number(abi).map_or("-".to_owned(), |number| number.to_string());
        let contexts =
            |abi| join(kind.contexts(abi).iter().map(|context: Context| context.to_string()));
        let (paper, seed) = (number(PAPER.abi), number(SEED.abi));
        let (paper_in, seed_in) = (contexts(PAPER.abi), contexts(SEED.abi));
        let (name, indices, doc) = (kind.name(), kind.indices().join(", "), kind.doc());
        line(
            page,
            format_args!(
                "| {name} | {paper} | {paper_in} | {seed} | {seed_in} | {indices} | {doc} |"
            ),
        );
    }
    page.push_str("\n## Log levels\n\n| Level | Name |\n|---|---|\n");
    for (number, level) in LogLevel::ALL.iter().enumerate() {
        line(page, format_args!("| {number} | {level} |"));
    }
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("strings take any text");
}

#[test]
fn the_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/host-calls.md");
    let page = page();
    if env::var_os("JAMBOX_BLESS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/host-calls.md is stale: set JAMBOX_BLESS=1 to write it anew");
}
