//! The engine that commands run programs on.

use jambox_engine::{Config, Engine, EngineError};
use jambox_types::Protocol;

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;

/// An engine of the protocol's revision, if there is one yet.
pub fn engine(protocol: &Protocol) -> Result<Engine> {
    let config = Config { revision: protocol.revision, ..Config::default() };
    Engine::new(config).map_err(|error| match error {
        EngineError::UnsupportedRevision(revision) => {
            Diagnosis::new(format!("the revision `{revision}` is not available yet"))
                .help("leave --revision out to have gray-paper-0.7.2")
                .into()
        }
        error => Diagnosis::new(error.to_string()).into(),
    })
}
