//! Octets in the spelling of package files.

use std::path::PathBuf;

use jambox_codec::encode_natural;
use jambox_types::{Hash, Revision};

/// Octets, written `text:...`, `hex:...` or `file:...`, or typed: numbers in the protocol's
/// encoding, of a fixed length (`u8:`, `u16:`, `u32:`, `u64:`) or a variable one (`natural:`).
/// `sized:` before any of these puts its length, a natural, in front; `blake2b:` takes its hash
/// instead.
///
/// ```
/// use jambox_package::Value;
///
/// assert_eq!("text:hi".parse(), Ok(Value::Octets(b"hi".to_vec())));
/// assert_eq!("hex:0x00ff".parse(), Ok(Value::Octets(vec![0, 255])));
/// assert_eq!("file:a/b.bin".parse(), Ok(Value::File("a/b.bin".into())));
/// assert_eq!("u32:0x102".parse(), Ok(Value::Octets(vec![2, 1, 0, 0])));
/// assert_eq!("natural:300".parse(), Ok(Value::Octets(vec![0x81, 0x2c])));
/// let file = Box::new(Value::File("a.jam".into()));
/// assert_eq!("blake2b:file:a.jam".parse(), Ok(Value::Hashed(file)));
/// let hash = jambox_types::Hash::blake2b(b"hi").0.to_vec();
/// assert_eq!("blake2b:text:hi".parse(), Ok(Value::Octets(hash)));
/// assert!("hi".parse::<Value>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The octets themselves.
    Octets(Vec<u8>),
    /// The content of a file. The path is relative to the file with the value.
    File(PathBuf),
    /// The length of a value as a natural, and the value.
    Sized(Box<Value>),
    /// The BLAKE2b-256 hash of a value, 32 octets.
    Hashed(Box<Value>),
    /// Values to be concatenated.
    Parts(Vec<Value>),
    /// A value for each of several revisions. The revision of the run selects one.
    ByRevision(Vec<(Revision, Value)>),
}

/// Reason for refusing the string of a [`Value`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A value without a scheme.
    #[error("expected `text:`, `hex:` or `file:` in front")]
    NoScheme,
    /// The text after `hex:` is not an even number of hexadecimal digits.
    #[error("{0}")]
    BadHex(String),
    /// The text after the name of a type is no number within its range.
    #[error("{0}")]
    BadNumber(String),
    /// The text after `file:` is empty.
    #[error("expected a path after `file:`")]
    NoPath,
    /// More than eight of `sized:` and `blake2b:`.
    #[error("expected at most {MOST_PREFIXES} of `sized:` and `blake2b:` in front")]
    TooDeep,
}

/// The most of `sized:` and `blake2b:` before one value: each takes a part of the stack.
pub(crate) const MOST_PREFIXES: usize = 8;

impl std::str::FromStr for Value {
    type Err = ValueError;

    fn from_str(written: &str) -> Result<Self, ValueError> {
        Self::prefixed(written, MOST_PREFIXES)
    }
}

impl Value {
    /// Parses a value with at most `left` of the prefixes that take a value.
    fn prefixed(written: &str, left: usize) -> Result<Self, ValueError> {
        let inner = |rest| match left.checked_sub(1) {
            Some(left) => Self::prefixed(rest, left),
            None => Err(ValueError::TooDeep),
        };
        if let Some(rest) = written.strip_prefix("sized:") {
            return inner(rest).map(|value| Self::Sized(Box::new(value)));
        }
        if let Some(rest) = written.strip_prefix("blake2b:") {
            return Ok(match inner(rest)? {
                Self::Octets(octets) => Self::Octets(Hash::blake2b(&octets).0.to_vec()),
                other => Self::Hashed(Box::new(other)),
            });
        }
        Self::plain(written)
    }

    /// Parses a value without such a prefix.
    fn plain(written: &str) -> Result<Self, ValueError> {
        if let Some(text) = written.strip_prefix("text:") {
            return Ok(Self::Octets(text.as_bytes().to_vec()));
        }
        if let Some(digits) = written.strip_prefix("hex:") {
            return hex(digits).map(Self::Octets);
        }
        for (scheme, octets) in [("u8:", 1), ("u16:", 2), ("u32:", 4), ("u64:", 8)] {
            if let Some(digits) = written.strip_prefix(scheme) {
                let number = number(digits)?.to_le_bytes();
                let (kept, rest) = number.split_at(octets);
                if rest.iter().any(|octet| *octet != 0) {
                    let reason = format!("{digits} has more than {octets} octets");
                    return Err(ValueError::BadNumber(reason));
                }
                return Ok(Self::Octets(kept.to_vec()));
            }
        }
        if let Some(digits) = written.strip_prefix("natural:") {
            let mut octets = Vec::new();
            encode_natural(number(digits)?, &mut octets);
            return Ok(Self::Octets(octets));
        }
        match written.strip_prefix("file:") {
            Some("") => Err(ValueError::NoPath),
            Some(path) => Ok(Self::File(path.into())),
            None => Err(ValueError::NoScheme),
        }
    }
}

fn number(digits: &str) -> Result<u64, ValueError> {
    let number = jambox_isa::parse_number(digits.trim());
    number.ok_or_else(|| ValueError::BadNumber(format!("`{digits}` is not a number below 2^64")))
}

/// Decodes hexadecimal digits, with or without `0x`. Blanks and underscores between octets are
/// allowed.
fn hex(digits: &str) -> Result<Vec<u8>, ValueError> {
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let kept: String = digits.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    const_hex::decode(&kept).map_err(|error| ValueError::BadHex(error.to_string()))
}
