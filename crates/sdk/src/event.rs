//! Events: typed lines of the log, for observers of a node.

use alloc::vec::Vec;

use jambox_codec::{Encode, encode};
use jambox_hostcall::LogLevel;

use crate::log;

/// A notice of a service, with an encoding that others can read. Events are no part of the state: a
/// chain forgets them.
///
/// ```
/// use jambox_sdk::prelude::*;
///
/// #[derive(Debug, PartialEq, Encode, Decode, Event)]
/// struct Minted { to: ServiceId, amount: u64 }
///
/// fn accumulate(_: &AccumulateContext, _: AccumulateArguments) {
///     emit(&Minted { to: ServiceId(7), amount: 5 });
/// }
/// # entry_points! { accumulate = accumulate }
/// # fn main() { assert_eq!(Minted::TARGET, "event:Minted"); }
/// ```
pub trait Event: Encode {
    /// The target of its line: `event:` and the type's name.
    const TARGET: &'static str;
}

/// Logs an event: a line of the level "info" under [`Event::TARGET`], which is the encoding in
/// hexadecimal. Features that compile log lines out keep events.
pub fn emit<E: Event>(event: &E) {
    log::send(LogLevel::Info, E::TARGET, &hexadecimal(&encode(event)));
}

fn hexadecimal(octets: &[u8]) -> Vec<u8> {
    let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
    let mut digits = Vec::with_capacity(2 * octets.len());
    for octet in octets {
        digits.push(digit(octet >> 4));
        digits.push(digit(octet & 15));
    }
    digits
}
