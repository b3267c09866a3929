//! `gas`, `info`, `checkpoint`, `yield`, and JIP-1's `log`.

use jambox_hostcall::{AccountRecord, LogLevel, Reply, ServiceRef, Slice, code, request};
use jambox_state::{AccountInfo, Accounts};
use jambox_types::{Parameters, ServiceId};

use crate::context::Accumulate;
use crate::guest::Guest;
use crate::{Invocation, LogLine, Stop};

pub(crate) fn gas(guest: &Guest<'_>) -> Reply {
    Reply::Gas(*guest.gas)
}

/// Largest logged part of a message or target, in octets; the rest is cut off.
const LOG_LIMIT: u64 = 1 << 16;

/// Logs a line if all of it is readable. Never panics the guest, and always answers the same
/// (JIP-1).
pub(crate) fn log(invocation: Invocation, guest: &mut Guest<'_>, request: &request::Log) -> Reply {
    let nobody = Slice { address: 0, length: 0 };
    let mut text = |slice: Slice| {
        let readable = guest.memory.is_readable(slice.address, slice.length);
        let read = || guest.memory.read(slice.address, slice.length.min(LOG_LIMIT));
        let octets = readable.then(read).and_then(Result::ok)?;
        guest.observer.memory_read(slice.address, &octets);
        Some(octets)
    };
    let target = if request.target == nobody { Some(None) } else { text(request.target).map(Some) };
    if let (Some(target), Some(message)) = (target, text(request.message)) {
        guest.observer.log(&LogLine {
            invocation,
            level: LogLevel::from_register(request.level),
            target: target.as_deref(),
            message: &message,
        });
    }
    Reply::Code(code!(Log, logged))
}

pub(crate) fn info(
    accounts: &Accounts,
    own: ServiceId,
    parameters: &Parameters,
    request: &request::Info,
) -> Result<Reply, Stop> {
    let account = match service(request.service, own) {
        Some(service) => accounts.get(service)?,
        None => None,
    };
    Ok(Reply::Account(account.map(|account| record(&account, parameters))))
}

fn record(account: &AccountInfo, parameters: &Parameters) -> AccountRecord {
    AccountRecord {
        code_hash: account.code_hash.0,
        balance: account.balance.0,
        threshold_balance: account.threshold_balance(parameters).0,
        min_accumulate_gas: account.min_accumulate_gas.0,
        min_memo_gas: account.min_memo_gas.0,
        octets: account.footprint.octets,
        items: account.footprint.items,
        gratis: account.gratis.0,
        created: account.created.0,
        last_accumulation: account.last_accumulation.0,
        parent: account.parent.0,
    }
}

/// The service named by a register; `None` for a number that is no id.
pub(crate) fn service(service: ServiceRef, own: ServiceId) -> Option<ServiceId> {
    service.resolve(own.0).map(ServiceId)
}

pub(crate) fn checkpoint(context: &mut Accumulate<'_>, guest: &Guest<'_>) -> Reply {
    context.exceptional = context.regular.clone();
    Reply::Gas(*guest.gas)
}

pub(crate) fn yield_hash(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Yield,
) -> Result<Reply, Stop> {
    context.regular.yielded = Some(guest.read_hash(request.hash)?);
    Ok(Reply::Code(code!(Yield, ok)))
}
