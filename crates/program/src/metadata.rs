//! The conventional metadata of services: name, version, licence and authors.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use jambox_isa::Revision;

use crate::error::{ErrorKind, Part, ProgramError};
use crate::reader::{Reader, push_natural};

/// First octet of metadata of this kind.
const KIND: u8 = 0;

/// Data on the crate that a program was built from, by the convention of the field's tools. The
/// paper gives metadata no meaning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CrateInfo {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The licence, as an SPDX expression.
    pub license: String,
    /// The authors.
    pub authors: Vec<String>,
    /// The revision that the program was built for, if its builder noted it: a name after the
    /// fields that other tools write and read.
    pub revision: Option<Revision>,
}

impl CrateInfo {
    /// Parses metadata.
    pub fn parse(metadata: &[u8]) -> Result<Self, ProgramError> {
        let mut reader = Reader::new(metadata);
        let found = reader.octet(Part::Metadata)?;
        if found != KIND {
            return Err(ProgramError::new(0, ErrorKind::UnknownMetadata { found }));
        }
        let name = string(&mut reader, Part::Name)?;
        let version = string(&mut reader, Part::Version)?;
        let license = string(&mut reader, Part::License)?;
        let count = reader.natural(Part::Authors)?;
        let mut authors = Vec::new();
        for _ in 0..count {
            // Each author takes at least an octet, so a false count fails before it allocates much.
            authors.push(string(&mut reader, Part::Authors)?);
        }
        let mut revision = None;
        if !reader.is_at_end() {
            let start = reader.offset();
            let name = string(&mut reader, Part::Revision)?;
            let unknown = |_| ProgramError::new(start, ErrorKind::UnknownRevision);
            revision = Some(name.parse().map_err(unknown)?);
        }
        reader.finish()?;
        Ok(Self { name, version, license, authors, revision })
    }

    /// Encodes the metadata.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut metadata = alloc::vec![KIND];
        for text in [&self.name, &self.version, &self.license] {
            push_string(&mut metadata, text);
        }
        push_natural(&mut metadata, self.authors.len() as u64);
        for author in &self.authors {
            push_string(&mut metadata, author);
        }
        if let Some(revision) = self.revision {
            push_string(&mut metadata, revision.name());
        }
        metadata
    }
}

impl fmt::Display for CrateInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.as_str(), self.version.as_str()) {
            ("", version) => write!(f, "without a name {version}"),
            (name, "") => f.write_str(name),
            (name, version) => write!(f, "{name} {version}"),
        }
    }
}

fn string(reader: &mut Reader<'_>, what: Part) -> Result<String, ProgramError> {
    let length = reader.natural(what)?;
    let start = reader.offset();
    let octets = reader.take(what, length)?;
    match core::str::from_utf8(octets) {
        Ok(text) => Ok(text.to_string()),
        Err(error) => {
            let offset = start.saturating_add(error.valid_up_to());
            Err(ProgramError::new(offset, ErrorKind::NotText { what }))
        }
    }
}

fn push_string(to: &mut Vec<u8>, text: &str) {
    push_natural(to, text.len() as u64);
    to.extend_from_slice(text.as_bytes());
}
