//! This project's engine.

use jambox_engine::{Backend, Config, Engine, Exit, Instance, Module};
use jambox_program::{ProgramBlob, StandardProgram};
use jambox_recompiler::Code;

use crate::machine::{Machine, Peer, Stop};

/// This project's engine.
pub struct Ours(Engine);

impl Ours {
    /// # Errors
    /// When the platform has no such backend.
    pub fn new(config: Config) -> Result<Self, String> {
        Engine::new(config).map(Self).map_err(|error| error.to_string())
    }
}

impl Peer for Ours {
    type Program = StandardProgram;
    type Module = Module;
    type Machine = Instance;

    fn adapt(&self, program: &StandardProgram, _: usize) -> Result<StandardProgram, String> {
        Ok(program.clone())
    }

    fn compile(&self, program: &StandardProgram) -> Result<Module, String> {
        let code = ProgramBlob::parse(program.code()).map_err(|error| error.to_string())?;
        Module::new(&self.0, code).map_err(|error| error.to_string())
    }

    fn instantiate(
        &self,
        module: &Module,
        program: &StandardProgram,
        arguments: &[u8],
    ) -> Result<Instance, String> {
        Instance::standard(module, program, arguments).map_err(|error| error.to_string())
    }

    /// Makes native code of every basic block. The interpreter decodes what it reaches and nothing
    /// else.
    fn compile_all(&self, program: &StandardProgram) -> Result<(), String> {
        if self.0.config().backend == Backend::Interpreter {
            return Err("lazy".to_owned());
        }
        let program = ProgramBlob::parse(program.code()).map_err(|error| error.to_string())?;
        let set = self.0.instruction_set();
        let blocks: Vec<_> = program.basic_blocks(set).map(|block| block.start).collect();
        let code = Code::new(program, set).map_err(|error| error.to_string())?;
        for pc in blocks {
            code.enter(pc).ok_or("a basic block without code")?;
        }
        Ok(())
    }
}

impl Machine for Instance {
    fn start(&mut self, pc: u64, gas: u64) {
        self.set_pc(pc);
        Instance::set_gas(self, gas);
    }

    fn run(&mut self) -> Stop {
        match Instance::run(self) {
            Exit::Halt => Stop::Halt,
            Exit::Panic | Exit::PageFault(_) => Stop::Panic,
            Exit::OutOfGas => Stop::OutOfGas,
            Exit::HostCall(number) => Stop::HostCall(number),
        }
    }

    fn skip_host_call(&mut self) {
        Instance::skip_host_call(self);
    }

    fn pc(&self) -> Option<u64> {
        Some(Instance::pc(self))
    }

    fn gas(&self) -> u64 {
        Instance::gas(self)
    }

    fn set_gas(&mut self, gas: u64) {
        Instance::set_gas(self, gas);
    }

    fn reg(&self, reg: usize) -> u64 {
        self.regs()[reg]
    }

    fn set_reg(&mut self, reg: usize, value: u64) {
        self.regs_mut()[reg] = value;
    }

    fn write(&mut self, address: u64, octets: &[u8]) {
        self.memory_mut().write(address, octets).expect("writable");
    }

    fn read_u64(&mut self, address: u64) -> Option<u64> {
        self.memory().read_array(address).ok().map(u64::from_le_bytes)
    }
}
