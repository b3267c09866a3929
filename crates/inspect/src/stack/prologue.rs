//! Instructions by which functions call, return and use the stack.

use jambox_engine::Module;
use jambox_isa::{Fields, Instruction, Opcode, Reg};

/// Effect on the stack of the beginning of a function.
#[derive(Default)]
pub(super) struct Prologue {
    /// The octets that it subtracted from the stack pointer.
    pub size: u64,
    /// Offset of its saved return address from the stack pointer, in octets; `None` if it saved
    /// none.
    pub saved: Option<u64>,
}

impl Prologue {
    /// Effect on the stack of a function that begins at `start`, up to `pc`.
    pub fn between(module: &Module, start: u32, pc: u64) -> Self {
        let mut prologue = Self::default();
        let set = module.engine().instruction_set();
        let code = module.program().instructions_from(set, start);
        let mut is_popped = false;
        for it in code.take_while(|it| u64::from(it.pc) < pc) {
            if let Some(change) = stack_change(&it.instruction) {
                if change < 0 && prologue.size == 0 {
                    prologue.size = change.unsigned_abs();
                } else if change > 0 {
                    is_popped = true;
                }
            } else if prologue.saved.is_none() && !is_popped {
                prologue.saved = saved_at(&it.instruction);
            }
            // The code after an early return has the frame again.
            is_popped &= !it.instruction.opcode().is_terminator();
        }
        if is_popped { Self::default() } else { prologue }
    }
}

/// The number that an instruction adds to the stack pointer; `None` for other instructions.
pub(super) fn stack_change(instruction: &Instruction) -> Option<i64> {
    let Fields { a, b, x, .. } = instruction.fields();
    let moves = instruction.opcode() == Opcode::AddImm64 && a == Reg::R1 && b == Reg::R1;
    moves.then_some(x.into())
}

/// Offset from the stack pointer at which an instruction saves register 0, in octets; `None` for
/// other instructions.
fn saved_at(instruction: &Instruction) -> Option<u64> {
    let Fields { a, b, x, .. } = instruction.fields();
    let saves = instruction.opcode() == Opcode::StoreIndU64 && a == Reg::R0 && b == Reg::R1;
    saves.then_some(u64::try_from(x).ok()?)
}

/// True for a call of a function: an instruction that leaves a return address in register 0.
#[must_use]
pub fn is_call(instruction: &Instruction) -> bool {
    link(instruction).is_some() && instruction.fields().a == Reg::R0
}

/// True for a return from a function. Other dynamic jumps look the same and count, too.
#[must_use]
pub fn is_return(instruction: &Instruction) -> bool {
    instruction.opcode() == Opcode::JumpInd
}

/// The position of the call right before a position; `None` if another instruction is there.
#[must_use]
pub fn call_before(module: &Module, pc: u64) -> Option<u64> {
    let before = instruction_before(module, u32::try_from(pc).ok()?)?;
    is_call(&module.instruction_at(before.into())).then_some(before.into())
}

/// The position of the instruction before a position; `None` if there is none.
pub(super) fn instruction_before(module: &Module, pc: u32) -> Option<u32> {
    let lowest = pc.saturating_sub(32);
    (lowest..pc).rev().find(|pc| module.program().is_instruction_start(*pc))
}

/// The return address that a call leaves; `None` for an instruction that leaves none.
pub(super) fn link(instruction: &Instruction) -> Option<u32> {
    let calls = matches!(instruction.opcode(), Opcode::LoadImmJump | Opcode::LoadImmJumpInd);
    calls.then_some(instruction.fields().x as u32)
}
