//! Environment of invocations: the protocol, the engine, the runner.

use jambox_codec::encode_with;
use jambox_engine::{Backend, Config, Engine};
use jambox_hostcall::Interface;
use jambox_state::Blob;
use jambox_types::{Parameters, Protocol, Rules};

use crate::host::HostContext;
use crate::runner::{EngineRunner, Job, Ran};
use crate::{End, Finished, Host, HostError, Limits, Observer, Runner, Started};

/// Environment of invocations. Shared by reference; holds no state of the chain.
pub struct Env {
    protocol: Protocol,
    /// The constants in the encoding of `fetch`.
    constants: Blob,
    engine: Engine,
    runner: Box<dyn Runner>,
    limits: Limits,
}

impl Env {
    /// An environment that runs programs on the default engine.
    ///
    /// # Errors
    ///
    /// When the engine does not execute the protocol's revision.
    pub fn new(protocol: Protocol) -> Result<Self, HostError> {
        Self::with_backend(protocol, Backend::default())
    }

    /// An environment that runs programs on the default engine with this backend.
    ///
    /// # Errors
    ///
    /// The errors of [`Env::new`].
    pub fn with_backend(protocol: Protocol, backend: Backend) -> Result<Self, HostError> {
        Self::with_config(protocol, Config::default().with_backend(backend))
    }

    /// An environment that runs programs on the default engine with this configuration, but for the
    /// revision, which is the protocol's.
    ///
    /// # Errors
    ///
    /// The errors of [`Env::new`], and a limit that is none.
    pub fn with_config(protocol: Protocol, config: Config) -> Result<Self, HostError> {
        let engine = Engine::new(config.with_revision(protocol.revision))?;
        let runner = Box::new(EngineRunner::new(engine.clone()));
        let constants = encode_with(&protocol.parameters, &protocol).into();
        Ok(Self { protocol, constants, engine, runner, limits: Limits::default() })
    }

    /// Sets another runner for outer guests. Inner machines stay on the engine.
    #[must_use]
    pub fn with_runner(self, runner: Box<dyn Runner>) -> Self {
        Self { runner, ..self }
    }

    /// Sets other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The protocol's parameters.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.protocol.parameters
    }

    /// The rules of the protocol's revision.
    #[must_use]
    pub const fn rules(&self) -> &'static Rules {
        Rules::of(self.protocol.revision)
    }

    /// The protocol's constants, the value of `fetch` kind 0.
    pub(crate) fn constants(&self) -> Blob {
        self.constants.clone()
    }

    /// Host-call interface of the guests.
    #[must_use]
    pub const fn interface(&self) -> Interface {
        Interface { abi: self.protocol.abi, revision: self.protocol.revision }
    }

    /// Engine of the machines.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Limits of this host.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The paper's argument invocation (`sec:standardprograminit`, 0.7.2). Returns the guest's end
    /// and the gas used.
    pub(crate) fn invoke(
        &self,
        job: &Job<'_>,
        context: &mut dyn HostContext,
        observer: &mut dyn Observer,
    ) -> Result<(End, u64), HostError> {
        let invocation = context.invocation();
        let Job { code_hash, code, program, entry_pc, gas_limit, arguments } = *job;
        observer.invocation_started(&Started {
            invocation,
            code_hash,
            code,
            program,
            entry_pc,
            gas_limit,
            arguments,
            revision: self.protocol.revision,
        });
        let mut host = Host::new(&self.protocol, self.limits, context, observer);
        let Ran { end, gas_left } = self.runner.run(job, &mut host)?;
        let gas_used = gas_limit.saturating_sub(gas_left);
        observer.invocation_ended(&Finished { invocation, end: &end, gas_used });
        Ok((end, gas_used))
    }
}
