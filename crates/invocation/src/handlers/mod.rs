//! What each host call does (`sec:generalfunctions`, `sec:refinefunctions`,
//! `sec:accumulatefunctions`, 0.7.2).
//!
//! A handler takes a typed request and gives a typed reply; registers, numbers and prices are the
//! host's business. It makes its checks in the paper's order and changes nothing before the last
//! of them has passed.

pub(crate) mod children;
mod code_cache;
pub(crate) mod exports;
pub(crate) mod fetch;
pub(crate) mod general;
pub(crate) mod heap;
pub(crate) mod machines;
pub(crate) mod preimages;
pub(crate) mod privileges;
pub(crate) mod services;
pub(crate) mod storage;
pub(crate) mod transfers;
