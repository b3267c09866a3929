//! Order of octets in the implementation's words.
//!
//! The paper's words are octet pairs, the lower octet first. The implementation takes words 32 at a
//! time (the last time those that are left): all lower octets, then all upper ones.

/// Words of 32 pairs.
const BLOCK: usize = 64;

/// Splits octet pairs: of each block the lower octets, then the upper ones.
pub(crate) fn split_words(chunk: &[u8]) -> Vec<u8> {
    let halves = |block: &'_ [u8]| {
        let lower: Vec<u8> = block.iter().step_by(2).copied().collect();
        let upper: Vec<u8> = block.iter().skip(1).step_by(2).copied().collect();
        lower.into_iter().chain(upper)
    };
    chunk.chunks(BLOCK).flat_map(halves).collect()
}

/// Joins octet pairs: the inverse of [`split_words`].
pub(crate) fn join_words(words: &[u8]) -> Vec<u8> {
    let pairs = |block: &[u8]| {
        let (lower, upper) = block.split_at(block.len() / 2);
        let pairs: Vec<u8> = lower.iter().zip(upper).flat_map(|(l, u)| [*l, *u]).collect();
        pairs
    };
    words.chunks(BLOCK).flat_map(pairs).collect()
}
