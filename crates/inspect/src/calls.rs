//! The open calls of a running machine.

use jambox_engine::{Exit, Instance};
use jambox_isa::{Instruction, Opcode, Reg};
use jambox_program::Jump;

/// The register in which the compilers' calling convention passes the return address.
const LINK: Reg = Reg::R0;

/// The largest number of open calls. Calls beyond it count as one.
const MOST_OPEN: usize = 1 << 14;

/// The number of open calls, from the innermost, among which a return address is looked for.
const LOOK_UP: usize = 256;

/// A call that has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenCall {
    /// The pc of the call.
    pub at: u64,
    /// The pc of the called function.
    pub to: u64,
    /// The address, an entry of the jump table, that a return jumps to.
    returns_to: u32,
}

/// Effect on the stack of calls, seen at the next instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The instruction runs within the same call.
    None,
    /// The instruction is the first of a call.
    Called,
    /// The instruction is the first after a return.
    Returned,
}

/// The open calls of one machine.
///
/// A call is a jump that leaves a return address in `r0`, as compilers' calls do, or the address of
/// the instruction after it in another register. A return is a jump to that address, whichever
/// register holds it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    open: Vec<OpenCall>,
    /// The pc of the call that the last return came back to.
    returned_to: Option<u64>,
    /// Effect of the last instruction on the stack, if it succeeds.
    pending: Option<Pending>,
}

#[derive(Clone, Copy, Debug)]
enum Pending {
    Call {
        at: u64,
        returns_to: u32,
    },
    /// A return after which `open` calls are open.
    Return {
        open: usize,
    },
}

impl Calls {
    /// The open calls, the outermost first.
    pub fn open(&self) -> &[OpenCall] {
        &self.open
    }

    /// Notes an instruction that is about to run.
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

    /// The pc of the call that the last return came back to; `None` before the first return.
    pub const fn returned_to(&self) -> Option<u64> {
        self.returned_to
    }

    /// Notes an exit: a failed machine is not resumed, and a halted one starts anew.
    pub fn stopped(&mut self, exit: Exit) {
        match exit {
            Exit::Halt | Exit::Panic => *self = Self::default(),
            Exit::HostCall(_) | Exit::PageFault(_) | Exit::OutOfGas => {}
        }
    }

    /// The return that a dynamic jump makes; `None` if it is no return.
    fn returned(&self, instance: &Instance, instruction: &Instruction) -> Option<Pending> {
        let fields = instruction.fields();
        let address = instance.reg(fields.a).wrapping_add(fields.x as u64) as u32;
        let mut calls = self.open.iter().enumerate().rev().take(LOOK_UP);
        let (open, _) = calls.find(|(_, call)| call.returns_to == address)?;
        Some(Pending::Return { open })
    }
}

/// True if a dynamic jump to an address goes to the instruction after the current one.
fn leads_to_next(instance: &Instance, address: u32) -> bool {
    let program = instance.module().program();
    let to = match program.resolve_jump(instance.module().engine().instruction_set(), address) {
        Jump::To(pc) => u64::from(pc),
        Jump::Halt | Jump::Nowhere => return false,
    };
    to == instance.next_pc()
}
