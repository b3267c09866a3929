//! The erasure code of data availability (`sec:erasurecoding`, 0.7.2): data is spread over one
//! chunk for each validator, and a third of the chunks is enough to have it back.
//!
//! **What it is.** [`Code`], which encodes data into chunks and recovers it, over the Reed-Solomon
//! code of the crate `reed-solomon-simd`.
//!
//! **What it is not.** It hashes nothing and knows neither packages nor segments.
//!
//! **Invariants.** The first chunks are the data itself, cut in order. Any distinct
//! [`Code::originals`] chunks give back the data with the zeros that pad it. No input panics.
//!
//! # What is computed
//!
//! Octet pairs are elements of GF(2^16), in the Cantor basis that the paper gives. Of `n` original
//! words, with `m` the power of two from `n` on, there is one polynomial of degree below `m` whose
//! values at the points 0 to `m - 1` are the words and then zeros. Its values at `m`, `m + 1`, ..
//! are the words of the further chunks.
//!
//! Where `n` is a power of two, as it is with tiny parameters, this is the paper's text to the
//! letter. Where it is not (342 in full), the text has a polynomial of degree below `n` and takes
//! its values from `n` on. The public vectors (`davxy/jam-test-vectors`, `erasure/full`) and the
//! algorithm that the text cites do what is written here, and so does this crate.
//!
//! # Example
//!
//! ```
//! use jambox_erasure::Code;
//!
//! let code = Code::new(2, 6)?; // tiny: two chunks of six hold the data
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

/// What keeps data from being encoded or recovered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such code.
    #[error("no code has {originals} chunks of data among {total}")]
    Unsupported {
        /// Chunks that are enough to recover.
        originals: usize,
        /// All chunks.
        total: usize,
    },
    /// Too few distinct chunks are given to recover from.
    #[error("{given} distinct chunks are given, {needed} are needed")]
    TooFew {
        /// Those given.
        given: usize,
        /// Those needed.
        needed: usize,
    },
    /// A chunk has an index that there is not.
    #[error("there is no chunk {index} among {total}")]
    NoSuchChunk {
        /// The index.
        index: usize,
        /// All chunks.
        total: usize,
    },
    /// A chunk is given twice, with different content.
    #[error("chunk {0} is given twice, with different content")]
    Contradiction(usize),
    /// Chunks differ in length, or their length is odd.
    #[error("chunk {index} has {length} octets, expected {expected}, an even number")]
    BadLength {
        /// The chunk.
        index: usize,
        /// Its length.
        length: usize,
        /// The length of the first chunk.
        expected: usize,
    },
    /// The code's implementation gives up, for a reason that is not among the above.
    #[error("the Reed-Solomon code failed: {0}")]
    Code(String),
}

impl From<reed_solomon_simd::Error> for Error {
    fn from(error: reed_solomon_simd::Error) -> Self {
        Self::Code(error.to_string())
    }
}

/// A code: how many chunks there are, and how many of them are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    originals: usize,
    total: usize,
}

impl Code {
    /// The code of this many chunks of data among this many chunks. With JAM's parameters, half
    /// the size of an erasure-coded piece and the number of validators.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless there are both chunks of data and others, not too many.
    pub fn new(originals: usize, total: usize) -> Result<Self, Error> {
        let unsupported = Error::Unsupported { originals, total };
        match total.checked_sub(originals) {
            Some(others) if LowRateEncoder::<DefaultEngine>::supports(originals, others) => {
                Ok(Self { originals, total })
            }
            _ => Err(unsupported),
        }
    }

    /// Chunks that hold the data, which is as many as are needed to recover it.
    #[must_use]
    pub const fn originals(&self) -> usize {
        self.originals
    }

    /// All chunks.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Octets that the data's length is padded to a multiple of: two for each original chunk.
    #[must_use]
    pub const fn piece_size(&self) -> usize {
        self.originals.saturating_mul(2)
    }

    /// Spreads data, padded with zeros to whole pieces, over all chunks (`eq:erasurecoding`,
    /// 0.7.2). Of no data all chunks are empty.
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

    /// The data of which these are chunks, by index, with the zeros that pad it
    /// (`eq:erasurecodinginv`, 0.7.2). More chunks than needed are no harm; whether they agree is
    /// not checked.
    ///
    /// # Errors
    ///
    /// When the chunks are too few or cannot belong together.
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

    /// The chunks by index, enough of them and all of one even length, which it gives too.
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
