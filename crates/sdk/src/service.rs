//! Which service, and what the chain knows of it.

use jambox_codec::{decode_all, impl_codec};
use jambox_types::{Balance, Gas, Hash, ServiceId, TimeSlot};

use crate::Error;
use crate::ecalli::{Argument, host_call, length, optional};

/// Names a service in a host call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceRef {
    /// The service that makes the call.
    #[default]
    Current,
    /// Any service by its id, the caller's own included.
    Id(ServiceId),
}

impl ServiceRef {
    /// How a register names it: 2^64 - 1 is the caller.
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

/// A service's account as `info` tells it: 96 octets (`info`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The hash of its code.
    pub code_hash: Hash,
    /// What it owns.
    pub balance: Balance,
    /// What it may not fall below, for what it stores.
    pub threshold_balance: Balance,
    /// The least gas for each work item's accumulation.
    pub min_accumulate_gas: Gas,
    /// The least gas for each transfer to it.
    pub min_memo_gas: Gas,
    /// Octets that it stores.
    pub octets: u64,
    /// Items that it stores.
    pub items: u32,
    /// Balance that its threshold is lowered by.
    pub gratis: Balance,
    /// When it was created.
    pub created: TimeSlot,
    /// When it accumulated last.
    pub last_accumulation: TimeSlot,
    /// Who created it.
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

    /// What the chain knows of a service; nothing if there is no such service.
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
