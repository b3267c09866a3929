//! Instructions as text: `add_imm_32 r7, r8, -1`, `load_ind_u32 r7, [r8 + 4]`, `jump @12`.
//!
//! An opcode's [syntax](Opcode::syntax) is the one description of its operands' text; printing and
//! An opcode's [syntax](Opcode::syntax) is the only description of its operands' text; printing and
//! reading both follow it. The length of an encoded immediate is not part of the text.

use core::fmt;
use core::str::FromStr;

use crate::{Fields, Instruction, Opcode, Reg};

/// An operand letter in an opcode's [syntax](Opcode::syntax).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// `a`: register `A`.
    A,
    /// `b`: register `B`.
    B,
    /// `d`: register `D`.
    D,
    /// `x`: immediate `X`.
    X,
    /// `y`: immediate `Y`.
    Y,
    /// `m`: immediate `X` as an absolute memory address.
    Address,
    /// `h`: immediate `X` as the number of a host call.
    HostCall,
    /// `w`: the 64-bit immediate.
    Wide,
    /// `t`: the destination of a jump.
    Target,
}

impl Slot {
    const fn from_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'a' => Self::A,
            'b' => Self::B,
            'd' => Self::D,
            'x' => Self::X,
            'y' => Self::Y,
            'm' => Self::Address,
            'h' => Self::HostCall,
            'w' => Self::Wide,
            't' => Self::Target,
            _ => return None,
        })
    }
}

/// Error: a value outside of its operand's range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{value} does not fit: expected {least} to {most}")]
pub struct OutOfRange {
    /// The value.
    pub value: i128,
    /// The least value that fits.
    pub least: i128,
    /// The largest value that fits.
    pub most: i128,
}

impl Fields {
    /// The register in a register slot; `None` for another slot.
    #[must_use]
    pub const fn reg(&self, slot: Slot) -> Option<Reg> {
        match slot {
            Slot::A => Some(self.a),
            Slot::B => Some(self.b),
            Slot::D => Some(self.d),
            _ => None,
        }
    }

    /// Sets the register of a register slot; does nothing for another slot.
    pub const fn set_reg(&mut self, slot: Slot, reg: Reg) {
        match slot {
            Slot::A => self.a = reg,
            Slot::B => self.b = reg,
            Slot::D => self.d = reg,
            _ => {}
        }
    }

    /// Sets the value of a slot that is no register; does nothing for a register slot.
    ///
    /// A value may be given as signed, or as the unsigned number with the same 64 bits; addresses
    /// and displacements, which count modulo 2^32, also as the unsigned number with the same 32
    /// bits.
    pub fn set_value(&mut self, slot: Slot, value: i128) -> Result<(), OutOfRange> {
        match slot {
            Slot::A | Slot::B | Slot::D => {}
            Slot::X | Slot::HostCall => self.x = immediate(value)?,
            Slot::Y => self.y = immediate(value)?,
            Slot::Address => self.x = modular(value)?,
            Slot::Wide => {
                check(value, i64::MIN.into(), u64::MAX.into())?;
                self.wide = value as u64;
            }
            Slot::Target => {
                check(value, 0, u32::MAX.into())?;
                self.target = value as u32;
            }
        }
        Ok(())
    }

    /// Sets the displacement in slot `X` or `Y`, the number added to a register modulo 2^32.
    pub fn set_displacement(&mut self, slot: Slot, value: i128) -> Result<(), OutOfRange> {
        let value = modular(value)?;
        self.set_value(slot, value.into())
    }
}

fn check(value: i128, least: i128, most: i128) -> Result<(), OutOfRange> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(OutOfRange { value, least, most }) }
}

fn immediate(value: i128) -> Result<i32, OutOfRange> {
    let signed = match u64::try_from(value) {
        Ok(bits) => i128::from(bits as i64),
        Err(_) => value,
    };
    check(signed, i32::MIN.into(), i32::MAX.into())
        .map_err(|error| OutOfRange { value, ..error })?;
    Ok(signed as i32)
}

fn modular(value: i128) -> Result<i32, OutOfRange> {
    if let Ok(bits) = u32::try_from(value) { Ok(bits as i32) } else { immediate(value) }
}

/// A reader of an instruction's operands, called in the order of the opcode's syntax.
pub trait OperandReader {
    /// Error of the reader.
    type Error;

    /// Reads exactly this character.
    fn punctuation(&mut self, character: char) -> Result<(), Self::Error>;

    /// Reads a register into a slot.
    fn reg(&mut self, slot: Slot) -> Result<(), Self::Error>;

    /// Reads a value into a slot.
    fn value(&mut self, slot: Slot) -> Result<(), Self::Error>;

    /// Reads ` + value`, ` - value` or, for 0, nothing into a slot.
    fn displacement(&mut self, slot: Slot) -> Result<(), Self::Error>;
}

impl Opcode {
    /// Reads the operands in this opcode's syntax.
    pub fn read_operands<R: OperandReader>(self, reader: &mut R) -> Result<(), R::Error> {
        let mut letters = self.syntax().chars().filter(|letter| *letter != ' ');
        while let Some(letter) = letters.next() {
            match Slot::from_letter(letter) {
                Some(slot @ (Slot::A | Slot::B | Slot::D)) => reader.reg(slot)?,
                Some(slot) => reader.value(slot)?,
                None if letter == '+' => {
                    if let Some(slot) = letters.next().and_then(Slot::from_letter) {
                        reader.displacement(slot)?;
                    }
                }
                None => reader.punctuation(letter)?,
            }
        }
        Ok(())
    }
}

/// Text of host-call numbers and jump targets.
pub trait Names {
    /// Writes a jump's target.
    fn target(&self, target: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{target}")
    }

    /// Writes a host call's number.
    fn host_call(&self, number: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{number}")
    }
}

/// [`Names`] in plain numbers.
#[derive(Clone, Copy, Debug)]
pub struct Numbers;

impl Names for Numbers {}

/// An instruction's text with chosen [`Names`].
#[derive(Clone, Copy, Debug)]
pub struct Display<'a, N> {
    instruction: Instruction,
    names: &'a N,
}

impl Instruction {
    /// The instruction's text. `names` writes the jump targets and host calls.
    pub const fn display<N: Names>(self, names: &N) -> Display<'_, N> {
        Display { instruction: self, names }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display(&Numbers).fmt(f)
    }
}

impl<N: Names> fmt::Display for Display<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opcode = self.instruction.opcode();
        let fields = self.instruction.fields();
        f.write_str(opcode.mnemonic())?;
        if !opcode.syntax().is_empty() {
            f.write_str(" ")?;
        }
        let mut letters = opcode.syntax().chars();
        while let Some(letter) = letters.next() {
            match Slot::from_letter(letter) {
                Some(Slot::A) => write!(f, "{}", fields.a)?,
                Some(Slot::B) => write!(f, "{}", fields.b)?,
                Some(Slot::D) => write!(f, "{}", fields.d)?,
                Some(Slot::X) => write_signed(f, fields.x)?,
                Some(Slot::Y) => write_signed(f, fields.y)?,
                Some(Slot::Address) => write!(f, "{:#x}", fields.x)?,
                Some(Slot::HostCall) => self.names.host_call(fields.x, f)?,
                Some(Slot::Wide) => write!(f, "{:#x}", fields.wide)?,
                Some(Slot::Target) => self.names.target(fields.target, f)?,
                None if letter == '+' => {
                    let is_y = letters.next() == Some('y');
                    write_displacement(f, if is_y { fields.y } else { fields.x })?;
                }
                None => write!(f, "{letter}")?,
            }
        }
        Ok(())
    }
}

/// Writes small numbers, most often counts, in decimal and large ones, most often addresses and
/// masks, in hexadecimal.
fn write_magnitude(f: &mut fmt::Formatter<'_>, magnitude: u32) -> fmt::Result {
    if magnitude < 4096 { write!(f, "{magnitude}") } else { write!(f, "{magnitude:#x}") }
}

fn write_signed(f: &mut fmt::Formatter<'_>, value: i32) -> fmt::Result {
    if value < 0 {
        f.write_str("-")?;
    }
    write_magnitude(f, value.unsigned_abs())
}

fn write_displacement(f: &mut fmt::Formatter<'_>, value: i32) -> fmt::Result {
    match value {
        0 => return Ok(()),
        ..0 => f.write_str(" - ")?,
        1.. => f.write_str(" + ")?,
    }
    write_magnitude(f, value.unsigned_abs())
}

/// Error of reading an instruction: its place and kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at character {at}: {kind}")]
pub struct ParseInstructionError {
    /// Octet of the text at which reading stopped.
    pub at: usize,
    /// The kind of fault.
    pub kind: ParseErrorKind,
}

/// Kind of fault in an instruction's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseErrorKind {
    /// No opcode has this name.
    #[error("expected the name of an instruction")]
    Mnemonic,
    /// A register is missing.
    #[error("expected a register")]
    Reg,
    /// A number is missing, or does not fit in 64 bits.
    #[error("expected a number")]
    Number,
    /// A number is outside of its operand's range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// Punctuation is missing.
    #[error("expected '{0}'")]
    Punctuation(char),
    /// Something follows the instruction.
    #[error("expected the end")]
    Trailing,
}

impl FromStr for Instruction {
    type Err = ParseInstructionError;

    /// Reads the text of [`Display`](fmt::Display); numbers may be decimal, `0x..` or `0b..`, with
    /// underscores.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scanner = Scanner { text, at: 0, fields: Fields::default() };
        let start = scanner.skip_spaces();
        let opcode = Opcode::from_mnemonic(scanner.word())
            .ok_or(ParseInstructionError { at: start, kind: ParseErrorKind::Mnemonic })?;
        opcode.read_operands(&mut scanner)?;
        let end = scanner.skip_spaces();
        if end < text.len() {
            return Err(ParseInstructionError { at: end, kind: ParseErrorKind::Trailing });
        }
        Ok(Self::from_fields(opcode, scanner.fields))
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    fields: Fields,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, octets: usize) {
        self.at = self.at.saturating_add(octets);
    }

    fn skip_spaces(&mut self) -> usize {
        let rest = self.rest();
        self.advance(rest.len().saturating_sub(rest.trim_start().len()));
        self.at
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        self.advance(length);
        rest.get(..length).unwrap_or_default()
    }

    fn take(&mut self, character: char) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(character);
        if found {
            self.advance(character.len_utf8());
        }
        found
    }

    fn number(&mut self) -> Result<i128, ParseInstructionError> {
        let negative = self.take('-');
        let at = self.skip_spaces();
        let magnitude = parse_number(self.word())
            .ok_or(ParseInstructionError { at, kind: ParseErrorKind::Number })?;
        let magnitude = i128::from(magnitude);
        Ok(if negative { magnitude.wrapping_neg() } else { magnitude })
    }
}

/// Reads a number without a sign: decimal, `0x..` or `0b..`, with underscores between digits.
#[must_use]
pub fn parse_number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.get(..2) {
        Some("0x") => (text.get(2..)?, 16),
        Some("0b") => (text.get(2..)?, 2),
        _ => (text, 10),
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    digits.chars().filter(|digit| *digit != '_').try_fold(0_u64, |number, digit| {
        number.checked_mul(radix.into())?.checked_add(digit.to_digit(radix)?.into())
    })
}

impl OperandReader for Scanner<'_> {
    type Error = ParseInstructionError;

    fn punctuation(&mut self, character: char) -> Result<(), Self::Error> {
        if self.take(character) {
            return Ok(());
        }
        Err(ParseInstructionError { at: self.at, kind: ParseErrorKind::Punctuation(character) })
    }

    fn reg(&mut self, slot: Slot) -> Result<(), Self::Error> {
        let at = self.skip_spaces();
        let reg = self
            .word()
            .parse()
            .map_err(|_| ParseInstructionError { at, kind: ParseErrorKind::Reg })?;
        self.fields.set_reg(slot, reg);
        Ok(())
    }

    fn value(&mut self, slot: Slot) -> Result<(), Self::Error> {
        if slot == Slot::Target {
            self.punctuation('@')?;
        }
        let at = self.skip_spaces();
        let value = self.number()?;
        self.fields
            .set_value(slot, value)
            .map_err(|error| ParseInstructionError { at, kind: error.into() })
    }

    fn displacement(&mut self, slot: Slot) -> Result<(), Self::Error> {
        let negative = self.take('-');
        if !negative && !self.take('+') {
            return Ok(());
        }
        let at = self.skip_spaces();
        let value = self.number()?;
        let value = if negative { value.wrapping_neg() } else { value };
        self.fields
            .set_displacement(slot, value)
            .map_err(|error| ParseInstructionError { at, kind: error.into() })
    }
}
