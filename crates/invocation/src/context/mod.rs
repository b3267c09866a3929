//! What the handlers of each invocation work on.

mod accumulate;
mod is_authorized;
mod refine;

pub(crate) use accumulate::{Accumulate, Implications};
pub(crate) use is_authorized::IsAuthorized;
pub(crate) use refine::Refine;
