//! The `.info` form of `lcov`, the input of `genhtml` and editors.

use std::fmt::Write;
use std::str::FromStr;
use std::sync::Arc;

use super::{Coverage, FileCoverage, FunctionCoverage, Part};

impl Coverage {
    /// The coverage in the form of `lcov`. `path` maps the compiler's name of a file to the path to
    /// write; a file for which it gives `None` is left out.
    #[must_use]
    pub fn to_lcov(&self, path: &dyn Fn(&str) -> Option<String>) -> String {
        let mut text = String::new();
        for (file, counts) in &self.files {
            if let Some(path) = path(file) {
                write_file(&mut text, &path, counts);
            }
        }
        text
    }
}

/// A line that is no record of `lcov`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected a record of lcov such as DA:12,1")]
pub struct LcovError {
    /// Number of the line, from 1 on.
    pub line: usize,
}

/// Reads the form of [`Coverage::to_lcov`], with the written paths as names of the files. Records
/// of the same file add up; records of branches and sums are ignored.
impl FromStr for Coverage {
    type Err = LcovError;

    fn from_str(text: &str) -> Result<Self, LcovError> {
        let mut coverage = Self::default();
        let mut file = FileCoverage::default();
        let mut path: Option<Arc<str>> = None;
        for (line, text) in (1..).zip(text.lines()) {
            let error = LcovError { line };
            let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
            match kind {
                "SF" => path = Some(rest.into()),
                "DA" => {
                    let (number, count) = counted(rest).ok_or(error)?;
                    let count = count.parse().map_err(|_| error)?;
                    file.lines.insert(number, count);
                }
                "FN" => {
                    let (line, name) = counted(rest).ok_or(error)?;
                    file.functions.entry(name.into()).or_default().line = line;
                }
                "FNDA" => {
                    let (count, name) = rest.split_once(',').ok_or(error)?;
                    let count = count.parse().map_err(|_| error)?;
                    let function: &mut FunctionCoverage =
                        file.functions.entry(name.into()).or_default();
                    function.count = count;
                }
                "end_of_record" => {
                    let path = path.take().ok_or(error)?;
                    coverage.files.entry(path).or_default().add(&std::mem::take(&mut file));
                }
                "" | "TN" | "FNF" | "FNH" | "LF" | "LH" | "BRDA" | "BRF" | "BRH" => {}
                _ => return Err(error),
            }
        }
        Ok(coverage)
    }
}

/// A number and the text after its comma.
fn counted(text: &str) -> Option<(u32, &str)> {
    let (number, rest) = text.split_once(',')?;
    Some((number.parse().ok()?, rest))
}

fn write_file(text: &mut String, path: &str, counts: &FileCoverage) {
    // Writing to a string does not fail. A name may have commas, for it is the last field. A
    // function without a line gets line 1.
    let _ = writeln!(text, "TN:\nSF:{path}");
    for (name, function) in &counts.functions {
        let _ = writeln!(text, "FN:{},{}", function.line.max(1), one_line(name));
    }
    for (name, function) in &counts.functions {
        let _ = writeln!(text, "FNDA:{},{}", function.count, one_line(name));
    }
    let Part { hit, found } = counts.functions_hit();
    let _ = writeln!(text, "FNF:{found}\nFNH:{hit}");
    for (line, count) in &counts.lines {
        let _ = writeln!(text, "DA:{line},{count}");
    }
    let Part { hit, found } = counts.lines_hit();
    let _ = writeln!(text, "LF:{found}\nLH:{hit}\nend_of_record");
}

fn one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}
