//! Effect of a forbidden memory access on a run.

use jambox_sandbox::{Access, PAGE_SIZE};

use crate::Exit;
use crate::memory::{LOWEST_ADDRESS, Memory};

/// The exit of a run after an access to `length` octets from `address`, not all of which allow it:
/// the first octet that does not decides (0.7.2, `sec:virtualmachine`, the memory-access
/// exceptional execution state). Below 2^16 it panics, elsewhere it faults with that octet's page
/// address.
#[cold]
pub(crate) fn exit(memory: &Memory, address: u32, length: usize, access: Access) -> Exit {
    let forbidden = (0..length as u32)
        .map(|offset| address.wrapping_add(offset))
        .find(|octet| memory.access(octet / PAGE_SIZE) < access);
    match forbidden {
        Some(octet) if octet >= LOWEST_ADDRESS => Exit::PageFault(octet - octet % PAGE_SIZE),
        _ => Exit::Panic,
    }
}
