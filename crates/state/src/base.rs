//! The base of an overlay: a read-only source of accounts.

use std::fmt::Debug;
use std::sync::Arc;

use jambox_types::{Hash, ServiceId};

use crate::{AccountInfo, RequestHistory, RequestKey, StateError};

/// Octets shared by all states that have them.
pub type Blob = Arc<[u8]>;

/// A read-only source of service accounts.
///
/// Storage keys are in the service's form; a source may hash them. Everything of a service that
/// does not exist is `None`.
///
/// # Errors
///
/// Every method fails with [`StateError::Store`] or [`StateError::Corrupt`] when the source
/// cannot be read.
pub trait Base: Debug + Send + Sync {
    /// The fields of an account.
    fn account(&self, service: ServiceId) -> Result<Option<AccountInfo>, StateError>;
    /// A storage value.
    fn storage(&self, service: ServiceId, key: &[u8]) -> Result<Option<Blob>, StateError>;
    /// A preimage.
    fn preimage(&self, service: ServiceId, hash: &Hash) -> Result<Option<Blob>, StateError>;
    /// The history of a preimage request.
    fn request(
        &self,
        service: ServiceId,
        key: &RequestKey,
    ) -> Result<Option<RequestHistory>, StateError>;
}
