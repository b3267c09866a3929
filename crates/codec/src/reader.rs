//! The cursor that decoding moves along.

use crate::{DecodeError, DecodeErrorKind};

/// Octets being decoded and the place reached in them.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `octets`.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0 }
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
