//! JIP-7 traces and close accounts of work on the chain, made while it is run once more.

use std::fs::File;
use std::io::{self, BufReader};
use std::sync::Arc;

use jambox_inspect::Instruments;
use jambox_inspect::account::Detail;
use jambox_invocation::{Env, Observer};
use jambox_trace::{Reader, Recording, write_execution};
use jambox_types::{Hash, TimeSlot};
use serde_json::Value;

use crate::account;
use crate::archive::read::ArchiveError;
use crate::authoring::{AuthoringError, run};
use crate::ledger::{Entry, Ledger};
use crate::node::Node;
use crate::packages::{Refused, watch};
use crate::records::PackageRecord;

/// The reason why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Nothing of this hash is known.
    #[error("the node has no package and no block {0}")]
    Unknown(Hash),
    /// The state that the package or block ran upon is not kept any more.
    #[error("the state after the block {0} is not available")]
    Forgotten(Hash),
    /// The package or block has fewer invocations.
    #[error("invocation {index} does not exist: expected one below {count}")]
    NoInvocation {
        /// The index that was asked for.
        index: usize,
        /// The number of invocations.
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
    /// The recording does not read back.
    #[error("the trace cannot be read: {0}")]
    Read(#[from] jambox_trace::Error),
}

/// Something on the chain to run once more, with the state that it ran upon.
enum Again {
    Package(Arc<PackageRecord>, Arc<Entry>),
    Block(Arc<Entry>, Arc<Entry>),
}

/// The detail for a reader who asks for one invocation alone.
const CLOSELY: Detail = Detail { calls: true, events: 10_000, ..Detail::KEPT };

impl Node {
    /// The trace of an invocation: of a package first its authorizer and then its items, of a block
    /// the accumulations, in the order in which they ran.
    ///
    /// # Errors
    ///
    /// There is no such invocation, or it cannot be run once more.
    pub fn trace(&self, hash: &Hash, index: usize) -> Result<String, TraceError> {
        let ledger = self.ledger();
        let again = Again::of(&ledger, hash)?;
        recorded(index, |observer| again.run(self.env(), &ledger, observer))
    }

    /// The account of an invocation, numbered as for [`Node::trace`], with its host calls and with
    /// its gas by function.
    ///
    /// # Errors
    ///
    /// There is no such invocation, or it cannot be run once more.
    pub fn invocation(&self, hash: &Hash, index: usize) -> Result<Value, TraceError> {
        let (ledger, symbols) = (self.ledger(), self.symbols());
        let again = Again::of(&ledger, hash)?;
        let recorder = account::recorder(self.protocol(), again.slot(), &symbols, CLOSELY);
        let instruments = Instruments::new(&*symbols).with_profiles(true);
        let mut watch = (instruments, recorder);
        again.run(self.env(), &ledger, &mut watch)?;
        let (instruments, recorder) = watch;
        let all = recorder.finish();
        let count = all.len();
        let Some((_, mut invocation)) = all.into_iter().nth(index) else {
            return Err(TraceError::NoInvocation { index, count });
        };
        let profile = instruments.profiles().get(index);
        invocation.profile = profile.map(|profile| profile.spent.clone()).unwrap_or_default();
        Ok(account::json_of(&invocation))
    }
}

impl Again {
    fn of(ledger: &Ledger, hash: &Hash) -> Result<Self, TraceError> {
        if let Some(record) = ledger.package(hash)? {
            let at = entry(ledger, &record.input.head)?;
            return Ok(Self::Package(record, at));
        }
        if ledger.summary(hash)?.is_none() {
            return Err(TraceError::Unknown(*hash));
        }
        let of = entry(ledger, hash)?;
        let parent = of.block.as_ref().map(|block| block.header.parent);
        let upon = entry(ledger, &parent.ok_or(TraceError::Unknown(*hash))?)?;
        Ok(Self::Block(of, upon))
    }

    /// The slot that it ran in.
    fn slot(&self) -> TimeSlot {
        let (Self::Package(_, entry) | Self::Block(entry, _)) = self;
        TimeSlot(entry.descriptor.slot)
    }

    fn run(
        &self,
        env: &Env,
        ledger: &Ledger,
        observer: &mut dyn Observer,
    ) -> Result<(), TraceError> {
        match self {
            Self::Package(record, at) => Ok(watch(env, (ledger, at), record, observer)?),
            Self::Block(of, upon) => match &of.block {
                Some(block) => Ok(run(env, upon, block, observer).map(drop)?),
                None => Err(TraceError::Unknown(of.descriptor.hash)),
            },
        }
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
