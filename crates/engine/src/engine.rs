//! Engines: what modules have in common.

use std::sync::Arc;

use jambox_isa::{InstructionSet, Revision};

use crate::{EngineError, GasModel};

/// How an [`Engine`] executes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The revision of the paper whose machine this is.
    pub revision: Revision,
    /// What executes programs. All backends give the same results.
    pub backend: Backend,
}

/// What executes programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Predecoded instructions, interpreted.
    #[default]
    Interpreter,
    /// The exact interpreter that inspected runs use, for everything. Slow: an oracle for tests.
    Stepper,
}

/// A configuration that modules are made for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    set: InstructionSet,
    gas_model: GasModel,
}

impl Engine {
    /// An engine of this configuration.
    ///
    /// # Errors
    /// When the engine cannot execute the revision.
    pub fn new(config: Config) -> Result<Self, EngineError> {
        let revision = config.revision;
        let gas_model = GasModel::of(revision).ok_or(EngineError::UnsupportedRevision(revision))?;
        let set = InstructionSet::of(revision);
        Ok(Self { inner: Arc::new(Inner { config, set, gas_model }) })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> Config {
        self.inner.config
    }

    /// The instructions that the revision has.
    #[must_use]
    pub fn instruction_set(&self) -> InstructionSet {
        self.inner.set
    }

    /// How the revision charges gas.
    #[must_use]
    pub fn gas_model(&self) -> GasModel {
        self.inner.gas_model
    }
}
