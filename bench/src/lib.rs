//! Parts of the comparison: engines behind one interface, their workloads, and the report.

#![cfg_attr(
    all(feature = "polkavm-0-30", feature = "polkavm-0-37"),
    expect(clippy::duplicate_mod, reason = "one file for two versions of polkavm")
)]

pub mod aims;
pub mod chart;
pub mod clock;
pub mod engines;
pub mod figures;
pub mod inner;
pub mod log;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod native;
pub mod ours;
pub mod peers;
pub mod report;
pub mod single;
pub mod table;
pub mod threads;
pub mod translate;
pub mod workload;
