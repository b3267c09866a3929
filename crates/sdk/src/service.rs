//! References to services, and services' accounts.

use jambox_codec::{decode_all, impl_codec};
use jambox_types::{Balance, Gas, Hash, ServiceId, TimeSlot};

use crate::Error;
use crate::ecalli::{Argument, host_call, length, optional};

/// A service as the argument of a host call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceRef {
    /// The calling service.
    #[default]
    Current,
    /// Any service by its id, the caller's own included.
    Id(ServiceId),
}

impl ServiceRef {
    /// Register value of the reference: 2^64 - 1 is the caller.
    pub(crate) fn register(self) -> u64 {
        match self {
            Self::Current => u64::MAX,
            Self::Id(id) => u64::from(id.0),
        }
    }
}

impl From<ServiceId> for ServiceRef {
    fn from(id: ServiceId) -> Self {
        Self::Id(id)
    }
}

/// A service's account, as `info` returns it: 96 octets (`info`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Hash of the code.
    pub code_hash: Hash,
    /// Balance.
    pub balance: Balance,
    /// Threshold balance: the smallest balance allowed, by what the service stores.
    pub threshold_balance: Balance,
    /// Smallest gas for each work item's accumulation.
    pub min_accumulate_gas: Gas,
    /// Smallest gas for each transfer to the service.
    pub min_memo_gas: Gas,
    /// Octets stored.
    pub octets: u64,
    /// Items stored.
    pub items: u32,
    /// Gratis storage: reduction of the threshold balance.
    pub gratis: Balance,
    /// Slot of the service's creation.
    pub created: TimeSlot,
    /// Slot of its last accumulation.
    pub last_accumulation: TimeSlot,
    /// The service that created it.
    pub parent: ServiceId,
}

impl_codec!(ServiceInfo {
    code_hash,
    balance,
    threshold_balance,
    min_accumulate_gas,
    min_memo_gas,
    octets,
    items,
    gratis,
    created,
    last_accumulation,
    parent,
});

impl ServiceInfo {
    /// Octets in the record.
    pub const LENGTH: usize = 96;

    /// The account of a service; `None` if there is no such service.
    pub(crate) fn of(service: ServiceRef) -> Result<Option<Self>, Error> {
        let mut record = [0; Self::LENGTH];
        let most = length(&record);
        let found = optional(host_call!(
            Info,
            Argument::number(service.register()),
            Argument::output(&mut record),
            Argument::number(0),
            most,
        ))?;
        match found {
            None => Ok(None),
            Some(length) if length == Self::LENGTH as u64 => Ok(Some(decode_all(&record)?)),
            Some(other) => Err(Error::Unexpected(other)),
        }
    }
}
