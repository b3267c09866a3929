//! Programs and the code that they become, side by side.
//!
//! The listings in `testdata/recompiler` record the code as it is; the other tests find out if it
//! is right. They show a change of the code generator to its reviewer. `JAMBOX_BLESS=1` writes them
//! anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jambox_asm::{Dialect, assemble};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::ProgramKind;
use jambox_recompiler::{Tier, listing};

fn compare(found: &str, expected: &Path) {
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        fs::write(expected, found).expect("writable");
    }
    let text = fs::read_to_string(expected).unwrap_or_default();
    let path = expected.display();
    assert!(found == text, "{path}: other code; JAMBOX_BLESS=1 accepts it:\n{found}");
}

#[test]
fn listings_are_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/recompiler");
    let set = InstructionSet::of(Revision::GrayPaper072);
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "asm") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let dialect = Dialect { set, host_calls: &[] };
        let assembly = assemble(&text, &dialect).expect("a program");
        let code = match assembly.container.kind {
            ProgramKind::Bare(code) | ProgramKind::Standard(_, code) => code,
        };
        seen.extend(code.instructions(set).map(|located| located.instruction.opcode()));
        compare(&listing(&code, set, Tier::First).to_string(), &path.with_extension("lst"));
        if path.file_stem().is_some_and(|name| name == "traces") {
            compare(&listing(&code, set, Tier::Hot).to_string(), &path.with_extension("hot.lst"));
        }
    }
    let missing: Vec<_> = set.iter().filter(|opcode| !seen.contains(opcode)).collect();
    assert!(missing.is_empty(), "no listing shows {missing:?}");
}
