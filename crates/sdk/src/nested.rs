//! Standard programs in inner machines.

use alloc::vec::Vec;
use core::fmt;

use jambox_codec::Reader;

use crate::Error;
use crate::machine::{ExitReason, InvokeIo, Machine, PAGE_SIZE, PageAccess};

/// Octets in a zone: the parts of a standard program start at multiples of it.
pub const SPI_SEGMENT_SIZE: u64 = 1 << 16;
/// Largest length of the arguments, in octets.
pub const SPI_MAX_ARGUMENTS: u64 = 1 << 24;
/// First address of the read-only data.
pub const SPI_READ_ONLY_START: u64 = 0x0001_0000;
/// End address of the stack.
pub const SPI_STACK_END: u64 = 0xFEFE_0000;
/// First address of the arguments.
pub const SPI_ARGUMENTS_START: u64 = 0xFEFF_0000;
/// Initial value of r0: a jump there halts.
pub const SPI_RETURN_ADDRESS: u64 = 0xFFFF_0000;

/// Reason for refusing a blob as a standard program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpiError {
    /// The blob ends within its header or a section.
    MalformedBlob,
    /// Octets follow the program.
    TrailingBytes,
    /// The arguments are longer than [`SPI_MAX_ARGUMENTS`].
    ArgumentsTooLong,
    /// The code is no program blob.
    InvalidEntryPoint,
    /// The host refused a step of the setup for another reason.
    Host(Error),
}

impl fmt::Display for SpiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedBlob => "the blob is no standard program",
            Self::TrailingBytes => "octets follow the standard program",
            Self::ArgumentsTooLong => "the arguments are too long",
            Self::InvalidEntryPoint => "the code is no program blob",
            Self::Host(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for SpiError {}

impl From<Error> for SpiError {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}

/// The parts of a standard program, in the blob (`eq:spiblob` within
/// `sec:standardprograminit`, 0.7.2).
struct Spi<'a> {
    read_only: &'a [u8],
    read_write: &'a [u8],
    heap_pages: u64,
    stack_size: u64,
    code: &'a [u8],
}

impl<'a> Spi<'a> {
    /// Parses a standard program, with or without a metadata prefix.
    fn parse(blob: &'a [u8]) -> Result<Self, SpiError> {
        let mut reader = Reader::new(blob);
        let metadata = reader.take_length().and_then(|length| reader.take(length));
        let with_metadata = match metadata {
            Ok(_) => Self::parse_bare(&mut reader),
            Err(_) => Err(SpiError::MalformedBlob),
        };
        match (with_metadata, Self::parse_bare(&mut Reader::new(blob))) {
            (Ok(parsed), _) | (_, Ok(parsed)) => Ok(parsed),
            // In both readings the blob was parsed up to its end.
            (Err(SpiError::TrailingBytes), _) => Err(SpiError::TrailingBytes),
            (_, other) => other,
        }
    }

    fn parse_bare(reader: &mut Reader<'a>) -> Result<Self, SpiError> {
        let read_only_length = number(reader, 3)?;
        let read_write_length = number(reader, 3)?;
        let heap_pages = number(reader, 2)?;
        let stack_size = number(reader, 3)?;
        let read_only = octets(reader, read_only_length)?;
        let read_write = octets(reader, read_write_length)?;
        let code_length = number(reader, 4)?;
        let code = octets(reader, code_length)?;
        reader.finish().map_err(|_| SpiError::TrailingBytes)?;
        Ok(Self { read_only, read_write, heap_pages, stack_size, code })
    }
}

fn octets<'a>(reader: &mut Reader<'a>, length: u64) -> Result<&'a [u8], SpiError> {
    let length = usize::try_from(length).map_err(|_| SpiError::MalformedBlob)?;
    reader.take(length).map_err(|_| SpiError::MalformedBlob)
}

fn number(reader: &mut Reader<'_>, width: u64) -> Result<u64, SpiError> {
    let octets = octets(reader, width)?;
    Ok(octets.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

/// A standard program in an inner machine, with its memory laid out and its registers set.
///
/// Dropping it removes the machine.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// use jambox_sdk::Flow;
///
/// fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
///     let mut vm = ctx.nested_pvm(&arguments.payload, b"to the program", 10_000);
///     let mut heard = Vec::new();
///     // The service decides on the meaning of each host call. Here it knows one, with a number.
///     let mut host = |number: u64, vm: &mut NestedPvm| {
///         heard.push((number, vm.register(8)));
///         Ok(if number == 3 { Flow::Continue } else { Flow::Stop })
///     };
///     assert_eq!(vm.run(&mut host)?, ExitReason::Halt);
///     assert_eq!(heard, [(3, 14)], "r8 is the length of the arguments");
///     // The program returned the place of its arguments, as it found it in r7 and r8.
///     vm.output(1024)
/// }
/// # entry_points! { refine = refine }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Item, Mode};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE));
/// # // No data, one page of stack; ecalli 3; jump_ind r0
/// # let program = [0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 8, 0, 0, 0, 0, 0, 4, 10, 3, 50, 0, 0b101];
/// # let result = chain.refine(&Item::new(7).payload(program)).result;
/// # assert_eq!(result.unwrap(), b"to the program");
/// # }
/// ```
#[derive(Debug)]
pub struct NestedPvm {
    machine: Machine,
    io: InvokeIo,
}

/// Continuation after a host call of an inner program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Continues the program.
    Continue,
    /// Stops the program.
    Stop,
}

/// Answers the host calls of an inner program.
pub trait InnerHost {
    /// Answers call `number`: arguments are in the registers from r7 on, results go there.
    ///
    /// # Errors
    ///
    /// The error ends the run, and is the run's result.
    fn host_call(&mut self, number: u64, vm: &mut NestedPvm) -> Result<Flow, Error>;
}

impl<F: FnMut(u64, &mut NestedPvm) -> Result<Flow, Error>> InnerHost for F {
    fn host_call(&mut self, number: u64, vm: &mut NestedPvm) -> Result<Flow, Error> {
        self(number, vm)
    }
}

/// Answers no host call: the run ends at the first.
impl InnerHost for () {
    fn host_call(&mut self, _number: u64, _vm: &mut NestedPvm) -> Result<Flow, Error> {
        Ok(Flow::Stop)
    }
}

impl NestedPvm {
    /// Sets up a standard program known to be valid, to start at pc 0 with this much gas.
    ///
    /// # Panics
    ///
    /// When [`NestedPvm::from_spi_checked`] fails.
    #[must_use]
    pub fn from_spi(blob: &[u8], arguments: &[u8], gas: u64) -> Self {
        match Self::from_spi_checked(blob, arguments, gas) {
            Ok(vm) => vm,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sets up a standard program, to start at pc 0 with this much gas. Panics for no blob: every
    /// fault is an error.
    ///
    /// # Errors
    ///
    /// See [`SpiError`].
    pub fn from_spi_checked(blob: &[u8], arguments: &[u8], gas: u64) -> Result<Self, SpiError> {
        if arguments.len() as u64 > SPI_MAX_ARGUMENTS {
            return Err(SpiError::ArgumentsTooLong);
        }
        let spi = Spi::parse(blob)?;
        let mut machine = Machine::new(spi.code, 0).map_err(|error| match error {
            Error::Refused => SpiError::InvalidEntryPoint,
            other => SpiError::Host(other),
        })?;
        // Lengths have at most three octets and pages two, so none of the sums can overflow.
        let zones = |length: u64| length.next_multiple_of(SPI_SEGMENT_SIZE);
        let read_write_start = 2 * SPI_SEGMENT_SIZE + zones(spi.read_only.len() as u64);
        let stack = spi.stack_size.next_multiple_of(PAGE_SIZE);
        let heap = spi.heap_pages * PAGE_SIZE;
        place(&mut machine, SPI_READ_ONLY_START, spi.read_only, 0, true)?;
        place(&mut machine, read_write_start, spi.read_write, heap, false)?;
        place(&mut machine, SPI_STACK_END - stack, &[], stack, false)?;
        place(&mut machine, SPI_ARGUMENTS_START, arguments, 0, true)?;
        let mut io = InvokeIo::new(gas);
        io.set_register(0, SPI_RETURN_ADDRESS);
        io.set_register(1, SPI_STACK_END);
        io.set_register(7, SPI_ARGUMENTS_START);
        io.set_register(8, arguments.len() as u64);
        Ok(Self { machine, io })
    }

    /// Runs the program until it stops.
    ///
    /// # Errors
    ///
    /// As [`Machine::invoke`].
    pub fn invoke(&mut self) -> Result<ExitReason, Error> {
        self.machine.invoke(&mut self.io)
    }

    /// Runs the program and answers its host calls, until it stops for another reason or the host
    /// returns [`Flow::Stop`].
    ///
    /// # Errors
    ///
    /// As [`Machine::invoke`], and every error of the host.
    pub fn run(&mut self, host: &mut impl InnerHost) -> Result<ExitReason, Error> {
        loop {
            match self.invoke()? {
                ExitReason::Host { call } => {
                    if host.host_call(call, self)? == Flow::Stop {
                        return Ok(ExitReason::Host { call });
                    }
                }
                other => return Ok(other),
            }
        }
    }

    /// The output of a program that halted: the octets at address r7, of length r8.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when it is longer than `limit`; [`Error::OutOfBounds`] when not all of it is
    /// readable.
    pub fn output(&self, limit: u64) -> Result<Vec<u8>, Error> {
        self.output_at(self.register(7), self.register(8), limit)
    }

    /// The output of a program that packs address (low half) and length (high half) into r7.
    ///
    /// # Errors
    ///
    /// As [`NestedPvm::output`].
    pub fn packed_output(&self, limit: u64) -> Result<Vec<u8>, Error> {
        let packed = self.register(7);
        self.output_at(packed & 0xFFFF_FFFF, packed >> 32, limit)
    }

    /// The length comes from the program: it is compared with the limit before anything is
    /// allocated.
    fn output_at(&self, address: u64, length: u64, limit: u64) -> Result<Vec<u8>, Error> {
        if length > limit {
            return Err(Error::Full);
        }
        let mut output = alloc::vec![0; length as usize];
        self.peek(address, &mut output)?;
        Ok(output)
    }

    /// A register.
    ///
    /// # Panics
    ///
    /// When `index` is above 12.
    #[must_use]
    pub fn register(&self, index: usize) -> u64 {
        self.io.register(index)
    }

    /// Sets a register.
    ///
    /// # Panics
    ///
    /// When `index` is above 12.
    pub fn set_register(&mut self, index: usize, value: u64) {
        self.io.set_register(index, value);
    }

    /// The gas left.
    #[must_use]
    pub fn remaining_gas(&self) -> u64 {
        self.io.gas()
    }

    /// Sets the gas for the next run.
    pub fn set_gas(&mut self, gas: u64) {
        self.io.set_gas(gas);
    }

    /// Copies from the program's memory.
    ///
    /// # Errors
    ///
    /// As [`Machine::peek`].
    pub fn peek(&self, source: u64, into: &mut [u8]) -> Result<(), Error> {
        self.machine.peek(source, into)
    }

    /// Copies into the program's memory.
    ///
    /// # Errors
    ///
    /// As [`Machine::poke`].
    pub fn poke(&mut self, destination: u64, data: &[u8]) -> Result<(), Error> {
        self.machine.poke(destination, data)
    }

    /// Sets the program's access to pages.
    ///
    /// # Errors
    ///
    /// As [`Machine::pages`].
    pub fn pages(&mut self, first: u64, count: u64, access: PageAccess) -> Result<(), Error> {
        self.machine.pages(first, count, access)
    }

    /// Removes the machine and gives its program counter.
    ///
    /// # Errors
    ///
    /// As [`Machine::expunge`].
    pub fn expunge(self) -> Result<u64, Error> {
        self.machine.expunge()
    }
}

/// Makes memory for `data` and `more` zeros after its last page. `poke` needs writable pages, so
/// read-only ones are made read-only afterwards.
fn place(
    machine: &mut Machine,
    start: u64,
    data: &[u8],
    more: u64,
    read_only: bool,
) -> Result<(), Error> {
    let count = (data.len() as u64).div_ceil(PAGE_SIZE) + more / PAGE_SIZE;
    if count == 0 {
        return Ok(());
    }
    machine.pages(start / PAGE_SIZE, count, PageAccess::ReadWrite)?;
    if !data.is_empty() {
        machine.poke(start, data)?;
    }
    if read_only {
        machine.pages(start / PAGE_SIZE, count, PageAccess::ReadKeep)?;
    }
    Ok(())
}
