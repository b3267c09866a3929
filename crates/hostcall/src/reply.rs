//! Replies of handlers, and their translation to registers and octets in memory.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::call::ReplyStyle;
use crate::{
    CodedOutcome, Form, InnerExit, Interface, Matched, Registers, Request, ResultCode, Window,
};

/// The reply of a handler, independent of registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A result code with its outcome.
    Code(CodedOutcome),
    /// A number (an index, a handle, an id, a program counter) with its outcome.
    Value(Matched, u64),
    /// Gas left after the call's charge.
    Gas(u64),
    /// A blob, to be copied in part into the request's window; `None` if it does not exist.
    Data(Option<Arc<[u8]>>),
    /// A service's account record; `None` if the service does not exist.
    Account(Option<AccountRecord>),
    /// Length of the value replaced by a write, in octets; `None` if there was none.
    Replaced(Option<u64>),
    /// History of a preimage request; `None` if there is no such request.
    History(Option<History>),
    /// End of a child program.
    Child {
        /// The program's exit.
        exit: InnerExit,
        /// Gas left of the program's limit.
        gas_left: u64,
        /// The program's output; empty unless it halted.
        output: Arc<[u8]>,
    },
    /// Exit of an inner machine.
    Ran {
        /// The machine's exit.
        exit: InnerExit,
        /// Number of the host call or address of the page; `None` for other exits.
        detail: Option<u64>,
    },
}

/// The account record copied by `info` (0.7.2: 96 octets).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Hash of the code with its metadata.
    pub code_hash: [u8; 32],
    /// Balance.
    pub balance: u64,
    /// Threshold balance: the least balance that covers the footprint.
    pub threshold_balance: u64,
    /// Minimum gas for each work item.
    pub min_accumulate_gas: u64,
    /// Minimum gas for each transfer.
    pub min_memo_gas: u64,
    /// Octets in the footprint.
    pub octets: u64,
    /// Items in the footprint.
    pub items: u32,
    /// Waived part of the threshold balance.
    pub gratis: u64,
    /// Slot of creation.
    pub created: u32,
    /// Slot of the last accumulation.
    pub last_accumulation: u32,
    /// The service's creator.
    pub parent: u32,
}

impl AccountRecord {
    /// Length of the encoded record, in octets.
    pub const LENGTH: usize = 96;

    /// The encoding for `info`.
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

/// History of a preimage request, as answered by `query`; slots in the order of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Requested, never available.
    Requested,
    /// Available since the slot.
    Available(u32),
    /// Available from the first to the second slot.
    Unavailable(u32, u32),
    /// Available from the first to the second slot, and again since the third.
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

/// Changes to the guest's registers and memory by a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Octets to be written to guest memory first. If the write panics, nothing else changes.
    pub memory: Option<MemoryWrite>,
    /// New values of `r7` to `r12`; `None` for unchanged registers.
    pub registers: [Option<u64>; 6],
}

/// A write of octets to guest memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryWrite {
    /// Destination in guest memory.
    pub address: u64,
    blob: Arc<[u8]>,
    range: core::ops::Range<usize>,
}

impl MemoryWrite {
    /// The part of a blob in a window.
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
    /// A change of `r7` only.
    pub fn r7(value: u64) -> Self {
        Self::r7_r8(value, None)
    }

    fn r7_r8(r7: u64, r8: Option<u64>) -> Self {
        Self { memory: None, registers: [Some(r7), r8, None, None, None, None] }
    }

    /// Sets the changed registers.
    pub fn apply(&self, registers: &mut Registers) {
        let changed = registers.iter_mut().skip(7).zip(self.registers);
        changed.for_each(|(register, value)| *register = value.unwrap_or(*register));
    }
}

/// The part of a reply that reaches the guest. Forms of a call under ABIs other than the Gray
/// Paper's pass less of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// All of it, as in the Gray Paper.
    All(&'a Reply),
    /// A result code only.
    Code(ResultCode),
    /// Three numbers of the account, in halves: balance, least gas to accumulate, threshold
    /// balance.
    Halves(&'a AccountRecord),
    /// Nothing.
    Nothing,
}

impl Form {
    /// Translates a handler's reply to registers and memory under `interface`.
    pub fn deliver(&self, interface: Interface, request: &Request, reply: &Reply) -> Delivery {
        match self.told(reply) {
            Told::All(reply) => paper(interface, request, reply),
            Told::Code(code) => Delivery::r7(interface.code(code)),
            Told::Halves(record) => halves(record),
            Told::Nothing => Delivery::default(),
        }
    }

    /// The part of a reply that reaches the guest in this form of the call.
    pub fn told<'a>(&self, reply: &'a Reply) -> Told<'a> {
        match (self.reply, reply) {
            (ReplyStyle::Nothing, _) => Told::Nothing,
            (ReplyStyle::Status, Reply::Code(code)) => Told::Code(match code.result() {
                // Such forms know FULL (threshold balance not covered) as LOW.
                ResultCode::Full => ResultCode::Low,
                other => other,
            }),
            (ReplyStyle::Status, _) => Told::Code(ResultCode::Ok),
            (ReplyStyle::Halves, Reply::Account(Some(record))) => Told::Halves(record),
            (ReplyStyle::Halves | ReplyStyle::Paper, reply) => Told::All(reply),
        }
    }
}

/// The Gray Paper's delivery of a reply.
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

/// Delivery of the requested part of `blob`, with the full length in `r7`.
fn windowed(request: &Request, blob: Arc<[u8]>) -> Delivery {
    let total = blob.len() as u64;
    let memory = request.window().map(|window| MemoryWrite::new(window, blob));
    Delivery { memory, ..Delivery::r7(total) }
}

/// Delivery of three numbers of an account, each as its low and its high 32 bits.
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
    /// Window of a call that copies data out; `None` for other calls.
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
