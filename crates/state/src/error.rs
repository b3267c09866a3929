//! What can go wrong when state is read or changed.

use std::error::Error as StdError;
use std::sync::Arc;

use jambox_codec::DecodeError;
use jambox_types::ServiceId;

use crate::Component;

/// A failure of the host, or a state that no block can lead to. Never one of the guest: guest
/// mistakes are result codes, not errors.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// A change was asked of a service that does not exist.
    #[error("service {0} does not exist")]
    NoAccount(ServiceId),
    /// A service was to be created under an index that is taken.
    #[error("service {0} exists already")]
    AccountExists(ServiceId),
    /// Two services created the same service in one round, which makes the block invalid.
    #[error("no block is valid in which two services create service {0} at once")]
    CreatedTwice(ServiceId),
    /// Two states can be compared only when they are overlays over the same base.
    #[error("the two states are not overlays over the same base")]
    DifferentBases,
    /// A stored value does not decode as what its key says it is.
    #[error("the stored {what} of service {service} is not valid: {error}")]
    Corrupt {
        /// The service whose value it is.
        service: ServiceId,
        /// What the value should have been.
        what: &'static str,
        /// Why it is not.
        error: DecodeError,
    },
    /// A component that every state has is missing.
    #[error("the state has no {0}")]
    NoComponent(Component),
    /// A component does not decode under the parameters.
    #[error("the stored value of {component} is not valid: {error}")]
    CorruptComponent {
        /// The component.
        component: Component,
        /// Why its value is not one.
        error: DecodeError,
    },
    /// The store under the overlay could not be read.
    #[error("the state store failed: {0}")]
    Store(#[source] Arc<dyn StdError + Send + Sync>),
}
