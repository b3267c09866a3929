//! Positions of instructions, counted from the start of the code.

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
        let word = |bits: u64| {
            let before = count;
            count += bits.count_ones();
            Word { bits, before }
        };
        let words = program.bitmask().words().map(word).collect();
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
}
