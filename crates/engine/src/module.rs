//! Programs made ready to run.

use std::sync::Arc;

use jambox_isa::operands::NoOperands;
use jambox_isa::{Instruction, InstructionSet};
use jambox_program::{CodeRules, GasPlan, Jump, ProgramBlob};

use crate::gas::Costs;
use crate::interpreter::Interpreted;
#[cfg(native)]
use crate::tiers::{HOT, Tiered};
use crate::{Backend, Engine, EngineError, EngineErrorKind, Exit};

/// A program made ready to run by instances of one [`Engine`]. Cheap to clone; instances and
/// threads share what was decoded.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    program: ProgramBlob,
    costs: Costs,
    code: Code,
}

/// The program as a backend has it.
enum Code {
    Interpreted(Interpreted),
    #[cfg(native)]
    Native(Box<Tiered>),
}

impl Code {
    fn new(engine: &Engine, program: &ProgramBlob) -> Self {
        Self::Interpreted(match engine.config().backend {
            Backend::Stepper => Interpreted::Stepped,
            Backend::LoopedInterpreter => Interpreted::looped(program, engine.instruction_set()),
            #[cfg(native)]
            Backend::Recompiler => return Self::Native(Box::new(Tiered::new(0, HOT))),
            #[cfg(native)]
            Backend::Traces { threshold } => {
                return Self::Native(Box::new(Tiered::new(0, threshold)));
            }
            #[cfg(native)]
            Backend::Auto { threshold } if engine.no_native_code().is_none() => {
                return Self::Native(Box::new(Tiered::new(threshold, HOT)));
            }
            _ => Interpreted::new(program, engine.instruction_set()),
        })
    }
}

impl Module {
    /// Makes a program ready. Code is decoded when it is first reached.
    ///
    /// # Errors
    /// When the engine's revision validates programs as a whole and this one is not valid. To run
    /// such a program is to panic at once, without any use of gas.
    pub fn new(engine: &Engine, program: ProgramBlob) -> Result<Self, EngineError> {
        let set = engine.instruction_set();
        program.validate(set).map_err(|reason| EngineErrorKind::InvalidProgram {
            revision: set.revision(),
            reason,
        })?;
        let code = Code::new(engine, &program);
        let costs = Costs::new(engine.gas_plan());
        Ok(Self { inner: Arc::new(Inner { engine: engine.clone(), program, costs, code }) })
    }

    /// The engine that this module is for.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &ProgramBlob {
        &self.inner.program
    }

    /// Octets of native code made of the program so far.
    #[must_use]
    pub fn native_octets(&self) -> usize {
        match &self.inner.code {
            #[cfg(native)]
            Code::Native(tiered) => tiered.usage().octets,
            _ => 0,
        }
    }

    /// The instruction that runs at a position: a `trap` wherever no valid instruction starts, as
    /// anywhere beyond the code (0.7.2, `sec:instructiontables`).
    #[must_use]
    pub fn instruction_at(&self, pc: u64) -> Instruction {
        match u32::try_from(pc) {
            Ok(pc) => self.program().instruction(self.set(), pc).instruction,
            Err(_) => Instruction::Trap(NoOperands {}),
        }
    }

    /// The position after the instruction at `pc`.
    #[must_use]
    pub fn next_pc(&self, pc: u64) -> u64 {
        let skip = u32::try_from(pc).map_or(0, |pc| self.program().skip(pc));
        pc.saturating_add(1 + u64::from(skip))
    }

    /// True if a basic block starts at a position.
    #[must_use]
    pub fn is_block_start(&self, pc: u64) -> bool {
        u32::try_from(pc).is_ok_and(|pc| self.program().is_block_start(self.set(), pc))
    }

    /// Gas charged when control passes from another instruction to `pc`; 0 if none is due.
    /// Computed once and remembered.
    #[must_use]
    pub fn cost_at(&self, pc: u64) -> u32 {
        u32::try_from(pc).map_or(0, |pc| self.inner.costs.at(self.program(), pc))
    }

    /// The revision's way of charging gas for code.
    #[inline]
    pub(crate) fn gas_plan(&self) -> GasPlan {
        self.inner.costs.plan()
    }

    /// Gas that a run pays when it begins at `pc` without having paid for it.
    pub(crate) fn entry_cost(&self, pc: u64) -> u32 {
        let payer = u32::try_from(pc).ok().and_then(|pc| self.gas_plan().payer(self.program(), pc));
        // Beyond 2^32 there is no code, only the `trap`s of revisions that know no invalid place.
        let flat = self.gas_plan().flat_cost().unwrap_or(0);
        payer.map_or(flat, |pc| self.inner.costs.at(self.program(), pc))
    }

    /// True if a run that comes to `pc` has anything to pay there.
    #[inline]
    pub(crate) fn is_due(&self, pc: u64) -> bool {
        let plan = self.gas_plan();
        plan.flat_cost().is_some()
            || u32::try_from(pc).is_ok_and(|pc| plan.is_due(self.program(), pc))
    }

    /// True if a run may begin at `pc`.
    pub(crate) fn is_entry(&self, pc: u64) -> bool {
        self.program().validate_entry(self.set(), pc).is_ok()
    }

    /// The native code, if the backend has any.
    #[cfg(native)]
    #[inline]
    pub(crate) fn tiered(&self) -> Option<&Tiered> {
        match &self.inner.code {
            Code::Native(tiered) => Some(tiered),
            _ => None,
        }
    }

    /// The program for an interpreter; of a module with native code, it is made when it is needed.
    #[inline]
    pub(crate) fn interpreted(&self) -> &Interpreted {
        match &self.inner.code {
            Code::Interpreted(interpreted) => interpreted,
            #[cfg(native)]
            Code::Native(tiered) => {
                let make = || Interpreted::new(self.program(), self.set());
                tiered.interpreted.get_or_init(make)
            }
        }
    }

    /// The target of a dynamic jump to `address`, or the exit with which it ends the run.
    pub(crate) fn resolve_jump(&self, address: u32) -> Result<u32, Exit> {
        match self.program().resolve_jump(self.set(), address) {
            Jump::To(target) => Ok(target),
            Jump::Halt => Err(Exit::Halt),
            Jump::Nowhere => Err(Exit::Panic),
        }
    }

    /// The revision's rules of code.
    #[inline]
    pub(crate) fn rules(&self) -> &'static CodeRules {
        CodeRules::of(self.set().revision())
    }

    pub(crate) fn set(&self) -> InstructionSet {
        self.inner.engine.instruction_set()
    }
}
