//! The cursor that decoding moves along.

use crate::{Decode, DecodeError, DecodeErrorKind};

/// Octets being decoded and the place reached in them.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
    depth: u8,
}

/// The most levels of sequences and boxes within each other. Types of the protocol have fewer than
/// ten; a type that holds itself could be nested until the stack overflows.
const MAX_DEPTH: u8 = 64;

/// The most items of a sequence whose items take no octet: nothing else bounds them.
const MAX_EMPTY_ITEMS: u64 = 1 << 16;

impl<'a> Reader<'a> {
    /// A reader at the start of `octets`.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0, depth: 0 }
    }

    /// Octets taken so far.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The octets not yet taken.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next `count` octets.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::UnexpectedEnd`] when fewer are left; the reader then stays in place.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            let available = self.rest.len();
            return Err(self.error(DecodeErrorKind::UnexpectedEnd { needed: count, available }));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(count);
        Ok(taken)
    }

    /// Takes the next `N` octets.
    ///
    /// # Errors
    ///
    /// As [`Reader::take`].
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            let available = self.rest.len();
            return Err(self.error(DecodeErrorKind::UnexpectedEnd { needed: N, available }));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(N);
        Ok(*taken)
    }

    /// Takes a discriminator: a natural from 0 to `max`.
    ///
    /// # Errors
    ///
    /// When there is no natural or it is larger than `max`.
    pub fn take_discriminator(&mut self, max: u64) -> Result<u64, DecodeError> {
        let start = self.offset;
        let value = self.take_natural()?;
        if value > max {
            let kind = DecodeErrorKind::UnknownDiscriminator { value, max };
            return Err(DecodeError { offset: start, kind });
        }
        Ok(value)
    }

    /// Takes the length of a sequence, which cannot be larger than the octets left after it.
    ///
    /// # Errors
    ///
    /// When there is no natural or it claims more items than there can be.
    pub fn take_length(&mut self) -> Result<usize, DecodeError> {
        let start = self.offset;
        let claimed = self.take_natural()?;
        match usize::try_from(claimed) {
            Ok(length) if length <= self.rest.len() => Ok(length),
            _ => Err(DecodeError {
                offset: start,
                kind: DecodeErrorKind::LengthExceedsInput { claimed },
            }),
        }
    }

    /// Takes the length of a sequence of such items. It is bounded by the octets that are left, or
    /// by 65,536 if items take none.
    ///
    /// # Errors
    ///
    /// As [`Reader::take_length`].
    pub fn take_length_of<T: Decode<C>, C: ?Sized>(&mut self) -> Result<usize, DecodeError> {
        if !T::TAKES_NOTHING {
            return self.take_length();
        }
        let offset = self.offset;
        let length = self.take_natural()?;
        match usize::try_from(length) {
            Ok(count) if length <= MAX_EMPTY_ITEMS => Ok(count),
            _ => {
                let kind =
                    DecodeErrorKind::LengthOutOfBounds { length, min: 0, max: MAX_EMPTY_ITEMS };
                Err(DecodeError { offset, kind })
            }
        }
    }

    /// Reads what lies one level deeper: the items of a sequence, the inside of a box.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::NestedTooDeep`] beyond 64 levels, and those of `read`.
    pub fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let read = read(self);
        // After an error nothing more is read.
        self.depth = self.depth.saturating_sub(1);
        read
    }

    /// Apart, so that what every sequence does stays small.
    #[cold]
    #[inline(never)]
    fn too_deep(&self) -> DecodeError {
        self.error(DecodeErrorKind::NestedTooDeep { limit: u64::from(MAX_DEPTH) })
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::TrailingOctets`] when octets are left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(self.error(DecodeErrorKind::TrailingOctets { count })),
        }
    }

    /// An error at the present offset.
    #[must_use]
    pub const fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { offset: self.offset, kind }
    }
}
