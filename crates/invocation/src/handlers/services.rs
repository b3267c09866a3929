//! `new`, `upgrade` and `eject`.

use jambox_hostcall::{Reply, code, outcome, request};
use jambox_state::{AccountInfo, Footprint, RequestHistory, RequestKey};
use jambox_types::constants::MIN_PUBLIC_INDEX;
use jambox_types::{Balance, Gas, Hash, ServiceId, TimeSlot};

use super::general::service;
use super::ids::next_new_id;
use crate::context::Accumulate;
use crate::guest::Guest;
use crate::{PanicReason, Stop};

pub(crate) fn new(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::New,
) -> Result<Reply, Stop> {
    let code_hash = guest.read_hash(request.code_hash)?;
    let Ok(code_length) = u32::try_from(request.code_length) else {
        return Err(Stop::Panic(PanicReason::CodeLength(request.code_length)));
    };
    let privileges = &context.regular.state.privileges;
    if request.gratis != 0 && context.service != privileges.manager {
        return Ok(Reply::Code(code!(New, huh)));
    }
    let is_registrar = context.service == privileges.registrar;
    let parameters = context.env.parameters();
    let (own, gratis) = (context.own()?, Balance(request.gratis));
    let footprint = Footprint::default().with_request(code_length);
    let endowment =
        request.balance.map_or_else(|| footprint.threshold_balance(gratis, parameters), Balance);
    if u128::from(endowment.0) < footprint.threshold(gratis, parameters) {
        return Ok(Reply::Code(code!(New, cash)));
    }
    let rest = own.balance.0.checked_sub(endowment.0);
    let is_covered = |rest: &u64| own.is_covered(own.footprint, *rest, parameters);
    let Some(rest) = rest.filter(is_covered) else {
        return Ok(Reply::Code(code!(New, cash)));
    };
    let wanted = u32::try_from(request.wanted_id).ok();
    let wanted = wanted.filter(|id| is_registrar && *id < MIN_PUBLIC_INDEX).map(ServiceId);
    if let Some(id) = wanted
        && context.accounts().contains(id)?
    {
        return Ok(Reply::Code(code!(New, full)));
    }
    let code = RequestKey { hash: code_hash, length: code_length };
    let account = AccountInfo {
        code_hash,
        balance: endowment,
        min_accumulate_gas: Gas(request.min_accumulate_gas),
        min_memo_gas: Gas(request.min_memo_gas),
        gratis,
        created: context.slot,
        last_accumulation: TimeSlot(0),
        parent: context.service,
        footprint: Footprint::default(),
    };
    let creator = context.service;
    context.accounts_mut().update(creator, |own| own.balance = Balance(rest))?;
    let id = create(context, wanted, account, code)?;
    let outcome = match wanted {
        Some(_) => outcome!(New, registered),
        None => outcome!(New, created),
    };
    Ok(Reply::Value(outcome, u64::from(id.0)))
}

/// Makes an account with a request for its code, under the wanted id or the next new one.
fn create(
    context: &mut Accumulate<'_>,
    wanted: Option<ServiceId>,
    account: AccountInfo,
    code: RequestKey,
) -> Result<ServiceId, Stop> {
    let id = match wanted {
        Some(id) => id,
        None => {
            let id = context.regular.next_service;
            context.regular.next_service = next_new_id(&context.base, id)?;
            id
        }
    };
    let accounts = context.accounts_mut();
    accounts.remove(id)?;
    accounts.create(id, account)?;
    accounts.set_request(id, code, Some(RequestHistory::Requested))?;
    Ok(id)
}

pub(crate) fn upgrade(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Upgrade,
) -> Result<Reply, Stop> {
    let code_hash = guest.read_hash(request.code_hash)?;
    let own = context.service;
    let service = service(request.service, own);
    if service != Some(own) {
        let exists = service.map_or(Ok(false), |service| context.accounts().contains(service))?;
        let code = if exists { code!(Upgrade, huh) } else { code!(Upgrade, who) };
        return Ok(Reply::Code(code));
    }
    context.accounts_mut().update(own, |account| {
        account.code_hash = code_hash;
        account.min_accumulate_gas =
            request.min_accumulate_gas.map_or(account.min_accumulate_gas, Gas);
        account.min_memo_gas = request.min_memo_gas.map_or(account.min_memo_gas, Gas);
    })?;
    Ok(Reply::Code(code!(Upgrade, ok)))
}

pub(crate) fn eject(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Eject,
) -> Result<Reply, Stop> {
    let hash = guest.read_hash(request.hash)?;
    let own = context.service;
    let service = u32::try_from(request.service).ok().map(ServiceId);
    let Some(service) = service.filter(|service| *service != own) else {
        return Ok(Reply::Code(code!(Eject, who)));
    };
    let account = context.accounts().get(service)?;
    let Some(account) = account.filter(|account| account.code_hash == as_code_hash(own)) else {
        return Ok(Reply::Code(code!(Eject, who)));
    };
    let not_last = Ok(Reply::Code(code!(Eject, huh_footprint)));
    let last = Footprint::default().with_request(0);
    let length = account.footprint.octets.saturating_sub(last.octets);
    let Ok(length) = u32::try_from(length) else { return not_last };
    if account.footprint.items != last.items {
        return not_last;
    }
    match context.accounts().request(service, &RequestKey { hash, length })? {
        Some(RequestHistory::Unavailable(_, y)) if context.is_expired(y) => {}
        Some(_) => return Ok(Reply::Code(code!(Eject, huh_early))),
        None => return not_last,
    }
    let accounts = context.accounts_mut();
    accounts.remove(service)?;
    accounts.update(own, |own| {
        own.balance = Balance(own.balance.0.saturating_add(account.balance.0));
    })?;
    Ok(Reply::Code(code!(Eject, ok)))
}

/// The code hash that lets `owner` eject the service: the owner's id in 32 octets.
fn as_code_hash(owner: ServiceId) -> Hash {
    let [a, b, c, d] = owner.0.to_le_bytes();
    let mut hash = Hash::ZERO;
    let [first, second, third, fourth, ..] = &mut hash.0;
    (*first, *second, *third, *fourth) = (a, b, c, d);
    hash
}
