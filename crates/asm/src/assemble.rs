//! Assembly of a text to a program.

use std::ops::Range;
use std::sync::Arc;

use jambox_isa::OutOfRange;
use jambox_program::{Container, JumpTable, ProgramBlob, ProgramKind, StandardProgram};

use crate::assembly::Assembly;
use crate::code::{Code, place};
use crate::dialect::Dialect;
use crate::error::{ErrorKind, Fault};
use crate::limits::MAX_FAULTS;
use crate::parser::parse;
use crate::unit::{Kind, Settings, Unit};
use crate::values::Values;

/// Assembles the lines in a range of a text, at this depth of nested programs.
pub(crate) fn assemble_range(
    text: &str,
    lines: Range<usize>,
    lines_before: usize,
    dialect: &Dialect<'_>,
    depth: usize,
) -> Result<Assembly, Vec<Fault>> {
    let (unit, mut faults) = parse(text, lines.clone(), lines_before, dialect, depth);
    match build(unit, text, lines, dialect) {
        Ok(assembly) if faults.is_empty() => Ok(assembly),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            faults.sort_by_key(|fault| fault.span.start);
            faults.truncate(MAX_FAULTS);
            Err(faults)
        }
    }
}

fn build(
    unit: Unit,
    text: &str,
    lines: Range<usize>,
    dialect: &Dialect<'_>,
) -> Result<Assembly, Vec<Fault>> {
    let Unit { settings, names, late_constants, read_only, read_write, pieces, jump_table } = unit;
    let has_data = !read_only.octets.is_empty() || !read_write.octets.is_empty();
    let mut values = Values::new(names, read_only.octets.len());
    values.settle_constants(late_constants);
    for (target, span) in jump_table {
        let entry = values.target(&target, &span);
        values.add_entry(entry);
    }
    let data = [values.fill(read_only), values.fill(read_write)];
    let code = place(&pieces, &mut values, dialect.set);
    let mut faults = std::mem::take(&mut values.faults);
    let entries = values.positions_of_entries(&code.starts);
    let whole = |kind| Fault::new(lines.clone(), kind);

    let table = jump_table_of(&entries, &settings).map_err(whole);
    let metadata = metadata_of(&settings).map_err(whole);
    let kind = kind_of(&settings, has_data).map_err(whole);
    let labels = values.labels(&code.starts);
    let line_of = lines_of(text, &code);
    match (table, metadata, kind) {
        (Ok(table), Ok(metadata), Ok(kind)) if faults.is_empty() => {
            let kind =
                program_of(code, table, kind, data, &settings).map_err(|kind| vec![whole(kind)])?;
            Ok(Assembly { container: Container { metadata, kind }, labels, lines: line_of })
        }
        (table, metadata, kind) => {
            faults.extend(table.err().into_iter().chain(metadata.err()).chain(kind.err()));
            Err(faults)
        }
    }
}

fn jump_table_of(entries: &[u64], settings: &Settings) -> Result<JumpTable, ErrorKind> {
    if let Some(count) = settings.zero_entries {
        return match settings.entry_size {
            None | Some(0) if entries.is_empty() => Ok(JumpTable::of_zeros(count)),
            _ => Err(ErrorKind::Malformed(
                "a jump table has entries, or zero entries that take no octets: expected one of \
                 `.zero_entries` and `.jump_table`, `table(..)` or `.entry_size`",
            )),
        };
    }
    let Some(size) = settings.entry_size else { return Ok(JumpTable::new(entries)) };
    let most = u64::MAX.unbounded_shr(64_u32.saturating_sub(u32::from(size).saturating_mul(8)));
    match entries.iter().find(|entry| **entry > most) {
        None => Ok(JumpTable::with_entry_size(entries, size)),
        Some(entry) => {
            let (value, most) = ((*entry).into(), most.into());
            Err(OutOfRange { value, least: 0, most }.into())
        }
    }
}

fn metadata_of(settings: &Settings) -> Result<Option<Arc<[u8]>>, ErrorKind> {
    match (&settings.info, &settings.metadata) {
        (None, metadata) => Ok(metadata.as_deref().map(Arc::from)),
        (Some(info), None) => Ok(Some(info.encode().into())),
        (Some(_), Some(_)) => Err(ErrorKind::Malformed(
            "a program has one metadata: expected `.metadata`, or `.name`, `.version`, `.license`, \
             `.author` and `.revision`",
        )),
    }
}

fn kind_of(settings: &Settings, has_data: bool) -> Result<Kind, ErrorKind> {
    let needs_memory = has_data || settings.heap_pages.is_some() || settings.stack_size.is_some();
    match settings.kind {
        Some(Kind::Bare) if needs_memory => Err(ErrorKind::Malformed(
            "a bare program has no data, heap or stack: expected `.program standard`",
        )),
        Some(kind) => Ok(kind),
        None if needs_memory => Ok(Kind::Standard),
        None => Ok(Kind::Bare),
    }
}

fn program_of(
    code: Code,
    table: JumpTable,
    kind: Kind,
    [read_only, read_write]: [Arc<[u8]>; 2],
    settings: &Settings,
) -> Result<ProgramKind, ErrorKind> {
    let length = code.octets.len() as u64;
    let too_long = |_| ErrorKind::CodeTooLong { length };
    let program = ProgramBlob::from_parts(&code.octets, code.opcodes, table).map_err(too_long)?;
    if kind == Kind::Bare {
        return Ok(ProgramKind::Bare(program));
    }
    let heap_pages = settings.heap_pages.unwrap_or_default();
    let stack_size = settings.stack_size.unwrap_or_default();
    let octets = program.encode();
    // The parser has checked all lengths but the code's.
    let standard = StandardProgram::new(read_only, read_write, heap_pages, stack_size, octets)
        .map_err(too_long)?;
    Ok(ProgramKind::Standard(standard, program))
}

/// Line of the text of each instruction.
fn lines_of(text: &str, code: &Code) -> Vec<(u32, usize)> {
    let mut line = 1_usize;
    let mut counted_to = 0_usize;
    let number = |(pc, span): &(u32, Range<usize>)| {
        let between = text.get(counted_to..span.start).unwrap_or_default();
        line = line.saturating_add(between.matches('\n').count());
        counted_to = span.start;
        (*pc, line)
    };
    code.spans.iter().map(number).collect()
}
