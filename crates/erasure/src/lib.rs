//! The erasure code of data availability (`sec:erasurecoding`, 0.7.2): data is spread over one
//! chunk for each validator, and a third of the chunks is enough to recover it.
//!
//! **Contents.** [`ErasureCode`], which encodes data into chunks and recovers it, over the
//! Reed-Solomon code of the crate `reed-solomon-simd`.
//!
//! **Not here.** Hashes, packages and segments.
//!
//! **Invariants.** The first chunks are the data itself, cut in order. Any distinct
//! [`ErasureCode::originals`] chunks recover the data, padded with zeros. No input panics.
//!
//! # Definition
//!
//! Octet pairs are elements of GF(2^16) in the paper's Cantor basis. Let `n` be the number of
//! original words and `m` the next power of two, `n` or above. There is one polynomial of degree
//! below `m` whose values at the points 0 to `m - 1` are the `n` words followed by zeros. Its
//! values at `m`, `m + 1`, .. are the words of the further chunks.
//!
//! For a power of two `n`, as with tiny parameters, this is the paper's text to the letter. For
//! other `n` (342 in full), the text has a polynomial of degree below `n` and takes its values from
//! `n` on. The public vectors (`davxy/jam-test-vectors`, `erasure/full`) and the algorithm cited by
//! the text have the definition above, and so has this crate.
//!
//! # Example
//!
//! ```
//! use jambox_erasure::ErasureCode;
//!
//! let code = ErasureCode::new(2, 6)?; // tiny: two chunks of six hold the data
//! let chunks = code.encode(&[0x61, 0x5d, 0x17])?;
//! assert_eq!(chunks[..2], [[0x61, 0x5d], [0x17, 0x00]]);
//! assert_eq!(chunks[2..], [[0x48, 0xc5], [0x3e, 0x98], [0x73, 0x78], [0x05, 0x25]]);
//! assert_eq!(code.recover([(5, &chunks[5]), (3, &chunks[3])])?, [0x61, 0x5d, 0x17, 0x00]);
//! # Ok::<(), jambox_erasure::Error>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod words;

use std::collections::BTreeMap;

use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::rate::{LowRateDecoder, LowRateEncoder, RateDecoder, RateEncoder};

use crate::words::{join_words, split_words};

/// Error of encoding or recovering data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No code with these numbers of chunks is implemented.
    #[error("a code of {total} chunks, {originals} of them data, is not supported")]
    Unsupported {
        /// Number of chunks that recover the data.
        originals: usize,
        /// Number of all chunks.
        total: usize,
    },
    /// Too few distinct chunks are given.
    #[error("{given} distinct chunks are given: expected {needed} or more")]
    TooFew {
        /// Number of distinct chunks given.
        given: usize,
        /// Number of chunks needed.
        needed: usize,
    },
    /// The index of a chunk is not below the number of chunks.
    #[error("chunk {index} does not exist: expected one below {total}")]
    NoSuchChunk {
        /// The chunk's index.
        index: usize,
        /// Number of all chunks.
        total: usize,
    },
    /// A chunk is given twice, with different content. The field is its index.
    #[error("chunk {0} is given twice, with different content")]
    Contradiction(usize),
    /// The lengths of the chunks differ, or are odd.
    #[error("chunk {index} has {length} octets, expected {expected}, an even number")]
    BadLength {
        /// Index of the chunk.
        index: usize,
        /// Length of the chunk, in octets.
        length: usize,
        /// Length of the first chunk, in octets.
        expected: usize,
    },
    /// The implementation of the code failed for another reason, given as its text.
    #[error("the Reed-Solomon code failed: {0}")]
    Code(String),
}

impl From<reed_solomon_simd::Error> for Error {
    fn from(error: reed_solomon_simd::Error) -> Self {
        Self::Code(error.to_string())
    }
}

/// A code: a number of chunks, and the smaller number from which data is recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasureCode {
    originals: usize,
    total: usize,
}

impl ErasureCode {
    /// The code with `originals` chunks of data among `total`. With JAM's parameters: half the
    /// octets of an erasure-coded piece, and the number of validators.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if either sort of chunk is missing, or there are too many.
    pub fn new(originals: usize, total: usize) -> Result<Self, Error> {
        let unsupported = Error::Unsupported { originals, total };
        match total.checked_sub(originals) {
            Some(others) if LowRateEncoder::<DefaultEngine>::supports(originals, others) => {
                Ok(Self { originals, total })
            }
            _ => Err(unsupported),
        }
    }

    /// Number of chunks of data, equal to the number of chunks that recover it.
    #[must_use]
    pub const fn originals(&self) -> usize {
        self.originals
    }

    /// Number of all chunks.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Unit of padding, in octets: data is padded to a multiple of two octets for each original
    /// chunk.
    #[must_use]
    pub const fn piece_size(&self) -> usize {
        self.originals.saturating_mul(2)
    }

    /// Encodes data, padded with zeros to whole pieces, into all chunks (`eq:erasurecoding`,
    /// 0.7.2). Empty data gives empty chunks.
    ///
    /// # Errors
    ///
    /// [`Error::Code`], which is not expected.
    pub fn encode(&self, data: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let length = data.len().div_ceil(self.piece_size()).saturating_mul(2);
        if length == 0 {
            return Ok(vec![Vec::new(); self.total]);
        }
        let mut chunks: Vec<Vec<u8>> = data.chunks(length).map(<[u8]>::to_vec).collect();
        chunks.resize(self.originals, Vec::new());
        chunks.iter_mut().for_each(|chunk| chunk.resize(length, 0));
        let others = self.total.saturating_sub(self.originals);
        let engine = DefaultEngine::new();
        let mut encoder = LowRateEncoder::new(self.originals, others, length, engine, None)?;
        for chunk in &chunks {
            encoder.add_original_shard(split_words(chunk))?;
        }
        chunks.extend(encoder.encode()?.recovery_iter().map(join_words));
        Ok(chunks)
    }

    /// Recovers data, with its padding, from chunks by index (`eq:erasurecodinginv`, 0.7.2).
    /// Additional chunks are allowed; their consistency is not checked.
    ///
    /// # Errors
    ///
    /// When the chunks are too few or cannot be of one encoding.
    pub fn recover<T: AsRef<[u8]>>(
        &self,
        chunks: impl IntoIterator<Item = (usize, T)>,
    ) -> Result<Vec<u8>, Error> {
        let (chunks, length) = self.collect(chunks)?;
        if length == 0 {
            return Ok(Vec::new());
        }
        let others = self.total.saturating_sub(self.originals);
        let engine = DefaultEngine::new();
        let mut decoder = LowRateDecoder::new(self.originals, others, length, engine, None)?;
        for (index, chunk) in chunks.iter().take(self.originals) {
            match index.checked_sub(self.originals) {
                None => decoder.add_original_shard(*index, split_words(chunk.as_ref()))?,
                Some(other) => decoder.add_recovery_shard(other, split_words(chunk.as_ref()))?,
            }
        }
        let restored = decoder.decode()?;
        let mut data = Vec::new();
        for index in 0..self.originals {
            match (chunks.get(&index), restored.restored_original(index)) {
                (Some(chunk), _) => data.extend_from_slice(chunk.as_ref()),
                (None, Some(words)) => data.extend(join_words(words)),
                (None, None) => return Err(Error::Code(format!("chunk {index} is not restored"))),
            }
        }
        Ok(data)
    }

    /// Chunks by index and their common length, in octets. They are enough to recover the data, and
    /// the length is even.
    fn collect<T: AsRef<[u8]>>(
        &self,
        chunks: impl IntoIterator<Item = (usize, T)>,
    ) -> Result<(BTreeMap<usize, T>, usize), Error> {
        let mut distinct: BTreeMap<usize, T> = BTreeMap::new();
        let mut expected = None;
        for (index, chunk) in chunks {
            if index >= self.total {
                return Err(Error::NoSuchChunk { index, total: self.total });
            }
            let length = chunk.as_ref().len();
            let expected = *expected.get_or_insert(length);
            if length != expected || !length.is_multiple_of(2) {
                return Err(Error::BadLength { index, length, expected });
            }
            match distinct.get(&index) {
                Some(other) if other.as_ref() != chunk.as_ref() => {
                    return Err(Error::Contradiction(index));
                }
                _ => distinct.insert(index, chunk),
            };
        }
        if distinct.len() < self.originals {
            return Err(Error::TooFew { given: distinct.len(), needed: self.originals });
        }
        Ok((distinct, expected.unwrap_or_default()))
    }
}
