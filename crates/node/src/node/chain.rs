//! The chain as a whole: snapshots, its octets, and what of it is kept.

use jambox_types::TimeSlot;

use super::{Node, NodeError};

/// The most snapshots.
const SNAPSHOTS_LIMIT: usize = 64;

impl Node {
    /// Remembers the chain as it is now; gives the number to come back by. Snapshots are gone with
    /// the process.
    ///
    /// # Errors
    ///
    /// Too many are kept already.
    pub fn snapshot(&self) -> Result<u64, NodeError> {
        let mut inner = self.lock();
        if inner.snapshots.len() >= SNAPSHOTS_LIMIT {
            return Err(NodeError::TooMany(SNAPSHOTS_LIMIT, "snapshots"));
        }
        let number = inner.next_snapshot;
        inner.next_snapshot = number.saturating_add(1);
        let ledger = inner.ledger.clone();
        inner.snapshots.insert(number, ledger);
        inner.archive.hold(true);
        Ok(number)
    }

    /// Goes back to a snapshot, which stays; later ones are dropped.
    ///
    /// # Errors
    ///
    /// There is no such snapshot, or the chain's file cannot be written.
    pub fn revert(&self, number: u64) -> Result<(), NodeError> {
        let mut inner = self.lock();
        let Some(mut ledger) = inner.snapshots.get(&number).cloned() else {
            return Err(NodeError::NoSnapshot(number));
        };
        inner.archive.revert(&mut ledger)?;
        inner.ledger = ledger;
        inner.warped_to = TimeSlot(0);
        inner.snapshots.retain(|other, _| *other <= number);
        self.publish(&inner);
        Ok(())
    }

    /// The whole chain, to be loaded by another node.
    ///
    /// # Errors
    ///
    /// The chain's file cannot be read.
    pub fn dump(&self) -> Result<Vec<u8>, NodeError> {
        let inner = self.lock();
        match inner.ledger.origin() {
            Some(_) => Err(NodeError::Fork),
            None => Ok(inner.archive.octets()?),
        }
    }

    /// Goes on with a chain that a node dumped.
    ///
    /// # Errors
    ///
    /// The octets are no chain, or one of another protocol; the node's own then stays.
    pub fn load(&self, octets: Vec<u8>) -> Result<(), NodeError> {
        let mut inner = self.lock();
        inner.ledger = inner.archive.replace(octets, self.protocol())?;
        inner.snapshots.clear();
        inner.archive.hold(false);
        inner.warped_to = TimeSlot(0);
        self.publish(&inner);
        Ok(())
    }

    /// Forgets all blocks but the last, the packages that are not under way, and all snapshots.
    ///
    /// # Errors
    ///
    /// The chain's file cannot be written.
    pub fn prune(&self) -> Result<(), NodeError> {
        let mut inner = self.lock();
        let mut ledger = inner.ledger.clone();
        inner.archive.prune(&mut ledger)?;
        inner.ledger = ledger;
        inner.snapshots.clear();
        inner.archive.hold(false);
        self.publish(&inner);
        Ok(())
    }
}
