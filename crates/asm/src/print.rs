//! Words of a disassembly.

use std::fmt::{self, Display, Write};

use jambox_isa::Names;

use crate::dialect::Dialect;

/// Writes targets as labels, and host calls by their names.
#[derive(Clone, Copy)]
pub(crate) struct DialectNames<'a>(pub(crate) &'a Dialect<'a>);

impl Names for DialectNames<'_> {
    fn target(&self, target: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Label(target).fmt(f)
    }

    fn host_call(&self, number: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.host_call_name(number as u64) {
            Some(name) => f.write_str(name),
            None => write!(f, "{number}"),
        }
    }
}

/// The label of the basic block at a position.
pub(crate) struct Label(pub(crate) u32);

impl Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block_{}", self.0)
    }
}

/// Octets in hexadecimal, a space before each.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, " {octet:02x}"))
    }
}

/// A text in quotes, in the assembler's syntax.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\n' => f.write_str("\\n")?,
                _ if character.is_ascii_control() => write!(f, "\\x{:02x}", character as u32)?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

/// The printable characters of octets, with a dot for each other octet.
pub(crate) struct Printable<'a>(pub(crate) &'a [u8]);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| {
            let is_printable = octet.is_ascii_graphic() || *octet == b' ';
            f.write_char(if is_printable { char::from(*octet) } else { '.' })
        })
    }
}
