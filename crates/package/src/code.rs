//! Programs named in a package file: blobs of any form, or assembly text.

use std::ffi::OsStr;
use std::path::Path;

use jambox_asm::{Assembly, Dialect};
use jambox_files::without_mark;
use jambox_hostcall::Interface;
use jambox_isa::InstructionSet;
use jambox_program::{Container, OtherRevision, ProgramKind, Sign, StandardProgram, join_metadata};
use jambox_state::Blob;
use jambox_types::{Hash, Protocol};

use crate::placed::{Place, Placed};
use crate::problem::{Problem, ProblemKind};
use crate::problems::Invalid;
use crate::sources::Sources;
use crate::symbols::{symbols_beside, symbols_of_assembly};
use crate::value::Value;

/// True for a file name of assembly text.
#[must_use]
pub fn is_assembly(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("asm"))
}

/// Loads a program as a service's code: a standard program after its metadata, the content of the
/// code preimage.
///
/// A blob without metadata gets metadata of length zero. A bare program gets no data, heap or
/// stack.
pub(crate) fn load(
    sources: &Sources<'_>,
    code: &Placed<Value>,
    what: &str,
    protocol: &Protocol,
) -> Option<Blob> {
    let (path, octets) = match sources.chosen(&code.value, &code.place)? {
        Value::File(path) => {
            let (path, octets) = sources.file(path, &code.place)?;
            if is_assembly(&path) {
                return assembly(sources, &path, octets, &code.place, protocol);
            }
            (Some(path), octets)
        }
        _ => (None, sources.octets(code)?.to_vec()),
    };
    match Container::parse(&octets) {
        Ok(container) => {
            check_revision(&container, what, protocol, sources, &code.place);
            let code = as_service_code(&container, octets, sources, &code.place)?;
            let beside = |path| symbols_beside(sources.files(), path, Hash::blake2b(&code));
            sources.add_symbols(path.as_deref().and_then(beside));
            Some(code)
        }
        Err(error) => {
            let kind = ProblemKind::Program { what: what.to_owned(), reason: error.reasons() };
            sources.problems.add(code.place.clone(), kind);
            None
        }
    }
}

/// Checks that a program was built for the run's revision. Its instructions give a hint only, so
/// the builder's note decides.
fn check_revision(
    container: &Container,
    what: &str,
    protocol: &Protocol,
    sources: &Sources<'_>,
    place: &Place,
) {
    let other = container.other_revision(protocol.revision, |_, _| false);
    if let Some(OtherRevision { made_for, sign: Sign::Metadata }) = other {
        let (what, wanted) = (what.to_owned(), protocol.revision);
        let kind = ProblemKind::Revision { what, found: made_for, wanted };
        sources.problems.add(place.clone(), kind);
    }
}

fn as_service_code(
    container: &Container,
    octets: Vec<u8>,
    sources: &Sources<'_>,
    place: &Place,
) -> Option<Blob> {
    let metadata = container.metadata.as_deref();
    match (&container.kind, metadata) {
        (ProgramKind::Standard(..), Some(_)) => Some(octets.into()),
        (ProgramKind::Standard(..), None) => Some(join_metadata(&[], &octets).into()),
        (ProgramKind::Bare(program), metadata) => {
            match StandardProgram::new([], [], 0, 0, program.encode()) {
                Ok(standard) => {
                    Some(join_metadata(metadata.unwrap_or_default(), &standard.encode()).into())
                }
                Err(error) => {
                    let what = "the code".to_owned();
                    let kind = ProblemKind::Program { what, reason: error.to_string() };
                    sources.problems.add(place.clone(), kind);
                    None
                }
            }
        }
    }
}

fn assembly(
    sources: &Sources<'_>,
    path: &Path,
    octets: Vec<u8>,
    place: &Place,
    protocol: &Protocol,
) -> Option<Blob> {
    let text = match String::from_utf8(without_mark(&octets).to_vec()) {
        Ok(text) => text,
        Err(error) => {
            let reason = format!("it is not UTF-8 text ({})", error.utf8_error());
            let kind = ProblemKind::File { path: path.to_owned(), reason };
            sources.problems.add(place.clone(), kind);
            return None;
        }
    };
    match assemble(path, &text, protocol) {
        Ok(assembly) => {
            let octets = assembly.container.encode();
            let code = as_service_code(&assembly.container, octets, sources, place)?;
            let code_hash = Hash::blake2b(&code);
            sources.add_symbols(symbols_of_assembly(&assembly, path, code_hash));
            Some(code)
        }
        Err(invalid) => {
            sources.problems.add_all(invalid, place);
            None
        }
    }
}

/// Assembles a text with the instructions and host-call names of the protocol.
///
/// # Errors
///
/// All errors of the text. `path` is for messages.
pub fn assemble(path: &Path, text: &str, protocol: &Protocol) -> Result<Assembly, Invalid> {
    let host_calls = host_calls(protocol);
    let set = InstructionSet::of(protocol.revision);
    jambox_asm::assemble(text, &Dialect { set, host_calls: &host_calls }).map_err(|errors| {
        let problem = |error: jambox_asm::AsmError| Problem {
            file: None,
            place: Some(error.span),
            kind: ProblemKind::Assembly(error.kind.to_string()),
        };
        Invalid::new(path, text, errors.0.into_iter().map(problem).collect())
    })
}

/// Names and numbers of the protocol's host calls, for assembly texts.
#[must_use]
pub fn host_calls(protocol: &Protocol) -> Vec<(&'static str, u64)> {
    let interface = Interface { abi: protocol.abi, revision: protocol.revision };
    interface.names().collect()
}
