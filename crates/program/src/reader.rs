//! Decoding and encoding of naturals and fixed-width integers (appendix on serialization).

use alloc::vec::Vec;

use crate::error::{ErrorKind, Part, ProgramError};

/// Octets being read, with the position reached.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    octets: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self { octets, offset: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// Takes `length` octets.
    pub(crate) fn take(&mut self, what: Part, length: u64) -> Result<&'a [u8], ProgramError> {
        let split = usize::try_from(length).ok().and_then(|at| self.octets.split_at_checked(at));
        let Some((taken, rest)) = split else {
            return Err(self.error(ErrorKind::TooShort {
                what,
                expected: length,
                found: self.octets.len(),
            }));
        };
        self.octets = rest;
        self.offset = self.offset.saturating_add(taken.len());
        Ok(taken)
    }

    /// Takes all octets left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = core::mem::take(&mut self.octets);
        self.offset = self.offset.saturating_add(rest.len());
        rest
    }

    /// True if no octets are left.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.octets.is_empty()
    }

    /// Fails if octets are left.
    pub(crate) fn finish(&self) -> Result<(), ProgramError> {
        match self.octets.len() {
            0 => Ok(()),
            found => Err(self.error(ErrorKind::Trailing { found })),
        }
    }

    pub(crate) fn octet(&mut self, what: Part) -> Result<u8, ProgramError> {
        Ok(self.integer(what, 1)? as u8)
    }

    /// Takes a little-endian integer of `length` octets, at most 8.
    pub(crate) fn integer(&mut self, what: Part, length: u64) -> Result<u64, ProgramError> {
        Ok(little_endian(self.take(what, length)?))
    }

    /// Takes a natural in the general form; only its shortest form is accepted.
    pub(crate) fn natural(&mut self, what: Part) -> Result<u64, ProgramError> {
        let start = *self;
        let first = self.octet(what)?;
        let more = first.leading_ones();
        let low = self.integer(what, more.into())?;
        // The first octet holds the high bits, below its leading ones and the zero that ends them.
        let high_mask = 0x7f_u8.checked_shr(more).unwrap_or(0);
        let high = u64::from(first & high_mask);
        let value = low | high.unbounded_shl(more.wrapping_mul(8));
        let expected = natural_length(value);
        if expected as u32 != more.saturating_add(1) {
            return Err(start.error(ErrorKind::NotCanonical { what, value, expected }));
        }
        Ok(value)
    }

    fn error(&self, kind: ErrorKind) -> ProgramError {
        ProgramError::new(self.offset, kind)
    }
}

/// The integer of up to 8 octets; of more octets, the low 64 bits.
pub(crate) fn little_endian(octets: &[u8]) -> u64 {
    octets.iter().take(8).rev().fold(0, |value, octet| value << 8 | u64::from(*octet))
}

/// Length of a natural, in octets: one for each seven bits begun, but nine above 56 bits.
const fn natural_length(value: u64) -> usize {
    match u64::BITS.saturating_sub(value.leading_zeros()) {
        0 => 1,
        bits @ 1..=56 => bits.div_ceil(7) as usize,
        _ => 9,
    }
}

/// Appends a natural in its general form.
pub(crate) fn push_natural(to: &mut Vec<u8>, value: u64) {
    let length = natural_length(value);
    let more = length.saturating_sub(1);
    let ones = !0xff_u8.checked_shr(more as u32).unwrap_or(0);
    let high = value.unbounded_shr((more as u32).wrapping_mul(8)) as u8;
    to.push(ones | high);
    to.extend(value.to_le_bytes().into_iter().take(more));
}

/// Appends the low `length` octets of a value, at most 8.
pub(crate) fn push_integer(to: &mut Vec<u8>, value: u64, length: usize) {
    to.extend(value.to_le_bytes().into_iter().take(length));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn natural(octets: &[u8]) -> Result<u64, ProgramError> {
        let mut reader = Reader::new(octets);
        let value = reader.natural(Part::CodeLength)?;
        reader.finish()?;
        Ok(value)
    }

    /// The paper's definition, written with division and powers.
    fn by_definition(value: u64) -> Vec<u8> {
        let x = u128::from(value);
        if x == 0 {
            return alloc::vec![0];
        }
        for l in 0..8_u32 {
            if 1 << (7 * l) <= x && x < 1 << (7 * (l + 1)) {
                let first = 256 - (1 << (8 - l)) + x / (1 << (8 * l));
                let mut octets = alloc::vec![first as u8];
                let mut low = x % (1 << (8 * l));
                for _ in 0..l {
                    octets.push((low % 256) as u8);
                    low /= 256;
                }
                return octets;
            }
        }
        let mut octets = alloc::vec![255];
        octets.extend(value.to_le_bytes());
        octets
    }

    #[test]
    fn naturals_are_as_defined() {
        let edges = (0..64).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, power + 1, power | power >> 1]
        });
        for value in edges.chain([u64::MAX, u64::MAX - 1]) {
            let expected = by_definition(value);
            let mut octets = Vec::new();
            push_natural(&mut octets, value);
            assert_eq!(octets, expected, "{value}");
            assert_eq!(natural(&expected), Ok(value));
        }
    }

    #[test]
    fn only_the_shortest_form_of_a_natural_is_accepted() {
        for octets in
            [&[0x80, 0x7f][..], &[0x80, 0], &[0xc0, 1, 0], &[0xff, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            let error = natural(octets).unwrap_err();
            assert!(matches!(error.kind, ErrorKind::NotCanonical { .. }), "{error}");
            assert_eq!(error.offset, 0);
        }
    }
}
