//! What handlers answer, and how an answer becomes registers and octets in memory.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::call::ReplyStyle;
use crate::{Code, Form, InnerExit, Interface, Matched, Registers, Request, ResultCode, Window};

/// What a handler answers: the meaning, not yet the registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A result code, and by which outcome of the call.
    Code(Code),
    /// A number (an index, a handle, an id, a program counter), and which outcome gives it.
    Value(Matched, u64),
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
    /// How a child program ended.
    Child {
        /// How it stopped.
        exit: InnerExit,
        /// The gas left of its limit.
        gas_left: u64,
        /// Its output; empty unless it halted.
        output: Arc<[u8]>,
    },
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Octets to write to guest memory first; if that panics, nothing else happens.
    pub memory: Option<MemoryWrite>,
    /// The values of `r7` to `r12`, where they change.
    pub registers: [Option<u64>; 6],
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
    /// The part of a blob that a window asks for.
    fn new(window: Window, blob: Arc<[u8]>) -> Self {
        let range = window.range(blob.len());
        Self { address: window.address, blob, range }
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        self.blob.get(self.range.clone()).unwrap_or(&[])
    }
}

impl Delivery {
    /// Only `r7` changes.
    pub fn r7(value: u64) -> Self {
        Self::r7_r8(value, None)
    }

    fn r7_r8(r7: u64, r8: Option<u64>) -> Self {
        Self { memory: None, registers: [Some(r7), r8, None, None, None, None] }
    }

    /// Sets the registers that change.
    pub fn apply(&self, registers: &mut Registers) {
        let changed = registers.iter_mut().skip(7).zip(self.registers);
        changed.for_each(|(register, value)| *register = value.unwrap_or(*register));
    }
}

/// How much of a reply a guest is told: forms of a call under other ABIs than the Gray Paper's tell
/// less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// All, as the Gray Paper delivers it.
    All(&'a Reply),
    /// Whether it went well.
    Code(ResultCode),
    /// Three numbers of the account, in halves: balance, least gas to accumulate, threshold.
    Halves(&'a AccountRecord),
    /// Nothing.
    Nothing,
}

impl Form {
    /// Turns a handler's reply into what the guest sees under `interface`.
    pub fn deliver(&self, interface: Interface, request: &Request, reply: &Reply) -> Delivery {
        match self.told(reply) {
            Told::All(reply) => paper(interface, request, reply),
            Told::Code(code) => Delivery::r7(interface.code(code)),
            Told::Halves(record) => halves(record),
            Told::Nothing => Delivery::default(),
        }
    }

    /// What the guest is told of a reply in this form of the call.
    pub fn told<'a>(&self, reply: &'a Reply) -> Told<'a> {
        match (self.reply, reply) {
            (ReplyStyle::Nothing, _) => Told::Nothing,
            (ReplyStyle::Status, Reply::Code(code)) => Told::Code(match code.result() {
                // A footprint that is not covered is a balance that is too low.
                ResultCode::Full => ResultCode::Low,
                other => other,
            }),
            (ReplyStyle::Status, _) => Told::Code(ResultCode::Ok),
            (ReplyStyle::Halves, Reply::Account(Some(record))) => Told::Halves(record),
            (ReplyStyle::Halves | ReplyStyle::Paper, reply) => Told::All(reply),
        }
    }
}

/// A reply as the Gray Paper delivers it.
fn paper(interface: Interface, request: &Request, reply: &Reply) -> Delivery {
    let none = interface.code(ResultCode::None);
    match reply {
        Reply::Code(code) => Delivery::r7(interface.code(code.result())),
        Reply::Value(_, value) | Reply::Gas(value) => Delivery::r7(*value),
        Reply::Replaced(length) => Delivery::r7(length.unwrap_or(none)),
        Reply::Data(None) | Reply::Account(None) => Delivery::r7(none),
        Reply::Data(Some(blob)) => windowed(request, blob.clone()),
        Reply::Account(Some(record)) => windowed(request, record.encode().into()),
        Reply::History(history) => {
            let (r7, r8) = history.map_or((none, 0), History::registers);
            Delivery::r7_r8(r7, Some(r8))
        }
        Reply::Ran { exit, detail } => Delivery::r7_r8(exit.value(), *detail),
        Reply::Child { exit, gas_left, output } => {
            let memory = request.window().map(|window| MemoryWrite::new(window, output.clone()));
            let length = output.len() as u64;
            let registers = [Some(exit.value()), Some(*gas_left), Some(length), None, None, None];
            Delivery { memory, registers }
        }
    }
}

/// The part of `blob` that the request asks for, and its full length in `r7`.
fn windowed(request: &Request, blob: Arc<[u8]>) -> Delivery {
    let total = blob.len() as u64;
    let memory = request.window().map(|window| MemoryWrite::new(window, blob));
    Delivery { memory, ..Delivery::r7(total) }
}

/// Three numbers of an account, each as its low and its high 32 bits.
fn halves(record: &AccountRecord) -> Delivery {
    let low = |number: u64| Some(number & 0xffff_ffff);
    let high = |number: u64| Some(number >> 32);
    let (balance, gas) = (record.balance, record.min_accumulate_gas);
    let threshold = record.threshold_balance;
    let registers =
        [low(balance), high(balance), low(gas), high(gas), low(threshold), high(threshold)];
    Delivery { memory: None, registers }
}

impl Request {
    /// Where the call wants its data, if it is one that copies data out.
    pub fn window(&self) -> Option<Window> {
        match self {
            Self::Fetch(request) => Some(request.out),
            Self::Lookup(request) => Some(request.out),
            Self::Read(request) => Some(request.out),
            Self::Info(request) => Some(request.out),
            Self::HistoricalLookup(request) => Some(request.out),
            Self::InvokeChild(request) => Some(request.out.into()),
            _ => None,
        }
    }
}
