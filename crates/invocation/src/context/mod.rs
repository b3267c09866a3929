//! Contexts of the handlers, one for each invocation.

mod accumulate;
mod is_authorized;
mod refine;

pub(crate) use accumulate::{Accumulate, Implications};
pub(crate) use is_authorized::IsAuthorized;
pub(crate) use refine::Refine;
