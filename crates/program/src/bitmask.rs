//! The opcode bitmask. One unaligned word read answers every query about a position.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;

use jambox_isa::Window;

/// Largest skip (the paper's `skip`), in octets.
const MAX_SKIP: u32 = Window::MAX_SKIP as u32;

/// Zero octets before the bits, for reading back from the first octets of the code.
const FRONT: usize = 4;
/// Octets of ones after the bits, for reading ahead from the last octets of the code.
const BACK: usize = 4;
const FRONT_BITS: u64 = 8 * FRONT as u64;

/// Positions of the opcodes in the code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bitmask {
    /// [`FRONT`] zero octets, the bits, at least [`BACK`] octets of ones.
    padded: Arc<[u8]>,
    len: u32,
}

impl Bitmask {
    /// Makes a bitmask from `len` bits packed in octets, lowest first. Bits from `len` on are
    /// ignored.
    pub(crate) fn from_packed(octets: &[u8], len: u32) -> Self {
        let mut padded =
            Vec::with_capacity(octets.len().saturating_add(FRONT).saturating_add(BACK));
        padded.extend([0; FRONT]);
        padded.extend_from_slice(octets);
        if let Some(last) = padded.last_mut().filter(|_| !len.is_multiple_of(8)) {
            *last |= 0xff << (len % 8);
        }
        padded.extend([0xff; BACK]);
        Self { padded: padded.into(), len }
    }

    /// Number of bits, equal to the length of the code in octets.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is the code that may be empty")]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// The bit of an octet of the code; false past the end.
    #[inline]
    #[must_use]
    pub fn is_set(&self, pc: u32) -> bool {
        pc < self.len && self.word_at(pc, 0) & 1 != 0
    }

    /// Number of octets between `pc` and the next marked octet, at most 24.
    ///
    /// All octets past the end count as marked.
    #[inline]
    #[must_use]
    pub fn skip(&self, pc: u32) -> u8 {
        let ahead = self.word_at(pc, 1);
        ahead.trailing_zeros().min(MAX_SKIP) as u8
    }

    /// The bit of an octet of the code, and the [skip](Self::skip) from it. All octets past the end
    /// count as marked.
    #[inline]
    pub(crate) fn start_and_skip(&self, pc: u32) -> (bool, u8) {
        // The word has this bit and the 24 after it, which bound every skip.
        let word = self.word_at(pc, 0);
        let ahead = (word >> 1) | 1 << MAX_SKIP;
        (word & 1 != 0, ahead.trailing_zeros() as u8)
    }

    /// The nearest marked octet before `pc`, if its skip leads to `pc`.
    #[inline]
    pub(crate) fn previous(&self, pc: u32) -> Option<u32> {
        const REACH: u32 = MAX_SKIP + 1;
        const BACK_BY_REACH: i64 = -(REACH as i64);
        let behind = self.word_at(pc, BACK_BY_REACH);
        // Bit 31 is now the octet before `pc`. A skip of at most 24 is at most 25 octets back.
        let distance = behind.wrapping_shl(32 - REACH).leading_zeros().saturating_add(1);
        if distance <= REACH { pc.checked_sub(distance) } else { None }
    }

    /// At least 25 bits, lowest first, from `distance` octets after `pc`.
    ///
    /// In 64 bits no position overflows.
    #[inline]
    fn word_at(&self, pc: u32, distance: i64) -> u32 {
        let bit = FRONT_BITS.wrapping_add(pc.into()).wrapping_add_signed(distance);
        let word = self.padded.get((bit / 8) as usize..).and_then(<[u8]>::first_chunk);
        word.map_or(u32::MAX, |octets| u32::from_le_bytes(*octets).wrapping_shr(bit as u32 % 8))
    }

    /// The bits packed in words, lowest first. Unused bits of the last word are zero.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let octets = self.padded.get(FRONT..).unwrap_or_default();
        octets.chunks(8).zip((0..self.len).step_by(64)).map(|(octets, first)| {
            let bits = match octets.first_chunk() {
                Some(octets) => u64::from_le_bytes(*octets),
                None => octets.iter().rev().fold(0, |bits, &octet| bits << 8 | u64::from(octet)),
            };
            let unused = 64_u32.saturating_sub(self.len.saturating_sub(first));
            bits & u64::MAX.unbounded_shr(unused)
        })
    }

    /// Positions of the marked octets, in order. Reads a word of bits at a time.
    pub(crate) fn marked(&self) -> impl Iterator<Item = u32> + '_ {
        self.words().zip((0..self.len).step_by(64)).flat_map(|(mut word, first)| {
            iter::from_fn(move || {
                let place = (word != 0).then(|| word.trailing_zeros())?;
                word &= word.wrapping_sub(1);
                Some(first.saturating_add(place))
            })
        })
    }

    /// The bits packed in octets, lowest first. Unused bits of the last octet are zero.
    pub fn to_packed(&self) -> Vec<u8> {
        let end = FRONT.saturating_add(self.len.div_ceil(8) as usize);
        let mut packed = self.padded.get(FRONT..end).unwrap_or_default().to_vec();
        if let Some(last) = packed.last_mut().filter(|_| !self.len.is_multiple_of(8)) {
            *last &= !(0xff << (self.len % 8));
        }
        packed
    }
}
