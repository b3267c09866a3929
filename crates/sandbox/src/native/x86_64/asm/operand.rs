//! Operands of x86-64 instructions.

use crate::native::x86_64::frame;

/// A 64-bit general register of the host, but for `rsp`, which generated code never names: it
/// points to the frame, and nothing may move it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the architecture's")]
pub enum Gpr {
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rbx = 3,
    Rbp = 5,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
    R12 = 12,
    R13 = 13,
    R14 = 14,
    R15 = 15,
}

impl Gpr {
    /// The low three bits of the number, which go into ModRM and SIB octets.
    pub(super) const fn low(self) -> u8 {
        self as u8 & 7
    }

    /// The high bit of the number, which goes into a REX or VEX prefix.
    pub(super) const fn high(self) -> u8 {
        self as u8 >> 3
    }
}

/// Number of bits of its registers that an instruction works on.
///
/// With [`S32`](Self::S32) the upper half of a destination becomes zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// 32 bits.
    S32,
    /// 64 bits.
    S64,
}

impl Size {
    /// The `W` bit of a REX or VEX prefix.
    pub(super) const fn w(self) -> u8 {
        match self {
            Self::S32 => 0,
            Self::S64 => 1,
        }
    }
}

/// A condition on the flags, by its number in `jcc`, `setcc` and `cmovcc`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Condition {
    /// Unsigned less; a borrow.
    Below = 2,
    /// Unsigned greater or equal.
    AboveOrEqual = 3,
    /// Equal; zero.
    Equal = 4,
    /// Not equal; not zero.
    NotEqual = 5,
    /// Unsigned less or equal.
    BelowOrEqual = 6,
    /// Unsigned greater.
    Above = 7,
    /// Signed less.
    Less = 12,
    /// Signed greater or equal.
    GreaterOrEqual = 13,
    /// Signed less or equal.
    LessOrEqual = 14,
    /// Signed greater.
    Greater = 15,
}

impl Condition {
    /// Every condition that is used.
    pub const ALL: [Self; 10] = [
        Self::Below,
        Self::AboveOrEqual,
        Self::Equal,
        Self::NotEqual,
        Self::BelowOrEqual,
        Self::Above,
        Self::Less,
        Self::GreaterOrEqual,
        Self::LessOrEqual,
        Self::Greater,
    ];

    /// The condition that holds when this one does not.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::Below => Self::AboveOrEqual,
            Self::AboveOrEqual => Self::Below,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::BelowOrEqual => Self::Above,
            Self::Above => Self::BelowOrEqual,
            Self::Less => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
        }
    }
}

/// A place in memory that generated code may read and write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mem {
    /// An octet of the guest's address space: `gs:[base + displacement]`, the sum taken modulo
    /// 2^32 by the address-size prefix. There is no other way to name guest memory, which is what
    /// keeps a guest inside its 4 GiB.
    Guest(Option<Gpr>, i32),
    /// A field of the frame that is there to keep something in while a register is needed.
    Spill(Spill),
}

/// A field of the frame for whatever generated code wants to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spill {
    /// The first of them.
    First,
    /// The second.
    Second,
}

impl Spill {
    pub(super) const fn field(self) -> i8 {
        match self {
            Self::First => frame::SPILL[0],
            Self::Second => frame::SPILL[1],
        }
    }
}

/// Any place in memory. What is not a [`Mem`] is only ever named by the assembler itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operand {
    /// See [`Mem::Guest`].
    Guest(Option<Gpr>, i32),
    /// A field of the frame that native code runs on: `[rsp + displacement]`.
    Frame(i8),
    /// `[base]`.
    At(Gpr),
    /// Relative to the end of the instruction: `[rip + displacement]`.
    Rip(i32),
}

impl From<Mem> for Operand {
    #[inline(always)]
    fn from(mem: Mem) -> Self {
        match mem {
            Mem::Guest(base, displacement) => Self::Guest(base, displacement),
            Mem::Spill(spill) => Self::Frame(spill.field()),
        }
    }
}
