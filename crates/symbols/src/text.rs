//! The format of symbol files.
//!
//! The first lines are `jambox-symbols 1`, `code HASH`, then optionally `program HASH` and after it
//! optionally `revision NAME`. Names follow (`s TEXT`, numbered from 0), then ranges (`r START END
//! FUNCTION:FILE:LINE ..`, innermost location first, functions and files by number).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jambox_types::Hash;

use crate::{Frame, Range, Symbols};

const HEADING: &str = "jambox-symbols 1";

/// Error in a symbol file or in ranges.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SymbolsError {
    /// The first line is not the heading of a symbol file of this version.
    #[error("line 1: expected `jambox-symbols 1`")]
    Heading,
    /// The second line does not name the code.
    #[error("line 2: expected `code` and the 64 digits of the code hash")]
    CodeHash,
    /// A line is neither a name nor a range.
    #[error("line {line}: expected `{expected}`")]
    Line {
        /// Number of the line, from 1 on.
        line: usize,
        /// Expected form of the line.
        expected: &'static str,
    },
    /// A range has no code or no location.
    #[error("the range at {start} is empty")]
    EmptyRange {
        /// Start of the range.
        start: u32,
    },
    /// Two ranges overlap.
    #[error("the range at {start} overlaps the one before")]
    Overlap {
        /// Start of the second range.
        start: u32,
    },
}

impl fmt::Display for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}\ncode {}", self.code_hash())?;
        if let Some(hash) = self.program_hash() {
            writeln!(f, "program {hash}")?;
        }
        if let Some(revision) = self.revision() {
            writeln!(f, "revision {revision}")?;
        }
        let mut numbers = BTreeMap::new();
        for range in self.ranges() {
            for frame in &range.frames {
                for name in [&frame.function, &frame.file] {
                    let next = numbers.len();
                    if !numbers.contains_key(name) {
                        numbers.insert(name, next);
                        writeln!(f, "s {}", name.replace('\n', " "))?;
                    }
                }
            }
        }
        let number = |name: &Arc<str>| numbers.get(name).copied().unwrap_or_default();
        for range in self.ranges() {
            write!(f, "r {} {}", range.start, range.end)?;
            for frame in &range.frames {
                write!(f, " {}:{}:{}", number(&frame.function), number(&frame.file), frame.line)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl FromStr for Symbols {
    type Err = SymbolsError;

    fn from_str(text: &str) -> Result<Self, SymbolsError> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADING) {
            return Err(SymbolsError::Heading);
        }
        let hash = lines.next().and_then(|line| line.strip_prefix("code ")?.parse::<Hash>().ok());
        let code_hash = hash.ok_or(SymbolsError::CodeHash)?;
        let (mut program_hash, mut revision) = (None, None);
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut ranges = Vec::new();
        for (line, text) in (3..).zip(lines) {
            if let Some(hash) = text.strip_prefix("program ").filter(|_| line == 3) {
                let expected = "program and 64 digits";
                program_hash =
                    Some(hash.parse().map_err(|_| SymbolsError::Line { line, expected })?);
            } else if let Some(name) = text.strip_prefix("revision ").filter(|_| names.is_empty()) {
                let expected = "revision gray-paper-0.7.2 or gray-paper-0.8.0";
                revision = Some(name.parse().map_err(|_| SymbolsError::Line { line, expected })?);
            } else if let Some(name) = text.strip_prefix("s ") {
                names.push(name.into());
            } else if text == "s" {
                names.push("".into());
            } else {
                let expected = "r START END FUNCTION:FILE:LINE ..";
                let range = range(text, &names).ok_or(SymbolsError::Line { line, expected })?;
                ranges.push(range);
            }
        }
        let symbols = Self::new(code_hash, ranges)?;
        Ok(Self { program_hash, revision, ..symbols })
    }
}

fn range(text: &str, names: &[Arc<str>]) -> Option<Range> {
    let mut words = text.strip_prefix("r ")?.split(' ');
    let start = words.next()?.parse().ok()?;
    let end = words.next()?.parse().ok()?;
    let frames = words.map(|word| frame(word, names)).collect::<Option<_>>()?;
    Some(Range { start, end, frames })
}

fn frame(word: &str, names: &[Arc<str>]) -> Option<Frame> {
    let mut numbers = word.split(':');
    let mut name = || names.get(numbers.next()?.parse::<usize>().ok()?).cloned();
    let (function, file) = (name()?, name()?);
    let line = numbers.next()?.parse().ok()?;
    numbers.next().is_none().then_some(Frame { function, file, line })
}

#[cfg(test)]
mod tests {
    use jambox_types::Revision;

    use super::*;

    #[test]
    fn the_program_is_named_in_the_third_line() {
        let symbols = Symbols::new(Hash([1; 32]), Vec::new()).unwrap().with_program(Hash([2; 32]));
        assert_eq!(
            symbols.to_string().lines().nth(2).unwrap(),
            format!("program {}", Hash([2; 32]))
        );
        assert_eq!(symbols.to_string().parse(), Ok(symbols.clone()));
        assert!(symbols.are_for(Hash([1; 32])) && symbols.are_for(Hash([2; 32])));
        assert!(!symbols.are_for(Hash([3; 32])));
    }

    #[test]
    fn the_revision_is_named_before_the_functions() {
        let symbols = Symbols::new(Hash([1; 32]), Vec::new()).unwrap();
        assert_eq!(symbols.revision(), None);
        let symbols = symbols.with_program(Hash([2; 32])).with_revision(Revision::GrayPaper080);
        let text = symbols.to_string();
        assert_eq!(text.lines().nth(3), Some("revision gray-paper-0.8.0"));
        assert_eq!(text.parse(), Ok(symbols));
        let unknown = text.replace("0.8.0", "0.9");
        assert!(matches!(unknown.parse::<Symbols>(), Err(SymbolsError::Line { line: 4, .. })));
    }

    #[test]
    fn what_is_no_symbol_file_is_refused_with_its_place() {
        let code = format!("code {}", Hash([7; 32]));
        let error = |text: &str| text.parse::<Symbols>().unwrap_err();
        assert_eq!(error(""), SymbolsError::Heading);
        assert_eq!(error("jambox-symbols 1\ncode 00"), SymbolsError::CodeHash);
        let file = |rest: &str| format!("jambox-symbols 1\n{code}\ns f\ns a.rs\n{rest}");
        let line = |rest: &str| match error(&file(rest)) {
            SymbolsError::Line { line, .. } => line,
            other => panic!("{other}"),
        };
        assert_eq!(line("r 0 5 0:1"), 5);
        assert_eq!(line("program 12"), 5, "only the third line may name the program");
        assert_eq!(line("r 0 5 0:2:1"), 5, "there is no third name");
        assert_eq!(line("r 0 5 0:1:1\nx"), 6);
        assert_eq!(error(&file("r 5 5 0:1:1")), SymbolsError::EmptyRange { start: 5 });
        assert_eq!(error(&file("r 5 6")), SymbolsError::EmptyRange { start: 5 });
        let overlap = file("r 0 5 0:1:1\nr 4 6 0:1:1");
        assert_eq!(error(&overlap), SymbolsError::Overlap { start: 4 });
    }
}
