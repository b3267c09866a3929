//! The part of the state that accumulation reads and changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_types::{
    Hash, PerCore, PerQueuePosition, PerValidator, Privileges, Protocol, ServiceId, ValidatorKey,
};

use crate::{Accounts, MemoryBase};

/// A core's authorizer queue. Queues of unassigned cores are shared with earlier states.
pub type AuthorizerQueue = Arc<PerQueuePosition<Hash>>;

/// The state that accumulation may change (`eq:partialstate`, 0.7.2). A clone costs O(1).
#[derive(Clone, Debug)]
pub struct PartialState {
    /// Every service account.
    pub accounts: Accounts,
    /// Keys of the validators of the epoch after the next.
    pub staging_set: Arc<PerValidator<ValidatorKey>>,
    /// Queue of authorizer hashes of every core.
    pub authorizer_queues: Arc<PerCore<AuthorizerQueue>>,
    /// Privileged services.
    pub privileges: Arc<Privileges>,
}

impl PartialState {
    /// A state without services, in which service 0 has every privilege that one has to have.
    #[must_use]
    pub fn empty(protocol: &Protocol) -> Self {
        let parameters = &protocol.parameters;
        let queue = Arc::new(PerQueuePosition::from_fn(parameters, |_| Hash::ZERO));
        Self {
            accounts: Accounts::new(Arc::new(MemoryBase::default())),
            staging_set: Arc::new(PerValidator::from_fn(protocol, |_| ValidatorKey::default())),
            authorizer_queues: Arc::new(PerCore::from_fn(parameters, |_| Arc::clone(&queue))),
            privileges: Arc::new(Privileges {
                manager: ServiceId(0),
                assigners: PerCore::from_fn(parameters, |_| ServiceId(0)),
                delegator: ServiceId(0),
                registrar: ServiceId(0),
                always_accumulate: BTreeMap::new(),
            }),
        }
    }
}
