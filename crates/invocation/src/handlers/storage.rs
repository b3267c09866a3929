//! `read` and `write`.

use jambox_hostcall::{Reply, Slice, code, request};
use jambox_state::{Accounts, Blob, Footprint};
use jambox_types::ServiceId;

use super::general::service;
use crate::Stop;
use crate::context::Accumulate;
use crate::guest::{CHUNK, Guest};

pub(crate) fn read(
    accounts: &Accounts,
    own: ServiceId,
    guest: &mut Guest<'_>,
    request: &request::Read,
) -> Result<Reply, Stop> {
    guest.require_readable("the key", request.key)?;
    let Some(service) = service(request.service, own) else { return Ok(Reply::Data(None)) };
    let key = key_of_something(accounts, service, guest, request.key)?;
    Ok(Reply::Data(match key {
        Some(key) => accounts.storage(service, &key)?,
        None => None,
    }))
}

/// Reads a storage key. A key longer than the footprint of the account allows is not read, since no
/// entry has it.
fn key_of_something(
    accounts: &Accounts,
    service: ServiceId,
    guest: &mut Guest<'_>,
    key: Slice,
) -> Result<Option<Vec<u8>>, Stop> {
    if key.length > CHUNK {
        let length = usize::try_from(key.length).unwrap_or(usize::MAX);
        let least = Footprint::default().with_storage(length, None, Some(0));
        let account = accounts.get(service)?;
        if account.is_none_or(|account| account.footprint.octets < least.octets) {
            return Ok(None);
        }
    }
    guest.read_briefly("the key", key).map(Some)
}

pub(crate) fn write(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Write,
) -> Result<Reply, Stop> {
    guest.require_readable("the key", request.key)?;
    guest.require_readable("the value", request.value)?;
    let (own, account) = (context.service, context.own()?);
    let accounts = context.accounts();
    let key = key_of_something(accounts, own, guest, request.key)?;
    let before = match &key {
        Some(key) => accounts.storage(own, key)?.map(|value| value.len()),
        None => None,
    };
    let after = usize::try_from(request.value.length).ok().filter(|length| *length > 0);
    let key_length = usize::try_from(request.key.length).unwrap_or(usize::MAX);
    let footprint = account.footprint.with_storage(key_length, before, after);
    if !account.is_covered(footprint, account.balance.0, context.env.parameters()) {
        return Ok(Reply::Code(code!(Write, full)));
    }
    let value = match after {
        Some(_) => Some(Blob::from(guest.read_to_keep("the value", request.value)?)),
        None if before.is_none() => return Ok(Reply::Replaced(None)),
        None => None,
    };
    let key = match key {
        Some(key) => guest.keep(key)?,
        None => guest.read_to_keep("the key", request.key)?,
    };
    context.accounts_mut().set_storage(own, &key, value)?;
    Ok(Reply::Replaced(before.map(|length| length as u64)))
}

/// Reply of `write` in a context that cannot write, in ABIs that offer it there.
pub(crate) fn refuse_write() -> Reply {
    Reply::Code(code!(Write, huh))
}
