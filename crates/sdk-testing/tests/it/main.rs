//! Services of others on our host, the harness itself, and the pages' examples.

mod compatibility;
mod harness;
mod overhead;
mod stored;
mod sweeps;
