//! From a RISC-V ELF to a standard program with its entry points and source locations.

use jambox_program::{ErrorKind, StandardProgram};
use jambox_symbols::Range;
use jambox_types::Revision;
use object::Object;
use object::read::elf::ElfFile64;

use crate::lines::Lines;
use crate::releases::{Names, Parts, Release, Settings};
use crate::{BuildError, labels, mend, payload};

/// Exported names of the entry points, as the ecosystem's SDK chose them.
const REFINE: &str = "refine_ext";
const ACCUMULATE: &str = "accumulate_ext";
const IS_AUTHORIZED: &str = "is_authorized_ext";

/// Exported name of a library's entry point, in our SDK and C header.
const LIBRARY: &str = "library_ext";

/// Size of a page of guest memory, in octets.
const PAGE: u32 = 4096;

/// Kind of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Refines (at pc 0) and accumulates (at pc 5).
    Service,
    /// Authorizes packages (at pc 0).
    Authorizer,
    /// Runs in inner machines of other programs (at pc 0).
    Library,
}

impl Kind {
    /// The kind's name: `service`, `authorizer` or `library`.
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
    /// The kind, by the entry points.
    pub kind: Kind,
    /// The revision of its instructions.
    pub revision: Revision,
    /// The program.
    pub program: StandardProgram,
    /// Source locations of its code; empty if the ELF has none.
    pub ranges: Vec<Range>,
    /// Description of its payloads; `None` if the ELF has none.
    pub payload: Option<String>,
}

/// Links an ELF made by either of the SDKs, or by the C header, for a revision.
///
/// `stack` is the smallest size of the stack, in octets.
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
    // Linked twice: the second linking takes the entry points, and only the first tells them.
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

/// True for an ELF without a section of entry points: the linker would report that it has no code.
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

/// The standard program of linked parts. The linker leaves out zeros at the end of data. Read-only
/// data get them back, for a standard program states their size only by their length. In read-write
/// data the rest of the last page is zero without them, and whole pages of zeros become heap pages.
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

/// Source locations of the code of `parts`, read from `labelled`: the same program, linked from an
/// ELF with labels. Empty if the two have different code.
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

/// Adds a range, or lengthens the last one if the range continues it with the same frames.
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
