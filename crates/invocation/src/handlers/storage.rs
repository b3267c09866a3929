//! `read` and `write`.

use jambox_hostcall::{Reply, ResultCode, request};
use jambox_state::{Accounts, Blob};
use jambox_types::ServiceId;

use super::general::service;
use crate::Stop;
use crate::context::Accumulate;
use crate::guest::Guest;

pub(crate) fn read(
    accounts: &Accounts,
    own: ServiceId,
    guest: &mut Guest<'_>,
    request: &request::Read,
) -> Result<Reply, Stop> {
    let key = guest.read("the key", request.key)?;
    let Some(service) = service(request.service, own) else { return Ok(Reply::Data(None)) };
    Ok(Reply::Data(accounts.storage(service, &key)?))
}

pub(crate) fn write(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Write,
) -> Result<Reply, Stop> {
    let key = guest.read("the key", request.key)?;
    guest.require_readable("the value", request.value)?;
    let (own, account) = (context.service, context.own()?);
    let before = context.accounts().storage(own, &key)?.map(|value| value.len());
    let after = usize::try_from(request.value.length).ok().filter(|length| *length > 0);
    let footprint = account.footprint.with_storage(key.len(), before, after);
    if !account.is_covered(footprint, account.balance.0, context.env.parameters()) {
        return Ok(Reply::Code(ResultCode::Full));
    }
    let value = match after {
        Some(_) => Some(Blob::from(guest.read("the value", request.value)?)),
        None => None,
    };
    context.accounts_mut().set_storage(own, &key, value)?;
    Ok(Reply::Replaced(before.map(|length| length as u64)))
}

/// What `write` answers where a context cannot write and an ABI offers it all the same.
pub(crate) fn refuse_write() -> Reply {
    Reply::Code(ResultCode::Huh)
}
