//! Assembly text to and from programs.

use std::fmt::Display;
use std::path::Path;

use jambox_asm::{Assembly, Dialect};
use jambox_hostcall::Interface;
use jambox_isa::InstructionSet;
use jambox_package::{assemble as assemble_text, host_calls};
use jambox_program::{Container, Located, ProgramBlob};
use jambox_symbols::Symbols;
use jambox_types::Protocol;

use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result};
use crate::plain::plain;

/// Assembles the content of a file.
pub fn assemble(path: &Path, content: &[u8], protocol: &Protocol) -> Result<Assembly> {
    let text = input::text(path, content, "`jambox disasm` turns a program into text")?;
    let assembly = assemble_text(path, &text, protocol);
    assembly.map_err(|invalid| Failure::Input(Diagnosis::of_reading(&invalid)))
}

/// Native code of a program as text that is made as it is written, as first compiled or (`is_hot`)
/// recompiled; nothing where there is no native code.
pub fn native<'p>(
    program: &'p ProgramBlob,
    protocol: &Protocol,
    is_hot: bool,
) -> Option<Box<dyn Display + 'p>> {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    {
        use jambox_recompiler::{Tier, listing};
        let tier = if is_hot { Tier::Hot } else { Tier::First };
        Some(Box::new(listing(program, InstructionSet::of(protocol.revision), tier)))
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    {
        let _ = (program, protocol, is_hot);
        None
    }
}

/// Jumps and branches to targets that begin no basic block: they panic when taken.
pub fn jumps_to_nowhere(
    program: &ProgramBlob,
    set: InstructionSet,
) -> impl Iterator<Item = Located> {
    program.instructions(set).filter(move |located| {
        let instruction = &located.instruction;
        let jumps = instruction.opcode().syntax().split(", ").any(|operand| operand == "t");
        jumps && !program.is_block_start(set, instruction.fields().target)
    })
}

/// The text of a program, with comments that name functions and lines where those are known.
pub fn disassemble(
    container: &Container,
    comments: bool,
    symbols: Option<&Symbols>,
    protocol: &Protocol,
) -> String {
    let host_calls = host_calls(protocol);
    let set = InstructionSet::of(protocol.revision);
    let dialect = Dialect { set, host_calls: &host_calls };
    let text = match symbols.filter(|_| comments) {
        Some(symbols) => jambox_asm::disassemble_with_notes(container, &dialect, &|pc| {
            let frames = symbols.frames_at(pc.into()).iter();
            frames.map(|frame| plain(&frame.to_string()).into_owned()).collect()
        }),
        None => jambox_asm::disassemble(container, &dialect, comments),
    };
    let interface = Interface { abi: protocol.abi, revision: protocol.revision };
    match interface.is_consensus() {
        true => text,
        false => format!("; host calls by their names in the ABI {interface}\n{text}"),
    }
}
