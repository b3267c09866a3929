//! The node: one ledger, the file that keeps it, and the listeners to its changes.

mod chain;
mod packages;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jambox_codec::DecodeError;
use jambox_invocation::Env;
use jambox_state::{Accounts, Blob, Changes, Component, StateError};
use jambox_types::{PendingReport, PerCore, Protocol, ServiceId, TimeSlot};
use serde_json::Value;
use tokio::sync::watch;

use crate::account::SymbolTable;
use crate::archive::Archive;
use crate::archive::read::ArchiveError;
use crate::authoring::{AuthoringError, author};
use crate::genesis::Genesis;
use crate::ledger::{Entry, Ledger};

pub use packages::SubmitError;

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One after the other, this long apart.
    Every(Duration),
    /// When there is something to go into one.
    OnDemand,
    /// When somebody asks for one.
    ByHand,
}

/// The reason why a node cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The chain's file cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A block cannot be made.
    #[error(transparent)]
    Authoring(#[from] AuthoringError),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state or header that the chain is to begin with makes no sense.
    #[error("the chain is damaged: {0}")]
    Damaged(String),
    /// Too many of something are kept already.
    #[error("{0} {1} are kept already")]
    TooMany(usize, &'static str),
    /// There is no such snapshot.
    #[error("snapshot {0} does not exist")]
    NoSnapshot(u64),
    /// A fork was to be carried elsewhere.
    #[error(
        "a fork cannot be carried elsewhere: the state that it lies over is not known as a whole"
    )]
    Fork,
    /// There is no such service.
    #[error("service {0} does not exist")]
    NoService(ServiceId),
}

impl From<DecodeError> for NodeError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// A receiver of the node's events, which shows them.
pub type Listener = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A block was made.
    Block(&'a Entry),
    /// A package was accepted or refused; its account.
    Package(&'a Value),
    /// Something was taken out of the state, as it costs this host too much in every block.
    HeldBack(&'a str),
    /// No block can be made any more, and none will be until the node is told to go on.
    Stuck(&'a NodeError),
}

struct Inner {
    ledger: Ledger,
    archive: Archive,
    snapshots: BTreeMap<u64, Ledger>,
    next_snapshot: u64,
    is_paused: bool,
    is_over: bool,
    /// The slot that the next block takes at the earliest.
    warped_to: TimeSlot,
}

/// A node.
pub struct Node {
    env: Env,
    pace: Pace,
    symbols: RwLock<Arc<SymbolTable>>,
    inner: Mutex<Inner>,
    /// Told when there may be something to go into a block.
    work: Condvar,
    published: RwLock<Arc<Ledger>>,
    changes: watch::Sender<u64>,
    listener: Listener,
}

impl Node {
    /// A node on the chain in the file. If there is none, a chain begins with `genesis`, in the
    /// file if one is named, in memory otherwise.
    ///
    /// # Errors
    ///
    /// The file cannot be used, or is of another protocol.
    pub fn new(
        env: Env,
        pace: Pace,
        path: Option<&Path>,
        genesis: impl FnOnce() -> Result<Genesis, NodeError>,
        listener: Listener,
    ) -> Result<Self, NodeError> {
        let (archive, ledger) = Archive::open(path, env.protocol(), genesis)?;
        let published = RwLock::new(Arc::new(ledger.clone()));
        let inner = Inner {
            ledger,
            archive,
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            is_paused: false,
            is_over: false,
            warped_to: TimeSlot(0),
        };
        Ok(Self {
            env,
            pace,
            symbols: RwLock::default(),
            inner: Mutex::new(inner),
            work: Condvar::new(),
            published,
            changes: watch::Sender::new(0),
            listener,
        })
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> &Protocol {
        self.env.protocol()
    }

    /// The environment that programs run in.
    pub(crate) const fn env(&self) -> &Env {
        &self.env
    }

    /// The node's ledger, as it was last made public.
    #[must_use]
    pub fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that grows with every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Adds symbols of programs, so that failures name their source.
    pub fn add_symbols(&self, symbols: SymbolTable) {
        let mut table = self.symbols.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut table).extend(symbols);
    }

    pub(crate) fn symbols(&self) -> Arc<SymbolTable> {
        Arc::clone(&self.symbols.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, inner: &Inner) {
        let ledger = Arc::new(inner.ledger.clone());
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = ledger;
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Makes blocks at the node's pace until it is over.
    pub fn make_blocks(&self) {
        let mut inner = self.lock();
        while !inner.is_over {
            let pause = match self.pace {
                Pace::Every(pause) => pause,
                Pace::OnDemand | Pace::ByHand => Duration::from_secs(3600),
            };
            let is_due = self.pace == Pace::OnDemand && has_work(&inner.ledger);
            let is_ticking = matches!(self.pace, Pace::Every(_));
            if inner.is_paused || !(is_due || is_ticking) {
                let waited = self.work.wait_timeout(inner, pause);
                inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            if let Err(error) = self.make_block(&mut inner) {
                inner.is_paused = true;
                (self.listener)(&Event::Stuck(&error));
            }
            if let Pace::Every(pause) = self.pace {
                let end = std::time::Instant::now().checked_add(pause);
                while let Some(left) =
                    end.and_then(|end| end.checked_duration_since(std::time::Instant::now()))
                {
                    if inner.is_over || left.is_zero() {
                        break;
                    }
                    let waited = self.work.wait_timeout(inner, left);
                    inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Ends [`Node::make_blocks`].
    pub fn end(&self) {
        self.lock().is_over = true;
        self.work.notify_all();
    }

    fn make_block(&self, inner: &mut Inner) -> Result<(), NodeError> {
        let head = inner.ledger.head();
        // A state that another command went on with is of a later slot than the last block.
        let reached =
            Component::Slot.read(&*head.world.values, self.protocol()).unwrap_or_default();
        let head = TimeSlot(head.descriptor.slot).max(reached);
        let slot = jambox_chain::next_slot(head).map_err(AuthoringError::from)?;
        let slot = slot.max(inner.warped_to);
        let mut ledger = inner.ledger.clone();
        let authored = author(&self.env, &mut ledger, &self.symbols(), slot)?;
        inner.archive.keep(&mut ledger)?;
        inner.ledger = ledger;
        self.publish(inner);
        if let Some(what) = &authored.held_back {
            (self.listener)(&Event::HeldBack(what));
        }
        (self.listener)(&Event::Block(&authored.entry));
        Ok(())
    }

    /// Makes a number of blocks at once, empty ones where nothing waits.
    ///
    /// # Errors
    ///
    /// The host cannot go on; blocks that were made stay.
    pub fn mine(&self, count: u32) -> Result<(), NodeError> {
        for _ in 0..count {
            self.make_block(&mut self.lock())?;
        }
        Ok(())
    }

    /// Holds blocks back, or lets them come again.
    pub fn pause(&self, is_paused: bool) {
        self.lock().is_paused = is_paused;
        self.work.notify_all();
    }

    /// Makes the next block one of this slot or, when that is past, of the next one.
    pub fn warp(&self, slot: TimeSlot) {
        self.lock().warped_to = slot;
    }

    /// Changes the node's ledger, in the chain's file first.
    fn alter(
        &self,
        inner: &mut Inner,
        change: impl FnOnce(&mut Ledger) -> Result<(), NodeError>,
    ) -> Result<(), NodeError> {
        let mut ledger = inner.ledger.clone();
        change(&mut ledger)?;
        inner.archive.keep(&mut ledger)?;
        inner.ledger = ledger;
        self.publish(inner);
        Ok(())
    }

    /// Changes services by hand; the head's state is another one then.
    ///
    /// # Errors
    ///
    /// `change` fails, or the state cannot be read or written.
    pub fn change(
        &self,
        change: impl FnOnce(&mut Accounts) -> Result<(), NodeError>,
    ) -> Result<(), NodeError> {
        let mut inner = self.lock();
        let values = Arc::clone(&inner.ledger.head().world.values);
        let mut accounts = Accounts::new(Arc::clone(&values) as Arc<dyn jambox_state::Base>);
        change(&mut accounts)?;
        let mut changes = Changes::default();
        changes.set_accounts(&*values, &accounts)?;
        self.alter(&mut inner, |ledger| Ok(ledger.amend(&changes)?))
    }
}

/// True if something would go into a block.
fn has_work(ledger: &Ledger) -> bool {
    let values = &ledger.head().world.values;
    let pending: Option<PerCore<Option<PendingReport>>> =
        Component::PendingReports.read(&**values, &ledger.protocol).ok();
    let is_pending = pending.is_some_and(|pending| pending.iter().any(Option::is_some));
    let accounts = Accounts::new(Arc::clone(values) as Arc<dyn jambox_state::Base>);
    let is_wanted = |(service, data): &(ServiceId, Blob)| {
        accounts.is_providable(*service, data).unwrap_or(false)
    };
    !ledger.waiting.is_empty() || is_pending || ledger.preimages().any(is_wanted)
}
