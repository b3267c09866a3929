//! The one crate of the workspace that may hold unsafe code, behind safe interfaces.
//!
//! The crate knows nothing of instructions, gas or JAM. It offers the parts of a fast interpreter
//! that safe code cannot give: guest memory, and [`Slots`], a table that is filled while it is
//! read.
//!
//! Guest memory is 4 GiB of 4 KiB pages, each inaccessible, read-only or read-write. There are two
//! implementations of [`GuestMemory`]:
//!
//! - `ReservedMemory` (64-bit Linux): one address-space reservation of 4 GiB, resident only where
//!   it was touched, behind a lazily mapped table of one permission octet per page. A load is a
//!   table lookup, a branch and a move.
//! - [`PagedMemory`]: a two-level page table in safe code, for every other target, and for hosts
//!   that have run out of address space.
//!
//! [`DefaultMemory`] is the faster one that the target (or the feature `portable-memory`) allows.
//!
//! # Invariants
//!
//! - Every guest address is a `u32`, every access stays inside the reservation, and no octet of
//!   an inaccessible page reaches [`GuestMemory::load`] or [`GuestMemory::store`].
//! - A page that was never written, or was zeroed since, reads as zeros.
//! - Memory costs resident pages only where it was written (or read, for page-table octets).
//!
//! ```
//! use jambox_sandbox::{Access, DefaultMemory, GuestMemory, Pool, PoolLimits};
//!
//! let pool = Pool::new(PoolLimits::default());
//! let mut memory = DefaultMemory::new(&pool)?;
//! memory.set_access(16, 1, Access::ReadWrite);
//! assert!(memory.store(0x1_0000, [1, 2, 3, 4]));
//! assert_eq!(memory.load::<2>(0x1_0001), Some([2, 3]));
//! assert_eq!(memory.load::<8>(0x1_0ffc), None); // the next page is inaccessible
//! # Ok::<(), jambox_sandbox::ReserveError>(())
//! ```

mod access;
mod limits;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod native;
mod page;
mod paged;
mod pool;
mod read_only;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod reserved;
mod slots;

pub use access::{GuestMemory, GuestView};
pub use limits::{InvalidLimit, PoolLimits, PoolUsage};
pub use page::{Access, PAGE_COUNT, PAGE_SIZE, ReserveError};
pub use paged::PagedMemory;
pub use pool::Pool;
pub use read_only::ReadOnly;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub use reserved::{ReservedMemory, ReservedView};

pub use slots::{Cursor, Entry, Handler, Interpreter, Slots, Writer};

/// The memory an engine uses unless told otherwise: the fastest that this build has.
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(feature = "portable-memory")))]
pub type DefaultMemory = ReservedMemory;

/// The memory an engine uses unless told otherwise: the fastest that this build has.
#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    not(feature = "portable-memory")
)))]
pub type DefaultMemory = PagedMemory;
