//! Explanations as the command shows them: with styles, and with foreign text made harmless.

use std::io::{self, Write};

use jambox_inspect::Explanation;

use crate::output::labelled;
use crate::plain::plain;
use crate::style::NAME;

/// Writes an explanation below the line with the failure.
pub fn write(out: &mut dyn Write, indent: &str, explanation: &Explanation) -> io::Result<()> {
    for (label, text) in explanation.lines() {
        labelled(out, indent, label, &plain(&text))?;
    }
    write_registers(out, indent, &explanation.registers)
}

/// Writes the most important lines of an explanation.
pub fn write_briefly(
    out: &mut dyn Write,
    indent: &str,
    explanation: &Explanation,
) -> io::Result<()> {
    explanation.brief().iter().try_for_each(|line| writeln!(out, "{indent}{}", plain(line)))
}

/// Writes all registers, four a line.
pub fn write_registers(out: &mut dyn Write, indent: &str, registers: &[u64; 13]) -> io::Result<()> {
    for (row, registers) in registers.chunks(4).enumerate() {
        let label = if row == 0 { "registers" } else { "" };
        let mut line = String::new();
        for (column, value) in registers.iter().enumerate() {
            let name = format!("r{}", row * 4 + column);
            line.push_str(&format!("{NAME}{name:<3}{NAME:#} {value:<#20x}"));
        }
        labelled(out, indent, label, line.trim_end())?;
    }
    Ok(())
}
