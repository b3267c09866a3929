//! What the comparisons have in common: engines behind one interface, and what they are given to do.

pub mod log;
pub mod machine;
pub mod measure;
pub mod native;
pub mod peer_polkavm;
pub mod small;
pub mod workload;
