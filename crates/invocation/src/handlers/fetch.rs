//! `fetch`. The data are the contexts'.

use jambox_hostcall::{FetchKind, Reply, request};
use jambox_state::Blob;

/// Copies data of the requested kind. A kind that the ABI or the context lacks answers `NONE`.
pub(crate) fn fetch(
    request: &request::Fetch,
    item: impl FnOnce(FetchKind) -> Option<Blob>,
) -> Reply {
    Reply::Data(request.kind.and_then(item))
}
