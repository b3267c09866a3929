//! `lookup`, `historical_lookup`, `query`, `solicit`, `forget` and `provide`.

use jambox_hostcall::{CodedOutcome, HashPointer, History, Reply, code, request};
use jambox_state::{Accounts, Blob, RequestHistory, RequestKey};
use jambox_types::{Hash, ServiceId, TimeSlot};

use super::general::service;
use crate::Stop;
use crate::context::Accumulate;
use crate::guest::{CHUNK, Guest};

pub(crate) fn lookup(
    accounts: &Accounts,
    own: ServiceId,
    guest: &mut Guest<'_>,
    request: &request::Lookup,
) -> Result<Reply, Stop> {
    let hash = guest.read_hash(request.hash)?;
    let Some(service) = service(request.service, own) else { return Ok(Reply::Data(None)) };
    Ok(Reply::Data(accounts.preimage(service, &hash)?))
}

pub(crate) fn historical_lookup(
    accounts: &Accounts,
    own: ServiceId,
    slot: TimeSlot,
    guest: &mut Guest<'_>,
    request: &request::HistoricalLookup,
) -> Result<Reply, Stop> {
    let hash = guest.read_hash(request.hash)?;
    let Some(service) = service(request.service, own) else { return Ok(Reply::Data(None)) };
    let slots_back = u32::try_from(request.slots_back).ok();
    let Some(slot) = slots_back.and_then(|slots| slot.0.checked_sub(slots)) else {
        return Ok(Reply::Data(None));
    };
    Ok(Reply::Data(accounts.historical_lookup(service, TimeSlot(slot), &hash)?))
}

pub(crate) fn query(
    context: &Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Query,
) -> Result<Reply, Stop> {
    let refused = code!(Query, huh_length);
    if let Some(reply) = refuse_length(context, request.length, refused) {
        return Ok(reply);
    }
    let hash = guest.read_hash(request.hash)?;
    let history = match key(hash, request.length) {
        Some(key) => context.accounts().request(context.service, &key)?,
        None => None,
    };
    Ok(Reply::History(history.map(|history| match history {
        RequestHistory::Requested => History::Requested,
        RequestHistory::Available(x) => History::Available(x.0),
        RequestHistory::Unavailable(x, y) => History::Unavailable(x.0, y.0),
        RequestHistory::AvailableAgain(x, y, z) => History::AvailableAgain(x.0, y.0, z.0),
    })))
}

/// Reply to a length that is refused before memory is read; `None` for other lengths.
fn refuse_length(context: &Accumulate<'_>, length: u64, refused: CodedOutcome) -> Option<Reply> {
    let bound = context.env.rules().request_length_bound;
    bound.is_some_and(|bound| length >= bound).then_some(Reply::Code(refused))
}

/// Key of a request. A length of 2^32 or more is no blob's in the paper, so no request has it.
fn key(hash: Hash, length: u64) -> Option<RequestKey> {
    u32::try_from(length).ok().map(|length| RequestKey { hash, length })
}

/// The request named by the registers, and its history.
fn named(
    context: &Accumulate<'_>,
    guest: &mut Guest<'_>,
    hash: HashPointer,
    length: u64,
) -> Result<Option<(RequestKey, Option<RequestHistory>)>, Stop> {
    let hash = guest.read_hash(hash)?;
    let Some(key) = key(hash, length) else { return Ok(None) };
    Ok(Some((key, context.accounts().request(context.service, &key)?)))
}

pub(crate) fn solicit(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Solicit,
) -> Result<Reply, Stop> {
    let refused = code!(Solicit, huh_length);
    if let Some(reply) = refuse_length(context, request.length, refused) {
        return Ok(reply);
    }
    let Some((key, history)) = named(context, guest, request.hash, request.length)? else {
        // There is no such request, and no account can afford it.
        return Ok(Reply::Code(code!(Solicit, full)));
    };
    let account = context.own()?;
    let (outcome, after, footprint) = match history {
        None => {
            let footprint = account.footprint.with_request(key.length);
            (code!(Solicit, requested), RequestHistory::Requested, footprint)
        }
        Some(RequestHistory::Unavailable(x, y)) => {
            let again = RequestHistory::AvailableAgain(x, y, context.slot);
            (code!(Solicit, requested_again), again, account.footprint)
        }
        Some(_) => return Ok(Reply::Code(code!(Solicit, huh))),
    };
    if !account.is_covered(footprint, account.balance.0, context.env.parameters()) {
        return Ok(Reply::Code(code!(Solicit, full)));
    }
    let own = context.service;
    context.accounts_mut().set_request(own, key, Some(after))?;
    Ok(Reply::Code(outcome))
}

pub(crate) fn forget(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Forget,
) -> Result<Reply, Stop> {
    let refused = code!(Forget, huh_length);
    if let Some(reply) = refuse_length(context, request.length, refused) {
        return Ok(reply);
    }
    let huh = Ok(Reply::Code(code!(Forget, huh)));
    let Some((key, Some(history))) = named(context, guest, request.hash, request.length)? else {
        return huh;
    };
    let now = context.slot;
    let (outcome, after) = match history {
        RequestHistory::Requested => (code!(Forget, dropped), None),
        RequestHistory::Unavailable(_, y) if context.is_expired(y) => {
            (code!(Forget, expunged), None)
        }
        RequestHistory::Available(x) => {
            (code!(Forget, forgotten), Some(RequestHistory::Unavailable(x, now)))
        }
        RequestHistory::AvailableAgain(_, y, z) if context.is_expired(y) => {
            (code!(Forget, forgotten_again), Some(RequestHistory::Unavailable(z, now)))
        }
        RequestHistory::Unavailable(..) | RequestHistory::AvailableAgain(..) => return huh,
    };
    let own = context.service;
    let was_met = history != RequestHistory::Requested;
    context.accounts_mut().set_request(own, key, after)?;
    if after.is_none() && (was_met || context.env.rules().forget_drops_unmet_preimage) {
        context.accounts_mut().set_preimage(own, key.hash, None)?;
    }
    Ok(Reply::Code(outcome))
}

pub(crate) fn provide(
    context: &mut Accumulate<'_>,
    guest: &mut Guest<'_>,
    request: &request::Provide,
) -> Result<Reply, Stop> {
    let refused = code!(Provide, huh_length);
    if let Some(reply) = refuse_length(context, request.data.length, refused) {
        return Ok(reply);
    }
    guest.require_readable("the preimage", request.data)?;
    let Some(service) = service(request.service, context.service) else {
        return Ok(Reply::Code(code!(Provide, who)));
    };
    if !context.accounts().contains(service)? {
        return Ok(Reply::Code(code!(Provide, who)));
    }
    let short = match request.data.length <= CHUNK {
        true => Some(guest.read("the preimage", request.data)?),
        false => None,
    };
    let hash = match &short {
        Some(preimage) => Hash::blake2b(preimage),
        None => guest.hash("the preimage", request.data)?,
    };
    let history = match key(hash, request.data.length) {
        Some(key) => context.accounts().request(service, &key)?,
        None => None,
    };
    if history != Some(RequestHistory::Requested) {
        return Ok(Reply::Code(code!(Provide, huh_request)));
    }
    // A hash stands for its preimage: different preimages cannot share one.
    if context.regular.provisions.contains_key(&(service, hash)) {
        return Ok(Reply::Code(code!(Provide, huh_provided)));
    }
    let preimage = match short {
        Some(preimage) => guest.keep(preimage)?,
        None => guest.read_to_keep("the preimage", request.data)?,
    };
    context.regular.provisions.insert((service, hash), Blob::from(preimage));
    Ok(Reply::Code(code!(Provide, ok)))
}

impl Accumulate<'_> {
    /// True if a preimage unavailable since slot `since` may be expunged now.
    pub(crate) fn is_expired(&self, since: TimeSlot) -> bool {
        let period = self.env.parameters().expunge_period;
        self.slot.0.checked_sub(period).is_some_and(|before| since.0 < before)
    }
}
