//! One line of a trace.
//!
//! JIP-7 allows any text before and after the content of a line, so that a node's logger can write
//! it. A line has content if one of its words is a keyword with the mark that always follows it
//! (`program 0x`, `ecalli=7`); the rest of the line must then be well formed. Other lines are
//! skipped.

use crate::{Action, Block, EndKind, SyntaxError, TracedState};

/// Content of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    Comment(String),
    Program(Vec<u8>),
    Start(TracedState),
    Call { number: u64, state: TracedState },
    Action(Action),
    End { kind: EndKind, state: TracedState },
}

impl Line {
    /// The keyword that the line begins with.
    pub(crate) const fn keyword(&self) -> &'static str {
        match self {
            Self::Comment(_) => "comment",
            Self::Program(_) => "program",
            Self::Start(_) => "start",
            Self::Call { .. } => "ecalli",
            Self::Action(Action::Read(_)) => "memread",
            Self::Action(Action::Write(_)) => "memwrite",
            Self::Action(Action::SetRegister { .. }) => "setreg",
            Self::Action(Action::SetGas(_)) => "setgas",
            Self::End { kind: EndKind::Halt, .. } => "HALT",
            Self::End { kind: EndKind::Panic(_), .. } => "PANIC",
            Self::End { kind: EndKind::OutOfGas, .. } => "OOG",
        }
    }

    /// Parses a line; `None` if it has no content. An error has the number of the octet with the
    /// fault.
    pub(crate) fn parse(line: &[u8]) -> Result<Option<Self>, (usize, SyntaxError)> {
        let Some((offset, parse)) = find_keyword(line) else { return Ok(None) };
        let mut cursor = Cursor { line, offset };
        parse(&mut cursor).map(Some)
    }
}

/// True if octets begin as a trace does: its first line with content is a comment or a program. The
/// octets may be cut off anywhere.
#[must_use]
pub fn begins_trace(octets: &[u8]) -> bool {
    // Programs are full of zeros, and no text has any.
    let is_text = !octets.contains(&0);
    let mut keywords = octets.split(|octet| *octet == b'\n').filter_map(|line| {
        let (end, _) = find_keyword(line)?;
        line.get(..end)
    });
    let begins = |line: &[u8]| line.ends_with(b"comment") || line.ends_with(b"program");
    is_text && keywords.next().is_some_and(begins)
}

type Parse = fn(&mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)>;

/// Mark that must follow a keyword.
enum Mark {
    /// The end of the word.
    WordEnd,
    /// A decimal digit.
    Digit,
    /// This text.
    Text(&'static str),
}

impl Mark {
    fn is_at_start_of(&self, rest: &[u8]) -> bool {
        match self {
            Self::WordEnd => rest.first().is_none_or(u8::is_ascii_whitespace),
            Self::Digit => rest.first().is_some_and(u8::is_ascii_digit),
            Self::Text(text) => rest.starts_with(text.as_bytes()),
        }
    }
}

/// Each keyword, its mark, and the parser of the rest of the line.
const KEYWORDS: [(&str, Mark, Parse); 11] = [
    ("comment", Mark::WordEnd, parse_comment),
    ("program", Mark::Text(" 0x"), parse_program),
    ("memwrite", Mark::Text(" 0x"), |cursor| parse_block(cursor, "<-", Action::Write)),
    ("memread", Mark::Text(" 0x"), |cursor| parse_block(cursor, "->", Action::Read)),
    ("start", Mark::Text(" pc="), |cursor| Ok(Line::Start(parse_state(cursor)?))),
    ("ecalli=", Mark::Digit, parse_call),
    ("setreg", Mark::Text(" r"), parse_set_register),
    ("setgas", Mark::Text(" <-"), parse_set_gas),
    ("HALT", Mark::Text(" pc="), |cursor| parse_end(cursor, EndKind::Halt)),
    ("OOG", Mark::Text(" pc="), |cursor| parse_end(cursor, EndKind::OutOfGas)),
    ("PANIC=", Mark::Digit, parse_panic),
];

/// Number of the octet after the first keyword in the line, and the parser of the rest.
fn find_keyword(line: &[u8]) -> Option<(usize, Parse)> {
    let mut start = 0;
    while let Some(rest) = line.get(start..) {
        let found = KEYWORDS.iter().find(|(keyword, mark, _)| {
            let after = rest.strip_prefix(keyword.as_bytes());
            after.is_some_and(|after| mark.is_at_start_of(after))
        });
        if let Some((keyword, _, parse)) = found {
            return Some((start.saturating_add(keyword.len()), *parse));
        }
        let word = rest.iter().position(u8::is_ascii_whitespace)?;
        start = start.saturating_add(word).saturating_add(1);
    }
    None
}

fn parse_comment(cursor: &mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)> {
    Ok(Line::Comment(String::from_utf8_lossy(cursor.rest()).trim().to_owned()))
}

fn parse_program(cursor: &mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)> {
    Ok(Line::Program(cursor.hex_octets()?))
}

fn parse_call(cursor: &mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)> {
    let number = cursor.decimal()?;
    Ok(Line::Call { number, state: parse_state(cursor)? })
}

fn parse_panic(cursor: &mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)> {
    let argument = cursor.decimal()?;
    parse_end(cursor, EndKind::Panic(argument))
}

fn parse_end(cursor: &mut Cursor<'_>, kind: EndKind) -> Result<Line, (usize, SyntaxError)> {
    Ok(Line::End { kind, state: parse_state(cursor)? })
}

fn parse_block(
    cursor: &mut Cursor<'_>,
    arrow: &'static str,
    action: fn(Block) -> Action,
) -> Result<Line, (usize, SyntaxError)> {
    let start = cursor.skip_spaces();
    let address = cursor.hexadecimal(u64::from(u32::MAX))?;
    let length_at = cursor.skip_spaces();
    cursor.literal("len=")?;
    let claimed = cursor.decimal()?;
    cursor.skip_spaces();
    cursor.literal(arrow)?;
    let octets = cursor.hex_octets()?;
    if claimed != octets.len() as u64 {
        let given = octets.len();
        return Err((length_at, SyntaxError::WrongLength { claimed, given }));
    }
    let block = Block { address: u32::try_from(address).unwrap_or(u32::MAX), octets };
    if block.end() > 1 << 32 {
        return Err((start, SyntaxError::BeyondMemory));
    }
    Ok(Line::Action(action(block)))
}

fn parse_set_register(cursor: &mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)> {
    cursor.skip_spaces();
    cursor.literal("r")?;
    let register = cursor.register()?;
    cursor.skip_spaces();
    cursor.literal("<-")?;
    cursor.skip_spaces();
    let value = cursor.hexadecimal(u64::MAX)?;
    Ok(Line::Action(Action::SetRegister { register, value }))
}

fn parse_set_gas(cursor: &mut Cursor<'_>) -> Result<Line, (usize, SyntaxError)> {
    cursor.skip_spaces();
    cursor.literal("<-")?;
    cursor.skip_spaces();
    Ok(Line::Action(Action::SetGas(cursor.decimal()?)))
}

/// `pc=.. gas=..` and registers; text after the last register is the logger's.
fn parse_state(cursor: &mut Cursor<'_>) -> Result<TracedState, (usize, SyntaxError)> {
    cursor.skip_spaces();
    cursor.literal("pc=")?;
    let pc = cursor.decimal()?;
    cursor.skip_spaces();
    cursor.literal("gas=")?;
    let gas = cursor.decimal()?;
    let mut registers = [0; 13];
    let mut shown = [false; 13];
    loop {
        let start = cursor.skip_spaces();
        if !cursor.is_at_register() {
            return Ok(TracedState { pc, gas, registers });
        }
        cursor.literal("r")?;
        let register = cursor.register()?;
        cursor.literal("=")?;
        let value = cursor.hexadecimal(u64::MAX)?;
        let index = usize::from(register);
        if let (Some(to), Some(seen)) = (registers.get_mut(index), shown.get_mut(index)) {
            if std::mem::replace(seen, true) {
                return Err((start, SyntaxError::RepeatedRegister(register)));
            }
            *to = value;
        }
    }
}

struct Cursor<'a> {
    line: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.line.get(self.offset..).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.offset = self.offset.saturating_add(count);
    }

    fn expected<T>(&self, what: &'static str) -> Result<T, (usize, SyntaxError)> {
        Err((self.offset, SyntaxError::Expected(what)))
    }

    /// Moves to the next octet that is no space and returns its offset.
    fn skip_spaces(&mut self) -> usize {
        let spaces = self.rest().iter().take_while(|octet| octet.is_ascii_whitespace()).count();
        self.advance(spaces);
        self.offset
    }

    fn literal(&mut self, text: &'static str) -> Result<(), (usize, SyntaxError)> {
        if !self.rest().starts_with(text.as_bytes()) {
            return self.expected(text);
        }
        self.advance(text.len());
        Ok(())
    }

    fn is_at_register(&self) -> bool {
        matches!(self.rest(), [b'r', b'0'..=b'9', b'0'..=b'9' | b'=', ..])
    }

    fn digits(&mut self, is_digit: impl Fn(&u8) -> bool) -> &'a str {
        let rest = self.rest();
        let count = rest.iter().take_while(|octet| is_digit(octet)).count();
        self.advance(count);
        // Digits are ASCII, so the default is never taken.
        std::str::from_utf8(rest.get(..count).unwrap_or_default()).unwrap_or_default()
    }

    fn decimal(&mut self) -> Result<u64, (usize, SyntaxError)> {
        let start = self.offset;
        let digits = self.digits(u8::is_ascii_digit);
        if digits.is_empty() {
            return self.expected("a decimal number");
        }
        digits.parse().map_err(|_| (start, SyntaxError::TooLarge(u64::MAX)))
    }

    fn hexadecimal(&mut self, limit: u64) -> Result<u64, (usize, SyntaxError)> {
        let start = self.offset;
        self.literal("0x").or_else(|_| self.expected("a hexadecimal number with `0x`"))?;
        let digits = self.digits(u8::is_ascii_hexdigit);
        if digits.is_empty() {
            return self.expected("a hexadecimal digit");
        }
        let number = u64::from_str_radix(digits, 16).ok().filter(|number| *number <= limit);
        number.ok_or((start, SyntaxError::TooLarge(limit)))
    }

    fn register(&mut self) -> Result<u8, (usize, SyntaxError)> {
        let start = self.offset;
        match self.decimal()? {
            number @ 0..=12 => Ok(u8::try_from(number).unwrap_or_default()),
            _ => Err((start, SyntaxError::TooLarge(12))),
        }
    }

    /// Octets in hexadecimal with `0x`, up to the end of the word.
    fn hex_octets(&mut self) -> Result<Vec<u8>, (usize, SyntaxError)> {
        self.skip_spaces();
        self.literal("0x").or_else(|_| self.expected("hexadecimal octets with `0x`"))?;
        let start = self.offset;
        let digits = self.digits(u8::is_ascii_hexdigit);
        if !self.rest().first().is_none_or(u8::is_ascii_whitespace) {
            return self.expected("a hexadecimal digit or a space");
        }
        const_hex::decode(digits)
            .map_err(|_| (start, SyntaxError::Expected("an even number of hexadecimal digits")))
    }
}
