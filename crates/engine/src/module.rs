//! Programs made ready to run.

use std::sync::Arc;

use jambox_isa::operands::NoOperands;
use jambox_isa::{Instruction, InstructionSet};
use jambox_program::ProgramBlob;

use crate::{Engine, EngineError, Exit, GasModel};

/// The dynamic jump address that ends a run regularly (0.7.2, `eq:jumptablealignment`).
const HALT_ADDRESS: u32 = 0xffff_0000;

/// The distance between dynamic jump addresses of neighbouring jump-table entries
/// (`Cpvmdynaddralign`).
const JUMP_ALIGNMENT: u32 = 2;

/// A program made ready to run by instances of one [`Engine`]. Cheap to clone; instances and
/// threads share what was decoded.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    program: ProgramBlob,
}

impl Module {
    /// Makes a program ready. Code is decoded when it is first reached.
    ///
    /// # Errors
    /// None for now; backends may refuse a program that is too large for them.
    pub fn new(engine: &Engine, program: ProgramBlob) -> Result<Self, EngineError> {
        Ok(Self { inner: Arc::new(Inner { engine: engine.clone(), program }) })
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

    /// Whether a basic block starts at a position.
    #[must_use]
    pub fn is_block_start(&self, pc: u64) -> bool {
        u32::try_from(pc).is_ok_and(|pc| self.program().is_block_start(self.set(), pc))
    }

    pub(crate) fn gas_model(&self) -> GasModel {
        self.inner.engine.gas_model()
    }

    /// Where a dynamic jump to `address` leads, or how it ends the run (0.7.2,
    /// `eq:jumptablealignment`).
    pub(crate) fn resolve_jump(&self, address: u32) -> Result<u32, Exit> {
        if address == HALT_ADDRESS {
            return Err(Exit::Halt);
        }
        if !address.is_multiple_of(JUMP_ALIGNMENT) {
            return Err(Exit::Panic);
        }
        let index = (address / JUMP_ALIGNMENT).checked_sub(1).ok_or(Exit::Panic)?;
        let target = self.program().jump_table().get(u64::from(index)).ok_or(Exit::Panic)?;
        if !self.is_block_start(target) {
            return Err(Exit::Panic);
        }
        u32::try_from(target).map_err(|_| Exit::Panic)
    }

    fn set(&self) -> InstructionSet {
        self.inner.engine.instruction_set()
    }
}
