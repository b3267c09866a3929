//! Explanation of a guest's failure: the instruction, the rule it broke, the address, its region.

use std::fmt;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_engine::{Exit, Instance, Module};
use jambox_invocation::{Cause, Failure, Needed, PanicReason};
use jambox_isa::{Instruction, Opcode};
use jambox_symbols::Symbols;

use crate::access::{self, MemoryAccess};
use crate::region::Regions;
use crate::stack;
#[cfg(feature = "serde")]
use crate::wide;

/// The place where a machine stopped, and the reason.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Explanation {
    /// The rule that was broken, in a sentence.
    pub rule: String,
    /// The position of the instruction.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub pc: u64,
    /// The instruction as text.
    pub instruction: String,
    /// Source places of the instruction, the innermost function first; empty without symbols.
    pub source: Vec<String>,
    /// Callers, innermost first, with the functions inlined into each. Where no caller could be
    /// found: a line that begins with "no frame found", then the words of the stack.
    pub callers: Vec<String>,
    /// The basic block of the instruction.
    pub block: Option<Block>,
    /// The memory access of the instruction; `None` if it makes none.
    pub access: Option<MemoryAccess>,
    /// The registers before the instruction.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::all"))]
    pub registers: [u64; 13],
}

/// A basic block.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Block {
    /// The position of its first instruction.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub start: u32,
    /// The position after its last one.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub end: u32,
    /// Instructions of the block up to the one that stopped the machine.
    pub listing: Vec<Listed>,
}

/// An instruction with its position.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Listed {
    /// The position.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub pc: u32,
    /// The instruction as text.
    pub instruction: String,
}

impl Explanation {
    /// Explains the exit `exit` of `instance`; `None` after a halt or a host call, which are no
    /// failures.
    #[must_use]
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
    #[must_use]
    pub fn of_failure(instance: &Instance, failure: &Failure, regions: &Regions) -> Option<Self> {
        let (rule, range) = match &failure.cause {
            Cause::NotAProgram(_) | Cause::InvalidProgram(_) | Cause::ArgumentsTooLong(_) => {
                return None;
            }
            Cause::Exit(exit) => return Self::of(instance, *exit, regions),
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

    /// The place where a machine stands, the rule left empty.
    fn standing(instance: &Instance) -> Self {
        let (module, pc) = (instance.module(), instance.pc());
        Self {
            rule: String::new(),
            pc,
            instruction: module.instruction_at(pc).to_string(),
            source: Vec::new(),
            callers: Vec::new(),
            block: block(module, pc),
            access: None,
            registers: *instance.regs(),
        }
    }

    /// The same explanation with the callers and, if there are symbols, the source places.
    /// `instance` is the machine of the explanation, as it stopped.
    #[must_use]
    pub fn with_stack(self, instance: &Instance, symbols: Option<&Symbols>) -> Self {
        let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(self.pc));
        let source = frames.iter().map(ToString::to_string).collect();
        Self { source, callers: stack::of(instance, symbols).callers(), ..self }
    }

    /// The lines of the explanation, each with a label; empty for a line that continues the one
    /// before. The registers are given by [`registers`](Self::registers).
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("why", self.rule.clone()),
            ("instruction", format!("{} at pc {}", self.instruction, self.pc)),
        ];
        lines.extend(self.source.iter().map(|frame| ("source", frame.clone())));
        lines.extend(self.callers.iter().map(|caller| ("called by", caller.clone())));
        lines.extend(self.access.iter().map(|access| ("address", access.to_string())));
        if let Some(block) = &self.block {
            lines.push(("block", format!("pc {} to {}", block.start, block.end)));
            lines.extend(
                block.listing.iter().map(|it| ("", format!("{:>6}  {}", it.pc, it.instruction))),
            );
        }
        lines
    }

    /// The most important lines.
    #[must_use]
    pub fn brief(&self) -> Vec<String> {
        let mut lines = vec![format!("{} at pc {}: {}", self.instruction, self.pc, self.rule)];
        lines.extend(self.source.iter().map(|frame| format!("in {frame}")));
        lines.extend(self.callers.iter().map(|caller| format!("called by {caller}")));
        lines.extend(self.access.iter().map(ToString::to_string));
        lines
    }
}

/// All lines, with the registers four a line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (label, text) in self.lines() {
            writeln!(f, "{label:<12}{text}")?;
        }
        for (row, registers) in self.registers.chunks(4).enumerate() {
            write!(f, "{:<12}", if row == 0 { "registers" } else { "" })?;
            for (name, value) in (row.saturating_mul(4)..).zip(registers) {
                write!(f, "{:<3} {value:#x} ", format!("r{name}"))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The most instructions of a block that are listed before the last one.
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
    let listed = until.map(|it| Listed { pc: it.pc, instruction: it.instruction.to_string() });
    let listing: Vec<_> = listed.collect();
    let skipped = listing.len().saturating_sub(LISTED.saturating_add(1));
    Some(Block { start, end, listing: listing.into_iter().skip(skipped).collect() })
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

/// Reason why a dynamic jump to `address` panics (`eq:jumptablealignment`, 0.7.2).
fn dynamic_jump(module: &Module, address: u32) -> String {
    let entries = module.program().jump_table().len();
    if address == 0 {
        return "the dynamic jump goes to address 0, which is never valid".to_owned();
    }
    if !address.is_multiple_of(2) {
        return format!("the dynamic jump goes to {address:#x}, which is odd");
    }
    let index = u64::from(address / 2).saturating_sub(1);
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
