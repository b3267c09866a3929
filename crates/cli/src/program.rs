//! Programs that commands take: blobs of any form, or assembly text.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use jambox_files::without_mark;
use jambox_package::{Disk, symbols_beside, symbols_of_assembly};
use jambox_program::{Container, Form, ProgramBlob, ProgramError, StandardProgram, UnknownForm};
use jambox_symbols::Symbols;
use jambox_types::{Hash, Protocol};

use crate::assembly;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::Result;
use crate::protocol::ProtocolArgs;

/// A program file.
pub struct Program {
    pub path: PathBuf,
    /// Octets of the blob: the file's, or the assembler's.
    pub octets: Vec<u8>,
    pub container: Container,
    /// Protocol of the program: the switches, and the revision that the program names where they
    /// name none.
    pub protocol: Protocol,
    /// Source positions of the instructions; `None` if unknown.
    pub symbols: Option<Symbols>,
}

/// Form of a program file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormArg {
    /// Find out by trying
    Auto,
    /// Metadata and a standard program
    Service,
    /// A standard program
    Standard,
    /// A program blob
    Bare,
    /// Metadata and a program blob
    BareWithMetadata,
}

impl FormArg {
    fn form(self) -> Option<Form> {
        match self {
            Self::Auto => None,
            Self::Service => Some(Form::Service),
            Self::Standard => Some(Form::Standard),
            Self::Bare => Some(Form::Bare),
            Self::BareWithMetadata => Some(Form::BareWithMetadata),
        }
    }
}

impl Program {
    /// Loads a program, from standard input for `-`; assembly text, by its extension `.asm`, is
    /// assembled.
    pub fn load(path: &Path, form: FormArg, switches: &ProtocolArgs) -> Result<Self> {
        Self::read(path, form, switches, true)
    }

    /// The same without source positions, which take some hundred octets of memory for each
    /// instruction.
    pub fn load_without_symbols(
        path: &Path,
        form: FormArg,
        switches: &ProtocolArgs,
    ) -> Result<Self> {
        Self::read(path, form, switches, false)
    }

    fn read(
        path: &Path,
        form: FormArg,
        switches: &ProtocolArgs,
        has_symbols: bool,
    ) -> Result<Self> {
        let protocol = switches.protocol()?;
        let given = input::read_program(path)?;
        let is_named = input::named(path) == path;
        let path = input::named(path);
        // Standard input has no name, so its content tells text from a blob.
        let is_assembly = match is_named {
            true => jambox_package::is_assembly(path),
            false => std::str::from_utf8(without_mark(&given)).is_ok_and(is_text),
        };
        if is_assembly {
            let assembly = assembly::assemble(path, &given, &protocol)?;
            let octets = assembly.container.encode();
            let made = assembly.container.form();
            if let Some(wanted) = form.form().filter(|wanted| *wanted != made) {
                return Err(Diagnosis::new(format!("the text makes a {made}"))
                    .in_file(path)
                    .expected(format!("expected a {wanted}"))
                    .help("leave --form out, or change `.program` and the metadata in the text")
                    .into());
            }
            let symbols = has_symbols
                .then(|| symbols_of_assembly(&assembly, path, Hash::blake2b(&octets)))
                .flatten();
            let container = assembly.container;
            return Ok(Self { path: path.to_owned(), octets, container, protocol, symbols });
        }
        let octets = given;
        let container = match form.form() {
            Some(form) => Container::parse_as(form, &octets)
                .map_err(|error| at(path, &error).expected(format!("expected a {form}")))?,
            None => Container::parse(&octets).map_err(|why| no_program(path, &octets, &why))?,
        };
        let symbols =
            has_symbols.then(|| symbols_beside(&Disk, path, Hash::blake2b(&octets))).flatten();
        let named = switches.revision().or(container.named_revision());
        let protocol = Protocol { revision: named.unwrap_or(protocol.revision), ..protocol };
        Ok(Self { path: path.to_owned(), octets, container, protocol, symbols })
    }

    /// The code.
    pub fn blob(&self) -> &ProgramBlob {
        self.container.program()
    }

    /// The standard program, if it is one.
    pub fn standard(&self) -> Option<&StandardProgram> {
        self.container.standard()
    }
}

fn at(path: &Path, error: &ProgramError) -> Diagnosis {
    Diagnosis::new(error.kind.to_string())
        .at_octet(path, error.offset as u64)
        .help("`jambox inspect` shows what the file could be")
}

fn no_program(path: &Path, octets: &[u8], why: &UnknownForm) -> Diagnosis {
    let diagnosis = Diagnosis::new("not a program in any form");
    if std::str::from_utf8(octets).is_ok_and(is_text) {
        return diagnosis.in_file(path).expected("it is text").help(
            "assembly is known by its extension .asm; `jambox run` takes package files, `jambox \
             build` makes programs of Rust and C",
        );
    }
    // The form with the latest error is most likely the intended one.
    let furthest = why.errors.iter().max_by_key(|(_, error)| error.offset);
    let offset = furthest.map_or(0, |(_, error)| error.offset);
    diagnosis.at_octet(path, offset as u64).help(why.reasons())
}

/// True for text in lines, without control characters: assembly rather than a blob.
fn is_text(text: &str) -> bool {
    text.contains('\n') && text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}
