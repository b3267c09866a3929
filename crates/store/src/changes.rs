//! Changes of the tables, and their values and pages in a commit.

use jambox_codec::encode;
use jambox_state::trie::pages::{self, LeafChange};
use jambox_state::{Changes, StateKey};

use crate::StoreError;
use crate::layout::{Head, Table, TableHead, ValueAt};
use crate::log::Appender;
use crate::tree::{Changing, Fresh, View};

/// Entries of one table set (`Some`) or removed (`None`).
pub(crate) type TableChange<'a> = (StateKey, Option<&'a [u8]>);
pub(crate) type TableChanges<'a> = (Table, Vec<TableChange<'a>>);

/// Meanings of the changed keys, for keys that do not show theirs.
pub(crate) fn meanings(changes: &Changes) -> Vec<(StateKey, Vec<u8>)> {
    let entries = changes.iter().filter_map(|(key, change)| {
        let meaning = change.meaning.as_ref().filter(|meaning| meaning.is_hashed())?;
        change.value.is_some().then(|| (*key, encode(meaning)))
    });
    entries.collect()
}

/// Changes of the state's tables.
pub(crate) fn state_tables<'a>(
    changes: &'a Changes,
    meanings: &'a [(StateKey, Vec<u8>)],
) -> Vec<TableChanges<'a>> {
    let values = changes.iter().map(|(key, change)| (*key, change.value.as_deref()));
    let meanings = meanings.iter().map(|(key, meaning)| (*key, Some(meaning.as_slice())));
    vec![(Table::Values, values.collect()), (Table::Meanings, meanings.collect())]
}

/// Adds the changes of one table to a commit.
pub(crate) fn change_table(
    view: View<'_>,
    head: &mut Head,
    out: &mut Appender<'_>,
    fresh: &mut Fresh,
    changes: &[TableChange<'_>],
) -> Result<(), StoreError> {
    let old = head.table(view.table).copied();
    let mut leaves: Vec<LeafChange<ValueAt>> = Vec::with_capacity(changes.len());
    let (mut added, mut octets) = (0_u64, 0_u64);
    for (key, value) in changes {
        let Some(value) = value else {
            leaves.push((*key, None));
            continue;
        };
        let hash = pages::leaf_hash(key, value);
        let known = match &old {
            Some(old) => pages::find(&view, &old.root(), key)?,
            None => None,
        };
        // A value already in the file stays in its place.
        if known.is_some_and(|(known, _)| known == hash) {
            continue;
        }
        let at = out.add_value(value).map_err(|error| view.shared.io(error))?;
        (added, octets) = (added.saturating_add(1), octets.saturating_add(at.length.into()));
        fresh.add_value(at.at, hash, value);
        leaves.push((*key, Some((hash, at))));
    }
    if leaves.is_empty() {
        return Ok(());
    }
    let mut changing = Changing { view, out, fresh, added: octets, dropped: 0, removed: 0 };
    let root = pages::update(&mut changing, old.map(|old| old.root()).as_ref(), leaves)?;
    let count = old.map_or(0, |old| old.count).saturating_add(added);
    let count = count.saturating_sub(changing.removed);
    head.live = head.live.saturating_add(changing.added).saturating_sub(changing.dropped);
    let table = TableHead { page: root.at, hash: root.hash, count };
    head.set_table(view.table, table);
    Ok(())
}
