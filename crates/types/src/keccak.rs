//! Keccak-256: the sponge around the permutation of the crate `keccak`.
//!
//! The crate `sha3` has it too, and with it nine other crates, which every service and every test
//! of one would compile.

/// Octets that a block of the sponge takes: of 200, twice the 32 of the output are kept back.
const RATE: usize = 136;

/// Keccak with 256 bits of output and the padding of before SHA-3.
pub(crate) fn keccak_256(octets: &[u8]) -> [u8; 32] {
    let mut state = [0; 25];
    let blocks = octets.chunks_exact(RATE);
    let rest = blocks.remainder();
    let mut last = [0; RATE];
    for (to, from) in last.iter_mut().zip(rest.iter().chain(&[0x01])) {
        *to = *from;
    }
    if let Some(end) = last.last_mut() {
        *end |= 0x80;
    }
    for block in blocks.chain([&last[..]]) {
        for (lane, octets) in state.iter_mut().zip(block.as_chunks().0) {
            *lane ^= u64::from_le_bytes(*octets);
        }
        keccak::Keccak::new().with_f1600(|permute| permute(&mut state));
    }
    let mut output = [0; 32];
    for (octets, lane) in output.as_chunks_mut().0.iter_mut().zip(state) {
        *octets = lane.to_le_bytes();
    }
    output
}
