//! `docs/failure.svg`: what the command says of a failing guest, as it looks in a terminal.
//!
//! `JAMBOX_BLESS=1` draws it anew.

use std::fmt::Write;
use std::fs;

use crate::jambox::{line, root};

/// The command, and the first line of its account that is left out.
const COMMAND: &str = "jambox run guests/asm/panics/package.toml";
const END: &str = "work report";

/// The size of a character cell and of the margin, in pixels.
const CELL: (f64, f64) = (8.43, 19.0);
const MARGIN: f64 = 18.0;

/// Colours: of the paper, the text, and each style of the command by its codes.
const PAPER: &str = "#16181d";
const TEXT: &str = "#d7dae0";
const STYLES: &[(&str, &str)] = &[
    ("\x1b[1m\x1b[31m", "fill=\"#ff6b6b\" font-weight=\"bold\""),
    ("\x1b[1m", "fill=\"#ffffff\" font-weight=\"bold\""),
    ("\x1b[2m", "fill=\"#7f8794\""),
    ("\x1b[32m", "fill=\"#7bd88f\""),
    ("\x1b[36m", "fill=\"#67d4e8\""),
];
const RESET: &str = "\x1b[0m";

/// A line without its codes, for its width.
fn bare(line: &str) -> String {
    let styles = STYLES.iter().map(|(codes, _)| *codes).chain([RESET]);
    styles.fold(line.to_owned(), |line, codes| line.replace(codes, ""))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A line of the terminal as pieces of SVG text.
fn pieces(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('\x1b') {
        let (plain, styled) = rest.split_at(at);
        out.push_str(&escaped(plain));
        let (codes, attributes) = STYLES
            .iter()
            .find(|(codes, _)| styled.starts_with(codes))
            .unwrap_or_else(|| panic!("a style that has no colour yet: {styled:?}"));
        let (text, after) = styled[codes.len()..].split_once(RESET).expect("a style ends");
        let _ = write!(out, "<tspan {attributes}>{}</tspan>", escaped(text));
        rest = after;
    }
    out + &escaped(rest)
}

fn drawn(lines: &[&str]) -> String {
    let columns = lines.iter().map(|line| bare(line).chars().count()).max().unwrap_or(0);
    let width = (2.0 * MARGIN + CELL.0 * columns as f64).ceil();
    let height = (2.0 * MARGIN + CELL.1 * lines.len() as f64).ceil();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{COMMAND}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g fill=\"{TEXT}\" font-size=\"14\" xml:space=\"preserve\" \
         style=\"white-space: pre\" \
         font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let y = MARGIN + CELL.1 * (number as f64 + 0.75);
        let _ = writeln!(out, "<text x=\"{MARGIN}\" y=\"{y}\">{}</text>", pieces(line));
    }
    out + "</g>\n</svg>\n"
}

#[test]
fn the_picture_is_true() {
    let (_, arguments) = COMMAND.split_once(' ').unwrap();
    let said = line(&format!("{arguments} --color always")).stdout;
    let prompt = format!("\x1b[32m${RESET} {COMMAND}");
    let account = said.lines().take_while(|line| !bare(line).starts_with(END));
    let mut lines: Vec<&str> = [prompt.as_str()].into_iter().chain(account).collect();
    lines.pop_if(|line| line.is_empty());
    let picture = drawn(&lines);
    let path = root().join("docs/failure.svg");
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        fs::write(path, picture).unwrap();
        return;
    }
    let kept = fs::read_to_string(path).unwrap();
    assert!(kept == picture, "docs/failure.svg is stale: set JAMBOX_BLESS=1 to draw it anew");
}
