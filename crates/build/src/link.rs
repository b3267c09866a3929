//! From a RISC-V ELF to a standard program with its entry points and source locations.

use jambox_program::{ErrorKind, StandardProgram};
use jambox_symbols::Range;
use jambox_types::Revision;
use object::Object;
use object::read::elf::ElfFile64;

use crate::lines::Lines;
use crate::releases::{Names, Parts, Release, Settings};
use crate::{BuildError, labels, mend, payload};

/// What an entry point is exported as: the names that the ecosystem's SDK chose.
const REFINE: &str = "refine_ext";
const ACCUMULATE: &str = "accumulate_ext";
const IS_AUTHORIZED: &str = "is_authorized_ext";

/// What our SDKs export the entry point of a library as.
const LIBRARY: &str = "library_ext";

/// A page of guest memory.
const PAGE: u32 = 4096;

/// What a blob is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It refines (at pc 0) and accumulates (at pc 5).
    Service,
    /// It authorizes packages (at pc 0).
    Authorizer,
    /// It is run in inner machines of others (at pc 0).
    Library,
}

impl Kind {
    /// `service`, `authorizer` or `library`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Authorizer => "authorizer",
            Self::Library => "library",
        }
    }

    fn dispatch_table(self) -> Names {
        let entries: &[&str] = match self {
            Self::Service => &[REFINE, ACCUMULATE],
            Self::Authorizer => &[IS_AUTHORIZED],
            Self::Library => &[LIBRARY],
        };
        entries.iter().map(|entry| entry.as_bytes().to_vec()).collect()
    }
}

/// A linked program.
#[derive(Clone, Debug)]
pub struct Linked {
    /// What it is for.
    pub kind: Kind,
    /// The revision that its instructions are of.
    pub revision: Revision,
    /// The program.
    pub program: StandardProgram,
    /// Where its code comes from; empty if the ELF says nothing.
    pub ranges: Vec<Range>,
    /// What its payloads hold, if the ELF says so.
    pub payload: Option<String>,
}

/// Links an ELF made by either of the SDKs, or by the C header, for a revision.
///
/// The stack takes at least `stack` octets.
///
/// # Errors
///
/// When entry points are missing or exclude each other, or the linker cannot translate the code.
pub fn link(elf: &[u8], revision: Revision, stack: u32) -> Result<Linked, BuildError> {
    if exports_nothing(elf) {
        return Err(BuildError::NoEntryPoint);
    }
    let (elf, payload) = payload::take(elf);
    let mended = mend::mended(&elf)?;
    let (lines, elf) = (Lines::read(&elf), &mended.elf[..]);
    let release = Release::of(revision);
    // The entry points are known only once the code is linked, and they go into the linking.
    let mut settings = Settings { entries: Vec::new(), strip: true, stack };
    let exported = (release.translate)(elf, &settings)?;
    let kind = kind_of(&(release.exports)(&exported)?)?;
    settings.entries = kind.dispatch_table();
    let parts = (release.parts)(&(release.translate)(elf, &settings)?)?;
    settings.strip = false;
    let ranges = labels::labelled(&mended)
        .and_then(|labelled| (release.translate)(&labelled, &settings).ok())
        .and_then(|octets| ranges(release, &octets, &parts, &lines).ok())
        .unwrap_or_default();
    Ok(Linked { kind, revision, program: standard_program(parts)?, ranges, payload })
}

/// Whether an ELF has no section for entry points; the linker would say of it that it has no code.
fn exports_nothing(elf: &[u8]) -> bool {
    let file = ElfFile64::<object::LittleEndian>::parse(elf);
    file.is_ok_and(|file| file.section_by_name(".polkavm_exports").is_none())
}

fn kind_of(exports: &[Vec<u8>]) -> Result<Kind, BuildError> {
    let has = |name: &str| exports.iter().any(|export| export == name.as_bytes());
    if has(LIBRARY) {
        return match [REFINE, ACCUMULATE, IS_AUTHORIZED].into_iter().any(has) {
            false => Ok(Kind::Library),
            true => Err(BuildError::LibraryWithEntryPoints),
        };
    }
    match (has(REFINE), has(ACCUMULATE), has(IS_AUTHORIZED)) {
        (true, true, false) => Ok(Kind::Service),
        (false, false, true) => Ok(Kind::Authorizer),
        (false, false, false) => Err(BuildError::NoEntryPoint),
        (true, false, _) => {
            Err(BuildError::MissingEntryPoint { present: "refine", missing: "accumulate" })
        }
        (false, true, _) => {
            Err(BuildError::MissingEntryPoint { present: "accumulate", missing: "refine" })
        }
        (true, true, true) => Err(BuildError::ConflictingEntryPoints),
    }
}

/// The linker leaves out zeros at the end of data. In read-only data they have to be there, for a
/// standard program has no other way to say how large that is; in read-write data only those of
/// the last page with octets come for free, and whole pages become heap pages.
fn standard_program(parts: Parts) -> Result<StandardProgram, BuildError> {
    let Parts { mut read_only, read_write, .. } = parts;
    read_only.resize(read_only.len().max(parts.read_only_size as usize), 0);
    let pages = |octets: u32| octets.div_ceil(PAGE);
    let written = u32::try_from(read_write.len()).unwrap_or(u32::MAX);
    let heap = pages(parts.read_write_size).saturating_sub(pages(written));
    let heap_pages = u16::try_from(heap).map_err(|_| BuildError::PartTooBig {
        part: "zeroed data",
        size: u64::from(parts.read_write_size),
        limit: u64::from(u16::MAX) * u64::from(PAGE),
    })?;
    StandardProgram::new(read_only, read_write, heap_pages, parts.stack_size, parts.code).map_err(
        |error| match error.kind {
            ErrorKind::SectionTooLong { length, limit, .. } => {
                BuildError::PartTooBig { part: "data", size: length, limit }
            }
            other => BuildError::Link(other.to_string()),
        },
    )
}

/// Where the code comes from, as far as that can be told: of a program linked from an ELF with
/// labels, and of `parts`, which are the same program linked without.
fn ranges(
    release: &Release,
    labelled: &[u8],
    parts: &Parts,
    lines: &Lines<'_>,
) -> Result<Vec<Range>, BuildError> {
    let mut ranges: Vec<Range> = Vec::new();
    if (release.parts)(labelled)?.code != parts.code {
        return Ok(ranges);
    }
    for region in (release.regions)(labelled)? {
        let address = labels::address(&region.function);
        let frames = address.map(|address| lines.frames_at(address)).unwrap_or_default();
        push(&mut ranges, Range { start: region.start, end: region.end, frames });
    }
    Ok(ranges)
}

/// Adds a range, or lengthens the last one if it goes on from there.
fn push(ranges: &mut Vec<Range>, range: Range) {
    if range.start >= range.end || range.frames.is_empty() {
        return;
    }
    match ranges.last_mut() {
        Some(last) if last.end == range.start && last.frames == range.frames => {
            last.end = range.end;
        }
        _ => ranges.push(range),
    }
}
