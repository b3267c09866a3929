//! `grow_heap`.

use jambox_hostcall::{Quantity, Reply, outcome, request};

use crate::Stop;
use crate::guest::Guest;

/// Moves the heap's end up to a page, if there is room and it is paid for.
///
/// The pages of the region are writable from its start to the heap's end and nowhere else, as
/// nothing but this call makes any of them writable: their number is where the end is.
pub(crate) fn grow(guest: &mut Guest<'_>, request: &request::GrowHeap) -> Result<Reply, Stop> {
    let room = guest.memory.heap_room();
    if request.end <= room.start || request.end > room.end {
        return Ok(Reply::Value(outcome!(GrowHeap, unchanged), room.start));
    }
    guest.charge_for(Quantity::PagesAdded, request.end.saturating_sub(room.start))?;
    guest.memory.grow_heap(request.end);
    Ok(Reply::Value(outcome!(GrowHeap, grown), request.end))
}
