//! Foreign services on our host, the harness itself, and the pages' examples.

mod chains;
mod compatibility;
mod failures;
mod harness;
mod measured;
mod overhead;
mod replay;
mod stack;
mod stored;
mod sweeps;
