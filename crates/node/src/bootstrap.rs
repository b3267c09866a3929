//! Instructions for the bootstrap service (`jam-bootstrap-service-common`).

use jambox_types::{Balance, Gas, Hash, ServiceId};

/// The octets of a transfer's memo.
const MEMO: usize = 128;
/// The number of the instruction that creates a service.
const CREATE: u8 = 0;
/// The number of the instruction that asks for a preimage.
const SOLICIT: u8 = 6;
/// The number of the key under which the second release keeps the results of an item's
/// instructions.
const RESULTS: u8 = 2;
/// The number of the result that is a service's id.
const SERVICE_ID: u8 = 1;

/// Payloads and results of a release of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 0.1.28: a payload is one instruction after the other, and the last id is under one key.
    Release28,
    /// 0.1.29: a payload is a sequence with a salt, and each item has a key for its results.
    Release29,
}

/// A service to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewService {
    /// The hash of its code.
    pub code_hash: Hash,
    /// The octets of its code.
    pub code_length: u64,
    /// The least gas of an item.
    pub min_item_gas: Gas,
    /// The least gas of a transfer to it.
    pub min_memo_gas: Gas,
    /// Balance that it is given beyond the one that its code needs.
    pub endowment: Balance,
}

impl Dialect {
    /// The dialect of a service whose metadata have this name and version; `None` when it is not
    /// the bootstrap service.
    #[must_use]
    pub fn of(name: &str, version: &str) -> Option<Self> {
        match (name, version) {
            ("jam-bootstrap-service", "0.1.28") => Some(Self::Release28),
            ("jam-bootstrap-service", _) => Some(Self::Release29),
            _ => None,
        }
    }

    /// The payload that creates a service. The salt makes packages differ that do the same.
    #[must_use]
    pub fn create(self, new: &NewService, salt: [u8; 32]) -> Vec<u8> {
        let mut instruction = vec![CREATE];
        instruction.extend(new.code_hash.0);
        let numbers = [new.code_length, new.min_item_gas.0, new.min_memo_gas.0, new.endowment.0];
        numbers.iter().for_each(|number| instruction.extend(number.to_le_bytes()));
        instruction.extend([0; MEMO]);
        // It is not registered under a name.
        instruction.push(0);
        if self == Self::Release29 {
            // No deposit is waived, and the id is any.
            instruction.extend(0_u64.to_le_bytes());
            instruction.push(0);
        }
        self.payload(&instruction, salt)
    }

    /// The payload that asks for a preimage.
    #[must_use]
    pub fn solicit(self, hash: &Hash, length: u64, salt: [u8; 32]) -> Vec<u8> {
        let instruction = [&[SOLICIT][..], &hash.0, &length.to_le_bytes()].concat();
        self.payload(&instruction, salt)
    }

    fn payload(self, instruction: &[u8], salt: [u8; 32]) -> Vec<u8> {
        match self {
            Self::Release28 => instruction.to_vec(),
            Self::Release29 => [&[1], instruction, &salt].concat(),
        }
    }

    /// The storage key under which the bootstrap service keeps the id of a service that it created:
    /// by the only instruction in the only item of this package.
    #[must_use]
    pub fn created_key(self, package: &Hash) -> Vec<u8> {
        match self {
            Self::Release28 => b"created".to_vec(),
            Self::Release29 => [&[RESULTS][..], &package.0, &0_u16.to_le_bytes()].concat(),
        }
    }

    /// The id in the value under [`Self::created_key`]; none when nothing was created.
    #[must_use]
    pub fn created(self, value: &[u8]) -> Option<ServiceId> {
        let id = match self {
            Self::Release28 => value,
            // One result, which is no error.
            Self::Release29 => value.strip_prefix(&[1, 0, SERVICE_ID])?,
        };
        Some(ServiceId(u32::from_le_bytes(id.try_into().ok()?)))
    }
}
