//! `fetch`: each context says what it has of a kind.

use jambox_hostcall::{FetchKind, Reply, request};
use jambox_state::Blob;

/// The item of the kind asked for. A kind that the ABI or the context does not have is none.
pub(crate) fn fetch(
    request: &request::Fetch,
    item: impl FnOnce(FetchKind) -> Option<Blob>,
) -> Reply {
    Reply::Data(request.kind.and_then(item))
}
