//! Engines: what modules have in common.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use jambox_isa::{InstructionSet, Revision};
use jambox_program::GasPlan;
use jambox_sandbox::{Pool, PoolLimits};

use crate::{EngineError, EngineErrorKind};

/// Configuration of an [`Engine`]: the revision and the backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Config {
    /// The revision of the paper whose machine this is.
    pub revision: Revision,
    /// The backend that executes programs. All backends give the same results.
    pub backend: Backend,
}

/// Means of executing programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// Predecoded instructions, interpreted.
    Interpreter,
    /// The same, with control passed from op to op by a loop, as it is on targets where it cannot
    /// be passed by jumps. For tests.
    #[doc(hidden)]
    LoopedInterpreter,
    /// The exact interpreter that inspected runs use, for everything. Slow: an oracle for tests.
    Stepper,
    /// Native code for whatever is reached. Making an engine fails where the platform cannot run
    /// native code.
    Recompiler,
    /// Native code for all code that is reached, and traces for code that runs long once the
    /// instances of a module have used this much gas; [`Recompiler`](Self::Recompiler) with another
    /// threshold than the one that measured best. For tests.
    Traces {
        /// Gas used in all by the instances of a module before it is made anew.
        threshold: u64,
    },
    /// The interpreter while a program is new, native code once its instances have used this much
    /// gas. Where the platform cannot run native code, the interpreter for everything.
    Auto {
        /// Gas used in all by the instances of a module before it moves over.
        threshold: u64,
    },
}

impl Backend {
    /// [`Auto`](Self::Auto) with the threshold that measured best.
    pub const AUTO: Self = Self::Auto { threshold: 0 };

    /// The backends that a person may choose, as they are written.
    pub const NAMES: [&'static str; 4] = ["auto", "interpreter", "recompiler", "stepper"];

    /// Every backend that can execute programs here, [`Auto`](Self::Auto) and
    /// [`Traces`](Self::Traces) with small thresholds: for tests, which have to give the same on
    /// each.
    #[must_use]
    pub fn all_here() -> Vec<Self> {
        let mut all = vec![Self::Stepper, Self::LoopedInterpreter, Self::Interpreter];
        if no_native_code().is_none() {
            all.extend([
                Self::Recompiler,
                Self::Traces { threshold: 0 },
                Self::Auto { threshold: 0 },
                Self::Auto { threshold: 1 },
            ]);
        }
        all
    }
}

impl Default for Backend {
    /// [`AUTO`](Self::AUTO).
    fn default() -> Self {
        Self::AUTO
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Interpreter => "interpreter",
            Self::LoopedInterpreter => "looped-interpreter",
            Self::Stepper => "stepper",
            Self::Recompiler => "recompiler",
            Self::Traces { .. } => "traces",
            Self::Auto { .. } => "auto",
        })
    }
}

/// A name that is no [`Backend`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown backend: expected auto, interpreter, recompiler or stepper")]
pub struct UnknownBackend;

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::AUTO),
            "interpreter" => Ok(Self::Interpreter),
            "recompiler" => Ok(Self::Recompiler),
            "stepper" => Ok(Self::Stepper),
            _ => Err(UnknownBackend),
        }
    }
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
    no_native_code: Option<String>,
    pool: Arc<Pool>,
}

impl Engine {
    /// An engine of this configuration.
    ///
    /// # Errors
    /// When the backend needs what the platform lacks.
    pub fn new(config: Config) -> Result<Self, EngineError> {
        let set = InstructionSet::of(config.revision);
        let no_native_code = match config.backend {
            Backend::Recompiler | Backend::Traces { .. } | Backend::Auto { .. } => no_native_code(),
            Backend::Interpreter | Backend::LoopedInterpreter | Backend::Stepper => None,
        };
        if let (Backend::Recompiler | Backend::Traces { .. }, Some(reason)) =
            (config.backend, &no_native_code)
        {
            return Err(EngineErrorKind::NoNativeCode { reason: reason.clone() }.into());
        }
        let pool = Pool::new(PoolLimits::default());
        Ok(Self { inner: Arc::new(Inner { config, set, no_native_code, pool }) })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> Config {
        self.inner.config
    }

    /// The reason why [`Backend::Auto`] interprets everything here; `None` if it does not.
    #[must_use]
    pub fn no_native_code(&self) -> Option<&str> {
        self.inner.no_native_code.as_deref()
    }

    /// The instructions that the revision has.
    #[must_use]
    pub fn instruction_set(&self) -> InstructionSet {
        self.inner.set
    }

    /// The pool that the memories of instances are of.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.inner.pool
    }

    /// The revision's way of charging gas.
    #[must_use]
    pub fn gas_plan(&self) -> GasPlan {
        GasPlan::of(self.inner.set)
    }
}

/// The reason why this platform cannot run native code; `None` if it can.
fn no_native_code() -> Option<String> {
    #[cfg(native)]
    return jambox_sandbox::native::prepare().err().map(|reason| reason.to_string());
    #[cfg(not(native))]
    Some("this build has none".to_string())
}
