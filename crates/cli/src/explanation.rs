//! Why a guest failed, for people: the instruction, the rule it broke, the address and the region
//! it lies in.
//!
//! Everything is derived from the machine as it stopped; the engine is not asked to keep reasons,
//! which would cost every run what only a failed one needs.

mod access;
mod region;

use std::io::{self, Write};

use serde::Serialize;

use jambox_engine::{Exit, Instance, Module};
use jambox_invocation::{Cause, Failure, Needed, PanicReason};
use jambox_isa::{Instruction, Opcode};
use jambox_symbols::Symbols;

pub use access::MemoryAccess;
pub use region::Regions;

use crate::output::labelled;
use crate::plain::plain;
use crate::style::NAME;

/// Where a machine stopped and why.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The rule that was broken, in a sentence.
    pub rule: String,
    /// The position of the instruction.
    pub pc: u64,
    /// The instruction as text.
    pub instruction: String,
    /// Where it comes from in the source, the innermost function first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// The basic block that it is in, by the positions of its first and after its last instruction.
    pub block: Option<Block>,
    /// The memory access that it made, if it made one.
    pub access: Option<MemoryAccess>,
    /// The registers before it.
    pub registers: [u64; 13],
}

/// A basic block.
#[derive(Clone, Debug, Serialize)]
pub struct Block {
    pub start: u32,
    pub end: u32,
    /// Its instructions up to the one that stopped the machine.
    pub listing: Vec<String>,
}

impl Explanation {
    /// Explains why `instance`, which exited with `exit`, did so; nothing to explain after a halt
    /// or a host call.
    pub fn of(instance: &Instance, exit: Exit, regions: &Regions) -> Option<Self> {
        if matches!(exit, Exit::Halt | Exit::HostCall(_)) {
            return None;
        }
        let (module, pc, registers) = (instance.module(), instance.pc(), *instance.regs());
        let instruction = module.instruction_at(pc);
        let access = MemoryAccess::of(&instruction, &registers);
        let access = access.map(|access| access.locate(instance.memory(), regions));
        Some(Self {
            rule: rule(module, pc, &instruction, &registers, access.as_ref(), exit),
            access: access.filter(|_| exit != Exit::OutOfGas),
            ..Self::standing(instance)
        })
    }

    /// Explains a failure of the outer machine of an invocation.
    pub fn of_failure(instance: &Instance, failure: &Failure, regions: &Regions) -> Option<Self> {
        let (rule, range) = match &failure.cause {
            Cause::NotAProgram(_) | Cause::InvalidProgram(_) | Cause::ArgumentsTooLong(_) => {
                return None;
            }
            Cause::Trap => return Self::of(instance, Exit::Panic, regions),
            Cause::PageFault(page) => return Self::of(instance, Exit::PageFault(*page), regions),
            Cause::OutOfGas => return Self::of(instance, Exit::OutOfGas, regions),
            Cause::HostCallOutOfGas { .. } => {
                ("a host call is charged before it does anything".to_owned(), None)
            }
            Cause::HostCallPanic { reason, .. } => match *reason {
                PanicReason::Memory { address, length, access, .. } => (
                    format!("a host call panics the guest when memory it needs is not {access}"),
                    Some((address, length, access == Needed::Writable)),
                ),
                other => (other.to_string(), None),
            },
        };
        let access = range.map(|(address, length, writes)| {
            MemoryAccess::by_host(address, length, writes, instance.memory(), regions)
        });
        Some(Self { rule, access, ..Self::standing(instance) })
    }

    /// Where a machine stands, with no rule broken yet.
    fn standing(instance: &Instance) -> Self {
        let (module, pc) = (instance.module(), instance.pc());
        Self {
            rule: String::new(),
            pc,
            instruction: module.instruction_at(pc).to_string(),
            source: Vec::new(),
            block: block(module, pc),
            access: None,
            registers: *instance.regs(),
        }
    }

    /// The same with the source that the instruction comes from, if that is known.
    pub fn with_source(self, symbols: Option<&Symbols>) -> Self {
        let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(self.pc));
        Self { source: frames.iter().map(ToString::to_string).collect(), ..self }
    }

    /// Writes the explanation under a line that says what happened.
    pub fn write(&self, out: &mut dyn Write, indent: &str) -> io::Result<()> {
        let mut line = |label: &str, text: &str| labelled(out, indent, label, text);
        line("why", &self.rule)?;
        line("instruction", &format!("{} at pc {}", self.instruction, self.pc))?;
        for frame in &self.source {
            line("source", &plain(frame))?;
        }
        if let Some(access) = &self.access {
            line("address", &access.to_string())?;
        }
        if let Some(block) = &self.block {
            line("block", &format!("pc {} to {}", block.start, block.end))?;
            for instruction in &block.listing {
                line("", instruction)?;
            }
        }
        write_registers(out, indent, &self.registers)
    }
}

impl Explanation {
    /// Writes the lines that say most.
    pub fn write_briefly(&self, out: &mut dyn Write, indent: &str) -> io::Result<()> {
        writeln!(out, "{indent}{} at pc {}: {}", self.instruction, self.pc, self.rule)?;
        for frame in &self.source {
            writeln!(out, "{indent}in {}", plain(frame))?;
        }
        match &self.access {
            Some(access) => writeln!(out, "{indent}{access}"),
            None => Ok(()),
        }
    }
}

/// Writes all registers, four a line.
pub fn write_registers(out: &mut dyn Write, indent: &str, registers: &[u64; 13]) -> io::Result<()> {
    for (row, registers) in registers.chunks(4).enumerate() {
        let label = if row == 0 { "registers" } else { "" };
        let mut line = String::new();
        for (column, value) in registers.iter().enumerate() {
            let name = format!("r{}", row * 4 + column);
            line.push_str(&format!("{NAME}{name:<3}{NAME:#} {value:<#20x}"));
        }
        labelled(out, indent, label, line.trim_end())?;
    }
    Ok(())
}

/// The most instructions of a block that are listed before the one that matters.
const LISTED: usize = 4;

fn block(module: &Module, pc: u64) -> Option<Block> {
    let program = module.program();
    let set = module.engine().instruction_set();
    let pc = u32::try_from(pc).ok().filter(|pc| program.is_instruction_start(*pc))?;
    let start = (0..=pc).rev().find(|start| program.is_block_start(set, *start))?;
    let end = program
        .instructions_from(set, start)
        .find(|located| located.instruction.opcode().is_terminator())
        .map_or(program.code_len(), |last| last.next_pc());
    let until = program.instructions_from(set, start).take_while(|located| located.pc <= pc);
    let listing: Vec<_> = until.map(|it| format!("{:>6}  {}", it.pc, it.instruction)).collect();
    let skipped = listing.len().saturating_sub(LISTED + 1);
    Some(Block { start, end, listing: listing[skipped..].to_vec() })
}

/// The rule that the instruction broke.
fn rule(
    module: &Module,
    pc: u64,
    instruction: &Instruction,
    registers: &[u64; 13],
    access: Option<&MemoryAccess>,
    exit: Exit,
) -> String {
    if exit == Exit::OutOfGas {
        return "the instruction costs more gas than is left".to_owned();
    }
    if let Some(access) = access {
        return access.rule();
    }
    let program = module.program();
    let target = |target: u32| format!("the jump goes to {target}, where no basic block starts");
    let u32_pc = u32::try_from(pc).ok().filter(|pc| *pc < program.code_len());
    match (u32_pc, instruction.opcode()) {
        (None, _) => format!(
            "execution left the code, which has {} octets; what lies beyond traps",
            program.code_len()
        ),
        (Some(at), _) if !program.is_instruction_start(at) => {
            "no instruction starts at this position".to_owned()
        }
        (Some(at), Opcode::Trap) => match program.code().get(at as usize) {
            None | Some(0) => "the program executed `trap`, which always panics".to_owned(),
            Some(octet) => format!("the octet {octet} is no opcode, so it traps"),
        },
        (_, Opcode::JumpInd | Opcode::LoadImmJumpInd) => {
            dynamic_jump(module, access::dynamic_target(instruction, registers))
        }
        _ => target(instruction.fields().target),
    }
}

/// Why a dynamic jump to `address` panics (`eq:jumptablealignment`, 0.7.2).
fn dynamic_jump(module: &Module, address: u32) -> String {
    let entries = module.program().jump_table().len();
    if address == 0 {
        return "the dynamic jump goes to address 0, which is never valid".to_owned();
    }
    if !address.is_multiple_of(2) {
        return format!("the dynamic jump goes to {address:#x}, which is odd");
    }
    let index = u64::from(address / 2) - 1;
    match module.program().jump_table().get(index) {
        None => format!(
            "the dynamic jump goes to {address:#x}, entry {index} of a jump table with {entries} \
             entries"
        ),
        Some(target) => format!(
            "the dynamic jump goes to {address:#x}, entry {index} of the jump table, which leads \
             to {target}, where no basic block starts"
        ),
    }
}
