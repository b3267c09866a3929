//! Address space of generated code.
//!
//! One reservation for the whole process:
//!
//! ```text
//! start                       start + 1 GiB                 start + 1.25 GiB
//! | code: read and execute    | slots: read and write       |
//! ```
//!
//! The code part shows a memory file that a second mapping elsewhere shows readable and writable:
//! no address is ever both writable and executable. Code and slots are so near each other that
//! a 32-bit distance leads from any of one to any of the other.
//!
//! The space is handed out in chunks of equal size. A process-wide space also makes it
//! trivial to tell whether an instruction that faulted is generated code: its address decides.

use core::ffi::c_void;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::asm::{Location, Unfit};
use super::signals;
use super::support::{Unsupported, last_error};
use super::target;
use crate::pool::Pool;
use crate::reserved::CodeShare;

/// Octets of code in a chunk.
pub const CHUNK_CODE: usize = 64 << 10;

/// Slots in a chunk.
pub const CHUNK_SLOTS: usize = 2 << 10;

/// Room that a unit may need, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Octets of code, at most [`CHUNK_CODE`].
    pub octets: usize,
    /// Slots, at most [`CHUNK_SLOTS`].
    pub slots: usize,
}

const CHUNKS: usize = 16 << 10;
const CODE: usize = CHUNKS * CHUNK_CODE;
const CHUNK_SLOT_OCTETS: usize = CHUNK_SLOTS * size_of::<u64>();
const SLOTS: usize = CHUNKS * CHUNK_SLOT_OCTETS;

/// Free chunks that keep their pages, so that the next program need not wait for new ones.
const WARM_CHUNKS: usize = 64;

/// The process's code space.
pub(super) struct CodeSpace {
    start: NonNull<u8>,
    writer: NonNull<u8>,
    /// 1 in the process that made the space. The kernel empties it in a child, however that was
    /// forked.
    mark: NonNull<AtomicU64>,
    chunks: Mutex<Chunks>,
}

// SAFETY: the pointers are to mappings that live as long as the process; which part of them a
// thread may write is decided by who owns the `ChunkWriter`.
unsafe impl Send for CodeSpace {}
// SAFETY: as above.
unsafe impl Sync for CodeSpace {}

/// The free chunks: those that were used before, and all from `next` on.
struct Chunks {
    warm: Vec<u32>,
    cold: Vec<u32>,
    next: u32,
}

static SPACE: OnceLock<Result<CodeSpace, Unsupported>> = OnceLock::new();

/// The code space, set up at the first call.
pub(super) fn space() -> Result<&'static CodeSpace, Unsupported> {
    let space = SPACE.get_or_init(CodeSpace::new).as_ref().map_err(Clone::clone)?;
    if space.is_alive() { Ok(space) } else { Err(Unsupported::Forked) }
}

/// True if this process is a child of one that had set the code space up.
#[inline]
pub(super) fn is_forked() -> bool {
    matches!(SPACE.get(), Some(Ok(space)) if !space.is_alive())
}

impl CodeSpace {
    fn new() -> Result<Self, Unsupported> {
        target::check_processor()?;
        let (start, writer) = Self::map()?;
        let mark = mark()?;
        // The first octet of the space is no instruction, so the first chunk is never given out.
        let chunks = Chunks { warm: Vec::new(), cold: Vec::new(), next: 1 };
        signals::install(start.as_ptr() as usize..start.as_ptr() as usize + CODE)?;
        Ok(Self { start, writer, mark, chunks: Mutex::new(chunks) })
    }

    /// True if the space is there; false in a forked child, see [`CodeSpace::map`].
    #[inline]
    pub(super) fn is_alive(&self) -> bool {
        // SAFETY: the page is mapped as long as the process lives, and nothing refers to it but
        // through this type.
        let mark = unsafe { self.mark.as_ref() };
        mark.load(Ordering::Relaxed) != 0
    }

    /// Reserves the space and maps the memory file into it and once more, to write.
    fn map() -> Result<(NonNull<u8>, NonNull<u8>), Unsupported> {
        let file = memory_file()?;
        let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let result = (|| {
            let start = map(ptr::null_mut(), CODE + SLOTS, libc::PROT_NONE, anonymous, -1)?;
            let executable = libc::PROT_READ | libc::PROT_EXEC;
            // SAFETY: `CODE` is less than the reservation's size.
            let slots = unsafe { start.add(CODE) };
            let fixed = libc::MAP_SHARED | libc::MAP_FIXED;
            map(start.as_ptr(), CODE, executable, fixed, file)?;
            let writable = libc::PROT_READ | libc::PROT_WRITE;
            map(slots.as_ptr(), SLOTS, writable, anonymous | libc::MAP_FIXED, -1)?;
            let writer = map(ptr::null_mut(), CODE, writable, libc::MAP_SHARED, file)?;
            Ok((start, writer))
        })();
        // The mappings keep the file; nobody else should reach it.
        // SAFETY: the descriptor is this function's own.
        unsafe { libc::close(file) };
        let (start, writer) = result.map_err(Unsupported::ExecutableMemory)?;
        for (part, length) in [(start, CODE + SLOTS), (writer, CODE)] {
            // A child that shared the file would write its code over its parent's.
            // SAFETY: the ranges were just mapped here.
            let refused =
                unsafe { libc::madvise(part.as_ptr().cast(), length, libc::MADV_DONTFORK) };
            if refused != 0 {
                return Err(Unsupported::ExecutableMemory(last_error()));
            }
        }
        Ok((start, writer))
    }

    /// The address at a distance from the start.
    #[inline]
    pub(super) fn address(&self, offset: u32) -> u64 {
        self.start.as_ptr() as u64 + u64::from(offset)
    }

    /// The distance of an address of code from the start. The first octet is no instruction.
    #[inline]
    pub(super) fn offset(&self, address: u64) -> Option<NonZeroU32> {
        let offset = address.checked_sub(self.start.as_ptr() as u64)?;
        let offset = u32::try_from(offset).ok().filter(|&offset| (offset as usize) < CODE)?;
        NonZeroU32::new(offset)
    }

    /// Makes code that jumps through a slot go to a target, both by their distances from the
    /// start. Other threads may be running it. Nothing happens in a forked child.
    pub(super) fn set_slot(&self, slot: u32, target: u32) {
        if self.is_alive() {
            self.store_slot(slot, target);
        }
    }

    /// The same, where the space is known to be there.
    #[inline]
    fn store_slot(&self, slot: u32, target: u32) {
        let is_slot = (CODE..CODE + SLOTS).contains(&(slot as usize)) && slot.is_multiple_of(8);
        assert!(is_slot, "no slot at {slot:#x}");
        // SAFETY: that is in the reservation, see the assertion.
        let slot = unsafe { self.start.add(slot as usize) }.cast::<AtomicU64>();
        // SAFETY: slots are aligned, mapped as long as the process lives, and only ever accessed
        // as this atomic type and by generated code.
        let slot = unsafe { slot.as_ref() };
        slot.store(self.address(target), Ordering::Release);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the pages of a chunk back to the system.
    fn discard(&self, index: u32) {
        let at = index as usize * CHUNK_CODE;
        // SAFETY: a chunk's code lies in the writer mapping; nobody owns this one any more.
        let code = unsafe { self.writer.add(at) };
        // SAFETY: as above; the pages of the file there become holes, which read as zeros.
        unsafe { libc::madvise(code.as_ptr().cast(), CHUNK_CODE, libc::MADV_REMOVE) };
        // SAFETY: a chunk's slots lie in the reservation, after the code.
        let slots = unsafe { self.start.add(first_slot(index)) }.cast::<c_void>();
        // SAFETY: as above, for private anonymous pages.
        unsafe { libc::madvise(slots.as_ptr(), CHUNK_SLOT_OCTETS, libc::MADV_DONTNEED) };
    }
}

/// A page that begins with 1 here and with 0 in every child. A handler of `pthread_atfork` would
/// not do: a child made by the system call itself knows nothing of handlers.
fn mark() -> Result<NonNull<AtomicU64>, Unsupported> {
    const PAGE: usize = crate::PAGE_SIZE as usize;
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let page = map(ptr::null_mut(), PAGE, libc::PROT_READ | libc::PROT_WRITE, private, -1)
        .map_err(Unsupported::ExecutableMemory)?;
    // SAFETY: the page was just mapped here.
    if unsafe { libc::madvise(page.as_ptr().cast(), PAGE, libc::MADV_WIPEONFORK) } != 0 {
        return Err(Unsupported::ExecutableMemory(last_error()));
    }
    let mark = page.cast::<AtomicU64>();
    // SAFETY: the page is aligned, writable, and large enough.
    unsafe { mark.write(AtomicU64::new(1)) };
    Ok(mark)
}

/// A memory file of the size of the code part; no page of it exists yet.
fn memory_file() -> Result<i32, Unsupported> {
    // Newer kernels want to be told that a memory file is for code; older ones refuse the flag.
    const MFD_EXEC: libc::c_uint = 0x10;
    let create = |flags| {
        // SAFETY: the name is a string that ends with a zero; the call touches no other memory.
        unsafe { libc::memfd_create(c"jambox-code".as_ptr(), flags) }
    };
    let mut file = create(libc::MFD_CLOEXEC | MFD_EXEC);
    if file < 0 {
        file = create(libc::MFD_CLOEXEC);
    }
    if file < 0 {
        return Err(Unsupported::ExecutableMemory(last_error()));
    }
    if is_beyond_file_size_limit() {
        // Growing the file would not fail but send a signal.
        // SAFETY: the descriptor is this function's own.
        unsafe { libc::close(file) };
        let reason = "the process's file size limit is too low".to_string();
        return Err(Unsupported::ExecutableMemory(reason));
    }
    // SAFETY: the descriptor is this function's own.
    if unsafe { libc::ftruncate(file, CODE as libc::off_t) } != 0 {
        let error = last_error();
        // SAFETY: as above.
        unsafe { libc::close(file) };
        return Err(Unsupported::ExecutableMemory(error));
    }
    Ok(file)
}

fn is_beyond_file_size_limit() -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call fills the structure it is given.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    result == 0 && limit.rlim_cur < CODE as libc::rlim_t
}

fn map(
    at: *mut u8,
    length: usize,
    protection: i32,
    flags: i32,
    file: i32,
) -> Result<NonNull<u8>, String> {
    // SAFETY: either the kernel chooses an address that nothing uses, or (with `MAP_FIXED`) the
    // range is part of a reservation that the caller made and nothing uses yet.
    let address = unsafe { libc::mmap(at.cast(), length, protection, flags, file, 0) };
    if address == libc::MAP_FAILED {
        return Err(last_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| "null".to_string())
}

/// The distance of a chunk's first slot from the start of the space.
const fn first_slot(index: u32) -> usize {
    CODE + index as usize * CHUNK_SLOT_OCTETS
}

/// A part of the code space that belongs to one program: code, which is only appended, and slots,
/// each the address of an instruction that code may jump to.
///
/// Dropping it frees the space, so nobody may run or write its code then: who does so owns it
/// together with others, or borrows an owner.
pub(super) struct Chunk {
    space: &'static CodeSpace,
    index: u32,
    _share: CodeShare,
}

impl Chunk {
    /// An empty chunk of a pool's programs.
    ///
    /// # Errors
    /// When the platform cannot run generated code, the pool has as much as it may, or the code
    /// space is full.
    fn allocate(pool: &Pool) -> Result<Self, Unsupported> {
        let space = space()?;
        let Some(share) = CodeShare::take(&pool.budgets, CHUNK_CODE) else {
            let limit = pool.limits().code;
            let reason = format!("there is as much code as the limit `code` allows, {limit}");
            return Err(Unsupported::ExecutableMemory(reason));
        };
        let mut chunks = space.lock();
        let used = chunks.warm.pop().or_else(|| chunks.cold.pop());
        let index = match used {
            Some(index) => index,
            None if (chunks.next as usize) < CHUNKS => {
                chunks.next += 1;
                chunks.next - 1
            }
            None => {
                let reason = "the process's space for code is full".to_string();
                return Err(Unsupported::ExecutableMemory(reason));
            }
        };
        drop(chunks);
        Ok(Self { space, index, _share: share })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if !self.space.is_alive() {
            return;
        }
        let mut chunks = self.space.lock();
        if chunks.warm.len() < WARM_CHUNKS {
            chunks.warm.push(self.index);
        } else {
            drop(chunks);
            self.space.discard(self.index);
            self.space.lock().cold.push(self.index);
        }
    }
}

/// Writer of a chunk. There is one for each, so that units come after each other.
pub(super) struct ChunkWriter {
    chunk: Arc<Chunk>,
    used: usize,
    slots: usize,
}

impl ChunkWriter {
    /// A writer of an empty chunk of a pool's programs.
    ///
    /// # Errors
    /// The errors of [`Chunk::allocate`].
    pub(super) fn allocate(pool: &Pool) -> Result<Self, Unsupported> {
        Chunk::allocate(pool).map(|chunk| Self { chunk: Arc::new(chunk), used: 0, slots: 0 })
    }

    /// The chunk, for the program to keep its code.
    pub(super) fn chunk(&self) -> Arc<Chunk> {
        Arc::clone(&self.chunk)
    }

    pub(super) const fn has_room(&self, room: Room) -> bool {
        room.octets <= CHUNK_CODE - self.used && room.slots <= CHUNK_SLOTS - self.slots
    }

    /// Location of the next unit.
    pub(super) fn location(&self) -> Location {
        let index = self.chunk.index;
        Location {
            code: index * CHUNK_CODE as u32 + self.used as u32,
            slots: (first_slot(index) + self.slots * size_of::<u64>()) as u32,
            slot_room: (CHUNK_SLOTS - self.slots) as u32,
        }
    }

    /// Makes the octets of a unit code that was begun here and is fit, with its slots: each with
    /// the distance of the way out that it leads to at first.
    pub(super) fn append(
        &mut self,
        code: &[u8],
        slots: impl Iterator<Item = (u32, u32)>,
    ) -> Result<(), Unfit> {
        let space = self.chunk.space;
        if code.len() > CHUNK_CODE - self.used {
            return Err(Unfit::TooLong);
        }
        if !space.is_alive() {
            return Err(Unfit::Forked);
        }
        let offset = self.location().code;
        // SAFETY: the chunk, which this value keeps, lies in the writer mapping, and its octets
        // from `used` on, which the code fits into, have not been handed out to run; nobody else
        // writes them, as no other value writes this chunk.
        let to = unsafe { space.writer.add(offset as usize) };
        // SAFETY: as above; `code` is elsewhere, as no reference into the mapping exists.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), to.as_ptr(), code.len()) };
        self.used += code.len();
        for (slot, way_out) in slots {
            space.store_slot(slot, way_out);
            self.slots += 1;
        }
        Ok(())
    }
}
