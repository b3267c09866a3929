//! Standard programs: code with an initial memory (`sec:standardprograminit`, 0.7.2).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use crate::error::{ErrorKind, Part, ProgramError};
use crate::reader::{Reader, push_integer};
use crate::{MAX_ARGUMENTS, PAGE_SIZE, ProgramBlob, ZONE_SIZE};

/// Size of the address space, in octets.
const ADDRESS_SPACE: u64 = 1 << 32;
/// End of the lengths of sections and of the stack, which take three octets.
const SECTION_LIMIT: u64 = 1 << 24;

/// A program with its initial data, heap and stack.
///
/// Cheap to clone. Holding one is the proof that its sections fit the address space
/// (`eq:conditions`, 0.7.2). Its code need not be a valid [`ProgramBlob`]: in the paper, invalid
/// code fails when it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandardProgram {
    read_only: Arc<[u8]>,
    read_write: Arc<[u8]>,
    heap_pages: u16,
    stack_size: u32,
    code: Arc<[u8]>,
}

/// Address ranges of a running standard program's sections, rounded up to whole pages.
///
/// A section's data are at the start of its range, followed by zeros.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The read-only data.
    pub read_only: Range<u32>,
    /// The read-write data and the heap's initial pages.
    pub read_write: Range<u32>,
    /// The stack, writable.
    pub stack: Range<u32>,
    /// The arguments, read-only.
    pub arguments: Range<u32>,
}

impl StandardProgram {
    /// Size of the stack of a program whose author sets none, in octets. It adds nothing to the
    /// blob.
    pub const DEFAULT_STACK: u32 = 64 << 10;

    /// End of the stack, and initial stack pointer.
    pub const STACK_END: u64 = ADDRESS_SPACE - 2 * ZONE_SIZE - MAX_ARGUMENTS;

    /// Makes a program of its sections.
    ///
    /// `stack_size` is in octets. Fails if it or a section is 2^24 octets or longer; sections of
    /// allowed lengths always fit the address space together.
    pub fn new(
        read_only: impl Into<Arc<[u8]>>,
        read_write: impl Into<Arc<[u8]>>,
        heap_pages: u16,
        stack_size: u32,
        code: impl Into<Arc<[u8]>>,
    ) -> Result<Self, ProgramError> {
        let (read_only, read_write, code) = (read_only.into(), read_write.into(), code.into());
        let lengths = [
            (Part::ReadOnly, read_only.len() as u64, SECTION_LIMIT),
            (Part::ReadWrite, read_write.len() as u64, SECTION_LIMIT),
            (Part::StackSize, stack_size.into(), SECTION_LIMIT),
            (Part::Code, code.len() as u64, ADDRESS_SPACE),
        ];
        for (what, length, limit) in lengths {
            if length >= limit {
                let kind = ErrorKind::SectionTooLong { what, length, limit };
                return Err(ProgramError::new(0, kind));
            }
        }
        Ok(Self { read_only, read_write, heap_pages, stack_size, code })
    }

    /// Parses a standard program, without its code.
    pub fn parse(octets: &[u8]) -> Result<Self, ProgramError> {
        let mut reader = Reader::new(octets);
        let read_only_length = reader.integer(Part::ReadOnlyLength, 3)?;
        let read_write_length = reader.integer(Part::ReadWriteLength, 3)?;
        let heap_pages = reader.integer(Part::HeapPages, 2)? as u16;
        let stack_size = reader.integer(Part::StackSize, 3)? as u32;
        let read_only = reader.take(Part::ReadOnly, read_only_length)?;
        let read_write = reader.take(Part::ReadWrite, read_write_length)?;
        let code_length = reader.integer(Part::CodeLength, 4)?;
        let code = reader.take(Part::Code, code_length)?;
        reader.finish()?;
        Ok(Self {
            read_only: read_only.into(),
            read_write: read_write.into(),
            heap_pages,
            stack_size,
            code: code.into(),
        })
    }

    /// Encodes the program.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        push_integer(&mut octets, self.read_only.len() as u64, 3);
        push_integer(&mut octets, self.read_write.len() as u64, 3);
        push_integer(&mut octets, self.heap_pages.into(), 2);
        push_integer(&mut octets, self.stack_size.into(), 3);
        octets.extend_from_slice(&self.read_only);
        octets.extend_from_slice(&self.read_write);
        push_integer(&mut octets, self.code.len() as u64, 4);
        octets.extend_from_slice(&self.code);
        octets
    }

    /// The read-only data.
    #[must_use]
    pub fn read_only(&self) -> &[u8] {
        &self.read_only
    }

    /// The initial read-write data.
    #[must_use]
    pub fn read_write(&self) -> &[u8] {
        &self.read_write
    }

    /// Number of heap pages after the read-write data.
    #[must_use]
    pub const fn heap_pages(&self) -> u16 {
        self.heap_pages
    }

    /// Size of the stack, in octets.
    #[must_use]
    pub const fn stack_size(&self) -> u32 {
        self.stack_size
    }

    /// Octets of the program blob.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        &self.code
    }

    /// Parses the program blob. Offsets in errors count from the start of the standard program.
    pub fn program(&self) -> Result<ProgramBlob, ProgramError> {
        ProgramBlob::parse(&self.code).map_err(|error| error.within(self.code_offset()))
    }

    /// Offset of the program blob in the encoded standard program.
    fn code_offset(&self) -> usize {
        const LENGTHS: usize = 3 + 3 + 2 + 3 + 4;
        self.read_only.len().saturating_add(self.read_write.len()).saturating_add(LENGTHS)
    }

    /// Length of the read-write data and the heap pages, in octets. The data are not rounded up.
    fn writable_length(&self) -> u64 {
        let heap = u64::from(self.heap_pages).saturating_mul(PAGE_SIZE);
        heap.saturating_add(self.read_write.len() as u64)
    }

    /// Address ranges of the sections (`eq:memlayout`, 0.7.2); `None` if the arguments are too
    /// long.
    #[must_use]
    pub fn layout(&self, arguments_length: u64) -> Option<Layout> {
        if arguments_length > MAX_ARGUMENTS {
            return None;
        }
        let read_only = ZONE_SIZE;
        let after_read_only = zone_aligned(self.read_only.len() as u64);
        let read_write = ZONE_SIZE.saturating_mul(2).saturating_add(after_read_only);
        let stack = page_aligned(self.stack_size.into());
        Some(Layout {
            read_only: range(read_only, page_aligned(self.read_only.len() as u64)),
            read_write: range(read_write, page_aligned(self.writable_length())),
            stack: range(Self::STACK_END.saturating_sub(stack), stack),
            arguments: range(ARGUMENTS_START, page_aligned(arguments_length)),
        })
    }

    /// Registers at the start of a run (`eq:registers`, 0.7.2).
    #[must_use]
    pub const fn registers(arguments_length: u64) -> [u64; 13] {
        let mut registers = [0; 13];
        registers[0] = RETURN_ADDRESS;
        registers[1] = Self::STACK_END;
        registers[7] = ARGUMENTS_START;
        registers[8] = arguments_length;
        registers
    }
}

/// The dynamic jump address that halts.
const RETURN_ADDRESS: u64 = ADDRESS_SPACE - (1 << 16);
/// Address of the arguments.
const ARGUMENTS_START: u64 = ADDRESS_SPACE - ZONE_SIZE - MAX_ARGUMENTS;

// `eq:conditions` (0.7.2) limits the sum of the sections. The widths of the length fields already
// guarantee it: sections of the largest lengths leave room.
const _: () = {
    let longest = SECTION_LIMIT - 1;
    let heap = u16::MAX as u64 * PAGE_SIZE;
    let sections = zone_aligned(longest) + zone_aligned(longest + heap) + zone_aligned(longest);
    assert!(5 * ZONE_SIZE + sections + MAX_ARGUMENTS <= ADDRESS_SPACE);
};

/// The range is within the address space, see above.
fn range(start: u64, length: u64) -> Range<u32> {
    start as u32..start.saturating_add(length) as u32
}

const fn page_aligned(length: u64) -> u64 {
    length.next_multiple_of(PAGE_SIZE)
}

const fn zone_aligned(length: u64) -> u64 {
    length.next_multiple_of(ZONE_SIZE)
}
