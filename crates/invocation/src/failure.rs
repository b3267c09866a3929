//! Why a guest failed: enough to explain it to a person.

use std::fmt;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{HostCall, Registers};
use jambox_isa::Instruction;
use jambox_program::{InvalidProgram, ProgramError};

use crate::{HostError, PanicReason, Stop};

/// How a guest's run ended, as the paper sees it (`sec:standardprograminit`, 0.7.2).
#[derive(Clone, Debug)]
pub enum End {
    /// It halted, with this output; empty when `r7` and `r8` did not name readable memory.
    Halt(Vec<u8>),
    /// It panicked. A page fault of an outer machine is a panic.
    Panic(Box<Failure>),
    /// It ran out of gas.
    OutOfGas(Box<Failure>),
}

impl End {
    /// The output, if it halted.
    #[must_use]
    pub fn output(&self) -> Option<&[u8]> {
        match self {
            Self::Halt(output) => Some(output),
            Self::Panic(_) | Self::OutOfGas(_) => None,
        }
    }

    /// Why it failed, unless it halted.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Halt(_) => None,
            Self::Panic(failure) | Self::OutOfGas(failure) => Some(failure),
        }
    }
}

/// Why a guest failed, and where it stood.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub cause: Cause,
    /// The machine at that point; none if there never was one, or if the guest is native.
    pub machine: Option<MachineState>,
}

/// What made a guest fail.
#[derive(Clone, Debug)]
pub enum Cause {
    /// The code is not a standard program. No gas is used.
    NotAProgram(ProgramError),
    /// The revision does not run the program, or not from where it is to start: it validates
    /// programs as a whole. No gas is used.
    InvalidProgram(InvalidProgram),
    /// The arguments are longer than the argument area. No gas is used.
    ArgumentsTooLong(usize),
    /// The instruction panicked: a trap, a jump to nowhere, an address below 2^16.
    Trap,
    /// The instruction needed a page that does not allow the access; this is its address.
    PageFault(u32),
    /// The next instruction costs more gas than is left.
    OutOfGas,
    /// A host call panicked the guest.
    HostCallPanic {
        /// The number called.
        number: u64,
        /// The call, if it is one.
        call: Option<HostCall>,
        /// What was wrong.
        reason: PanicReason,
    },
    /// A host call costs more gas than was left.
    HostCallOutOfGas {
        /// The number called.
        number: u64,
        /// The call, if it is one.
        call: Option<HostCall>,
        /// What was to be charged.
        price: u64,
        /// What was left.
        left: u64,
    },
}

/// What happened, in a sentence.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAProgram(error) => write!(f, "the code is not a standard program: {error}"),
            Self::InvalidProgram(error) => write!(f, "the program is not valid: {error}"),
            Self::ArgumentsTooLong(length) => {
                write!(f, "the arguments have {length} octets, more than the argument area holds")
            }
            Self::Trap => f.write_str("the guest panicked"),
            Self::PageFault(page) => {
                write!(f, "the guest faulted on the page at {page:#x}, which counts as a panic")
            }
            Self::OutOfGas => f.write_str("the guest ran out of gas"),
            Self::HostCallPanic { number, call, reason } => {
                write!(
                    f,
                    "{} panicked the guest: {reason}",
                    Called { number: *number, call: *call }
                )
            }
            Self::HostCallOutOfGas { number, call, price, left } => {
                let called = Called { number: *number, call: *call };
                write!(f, "{called} costs {price} gas and {left} were left")
            }
        }
    }
}

/// A host call as a sentence names it.
struct Called {
    number: u64,
    call: Option<HostCall>,
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Some(call) => write!(f, "host call {} ({})", call.name(), self.number),
            None => write!(f, "host call {}, which is unknown here,", self.number),
        }
    }
}

/// A machine that has stopped, as far as explanations need it.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineState {
    /// The position of the instruction at which it stopped.
    pub pc: u64,
    /// That instruction; `trap` where there is none.
    pub instruction: Instruction,
    /// The registers.
    pub registers: Registers,
    /// The gas left.
    pub gas: u64,
}

impl MachineState {
    /// The state that `instance` is in.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        Self {
            pc: instance.pc(),
            instruction: instance.module().instruction_at(instance.pc()),
            registers: *instance.regs(),
            gas: instance.gas(),
        }
    }
}

impl Failure {
    /// The failure that an exit of `instance` means, if it means one.
    pub(crate) fn of_exit(instance: &Instance, exit: Exit) -> Option<Self> {
        let cause = match exit {
            Exit::Halt | Exit::HostCall(_) => return None,
            Exit::Panic => Cause::Trap,
            Exit::OutOfGas => Cause::OutOfGas,
            Exit::PageFault(address) => Cause::PageFault(address),
        };
        Some(Self { cause, machine: Some(MachineState::of(instance)) })
    }

    /// Whether the guest ran out of gas, rather than panicked.
    #[must_use]
    pub const fn is_out_of_gas(&self) -> bool {
        matches!(self.cause, Cause::OutOfGas | Cause::HostCallOutOfGas { .. })
    }
}

impl Cause {
    /// The cause that a host call's stop is, unless the host itself failed.
    pub(crate) fn of_stop(
        number: u64,
        call: Option<HostCall>,
        stop: Stop,
    ) -> Result<Self, HostError> {
        match stop {
            Stop::Panic(reason) => Ok(Self::HostCallPanic { number, call, reason }),
            Stop::OutOfGas { price, left } => {
                Ok(Self::HostCallOutOfGas { number, call, price, left })
            }
            Stop::Host(error) => Err(error),
        }
    }
}
