//! `bless`, `assign` and `designate`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jambox_codec::decode_all;
use jambox_hostcall::{Reply, Slice, code, request};
use jambox_types::{
    Gas, Hash, Parameters, PerCore, PerQueuePosition, PerValidator, Privileges, ServiceId,
    ValidatorKey,
};

use crate::Stop;
use crate::context::Accumulate;
use crate::guest::{CHUNK, Guest};

pub(crate) fn bless(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Bless,
) -> Result<Reply, Stop> {
    let parameters = context.env.parameters();
    let cores = u64::from(parameters.cores);
    guest.require_array_readable("the assigners", request.assigners.0, cores, 4)?;
    let (what, count) = ("the always-accumulate entries", request.always_count);
    guest.require_array_readable(what, request.always.0, count, ENTRY)?;
    let state = &mut context.regular.state;
    let by_manager_only = request.by_manager_only || context.env.rules().bless_needs_manager;
    if by_manager_only && state.privileges.manager != context.service {
        return Ok(Reply::Code(code!(Bless, huh)));
    }
    let registrar = request.registrar.unwrap_or(u64::from(state.privileges.registrar.0));
    let ids = [request.manager, request.delegator, registrar].map(u32::try_from);
    let [Ok(manager), Ok(delegator), Ok(registrar)] = ids else {
        return Ok(Reply::Code(code!(Bless, who)));
    };
    let assigners = guest.read_array("the assigners", request.assigners.0, cores, 4)?;
    let length = count.saturating_mul(ENTRY);
    let always = entries(guest, what, Slice { address: request.always.0, length })?;
    state.privileges = Arc::new(Privileges {
        manager: ServiceId(manager),
        assigners: per_core(&assigners, parameters),
        delegator: ServiceId(delegator),
        registrar: ServiceId(registrar),
        always_accumulate: always,
    });
    Ok(Reply::Code(code!(Bless, ok)))
}

fn per_core(octets: &[u8], parameters: &Parameters) -> PerCore<ServiceId> {
    let mut ids = octets.as_chunks::<4>().0.iter();
    PerCore::from_fn(parameters, |_| ServiceId(ids.next().copied().map_or(0, u32::from_le_bytes)))
}

/// Length of an always-accumulate entry, in octets: a service and its gas.
const ENTRY: u64 = 4 + 8;

/// Approximate memory of an entry on the host, in octets.
const KEPT_ENTRY: u64 = 32;

/// Reads always-accumulate entries. Of several entries of one service, the last counts.
fn entries(
    guest: &mut Guest<'_>,
    what: &'static str,
    slice: Slice,
) -> Result<BTreeMap<ServiceId, Gas>, Stop> {
    let mut entries = BTreeMap::new();
    // Number of octets of whole entries in a chunk.
    let step = CHUNK.saturating_sub(CHUNK.checked_rem(ENTRY).unwrap_or(0));
    let mut done = 0u64;
    while done < slice.length {
        let address = slice.address.saturating_add(done);
        let length = slice.length.saturating_sub(done).min(step);
        let octets = guest.read(what, Slice { address, length })?;
        let before = entries.len();
        entries.extend(octets.as_chunks::<12>().0.iter().map(|&[a, b, c, d, gas @ ..]| {
            (ServiceId(u32::from_le_bytes([a, b, c, d])), Gas(u64::from_le_bytes(gas)))
        }));
        let more = entries.len().saturating_sub(before) as u64;
        guest.meter.keep(more.saturating_mul(KEPT_ENTRY))?;
        done = done.saturating_add(length);
    }
    Ok(entries)
}

const HASH: u64 = Hash::LENGTH as u64;

/// Numbers of hashes from which a queue is filled by repetition.
const REPEATED_QUEUE: RangeInclusive<u64> = 1..=8;

pub(crate) fn assign(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Assign,
) -> Result<Reply, Stop> {
    let parameters = context.env.parameters();
    let count = request.count.unwrap_or(u64::from(parameters.auth_queue_size));
    let what = "the queue";
    guest.require_array_readable(what, request.queue.0, count, HASH)?;
    let state = &mut context.regular.state;
    let core = usize::try_from(request.core).unwrap_or(usize::MAX);
    let Some(&assigner) = state.privileges.assigners.get(core) else {
        return Ok(Reply::Code(code!(Assign, core)));
    };
    if assigner != context.service {
        return Ok(Reply::Code(code!(Assign, huh)));
    }
    let Ok(successor) = u32::try_from(request.assigner.unwrap_or(u64::from(assigner.0))) else {
        return Ok(Reply::Code(code!(Assign, who)));
    };
    if request.count.is_some_and(|count| !REPEATED_QUEUE.contains(&count)) {
        return Ok(Reply::Code(code!(Assign, count)));
    }
    let queue = guest.read_array(what, request.queue.0, count, HASH)?;
    let mut hashes = queue.as_chunks::<{ Hash::LENGTH }>().0.iter().cycle();
    let queue =
        PerQueuePosition::from_fn(parameters, |_| Hash(hashes.next().copied().unwrap_or_default()));
    if let Some(place) = Arc::make_mut(&mut state.authorizer_queues).get_mut(core) {
        *place = Arc::new(queue);
    }
    if let Some(place) = Arc::make_mut(&mut state.privileges).assigners.get_mut(core) {
        *place = ServiceId(successor);
    }
    Ok(Reply::Code(code!(Assign, ok)))
}

pub(crate) fn designate(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Designate,
) -> Result<Reply, Stop> {
    let parameters = context.env.parameters();
    let validators = u64::from(parameters.validators);
    let count = request.count.unwrap_or(validators);
    let may_differ = request.count.is_some() && !request.only_present_count;
    let (what, size) = ("the validator keys", ValidatorKey::LENGTH as u64);
    guest.require_array_readable(what, request.keys.0, count, size)?;
    let counts = context.env.protocol().validator_counts();
    if may_differ && !usize::try_from(count).is_ok_and(|count| counts.contain(count)) {
        return Ok(Reply::Code(code!(Designate, huh_count)));
    }
    let state = &mut context.regular.state;
    if state.privileges.delegator != context.service {
        return Ok(Reply::Code(code!(Designate, huh)));
    }
    if !may_differ && count != validators {
        return Ok(Reply::Code(code!(Designate, who)));
    }
    let keys = guest.read_array(what, request.keys.0, count, size)?;
    // Every octet sequence is a key, and these have just been read.
    let keys = keys.chunks(ValidatorKey::LENGTH).map(decode_all).map(Result::unwrap_or_default);
    if let Ok(keys) = PerValidator::new(keys.collect(), context.env.protocol()) {
        state.staging_set = Arc::new(keys);
    }
    Ok(Reply::Code(code!(Designate, ok)))
}
