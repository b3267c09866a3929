//! Merging of the accounts after services that accumulated independently.

use std::collections::BTreeSet;

use imbl::ordmap::DiffItem;
use jambox_types::ServiceId;

use crate::{Accounts, StateError};

impl Accounts {
    /// These accounts with the changes of every service: each may have changed itself, created
    /// others and removed others (`n` and `m` of `eq:accpar`, 0.7.2).
    ///
    /// `outcomes` are descendants of these accounts, each with the service that accumulated.
    ///
    /// # Errors
    ///
    /// [`StateError::CreatedTwice`] when two services created the same index, which makes the
    /// block invalid; or the base cannot be read.
    pub fn merged<'a>(
        &self,
        outcomes: impl IntoIterator<Item = (ServiceId, &'a Self)>,
    ) -> Result<Self, StateError> {
        let mut merged = self.clone();
        let mut created = BTreeSet::new();
        let mut removed = BTreeSet::new();
        for (service, after) in outcomes {
            for item in self.changed.diff(&after.changed) {
                let (DiffItem::Add(id, _)
                | DiffItem::Remove(id, _)
                | DiffItem::Update { new: (id, _), .. }) = item;
                let existed = self.contains(*id)?;
                let account = after.changed.get(id).and_then(Option::as_ref);
                match account {
                    None if existed => drop(removed.insert(*id)),
                    Some(_) if !existed && !created.insert(*id) => {
                        return Err(StateError::CreatedTwice(*id));
                    }
                    Some(account) if !existed || *id == service => {
                        merged.changed.insert(*id, Some(account.clone()));
                    }
                    _ => {}
                }
            }
        }
        for id in removed {
            merged.remove(id)?;
        }
        Ok(merged)
    }
}
