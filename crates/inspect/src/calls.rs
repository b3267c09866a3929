//! Following calls and returns of a machine that runs.

use jambox_engine::{Exit, Instance};
use jambox_isa::{Instruction, Opcode, Reg};
use jambox_program::Jump;

/// The register in which the compilers' calling convention passes the return address.
const LINK: Reg = Reg::R0;

/// The most calls that are held open. A guest that opens more has them taken for one.
const MOST_OPEN: usize = 1 << 14;

/// How far up a return address is looked for.
const LOOK_UP: usize = 256;

/// A call that has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenCall {
    /// The pc of the call.
    pub at: u64,
    /// The pc of what was called.
    pub to: u64,
    /// The address, an entry of the jump table, that a return jumps to.
    returns_to: u32,
}

/// What an instruction that is about to run means for the stack of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It runs within the same call.
    None,
    /// It is the first of a call.
    Called,
    /// It is the first after a return.
    Returned,
}

/// The calls of one machine that are open.
///
/// A call is a jump that leaves a return address in `r0`, as compilers' calls do, or the address of
/// the instruction after it in another register. A return is a jump to that address, whichever
/// register holds it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    open: Vec<OpenCall>,
    /// The call that the last return came back to.
    returned_to: Option<u64>,
    /// What the last instruction does to the stack, if it goes well.
    pending: Option<Pending>,
}

#[derive(Clone, Copy, Debug)]
enum Pending {
    Call {
        at: u64,
        returns_to: u32,
    },
    /// Back to where so many calls are open.
    Return {
        open: usize,
    },
}

impl Calls {
    /// The calls that are open, the outermost first.
    pub fn open(&self) -> &[OpenCall] {
        &self.open
    }

    /// Takes account of an instruction that is about to run.
    pub fn before(&mut self, instance: &Instance, instruction: &Instruction) -> Change {
        let pc = instance.pc();
        let change = match self.pending.take() {
            Some(Pending::Call { at, returns_to }) if self.open.len() < MOST_OPEN => {
                self.open.push(OpenCall { at, to: pc, returns_to });
                Change::Called
            }
            Some(Pending::Return { open }) => {
                self.returned_to = self.open.get(open).map(|call| call.at);
                self.open.truncate(open);
                Change::Returned
            }
            Some(Pending::Call { .. }) | None => Change::None,
        };
        self.pending = match instruction.opcode() {
            Opcode::LoadImmJump | Opcode::LoadImmJumpInd => {
                let fields = instruction.fields();
                let returns_to = fields.x as u32;
                let is_call = fields.a == LINK || leads_to_next(instance, returns_to);
                is_call.then_some(Pending::Call { at: pc, returns_to })
            }
            Opcode::JumpInd => self.returned(instance, instruction),
            _ => None,
        };
        change
    }

    /// The call that the last return came back to; nothing after anything else.
    pub const fn returned_to(&self) -> Option<u64> {
        self.returned_to
    }

    /// Takes account of an exit: what has failed is not resumed, and what has halted starts anew.
    pub fn stopped(&mut self, exit: Exit) {
        match exit {
            Exit::Halt | Exit::Panic => *self = Self::default(),
            Exit::HostCall(_) | Exit::PageFault(_) | Exit::OutOfGas => {}
        }
    }

    /// The return that a dynamic jump is, if it is one.
    fn returned(&self, instance: &Instance, instruction: &Instruction) -> Option<Pending> {
        let fields = instruction.fields();
        let address = instance.reg(fields.a).wrapping_add(fields.x as u64) as u32;
        let mut calls = self.open.iter().enumerate().rev().take(LOOK_UP);
        let (open, _) = calls.find(|(_, call)| call.returns_to == address)?;
        Some(Pending::Return { open })
    }
}

/// Whether a dynamic jump to an address goes to the instruction after this one.
fn leads_to_next(instance: &Instance, address: u32) -> bool {
    let program = instance.module().program();
    let to = match program.resolve_jump(instance.module().engine().instruction_set(), address) {
        Jump::To(pc) => u64::from(pc),
        Jump::Halt | Jump::Nowhere => return false,
    };
    to == instance.next_pc()
}
