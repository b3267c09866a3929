//! Registers.

use core::fmt;
use core::str::FromStr;

/// One of the thirteen registers.
///
/// An enum of thirteen values indexes a `[u64; 13]` without a bounds check.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(u8)]
#[expect(missing_docs, reason = "a register is its number")]
pub enum Reg {
    #[default]
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
    R11,
    R12,
}

impl Reg {
    /// Every register in order.
    pub const ALL: [Self; 13] = [
        Self::R0,
        Self::R1,
        Self::R2,
        Self::R3,
        Self::R4,
        Self::R5,
        Self::R6,
        Self::R7,
        Self::R8,
        Self::R9,
        Self::R10,
        Self::R11,
        Self::R12,
    ];

    /// The register with this number in an encoded instruction; numbers above 12 stand for register
    /// 12.
    #[inline]
    #[must_use]
    pub const fn clipped(number: u8) -> Self {
        match number {
            0 => Self::R0,
            1 => Self::R1,
            2 => Self::R2,
            3 => Self::R3,
            4 => Self::R4,
            5 => Self::R5,
            6 => Self::R6,
            7 => Self::R7,
            8 => Self::R8,
            9 => Self::R9,
            10 => Self::R10,
            11 => Self::R11,
            _ => Self::R12,
        }
    }

    /// The register with exactly this number; `None` above 12.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 12 { Some(Self::clipped(number)) } else { None }
    }

    /// The number, 0 to 12.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Name of the register in the calling convention of compiled programs.
    #[must_use]
    pub const fn alias(self) -> &'static str {
        match self {
            Self::R0 => "ra",
            Self::R1 => "sp",
            Self::R2 => "t0",
            Self::R3 => "t1",
            Self::R4 => "t2",
            Self::R5 => "s0",
            Self::R6 => "s1",
            Self::R7 => "a0",
            Self::R8 => "a1",
            Self::R9 => "a2",
            Self::R10 => "a3",
            Self::R11 => "a4",
            Self::R12 => "a5",
        }
    }

    /// The name that [`Display`](fmt::Display) writes: `r0` to `r12`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::R0 => "r0",
            Self::R1 => "r1",
            Self::R2 => "r2",
            Self::R3 => "r3",
            Self::R4 => "r4",
            Self::R5 => "r5",
            Self::R6 => "r6",
            Self::R7 => "r7",
            Self::R8 => "r8",
            Self::R9 => "r9",
            Self::R10 => "r10",
            Self::R11 => "r11",
            Self::R12 => "r12",
        }
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Error: the name of no [`Reg`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown register: expected r0 to r12, or ra, sp, t0 to t2, s0, s1, a0 to a5")]
pub struct UnknownReg;

impl FromStr for Reg {
    type Err = UnknownReg;

    /// Reads a [name](Reg::name) or an [alias](Reg::alias).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reg| reg.name() == text || reg.alias() == text)
            .ok_or(UnknownReg)
    }
}
