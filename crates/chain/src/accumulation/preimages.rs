//! The preimages that come with a block.

use jambox_state::{Accounts, Blob, StateError};
use jambox_types::{Preimage, ServiceId, TimeSlot};

/// Why the preimages of a block make it invalid.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PreimagesError {
    /// They are not in strictly ascending order of service, then data
    /// (`eq:preimagesareordered`, 0.7.2).
    #[error("preimage {index}, for service {service}, is out of order or there twice")]
    NotSortedUnique {
        /// The place among the preimages, counted from 0.
        index: usize,
        /// The service it is for.
        service: ServiceId,
    },
    /// The service did not ask for it or has it already.
    #[error("preimage {index} is not needed by service {service}")]
    Unneeded {
        /// The place among the preimages, counted from 0.
        index: usize,
        /// The service it is for.
        service: ServiceId,
    },
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Checks the preimages of a block against the accounts *before* the block.
///
/// # Errors
///
/// The first preimage that makes the block invalid: the order is checked before the need.
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

/// Takes in the preimages of a block at `slot`, after accumulation; what accumulation made
/// useless is disregarded.
///
/// # Errors
///
/// The state could not be read.
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
