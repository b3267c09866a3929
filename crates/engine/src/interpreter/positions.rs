//! Which instruction, counted from the start of the code, stands where.

use jambox_program::ProgramBlob;

const WORD: u32 = u64::BITS;

/// The opcode bitmask, arranged for counting.
pub(crate) struct Positions {
    words: Box<[Word]>,
    /// The number of bits set.
    count: u32,
    /// The number of bits.
    code_len: u32,
}

/// 64 bits of the bitmask, and how many are set in the words before.
struct Word {
    bits: u64,
    before: u32,
}

impl Positions {
    pub(crate) fn new(program: &ProgramBlob) -> Self {
        let mut count = 0;
        let packed = program.bitmask().to_packed();
        let word = |octets: &[u8]| {
            let bits = octets.iter().rev().fold(0, |bits, &octet| bits << 8 | u64::from(octet));
            let before = count;
            count += bits.count_ones();
            Word { bits, before }
        };
        let words = packed.chunks(WORD as usize / 8).map(word).collect();
        Self { words, count, code_len: program.code_len() }
    }

    /// The number of instructions.
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }

    /// The index of the instruction that starts at `pc`, if the bitmask says that one does. The
    /// end of the code has the index after the last.
    pub(crate) fn index_at(&self, pc: u32) -> Option<usize> {
        if pc == self.code_len {
            return Some(self.count());
        }
        let word = self.words.get((pc / WORD) as usize)?;
        let bit = 1 << (pc % WORD);
        let below = (word.bits & (bit - 1)).count_ones();
        (word.bits & bit != 0).then_some((word.before + below) as usize)
    }

    /// Where the instruction of an index starts; the end of the code for any that does not exist.
    pub(crate) fn pc_of(&self, index: usize) -> u32 {
        let words = self.words.partition_point(|word| word.before as usize <= index);
        let Some((at, word)) = words.checked_sub(1).and_then(|at| Some((at, self.words.get(at)?)))
        else {
            return self.code_len;
        };
        let skipped = (index - word.before as usize).min(WORD as usize);
        let bits = (0..skipped).fold(word.bits, |bits, _| bits & bits.wrapping_sub(1));
        if bits == 0 { self.code_len } else { at as u32 * WORD + bits.trailing_zeros() }
    }
}
