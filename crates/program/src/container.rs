//! Forms of program files: with or without metadata, standard or bare.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use jambox_isa::Revision;

use crate::error::{Part, ProgramError};
use crate::reader::{Reader, push_natural};
use crate::{CrateInfo, ProgramBlob, StandardProgram};

/// Splits a service's code, the content of its code preimage, into metadata and standard program.
///
/// This is the paper's definition; no form is guessed.
pub fn split_metadata(octets: &[u8]) -> Result<(&[u8], &[u8]), ProgramError> {
    let mut reader = Reader::new(octets);
    let length = reader.natural(Part::MetadataLength)?;
    let metadata = reader.take(Part::Metadata, length)?;
    Ok((metadata, reader.rest()))
}

/// Prepends metadata to a program.
#[must_use]
pub fn join_metadata(metadata: &[u8], program: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    push_natural(&mut octets, metadata.len() as u64);
    octets.extend_from_slice(metadata);
    octets.extend_from_slice(program);
    octets
}

/// A form of program file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Form {
    /// Metadata and a standard program: the code of a service.
    Service,
    /// A standard program without metadata.
    Standard,
    /// A program blob: code, bitmask and jump table.
    Bare,
    /// Metadata and a program blob.
    BareWithMetadata,
}

impl Form {
    /// Every form, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Service, Self::Standard, Self::Bare, Self::BareWithMetadata];
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Service => "standard program with metadata",
            Self::Standard => "standard program",
            Self::Bare => "program blob",
            Self::BareWithMetadata => "program blob with metadata",
        })
    }
}

/// A program in any [`Form`], for tools.
///
/// The form of a file is found by trying all of them. An invocation must not do that: the paper
/// defines its form ([`split_metadata`], [`StandardProgram::parse`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Container {
    /// The metadata; `None` for forms without.
    pub metadata: Option<Arc<[u8]>>,
    /// The program.
    pub kind: ProgramKind,
}

/// A standard or a bare program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProgramKind {
    /// A program with data, heap and stack, and its parsed code.
    Standard(StandardProgram, ProgramBlob),
    /// Code only.
    Bare(ProgramBlob),
}

/// Error: octets that are no program in any form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownForm {
    /// The error for each form, in the order tried.
    pub errors: Vec<(Form, ProgramError)>,
    /// Description of the file, if it is of another known kind.
    pub instead: Option<&'static str>,
}

/// First octets of known files that are no programs yet, with advice for each.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"\x7fELF", "this is an ELF file: `jambox build` links what compilers make"),
    (b"PVM\0", "this is a .polkavm file, which is linked for another host: name the .jam file"),
];

fn instead(octets: &[u8]) -> Option<&'static str> {
    let foreign = FOREIGN.iter().find(|(magic, _)| octets.starts_with(magic));
    foreign.map(|(_, what)| *what)
}

impl fmt::Display for UnknownForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a program in any form\n{}", self.reasons())
    }
}

impl UnknownForm {
    /// Reasons against each form, a line each; or the description of the file, if it is known.
    #[must_use]
    pub fn reasons(&self) -> String {
        if let Some(instead) = self.instead {
            return instead.to_string();
        }
        let reasons = self.errors.iter().map(|(form, error)| format!("  as {form}: {error}"));
        reasons.collect::<Vec<_>>().join("\n")
    }
}

impl core::error::Error for UnknownForm {}

impl Container {
    /// Parses a program of any form. The first form that fits in every detail, the code's included,
    /// is taken.
    pub fn parse(octets: &[u8]) -> Result<Self, UnknownForm> {
        let mut errors = Vec::new();
        for form in Form::ALL {
            match Self::parse_as(form, octets) {
                Ok(container) => return Ok(container),
                Err(error) => errors.push((form, error)),
            }
        }
        Err(UnknownForm { errors, instead: instead(octets) })
    }

    /// Parses a program of the given form.
    pub fn parse_as(form: Form, octets: &[u8]) -> Result<Self, ProgramError> {
        let (metadata, program) = match form {
            Form::Service | Form::BareWithMetadata => {
                let (metadata, program) = split_metadata(octets)?;
                (Some(metadata), program)
            }
            Form::Standard | Form::Bare => (None, octets),
        };
        let start = octets.len().saturating_sub(program.len());
        let kind = match form {
            Form::Service | Form::Standard => StandardProgram::parse(program)
                .and_then(|standard| Ok((standard.program()?, standard)))
                .map(|(code, standard)| ProgramKind::Standard(standard, code)),
            Form::Bare | Form::BareWithMetadata => {
                ProgramBlob::parse(program).map(ProgramKind::Bare)
            }
        };
        let kind = kind.map_err(|error| error.within(start))?;
        Ok(Self { metadata: metadata.map(Arc::from), kind })
    }

    /// Form of the program.
    #[must_use]
    pub const fn form(&self) -> Form {
        match (&self.kind, &self.metadata) {
            (ProgramKind::Standard(..), Some(_)) => Form::Service,
            (ProgramKind::Standard(..), None) => Form::Standard,
            (ProgramKind::Bare(_), Some(_)) => Form::BareWithMetadata,
            (ProgramKind::Bare(_), None) => Form::Bare,
        }
    }

    /// The revision in the metadata; `None` if they are of another kind or have none.
    #[must_use]
    pub fn named_revision(&self) -> Option<Revision> {
        let info = self.metadata.as_deref().and_then(|metadata| CrateInfo::parse(metadata).ok());
        info?.revision
    }

    /// The code.
    #[must_use]
    pub const fn program(&self) -> &ProgramBlob {
        match &self.kind {
            ProgramKind::Standard(_, program) | ProgramKind::Bare(program) => program,
        }
    }

    /// The standard program; `None` for a bare program.
    #[must_use]
    pub const fn standard(&self) -> Option<&StandardProgram> {
        match &self.kind {
            ProgramKind::Standard(standard, _) => Some(standard),
            ProgramKind::Bare(_) => None,
        }
    }

    /// Encodes the program in its form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let program = match &self.kind {
            ProgramKind::Standard(standard, _) => standard.encode(),
            ProgramKind::Bare(program) => program.encode(),
        };
        match &self.metadata {
            Some(metadata) => join_metadata(metadata, &program),
            None => program,
        }
    }
}
