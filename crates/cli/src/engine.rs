//! What commands run programs on.

use std::sync::Once;

use jambox_engine::{Backend, Config, Engine, EngineErrorKind};
use jambox_invocation::{Env, Limits};
use jambox_types::Protocol;

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;

/// An engine of the protocol's revision, if it can run here.
pub fn engine(protocol: &Protocol, backend: Backend) -> Result<Engine> {
    let engine = Engine::new(Config { revision: protocol.revision, backend });
    let engine = engine.map_err(|error| {
        let diagnosis = Diagnosis::new(error.to_string());
        match error.kind() {
            EngineErrorKind::NoNativeCode { .. } => {
                diagnosis.help("leave --backend out to have it interpreted")
            }
            _ => diagnosis,
        }
    })?;
    if let (Backend::Auto { .. }, Some(reason)) = (backend, engine.no_native_code()) {
        static SAID: Once = Once::new();
        SAID.call_once(|| eprintln!("note: everything is interpreted, since {reason}"));
    }
    Ok(engine)
}

/// How invocations are executed, whatever the protocol.
#[derive(Debug, Clone, Copy)]
pub struct Execution {
    /// What executes programs.
    pub backend: Backend,
    /// What a guest may cost this host.
    pub limits: Limits,
}

/// What invocations run in.
pub fn environment(protocol: Protocol, execution: Execution) -> Result<Env> {
    let Execution { backend, limits } = execution;
    engine(&protocol, backend)?;
    let env = Env::with_backend(protocol, backend);
    let env = env.map_err(|error| Diagnosis::new(error.to_string()))?;
    Ok(env.with_limits(limits))
}
