//! The call stack of a service in Rust that fails, as it is explained.

use crate::built::{run, service, succeed};

/// An `assert!` three calls below accumulate. `FIRST` fails, or the one below it.
const SERVICE: &str = "#![no_std]
use jambox_sdk::prelude::*;

fn refine(_: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
    Ok(arguments.payload)
}

fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<(), Error> {
    let total = first(ctx, arguments.input_count.into())?; // calls first
    ctx.storage().store(\"total\", &total)
}

#[inline(never)]
fn first(ctx: &AccumulateContext, count: u64) -> Result<u64, Error> {
    let before: u64 = ctx.storage().load(\"total\")?.unwrap_or(0);
    Ok(second(before + 1, count) + 1) // calls second
}

#[inline(never)]
fn second(before: u64, count: u64) -> u64 {
    third(before ^ count, count).rotate_left(3) // calls third
}

#[inline(never)]
fn third(left: u64, right: u64) -> u64 {
    assert!(left != 5, \"never\");
    assert!(left > right + 5, \"not more than before\"); // fails
    assert!(left != 77, \"never either\");
    left - right
}

entry_points! { refine = refine, accumulate = accumulate }
";

const PACKAGE: &str = "
[chain]
slot = 1000

[[items]]
service = \"deep\"
payload = \"text:deep\"
refine_gas_limit = 1_000_000
accumulate_gas_limit = 1_000_000
";

#[test]
fn an_assertion_three_calls_deep_names_all_lines() {
    let Some(folder) = service(SERVICE, PACKAGE) else { return };
    let line_of = |text: &str| SERVICE.lines().position(|line| line.contains(text)).unwrap() + 1;
    for revision in ["gray-paper-0.7.2", "gray-paper-0.8.0"] {
        succeed(folder.path(), revision, &["build", ".", "--output", "."]);
        let ran = run(folder.path(), revision, &["run", "package.toml"]);
        let said = String::from_utf8(ran.stdout).unwrap();
        let callers: Vec<_> = said.lines().filter(|line| line.contains("called by ")).collect();
        let of = |text: &str| callers.iter().position(|line| line.contains(text));
        for (function, at) in [
            ("deep::third", "// fails"),
            ("deep::second", "// calls third"),
            ("deep::first", "// calls second"),
            ("deep::accumulate", "// calls first"),
        ] {
            let text = format!("{function} (src/lib.rs:{})", line_of(at));
            assert!(of(&text).is_some(), "no {text} under {revision}:\n{said}");
        }
        assert!(of("deep::third") < of("deep::second") && of("deep::second") < of("deep::first"));
    }
}
