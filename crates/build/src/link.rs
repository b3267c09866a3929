//! From a RISC-V ELF to a standard program with its entry points and source locations.

use jambox_program::{ErrorKind, StandardProgram};
use jambox_symbols::Range;
use object::Object;
use object::read::elf::ElfFile64;
use polkavm_common::program::ProgramCounter;
use polkavm_linker::{
    Config, OptLevel, ProgramBlob, ProgramParts, TargetInstructionSet, program_from_elf,
};

use crate::lines::Lines;
use crate::{BuildError, labels};

/// What an entry point is exported as: the names that the ecosystem's SDK chose.
const REFINE: &str = "refine_ext";
const ACCUMULATE: &str = "accumulate_ext";
const IS_AUTHORIZED: &str = "is_authorized_ext";

/// A page of guest memory.
const PAGE: u32 = 4096;

/// What a blob is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It refines (at pc 0) and accumulates (at pc 5).
    Service,
    /// It authorizes packages (at pc 0).
    Authorizer,
}

impl Kind {
    /// `service` or `authorizer`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Authorizer => "authorizer",
        }
    }

    fn dispatch_table(self) -> Vec<Vec<u8>> {
        let entries: &[&str] = match self {
            Self::Service => &[REFINE, ACCUMULATE],
            Self::Authorizer => &[IS_AUTHORIZED],
        };
        entries.iter().map(|entry| entry.as_bytes().to_vec()).collect()
    }
}

/// A linked program.
#[derive(Clone, Debug)]
pub struct Linked {
    /// What it is for.
    pub kind: Kind,
    /// The program.
    pub program: StandardProgram,
    /// Where its code comes from; empty if the ELF says nothing.
    pub ranges: Vec<Range>,
}

/// Links an ELF made by either of the SDKs, or by the C header.
///
/// # Errors
///
/// When entry points are missing or exclude each other, or the linker cannot translate the code.
pub fn link(elf: &[u8]) -> Result<Linked, BuildError> {
    if exports_nothing(elf) {
        return Err(BuildError::NoEntryPoint);
    }
    // The entry points are known only once the code is linked, and they go into the linking.
    let kind = kind_of(&exports(&parse(&translate(elf, Vec::new(), true)?)?))?;
    let stripped = translate(elf, kind.dispatch_table(), true)?;
    let parts = ProgramParts::from_bytes(stripped.into()).map_err(linker_error)?;
    let ranges = labels::labelled(elf)
        .and_then(|labelled| translate(&labelled, kind.dispatch_table(), false).ok())
        .and_then(|octets| ranges(&octets, &parts, &Lines::read(elf)).ok())
        .unwrap_or_default();
    Ok(Linked { kind, program: standard_program(&parts)?, ranges })
}

/// Whether an ELF has no section for entry points; the linker would say of it that it has no code.
fn exports_nothing(elf: &[u8]) -> bool {
    let file = ElfFile64::<object::LittleEndian>::parse(elf);
    file.is_ok_and(|file| file.section_by_name(".polkavm_exports").is_none())
}

fn translate(elf: &[u8], table: Vec<Vec<u8>>, strip: bool) -> Result<Vec<u8>, BuildError> {
    let mut config = Config::default();
    // From O2 on, the linker takes a host call for a call of a C function, and removes what sets a
    // register before it that such a call may change (t0 to t2, a0 to a5). Host calls change r7 and
    // r8 only, and the SDK and the C header tell the compiler so: it keeps values in the others.
    // Code is hardly smaller at O2.
    config.set_opt_level(OptLevel::O1).set_strip(strip).set_dispatch_table(table);
    program_from_elf(config, TargetInstructionSet::JamV1, elf).map_err(linker_error)
}

fn parse(octets: &[u8]) -> Result<ProgramBlob, BuildError> {
    ProgramBlob::parse(octets.into()).map_err(linker_error)
}

fn linker_error(error: impl ToString) -> BuildError {
    BuildError::Link(error.to_string())
}

fn exports(blob: &ProgramBlob) -> Vec<Vec<u8>> {
    blob.exports().map(|export| export.symbol().as_bytes().to_vec()).collect()
}

fn kind_of(exports: &[Vec<u8>]) -> Result<Kind, BuildError> {
    let has = |name: &str| exports.iter().any(|export| export == name.as_bytes());
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
fn standard_program(parts: &ProgramParts) -> Result<StandardProgram, BuildError> {
    let mut read_only = parts.ro_data.to_vec();
    read_only.resize(read_only.len().max(parts.ro_data_size as usize), 0);
    let pages = |octets: u32| octets.div_ceil(PAGE);
    let written = u32::try_from(parts.rw_data.len()).unwrap_or(u32::MAX);
    let heap = pages(parts.rw_data_size).saturating_sub(pages(written));
    let heap_pages = u16::try_from(heap).map_err(|_| BuildError::PartTooBig {
        part: "zeroed data",
        size: u64::from(parts.rw_data_size),
        limit: u64::from(u16::MAX) * u64::from(PAGE),
    })?;
    let read_write = parts.rw_data.to_vec();
    let code = parts.code_and_jump_table.to_vec();
    StandardProgram::new(read_only, read_write, heap_pages, parts.stack_size, code).map_err(
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
    labelled: &[u8],
    parts: &ProgramParts,
    lines: &Lines<'_>,
) -> Result<Vec<Range>, BuildError> {
    let same = ProgramParts::from_bytes(labelled.into()).map_err(linker_error)?;
    let mut ranges: Vec<Range> = Vec::new();
    if same.code_and_jump_table != parts.code_and_jump_table {
        return Ok(ranges);
    }
    let blob = parse(labelled)?;
    let end = u32::try_from(blob.code().len()).unwrap_or(u32::MAX);
    let mut pc = 0;
    while pc < end {
        let first = pc;
        let program = blob.get_debug_line_program_at(ProgramCounter(pc)).map_err(linker_error)?;
        if let Some(mut program) = program {
            while let Some(region) = program.run().map_err(linker_error)? {
                let covered = region.instruction_range();
                pc = pc.max(covered.end.0);
                let Some(label) = region.frames().next() else { continue };
                let label = label.full_name().map_err(linker_error)?.to_string();
                let address = labels::address(&label);
                let frames = address.map(|address| lines.frames_at(address)).unwrap_or_default();
                push(&mut ranges, Range { start: covered.start.0, end: covered.end.0, frames });
            }
        }
        pc = pc.max(first + 1);
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
