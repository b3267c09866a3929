//! Words of a line.

use std::ops::Range;

use jambox_isa::parse_number;

use crate::error::{ErrorKind, Fault};

/// A position in a line of a text. Positions are octet indices in the whole text.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

/// A word and its octets in the text.
pub(crate) type Word<'a> = (&'a str, Range<usize>);

impl<'a> Cursor<'a> {
    /// A cursor at the start of the line with these octets.
    pub(crate) fn new(text: &'a str, line: Range<usize>) -> Self {
        Self { text, at: line.start, end: line.end }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn advance(&mut self, octets: usize) -> Range<usize> {
        let start = self.at;
        self.at = start.saturating_add(octets).min(self.end);
        start..self.at
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.advance(rest.len().saturating_sub(rest.trim_start().len()));
    }

    /// Position of the next word.
    pub(crate) fn position(&mut self) -> usize {
        self.skip_spaces();
        self.at
    }

    /// End of the last word.
    pub(crate) const fn end_of_last(&self) -> usize {
        self.at
    }

    /// True if nothing but a comment is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_spaces();
        matches!(self.rest().chars().next(), None | Some(';'))
    }

    /// Takes this character, if it is next.
    pub(crate) fn take(&mut self, character: char) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(character);
        if found {
            self.advance(character.len_utf8());
        }
        found
    }

    /// Takes the next word: letters, digits and underscores.
    pub(crate) fn word(&mut self) -> Option<Word<'a>> {
        self.skip_spaces();
        let rest = self.rest();
        let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let word = rest.get(..rest.find(is_other).unwrap_or(rest.len()))?;
        if word.is_empty() { None } else { Some((word, self.advance(word.len()))) }
    }

    /// Takes a dot and the word after it, if a dot is next.
    pub(crate) fn dotted_word(&mut self) -> Option<Word<'a>> {
        let start = self.position();
        if !self.take('.') {
            return None;
        }
        let end = self.word().map_or(self.at, |(_, span)| span.end);
        Some((self.text.get(start..end)?, start..end))
    }

    /// Takes the next word, if it is a valid name.
    pub(crate) fn name(&mut self) -> Option<Word<'a>> {
        let mut ahead = self.clone();
        let (word, span) = ahead.word()?;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        *self = ahead;
        Some((word, span))
    }

    /// Takes the next number or character in quotes.
    pub(crate) fn number(&mut self) -> Result<Option<(u64, Range<usize>)>, Fault> {
        if self.position() < self.end && self.rest().starts_with('\'') {
            return self.character().map(Some);
        }
        let mut ahead = self.clone();
        let Some((word, span)) = ahead.word() else { return Ok(None) };
        if !word.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(None);
        }
        *self = ahead;
        match parse_number(word) {
            Some(number) => Ok(Some((number, span))),
            None => Err(Fault::new(span, ErrorKind::Malformed(NOT_A_NUMBER))),
        }
    }

    fn character(&mut self) -> Result<(u64, Range<usize>), Fault> {
        let (octets, span) = self.quoted('\'')?;
        match octets[..] {
            [octet] => Ok((octet.into(), span)),
            _ => Err(Fault::new(span, ErrorKind::Malformed(NOT_A_CHARACTER))),
        }
    }

    /// Takes a text in double quotes.
    pub(crate) fn string(&mut self) -> Result<(Vec<u8>, Range<usize>), Fault> {
        self.skip_spaces();
        if !self.rest().starts_with('"') {
            return Err(self.unexpected("a text in quotes"));
        }
        self.quoted('"')
    }

    fn quoted(&mut self, quote: char) -> Result<(Vec<u8>, Range<usize>), Fault> {
        let start = self.at;
        self.advance(1);
        let mut octets = Vec::new();
        loop {
            let Some(character) = self.rest().chars().next() else {
                let kind = ErrorKind::Malformed("the closing quote is missing");
                return Err(Fault::new(start..self.end, kind));
            };
            let span = self.advance(character.len_utf8());
            match character {
                '\\' => octets.push(self.escape(span)?),
                _ if character == quote => return Ok((octets, start..self.at)),
                _ => octets.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn escape(&mut self, backslash: Range<usize>) -> Result<u8, Fault> {
        let character = self.rest().chars().next().unwrap_or('\n');
        let span = backslash.start..self.advance(character.len_utf8()).end;
        Ok(match character {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            '0' => 0,
            '\\' => b'\\',
            '"' => b'"',
            '\'' => b'\'',
            'x' => {
                let digits = self.rest().get(..2);
                let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                self.advance(2);
                octet.ok_or_else(|| Fault::new(span, ErrorKind::Malformed(NOT_AN_ESCAPE)))?
            }
            _ => return Err(Fault::new(span, ErrorKind::Malformed(NOT_AN_ESCAPE))),
        })
    }

    /// Takes the rest of the line as octets of two hexadecimal digits each.
    pub(crate) fn hex(&mut self) -> Result<Vec<u8>, Fault> {
        let mut octets = Vec::new();
        while !self.is_at_end() {
            let Some((word, span)) = self.word() else {
                return Err(self.unexpected("hexadecimal digits"));
            };
            let digits: Option<Vec<u8>> =
                word.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
            match digits.as_deref().map(<[u8]>::as_chunks) {
                Some((pairs, [])) => octets.extend(pairs.iter().map(|[high, low]| high << 4 | low)),
                _ => return Err(Fault::new(span, ErrorKind::Malformed(NOT_HEX))),
            }
        }
        Ok(octets)
    }

    /// Fails if anything but a comment is left.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        if self.is_at_end() { Ok(()) } else { Err(self.unexpected("the end of the line")) }
    }

    /// The fault of an unexpected next word.
    pub(crate) fn unexpected(&mut self, expected: impl Into<String>) -> Fault {
        let start = self.position();
        let found = if self.is_at_end() {
            "the end of the line".to_owned()
        } else if let Some((word, _)) = self.clone().word() {
            self.advance(word.len());
            format!("`{word}`")
        } else {
            let character = self.rest().chars().next().unwrap_or_default();
            self.advance(character.len_utf8());
            format!("`{}`", character.escape_debug())
        };
        let kind = ErrorKind::Expected { expected: expected.into(), found };
        Fault::new(start..self.at, kind)
    }
}

const NOT_A_NUMBER: &str = "not a number of at most 64 bits: expected decimal digits, 0x and \
    hexadecimal digits, or 0b and binary digits";
const NOT_A_CHARACTER: &str = "expected one ASCII character between the quotes";
const NOT_AN_ESCAPE: &str =
    "expected one of \\n \\t \\r \\0 \\\\ \\\" \\' or \\x and two hexadecimal digits";
const NOT_HEX: &str = "expected octets of two hexadecimal digits each";
