//! Code that exists only inside the PVM: the only `unsafe` code of a service.
#![expect(
    unsafe_code,
    reason = "host calls, the heap and the arguments are raw memory until this module wraps them"
)]

mod allocator;
pub(crate) mod ecalli;
#[doc(hidden)]
pub mod entry;
mod growth;
mod memory;
mod panic;

pub(crate) use memory::unspecified;
