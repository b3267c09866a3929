//! Program blobs: code, bitmask and jump table.

use alloc::sync::Arc;
use alloc::vec::Vec;

use jambox_isa::InstructionSet;

use crate::bitmask::Bitmask;
use crate::error::{ErrorKind, Part, ProgramError};
use crate::jump_table::JumpTable;
use crate::reader::{Reader, push_natural};

/// A program: code, the bitmask of its opcodes, and the dynamic jump table.
///
/// Cheap to clone. Holding one is the proof that `deblob` (0.7.2) accepts its octets.
///
/// ```
/// use jambox_program::ProgramBlob;
///
/// // No jump table, two octets of code, both of them opcodes.
/// let program = ProgramBlob::parse(&[0, 1, 2, 1, 0, 0b11])?;
/// assert_eq!(program.code(), [1, 0]);
/// assert!(program.is_instruction_start(1));
/// # Ok::<(), jambox_program::ProgramError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramBlob {
    code: Arc<[u8]>,
    bitmask: Bitmask,
    jump_table: JumpTable,
}

impl ProgramBlob {
    /// Length of the shortest code that is too long for this implementation, in octets.
    ///
    /// The paper has no limit. Below this one, jump targets modulo 2^32 are exact.
    pub const CODE_LIMIT: u64 = 1 << 31;

    /// Parses a blob: the paper's `deblob`.
    ///
    /// Fails unless the blob is the only encoding of its program.
    pub fn parse(blob: &[u8]) -> Result<Self, ProgramError> {
        let mut reader = Reader::new(blob);
        let entries = reader.natural(Part::JumpTableLength)?;
        let entry_size = reader.octet(Part::JumpTableEntrySize)?;
        let length_offset = reader.offset();
        let length = reader.natural(Part::CodeLength)?;
        let Some(code_length) = u32::try_from(length).ok().filter(|_| length < Self::CODE_LIMIT)
        else {
            return Err(ProgramError::new(length_offset, ErrorKind::CodeTooLong { length }));
        };
        let jump_table = JumpTable::read(&mut reader, entries, entry_size)?;
        let code = reader.take(Part::Code, length)?;
        let bitmask = reader.take(Part::Bitmask, length.div_ceil(8))?;
        reader.finish()?;
        if let Some(&found) = bitmask.last()
            && !length.is_multiple_of(8)
            && found >> (length % 8) != 0
        {
            let offset = blob.len().saturating_sub(1);
            return Err(ProgramError::new(offset, ErrorKind::Padding { found }));
        }
        let bitmask = Bitmask::from_packed(bitmask, code_length);
        Ok(Self { code: code.into(), bitmask, jump_table })
    }

    /// Length in octets of the blob that begins with these octets, by its own length fields, which
    /// are in its first 19 octets or fewer. `None` if they begin no blob.
    #[must_use]
    pub fn length_of(head: &[u8]) -> Option<u64> {
        let mut reader = Reader::new(head);
        let entries = reader.natural(Part::JumpTableLength).ok()?;
        let entry_size = reader.octet(Part::JumpTableEntrySize).ok()?;
        let length = reader.natural(Part::CodeLength).ok()?;
        let jump_table = entries.checked_mul(entry_size.into())?;
        let head = reader.offset() as u64;
        head.checked_add(jump_table)?.checked_add(length)?.checked_add(length.div_ceil(8))
    }

    /// Makes a program of code, positions of its opcodes and entries of its jump table.
    ///
    /// Positions past the end of the code are ignored. Fails if the code is too long.
    pub fn from_parts(
        code: &[u8],
        opcodes: impl IntoIterator<Item = u32>,
        jump_table: JumpTable,
    ) -> Result<Self, ProgramError> {
        let length = code.len() as u64;
        let Some(code_length) = u32::try_from(length).ok().filter(|_| length < Self::CODE_LIMIT)
        else {
            return Err(ProgramError::new(0, ErrorKind::CodeTooLong { length }));
        };
        let mut packed = alloc::vec![0_u8; code.len().div_ceil(8)];
        for pc in opcodes.into_iter().filter(|pc| *pc < code_length) {
            if let Some(octet) = packed.get_mut(pc as usize / 8) {
                *octet |= 1 << (pc % 8);
            }
        }
        let bitmask = Bitmask::from_packed(&packed, code_length);
        Ok(Self { code: code.into(), bitmask, jump_table })
    }

    /// Encodes the program as a blob.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        push_natural(&mut blob, self.jump_table.len());
        blob.push(self.jump_table.entry_size());
        push_natural(&mut blob, self.code.len() as u64);
        blob.extend_from_slice(self.jump_table.octets());
        blob.extend_from_slice(&self.code);
        blob.extend(self.bitmask.to_packed());
        blob
    }

    /// The code.
    #[inline]
    #[must_use]
    pub fn code(&self) -> &[u8] {
        &self.code
    }

    /// The length of the code.
    #[inline]
    #[must_use]
    pub const fn code_len(&self) -> u32 {
        self.bitmask.len()
    }

    /// Positions of the opcodes in the code.
    #[inline]
    #[must_use]
    pub const fn bitmask(&self) -> &Bitmask {
        &self.bitmask
    }

    /// The dynamic jump table.
    #[inline]
    #[must_use]
    pub const fn jump_table(&self) -> &JumpTable {
        &self.jump_table
    }

    /// True if the bitmask marks an instruction at `pc`.
    #[inline]
    #[must_use]
    pub fn is_instruction_start(&self, pc: u32) -> bool {
        self.bitmask.is_set(pc)
    }

    /// The number of octets from the opcode at `pc` to the next, minus one: the paper's `skip`.
    #[inline]
    #[must_use]
    pub fn skip(&self, pc: u32) -> u8 {
        self.bitmask.skip(pc)
    }

    /// True if a basic block starts at `pc`, so that a jump may lead there.
    ///
    /// Takes constant time: it reads the opcode at `pc` and the one before.
    #[inline]
    #[must_use]
    pub fn is_block_start(&self, set: InstructionSet, pc: u32) -> bool {
        let octet_at = |pc: u32| self.code.get(pc as usize).copied();
        let is_instruction = self.bitmask.is_set(pc)
            && octet_at(pc).is_some_and(|octet| set.opcode(octet).is_some());
        let is_after_terminator = || {
            let before = self.bitmask.previous(pc).and_then(octet_at);
            before.is_some_and(|octet| set.is_terminator(octet))
        };
        is_instruction && (pc == 0 || is_after_terminator())
    }
}
