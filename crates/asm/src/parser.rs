//! Parsing of a text, line by line.

use std::ops::Range;

use jambox_isa::{Opcode, Reg};

use crate::alike::most_like;
use crate::cursor::{Cursor, Word};
use crate::dialect::Dialect;
use crate::directives::{DIRECTIVES, Directive};
use crate::error::{ErrorKind, Fault, What};
use crate::instruction::parse_operands;
use crate::limits::{MAX_FAULTS, MAX_NESTING};
use crate::unit::{Definition, InstructionText, Meaning, Piece, PieceKind, Section, Unit};

/// State of parsing a text.
pub(crate) struct Parser<'a> {
    pub(crate) text: &'a str,
    pub(crate) dialect: &'a Dialect<'a>,
    /// Depth of nested programs.
    pub(crate) depth: usize,
    pub(crate) section: Section,
    pub(crate) unit: Unit,
    pub(crate) faults: Vec<Fault>,
    /// Octets of the remaining lines.
    lines: Range<usize>,
    /// Number of the present line.
    pub(crate) line_number: usize,
}

/// Parses a part of a text, to its end unless it has too many errors.
pub(crate) fn parse<'a>(
    text: &'a str,
    lines: Range<usize>,
    lines_before: usize,
    dialect: &'a Dialect<'a>,
    depth: usize,
) -> (Unit, Vec<Fault>) {
    let mut parser = Parser {
        text,
        dialect,
        depth,
        section: Section::Code,
        unit: Unit::default(),
        faults: Vec::new(),
        lines,
        line_number: lines_before,
    };
    while parser.faults.len() < MAX_FAULTS
        && let Some(line) = parser.take_line()
    {
        if let Err(fault) = parser.line(&mut Cursor::new(text, line)) {
            parser.faults.push(fault);
        }
    }
    (parser.unit, parser.faults)
}

impl<'a> Parser<'a> {
    /// Octets of the next line, without its line break.
    fn take_line(&mut self) -> Option<Range<usize>> {
        let start = self.lines.start;
        let rest = self.text.get(self.lines.clone()).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').unwrap_or(rest.len());
        let end = start.saturating_add(length);
        self.lines.start = end.saturating_add(1).min(self.lines.end);
        self.line_number = self.line_number.saturating_add(1);
        Some(start..end)
    }

    fn line(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        loop {
            if cursor.is_at_end() {
                return Ok(());
            }
            if let Some(directive) = cursor.dotted_word() {
                return self.directive(directive, cursor);
            }
            let Some(word) = cursor.name() else {
                return Err(cursor.unexpected("a label, an instruction or a directive"));
            };
            if !cursor.take(':') {
                return self.instruction(word, cursor);
            }
            let meaning = self.here();
            self.define(word, meaning)?;
        }
    }

    /// Meaning of a label at this place.
    fn here(&self) -> Meaning {
        match self.section {
            Section::Code => Meaning::Code(self.unit.pieces.len()),
            Section::ReadOnly => {
                Meaning::Data(self.section, self.unit.read_only.octets.len() as u32)
            }
            Section::ReadWrite => {
                Meaning::Data(self.section, self.unit.read_write.octets.len() as u32)
            }
        }
    }

    /// Defines a name.
    pub(crate) fn define(&mut self, word: Word<'_>, meaning: Meaning) -> Result<(), Fault> {
        let (name, span) = word;
        if name.parse::<Reg>().is_ok() {
            return Err(Fault::new(span, ErrorKind::Reserved { name: name.to_owned() }));
        }
        if let Some(other) = self.unit.names.get(name) {
            let (name, line) = (name.to_owned(), other.line);
            return Err(Fault::new(span, ErrorKind::Defined { name, line }));
        }
        let definition = Definition { line: self.line_number, meaning };
        self.unit.names.insert(name.to_owned(), definition);
        Ok(())
    }

    fn instruction(&mut self, word: Word<'a>, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        let (mnemonic, span) = word;
        let Some(opcode) = Opcode::from_mnemonic(mnemonic) else {
            return Err(Fault::new(span, self.unknown_instruction(mnemonic)));
        };
        let revision = self.dialect.set.revision();
        if opcode.octet(revision).is_none() {
            let kind = ErrorKind::NotInRevision { mnemonic: opcode.mnemonic(), revision };
            return Err(Fault::new(span, kind));
        }
        if self.section != Section::Code {
            return Err(self.misplaced(format!("instruction `{mnemonic}`"), span, "`.code`"));
        }
        let (fields, values, target) = parse_operands(opcode, cursor, self.dialect)?;
        cursor.finish()?;
        let kind = PieceKind::Instruction(InstructionText { opcode, fields, values, target });
        let span = span.start..cursor.end_of_last();
        self.unit.pieces.push(Piece { span, kind });
        Ok(())
    }

    fn unknown_instruction(&self, mnemonic: &str) -> ErrorKind {
        let known = self.dialect.set.iter().map(Opcode::mnemonic);
        ErrorKind::Unknown {
            what: What::Instruction,
            name: mnemonic.to_owned(),
            suggestion: most_like(mnemonic, known),
        }
    }

    /// The fault of a statement in the wrong section.
    pub(crate) fn misplaced(
        &self,
        found: String,
        span: Range<usize>,
        expected: &'static str,
    ) -> Fault {
        let section = self.section.name();
        Fault::new(span, ErrorKind::WrongSection { found, section, expected })
    }

    fn directive(&mut self, word: Word<'a>, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        let (name, span) = word;
        let Some(directive) = DIRECTIVES.iter().find(|directive| directive.name == name) else {
            let known = DIRECTIVES.iter().map(|directive| directive.name);
            let suggestion = most_like(name, known);
            let kind =
                ErrorKind::Unknown { what: What::Directive, name: name.to_owned(), suggestion };
            return Err(Fault::new(span, kind));
        };
        self.check_section(directive, span.clone())?;
        (directive.read)(self, cursor, span)?;
        cursor.finish()
    }

    fn check_section(&self, directive: &Directive, span: Range<usize>) -> Result<(), Fault> {
        let is_code = self.section == Section::Code;
        match directive.only_in_code {
            Some(true) if !is_code => {
                Err(self.misplaced(format!("`{}`", directive.name), span, "`.code`"))
            }
            Some(false) if is_code => {
                Err(self.misplaced(format!("`{}`", directive.name), span, "`.ro` or `.rw`"))
            }
            _ => Ok(()),
        }
    }

    /// Takes the lines up to the `.end` of a nested program.
    pub(crate) fn take_nested(&mut self, span: &Range<usize>) -> Result<Range<usize>, Fault> {
        let start = self.lines.start;
        let mut open = 1_usize;
        while let Some(line) = self.take_line() {
            let end = line.start;
            match leading_directive(&mut Cursor::new(self.text, line)) {
                Some(".nested") => open = open.saturating_add(1),
                Some(".end") => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return Ok(start..end);
            }
        }
        Err(Fault::new(span.clone(), ErrorKind::Malformed("the `.end` of this is missing")))
    }

    /// Fails if a nested program here would exceed the largest depth.
    pub(crate) fn check_depth(&self, span: &Range<usize>) -> Result<(), Fault> {
        if self.depth < MAX_NESTING {
            return Ok(());
        }
        let kind =
            ErrorKind::Malformed("programs are nested too deeply: expected at most 8 levels");
        Err(Fault::new(span.clone(), kind))
    }
}

/// The directive of a line, after its labels.
fn leading_directive<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    loop {
        if let Some((name, _)) = cursor.dotted_word() {
            return Some(name);
        }
        cursor.name()?;
        if !cursor.take(':') {
            return None;
        }
    }
}
