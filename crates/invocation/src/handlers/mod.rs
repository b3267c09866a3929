//! Handlers of the host calls (`sec:generalfunctions`, `sec:refinefunctions`,
//! `sec:accumulatefunctions`, 0.7.2).
//!
//! A handler takes a typed request and returns a typed reply. Registers, numbers and base prices
//! are the host's. A handler checks in the paper's order, and changes nothing before the last
//! check.

pub(crate) mod children;
mod code_cache;
pub(crate) mod exports;
pub(crate) mod fetch;
pub(crate) mod general;
pub(crate) mod heap;
pub(crate) mod ids;
pub(crate) mod machines;
pub(crate) mod preimages;
pub(crate) mod privileges;
pub(crate) mod services;
pub(crate) mod storage;
pub(crate) mod transfers;
