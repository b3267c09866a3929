//! Recording of an invocation, in stretches: runs of one machine without interruption.

use std::fmt;

use jambox_engine::{Exit, Module, Snapshot};
use jambox_hostcall::{Abi, Form, Registers, Reply, Request, ResultCode};
use jambox_invocation::{Failure, Invocation, Machine};
use jambox_symbols::Symbols;
use jambox_types::Hash;

/// A point of a recording: a stretch, and the number of its instructions that have run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The index of the stretch.
    pub stretch: usize,
    /// Number of its instructions that have run.
    pub step: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stretch, self.step)
    }
}

/// One invocation, to be revisited by a [`Session`](crate::Session).
///
/// Stretches follow each other as they ran: the stretches of an inner machine come between the
/// stretch of its owner that ends with the host call, and the one that goes on behind it.
pub struct Recording {
    /// The invocation; `None` for a program that ran by itself, and for an execution of a trace.
    pub invocation: Option<Invocation>,
    /// Name of the subject, for people.
    pub title: String,
    /// The gas that it was given.
    pub gas_limit: u64,
    /// The programs that ran; the invocation's is the first.
    pub codes: Vec<RanProgram>,
    /// The stretches that ran, in order.
    pub stretches: Vec<Stretch>,
    /// The reason of its failure, if it failed.
    pub failure: Option<Failure>,
    /// The state in which the outer machine stopped; none when the recording is incomplete.
    pub end: Option<Snapshot>,
    /// True if the end was not recorded, for lack of the memory that the bounds allow.
    pub is_cut: bool,
}

/// A program that ran.
pub struct RanProgram {
    /// The program.
    pub module: Module,
    /// The hash of the blob, of an inner machine's program.
    pub hash: Hash,
    /// Origins of its instructions in the source, if they are known.
    pub symbols: Option<Symbols>,
}

/// A stretch: a run of one machine without interruption.
pub struct Stretch {
    /// The machine.
    pub machine: Machine,
    /// Program of the machine, an index in [`Recording::codes`].
    pub code: usize,
    /// The state that it starts from. `None` behind a host call: the state at the call, with the
    /// call's effects.
    pub start: Option<Snapshot>,
    /// True if the machine begins a run here, rather than going on with one.
    pub is_first: bool,
    /// The end of the stretch.
    pub ending: Ending,
}

/// The end of a stretch.
pub enum Ending {
    /// A snapshot, with which the next stretch goes on.
    Snapshot,
    /// A host call of the outer machine, which went on after it.
    Call(Box<Call>),
    /// The machine stopped: for good, or until its owner runs it again.
    Exit(Exit),
    /// With a host call that stopped the outer machine.
    Stopped(Box<Call>),
    /// The recording was cut here.
    Cut,
}

impl Ending {
    /// The host call that the stretch ends with, if it does.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) | Self::Stopped(call) => Some(call),
            Self::Snapshot | Self::Exit(_) | Self::Cut => None,
        }
    }
}

/// A host call with all that it did to the machine.
#[derive(Clone, Debug)]
pub struct Call {
    /// The number that was called.
    pub number: u64,
    /// The table's row; `None` for a call that is unknown or not offered here.
    pub form: Option<&'static Form>,
    /// The arguments as read from the registers.
    pub request: Option<Request>,
    /// The registers before.
    pub before: Registers,
    /// The registers after.
    pub after: Registers,
    /// The gas before.
    pub gas_before: u64,
    /// The gas after.
    pub gas_after: u64,
    /// Memory that it read and wrote, in order.
    pub memory: Vec<CallMemory>,
    /// Octets by which it moved the end of the heap up.
    pub heap_growth: u64,
    /// The answer to the guest.
    pub answer: Answer,
}

/// The answer of a host call, as far as it is known.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The reply; `None` for a call that is unknown or not offered.
    Reply(Option<Reply>),
    /// Only its effects on the machine: the call comes from a trace.
    Traced,
    /// None: the call stopped the guest.
    Stopped {
        /// The reason in words.
        reason: String,
        /// True if the gas left did not cover the price.
        is_out_of_gas: bool,
    },
}

/// Octets that a host call read or wrote.
#[derive(Clone, Debug)]
pub struct CallMemory {
    /// True if they were written.
    pub is_write: bool,
    /// The address of the first.
    pub address: u64,
    /// Number of octets that were read or written.
    pub length: u64,
    /// The octets: all that were written, the first of those that were read.
    pub octets: Vec<u8>,
}

impl Call {
    /// The octets that an argument of this address and length named, if the call read them.
    #[must_use]
    pub fn read_at(&self, address: u64, length: u64) -> Option<&[u8]> {
        if length == 0 {
            return Some(&[]);
        }
        let read = self.memory.iter().find(|it| {
            !it.is_write
                && it.address == address
                && it.length == length
                && it.length == it.octets.len() as u64
        });
        read.map(|read| read.octets.as_slice())
    }

    /// The storage key of the own storage that the call wrote, if it wrote one.
    #[must_use]
    pub fn written_key(&self) -> Option<&[u8]> {
        match &self.request {
            Some(Request::Write(write)) if !self.has_stopped_guest() => {
                self.read_at(write.key.address, write.key.length)
            }
            _ => None,
        }
    }

    /// True if the guest did not go on after the call.
    #[must_use]
    pub const fn has_stopped_guest(&self) -> bool {
        matches!(self.answer, Answer::Stopped { .. })
    }

    /// The code in register 7 after the call, if it is one other than OK.
    #[must_use]
    pub fn code(&self) -> Option<ResultCode> {
        let [_, _, _, _, _, _, _, r7, ..] = self.after;
        ResultCode::from_value(Abi::GrayPaper, r7).filter(|code| *code != ResultCode::Ok)
    }

    /// The host call's name, or its number where it has none.
    #[must_use]
    pub fn name(&self) -> String {
        match self.form {
            Some(form) => form.call.name().to_owned(),
            None => format!("{} (unknown here)", self.number),
        }
    }
}

impl Recording {
    pub(crate) fn new(invocation: Option<Invocation>, gas_limit: u64) -> Self {
        let title = invocation.map_or_else(|| "a program alone".to_owned(), |it| it.to_string());
        Self {
            invocation,
            title,
            gas_limit,
            codes: Vec::new(),
            stretches: Vec::new(),
            failure: None,
            end: None,
            is_cut: false,
        }
    }

    /// The program of a stretch.
    #[must_use]
    pub fn code_of(&self, stretch: usize) -> Option<&RanProgram> {
        self.codes.get(self.stretches.get(stretch)?.code)
    }

    /// The octets of memory contents that the snapshots and host calls take.
    #[must_use]
    pub fn octets(&self) -> usize {
        crate::recorder::octets(&self.stretches)
    }
}
