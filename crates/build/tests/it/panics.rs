//! Reported lines of the panics of a service in Rust.

use std::fs;
use std::path::Path;

use jambox_build::{Messages, Options, Panics, Settings, build};
use jambox_sdk_testing::{Chain, Code, Item, Mode};
use jambox_types::Revision;

use crate::links::toolchain;

/// The lines that panic, by the payload.
const CODE: &str = "#![no_std]
use jambox_sdk::prelude::*;
fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
    let payload = arguments.payload;
    assert!(payload[0] != 1);
    assert!(payload[0] != 2, \"with a message\");
    let known: Option<u8> = payload.get(1).copied();
    if payload[0] == 3 {
        panic!(\"on purpose\");
    }
    if payload[0] == 4 {
        unreachable!();
    }
    let found = known.unwrap();
    let other = payload.get(2).expect(\"three octets\");
    vec![found / other]
}
entry_points! { refine = refine }
";

/// Payloads, each with the line of its panic.
const CASES: &[(&[u8], u32)] = &[
    (&[], 5),
    (&[1], 5),
    (&[2], 6),
    (&[3], 9),
    (&[4], 12),
    (&[5], 14),
    (&[5, 6], 15),
    (&[5, 6, 0], 16),
];

/// Without messages panics are bare traps, and compilers merge several into one.
#[test]
fn every_panic_has_its_own_line() {
    if toolchain().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("sdk");
    let manifest = format!(
        "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\njambox-sdk = {{ path = {sdk:?} }}\n"
    );
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), CODE).unwrap();
    let revision = Revision::GrayPaper080;
    let settings =
        Settings { revision: Some(revision), panics: Some(Panics::Trap), ..Settings::default() };
    let built = build(folder.path(), &Options { settings, messages: Messages::Keep }).unwrap();
    let mut chain = Chain::new(Mode::Compiled.under(revision));
    chain.service(7, &Code::compiled(&built.blob));
    let told = CASES.iter().map(|(payload, _)| {
        let run = chain.refine(&Item::new(7).payload(*payload));
        let failure = run.failure.expect("it panics").why.expect("it ran");
        let pc = failure.machine.expect("it is compiled").pc;
        let mut frames = built.symbols.frames_at(pc).iter();
        let own = frames.find(|frame| frame.file.ends_with("src/lib.rs"));
        own.map(|frame| frame.line)
    });
    let expected: Vec<_> = CASES.iter().map(|(_, line)| Some(*line)).collect();
    assert_eq!(told.collect::<Vec<_>>(), expected, "{}", built.sizes);
}
