//! Values as JIP-2 writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jambox_types::Hash;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::octets::hash;
use crate::records::{Descriptor, Status};

/// Octets as text.
#[must_use]
pub fn blob(octets: &[u8]) -> Value {
    STANDARD.encode(octets).into()
}

/// A block.
#[must_use]
pub fn descriptor(descriptor: &Descriptor) -> Value {
    json!({ "header_hash": hash(&descriptor.hash), "slot": descriptor.slot })
}

/// A value with the block that it is of.
#[must_use]
pub fn update(of: &Descriptor, value: Value) -> Value {
    json!({ "header_hash": hash(&of.hash), "slot": of.slot, "value": value })
}

/// A package's status.
#[must_use]
pub fn status(status: &Status) -> Value {
    match status {
        Status::Reportable(blocks) => json!({ "Reportable": { "remaining_blocks": blocks } }),
        Status::Reported { reported, core, report } => json!({ "Reported": {
            "reported_in": descriptor(reported),
            "core": core.0,
            "report_hash": hash(report),
        } }),
        Status::Ready { reported, core, report, ready } => json!({ "Ready": {
            "reported_in": descriptor(reported),
            "core": core.0,
            "report_hash": hash(report),
            "ready_in": descriptor(ready),
        } }),
        Status::Failed(reason) => json!({ "Failed": reason }),
    }
}

/// The error codes of JIP-2.
mod code {
    pub const OTHER: i32 = 0;
    pub const BLOCK_UNAVAILABLE: i32 = 1;
    pub const WORK_REPORT_UNAVAILABLE: i32 = 2;
    pub const SEGMENT_UNAVAILABLE: i32 = 3;
}

/// An error that JIP-2 has no code for.
#[must_use]
pub fn other(message: impl ToString) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code::OTHER, message.to_string(), None::<()>)
}

/// The state after a block is not there.
#[must_use]
pub fn block_unavailable(block: &Hash) -> ErrorObjectOwned {
    let message = format!("the block {block} is not available");
    ErrorObjectOwned::owned(code::BLOCK_UNAVAILABLE, message, Some(hash(block)))
}

/// A report is not there.
#[must_use]
pub fn report_unavailable(report: &Hash) -> ErrorObjectOwned {
    let message = format!("the work report {report} is not available");
    ErrorObjectOwned::owned(code::WORK_REPORT_UNAVAILABLE, message, Some(hash(report)))
}

/// A segment is not there.
#[must_use]
pub fn segment_unavailable(root: &Hash, index: Option<u16>) -> ErrorObjectOwned {
    let message = match index {
        Some(index) => format!("segment {index} of {root} is not available"),
        None => format!("the segments of {root} are not available"),
    };
    ErrorObjectOwned::owned(code::SEGMENT_UNAVAILABLE, message, None::<()>)
}

/// The parameters of a call, by position.
///
/// # Errors
///
/// The parameters are fewer, more, or of other types.
pub fn parse<T: for<'de> Deserialize<'de>>(params: &Params<'_>) -> Result<T, ErrorObjectOwned> {
    params.parse()
}
