//! The cursor of decoding.

use crate::{Decode, DecodeError, DecodeErrorKind};

/// The octets of an input and the position reached in them.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
    depth: u8,
}

/// Largest depth of sequences and boxes within each other. Types of the protocol have fewer than
/// ten levels. A recursive type without a limit could be nested until the stack overflows.
const MAX_DEPTH: u8 = 64;

/// Largest number of items of a sequence whose items take no octet. The octets left in the input do
/// not bound their number.
const MAX_EMPTY_ITEMS: u64 = 1 << 16;

impl<'a> Reader<'a> {
    /// A reader at the start of `octets`.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0, depth: 0 }
    }

    /// Number of octets taken so far.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The octets not yet taken.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Advances by `count` octets and returns them.
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

    /// Advances by `N` octets and returns them.
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

    /// Decodes a discriminator: a natural from 0 to `max`.
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

    /// Decodes the length of a sequence, which cannot exceed the octets left after it.
    ///
    /// # Errors
    ///
    /// When there is no natural, or the length exceeds the octets left.
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

    /// Decodes the length of a sequence with items of type `T`. The length cannot exceed the octets
    /// left, or 65,536 if an item takes no octet.
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

    /// Runs `read` one level deeper: for the items of a sequence, or the inside of a box.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::NestedTooDeep`] beyond 64 levels, and the errors of `read`.
    pub fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let read = read(self);
        // After an error nothing more is read, so the depth need not be restored then.
        self.depth = self.depth.saturating_sub(1);
        read
    }

    /// A function of its own, so that the code in every sequence's decoder stays small.
    #[cold]
    #[inline(never)]
    fn too_deep(&self) -> DecodeError {
        self.error(DecodeErrorKind::NestedTooDeep { limit: u64::from(MAX_DEPTH) })
    }

    /// Ends the decoding of a whole input.
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
