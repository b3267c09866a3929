//! Numbers of 64 bits as JSON has them: decimal strings, since many readers keep numbers as floats,
//! which are exact up to 2^53 only. For `#[serde(serialize_with)]`.

use std::fmt::Display;

use serde::Serializer;

/// A number.
///
/// # Errors
///
/// The serializer's.
pub fn number<N: Display, S: Serializer>(number: &N, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// A number, or `null`.
///
/// # Errors
///
/// The serializer's.
pub fn option<N: Display, S: Serializer>(
    number: &Option<N>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(number),
        None => serializer.serialize_none(),
    }
}

/// Some numbers.
///
/// # Errors
///
/// The serializer's.
pub fn all<S: Serializer>(numbers: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(ToString::to_string))
}
