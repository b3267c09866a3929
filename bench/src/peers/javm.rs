//! javm 0.4: a machine in the manner of JAR 0.8.0. Its opcodes are those of Gray Paper 0.7.2
//! without `sbrk`; its gas is that of another model (blocks, simulated pipeline) and its memory is
//! one readable and writable piece from address 0, stack first. Made so that it begins where the
//! paper's read-only data begins, everything but the stack and the arguments is where the paper has
//! it; those two come after the heap, with room for it to grow.
//!
//! Code and memory belong together: there is no module that several machines could share.

use ::javm::recompiler::initialize_program_recompiled;
use ::javm::{ExitReason, Pvm, RecompiledPvm, program};
use jambox_isa::Revision;
use jambox_program::StandardProgram;

use crate::machine::{Machine, Moved, Peer, Stop};
use crate::translate::{Sbrks, Translated, translated};

/// More than anything uses, in any model: its gas is never compared.
const PLENTY: u64 = 1 << 60;

/// The first address of read-only data.
const ZONE: usize = 1 << 16;
const PAGE: usize = 4096;

/// Octets between the stack and the arguments, so that no address is of both.
const GAP: usize = 64;

/// Octets that the heap can grow by, in programs that let it grow.
const GROWTH: usize = 1 << 18;

/// javm's interpreter.
pub struct Interpreter;

/// javm's recompiler, bounds checked by page protection.
pub struct Recompiler;

/// A program in javm's form.
pub struct Program {
    blob: Vec<u8>,
    arguments: u32,
    moved: Moved,
    heap: Heap,
}

/// The end of the heap, and the limit of its growth.
#[derive(Clone)]
struct Heap {
    sbrks: Sbrks,
    end: u64,
    limit: u64,
}

impl Heap {
    /// Grows the heap and returns the address of `size` new octets; 0 when there is no room, as for
    /// `sbrk`.
    fn grow(&mut self, size: u64) -> u64 {
        let start = self.end;
        match start.checked_add(size).filter(|&end| end <= self.limit) {
            Some(end) => {
                self.end = end;
                start
            }
            None => 0,
        }
    }
}

impl Program {
    fn new(program: &StandardProgram, arguments: usize) -> Result<Self, String> {
        let layout = program.layout(arguments as u64).ok_or("arguments too long")?;
        let start = layout.read_write.start as usize;
        let mut read_only = program.read_only().to_vec();
        read_only.resize(start - ZONE, 0);
        let read_write = program.read_write();
        let end = layout.read_write.end as usize;
        let Translated { code, sbrks } = translated(program, Revision::GrayPaper072)?;
        let limit = end + if sbrks.is_empty() { 0 } else { GROWTH };
        let stack_end = limit + layout.stack.len();
        let top = stack_end + (GAP + arguments).next_multiple_of(PAGE);
        let pages = (top - start - read_write.len().next_multiple_of(PAGE)) / PAGE;
        let pages = u16::try_from(pages).map_err(|error| error.to_string())?;
        let heap = Heap { sbrks, end: end as u64, limit: limit as u64 };
        let adapted =
            StandardProgram::new(read_only, read_write.to_vec(), pages, ZONE as u32, code);
        let blob = adapted.map_err(|error| error.to_string())?.encode();
        let (at, stack_end) = ((stack_end + GAP) as u32, stack_end as u32);
        let moved = Moved::new(program, arguments, at, stack_end);
        Ok(Self { blob, arguments: at, moved, heap })
    }

    fn registers(&self, arguments: &[u8]) -> [u64; 13] {
        StandardProgram::registers(arguments.len() as u64).map(|value| self.moved.to_engine(value))
    }
}

/// A machine of javm's.
pub struct Running<M> {
    machine: M,
    moved: Moved,
    heap: Heap,
}

impl Peer for Interpreter {
    type Program = Program;
    type Module = ();
    type Machine = Running<Pvm>;

    fn adapt(&self, program: &StandardProgram, arguments: usize) -> Result<Program, String> {
        Program::new(program, arguments)
    }

    fn compile(&self, _: &Program) -> Result<(), String> {
        Ok(())
    }

    fn instantiate(
        &self,
        (): &(),
        program: &Program,
        arguments: &[u8],
    ) -> Result<Running<Pvm>, String> {
        let machine = program::initialize_program(&program.blob, &[], PLENTY);
        let mut machine = machine.ok_or("refused")?;
        machine.registers = program.registers(arguments);
        let at = program.arguments as usize;
        machine.flat_mem[at..at + arguments.len()].copy_from_slice(arguments);
        Ok(Running { machine, moved: program.moved, heap: program.heap.clone() })
    }

    fn compile_all(&self, program: &Program) -> Result<(), String> {
        self.instantiate(&(), program, &[]).map(drop)
    }
}

impl Peer for Recompiler {
    type Program = Program;
    type Module = ();
    type Machine = Running<RecompiledPvm>;

    fn adapt(&self, program: &StandardProgram, arguments: usize) -> Result<Program, String> {
        Program::new(program, arguments)
    }

    fn compile(&self, _: &Program) -> Result<(), String> {
        Ok(())
    }

    fn instantiate(
        &self,
        (): &(),
        program: &Program,
        arguments: &[u8],
    ) -> Result<Running<RecompiledPvm>, String> {
        let machine = initialize_program_recompiled(&program.blob, &[], PLENTY);
        let mut machine = machine.ok_or("refused")?;
        *machine.registers_mut() = program.registers(arguments);
        if !machine.write_bytes(program.arguments, arguments) {
            return Err("no room for arguments".to_owned());
        }
        Ok(Running { machine, moved: program.moved, heap: program.heap.clone() })
    }

    fn compile_all(&self, program: &Program) -> Result<(), String> {
        self.instantiate(&(), program, &[]).map(drop)
    }
}

fn stop_of(reason: ExitReason) -> Stop {
    match reason {
        ExitReason::Halt => Stop::Halt,
        ExitReason::Panic | ExitReason::PageFault(_) => Stop::Panic,
        ExitReason::OutOfGas => Stop::OutOfGas,
        ExitReason::HostCall(number) => Stop::HostCall(number.into()),
    }
}

impl Machine for Running<Pvm> {
    fn start(&mut self, pc: u64, _: u64) {
        self.machine.pc = pc as u32;
    }

    fn run(&mut self) -> Stop {
        loop {
            match stop_of(self.machine.run().0) {
                Stop::HostCall(number) => match self.heap.sbrks.operands(number as u32) {
                    Some((to, from)) => {
                        let start = self.heap.grow(self.machine.registers[from]);
                        self.machine.registers[to] = start;
                    }
                    None => return Stop::HostCall(number),
                },
                stop => return stop,
            }
        }
    }

    /// javm is past the call already.
    fn skip_host_call(&mut self) {}

    fn pc(&self) -> Option<u64> {
        None
    }

    fn gas(&self) -> u64 {
        self.machine.gas
    }

    fn set_gas(&mut self, _: u64) {}

    fn reg(&self, reg: usize) -> u64 {
        self.moved.to_paper(self.machine.registers[reg])
    }

    fn set_reg(&mut self, reg: usize, value: u64) {
        self.machine.registers[reg] = self.moved.to_engine(value);
    }

    fn write(&mut self, address: u64, octets: &[u8]) {
        let at = self.moved.to_engine(address) as usize;
        self.machine.flat_mem[at..at + octets.len()].copy_from_slice(octets);
    }

    fn read_u64(&mut self, address: u64) -> Option<u64> {
        let at = self.moved.to_engine(address) as usize;
        let octets = self.machine.flat_mem.get(at..at + 8)?;
        octets.try_into().ok().map(u64::from_le_bytes)
    }
}

impl Machine for Running<RecompiledPvm> {
    fn start(&mut self, pc: u64, _: u64) {
        self.machine.set_pc(pc as u32);
    }

    fn run(&mut self) -> Stop {
        loop {
            match stop_of(self.machine.run()) {
                Stop::HostCall(number) => match self.heap.sbrks.operands(number as u32) {
                    Some((to, from)) => {
                        let start = self.heap.grow(self.machine.registers()[from]);
                        self.machine.registers_mut()[to] = start;
                    }
                    None => return Stop::HostCall(number),
                },
                stop => return stop,
            }
        }
    }

    /// javm is past the call already.
    fn skip_host_call(&mut self) {}

    fn pc(&self) -> Option<u64> {
        None
    }

    fn gas(&self) -> u64 {
        self.machine.gas()
    }

    fn set_gas(&mut self, _: u64) {}

    fn reg(&self, reg: usize) -> u64 {
        self.moved.to_paper(self.machine.registers()[reg])
    }

    fn set_reg(&mut self, reg: usize, value: u64) {
        self.machine.set_register(reg, self.moved.to_engine(value));
    }

    fn write(&mut self, address: u64, octets: &[u8]) {
        let at = self.moved.to_engine(address) as u32;
        assert!(self.machine.write_bytes(at, octets), "writable");
    }

    fn read_u64(&mut self, address: u64) -> Option<u64> {
        let at = self.moved.to_engine(address) as u32;
        self.machine.read_bytes(at, 8)?.try_into().ok().map(u64::from_le_bytes)
    }
}
