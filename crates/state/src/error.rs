//! Errors of reading and changing state.

use std::error::Error as StdError;
use std::sync::Arc;

use jambox_codec::DecodeError;
use jambox_types::ServiceId;

use crate::Component;

/// Error of the host, or of a state that no block can lead to. Errors of a guest are result codes,
/// never of this type.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// A change of a service that does not exist.
    #[error("service {0} does not exist")]
    NoAccount(ServiceId),
    /// Creation of a service under an index that is taken.
    #[error("service {0} exists already")]
    AccountExists(ServiceId),
    /// Creation of one service by two others in one round, which makes the block invalid.
    #[error("two services create service {0} in one round: no valid block does that")]
    CreatedTwice(ServiceId),
    /// Comparison of overlays over different bases.
    #[error("the two states are not overlays over the same base")]
    DifferentBases,
    /// A stored value does not decode as its key requires.
    #[error("the stored {what} of service {service} is not valid: {error}")]
    Corrupt {
        /// The service of the value.
        service: ServiceId,
        /// Expected type of the value.
        what: &'static str,
        /// Reason for the failure of decoding.
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
        /// Reason for the failure of decoding.
        error: DecodeError,
    },
    /// The store under the overlay could not be read.
    #[error("the state store failed: {0}")]
    Store(#[source] Arc<dyn StdError + Send + Sync>),
}
