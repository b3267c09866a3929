//! Where the instructions of a package's programs come from in their sources.

use std::path::Path;
use std::sync::Arc;

use jambox_asm::{Assembly, Place};
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

use crate::files::Files;

/// The most octets of a symbol file.
const LIMIT: u64 = 64 << 20;

/// The symbols of an assembled text: each instruction's line, in the function that the nearest
/// label before it names.
#[must_use]
pub fn symbols_of_assembly(assembly: &Assembly, path: &Path, code_hash: Hash) -> Option<Symbols> {
    let file: Arc<str> = path.display().to_string().into();
    let code_labels = assembly.labels.iter().filter_map(|(name, place)| match place {
        Place::Code(pc) => Some((*pc, Arc::from(name.as_str()))),
        Place::Data(_) => None,
    });
    let mut labels: Vec<(u32, Arc<str>)> = code_labels.collect();
    labels.sort();
    let end = assembly.container.program().code_len();
    let ends = assembly.lines.iter().skip(1).map(|(pc, _)| *pc).chain([end]);
    let ranges = assembly.lines.iter().zip(ends).filter(|((start, _), end)| start < end);
    let range = |((start, line), end): (&(u32, usize), u32)| {
        let before = labels.partition_point(|(pc, _)| pc <= start).checked_sub(1);
        let label = before.and_then(|index| labels.get(index));
        let function = label.map_or_else(|| Arc::from(""), |(_, name)| Arc::clone(name));
        let line = u32::try_from(*line).unwrap_or_default();
        let frame = Frame { function, file: Arc::clone(&file), line };
        Range { start: *start, end, frames: vec![frame] }
    };
    Symbols::new(code_hash, ranges.map(range).collect()).ok()
}

/// The symbols that a build has left beside a blob, if there are any that can be read: a program
/// runs the same without.
#[must_use]
pub fn symbols_beside(files: &dyn Files, blob: &Path, code_hash: Hash) -> Option<Symbols> {
    let path = Symbols::folder_of(blob).join(Symbols::file_name(code_hash));
    let text = String::from_utf8(files.read(&path, LIMIT).ok()?).ok()?;
    let symbols: Symbols = text.parse().ok()?;
    (symbols.code_hash() == code_hash).then_some(symbols)
}
