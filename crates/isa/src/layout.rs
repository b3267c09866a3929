//! Bit positions of the operands in each format (the equations of `sec:instructiontables`, 0.7.2).

use crate::format::Format;

/// Up to eight bits of an instruction's first four octets.
#[derive(Clone, Copy)]
pub(crate) struct Bits {
    pub(crate) shift: u8,
    pub(crate) mask: u8,
}

impl Bits {
    const NONE: Self = Self { shift: 0, mask: 0 };

    /// The low half of an octet.
    const fn low(octet: u8) -> Self {
        Self { shift: octet.wrapping_mul(8), mask: 15 }
    }

    /// The high half of an octet.
    const fn high(octet: u8) -> Self {
        Self { shift: octet.wrapping_mul(8).wrapping_add(4), mask: 15 }
    }

    /// A whole octet.
    const fn octet(octet: u8) -> Self {
        Self { shift: octet.wrapping_mul(8), mask: 255 }
    }

    /// The low three bits of the field: the length of an immediate.
    const fn length(self) -> Self {
        Self { shift: self.shift, mask: 7 }
    }
}

/// Bit positions of a format's operands.
///
/// A format has at most two immediates. The last immediate fills the rest of the instruction, so
/// its length follows from the skip; the length of an immediate before it is a field of its own.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) a: Bits,
    pub(crate) b: Bits,
    pub(crate) d: Bits,
    /// The length of the first of two immediates.
    pub(crate) length: Bits,
    /// Position of the first immediate, in bits.
    pub(crate) immediates_shift: u8,
    pub(crate) last_is_x: bool,
    pub(crate) last_is_y: bool,
    pub(crate) last_is_target: bool,
    pub(crate) is_wide: bool,
}

impl Layout {
    const EMPTY: Self = Self {
        a: Bits::NONE,
        b: Bits::NONE,
        d: Bits::NONE,
        length: Bits::NONE,
        immediates_shift: 8,
        last_is_x: false,
        last_is_y: false,
        last_is_target: false,
        is_wide: false,
    };
    const A: Self = Self { a: Bits::low(1), immediates_shift: 16, ..Self::EMPTY };
    const AB: Self = Self { b: Bits::high(1), ..Self::A };
    /// Register `A` and an immediate whose length is in the same octet.
    const A_IMM: Self = Self { length: Bits::high(1).length(), ..Self::A };
}

impl Format {
    /// True for a format with a jump target.
    #[inline]
    #[must_use]
    pub const fn has_target(self) -> bool {
        self.layout().last_is_target
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "an entry for each of the thirteen formats")]
    pub(crate) const fn layout(self) -> &'static Layout {
        &LAYOUTS[self as usize]
    }
}

/// Indexed by format. A table, since a `match` would be compiled to a jump.
static LAYOUTS: [Layout; 13] = [
    Layout::EMPTY,
    Layout { last_is_x: true, ..Layout::EMPTY },
    Layout { is_wide: true, ..Layout::A },
    Layout {
        length: Bits::low(1).length(),
        immediates_shift: 16,
        last_is_y: true,
        ..Layout::EMPTY
    },
    Layout { last_is_target: true, ..Layout::EMPTY },
    Layout { last_is_x: true, ..Layout::A },
    Layout { last_is_y: true, ..Layout::A_IMM },
    Layout { last_is_target: true, ..Layout::A_IMM },
    Layout { d: Bits::low(1), a: Bits::high(1), ..Layout::EMPTY },
    Layout { last_is_x: true, ..Layout::AB },
    Layout { last_is_target: true, ..Layout::AB },
    Layout { length: Bits::low(2).length(), immediates_shift: 24, last_is_y: true, ..Layout::AB },
    Layout { d: Bits::octet(2), ..Layout::AB },
];
