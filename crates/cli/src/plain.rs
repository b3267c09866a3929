//! Text of foreign origin, made harmless for a terminal.
//!
//! Names, comments, snippets and paths come from files that anyone may have made. Control
//! characters, which a terminal would obey, are shown as escapes: by [`plain`] where a text is put
//! into a line, and by [`Plain`] under every report, in case a text was forgotten.

use std::borrow::Cow;
use std::io::{self, Write};

/// True for a character that a terminal obeys, or that changes the display of others.
const fn is_obeyed(c: char) -> bool {
    match c {
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        // Line and paragraph separators; marks of the direction of writing; the byte-order mark.
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\u{61c}' | '\u{feff}' => true,
        _ => false,
    }
}

/// A text in one line: control characters are written as escapes of a Rust string.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if is_obeyed(c) => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// As [`plain`], for a text of several lines: line ends and tabs stay.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_obeyed(c) && !is_layout(c)) {
        return Cow::Borrowed(text);
    }
    let lines =
        text.split('\n').map(|line| line.split('\t').map(plain).collect::<Vec<_>>().join("\t"));
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// A text with every octet in its place: a character that would be obeyed is replaced by one of as
/// many octets.
pub fn plain_in_place(text: &str) -> String {
    let replaced = |c: char| match (is_obeyed(c) && !is_layout(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) if c == '\r' => ' ',
        (true, 1) => '?',
        (true, 2) => '\u{bf}',
        (true, _) => '\u{fffd}',
    };
    text.chars().map(replaced).collect()
}

const fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

/// The escape sequences of reports' styles: their end, bold, dimmed, red, green, cyan.
const STYLES: [&str; 6] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[36m"];

/// Replacement of characters that a terminal would obey.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// An escape of Rust's strings; the styles of reports stay.
    Text,
    /// An escape of JSON, whose texts are the only ones to need it.
    Json,
}

/// A writer that escapes everything that a terminal obeys, but for the styles of reports.
pub struct Plain<W: Write> {
    out: W,
    escape: Escape,
    /// Octets since the last end of a line.
    line: Vec<u8>,
}

impl<W: Write> Plain<W> {
    pub fn new(out: W, escape: Escape) -> Self {
        Self { out, escape, line: Vec::new() }
    }

    /// Writes the line that has no end yet.
    fn finish_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let Ok(text) = std::str::from_utf8(&line) else { return self.out.write_all(&line) };
        let mut rest = text;
        while let Some(at) = rest.find(|c| is_obeyed(c) && !is_layout(c)) {
            let (before, after) = rest.split_at(at);
            self.out.write_all(before.as_bytes())?;
            let style = (self.escape == Escape::Text).then(|| style(after)).flatten();
            let c = after.chars().next().unwrap_or_default();
            let length = match style {
                Some(style) => {
                    self.out.write_all(style.as_bytes())?;
                    style.len()
                }
                None if self.escape == Escape::Json => {
                    write!(self.out, "\\u{:04x}", u32::from(c))?;
                    c.len_utf8()
                }
                None => {
                    write!(self.out, "{}", c.escape_default())?;
                    c.len_utf8()
                }
            };
            rest = &after[length..];
        }
        self.out.write_all(rest.as_bytes())
    }
}

/// The style that a text begins with, if it is one of `style`'s or the end of one.
fn style(text: &str) -> Option<&str> {
    STYLES.into_iter().find(|style| text.starts_with(style))
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.finish_line()?;
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.finish_line()?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, escape: Escape) -> String {
        let mut out = Plain::new(Vec::new(), escape);
        // Piece by piece: a character of several octets may come in several pieces.
        for octet in text.as_bytes() {
            out.write_all(&[*octet]).unwrap();
        }
        out.flush().unwrap();
        String::from_utf8(out.out).unwrap()
    }

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(
            plain("a\u{1b}]0;title\u{7}b\r\n\u{202e}"),
            "a\\u{1b}]0;title\\u{7}b\\r\\n\\u{202e}"
        );
        assert_eq!(plain("Grüße, 世界"), "Grüße, 世界");
        assert_eq!(plain_lines("a\tb\nc\u{9b}2J"), "a\tb\nc\\u{9b}2J");
    }

    #[test]
    fn replaced_characters_take_as_many_octets() {
        let text = "a\u{1b}\r\nb\u{9b}\u{202e}\u{feff}c\td";
        let replaced = plain_in_place(text);
        assert_eq!(replaced, "a? \nb\u{bf}\u{fffd}\u{fffd}c\td");
        assert_eq!(replaced.len(), text.len());
    }

    #[test]
    fn styles_pass_and_nothing_else_does() {
        let text = "\u{1b}[1mheading\u{1b}[0m \u{1b}[1m\u{1b}[31mred\u{1b}[0m\n\u{1b}[2J\u{1b}[8m\u{1b}]8;;x\u{1b}\\\u{9b}m\n";
        let text = written(text, Escape::Text);
        assert_eq!(
            text,
            "\u{1b}[1mheading\u{1b}[0m \u{1b}[1m\u{1b}[31mred\u{1b}[0m\n\\u{1b}[2J\\u{1b}[8m\\u{1b}]8;;x\\u{1b}\\\\u{9b}m\n"
        );
        assert_eq!(written("\"\u{9b}\u{202e}\"\n", Escape::Json), "\"\\u009b\\u202e\"\n");
    }
}
