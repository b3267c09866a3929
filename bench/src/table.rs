//! The table: one line for each engine.

use crate::engines::{Entry, Kind};
use crate::figures::Figures;

/// An engine and its figures, or the reason why there are none.
pub struct Row {
    pub entry: Entry,
    pub figures: Result<Figures, String>,
}

impl Row {
    /// A number, if it was measured.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.as_ref().ok()?.get(name)
    }

    /// True if its results are the logs' and the natively computed ones, gas included if its gas is
    /// said to be the paper's.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let none = |name| self.get(name).is_none_or(|count| count == 0.0);
        none("differences.other") && (none("differences.gas") || !self.entry.is_exact())
    }

    /// The sum over the logs of a phase, in seconds.
    #[must_use]
    pub fn logs(&self, phase: &str) -> Option<f64> {
        self.figures.as_ref().ok()?.sum(&format!("log.{phase}."))
    }

    /// The work that two threads do in a time, over the work of one.
    #[must_use]
    pub fn two_threads(&self) -> Option<f64> {
        Some(2.0 * self.get("threads.one")? / self.get("threads.two")?)
    }

    /// The geometric mean over the kernels of this engine's time by the native one.
    #[must_use]
    pub fn kernels(&self, native: &Figures) -> Option<f64> {
        let ratios: Option<Vec<f64>> = native
            .under("kernel.warm.")
            .map(|(name, limit)| Some(self.get(&format!("kernel.warm.{name}"))? / limit))
            .collect();
        let ratios = ratios.filter(|ratios| !ratios.is_empty())?;
        let logarithms: f64 = ratios.iter().copied().map(f64::ln).sum();
        Some((logarithms / ratios.len() as f64).exp())
    }
}

/// The figures of native code; `None` if there was no compiler.
#[must_use]
pub fn native(rows: &[Row]) -> Option<&Figures> {
    rows.iter().find(|row| row.entry.kind == Kind::Native)?.figures.as_ref().ok()
}

const HEADINGS: [[&str; 2]; 15] = [
    ["gas", ""],
    ["clock", ""],
    ["kernels", "x native"],
    ["logs", "warm"],
    ["logs, +", "instance"],
    ["logs", "cold"],
    ["logs", "once"],
    ["logs", "in turn"],
    ["instance", ""],
    ["host", "call"],
    ["fault", ""],
    ["memory", ""],
    ["compile", "per octet"],
    ["inner", "machine"],
    ["two", "threads"],
];

/// The cells of a row, in the order of the headings.
fn cells(row: &Row, native: Option<&Figures>) -> [String; 15] {
    let time = |seconds: Option<f64>| seconds.map_or_else(none, duration);
    let kernels = native.and_then(|native| row.kernels(native));
    [
        row.entry.gas.to_owned(),
        row.entry.clock.name().to_owned(),
        kernels.map_or_else(none, |ratio| format!("{ratio:.2}")),
        time(row.logs("warm")),
        time(row.logs("instance")),
        time(row.logs("cold")),
        time(row.logs("once")),
        time(row.logs("turn")),
        time(row.get("instance")),
        time(row.get("host-call")),
        time(row.get("fault")),
        row.get("memory").map_or_else(none, |octets| format!("{:.0} KiB", octets / 1024.0)),
        time(row.get("compile")),
        time(row.get("inner-machine")),
        row.two_threads().map_or_else(none, |times| format!("{times:.2} x")),
    ]
}

fn none() -> String {
    "-".to_owned()
}

/// A time with three digits and a unit.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let units = [(1e-6, 1e9, "ns"), (1e-3, 1e6, "us"), (1.0, 1e3, "ms")];
    let unit = units.into_iter().find(|(below, ..)| seconds < *below);
    let (factor, unit) = unit.map_or((1.0, "s"), |(_, factor, unit)| (factor, unit));
    let number = seconds * factor;
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.digits$} {unit}")
}

/// The table as text, its columns aligned, or as Markdown.
#[must_use]
pub fn render(rows: &[Row], is_markdown: bool) -> String {
    let native = native(rows);
    let heading = |line: usize| {
        let first = core::iter::once(String::new());
        first.chain(HEADINGS.map(|lines| lines[line].to_owned())).collect::<Vec<_>>()
    };
    let mut lines = vec![heading(0), heading(1)];
    if is_markdown {
        let joined = heading(0).into_iter().zip(heading(1));
        lines[0] = joined.map(|(one, other)| format!("{one} {other}").trim().to_owned()).collect();
        lines[1] =
            core::iter::once("---").chain(HEADINGS.map(|_| "---:")).map(str::to_owned).collect();
    }
    for row in rows {
        let mut line = vec![row.entry.name.to_owned()];
        match &row.figures {
            Ok(_) if !row.is_right() => {
                line.push("not compared: its results are others".to_owned())
            }
            Ok(_) => line.extend(cells(row, native)),
            Err(problem) => line.push(format!("not run: {problem}")),
        }
        lines.push(line);
    }
    if is_markdown {
        lines.iter().map(|line| format!("| {} |\n", line.join(" | "))).collect()
    } else {
        aligned(&lines)
    }
}

/// Each kernel's time by native code's, as Markdown.
#[must_use]
pub fn kernels(rows: &[Row]) -> String {
    let Some(native) = native(rows) else { return String::new() };
    let names = || native.under("kernel.warm.");
    let mut text = String::from("|");
    for (name, limit) in names() {
        text += &format!(" | {name}, {}", duration(limit));
    }
    text += &format!(" |\n| --- |{}\n", " ---: |".repeat(names().count()));
    let is_compared = |row: &&Row| row.entry.kind != Kind::Native && row.figures.is_ok();
    for row in rows.iter().filter(is_compared) {
        text += &format!("| {}", row.entry.name);
        for (name, limit) in names() {
            let time = row.get(&format!("kernel.warm.{name}"));
            text +=
                &time.map_or_else(|| " | -".to_owned(), |time| format!(" | {:.2}", time / limit));
        }
        text += " |\n";
    }
    text
}

/// The first column to the left, the others to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let complete = || lines.iter().filter(|line| line.len() > 2);
    let width = |column: usize| {
        let cells = complete().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..=HEADINGS.len()).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            row +=
                &if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        text += row.trim_end();
        text += "\n";
    }
    text
}
