//! The types of host-call arguments, each read from consecutive registers.
//!
//! A pointer is a claim of the guest: this crate reads no guest memory. The handler reads it, and
//! an inaccessible range panics the guest.

use core::fmt;

use crate::{Abi, Context, FetchKind, Registers};

/// A service named by a register: `2^64 - 1` is the running service, any other value an id.
///
/// Values from `2^32` to `2^64 - 2` are the id of no service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceRef {
    /// The service that makes the call.
    #[default]
    Own,
    /// The service with this id, which may exceed `2^32 - 1`.
    Id(u64),
}

impl ServiceRef {
    /// The service's id, `own` for the caller; `None` from `2^32` on.
    pub fn resolve(self, own: u32) -> Option<u32> {
        match self {
            Self::Own => Some(own),
            Self::Id(id) => u32::try_from(id).ok(),
        }
    }
}

/// A pointer to a structure of fixed size.
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

/// Destination of a part of a value: `min(length, len - offset)` octets from `offset` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Destination in guest memory.
    pub address: u64,
    /// Number of octets to skip in the value.
    pub offset: u64,
    /// Largest number of octets to copy.
    pub length: u64,
}

impl Window {
    /// The window of calls that copy nothing.
    pub const NOWHERE: Self = Self { address: 0, offset: 0, length: 0 };

    /// The copied range of a value of `total` octets.
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
    /// Largest number of octets to copy.
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

/// The shape of an argument: its registers and their meaning.
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
    /// A pointer, an offset into the value and the largest number of octets to copy.
    Window,
    /// A pointer and the largest number of octets to copy.
    Output,
    /// The low and the high half of a number.
    LowHigh,
}

impl ArgumentKind {
    /// Meaning of each register of the argument; one entry a register.
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

/// One argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentInfo {
    /// Name of the field in the typed request, or the register form's own name of the argument.
    pub name: &'static str,
    /// Shape in registers.
    pub kind: ArgumentKind,
    /// Meaning; empty if the name is enough.
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

/// The type of an argument of a host call.
pub trait Argument {
    /// Shape in registers.
    const KIND: ArgumentKind;

    /// Reads it from the next registers.
    fn read(from: &mut Decoder<'_>) -> Self;
}

impl Argument for u64 {
    const KIND: ArgumentKind = ArgumentKind::Number;

    fn read(from: &mut Decoder<'_>) -> Self {
        from.register()
    }
}

/// A number that some register forms lack, where it means "keep the present value".
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

/// `None` for a number that is no kind in this ABI and context.
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
