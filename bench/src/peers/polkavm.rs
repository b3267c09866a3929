//! polkavm, set up to run Gray Paper programs. Compiled once for each version: the module that
//! this file is in says which `polkavm` that is, and how to `translate` code for it.
//!
//! Its instruction set JamV1 has the paper's opcodes, and `code_and_jump_table` is the paper's
//! blob octet for octet. A standard program's memory is mapped by hand: read-only data, read-write
//! data with the heap pages, and a stack whose upper end holds the arguments. Its own area for
//! arguments ("auxiliary data") is not used: at the paper's size it is cleared for every instance,
//! and in-process its 4,096 pages change protection twice at every host call.

use jambox_isa::Revision;
use jambox_program::StandardProgram;

use super::polkavm::program::InstructionSetKind;
use super::polkavm::{
    BackendKind, Config, Engine, GasMeteringKind, InterruptKind, Module, ModuleConfig,
    ProgramBlob as Blob, ProgramCounter, ProgramParts, RawInstance, Reg, SandboxKind,
};
use super::{cost_model, translate};
use crate::engines::Kind;
use crate::machine::{Machine, Moved, Peer, Stop};
use crate::translate::{Sbrks, Translated};

/// Polkavm's way of running programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Interpreted, gas taken at every instruction: exact.
    Interpreter,
    /// Interpreted, gas taken for a block at its start.
    Blockwise,
    /// Recompiled, run in this process, which it calls experimental; gas by block.
    InProcess,
    /// Recompiled, run in a worker process; gas by block.
    Worker,
}

impl Mode {
    /// The kind of engine.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Interpreter | Self::Blockwise => Kind::Interpreter,
            Self::InProcess | Self::Worker => Kind::Recompiler,
        }
    }
}

/// An engine of polkavm's.
pub struct Polkavm {
    engine: Engine,
    mode: Mode,
    revision: Revision,
}

impl Polkavm {
    /// # Errors
    /// When the platform cannot run it this way.
    pub fn new(mode: Mode, revision: Revision) -> Result<Self, String> {
        let mut config = Config::new();
        config.set_allow_experimental(true);
        let (backend, sandbox) = match mode {
            Mode::Interpreter | Mode::Blockwise => (BackendKind::Interpreter, None),
            Mode::InProcess => (BackendKind::Compiler, Some(SandboxKind::Generic)),
            Mode::Worker => (BackendKind::Compiler, Some(SandboxKind::Linux)),
        };
        config.set_backend(Some(backend)).set_sandbox(sandbox);
        let engine = Engine::new(&config).map_err(|error| error.to_string())?;
        Ok(Self { engine, mode, revision })
    }
}

/// A program in polkavm's form.
pub struct Program {
    parts: ProgramParts,
    /// The address of the arguments.
    arguments: u32,
    moved: Moved,
    sbrks: Sbrks,
}

const PAGE: usize = 4096;

/// Octets between the stack and the arguments, so that no address is of both.
const GAP: usize = 64;

/// The end of polkavm's stack when there is no area for arguments.
const STACK_END: u32 = 0xfffe_0000;

impl Peer for Polkavm {
    type Program = Program;
    type Module = Module;
    type Machine = Running;

    fn adapt(&self, program: &StandardProgram, arguments: usize) -> Result<Program, String> {
        let layout = program.layout(arguments as u64).ok_or("arguments too long")?;
        let above = if arguments == 0 { 0 } else { (GAP + arguments).next_multiple_of(PAGE) };
        let above = above as u32;
        let mut parts = ProgramParts::empty(InstructionSetKind::JamV1);
        parts.ro_data_size = layout.read_only.len() as u32;
        parts.rw_data_size = layout.read_write.len() as u32;
        parts.stack_size = layout.stack.len() as u32 + above;
        parts.ro_data = program.read_only().to_vec().into();
        parts.rw_data = program.read_write().to_vec().into();
        let Translated { code, sbrks } = translate(program)?;
        parts.code_and_jump_table = code.into();
        let end = STACK_END - above;
        let at = end + GAP as u32;
        let moved = Moved::new(program, arguments, at, end);
        Ok(Program { parts, arguments: at, moved, sbrks })
    }

    fn compile(&self, program: &Program) -> Result<Module, String> {
        let blob = Blob::from_parts(program.parts.clone()).map_err(|error| error.to_string())?;
        let mut config = ModuleConfig::new();
        config.set_gas_metering(Some(GasMeteringKind::Sync));
        config.set_cost_model(cost_model(self.revision));
        config.set_per_instruction_metering(self.mode == Mode::Interpreter);
        let module =
            Module::from_blob(&self.engine, &config, blob).map_err(|error| error.to_string())?;
        assert_eq!(module.memory_map().stack_address_high(), STACK_END);
        Ok(module)
    }

    fn instantiate(
        &self,
        module: &Module,
        program: &Program,
        arguments: &[u8],
    ) -> Result<Running, String> {
        let mut instance = module.instantiate().map_err(|error| error.to_string())?;
        if !arguments.is_empty() {
            let written = instance.write_memory(program.arguments, arguments);
            written.map_err(|error| error.to_string())?;
        }
        let sbrks = program.sbrks.clone();
        let mut running = Running { instance, moved: program.moved, sbrks };
        let regs = StandardProgram::registers(arguments.len() as u64);
        for (reg, value) in regs.into_iter().enumerate() {
            running.set_reg(reg, value);
        }
        Ok(running)
    }

    fn compile_all(&self, program: &Program) -> Result<(), String> {
        match self.mode.kind() {
            // It decodes what it reaches, for each instance.
            Kind::Interpreter => Err("lazy".to_owned()),
            _ => self.compile(program).map(drop),
        }
    }
}

/// The registers in the paper's order.
const REGS: [Reg; 13] = [
    Reg::RA,
    Reg::SP,
    Reg::T0,
    Reg::T1,
    Reg::T2,
    Reg::S0,
    Reg::S1,
    Reg::A0,
    Reg::A1,
    Reg::A2,
    Reg::A3,
    Reg::A4,
    Reg::A5,
];

/// A machine of polkavm's.
pub struct Running {
    instance: RawInstance,
    moved: Moved,
    sbrks: Sbrks,
}

impl Running {
    /// Grows the heap, as an `sbrk` with these operands would.
    #[cold]
    fn grow_heap(&mut self, (to, from): (usize, usize)) {
        let size = u32::try_from(self.instance.reg(REGS[from])).ok();
        let end = size.and_then(|size| Some(self.instance.sbrk(size).ok()?? - size));
        self.instance.set_reg(REGS[to], u64::from(end.unwrap_or(0)));
    }
}

impl Machine for Running {
    fn start(&mut self, pc: u64, gas: u64) {
        self.instance.set_next_program_counter(ProgramCounter(pc as u32));
        self.set_gas(gas);
    }

    fn run(&mut self) -> Stop {
        loop {
            return match self.instance.run().expect("polkavm runs") {
                InterruptKind::Ecalli(number) => match self.sbrks.operands(number) {
                    Some(operands) => {
                        self.grow_heap(operands);
                        continue;
                    }
                    None => Stop::HostCall(u64::from(number)),
                },
                InterruptKind::Finished => Stop::Halt,
                InterruptKind::NotEnoughGas => Stop::OutOfGas,
                InterruptKind::Trap | InterruptKind::Segfault(_) | InterruptKind::Step => {
                    Stop::Panic
                }
            };
        }
    }

    /// polkavm is past the call already.
    fn skip_host_call(&mut self) {}

    fn pc(&self) -> Option<u64> {
        self.instance.program_counter().map(|pc| u64::from(pc.0))
    }

    fn gas(&self) -> u64 {
        self.instance.gas().max(0) as u64
    }

    fn set_gas(&mut self, gas: u64) {
        self.instance.set_gas(gas as i64);
    }

    fn reg(&self, reg: usize) -> u64 {
        self.moved.to_paper(self.instance.reg(REGS[reg]))
    }

    fn set_reg(&mut self, reg: usize, value: u64) {
        self.instance.set_reg(REGS[reg], self.moved.to_engine(value));
    }

    fn write(&mut self, address: u64, octets: &[u8]) {
        let address = self.moved.to_engine(address) as u32;
        self.instance.write_memory(address, octets).expect("writable");
    }

    fn read_u64(&mut self, address: u64) -> Option<u64> {
        let address = u32::try_from(self.moved.to_engine(address)).ok()?;
        self.instance.read_u64(address).ok()
    }
}
