//! `docs/host-calls.md`: made from the host-call table and from the registry of outcome tests, and
//! checked to be fresh. `JAMBOX_BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use jambox_hostcall::{
    Abi, ArgumentInfo, Context, FORMS, FetchKind, Form, HostCall, InnerExit, Interface, LogLevel,
    Outcome, OutcomeKind, ResultCode, Revision,
};

use crate::outcomes::{OUT_OF_GAS, TESTED, Tested};

const INTRODUCTION: &str = "\
# Host calls

Made from the host-call table (`crates/hostcall/src/table.rs`) and the registry of outcome tests
(`crates/invocation/tests/it/outcomes`); a test fails when this page is stale, and
`JAMBOX_BLESS=1 cargo test -p jambox-invocation reference_page` writes it anew.

Arguments lie in registers from `r7` on. A call charges its gas before anything else; if that is not
covered the guest is out of gas, none is left, and nothing else happens. Then its outcomes are tried
in the order given: the first whose condition holds comes about. Registers that are not mentioned
keep their values. A call that is unknown, or not offered in a context, answers WHAT for 10 gas
(1000 in 0.8.0). Of 0.8.0 there are numbers and prices so far; outcomes and tests are those of 0.7.2.

A range of memory is claimed by address and length; both are any 64-bit numbers and nothing wraps
around. The empty range is accessible wherever it is. Where a call copies a part of a value (address,
offset, most octets), the offset is clipped to the value's length, and so is the rest.

";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    overview(&mut page);
    for tested in TESTED {
        section(&mut page, tested);
    }
    tables(&mut page);
    page
}

fn overview(page: &mut String) {
    page.push_str("| Call | 0.7.2 | 0.8.0 | is-authorized | refine | accumulate |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for call in HostCall::ALL {
        let number = |revision| {
            let interface = Interface::gray_paper(revision);
            interface.number_of(call.name()).map_or("-".to_owned(), |number| number.to_string())
        };
        let form = forms(*call).next().expect("every call has a form");
        let offered = |context| if form.contexts.contains(context) { "yes" } else { "" };
        let [first, second, third] = Context::ALL.map(offered);
        let name = call.name();
        let (old, new) = (number(Revision::GrayPaper072), number(Revision::GrayPaper080));
        let anchor = name.replace(' ', "-");
        line(
            page,
            format_args!("| [{name}](#{anchor}) | {old} | {new} | {first} | {second} | {third} |"),
        );
    }
    page.push('\n');
}

fn forms(call: HostCall) -> impl Iterator<Item = &'static Form> {
    FORMS.iter().filter(move |form| form.call == call)
}

fn section(page: &mut String, tested: &Tested) {
    let call = tested.call;
    line(page, format_args!("## {}\n\n{}\n", call.name(), call.doc()));
    for form in forms(call) {
        let number = |revision: Revision| {
            let number = form.number(Interface::gray_paper(revision))?;
            Some(format!("number {number} in {revision}, gas {}", form.price(revision)))
        };
        let revisions = [Revision::GrayPaper072, Revision::GrayPaper080];
        let numbers: Vec<_> = revisions.into_iter().filter_map(number).collect();
        let contexts: Vec<_> = form.contexts.iter().map(Context::name).collect();
        line(page, format_args!("- {}; in {}", numbers.join("; "), contexts.join(", ")));
        for (register, argument) in form.arguments_with_registers() {
            line(page, format_args!("  - {}", registers(register, argument)));
        }
    }
    page.push_str("\n| Outcome | r7 | When | Test |\n|---|---|---|---|\n");
    for outcome in call.outcomes() {
        let Outcome { name, kind, when } = outcome;
        line(page, format_args!("| {name} | {} | {when} | {} |", left(*kind), test(tested, name)));
    }
    let when = "the gas left does not cover the price";
    line(
        page,
        format_args!("| {OUT_OF_GAS} | out of gas | {when} | {} |\n", test(tested, OUT_OF_GAS)),
    );
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

fn left(kind: OutcomeKind) -> String {
    match kind {
        OutcomeKind::Panic => "panic".to_owned(),
        OutcomeKind::OutOfGas => "out of gas".to_owned(),
        OutcomeKind::Code(code) => code.name().to_owned(),
        OutcomeKind::Value => "a number".to_owned(),
        OutcomeKind::Exit(exit) => exit.name().to_owned(),
    }
}

/// Where the test is: `outcomes::storage::read::none`.
fn test(tested: &Tested, outcome: &str) -> String {
    let path = tested.path.split_once("::").expect("the path starts with the binary").1;
    format!("`{path}::{outcome}`")
}

fn tables(page: &mut String) {
    page.push_str("## Result codes\n\n| Name | Value | Meaning |\n|---|---|---|\n");
    for code in ResultCode::ALL {
        let value = match code.value(Abi::GrayPaper) {
            0 => "0".to_owned(),
            value => format!("2^64 - {}", 0u64.wrapping_sub(value)),
        };
        line(page, format_args!("| {code} | {value} | {} |", code.doc()));
    }
    page.push_str("\n## Exits of inner machines\n\n| Name | Value | Meaning |\n|---|---|---|\n");
    for exit in InnerExit::ALL {
        line(page, format_args!("| {exit} | {} | {} |", exit.value(), exit.doc()));
    }
    page.push_str("\n## What fetch gives\n\n");
    page.push_str("| Kind | What | Indices | Contexts | Details |\n|---|---|---|---|---|\n");
    for (number, kind) in Interface::gray_paper(Revision::GrayPaper072).fetch_kinds() {
        let (name, indices) = (kind.name(), kind.indices().join(", "));
        let contexts = FetchKind::contexts(kind, Abi::GrayPaper);
        let contexts: Vec<_> = contexts.iter().map(Context::name).collect();
        let (contexts, doc) = (contexts.join(", "), kind.doc());
        line(page, format_args!("| {number} | {name} | {indices} | {contexts} | {doc} |"));
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
