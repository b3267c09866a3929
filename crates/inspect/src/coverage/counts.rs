//! Execution counts of instructions, and their form as a text.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

use super::{Coverage, add};

/// First line of the text form, with the version of the lines after it.
const HEADER: &str = "jambox-counts 1";

/// Execution counts of the instructions of programs, from which symbols make a [`Coverage`].
///
/// Counts of several runs add up to those of one run that does it all, also when the runs were made
/// by several processes: as a text, counts go through a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) programs: BTreeMap<Hash, ProgramCounts>,
}

/// Execution counts of one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProgramCounts {
    /// Execution count of each instruction that ran, by pc.
    pub instructions: BTreeMap<u32, u64>,
    /// Number of entries into a range, by the start of the range and the number of its frames, from
    /// the innermost, that execution entered.
    pub entries: BTreeMap<(u32, usize), u64>,
}

impl Counts {
    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Self) {
        for (hash, counts) in &other.programs {
            let own = self.programs.entry(*hash).or_default();
            for (pc, count) in &counts.instructions {
                add(own.instructions.entry(*pc).or_default(), *count);
            }
            for (entry, count) in &counts.entries {
                add(own.entries.entry(*entry).or_default(), *count);
            }
        }
    }

    /// Hashes of the programs: that of the code, or of the program alone for inner machines.
    pub fn programs(&self) -> impl Iterator<Item = Hash> + '_ {
        self.programs.keys().copied()
    }

    /// Counts of lines and functions. `symbols` finds the symbols of a program by its hash; a
    /// program without symbols counts for nothing.
    #[must_use]
    pub fn coverage<'s>(&self, symbols: impl Fn(Hash) -> Option<&'s Symbols>) -> Coverage {
        let mut coverage = Coverage::default();
        for (hash, counts) in &self.programs {
            if let Some(symbols) = symbols(*hash) {
                coverage.add(&counts.coverage(symbols));
            }
        }
        coverage
    }
}

impl ProgramCounts {
    /// Count of the most frequent instruction of a range.
    fn most(&self, range: &Range) -> u64 {
        let counts = self.instructions.range(range.start..range.end);
        counts.map(|(_, count)| *count).max().unwrap_or_default()
    }

    fn coverage(&self, symbols: &Symbols) -> Coverage {
        let mut coverage = Coverage::default();
        // The key is the frame with the frames around it: a line in one place.
        let mut places: BTreeMap<Vec<Key>, (&Frame, u64)> = BTreeMap::new();
        for range in symbols.ranges() {
            let count = self.most(range);
            for (index, frame) in range.frames.iter().enumerate() {
                coverage.function(frame);
                let around = range.frames.get(index..).unwrap_or_default();
                let key = around.iter().map(|frame| (&*frame.function, &*frame.file, frame.line));
                let place = places.entry(key.collect()).or_insert((frame, 0));
                place.1 = place.1.max(count);
            }
            let of_range = (range.start, 0)..=(range.start, usize::MAX);
            for ((_, entered), count) in self.entries.range(of_range) {
                for frame in range.frames.iter().take(*entered) {
                    if let Some(function) = coverage.function(frame) {
                        add(&mut function.count, *count);
                    }
                }
            }
        }
        for (frame, count) in places.into_values() {
            if frame.line > 0 && !frame.file.is_empty() {
                let file = coverage.files.entry(Arc::clone(&frame.file)).or_default();
                add(file.lines.entry(frame.line).or_default(), count);
            }
        }
        coverage
    }
}

/// A frame in a key.
type Key<'a> = (&'a str, &'a str, u32);

/// A line of a text that is not of the form of [`Counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected a line of counts such as `i 12 1`")]
pub struct CountsError {
    /// Number of the line, from 1 on.
    pub line: usize,
}

/// A line for each program, instruction (`i PC COUNT`) and entry (`e START FRAMES COUNT`).
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for (hash, counts) in &self.programs {
            writeln!(f, "program {hash}")?;
            for (pc, count) in &counts.instructions {
                writeln!(f, "i {pc} {count}")?;
            }
            for ((start, frames), count) in &counts.entries {
                writeln!(f, "e {start} {frames} {count}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Counts {
    type Err = CountsError;

    fn from_str(text: &str) -> Result<Self, CountsError> {
        let mut lines = (1..).zip(text.lines());
        if lines.next().is_none_or(|(_, first)| first != HEADER) {
            return Err(CountsError { line: 1 });
        }
        let mut counts = Self::default();
        let mut program = None;
        for (line, text) in lines {
            let read = || {
                let mut words = text.split(' ');
                let kind = words.next()?;
                if kind == "program" {
                    return Some(Line::Program(words.next()?.parse().ok()?));
                }
                let numbers = words.map(|word| word.parse().ok()).collect::<Option<Vec<u64>>>()?;
                match (kind, numbers.as_slice()) {
                    ("i", &[pc, count]) => Some(Line::Instruction(pc.try_into().ok()?, count)),
                    ("e", &[start, frames, count]) => {
                        let place = (start.try_into().ok()?, frames.try_into().ok()?);
                        Some(Line::Entry(place, count))
                    }
                    _ => None,
                }
            };
            let read = read().ok_or(CountsError { line })?;
            if let Line::Program(hash) = read {
                program = Some(hash);
            }
            let program = counts.programs.entry(program.ok_or(CountsError { line })?).or_default();
            match read {
                Line::Program(_) => {}
                Line::Instruction(pc, count) => {
                    add(program.instructions.entry(pc).or_default(), count);
                }
                Line::Entry(place, count) => add(program.entries.entry(place).or_default(), count),
            }
        }
        Ok(counts)
    }
}

/// A line of the text form.
enum Line {
    Program(Hash),
    Instruction(u32, u64),
    Entry((u32, usize), u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(hash: u8, pcs: &[(u32, u64)]) -> Counts {
        let instructions = pcs.iter().copied().collect();
        let entries = BTreeMap::from([((7, 2), u64::MAX)]);
        let program = ProgramCounts { instructions, entries };
        Counts { programs: BTreeMap::from([(Hash([hash; 32]), program)]) }
    }

    #[test]
    fn counts_read_back_and_add_up() {
        let mut sum = counts(1, &[(0, 1), (4, 2)]);
        sum.add(&counts(1, &[(4, 5)]));
        sum.add(&counts(2, &[(u32::MAX, 1)]));
        let mut expected = counts(1, &[(0, 1), (4, 7)]);
        expected.programs.extend(counts(2, &[(u32::MAX, 1)]).programs);
        assert_eq!(sum, expected, "the entries stay at the largest number");
        assert_eq!(sum.to_string().parse(), Ok(sum));
    }

    #[test]
    fn texts_of_another_form_are_refused_by_line() {
        let program = format!("{HEADER}\nprogram {}\n", Hash([1; 32]));
        for (text, line) in [
            ("", 1),
            ("jambox-counts 2\n", 1),
            (&format!("{HEADER}\ni 1 1\n"), 2),
            (&format!("{HEADER}\nprogram 0x12\n"), 2),
            (&format!("{program}i 1\n"), 3),
            (&format!("{program}i 4294967296 1\n"), 3),
            (&format!("{program}e 1 1 1\nx\n"), 4),
        ] {
            assert_eq!(text.parse::<Counts>(), Err(CountsError { line }), "{text}");
        }
    }
}
