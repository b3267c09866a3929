//! Files and values that commands take.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use jambox_codec::encode_natural;
use jambox_files::{NewFile, reason, without_mark};
use jambox_package::Value;
use jambox_types::Hash;

use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result};

/// The most octets of a file that a command reads.
const LIMIT: u64 = 64 << 20;

/// The most octets of a file that holds a state.
pub const STATE_LIMIT: u64 = 1 << 30;

/// The content of a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, LIMIT)
}

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Name of standard input in messages.
const ITS_NAME: &str = "standard input";

/// The path of a file, as messages show it.
pub fn named(path: &Path) -> &Path {
    if path == Path::new(STANDARD_INPUT) { Path::new(ITS_NAME) } else { path }
}

/// The content of a program file, or of standard input for `-`.
pub fn read_program(path: &Path) -> Result<Vec<u8>> {
    if path != Path::new(STANDARD_INPUT) {
        return read(path);
    }
    let octets = jambox_files::read_from(io::stdin().lock(), LIMIT);
    octets.map_err(|reason| unread(named(path), &reason))
}

/// The content of a file that has at most `limit` octets.
pub fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>> {
    jambox_files::read(path, limit).map_err(|reason| unread(path, &reason))
}

/// A regular file, open for reading.
pub fn open(path: &Path) -> Result<File> {
    jambox_files::open(path).map_err(|reason| unread(path, &reason))
}

fn unread(path: &Path, reason: &str) -> Failure {
    let message = format!("cannot read: {reason}");
    Diagnosis::new(message).in_file(path).help("check the path").into()
}

/// Text of a file's content. Error: it is no text; `otherwise` is the advice for that.
pub fn text(path: &Path, content: &[u8], otherwise: &str) -> Result<Arc<str>> {
    let text = String::from_utf8(without_mark(content).to_vec());
    text.map(Arc::from).map_err(|error| {
        let offset = error.utf8_error().valid_up_to() as u64;
        Diagnosis::new("the file is not text")
            .at_octet(path, offset)
            .expected("expected UTF-8")
            .help(otherwise)
            .into()
    })
}

/// Writes a file: whole, or not at all.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    jambox_files::write(path, content).map_err(|error| unwritable(path, &error).into())
}

/// Writes a file whole, in a folder that is made if it is missing.
pub fn write_in_folder(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(path, &error))?;
    }
    write(path, content)
}

/// Writes a text as it is made: whole, or not at all. Returns the number of its lines.
pub fn write_text(path: &Path, text: &dyn Display) -> Result<u64> {
    let write = || {
        let mut out = Lines { file: NewFile::create(path)?, count: 0 };
        write!(out, "{text}")?;
        out.file.finish()?;
        Ok(out.count)
    };
    write().map_err(|error| unwritable(path, &error).into())
}

/// A file whose lines are counted.
struct Lines {
    file: NewFile,
    count: u64,
}

impl Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        let lines = octets.iter().take(written).filter(|octet| **octet == b'\n');
        self.count += lines.count() as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Diagnosis of a file that could not be written.
pub fn unwritable(path: &Path, error: &io::Error) -> Diagnosis {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room, or name a file on another disk"
        }
        _ => "check that the folder exists and may be written",
    };
    Diagnosis::new(format!("cannot write: {}", reason(error))).in_file(path).help(help)
}

/// Diagnosis of a file that could not be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Diagnosis {
    Diagnosis::new(format!("cannot read: {}", reason(error))).in_file(path).help("check the path")
}

/// The octets of a value given as an argument; paths are relative to the working folder.
pub fn octets(value: &Value) -> Result<Vec<u8>> {
    match value {
        Value::Octets(octets) => Ok(octets.clone()),
        Value::File(path) => read(path),
        Value::Sized(value) => {
            let octets = octets(value)?;
            let mut sized = Vec::new();
            encode_natural(octets.len() as u64, &mut sized);
            sized.extend_from_slice(&octets);
            Ok(sized)
        }
        Value::Hashed(value) => Ok(Hash::blake2b(&octets(value)?).0.to_vec()),
        Value::ByRevision(_) => {
            let message = "only package files have values by revision";
            Err(Diagnosis::new(message).help("give the value for one revision").into())
        }
        Value::Parts(parts) => Ok(parts.iter().map(octets).collect::<Result<Vec<_>>>()?.concat()),
    }
}

/// Parses a value given as an argument.
pub fn parse_value(written: &str) -> std::result::Result<Value, String> {
    written.parse().map_err(|error: jambox_package::ValueError| error.to_string())
}

/// Parses an amount given as an argument: as [`parse_number`], but never negative.
pub fn parse_amount(written: &str) -> std::result::Result<u64, String> {
    let number = jambox_isa::parse_number(written);
    number.ok_or_else(|| "expected a number from 0 to 2^64-1 such as 10_000 or 0x1f".to_owned())
}

/// Parses a number given as an argument: decimal, `0x..` or `0b..`, with underscores; negative
/// numbers as their two's complement.
pub fn parse_number(written: &str) -> std::result::Result<u64, String> {
    let number = match written.strip_prefix('-') {
        Some(magnitude) => jambox_isa::parse_number(magnitude).map(u64::wrapping_neg),
        None => jambox_isa::parse_number(written),
    };
    number.ok_or_else(|| "expected a number of 64 bits such as 12, 0x1f or -1".to_owned())
}
