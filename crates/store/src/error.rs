//! Why a store cannot be used.

use std::path::PathBuf;
use std::sync::Arc;

use jambox_codec::DecodeError;
use jambox_state::StateError;

use crate::Holder;

/// Why a store cannot be created, opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is a file of this name already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The file cannot be opened or created.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is something else, or was damaged by something other than this crate.
    #[error("{} is not a state store: {reason}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was written by a newer version. It is left as it is.
    #[error("{} has format {found}; this version knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// Another process holds the file.
    #[error("{} is held by {}", path.display(), show(holder.as_ref()))]
    Held {
        /// The file.
        path: PathBuf,
        /// Which, where the system tells.
        holder: Option<Holder>,
    },
    /// The database under the store failed: the disk is full or cannot be read. Nothing of what was
    /// to be written is there; the state before is.
    #[error("the store failed: {0}")]
    Database(#[from] redb::Error),
    /// Something stored does not decode.
    #[error("the store is damaged: {0}")]
    Damaged(#[from] DecodeError),
}

fn show(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

macro_rules! from_database {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(error.into())
            }
        }
    )*};
}

from_database!(StorageError, TableError, TransactionError, CommitError);
