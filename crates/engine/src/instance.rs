//! Instances: one machine's registers, position, gas and memory.

use jambox_isa::Reg;

use crate::interpreter::State;
#[cfg(native)]
use crate::tiers::Resume;
use crate::{EngineError, Memory, Module};

/// One machine: a [`Module`] with registers, a position in the code, gas and memory.
///
/// After every exit the state is the one the paper says, with two liberties: `pc` is always that of
/// the instruction that caused the exit (the paper makes it 0 after a halt or a panic), and gas
/// never shows below 0. A run can therefore always be resumed: after a host call with
/// [`skip_host_call`](Self::skip_host_call), after a page fault once the page is accessible, after
/// running out of gas with more gas.
///
/// ```
/// use jambox_engine::{Access, Config, Engine, Exit, Instance, Module, Revision};
/// use jambox_program::ProgramBlob;
///
/// let engine = Engine::new(Config::default().with_revision(Revision::GrayPaper080))?;
/// // store_u8 r7, 0x20000; trap: no jump table, six octets of code, two instructions.
/// let blob = ProgramBlob::parse(&[0, 0, 6, 59, 7, 0, 0, 2, 0, 0b10_0001])?;
/// let mut instance = Instance::new(&Module::new(&engine, blob)?)?;
/// instance.set_reg(jambox_isa::Reg::R7, 9);
/// assert_eq!(instance.run(), Exit::OutOfGas);
///
/// instance.set_gas(1000);
/// assert_eq!(instance.run(), Exit::PageFault(0x2_0000));
///
/// instance.memory_mut().set_access(0x20, 1, Access::ReadWrite);
/// assert_eq!(instance.run(), Exit::Panic); // the trap
/// assert_eq!((instance.pc(), instance.memory().read(0x2_0000, 1)?), (5, vec![9]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Instance {
    pub(crate) module: Module,
    pub(crate) state: State,
    pub(crate) gas: u64,
    /// True if the instruction at pc is paid. While backends run, only set when they stop.
    pub(crate) is_charged: bool,
    pub(crate) memory: Memory,
    /// The place at which native code goes on, if it was left for a host call.
    #[cfg(native)]
    pub(crate) resume: Option<Resume>,
    /// Gas used in native code that the module does not know of yet.
    #[cfg(native)]
    pub(crate) heat: u64,
}

/// The parts of an [`Instance`] that a host call may read and change.
pub struct Parts<'a> {
    /// The registers.
    pub regs: &'a mut [u64; 13],
    /// The gas left.
    pub gas: &'a mut u64,
    /// The memory.
    pub memory: &'a mut Memory,
}

impl Instance {
    /// An instance with empty memory, all registers, pc and gas 0. Programs that start with data,
    /// a stack and arguments are made by [`StandardModule::instance`](crate::StandardModule).
    ///
    /// # Errors
    /// None at present; a backend may lack resources.
    pub fn new(module: &Module) -> Result<Self, EngineError> {
        let memory = Memory::of(module.engine().pool());
        Ok(Self {
            module: module.clone(),
            state: State::new(),
            gas: 0,
            is_charged: false,
            memory,
            #[cfg(native)]
            resume: None,
            #[cfg(native)]
            heat: 0,
        })
    }

    /// The position of the next instruction; after an exit, of the one that caused it.
    #[must_use]
    pub fn pc(&self) -> u64 {
        self.state.pc
    }

    /// Sets the position of the next instruction. Any is legal: where no instruction starts, the
    /// next run panics.
    pub fn set_pc(&mut self, pc: u64) {
        self.state.pc = pc;
    }

    /// The position after the instruction at [`pc`](Self::pc).
    #[must_use]
    pub fn next_pc(&self) -> u64 {
        self.module.next_pc(self.state.pc)
    }

    /// Moves past the instruction at [`pc`](Self::pc). After
    /// [`Exit::HostCall`](crate::Exit::HostCall) it is the `ecalli` that was served.
    pub fn skip_host_call(&mut self) {
        #[cfg(native)]
        if let Some(resume) = self.resume.as_ref().filter(|resume| resume.call == self.state.pc) {
            self.state.pc = resume.pc;
            return;
        }
        self.state.pc = self.next_pc();
    }

    /// The gas left; 0 when it ran out.
    #[must_use]
    pub fn gas(&self) -> u64 {
        self.gas
    }

    /// Sets the gas left.
    pub fn set_gas(&mut self, gas: u64) {
        self.gas = gas;
    }

    /// True if the instruction at [`pc`](Self::pc) is paid: the charged flag of the machine's state
    /// (0.8.0, appendix A.1). False at first.
    ///
    /// No run leaves it set under a revision that charges each instruction by itself (0.7.2).
    #[must_use]
    pub fn is_charged(&self) -> bool {
        self.is_charged
    }

    /// Sets the charged flag: what is paid is run without taking any gas, up to where a run pays
    /// again.
    pub fn set_charged(&mut self, is_charged: bool) {
        self.is_charged = is_charged;
    }

    /// True if the charged flag is as any run has it at this pc. Only then can other backends than
    /// the stepper go on.
    #[inline]
    pub(crate) fn is_regular(&self) -> bool {
        self.is_charged != self.module.is_due(self.state.pc)
    }

    /// Notes that a run stopped before the instruction at pc, having paid for none there.
    #[inline]
    pub(crate) fn set_regular(&mut self) {
        self.is_charged = !self.module.is_due(self.state.pc);
    }

    /// The registers.
    #[must_use]
    pub fn regs(&self) -> &[u64; 13] {
        &self.state.regs
    }

    /// The registers, to change.
    pub fn regs_mut(&mut self) -> &mut [u64; 13] {
        &mut self.state.regs
    }

    /// One register.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a Reg is below 13")]
    pub fn reg(&self, reg: Reg) -> u64 {
        self.state.regs[reg.index()]
    }

    /// Sets one register.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a Reg is below 13")]
    pub fn set_reg(&mut self, reg: Reg, value: u64) {
        self.state.regs[reg.index()] = value;
    }

    /// The memory.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The memory, to change.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Registers, gas and memory at once, to serve a host call from.
    pub fn parts_mut(&mut self) -> Parts<'_> {
        Parts { regs: &mut self.state.regs, gas: &mut self.gas, memory: &mut self.memory }
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }
}
