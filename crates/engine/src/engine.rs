//! Engines: configuration and resources that modules share.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use jambox_isa::{InstructionSet, Revision};
use jambox_program::GasPlan;
use jambox_sandbox::{Pool, PoolLimits, PoolUsage};

use crate::{EngineError, EngineErrorKind};

/// Configuration of an [`Engine`]: the revision, the backend, and the engine's share of the
/// process's resources, by default all of them.
///
/// ```
/// use jambox_engine::{Backend, Config, Engine, PoolLimits, Revision};
///
/// let config = Config::default()
///     .with_revision(Revision::GrayPaper080)
///     .with_backend(Backend::AUTO)
///     .with_pool(PoolLimits { memories: 200, spares: 20, ..PoolLimits::default() });
/// assert_eq!(Engine::new(config)?.config().pool.spares, 20);
///
/// let none = Config::default().with_pool(PoolLimits { memories: 0, ..PoolLimits::default() });
/// let error = Engine::new(none).expect_err("no memory at all").to_string();
/// assert_eq!(error, "the limit `memories` is 0: give it a value from 1 to 8192");
/// # Ok::<(), jambox_engine::EngineError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Config {
    /// The revision of the paper whose machine this is.
    pub revision: Revision,
    /// The backend that executes programs. All backends give the same results.
    pub backend: Backend,
    /// Limits of the memories and of the native code of everything that runs on the engine. Where
    /// one is reached, execution goes on in a slower way: in portable memories, or interpreted.
    pub pool: PoolLimits,
    /// Octets of native code of a module, in each tier; code reached beyond them is interpreted.
    pub module_code: usize,
    /// Limits of caches that hosts keep of programs that do not run.
    pub cache: CacheLimits,
}

/// Limits of the programs that hosts keep ready between runs, as `jambox-invocation` does. Those
/// used longest ago leave first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheLimits {
    /// Octets of programs, 16 MiB by default. The interpreter's decoded form is a fixed multiple.
    pub programs: usize,
    /// Octets of native code, 256 MiB by default.
    pub code: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { programs: 16 << 20, code: 256 << 20 }
    }
}

/// Octets of native code of a module in each tier, unless told otherwise.
const MODULE_CODE: usize = 64 << 20;

#[cfg(native)]
const _: () = assert!(MODULE_CODE == jambox_recompiler::MAX_CODE);

impl Default for Config {
    fn default() -> Self {
        Self {
            revision: Revision::default(),
            backend: Backend::default(),
            pool: PoolLimits::default(),
            module_code: MODULE_CODE,
            cache: CacheLimits::default(),
        }
    }
}

impl Config {
    /// The same for another revision.
    #[must_use]
    pub const fn with_revision(self, revision: Revision) -> Self {
        Self { revision, ..self }
    }

    /// The same with another backend.
    #[must_use]
    pub const fn with_backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// The same with other limits of memories and native code.
    #[must_use]
    pub const fn with_pool(self, pool: PoolLimits) -> Self {
        Self { pool, ..self }
    }

    /// The same with another limit of the native code of a module.
    #[must_use]
    pub const fn with_module_code(self, module_code: usize) -> Self {
        Self { module_code, ..self }
    }

    /// The same with other limits of hosts' caches.
    #[must_use]
    pub const fn with_cache(self, cache: CacheLimits) -> Self {
        Self { cache, ..self }
    }
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
    /// threshold than the one that measured best. By its name it is 0, so that all code is
    /// compiled as traces: the slowest to compile, and the tier that short runs never reach.
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
    pub const NAMES: [&'static str; 5] = ["auto", "interpreter", "recompiler", "stepper", "traces"];

    /// Every backend that can execute programs here, [`Auto`](Self::Auto) and
    /// [`Traces`](Self::Traces) with small thresholds: for tests, which have to give the same on
    /// each.
    #[doc(hidden)]
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
#[error("unknown backend: expected auto, interpreter, recompiler, stepper or traces")]
pub struct UnknownBackend;

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::AUTO),
            "interpreter" => Ok(Self::Interpreter),
            "recompiler" => Ok(Self::Recompiler),
            "stepper" => Ok(Self::Stepper),
            "traces" => Ok(Self::Traces { threshold: 0 }),
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
    /// The platform lacks something that the backend needs, or a limit is out of range.
    pub fn new(config: Config) -> Result<Self, EngineError> {
        config.pool.check().map_err(EngineErrorKind::Limit)?;
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
        let pool = Pool::new(config.pool);
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

    /// The part of the limits that the engine's memories and programs use now.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.inner.pool.usage()
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
