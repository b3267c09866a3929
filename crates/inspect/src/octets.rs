//! Octets in a form for people and for programs.

use std::fmt;

#[cfg(feature = "serde")]
use serde::{Serialize, Serializer};

/// The number of octets of a value that are shown by default.
const SHOWN: usize = 48;

/// Octets, shown as text if all are printable, else in hexadecimal, and shortened beyond 48 octets.
/// Serialised in full, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl Octets {
    /// A copy of some octets.
    #[must_use]
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }
}

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

#[cfg(feature = "serde")]
impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(&self.0))
    }
}

/// Borrowed octets, shown like [`Octets`].
pub struct Shown<'a>(pub &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("empty");
        }
        // Segments and memos are padded with zeros, which are left out.
        let padding = self.0.iter().rev().take_while(|octet| **octet == 0).count();
        let used = self.0.len().saturating_sub(padding);
        let (octets, zeros) = match self.0.get(..used).filter(|_| padding >= 16) {
            Some(used) => (used, padding),
            None => (self.0, 0),
        };
        let shown = octets.get(..SHOWN).unwrap_or(octets);
        match text(shown) {
            Some(text) => write!(f, "{text:?}")?,
            None if shown.is_empty() => {}
            None => f.write_str(&const_hex::encode_prefixed(shown))?,
        }
        if octets.len() > shown.len() {
            f.write_str("..")?;
        }
        match (zeros, shown.is_empty()) {
            (0, _) => {}
            (_, true) => write!(f, "{zeros} zeros")?,
            (_, false) => write!(f, " and {zeros} zeros")?,
        }
        if octets.len() > shown.len() || zeros > 0 && !shown.is_empty() {
            write!(f, " ({} octets)", self.0.len())?;
        }
        Ok(())
    }
}

/// The octets as text; `None` unless all of them are printable characters.
fn text(octets: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(octets).ok().filter(|text| !text.is_empty())?;
    text.chars().all(|c| !c.is_control() || c == '\n').then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_the_rest_as_digits() {
        assert_eq!(Shown(b"jam").to_string(), "\"jam\"");
        assert_eq!(Shown(&[0, 1, 255]).to_string(), "0x0001ff");
        assert_eq!(Shown(&[]).to_string(), "empty");
    }

    #[test]
    fn long_values_are_shortened_and_padding_is_counted() {
        assert!(Shown(&[7; 100]).to_string().ends_with("07.. (100 octets)"));
        let mut segment = b"hello".to_vec();
        segment.resize(4104, 0);
        assert_eq!(Shown(&segment).to_string(), "\"hello\" and 4099 zeros (4104 octets)");
        assert_eq!(Shown(&[0; 4104]).to_string(), "4104 zeros");
        assert_eq!(Shown(&[0; 4]).to_string(), "0x00000000");
    }
}
