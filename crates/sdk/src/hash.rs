//! BLAKE2b with 256 bits of output, written for size and gas: the rounds and lanes are loops, their
//! bodies are unrolled.

use jambox_types::Hash;

const BLOCK: usize = 128;

const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

const SCHEDULE: [[u8; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// The paper's general hash: BLAKE2b with 32 octets of output (`sec:cryptography`, 0.7.2).
///
/// ```
/// let hash = jambox_sdk::blake2b_256(b"abc");
/// assert_eq!(
///     hash.to_string(),
///     "0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
/// );
/// ```
#[must_use]
pub fn blake2b_256(data: &[u8]) -> Hash {
    let mut state = INITIAL;
    // The parameter block: 32 octets of output, no key, fanout and depth 1.
    state[0] ^= 0x0101_0020;
    let mut rest = data;
    let mut hashed = 0;
    while rest.len() > BLOCK {
        let (block, after) = rest.split_at(BLOCK);
        hashed += BLOCK as u64;
        compress(&mut state, block, hashed, false);
        rest = after;
    }
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    compress(&mut state, &last, hashed + rest.len() as u64, true);
    let mut hash = Hash::ZERO;
    for (octets, word) in hash.0.chunks_exact_mut(8).zip(state) {
        octets.copy_from_slice(&word.to_le_bytes());
    }
    hash
}

#[inline(never)]
fn compress(state: &mut [u64; 8], block: &[u8], hashed: u64, last: bool) {
    let mut message = [0; 16];
    for (word, octets) in message.iter_mut().zip(block.chunks_exact(8)) {
        let mut array = [0; 8];
        array.copy_from_slice(octets);
        *word = u64::from_le_bytes(array);
    }
    let mut work = [0; 16];
    work[..8].copy_from_slice(state);
    work[8..].copy_from_slice(&INITIAL);
    work[12] ^= hashed;
    if last {
        work[14] = !work[14];
    }
    for round in 0..12 {
        let order = &SCHEDULE[round % 10];
        for lane in 0..8 {
            // Masks in place of checks: the numbers are below 16, but the compiler cannot know.
            let word = |place: usize| message[usize::from(order[place & 15] & 15)];
            mix(&mut work, lane, word(lane << 1), word(lane << 1 | 1));
        }
    }
    for (index, word) in state.iter_mut().enumerate() {
        *word ^= work[index] ^ work[index + 8];
    }
}

/// Mixes two words of the message into the column `lane`, or from 4 on into the diagonal. Written
/// out, because a compiler that optimises for size keeps loops and checks.
#[inline(always)]
fn mix(work: &mut [u64; 16], lane: usize, first: u64, second: u64) {
    let slant = lane >> 2;
    let place = |row: usize| row << 2 | (lane.wrapping_add(row.wrapping_mul(slant)) & 3);
    let (at_a, at_b, at_c, at_d) = (place(0), place(1), place(2), place(3));
    let (mut a, mut b, mut c, mut d) = (work[at_a], work[at_b], work[at_c], work[at_d]);
    a = a.wrapping_add(b).wrapping_add(first);
    d = (d ^ a).rotate_right(32);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_right(24);
    a = a.wrapping_add(b).wrapping_add(second);
    d = (d ^ a).rotate_right(16);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_right(63);
    (work[at_a], work[at_b], work[at_c], work[at_d]) = (a, b, c, d);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_another_implementation_at_every_length_around_blocks() {
        let data: std::vec::Vec<u8> = (0..400u32).map(|n| (n * 7 + 3) as u8).collect();
        for length in 0..data.len() {
            let data = &data[..length];
            assert_eq!(blake2b_256(data), Hash::blake2b(data), "{length} octets");
        }
    }
}
