//! Ids of new services.

use jambox_codec::{Encode, encode_natural};
use jambox_state::{Accounts, StateError};
use jambox_types::constants::MIN_PUBLIC_INDEX;
use jambox_types::{Hash, ServiceId, TimeSlot};

/// Number of ids from [`MIN_PUBLIC_INDEX`] on that new services can get: all but the last 2^8.
const PUBLIC_IDS: u32 = u32::MAX - MIN_PUBLIC_INDEX - 0xff;

/// Distance between the ids of new services in one accumulation.
const ID_STEP: u32 = 42;

/// Id of the first service created by an accumulation (`I` in `eq:accinvocation`, 0.7.2).
pub(crate) fn first_new_id(
    base: &Accounts,
    service: ServiceId,
    slot: TimeSlot,
    entropy: Hash,
) -> Result<ServiceId, StateError> {
    let mut seed = Vec::new();
    encode_natural(u64::from(service.0), &mut seed);
    entropy.encode_to(&mut seed, &());
    encode_natural(u64::from(slot.0), &mut seed);
    let Hash([a, b, c, d, ..]) = Hash::blake2b(&seed);
    let number = u32::from_le_bytes([a, b, c, d]) % PUBLIC_IDS;
    free_id(base, ServiceId(number.saturating_add(MIN_PUBLIC_INDEX)))
}

/// Id of the service after the one with id `id` (`new`, 0.7.2).
pub(super) fn next_new_id(base: &Accounts, id: ServiceId) -> Result<ServiceId, StateError> {
    free_id(base, public_id_after(id, ID_STEP))
}

/// The first id from `id` on that is not in use in `base` (`eq:newserviceindex`, 0.7.2).
fn free_id(base: &Accounts, mut id: ServiceId) -> Result<ServiceId, StateError> {
    while base.contains(id)? {
        id = public_id_after(id, 1);
    }
    Ok(id)
}

/// The public id `step` ids later, around the end of the range.
fn public_id_after(id: ServiceId, step: u32) -> ServiceId {
    let number = u64::from(id.0.saturating_sub(MIN_PUBLIC_INDEX)).saturating_add(u64::from(step));
    let number = number.checked_rem(u64::from(PUBLIC_IDS)).unwrap_or(0);
    ServiceId((number as u32).saturating_add(MIN_PUBLIC_INDEX))
}
