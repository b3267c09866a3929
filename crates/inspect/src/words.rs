//! Numbers in words.

/// A number of things: `1 octet`, `2 octets`.
#[must_use]
pub fn count(number: impl Into<u64>, what: &str) -> String {
    match number.into() {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
