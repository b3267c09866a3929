//! The part of the state that accumulation reads and changes.

use std::sync::Arc;

use jambox_types::{Hash, PerCore, PerQueuePosition, PerValidator, Privileges, ValidatorKey};

use crate::Accounts;

/// A core's authorizer queue; cores that were not assigned to share theirs with earlier states.
pub type AuthorizerQueue = Arc<PerQueuePosition<Hash>>;

/// What accumulation may change (`eq:partialstate`, 0.7.2). A clone costs O(1).
#[derive(Clone, Debug)]
pub struct PartialState {
    /// Every service account.
    pub accounts: Accounts,
    /// Keys of the validators of the epoch after the next.
    pub staging_set: Arc<PerValidator<ValidatorKey>>,
    /// The queue of authorizer hashes of every core.
    pub authorizer_queues: Arc<PerCore<AuthorizerQueue>>,
    /// Which services may do what others may not.
    pub privileges: Arc<Privileges>,
}
