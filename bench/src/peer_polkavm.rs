//! polkavm 0.30's interpreter, set up to run Gray Paper 0.7.2 programs.
//!
//! Its instruction set JamV1 has the paper's opcodes, and `code_and_jump_table` is the paper's
//! blob octet for octet. A standard program's memory is mapped by hand: read-only data, read-write
//! data with the heap pages, stack, and the 2^24 octets of arguments as "auxiliary data".

use jambox_program::StandardProgram;
use polkavm::program::InstructionSetKind;
use polkavm::{
    BackendKind, Config, Engine, GasMeteringKind, InterruptKind, MemoryProtection, Module,
    ModuleConfig, ProgramBlob as Blob, ProgramCounter, ProgramParts, RawInstance, Reg, SandboxKind,
};

use crate::machine::{Machine, Peer, Stop};

/// polkavm's interpreter with per-instruction gas, or its recompiler, which can only charge blocks.
pub struct Polkavm {
    engine: Engine,
    is_exact: bool,
}

impl Polkavm {
    pub fn new() -> Self {
        let mut config = Config::new();
        config.set_backend(Some(BackendKind::Interpreter));
        config.set_allow_experimental(true);
        let engine = Engine::new(&config).expect("an interpreter");
        Self { engine, is_exact: true }
    }

    /// Its recompiler in this process, which it calls experimental. It charges a whole block on
    /// entry, so its gas is not the paper's.
    pub fn recompiler() -> Result<Self, String> {
        let mut config = Config::new();
        config.set_backend(Some(BackendKind::Compiler));
        config.set_sandbox(Some(SandboxKind::Generic));
        config.set_allow_experimental(true);
        let engine = Engine::new(&config).map_err(|error| error.to_string())?;
        Ok(Self { engine, is_exact: false })
    }
}

impl Default for Polkavm {
    fn default() -> Self {
        Self::new()
    }
}

impl Peer for Polkavm {
    type Module = Module;
    type Machine = Running;

    fn compile(&self, program: &StandardProgram) -> Module {
        let layout = program.layout(0).expect("a layout");
        let mut parts = ProgramParts::empty(InstructionSetKind::JamV1);
        parts.ro_data_size = layout.read_only.len() as u32;
        parts.rw_data_size = layout.read_write.len() as u32;
        parts.stack_size = layout.stack.len() as u32;
        parts.ro_data = program.read_only().to_vec().into();
        parts.rw_data = program.read_write().to_vec().into();
        parts.code_and_jump_table = program.code().to_vec().into();
        let blob = Blob::from_parts(parts).expect("a polkavm blob");
        let mut config = ModuleConfig::new();
        config.set_aux_data_size(1 << 24);
        config.set_gas_metering(Some(GasMeteringKind::Sync));
        config.set_per_instruction_metering(self.is_exact);
        Module::from_blob(&self.engine, &config, blob).expect("a polkavm module")
    }

    fn instantiate(&self, module: &Module, program: &StandardProgram, arguments: &[u8]) -> Running {
        let _ = program;
        let mut instance = module.instantiate().expect("a polkavm instance");
        let aux = module.memory_map().aux_data_address();
        let length = arguments.len() as u32;
        instance.set_accessible_aux_size(length).expect("an argument area");
        if !arguments.is_empty() {
            instance.write_memory(aux, arguments).expect("a writable argument area");
        }
        let regs = StandardProgram::registers(u64::from(length));
        for (reg, value) in REGS.into_iter().zip(regs) {
            instance.set_reg(reg, value);
        }
        Running(instance)
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
pub struct Running(RawInstance);

impl Machine for Running {
    fn start(&mut self, pc: u64, gas: u64) {
        self.0.set_next_program_counter(ProgramCounter(pc as u32));
        self.set_gas(gas);
    }

    fn run(&mut self) -> Stop {
        match self.0.run().expect("polkavm runs") {
            InterruptKind::Finished => Stop::Halt,
            InterruptKind::Trap | InterruptKind::Segfault(_) | InterruptKind::Step => Stop::Panic,
            InterruptKind::Ecalli(number) => Stop::HostCall(u64::from(number)),
            InterruptKind::NotEnoughGas => Stop::OutOfGas,
        }
    }

    /// polkavm is past the call already.
    fn skip_host_call(&mut self) {}

    fn pc(&self) -> Option<u64> {
        self.0.program_counter().map(|pc| u64::from(pc.0))
    }

    fn gas(&self) -> u64 {
        self.0.gas().max(0) as u64
    }

    fn set_gas(&mut self, gas: u64) {
        self.0.set_gas(gas as i64);
    }

    fn reg(&self, reg: usize) -> u64 {
        self.0.reg(REGS[reg])
    }

    fn set_reg(&mut self, reg: usize, value: u64) {
        self.0.set_reg(REGS[reg], value);
    }

    fn write(&mut self, address: u64, octets: &[u8]) {
        let length = octets.len() as u32;
        let protection = MemoryProtection::ReadWrite;
        assert!(self.0.is_memory_accessible(address as u32, length, protection) || length == 0);
        self.0.write_memory(address as u32, octets).expect("writable");
    }

    fn read_u64(&self, address: u64) -> Option<u64> {
        self.0.read_u64(u32::try_from(address).ok()?).ok()
    }
}
