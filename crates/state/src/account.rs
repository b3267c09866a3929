//! The fields of a service account, its footprint and its encoding in state.

use jambox_codec::{Decode, DecodeError, DecodeErrorKind, Encode, Reader, impl_codec};
use jambox_types::{Balance, Gas, Hash, Parameters, ServiceId, TimeSlot};

/// The storage footprint of an account: its `items` and `octets` (`eq:deposits`, 0.7.2).
///
/// Counts saturate: an account large enough to overflow them cannot be paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Two for each preimage request, one for each storage entry.
    pub items: u32,
    /// 81 and the preimage's length for each request; 34 and the lengths of key and value for
    /// each storage entry.
    pub octets: u64,
}

const REQUEST_ITEMS: u32 = 2;
const REQUEST_OCTETS: u64 = 81;
const STORAGE_OCTETS: u64 = 34;

impl Footprint {
    /// The footprint after a change of a storage value under a key of `key_length` octets. Lengths
    /// are in octets; `None` stands for no entry.
    #[must_use]
    pub fn with_storage(
        self,
        key_length: usize,
        before: Option<usize>,
        after: Option<usize>,
    ) -> Self {
        let octets = |value: usize| {
            STORAGE_OCTETS.saturating_add(key_length as u64).saturating_add(value as u64)
        };
        let mut footprint = self;
        if let Some(value) = before {
            footprint.items = footprint.items.saturating_sub(1);
            footprint.octets = footprint.octets.saturating_sub(octets(value));
        }
        if let Some(value) = after {
            footprint.items = footprint.items.saturating_add(1);
            footprint.octets = footprint.octets.saturating_add(octets(value));
        }
        footprint
    }

    /// The footprint with one more request, for a preimage of `length` octets.
    #[must_use]
    pub fn with_request(self, length: u32) -> Self {
        Self {
            items: self.items.saturating_add(REQUEST_ITEMS),
            octets: self.octets.saturating_add(request_octets(length)),
        }
    }

    /// The footprint with one request less, for a preimage of `length` octets.
    #[must_use]
    pub fn without_request(self, length: u32) -> Self {
        Self {
            items: self.items.saturating_sub(REQUEST_ITEMS),
            octets: self.octets.saturating_sub(request_octets(length)),
        }
    }

    /// The threshold balance: the least balance of an account with this footprint (`eq:deposits`,
    /// 0.7.2). It may exceed every possible balance.
    #[must_use]
    pub fn threshold(self, gratis: Balance, parameters: &Parameters) -> u128 {
        let items = u128::from(parameters.item_deposit).saturating_mul(self.items.into());
        let octets = u128::from(parameters.octet_deposit).saturating_mul(self.octets.into());
        let deposit =
            u128::from(parameters.base_deposit).saturating_add(items).saturating_add(octets);
        deposit.saturating_sub(u128::from(gratis.0))
    }

    /// [`threshold`](Self::threshold) as a balance, saturating.
    #[must_use]
    pub fn threshold_balance(self, gratis: Balance, parameters: &Parameters) -> Balance {
        Balance(u64::try_from(self.threshold(gratis, parameters)).unwrap_or(u64::MAX))
    }
}

fn request_octets(length: u32) -> u64 {
    REQUEST_OCTETS.saturating_add(u64::from(length))
}

/// A service account without its dictionaries (`eq:serviceaccount`, 0.7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountInfo {
    /// Hash of the preimage that holds metadata and code.
    pub code_hash: Hash,
    /// Tokens held.
    pub balance: Balance,
    /// Least gas for the accumulation of a work item.
    pub min_accumulate_gas: Gas,
    /// Least gas for the receipt of a deferred transfer.
    pub min_memo_gas: Gas,
    /// Waived part of the threshold balance.
    pub gratis: Balance,
    /// Time slot of creation.
    pub created: TimeSlot,
    /// Time slot of the most recent accumulation.
    pub last_accumulation: TimeSlot,
    /// The service's creator.
    pub parent: ServiceId,
    /// Footprint of its dictionaries; maintained by [`Accounts`](crate::Accounts), never by
    /// callers.
    pub footprint: Footprint,
}

impl AccountInfo {
    /// Threshold balance (`eq:deposits`, 0.7.2).
    #[must_use]
    pub fn threshold_balance(&self, parameters: &Parameters) -> Balance {
        self.footprint.threshold_balance(self.gratis, parameters)
    }

    /// True if `balance` is at least the threshold balance of `footprint`.
    #[must_use]
    pub fn is_covered(&self, footprint: Footprint, balance: u64, parameters: &Parameters) -> bool {
        u128::from(balance) >= footprint.threshold(self.gratis, parameters)
    }
}

/// The value under an account's state key (`sec:statemerklization`, 0.7.2): 89 octets.
struct Record {
    version: u8,
    code_hash: Hash,
    balance: Balance,
    min_accumulate_gas: Gas,
    min_memo_gas: Gas,
    octets: u64,
    gratis: Balance,
    items: u32,
    created: TimeSlot,
    last_accumulation: TimeSlot,
    parent: ServiceId,
}

impl_codec!(Record {
    version,
    code_hash,
    balance,
    min_accumulate_gas,
    min_memo_gas,
    octets,
    gratis,
    items,
    created,
    last_accumulation,
    parent,
});

impl<C: ?Sized> Encode<C> for AccountInfo {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        let record = Record {
            version: 0,
            code_hash: self.code_hash,
            balance: self.balance,
            min_accumulate_gas: self.min_accumulate_gas,
            min_memo_gas: self.min_memo_gas,
            octets: self.footprint.octets,
            gratis: self.gratis,
            items: self.footprint.items,
            created: self.created,
            last_accumulation: self.last_accumulation,
            parent: self.parent,
        };
        record.encode_to(out, context);
    }
}

impl<C: ?Sized> Decode<C> for AccountInfo {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let record = Record::decode(reader, context)?;
        if record.version != 0 {
            let value = record.version.into();
            return Err(DecodeError {
                offset,
                kind: DecodeErrorKind::UnknownDiscriminator { value, max: 0 },
            });
        }
        Ok(Self {
            code_hash: record.code_hash,
            balance: record.balance,
            min_accumulate_gas: record.min_accumulate_gas,
            min_memo_gas: record.min_memo_gas,
            gratis: record.gratis,
            created: record.created,
            last_accumulation: record.last_accumulation,
            parent: record.parent,
            footprint: Footprint { items: record.items, octets: record.octets },
        })
    }
}
