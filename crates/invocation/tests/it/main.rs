//! Tests of the invocation crate through its public interface.

mod accumulation;
