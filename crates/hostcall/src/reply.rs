//! What handlers answer, and how an answer becomes registers and octets in memory.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Form, InnerExit, Interface, Registers, Request, ResultCode, Window};

/// What a handler answers: the meaning, not yet the registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A result code.
    Code(ResultCode),
    /// A number: an index, a handle, an id, a program counter.
    Value(u64),
    /// The gas left after the call's charge.
    Gas(u64),
    /// A blob to copy a part of into the request's window, or the news that there is none.
    Data(Option<Arc<[u8]>>),
    /// A service's account record, or the news that there is no such service.
    Account(Option<AccountRecord>),
    /// The length of the value that a write replaced, if there was one.
    Replaced(Option<u64>),
    /// A preimage request's history, or the news that there is no such request.
    History(Option<History>),
    /// How an inner machine stopped, and the host call or page address where there is one.
    Ran {
        /// How it stopped.
        exit: InnerExit,
        /// The host call's number or the page's address.
        detail: Option<u64>,
    },
}

/// The account record that `info` gives (0.7.2: 96 octets).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Hash of the code with its metadata.
    pub code_hash: [u8; 32],
    /// Balance.
    pub balance: u64,
    /// The balance that the footprint demands.
    pub threshold_balance: u64,
    /// Minimum gas for each work item.
    pub min_accumulate_gas: u64,
    /// Minimum gas for each transfer.
    pub min_memo_gas: u64,
    /// Octets of the footprint.
    pub octets: u64,
    /// Items of the footprint.
    pub items: u32,
    /// Balance that is waived.
    pub gratis: u64,
    /// Slot of creation.
    pub created: u32,
    /// Slot of the last accumulation.
    pub last_accumulation: u32,
    /// The service that created it.
    pub parent: u32,
}

impl AccountRecord {
    /// The record's length in octets.
    pub const LENGTH: usize = 96;

    /// The record as the paper encodes it for `info`.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(Self::LENGTH);
        octets.extend_from_slice(&self.code_hash);
        octets.extend_from_slice(&self.balance.to_le_bytes());
        octets.extend_from_slice(&self.threshold_balance.to_le_bytes());
        octets.extend_from_slice(&self.min_accumulate_gas.to_le_bytes());
        octets.extend_from_slice(&self.min_memo_gas.to_le_bytes());
        octets.extend_from_slice(&self.octets.to_le_bytes());
        octets.extend_from_slice(&self.items.to_le_bytes());
        octets.extend_from_slice(&self.gratis.to_le_bytes());
        octets.extend_from_slice(&self.created.to_le_bytes());
        octets.extend_from_slice(&self.last_accumulation.to_le_bytes());
        octets.extend_from_slice(&self.parent.to_le_bytes());
        octets
    }
}

/// The history of a preimage request, as `query` tells it; slots as they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Requested, never there.
    Requested,
    /// There since the slot.
    Available(u32),
    /// There from the first until the second slot.
    Unavailable(u32, u32),
    /// There from the first until the second slot, and again since the third.
    AvailableAgain(u32, u32, u32),
}

impl History {
    fn registers(self) -> (u64, u64) {
        let tagged = |tag: u64, slot: u32| tag | u64::from(slot) << 32;
        match self {
            Self::Requested => (0, 0),
            Self::Available(x) => (tagged(1, x), 0),
            Self::Unavailable(x, y) => (tagged(2, x), u64::from(y)),
            Self::AvailableAgain(x, y, z) => (tagged(3, x), tagged(u64::from(y), z)),
        }
    }
}

/// A reply as the guest will see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Octets to write to guest memory first; if that panics, nothing else happens.
    pub memory: Option<MemoryWrite>,
    /// The value of `r7`, where it changes.
    pub r7: Option<u64>,
    /// The value of `r8`, where it changes.
    pub r8: Option<u64>,
}

/// Octets on their way to guest memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryWrite {
    /// Where they go.
    pub address: u64,
    blob: Arc<[u8]>,
    range: core::ops::Range<usize>,
}

impl MemoryWrite {
    /// The octets.
    pub fn octets(&self) -> &[u8] {
        self.blob.get(self.range.clone()).unwrap_or(&[])
    }
}

impl Delivery {
    fn r7(value: u64) -> Self {
        Self { memory: None, r7: Some(value), r8: None }
    }

    /// Sets the registers that change.
    pub fn apply(&self, registers: &mut Registers) {
        let [_, _, _, _, _, _, _, r7, r8, ..] = registers;
        *r7 = self.r7.unwrap_or(*r7);
        *r8 = self.r8.unwrap_or(*r8);
    }
}

impl Form {
    /// Turns a handler's reply into what the guest sees under `interface`.
    pub fn deliver(&self, interface: Interface, request: &Request, reply: &Reply) -> Delivery {
        let none = interface.code(ResultCode::None);
        match reply {
            Reply::Code(code) => Delivery::r7(interface.code(*code)),
            Reply::Value(value) | Reply::Gas(value) => Delivery::r7(*value),
            Reply::Replaced(length) => Delivery::r7(length.unwrap_or(none)),
            Reply::Data(None) | Reply::Account(None) => Delivery::r7(none),
            Reply::Data(Some(blob)) => windowed(request.window(), blob.clone()),
            Reply::Account(Some(record)) => windowed(request.window(), record.encode().into()),
            Reply::History(history) => {
                let (r7, r8) = history.map_or((none, 0), History::registers);
                Delivery { memory: None, r7: Some(r7), r8: Some(r8) }
            }
            Reply::Ran { exit, detail } => {
                Delivery { memory: None, r7: Some(exit.value()), r8: *detail }
            }
        }
    }
}

/// The part of `blob` that the window asks for, and its full length in `r7`.
fn windowed(window: Option<Window>, blob: Arc<[u8]>) -> Delivery {
    let total = blob.len();
    let memory = window.map(|window| {
        let range = window.range(total);
        MemoryWrite { address: window.address, blob, range }
    });
    Delivery { memory, r7: Some(total as u64), r8: None }
}

impl Request {
    /// Where the call wants its data, if it is one that copies data out.
    pub const fn window(&self) -> Option<Window> {
        match self {
            Self::Fetch(request) => Some(request.out),
            Self::Lookup(request) => Some(request.out),
            Self::Read(request) => Some(request.out),
            Self::Info(request) => Some(request.out),
            Self::HistoricalLookup(request) => Some(request.out),
            _ => None,
        }
    }
}
