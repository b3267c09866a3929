//! Failures of guests, with the data to explain them to people.

use std::fmt;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{HostCall, Registers};
use jambox_isa::Instruction;
use jambox_program::{InvalidProgram, ProgramError};

use crate::{HostError, PanicReason, Stop};

/// End of a guest's run (`sec:standardprograminit`, 0.7.2).
#[derive(Clone, Debug)]
pub enum End {
    /// A halt with this output; empty if the range in `r7` and `r8` was not readable.
    Halt(Vec<u8>),
    /// A panic. A page fault of an outer machine is a panic.
    Panic(Box<Failure>),
    /// Out of gas.
    OutOfGas(Box<Failure>),
}

impl End {
    /// The end of a guest that failed: out of gas, or a panic for any other cause.
    #[must_use]
    pub fn of_failure(failure: Failure) -> Self {
        match failure.is_out_of_gas() {
            true => Self::OutOfGas(Box::new(failure)),
            false => Self::Panic(Box::new(failure)),
        }
    }

    /// The output of a halt; `None` for other ends.
    #[must_use]
    pub fn output(&self) -> Option<&[u8]> {
        match self {
            Self::Halt(output) => Some(output),
            Self::Panic(_) | Self::OutOfGas(_) => None,
        }
    }

    /// The failure; `None` after a halt.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Halt(_) => None,
            Self::Panic(failure) | Self::OutOfGas(failure) => Some(failure),
        }
    }
}

/// The cause of a guest's failure, with the machine.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The cause.
    pub cause: Cause,
    /// The machine at the failure; `None` if there was none, or for a native guest.
    pub machine: Option<MachineState>,
}

/// Cause of a guest's failure.
#[derive(Clone, Debug)]
pub enum Cause {
    /// The code is not a standard program. No gas is used.
    NotAProgram(ProgramError),
    /// The revision validates whole programs, and refuses the program or its entry point. No gas is
    /// used.
    InvalidProgram(InvalidProgram),
    /// The arguments are longer than the argument zone, with their length in octets. No gas is
    /// used.
    ArgumentsTooLong(usize),
    /// The machine exited at an instruction: with a panic (a trap, an invalid jump, an address
    /// below 2^16), a page fault, or without the gas for it.
    Exit(Exit),
    /// A host call panicked the guest.
    HostCallPanic {
        /// Number of the call.
        number: u64,
        /// The call; `None` if it is unknown.
        call: Option<HostCall>,
        /// Reason for the panic.
        reason: PanicReason,
    },
    /// A host call costs more gas than was left.
    HostCallOutOfGas {
        /// Number of the call.
        number: u64,
        /// The call; `None` if it is unknown.
        call: Option<HostCall>,
        /// Price of the call.
        price: u64,
        /// Gas left before it.
        left: u64,
    },
}

/// The cause, in a sentence.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAProgram(error) => write!(f, "the code is not a standard program: {error}"),
            Self::InvalidProgram(error) => write!(f, "the program is not valid: {error}"),
            Self::ArgumentsTooLong(length) => {
                write!(f, "the arguments have {length} octets, more than the argument area holds")
            }
            Self::Exit(Exit::PageFault(page)) => {
                write!(f, "the guest faulted on the page at {page:#x}, which counts as a panic")
            }
            Self::Exit(Exit::OutOfGas) => f.write_str("the guest ran out of gas"),
            Self::Exit(Exit::Panic) => f.write_str("the guest panicked"),
            Self::Exit(exit) => write!(f, "the guest stopped with {exit}"),
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

/// A host call's name in a sentence.
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

/// State of a stopped machine, for explanations.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineState {
    /// Position of the instruction at which it stopped.
    pub pc: u64,
    /// The instruction; `trap` if there is none.
    pub instruction: Instruction,
    /// The registers.
    pub registers: Registers,
    /// Gas left.
    pub gas: u64,
}

impl MachineState {
    /// The present state of `instance`.
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
    /// The failure of an exit of `instance`; `None` for other exits.
    pub(crate) fn of_exit(instance: &Instance, exit: Exit) -> Option<Self> {
        let is_failure = !matches!(exit, Exit::Halt | Exit::HostCall(_));
        let machine = Some(MachineState::of(instance));
        is_failure.then_some(Self { cause: Cause::Exit(exit), machine })
    }

    /// True if the guest ran out of gas, false if it panicked.
    #[must_use]
    pub const fn is_out_of_gas(&self) -> bool {
        matches!(self.cause, Cause::Exit(Exit::OutOfGas) | Cause::HostCallOutOfGas { .. })
    }
}

impl Cause {
    /// The cause of a failure for which a host call did not return to its guest.
    ///
    /// # Errors
    ///
    /// When the host itself failed, and not the guest.
    pub fn of_stop(number: u64, call: Option<HostCall>, stop: Stop) -> Result<Self, HostError> {
        match stop {
            Stop::Panic(reason) => Ok(Self::HostCallPanic { number, call, reason }),
            Stop::OutOfGas { price, left } => {
                Ok(Self::HostCallOutOfGas { number, call, price, left })
            }
            Stop::Host(error) => Err(error),
        }
    }
}
