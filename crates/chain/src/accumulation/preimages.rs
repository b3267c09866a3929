//! The preimages of a block.

use jambox_state::{Accounts, Blob, StateError};
use jambox_types::{Preimage, ServiceId, TimeSlot};

/// Reason for a block with invalid preimages.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PreimagesError {
    /// Preimages that are not in strictly ascending order of service, then data
    /// (`eq:preimagesareordered`, 0.7.2).
    #[error("preimage {index}, for service {service}, is out of order, or twice in the block")]
    NotSortedUnique {
        /// Index among the preimages, from 0.
        index: usize,
        /// The service of the preimage.
        service: ServiceId,
    },
    /// The service has not requested it, or has it already.
    #[error("preimage {index} is not requested by service {service}, or is available already")]
    Unneeded {
        /// Index among the preimages, from 0.
        index: usize,
        /// The service of the preimage.
        service: ServiceId,
    },
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Checks the preimages of a block against the accounts *before* it.
///
/// # Errors
///
/// The first fault. The order is checked before the requests.
pub fn check(prior: &Accounts, preimages: &[Preimage]) -> Result<(), PreimagesError> {
    let keys = || preimages.iter().map(|preimage| (preimage.service, &preimage.data));
    for (index, (before, after)) in (1..).zip(keys().zip(keys().skip(1))) {
        if before >= after {
            return Err(PreimagesError::NotSortedUnique { index, service: after.0 });
        }
    }
    for (index, (service, data)) in keys().enumerate() {
        if !prior.is_providable(service, data)? {
            return Err(PreimagesError::Unneeded { index, service });
        }
    }
    Ok(())
}

/// Integrates the preimages of a block at `slot`, after accumulation. Preimages no longer requested
/// after accumulation are ignored.
///
/// # Errors
///
/// When the state cannot be read.
pub fn integrate(
    accounts: &mut Accounts,
    preimages: &[Preimage],
    slot: TimeSlot,
) -> Result<(), StateError> {
    for preimage in preimages {
        accounts.provide(preimage.service, Blob::from(preimage.data.as_slice()), slot)?;
    }
    Ok(())
}
