//! The `.info` form of `lcov`, which `genhtml` and editors read.

use std::fmt::Write;

use super::{Coverage, FileCoverage, Part};

impl Coverage {
    /// The coverage as `lcov` writes it, for the files that `path` finds: it is given a file as the
    /// compiler names it and gives the path to write.
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

fn write_file(text: &mut String, path: &str, counts: &FileCoverage) {
    // Writing to a string does not fail. A comma ends a field, but the name is the last one; a
    // function without a line is put at the first.
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
