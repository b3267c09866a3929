//! `grow_heap`.

use jambox_hostcall::{Quantity, Reply, outcome, request};

use crate::Stop;
use crate::guest::Guest;

/// Moves the heap's end up to a page, if there is room and the guest can pay.
///
/// In the heap's region exactly the pages below its end are writable, since only this call makes
/// pages of the region writable. The number of writable pages therefore gives the heap's end.
pub(crate) fn grow(guest: &mut Guest<'_>, request: &request::GrowHeap) -> Result<Reply, Stop> {
    let room = guest.memory.heap_room();
    if request.end <= room.start || request.end > room.end {
        return Ok(Reply::Value(outcome!(GrowHeap, unchanged), room.start));
    }
    guest.charge_for(Quantity::PagesAdded, request.end.saturating_sub(room.start))?;
    guest.memory.grow_heap(request.end);
    Ok(Reply::Value(outcome!(GrowHeap, grown), request.end))
}
