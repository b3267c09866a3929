//! Places in the source, as positions in the code.

use std::collections::BTreeSet;

use jambox_symbols::{Frame, Symbols};

/// Positions in the code of an item of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The positions at which it begins: several, where it was inlined or repeated.
    pub pcs: BTreeSet<u64>,
    /// The function or `file:line` that was found.
    pub what: String,
    /// The line that was found, if one was asked for.
    pub line: Option<u32>,
    /// The line asked for, if there is no code for it and this is the next that has.
    pub moved_from: Option<u32>,
}

/// Positions at which a function begins, those of its inlined copies included. `name` is its path
/// or the end of its path (`refine` for `demo::refine`).
#[must_use]
pub fn locate_function(symbols: &Symbols, name: &str) -> Option<Located> {
    let is_meant = |function: &str| {
        function == name || function.strip_suffix(name).is_some_and(|path| path.ends_with("::"))
    };
    let is_here = |frame: &Frame| is_meant(&frame.function);
    let mut pcs = starts(symbols, is_here, |frame| frame.function.to_string());
    let found = symbols.ranges().iter().flat_map(|range| &range.frames).find(|it| is_here(it))?;
    // Of the function itself the lowest place is where it is entered; the others are inlined.
    let is_own = |pc: &u64| symbols.frames_at(*pc).last().is_some_and(is_here);
    let entry = pcs.iter().copied().find(is_own);
    pcs.retain(|pc| Some(*pc) == entry || !is_own(pc));
    (!pcs.is_empty()).then(|| Located {
        pcs,
        what: found.function.to_string(),
        line: None,
        moved_from: None,
    })
}

/// Positions at which a line of a file begins. The file is told by its path or the end of it. A
/// line without code is taken for the next that has some.
#[must_use]
pub fn locate_line(symbols: &Symbols, file: &str, line: u32) -> Option<Located> {
    let is_meant = |path: &str| {
        let rest = path.strip_suffix(file).or_else(|| file.strip_suffix(path));
        !path.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let frames = || symbols.ranges().iter().flat_map(|range| &range.frames);
    let is_exact = frames().any(|frame| *frame.file == *file);
    let is_meant = |path: &str| if is_exact { path == file } else { is_meant(path) };
    let lines = frames().filter(|frame| is_meant(&frame.file) && frame.line >= line.max(1));
    let found = lines.min_by_key(|frame| frame.line)?;
    let is_here = |frame: &Frame| frame.line == found.line && frame.file == found.file;
    let pcs = starts(symbols, is_here, |frame| frame.function.to_string());
    let moved_from = (found.line != line).then_some(line);
    let what = format!("{}:{}", found.file, found.line);
    Some(Located { pcs, what, line: Some(found.line), moved_from })
}

/// The starts of the ranges that have a frame which the range before does not have. Of the pieces
/// of one function that does not return to a caller in between, the first.
fn starts(
    symbols: &Symbols,
    is_here: impl Fn(&Frame) -> bool,
    key: impl Fn(&Frame) -> String,
) -> BTreeSet<u64> {
    let mut pcs = BTreeSet::new();
    let mut before: Option<(u32, String)> = None;
    for range in symbols.ranges() {
        let here = range.frames.iter().find(|frame| is_here(frame)).map(&key);
        let goes_on = before
            .as_ref()
            .is_some_and(|(end, function)| *end == range.start && here.as_ref() == Some(function));
        if here.is_some() && !goes_on {
            pcs.insert(u64::from(range.start));
        }
        before = here.map(|function| (range.end, function));
    }
    pcs
}
