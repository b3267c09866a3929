//! The types of host-call arguments, and how each is read from consecutive registers.
//!
//! A pointer is a claim: nothing here has seen guest memory. The handler asks the memory, which
//! answers with octets or with a panic of the guest.

use core::fmt;

use crate::{Abi, Context, FetchKind, Registers};

/// A service named by a register: `2^64 - 1` is the running service, anything else an id.
///
/// Values of `2^32` and above name no service at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceRef {
    /// The service that makes the call.
    #[default]
    Own,
    /// The service with this id; not checked to be below `2^32`.
    Id(u64),
}

impl ServiceRef {
    /// The id, given the caller's own; `None` when it cannot be one.
    pub fn resolve(self, own: u32) -> Option<u32> {
        match self {
            Self::Own => Some(own),
            Self::Id(id) => u32::try_from(id).ok(),
        }
    }
}

/// A pointer to something of fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer(pub u64);

/// A pointer to a 32-octet hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashPointer(pub u64);

/// A claimed range of guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First address.
    pub address: u64,
    /// Length in octets.
    pub length: u64,
}

/// Where to put a part of a value: `min(length, len - offset)` octets from `offset` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Destination in guest memory.
    pub address: u64,
    /// Octets of the value to skip.
    pub offset: u64,
    /// The most octets to copy.
    pub length: u64,
}

impl Window {
    /// The window of calls that answer in registers.
    pub const NOWHERE: Self = Self { address: 0, offset: 0, length: 0 };

    /// The range of the value that is copied, for a value of `total` octets.
    pub fn range(&self, total: usize) -> core::ops::Range<usize> {
        let clamp = |claim: u64| usize::try_from(claim).map_or(total, |claim| claim.min(total));
        let start = clamp(self.offset);
        let length = clamp(self.length).min(total.saturating_sub(start));
        start..start.saturating_add(length)
    }
}

/// A 32-octet storage key by pointer (seed document).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedKey(pub u64);

/// A destination without an offset (seed document).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Destination in guest memory.
    pub address: u64,
    /// The most octets to copy.
    pub length: u64,
}

/// A 64-bit number in the low halves of two registers, low part first (seed document).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowHigh(pub u64);

impl From<FixedKey> for Slice {
    fn from(key: FixedKey) -> Self {
        Self { address: key.0, length: 32 }
    }
}

impl From<Output> for Window {
    fn from(output: Output) -> Self {
        Self { address: output.address, offset: 0, length: output.length }
    }
}

/// The shape of an argument: how many registers it takes and what each of them means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A plain number.
    Number,
    /// A service id, or `2^64 - 1` for the caller.
    Service,
    /// The kind number of `fetch`.
    FetchKind,
    /// A pointer to a structure of fixed size.
    Pointer,
    /// A pointer to 32 octets.
    Hash,
    /// A pointer to a 32-octet storage key.
    FixedKey,
    /// A pointer and a length.
    Slice,
    /// A pointer, an offset into the value and the most octets to copy.
    Window,
    /// A pointer and the most octets to copy.
    Output,
    /// The low and the high half of a number.
    LowHigh,
}

impl ArgumentKind {
    /// What each register of the argument holds; as many entries as it takes registers.
    pub const fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Number | Self::FetchKind => &[""],
            Self::Service => &["id, or 2^64-1 for the caller"],
            Self::Pointer => &["address"],
            Self::Hash | Self::FixedKey => &["address of 32 octets"],
            Self::Slice => &["address", "length"],
            Self::Window => &["address", "offset into the value", "most octets"],
            Self::Output => &["address", "most octets"],
            Self::LowHigh => &["low 32 bits", "high 32 bits"],
        }
    }
}

/// One argument of a call: its name, its shape and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentInfo {
    /// The field's name in the typed request, or the register form's own name for it.
    pub name: &'static str,
    /// How it lies in registers.
    pub kind: ArgumentKind,
    /// What it means; empty where the name says it.
    pub doc: &'static str,
}

/// Reads arguments from `r7` on, in order.
pub struct Decoder<'a> {
    registers: &'a Registers,
    next: usize,
    abi: Abi,
    context: Context,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(registers: &'a Registers, abi: Abi, context: Context) -> Self {
        Self { registers, next: 7, abi, context }
    }

    fn register(&mut self) -> u64 {
        let value = self.registers.get(self.next).copied().unwrap_or(0);
        self.next = self.next.saturating_add(1);
        value
    }

    pub(crate) fn argument<A: Argument>(&mut self) -> A {
        A::read(self)
    }
}

/// A type that host calls take as an argument.
pub trait Argument {
    /// How it lies in registers.
    const KIND: ArgumentKind;

    /// Takes it from the next registers.
    fn read(from: &mut Decoder<'_>) -> Self;
}

impl Argument for u64 {
    const KIND: ArgumentKind = ArgumentKind::Number;

    fn read(from: &mut Decoder<'_>) -> Self {
        from.register()
    }
}

/// A number that some register forms leave out, meaning "keep what is there".
impl Argument for Option<u64> {
    const KIND: ArgumentKind = ArgumentKind::Number;

    fn read(from: &mut Decoder<'_>) -> Self {
        Some(from.register())
    }
}

impl Argument for ServiceRef {
    const KIND: ArgumentKind = ArgumentKind::Service;

    fn read(from: &mut Decoder<'_>) -> Self {
        match from.register() {
            u64::MAX => Self::Own,
            id => Self::Id(id),
        }
    }
}

/// The kind is `None` where its number means nothing in this ABI and context.
impl Argument for Option<FetchKind> {
    const KIND: ArgumentKind = ArgumentKind::FetchKind;

    fn read(from: &mut Decoder<'_>) -> Self {
        let number = from.register();
        FetchKind::available(from.abi, from.context, number)
    }
}

impl Argument for Pointer {
    const KIND: ArgumentKind = ArgumentKind::Pointer;

    fn read(from: &mut Decoder<'_>) -> Self {
        Self(from.register())
    }
}

impl Argument for HashPointer {
    const KIND: ArgumentKind = ArgumentKind::Hash;

    fn read(from: &mut Decoder<'_>) -> Self {
        Self(from.register())
    }
}

impl Argument for FixedKey {
    const KIND: ArgumentKind = ArgumentKind::FixedKey;

    fn read(from: &mut Decoder<'_>) -> Self {
        Self(from.register())
    }
}

impl Argument for Slice {
    const KIND: ArgumentKind = ArgumentKind::Slice;

    fn read(from: &mut Decoder<'_>) -> Self {
        Self { address: from.register(), length: from.register() }
    }
}

impl Argument for Window {
    const KIND: ArgumentKind = ArgumentKind::Window;

    fn read(from: &mut Decoder<'_>) -> Self {
        Self { address: from.register(), offset: from.register(), length: from.register() }
    }
}

impl Argument for Output {
    const KIND: ArgumentKind = ArgumentKind::Output;

    fn read(from: &mut Decoder<'_>) -> Self {
        Self { address: from.register(), length: from.register() }
    }
}

impl Argument for LowHigh {
    const KIND: ArgumentKind = ArgumentKind::LowHigh;

    fn read(from: &mut Decoder<'_>) -> Self {
        let low = from.register() & 0xffff_ffff;
        let high = from.register() & 0xffff_ffff;
        Self(high << 32 | low)
    }
}

impl fmt::Display for ServiceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}
