//! The slots of blocks, and the entropy that blocks carry on.

use jambox_types::{Hash, Parameters, TimeSlot};

/// Why a block cannot be in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Slots ascend.
    #[error("slot {block} is not after slot {prior}, that of the state")]
    NotAfter {
        /// The slot of the state.
        prior: TimeSlot,
        /// The block's.
        block: TimeSlot,
    },
    /// There is no later slot.
    #[error("slot {0}, that of the state, is the last one: no block can follow")]
    Last(TimeSlot),
}

/// Whether a block in the slot `block` may follow a state of the slot `prior` (`eq:header`, 0.7.2).
///
/// # Errors
///
/// It may not.
pub const fn check_slot(prior: TimeSlot, block: TimeSlot) -> Result<(), SlotError> {
    if block.0 > prior.0 {
        return Ok(());
    }
    if prior.0 == u32::MAX {
        return Err(SlotError::Last(prior));
    }
    Err(SlotError::NotAfter { prior, block })
}

/// The slot after `prior`.
///
/// # Errors
///
/// There is none.
pub const fn next_slot(prior: TimeSlot) -> Result<TimeSlot, SlotError> {
    match prior.0.checked_add(1) {
        Some(next) => Ok(TimeSlot(next)),
        None => Err(SlotError::Last(prior)),
    }
}

/// The entropy after a block in the slot `slot`: the accumulator that consensus gives, and, in the
/// first block of an epoch, its value at the end of the last one put into the history
/// (`sec:sealandentropy`, 0.7.2).
#[must_use]
pub fn advance_entropy(
    before: [Hash; 4],
    accumulator: Hash,
    prior: TimeSlot,
    slot: TimeSlot,
    parameters: &Parameters,
) -> [Hash; 4] {
    let epoch = |slot: TimeSlot| slot.0.checked_div(parameters.epoch_length);
    let [last, first, second, third] = before;
    if epoch(prior) == epoch(slot) {
        [accumulator, first, second, third]
    } else {
        [accumulator, last, first, second]
    }
}
