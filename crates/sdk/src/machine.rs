//! Inner machines: programs that refine runs in separate memory.

use core::fmt;

use jambox_hostcall::InnerExit;

use crate::Error;
use crate::ecalli::{Argument, done, host_call, length, value};

/// Octets in a page of memory.
pub const PAGE_SIZE: u64 = 4096;

/// The first page that can be made accessible: addresses below it always panic.
pub const FIRST_PAGE: u64 = 16;

/// Access of an inner machine to a page, and fate of the page's contents (`pages`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum PageAccess {
    /// No access; contents are lost.
    Inaccessible = 0,
    /// Read access; contents become zero.
    Read = 1,
    /// Read and write access; contents become zero.
    ReadWrite = 2,
    /// Read access; contents stay. For pages that are accessible already.
    ReadKeep = 3,
    /// Read and write access; contents stay. For pages that are accessible already.
    ReadWriteKeep = 4,
}

/// Reason for an inner machine's stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The machine halted.
    Halt,
    /// The machine panicked.
    Panic,
    /// The machine accessed an inaccessible page. It can continue once the page is accessible.
    Fault {
        /// The address of the page.
        address: u64,
    },
    /// The machine made a host call. It continues after it, with the registers as they are then.
    Host {
        /// The number of the call.
        call: u64,
    },
    /// The machine ran out of gas. It can continue with more.
    OutOfGas,
}

impl ExitReason {
    fn decode((r7, r8): (u64, u64)) -> Result<Self, Error> {
        match InnerExit::from_value(r7) {
            Some(InnerExit::Halt) => Ok(Self::Halt),
            Some(InnerExit::Panic) => Ok(Self::Panic),
            Some(InnerExit::Fault) => Ok(Self::Fault { address: r8 }),
            Some(InnerExit::Host) => Ok(Self::Host { call: r8 }),
            Some(InnerExit::OutOfGas) => Ok(Self::OutOfGas),
            None => Err(Error::of_code(r7).unwrap_or(Error::Unexpected(r7))),
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halt => f.write_str("halted"),
            Self::Panic => f.write_str("panicked"),
            Self::Fault { address } => write!(f, "faulted at {address:#x}"),
            Self::Host { call } => write!(f, "asked for host call {call}"),
            Self::OutOfGas => f.write_str("ran out of gas"),
        }
    }
}

/// Gas and registers of an inner machine: 112 octets, gas first, then r0 to r12, all u64.
///
/// ```
/// let mut io = jambox_sdk::InvokeIo::new(1000);
/// io.set_register(7, 42);
/// assert_eq!((io.gas(), io.register(7), io.register(8)), (1000, 42, 0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvokeIo {
    octets: [u8; Self::LENGTH],
}

impl InvokeIo {
    /// Octets in the block.
    pub const LENGTH: usize = 112;

    /// A block of this much gas, all registers zero.
    #[must_use]
    pub fn new(gas: u64) -> Self {
        let mut io = Self { octets: [0; Self::LENGTH] };
        io.set_gas(gas);
        io
    }

    /// The gas: the limit before a run, the gas left after it.
    #[must_use]
    pub fn gas(&self) -> u64 {
        self.word(0)
    }

    /// Sets the gas limit for the next run.
    pub fn set_gas(&mut self, gas: u64) {
        self.set_word(0, gas);
    }

    /// A register.
    ///
    /// # Panics
    ///
    /// When `index` is above 12.
    #[must_use]
    pub fn register(&self, index: usize) -> u64 {
        assert!(index < 13, "there is no such register");
        self.word(index + 1)
    }

    /// Sets a register.
    ///
    /// # Panics
    ///
    /// When `index` is above 12.
    pub fn set_register(&mut self, index: usize, value: u64) {
        assert!(index < 13, "there is no such register");
        self.set_word(index + 1, value);
    }

    fn word(&self, index: usize) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.octets[index * 8..index * 8 + 8]);
        u64::from_le_bytes(word)
    }

    fn set_word(&mut self, index: usize, value: u64) {
        self.octets[index * 8..index * 8 + 8].copy_from_slice(&value.to_le_bytes());
    }
}

/// An inner machine. Dropping it removes it from the host.
///
/// A new machine has a program and no memory. [`pages`](Self::pages) makes memory accessible, and
/// [`poke`](Self::poke) fills it. [`invoke`](Self::invoke) runs the program until it stops; after
/// a host call, a fault or the end of its gas it can go on, once the reason is dealt with.
/// [`NestedPvm`](crate::NestedPvm) does the first part for standard programs.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// use jambox_sdk::{InvokeIo, Machine};
///
/// fn refine(_: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
///     let mut machine = Machine::new(&arguments.payload, 0)?;
///     let mut io = InvokeIo::new(1000);
///     io.set_register(7, 9);
///     // The program stores r7 at 0x20000, where it has no page yet.
///     assert_eq!(machine.invoke(&mut io)?, ExitReason::Fault { address: 0x2_0000 });
///     machine.pages(0x20, 1, PageAccess::ReadWrite)?;
///     assert_eq!(machine.invoke(&mut io)?, ExitReason::Host { call: 3 });
///     // It asks for call 3. The answer goes into a register, and the program goes on.
///     io.set_register(7, 0);
///     assert_eq!(machine.invoke(&mut io)?, ExitReason::Panic);
///     let mut stored = [0];
///     machine.peek(0x2_0000, &mut stored)?;
///     machine.expunge()?;
///     Ok(stored.to_vec())
/// }
/// # entry_points! { refine = refine }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Item, Mode};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE));
/// # // store_u8 r7, 0x20000; ecalli 3; trap
/// # let program = [0, 0, 8, 59, 7, 0, 0, 2, 10, 3, 0, 0b1010_0001];
/// # assert_eq!(chain.refine(&Item::new(7).payload(program)).result.unwrap(), [9]);
/// # }
/// ```
#[derive(Debug)]
pub struct Machine {
    handle: u64,
}

impl Machine {
    /// Makes a machine of a program blob, with empty memory, to start at `pc`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the octets are not a program blob.
    pub fn new(program: &[u8], pc: u64) -> Result<Self, Error> {
        let created =
            host_call!(Machine, Argument::input(program), length(program), Argument::number(pc),);
        value(created).map(|handle| Self { handle })
    }

    /// Copies from the machine's memory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`] when not all of the range is readable.
    pub fn peek(&self, source: u64, into: &mut [u8]) -> Result<(), Error> {
        let count = length(into);
        done(host_call!(
            Peek,
            Argument::number(self.handle),
            Argument::output(into),
            Argument::number(source),
            count,
        ))
    }

    /// Copies into the machine's memory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`] when not all of the range is writable.
    pub fn poke(&mut self, destination: u64, data: &[u8]) -> Result<(), Error> {
        done(host_call!(
            Poke,
            Argument::number(self.handle),
            Argument::input(data),
            Argument::number(destination),
            length(data),
        ))
    }

    /// Sets the machine's access to `count` pages from `first` on.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when a page is below [`FIRST_PAGE`] or beyond the memory, or when
    /// contents are to stay and a page is inaccessible.
    pub fn pages(&mut self, first: u64, count: u64, access: PageAccess) -> Result<(), Error> {
        done(host_call!(
            Pages,
            Argument::number(self.handle),
            Argument::number(first),
            Argument::number(count),
            Argument::number(access as u64),
        ))
    }

    /// Runs the machine on `io`'s gas and registers until it stops, and leaves both there.
    ///
    /// # Errors
    ///
    /// [`Error::Unexpected`] when the host gives no exit reason of the paper.
    pub fn invoke(&mut self, io: &mut InvokeIo) -> Result<ExitReason, Error> {
        ExitReason::decode(host_call!(
            Invoke,
            Argument::number(self.handle),
            Argument::output(&mut io.octets),
        ))
    }

    /// Removes the machine and gives its program counter.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when the host does not know the machine.
    pub fn expunge(self) -> Result<u64, Error> {
        let handle = self.handle;
        core::mem::forget(self);
        expunge(handle)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The machine exists: its handle came from the host, and only `expunge` takes it back.
        let _ = expunge(self.handle);
    }
}

fn expunge(handle: u64) -> Result<u64, Error> {
    value(host_call!(Expunge, Argument::number(handle)))
}
