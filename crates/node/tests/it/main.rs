//! Tests of the node, through its library and through its RPC.

mod chain;
mod costs;
mod fork;
mod rpc;
