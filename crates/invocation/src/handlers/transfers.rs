//! `transfer`.

use jambox_hostcall::{Reply, Slice, code, request};
use jambox_types::{Balance, DeferredTransfer, Gas, Memo, ServiceId};

use crate::Stop;
use crate::context::Accumulate;
use crate::guest::Guest;

pub(crate) fn transfer(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Transfer,
) -> Result<Reply, Stop> {
    let slice = Slice { address: request.memo.0, length: Memo::LENGTH as u64 };
    let octets = guest.read("the memo", slice)?;
    let destination = u32::try_from(request.to).ok().map(ServiceId);
    let receiver = match destination {
        Some(id) => context.accounts().get(id)?.map(|account| (id, account)),
        None => None,
    };
    let Some((destination, receiver)) = receiver else {
        return Ok(Reply::Code(code!(Transfer, who)));
    };
    if request.gas_limit < receiver.min_memo_gas.0 {
        return Ok(Reply::Code(code!(Transfer, low)));
    }
    let own = context.own()?;
    let rest = own.balance.0.checked_sub(request.amount);
    let parameters = context.env.parameters();
    let is_covered = |rest: &u64| own.is_covered(own.footprint, *rest, parameters);
    let Some(rest) = rest.filter(is_covered) else {
        return Ok(Reply::Code(code!(Transfer, cash)));
    };
    guest.charge(request.gas_limit)?;
    let mut memo = Memo::ZERO;
    memo.0.copy_from_slice(&octets);
    let source = context.service;
    context.accounts_mut().update(source, |own| own.balance = Balance(rest))?;
    context.regular.transfers.push_back(DeferredTransfer {
        source,
        destination,
        amount: Balance(request.amount),
        memo,
        gas_limit: Gas(request.gas_limit),
    });
    Ok(Reply::Code(code!(Transfer, ok)))
}
