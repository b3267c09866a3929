//! Slots of blocks, and the entropy accumulator's history.

use jambox_types::{Hash, Parameters, TimeSlot};

/// Reason for refusing a block's slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Slots are strictly ascending.
    #[error("slot {block} is not after {prior}, the state's slot")]
    NotAfter {
        /// Slot of the state.
        prior: TimeSlot,
        /// Slot of the block.
        block: TimeSlot,
    },
    /// The last slot has no successor.
    #[error("the state's slot {0} is the last of all slots: no block can follow")]
    Last(TimeSlot),
}

/// Checks that a block in the slot `block` may follow a state of the slot `prior` (`eq:header`,
/// 0.7.2).
///
/// # Errors
///
/// When it may not.
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
/// When there is none.
pub const fn next_slot(prior: TimeSlot) -> Result<TimeSlot, SlotError> {
    match prior.0.checked_add(1) {
        Some(next) => Ok(TimeSlot(next)),
        None => Err(SlotError::Last(prior)),
    }
}

/// The entropy after a block in the slot `slot`: the accumulator computed by consensus and its
/// history. The first block of an epoch adds the accumulator at the end of the last epoch to the
/// history (`sec:sealandentropy`, 0.7.2).
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
