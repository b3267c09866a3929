//! Any program, disassembled, assembles to the same octets.
#![no_main]

use jambox_asm::{Dialect, assemble, disassemble};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::Container;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(container) = Container::parse(octets) else { return };
    for revision in Revision::ALL {
        let set = InstructionSet::of(revision);
        let dialect = Dialect { set, host_calls: &[("gas", 0), ("write", 4)] };
        let text = disassemble(&container, &dialect, octets.len() % 2 == 0);
        let again = assemble(&text, &dialect).expect("a disassembly assembles");
        assert_eq!(again.container.encode(), octets);
    }
});
