//! JIP-7 traces of what happened on the chain, recorded while it is run once more.

use std::fs::File;
use std::io::{self, BufReader};
use std::sync::Arc;

use jambox_invocation::Observer;
use jambox_trace::{Reader, Recording, write_execution};
use jambox_types::Hash;

use crate::archive::ArchiveError;
use crate::authoring::{AuthoringError, run};
use crate::ledger::{Entry, Ledger};
use crate::node::Node;
use crate::packages::{Refused, watch};

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Nothing of this hash is known.
    #[error("there is no package and no block {0}")]
    Unknown(Hash),
    /// The state that it ran upon is not kept any more.
    #[error("the state after the block {0} is not available")]
    Forgotten(Hash),
    /// It has fewer invocations.
    #[error("invocation {index} is asked for: {count} ran")]
    NoInvocation {
        /// Which one was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The package does not run once more.
    #[error(transparent)]
    Package(#[from] Refused),
    /// The block does not run once more.
    #[error(transparent)]
    Block(#[from] AuthoringError),
    /// The chain's file cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// There is no room for the trace.
    #[error("the trace cannot be recorded: {0}")]
    Io(#[from] io::Error),
    /// What was recorded does not read back.
    #[error("the trace cannot be read: {0}")]
    Read(#[from] jambox_trace::Error),
}

impl Node {
    /// The trace of an invocation: of a package the one of its authorizer and then those of its
    /// items, of a block the accumulations, in the order in which they ran.
    ///
    /// # Errors
    ///
    /// There is no such invocation, or it cannot be run once more.
    pub fn trace(&self, hash: &Hash, index: usize) -> Result<String, TraceError> {
        let ledger = self.ledger();
        if let Some(record) = ledger.package(hash)? {
            let at = entry(&ledger, &record.input.head)?;
            return recorded(index, |observer| {
                Ok(watch(self.env(), (&ledger, &at), &record, observer)?)
            });
        }
        if ledger.summary(hash)?.is_none() {
            return Err(TraceError::Unknown(*hash));
        }
        let of = entry(&ledger, hash)?;
        let Some(block) = &of.block else { return Err(TraceError::Unknown(*hash)) };
        let upon = entry(&ledger, &block.header.parent)?;
        recorded(index, |observer| Ok(run(self.env(), &upon, block, observer).map(drop)?))
    }
}

fn entry(ledger: &Ledger, block: &Hash) -> Result<Arc<Entry>, TraceError> {
    ledger.entry(block).cloned().ok_or(TraceError::Forgotten(*block))
}

/// One of the executions that something runs, as text.
fn recorded(
    index: usize,
    run: impl FnOnce(&mut dyn Observer) -> Result<(), TraceError>,
) -> Result<String, TraceError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("trace");
    let mut recording = Recording::create(&path)?;
    run(&mut recording)?;
    let count = recording.finish()?;
    let mut executions = Reader::new(BufReader::new(File::open(&path)?));
    let Some(execution) = executions.nth(index) else {
        return Err(TraceError::NoInvocation { index, count });
    };
    let mut text = Vec::new();
    write_execution(&mut text, &execution?)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
