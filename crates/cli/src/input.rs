//! Files and values that commands take.

use std::path::Path;
use std::sync::Arc;

use jambox_package::{Disk, Files, Value};

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;

/// The most octets of a file that a command reads.
const LIMIT: u64 = 64 << 20;

/// The content of a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, LIMIT)
}

/// The content of a file that has at most `limit` octets.
pub fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>> {
    Disk.read(path, limit).map_err(|reason| {
        Diagnosis::new(format!("cannot read: {reason}")).in_file(path).help("check the path").into()
    })
}

/// The content of a text file.
pub fn read_text(path: &Path) -> Result<Arc<str>> {
    let text = String::from_utf8(read(path)?);
    text.map(Arc::from).map_err(|error| {
        let offset = error.utf8_error().valid_up_to() as u64;
        Diagnosis::new("the file is not text")
            .at_octet(path, offset)
            .expected("expected UTF-8")
            .into()
    })
}

/// Writes a file.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content).map_err(|error| {
        Diagnosis::new(format!("cannot write: {error}"))
            .in_file(path)
            .help("check that the folder exists and may be written")
            .into()
    })
}

/// The octets of a value given as an argument; paths are relative to the working folder.
pub fn octets(value: &Value) -> Result<Vec<u8>> {
    match value {
        Value::Octets(octets) => Ok(octets.clone()),
        Value::File(path) => read(path),
    }
}

/// Parses a value given as an argument.
pub fn parse_value(written: &str) -> std::result::Result<Value, String> {
    written.parse().map_err(|error: jambox_package::ValueError| error.to_string())
}

/// Parses a number given as an argument: decimal, `0x..` or `0b..`, with underscores; negative
/// numbers as their two's complement.
pub fn parse_number(written: &str) -> std::result::Result<u64, String> {
    let number = match written.strip_prefix('-') {
        Some(magnitude) => jambox_isa::parse_number(magnitude).map(u64::wrapping_neg),
        None => jambox_isa::parse_number(written),
    };
    number.ok_or_else(|| "expected a number such as 12, 0x1f or -1".to_owned())
}
