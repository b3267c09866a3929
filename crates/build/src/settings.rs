//! Settings of a build, from `[package.metadata.jambox]` or from the caller.

use std::path::Path;

use jambox_program::StandardProgram;
use jambox_types::Revision;
use serde_json::{Map, Value};

use crate::BuildError;

/// The stack of a program that sets none, in octets. It adds nothing to the blob.
pub const DEFAULT_STACK: u32 = StandardProgram::DEFAULT_STACK;

/// The heap pages of a Rust program that sets none, in octets. They add nothing to the blob.
pub const DEFAULT_HEAP: u32 = 64 << 10;

/// The largest stack, in octets: the largest multiple of a page in the three octets of its field.
const MOST_STACK: u32 = 0x00FF_F000;

/// The largest heap, in octets: as many pages as the two octets of its field can count.
const MOST_HEAP: u32 = 0xFFFF << 12;

/// Effect of a panic in a Rust service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panics {
    /// Logs the message with file and line, then traps. Costs some kilobytes of blob.
    #[default]
    Log,
    /// Traps at once.
    Trap,
}

impl Panics {
    /// The setting's name: `log` or `trap`, as in `[package.metadata.jambox] panics = ".."`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Trap => "trap",
        }
    }
}

/// The settings of a build; `None` stands for the default, which each field names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The revision to build for; [`Revision::default`].
    pub revision: Option<Revision>,
    /// Effect of a panic; [`Panics::Log`].
    pub panics: Option<Panics>,
    /// The stack in octets, rounded up to pages; [`DEFAULT_STACK`].
    pub stack: Option<u32>,
    /// In Rust: the octets that can be allocated before the program asks the host for memory, which
    /// the host of an inner machine does not give; [`DEFAULT_HEAP`].
    pub heap: Option<u32>,
}

impl Settings {
    /// These settings, and those of `others` in place of each `None`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            revision: self.revision.or(others.revision),
            panics: self.panics.or(others.panics),
            stack: self.stack.or(others.stack),
            heap: self.heap.or(others.heap),
        }
    }

    pub(crate) fn revision(self) -> Revision {
        self.revision.unwrap_or_default()
    }

    pub(crate) fn stack(self) -> u32 {
        self.stack.unwrap_or(DEFAULT_STACK)
    }

    /// Reads `[package.metadata.jambox]`.
    pub(crate) fn read(manifest: &Path, settings: &Value) -> Result<Self, BuildError> {
        let Some(table) = settings.as_object() else { return Ok(Self::default()) };
        let read = |table: &Map<String, Value>| {
            let mut found = Self::default();
            for (key, value) in table {
                match key.as_str() {
                    "revision" => found.revision = Some(revision(value)?),
                    "panics" => found.panics = Some(panics(value)?),
                    "stack" => found.stack = Some(size(key, value, parse_stack)?),
                    "heap" => found.heap = Some(size(key, value, parse_heap)?),
                    _ => {
                        let known = "revision, panics, stack, heap";
                        return Err(format!("has an unknown key `{key}`; there is: {known}"));
                    }
                }
            }
            Ok(found)
        };
        read(table).map_err(|problem| BuildError::BadSetting { manifest: manifest.into(), problem })
    }
}

/// A revision by its name, or by the paper's number alone.
///
/// # Errors
///
/// The text is no revision; the message lists the numbers.
pub fn parse_revision(text: &str) -> Result<Revision, String> {
    let known = Revision::ALL
        .into_iter()
        .find(|revision| revision.name() == text || number_of(*revision) == text);
    known.ok_or_else(|| {
        let names = Revision::ALL.map(|revision| format!("{:?}", number_of(revision)));
        format!("must be one of {}", names.join(", "))
    })
}

/// The paper's number, for example `0.8.0`.
pub(crate) fn number_of(revision: Revision) -> &'static str {
    let name = revision.name();
    name.strip_prefix("gray-paper-").unwrap_or(name)
}

/// A size of the stack: a number of octets, or of `KiB` or `MiB`.
///
/// # Errors
///
/// The fault of the text: its form, or a size above the largest stack.
pub fn parse_stack(text: &str) -> Result<u32, String> {
    parse_size(text, MOST_STACK)
}

/// A size of the heap, in the form that [`parse_stack`] reads.
///
/// # Errors
///
/// The fault of the text: its form, or a size above the largest heap.
pub fn parse_heap(text: &str) -> Result<u32, String> {
    parse_size(text, MOST_HEAP)
}

fn parse_size(text: &str, most: u32) -> Result<u32, String> {
    let (number, unit) = match text.trim().split_once(|c: char| c == ' ' || c.is_alphabetic()) {
        None => (text.trim(), ""),
        Some((number, _)) => (number, text.trim().get(number.len()..).unwrap_or("").trim()),
    };
    let shift = match unit {
        "" => 0,
        "KiB" => 10,
        "MiB" => 20,
        _ => return Err("must be like \"64 KiB\", \"1 MiB\" or 65536".to_owned()),
    };
    let number: u64 = number
        .replace('_', "")
        .parse()
        .map_err(|_| "must be like \"64 KiB\", \"1 MiB\" or 65536".to_owned())?;
    let octets = number.checked_shl(shift).filter(|octets| octets >> shift == number);
    match octets.and_then(|octets| u32::try_from(octets).ok()) {
        Some(octets) if octets <= most => Ok(octets),
        _ => Err(format!("may be at most {} KiB", most >> 10)),
    }
}

fn revision(value: &Value) -> Result<Revision, String> {
    let parsed = value.as_str().map_or_else(|| parse_revision(""), parse_revision);
    parsed.map_err(|problem| format!("revision {problem}"))
}

fn panics(value: &Value) -> Result<Panics, String> {
    match value.as_str() {
        Some("log") => Ok(Panics::Log),
        Some("trap") => Ok(Panics::Trap),
        _ => Err("panics must be \"log\" or \"trap\"".to_owned()),
    }
}

fn size(
    key: &str,
    value: &Value,
    parse: impl Fn(&str) -> Result<u32, String>,
) -> Result<u32, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    parse(&text).map_err(|problem| format!("{key} {problem}"))
}

#[cfg(test)]
mod tests {
    use super::{parse_heap, parse_revision, parse_stack};
    use jambox_types::Revision;

    #[test]
    fn sizes_have_units_and_bounds() {
        for (text, octets) in
            [("64 KiB", 65536), ("64KiB", 65536), ("1 MiB", 1 << 20), ("8_192", 8192), ("0", 0)]
        {
            assert_eq!(parse_stack(text), Ok(octets), "{text}");
        }
        for text in ["", "KiB", "64 KB", "-1", "1.5 MiB", "64 KiB more"] {
            assert!(parse_stack(text).unwrap_err().contains("64 KiB"), "{text}");
        }
        assert_eq!(parse_stack("16 MiB").unwrap_err(), "may be at most 16380 KiB");
        assert_eq!(parse_heap("256 MiB").unwrap_err(), "may be at most 262140 KiB");
        assert!(parse_stack("99999999999999999999 MiB").is_err());
    }

    #[test]
    fn revisions_have_names_and_numbers() {
        for text in ["0.8.0", "gray-paper-0.8.0"] {
            assert_eq!(parse_revision(text), Ok(Revision::GrayPaper080));
        }
        let error = parse_revision("0.9").unwrap_err();
        assert_eq!(error, "must be one of \"0.7.2\", \"0.8.0\"");
    }
}
