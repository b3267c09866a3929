//! Octets as a person writes them.

use std::path::PathBuf;

/// Octets, written `text:...`, `hex:...` or `file:...`.
///
/// ```
/// use jambox_package::Value;
///
/// assert_eq!("text:hi".parse(), Ok(Value::Octets(b"hi".to_vec())));
/// assert_eq!("hex:0x00ff".parse(), Ok(Value::Octets(vec![0, 255])));
/// assert_eq!("file:a/b.bin".parse(), Ok(Value::File("a/b.bin".into())));
/// assert!("hi".parse::<Value>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The octets themselves.
    Octets(Vec<u8>),
    /// The content of a file, by a path relative to the file it is written in.
    File(PathBuf),
}

/// Why a string is not a [`Value`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// No scheme in front.
    #[error("expected `text:`, `hex:` or `file:` in front")]
    NoScheme,
    /// The digits after `hex:` are none, or an odd number of them.
    #[error("{0}")]
    BadHex(String),
    /// Nothing after `file:`.
    #[error("expected a path after `file:`")]
    NoPath,
}

impl std::str::FromStr for Value {
    type Err = ValueError;

    fn from_str(written: &str) -> Result<Self, ValueError> {
        if let Some(text) = written.strip_prefix("text:") {
            return Ok(Self::Octets(text.as_bytes().to_vec()));
        }
        if let Some(digits) = written.strip_prefix("hex:") {
            return hex(digits).map(Self::Octets);
        }
        match written.strip_prefix("file:") {
            Some("") => Err(ValueError::NoPath),
            Some(path) => Ok(Self::File(path.into())),
            None => Err(ValueError::NoScheme),
        }
    }
}

/// Decodes hexadecimal digits, with or without `0x`, blanks and underscores between octets allowed.
fn hex(digits: &str) -> Result<Vec<u8>, ValueError> {
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let kept: String = digits.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    const_hex::decode(&kept).map_err(|error| ValueError::BadHex(error.to_string()))
}
