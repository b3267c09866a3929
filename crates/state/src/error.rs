//! What can go wrong when state is read or changed.

use std::error::Error as StdError;
use std::sync::Arc;

use jambox_codec::DecodeError;
use jambox_types::ServiceId;

/// A failure of the host, never of the guest: guest mistakes are result codes, not errors.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// A change was asked of a service that does not exist.
    #[error("service {0} does not exist")]
    NoAccount(ServiceId),
    /// A service was to be created under an index that is taken.
    #[error("service {0} exists already")]
    AccountExists(ServiceId),
    /// Two services created the same service in one round.
    #[error("service {0} was created by two services at once")]
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
    /// The store under the overlay could not be read.
    #[error("the state store failed")]
    Store(#[source] Arc<dyn StdError + Send + Sync>),
}
