//! Any text assembles or is refused; the result of assembling is a program, and disassembles to a
//! text that assembles to the same.
#![no_main]

use jambox_asm::{Dialect, assemble, disassemble};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::Container;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let set = InstructionSet::of(Revision::GrayPaper072);
    let dialect = Dialect { set, host_calls: &[("gas", 0), ("write", 4)] };
    let assembly = match assemble(text, &dialect) {
        Ok(assembly) => assembly,
        Err(errors) => {
            assert!(!errors.0.is_empty());
            for error in errors.0 {
                assert!(error.line > 0 && error.column > 0);
                assert!(text.get(error.span.clone()).is_some(), "{error}");
            }
            return;
        }
    };
    let octets = assembly.container.encode();
    let form = assembly.container.form();
    assert_eq!(Container::parse_as(form, &octets).as_ref(), Ok(&assembly.container));
    let again = disassemble(&assembly.container, &dialect, true);
    let again = assemble(&again, &dialect).expect("a disassembly assembles");
    assert_eq!(again.container.encode(), octets);
});
