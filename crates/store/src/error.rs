//! Why a store cannot be used.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jambox_state::{StateError, StateKey, trie::pages::Path};
use jambox_types::{Parameters, Preset, Revision};

use crate::Holder;

/// Why a store cannot be created, opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is a file of this name already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The file cannot be opened, created, read or written. Nothing of what was to be written is
    /// there; the state before is.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is not a state store: {reason}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was written by another version. It is left as it is.
    #[error("{} has format {found}; this version knows format {known}", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that this version knows.
        known: u32,
    },
    /// The chain is one of another revision than was asked for.
    #[error("{} is a chain of {found}, not of {wanted}", path.display())]
    OtherRevision {
        /// The file.
        path: PathBuf,
        /// The revision of the chain.
        found: Revision,
        /// The revision that was asked for.
        wanted: Revision,
    },
    /// The chain has other parameters than were asked for.
    #[error("{} is a chain with {found} parameters, not with {wanted} ones", path.display())]
    OtherParameters {
        /// The file.
        path: PathBuf,
        /// What people call the parameters of the chain.
        found: String,
        /// What they call those that were asked for.
        wanted: String,
    },
    /// Another process writes to the file.
    #[error("{} is held by {}", path.display(), show(holder.as_ref()))]
    Held {
        /// The file.
        path: PathBuf,
        /// Which, where the system tells.
        holder: Option<Holder>,
    },
    /// The file was [compacted](crate::FileStore::compact) since the state was taken, or the state
    /// is one of another file.
    #[error("{} is not the file any more that the state was taken from", .0.display())]
    Moved(PathBuf),
    /// What the file holds is not what was written to it.
    #[error("{} is damaged: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is lost.
        damage: Damage,
    },
}

/// What of a file is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The header, which holds the revision and the parameters.
    Header,
    /// What tells the last commit, or the beginning of that commit.
    LastCommit,
    /// A part of a trie: all that is under a path may be lost.
    Page {
        /// What the entries under it are.
        entries: &'static str,
        /// The path that leads to it.
        path: Path,
        /// Where it is in the file, in octets.
        offset: u64,
    },
    /// An entry.
    Entry {
        /// What it is.
        entry: &'static str,
        /// Its key.
        key: StateKey,
        /// Where it is in the file, in octets.
        offset: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("its header does not match its sum"),
            Self::LastCommit => f.write_str("the last commit is not there whole"),
            Self::Page { entries, path, offset } => {
                write!(f, "the page at octet {offset}, which leads to every {entries}")?;
                match path.nibbles {
                    0 => f.write_str(", does not match its hash"),
                    nibbles => {
                        let digits = StateKey(path.octets).to_string();
                        let digits = digits.get(..usize::from(nibbles)).unwrap_or(&digits);
                        write!(f, " whose key begins with {digits}, does not match its hash")
                    }
                }
            }
            Self::Entry { entry, key, offset } => write!(
                f,
                "the {entry} of key {key}, at octet {offset}, does not match its hash in the trie"
            ),
        }
    }
}

fn show(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
}

/// What people call the parameters.
pub(crate) fn named(parameters: &Parameters) -> String {
    let is_of = |preset: &Preset| {
        Revision::ALL.iter().any(|of| Parameters::preset(*preset).under(*of) == *parameters)
    };
    let Some(preset) = Preset::ALL.into_iter().find(is_of) else {
        let (cores, slots) = (parameters.cores, parameters.epoch_length);
        return format!("other ({cores} cores, epochs of {slots} slots)");
    };
    preset.to_string()
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
