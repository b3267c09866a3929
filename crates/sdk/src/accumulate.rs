//! Effects of accumulate on the chain's state.

use alloc::vec::Vec;

use jambox_codec::encode;
use jambox_types::{Gas, Hash, Memo, ServiceId, ValidatorKey};

use crate::context::{AccumulateContext, NewService};
use crate::ecalli::{Argument, done, host_call, value};
use crate::{AccumulateFetcher, Error, Preimages, ServiceInfo, ServiceRef, Storage};

/// The privileged services, all of which [`AccumulateContext::bless`] sets at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blessing<'a> {
    /// Manager: may set the privileges.
    pub manager: ServiceId,
    /// Assigner of each core: may set the core's authorizers. There must be one for every core.
    pub assigners: &'a [ServiceId],
    /// Delegator: may set the next validators.
    pub delegator: ServiceId,
    /// Registrar: may create services of the lower indices.
    pub registrar: ServiceId,
    /// Services that accumulate in every block, with their gas for it.
    pub always_accumulate: &'a [(ServiceId, Gas)],
}

impl AccumulateContext {
    /// Fetcher of this accumulation's inputs.
    #[must_use]
    pub fn fetcher(&self) -> AccumulateFetcher {
        AccumulateFetcher(())
    }

    /// The service's preimages and its requests for them.
    #[must_use]
    pub fn preimages(&self) -> Preimages {
        Preimages { owner: ServiceRef::Current }
    }

    /// The service's storage.
    #[must_use]
    pub fn storage(&self) -> Storage {
        Storage { owner: ServiceRef::Current }
    }

    /// A service's account; `None` if there is no such service.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn service_info(
        &self,
        service: impl Into<ServiceRef>,
    ) -> Result<Option<ServiceInfo>, Error> {
        ServiceInfo::of(service.into())
    }

    /// Sends balance to another service, which receives it later, with the memo and the gas.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when there is no such service; [`Error::GasTooLow`] when `gas_limit` is
    /// below the receiver's minimum; [`Error::InsufficientFunds`] when the remaining balance would
    /// be below the sender's threshold balance.
    pub fn transfer(
        &self,
        to: ServiceId,
        amount: u64,
        gas_limit: Gas,
        memo: &Memo,
    ) -> Result<(), Error> {
        done(host_call!(
            Transfer,
            Argument::number(u64::from(to.0)),
            Argument::number(amount),
            Argument::number(gas_limit.0),
            Argument::input(&memo.0),
        ))
    }

    /// Creates a service, endowed with its threshold balance, and gives its id.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for gratis storage from anyone but the manager;
    /// [`Error::InsufficientFunds`] when the remaining balance would be below the creator's
    /// threshold balance; [`Error::Full`] when the registrar asks for an id that is taken.
    pub fn new_service(&self, new: &NewService) -> Result<ServiceId, Error> {
        let id = value(host_call!(
            New,
            Argument::input(&new.code_hash.0),
            Argument::number(u64::from(new.code_length)),
            Argument::number(new.min_accumulate_gas.0),
            Argument::number(new.min_memo_gas.0),
            Argument::number(new.gratis),
            Argument::number(u64::from(new.wanted_id.0)),
        ))?;
        u32::try_from(id).map(ServiceId).map_err(|_| Error::Unexpected(id))
    }

    /// Removes a service that has asked for it (see [`request_ejection`](Self::request_ejection))
    /// and takes over its balance. `last_request` is the hash of its one remaining preimage.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when there is no such service, or it has not asked for its removal by
    /// this one; [`Error::Refused`] when more than that preimage is left, or the preimage was
    /// forgotten too recently.
    pub fn eject(&self, service: ServiceId, last_request: &Hash) -> Result<(), Error> {
        done(host_call!(
            Eject,
            Argument::number(u64::from(service.0)),
            Argument::input(&last_request.0),
        ))
    }

    /// Changes this service's code and minimum gas, from the next invocation on.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn upgrade(
        &self,
        code_hash: &Hash,
        min_accumulate_gas: Gas,
        min_memo_gas: Gas,
    ) -> Result<(), Error> {
        done(host_call!(
            Upgrade,
            Argument::input(&code_hash.0),
            Argument::number(min_accumulate_gas.0),
            Argument::number(min_memo_gas.0),
        ))
    }

    /// Gives this service up: its code becomes the id of the service that may eject it, and it
    /// never runs again.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn request_ejection(&self, by: ServiceId) -> Result<(), Error> {
        let mut hash = Hash::ZERO;
        let id = by.0.to_le_bytes();
        hash.0[..id.len()].copy_from_slice(&id);
        self.upgrade(&hash, Gas(0), Gas(0))
    }

    /// Sets the privileged services. The manager can set all; other services can hand on only their
    /// own privileges (`sec:accumulation`, 0.7.2).
    ///
    /// # Errors
    ///
    /// None for ids, which all fit into their registers.
    pub fn bless(&self, blessing: &Blessing<'_>) -> Result<(), Error> {
        let assigners: Vec<u8> = blessing.assigners.iter().flat_map(encode).collect();
        let always = blessing.always_accumulate.iter();
        let always: Vec<u8> =
            always.flat_map(|(id, gas)| [encode(id), encode(gas)].concat()).collect();
        done(host_call!(
            Bless,
            Argument::number(u64::from(blessing.manager.0)),
            Argument::input(&assigners),
            Argument::number(u64::from(blessing.delegator.0)),
            Argument::number(u64::from(blessing.registrar.0)),
            Argument::input(&always),
            Argument::number(blessing.always_accumulate.len() as u64),
        ))
    }

    /// Sets a core's queue of authorizers, and its next assigner.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchCore`]; [`Error::Refused`] when this service is not the core's assigner.
    ///
    /// # Panics
    ///
    /// When there are not exactly 80 authorizers. (The host panics, not this function. A queue has
    /// 80 under `tiny` parameters, too.)
    pub fn assign(
        &self,
        core: u64,
        authorizers: &[Hash],
        assigner: ServiceId,
    ) -> Result<(), Error> {
        let queue: Vec<u8> = authorizers.iter().flat_map(|hash| hash.0).collect();
        done(host_call!(
            Assign,
            Argument::number(core),
            Argument::input(&queue),
            Argument::number(u64::from(assigner.0)),
        ))
    }

    /// Sets the validators of the epoch after next. Under 0.7.2 there must be as many as the
    /// protocol has; under 0.8.0 six or more, a multiple of three.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when this service is not the delegator, or the number is not allowed.
    pub fn designate(&self, validators: &[ValidatorKey]) -> Result<(), Error> {
        let keys: Vec<u8> = validators.iter().flat_map(encode).collect();
        // 0.7.2 has a constant number, and reads no second register.
        let count = validators.len() as u64;
        done(host_call!(Designate, Argument::input(&keys), Argument::number(count)))
    }

    /// Makes the present state the checkpoint, which becomes the result if this accumulation panics
    /// or runs out of gas. Gives the gas left.
    pub fn checkpoint(&self) -> u64 {
        host_call!(Checkpoint).0
    }

    /// Sets the hash that this accumulation outputs. An output of 32 octets replaces it.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn yield_hash(&self, hash: &Hash) -> Result<(), Error> {
        done(host_call!(Yield, Argument::input(&hash.0)))
    }
}
