//! Errors of a store, and damage found in it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jambox_state::{StateError, StateKey, trie::pages::Path};
use jambox_types::{Parameters, Preset, Revision};

use crate::Holder;

/// Reason for not creating, opening, reading or writing a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file of this name exists already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The file cannot be opened, created, read or written. Nothing of an unfinished write is
    /// visible; the state before it is.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The file is no store.
    #[error("{} is not a state store: {reason}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// Difference from a store.
        reason: String,
    },
    /// The file was written by another version. It is left unchanged.
    #[error("{} has format {found}: this version reads format {known}", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: u32,
        /// Format of this version.
        known: u32,
    },
    /// The chain is of another revision than requested.
    #[error("{} is a chain of {found}, not of {wanted}", path.display())]
    OtherRevision {
        /// The file.
        path: PathBuf,
        /// Revision of the chain.
        found: Revision,
        /// Revision requested.
        wanted: Revision,
    },
    /// The chain has other parameters than requested.
    #[error("{} is a chain with {found} parameters, not with {wanted} ones", path.display())]
    OtherParameters {
        /// The file.
        path: PathBuf,
        /// Name of the chain's parameters.
        found: String,
        /// Name of the parameters requested.
        wanted: String,
    },
    /// Another process writes to the file.
    #[error("{} is in use by {}", path.display(), show(holder.as_ref()))]
    Held {
        /// The file.
        path: PathBuf,
        /// The writing process; `None` if the system does not tell.
        holder: Option<Holder>,
    },
    /// The file was [compacted](crate::FileStore::compact) after the state was taken, or the state
    /// is of another file.
    #[error("{} was replaced after the state was read from it", .0.display())]
    Moved(PathBuf),
    /// The file's contents differ from those written.
    #[error("{} is damaged: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The lost part.
        damage: Damage,
    },
}

/// A damaged part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The header, which holds the revision and the parameters.
    Header,
    /// The marks of the last commit, or that commit's head.
    LastCommit,
    /// A page of a trie: all entries under its path may be lost.
    Page {
        /// Kind of the entries under it.
        entries: &'static str,
        /// Path of the page in the trie.
        path: Path,
        /// Offset of the page in the file, in octets.
        offset: u64,
    },
    /// An entry.
    Entry {
        /// Kind of the entry.
        entry: &'static str,
        /// Key of the entry.
        key: StateKey,
        /// Offset of the entry in the file, in octets.
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

/// Name of a parameter set.
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
