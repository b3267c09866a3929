//! A library for inner machines: gives the octets of its arguments in ascending order.
//!
//! Services run it as a standard program, from a preimage for example; see the service "library".
#![no_std]

use jambox_sdk::prelude::*;

library! {
    /// The octets in ascending order.
    fn sorted(input: &[u8]) -> Vec<u8> {
        let mut octets = input.to_vec();
        octets.sort_unstable();
        octets
    }
}
