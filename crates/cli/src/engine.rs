//! The engine that commands run programs on.

use jambox_engine::{Backend, Config, Engine, EngineError};
use jambox_types::Protocol;

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;

/// An engine of the protocol's revision, if there is one yet and it can run here.
pub fn engine(protocol: &Protocol, backend: Backend) -> Result<Engine> {
    let engine = Engine::new(Config { revision: protocol.revision, backend });
    let engine = engine.map_err(|error| match error {
        EngineError::UnsupportedRevision(revision) => {
            Diagnosis::new(format!("the revision `{revision}` is not available yet"))
                .help("leave --revision out to have gray-paper-0.7.2")
        }
        EngineError::NoNativeCode { .. } => {
            Diagnosis::new(error.to_string()).help("leave --backend out to have the interpreter")
        }
        error => Diagnosis::new(error.to_string()),
    })?;
    if let (Backend::Auto { .. }, Some(reason)) = (backend, engine.no_native_code()) {
        eprintln!("note: everything is interpreted, since {reason}");
    }
    Ok(engine)
}
