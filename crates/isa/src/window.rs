//! The octets of one instruction: reading and writing operands.

use crate::layout::Bits;
use crate::{Fields, Format, InstructionSet, Reg};

/// The octets at an instruction's start, with the instruction's position and skip.
///
/// No instruction is longer than 16 octets, so 16 are enough to decode any; where the code ends
/// earlier, zeros follow (`eq:instructions`, 0.7.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    octets: u128,
    pc: u32,
    skip: u8,
    third_register: u8,
}

impl Window {
    /// Length of the longest instruction, in octets.
    pub const SIZE: usize = 16;

    /// Largest skip (the paper's `skip`, 0.7.2), in octets.
    pub const MAX_SKIP: u8 = 24;

    /// The window at `pc` of `code`, zero-extended past the end of the code, to be read as an
    /// instruction of `set`.
    ///
    /// `skip` is the number of octets between the opcode and the next instruction's, at most
    /// [`MAX_SKIP`](Self::MAX_SKIP).
    #[inline]
    #[must_use]
    pub fn new(set: InstructionSet, code: &[u8], pc: u32, skip: u8) -> Self {
        Self::from_octets(set, code.get(pc as usize..).unwrap_or_default(), pc, skip)
    }

    /// The window of an instruction at `pc`, given the octets of the code from there on.
    #[inline]
    #[must_use]
    pub fn from_octets(set: InstructionSet, octets: &[u8], pc: u32, skip: u8) -> Self {
        let octets = match octets.first_chunk() {
            Some(octets) => u128::from_le_bytes(*octets),
            None => zero_extended(octets),
        };
        Self { octets, pc, skip, third_register: set.third_register_mask() }
    }

    /// The first octet: the opcode's.
    #[inline]
    #[must_use]
    pub const fn opcode_octet(self) -> u8 {
        self.octets as u8
    }

    /// Position of the instruction in the code.
    #[inline]
    #[must_use]
    pub const fn pc(self) -> u32 {
        self.pc
    }

    /// The number of octets between the opcode and the next instruction's.
    #[inline]
    #[must_use]
    pub const fn skip(self) -> u8 {
        self.skip
    }

    /// The operands of the instruction, read in the layout of `format`.
    ///
    /// Branchless: decoding a mix of formats costs no mispredicted branches. With a constant
    /// format, inlining leaves only the reads of that format.
    #[inline(always)]
    #[must_use]
    pub const fn fields(self, format: Format) -> Fields {
        let layout = format.layout();
        // The immediates take at most eight octets and start at one of the first four.
        let immediates = self.octets.wrapping_shr(layout.immediates_shift as u32 & 31) as u64;
        let first_length = at_most_4(self.bits(layout.length) as u32);
        let first = sign_extend(immediates as u32, first_length);
        let taken = first_length.wrapping_add((layout.immediates_shift / 8) as u32);
        let left = (self.skip as u32).wrapping_add(1).saturating_sub(taken);
        let last = immediates.wrapping_shr(first_length.wrapping_mul(8)) as u32;
        let last = sign_extend(last, at_most_4(left));
        Fields {
            a: self.reg(layout.a),
            b: self.reg(layout.b),
            d: Reg::clipped(self.bits(layout.d) & self.third_register),
            x: if layout.last_is_x { last } else { first },
            y: if layout.last_is_y { last } else { 0 },
            wide: if layout.is_wide { (self.octets >> 16) as u64 } else { 0 },
            target: if layout.last_is_target { self.pc.wrapping_add_signed(last) } else { 0 },
        }
    }

    #[inline]
    const fn bits(self, bits: Bits) -> u8 {
        (self.octets as u32).wrapping_shr(bits.shift as u32) as u8 & bits.mask
    }

    #[inline]
    const fn reg(self, bits: Bits) -> Reg {
        Reg::clipped(self.bits(bits))
    }
}

#[cold]
fn zero_extended(rest: &[u8]) -> u128 {
    rest.iter().rev().fold(0, |octets, &octet| octets << 8 | u128::from(octet))
}

#[inline]
const fn at_most_4(length: u32) -> u32 {
    if length < 4 { length } else { 4 }
}

/// Sign-extends the low `length` octets, 0 to 4 (`eq:signedextension`, 0.7.2).
#[inline]
const fn sign_extend(octets: u32, length: u32) -> i32 {
    // Length 0 shifts by 32, which needs a 64-bit integer.
    let unused = 32_u32.wrapping_sub(length.wrapping_mul(8));
    let high = (octets as u64).wrapping_shl(unused) as u32 as i32;
    (high as i64).wrapping_shr(unused) as i32
}

/// The octets of one encoded instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Encoded {
    octets: [u8; Window::SIZE],
    length: u8,
}

impl core::ops::Deref for Encoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// Writes an instruction's octets, each immediate in as few octets as its value allows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Encoder {
    octets: u128,
    length: u8,
}

impl Encoder {
    pub(crate) const fn octet(self, octet: u8) -> Self {
        self.append(octet as u64, 1)
    }

    pub(crate) const fn wide(self, value: u64) -> Self {
        self.append(value, 8)
    }

    pub(crate) const fn imm(self, value: i32) -> Self {
        self.append(value as u64, minimal_length(value))
    }

    pub(crate) const fn target(self, target: u32, pc: u32) -> Self {
        self.imm(target.wrapping_sub(pc) as i32)
    }

    pub(crate) const fn finish(self) -> Encoded {
        Encoded { octets: self.octets.to_le_bytes(), length: self.length }
    }

    /// Appends the low `length` octets of `value`; the formats append at most 12 in all.
    const fn append(self, value: u64, length: u8) -> Self {
        let kept = value & !u64::MAX.unbounded_shl((length as u32).wrapping_mul(8));
        let octets = (kept as u128).unbounded_shl((self.length as u32).wrapping_mul(8));
        Self { octets: self.octets | octets, length: self.length.wrapping_add(length) }
    }
}

/// Length of the shortest sign-extended immediate with this value, in octets.
#[must_use]
pub const fn minimal_length(value: i32) -> u8 {
    let mut length = 0_u8;
    while length < 4 && sign_extend(value as u32, length as u32) != value {
        length = length.wrapping_add(1);
    }
    length
}
