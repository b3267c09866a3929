//! The code of one program with everything that it runs on.

use core::num::{NonZeroU32, NonZeroU64};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::asm::{Assembler, Place, Slot, Unfit};
use super::code_space::{CHUNK_CODE, CHUNK_SLOTS, Chunk, ChunkWriter, CodeSpace, Room, space};
use super::support::Unsupported;
use super::target;
use crate::pool::Pool;

/// The address of an instruction of a [`NativeProgram`].
///
/// Only a program makes one, and only for the starts of its own instructions. It is good for that
/// program alone, which no other ever is: an address that outlives its program leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeAddress {
    program: NonZeroU64,
    offset: NonZeroU32,
}

impl CodeAddress {
    pub(super) const fn new(program: NonZeroU64, offset: NonZeroU32) -> Self {
        Self { program, offset }
    }

    /// The distance from the start of the code space.
    #[inline]
    #[must_use]
    pub const fn offset(self) -> u32 {
        self.offset.get()
    }
}

/// The native code of one program, with the slots and the dispatch table that it jumps through.
///
/// All code in it was written by [assemblers](Assembler) that this program gave out, and checked.
/// So whatever runs here stays here, until it leaves by an exit: see [`Assembler`] for the rules.
/// Code is only ever added, also while threads run it.
pub struct NativeProgram {
    id: NonZeroU64,
    space: &'static CodeSpace,
    table: Box<[AtomicU64]>,
    max_octets: usize,
    pool: Arc<Pool>,
    /// The chunks of the program's code, kept alive here.
    chunks: Mutex<Vec<Arc<Chunk>>>,
}

impl NativeProgram {
    /// A program of a pool without code, of which there may be `max_octets` in whole chunks, with a
    /// dispatch table of so many entries (one at least). Entry 0 is never set.
    ///
    /// # Errors
    /// When the platform cannot run generated code.
    pub fn new(pool: &Arc<Pool>, entries: u32, max_octets: usize) -> Result<Self, Unsupported> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let space = space()?;
        // At a billion programs a second this takes centuries to come to 0 again.
        let id = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let id = NonZeroU64::new(id).unwrap_or(NonZeroU64::MAX);
        let exit = target::exit_dispatch_address();
        let table = core::iter::repeat_with(|| AtomicU64::new(exit));
        let table = table.take(entries.max(1) as usize).collect();
        let (pool, chunks) = (Arc::clone(pool), Mutex::new(Vec::new()));
        Ok(Self { id, space, table, max_octets, pool, chunks })
    }

    /// An assembler for this program's code.
    #[must_use]
    pub fn assembler(&self) -> Assembler {
        Assembler::of_program(self.id, self.table.len() as u32 - 1)
    }

    /// Begins a unit of at most this size. False, with nothing begun, if the program or the process
    /// lacks the room, or if the assembler is one of another program.
    pub fn begin(&self, asm: &mut Assembler, room: Room) -> bool {
        if asm.program() != Some(self.id) {
            return false;
        }
        if !asm.has_room(room) {
            if room.octets > CHUNK_CODE || room.slots > CHUNK_SLOTS {
                return false;
            }
            let mut chunks = self.lock();
            if (chunks.len() + 1) * CHUNK_CODE > self.max_octets {
                return false;
            }
            let Ok(writer) = ChunkWriter::allocate(&self.pool) else { return false };
            chunks.push(writer.chunk());
            asm.write_to(writer);
        }
        asm.begin_unit();
        true
    }

    /// Makes the assembled unit executable. No code jumps to it until slots are set to it.
    ///
    /// # Errors
    /// The unit breaks a rule; it is discarded.
    pub fn append(&self, asm: &mut Assembler) -> Result<(), Unfit> {
        if asm.program() == Some(self.id) { asm.append_unit() } else { Err(Unfit::NotBegun) }
    }

    /// The address of a place of this program's code; `None` if the assembler is of another
    /// program, or the place's unit is not finished.
    #[inline]
    #[must_use]
    pub fn address(&self, asm: &Assembler, place: Place) -> Option<CodeAddress> {
        let offset = asm.offset_of(place).filter(|_| asm.program() == Some(self.id))?;
        NonZeroU32::new(offset).map(|offset| CodeAddress::new(self.id, offset))
    }

    /// Makes code that jumps through a slot go to a place. Other threads may be running it. Nothing
    /// happens if either is not there.
    pub fn set_slot(&self, asm: &Assembler, slot: Slot, place: Place) {
        if let Some((slot, target)) = asm.offset_of_slot(slot).zip(self.address(asm, place)) {
            // This program, and so its chunk with the slot, lives, as `address` found.
            self.space.set_slot(slot, target.offset());
        }
    }

    /// Makes jumps through an entry of the dispatch table go to an address. Other threads may be
    /// jumping through it. Nothing happens if there is no such entry or the address is not of this
    /// program.
    pub fn set_entry(&self, index: usize, target: CodeAddress) {
        if let Some(entry) = self.table.get(index).filter(|_| self.owns(target)) {
            entry.store(self.space.address(target.offset()), Ordering::Release);
        }
    }

    pub(super) const fn id(&self) -> NonZeroU64 {
        self.id
    }

    /// True if an address is of this program.
    #[inline]
    pub(super) fn owns(&self, address: CodeAddress) -> bool {
        address.program == self.id
    }

    pub(super) const fn space(&self) -> &'static CodeSpace {
        self.space
    }

    /// The address of the dispatch table.
    pub(super) fn table(&self) -> u64 {
        self.table.as_ptr() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Chunk>>> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
