//! Program blobs: octets that parse encode to themselves, and their code can be walked and decoded
//! anywhere.
#![no_main]

use jambox_isa::{Instruction, InstructionSet, Revision};
use jambox_program::ProgramBlob;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|blob: &[u8]| {
    let Ok(program) = ProgramBlob::parse(blob) else { return };
    assert_eq!(program.encode(), blob);
    for revision in Revision::ALL {
        let set = InstructionSet::of(revision);
        for pc in 0..program.code_len() + 32 {
            let located = program.instruction(set, pc);
            assert!(located.skip <= 24);
            assert!(!program.is_block_start(set, pc) || program.is_instruction_start(pc));
            let text = located.instruction.to_string();
            assert_eq!(text.parse(), Ok::<Instruction, _>(located.instruction));
        }
        let mut end = 0;
        for block in program.basic_blocks(set) {
            assert!(block.start < block.end && block.end <= program.code_len());
            end = end.max(block.end);
        }
        assert!(program.instructions(set).all(|located| located.pc < program.code_len()));
    }
    let table = program.jump_table();
    for index in (0..table.len().min(100)).chain([table.len().saturating_sub(1)]) {
        assert_eq!(table.get(index).is_some(), index < table.len());
    }
    assert_eq!(table.get(table.len()), None);
});
