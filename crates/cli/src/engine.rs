//! Engines and environments of the commands.

use std::sync::Once;

use jambox_engine::{Backend, Config, Engine, EngineErrorKind};
use jambox_invocation::{Env, Limits};
use jambox_types::Protocol;

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;

/// An engine of the protocol's revision, if it can run here.
pub fn engine(protocol: &Protocol, backend: Backend) -> Result<Engine> {
    let engine = Engine::new(Config { revision: protocol.revision, backend, ..Config::default() });
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

/// Execution of invocations, independent of the protocol.
#[derive(Debug, Clone, Copy)]
pub struct Execution {
    /// Backend of the engine.
    pub backend: Backend,
    /// Limits of the host's time and memory for a guest.
    pub limits: Limits,
}

/// The environment of invocations. Error: the backend is missing on this machine.
pub fn environment(protocol: Protocol, execution: Execution) -> Result<Env> {
    let Execution { backend, limits } = execution;
    engine(&protocol, backend)?;
    let env = Env::with_backend(protocol, backend);
    let env = env.map_err(|error| Diagnosis::new(error.to_string()))?;
    Ok(env.with_limits(limits))
}
