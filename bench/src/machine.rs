//! The engines under comparison, behind one interface.

use jambox_engine::{Config, Engine, Exit, Instance, Module};
use jambox_program::{ProgramBlob, StandardProgram};

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Halt,
    Panic,
    OutOfGas,
    HostCall(u64),
}

/// An engine: makes modules of programs.
pub trait Peer {
    type Module;
    type Machine: Machine;

    /// Makes a program ready to run.
    fn compile(&self, program: &StandardProgram) -> Self::Module;

    /// A machine at the start of the program.
    fn instantiate(
        &self,
        module: &Self::Module,
        program: &StandardProgram,
        arguments: &[u8],
    ) -> Self::Machine;
}

/// A machine that runs between host calls.
pub trait Machine {
    fn start(&mut self, pc: u64, gas: u64);
    fn run(&mut self) -> Stop;
    /// Goes on after a host call.
    fn skip_host_call(&mut self);
    fn pc(&self) -> Option<u64>;
    fn gas(&self) -> u64;
    fn set_gas(&mut self, gas: u64);
    fn reg(&self, reg: usize) -> u64;
    fn set_reg(&mut self, reg: usize, value: u64);
    fn write(&mut self, address: u64, octets: &[u8]);
    fn read_u64(&self, address: u64) -> Option<u64>;
}

/// This project's engine.
pub struct Ours(Engine);

impl Ours {
    pub fn new(config: Config) -> Self {
        Self(Engine::new(config).expect("a configuration that exists"))
    }
}

impl Peer for Ours {
    type Module = Module;
    type Machine = Instance;

    fn compile(&self, program: &StandardProgram) -> Module {
        let code = ProgramBlob::parse(program.code()).expect("a program");
        Module::new(&self.0, code).expect("a module")
    }

    fn instantiate(
        &self,
        module: &Module,
        program: &StandardProgram,
        arguments: &[u8],
    ) -> Instance {
        Instance::standard(module, program, arguments).expect("an instance")
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

    fn read_u64(&self, address: u64) -> Option<u64> {
        self.memory().read_array(address).ok().map(u64::from_le_bytes)
    }
}
