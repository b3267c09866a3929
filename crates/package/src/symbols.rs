//! Source locations of the instructions of a package's programs.

use std::path::Path;
use std::sync::Arc;

use jambox_asm::{Assembly, Place};
use jambox_files::without_mark;
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

use crate::files::Files;

/// Largest symbol file, in octets.
const LIMIT: u64 = 64 << 20;

/// Symbols of an assembled text: each instruction's line, with the nearest label before it as
/// function.
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
    let symbols = Symbols::new(code_hash, ranges.map(range).collect()).ok()?;
    Some(symbols.with_program(Hash::blake2b(&assembly.container.program().encode())))
}

/// Symbols that a build has left beside a blob. `None` if they are missing or unreadable, for a
/// program runs the same without them. `hash` is the blob's, or the hash of the program in it.
#[must_use]
pub fn symbols_beside(files: &dyn Files, blob: &Path, hash: Hash) -> Option<Symbols> {
    symbols_in(files, &Symbols::folder_of(blob), hash)
}

/// Symbols in a folder of symbol files; `None` if they are missing or unreadable.
#[must_use]
pub fn symbols_in(files: &dyn Files, folder: &Path, hash: Hash) -> Option<Symbols> {
    let path = folder.join(Symbols::file_name(hash));
    let text = String::from_utf8(without_mark(&files.read(&path, LIMIT).ok()?).to_vec()).ok()?;
    let symbols: Symbols = text.parse().ok()?;
    symbols.are_for(hash).then_some(symbols)
}
