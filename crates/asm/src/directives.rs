//! The directives: words that start with a dot.

use std::ops::Range;

use jambox_isa::OutOfRange;
use jambox_program::CrateInfo;

use crate::alike::most_like;
use crate::assemble::assemble_range;
use crate::cursor::Cursor;
use crate::error::{ErrorKind, Fault, What};
use crate::expression::{Expression, Value};
use crate::instruction::parse_target;
use crate::limits::{MAX_PADDING, MAX_SECTION};
use crate::parser::Parser;
use crate::unit::{Data, DataValue, Kind, Meaning, Piece, PieceKind, Section};

type Read = fn(&mut Parser<'_>, &mut Cursor<'_>, Range<usize>) -> Result<(), Fault>;

/// A directive: its word, and the parser of the rest of its line.
pub(crate) struct Directive {
    pub(crate) name: &'static str,
    /// True for code only, false for data only; `None` for both.
    pub(crate) only_in_code: Option<bool>,
    pub(crate) read: Read,
}

const fn anywhere(name: &'static str, read: Read) -> Directive {
    Directive { name, only_in_code: None, read }
}

const fn in_code(name: &'static str, read: Read) -> Directive {
    Directive { name, only_in_code: Some(true), read }
}

const fn in_data(name: &'static str, read: Read) -> Directive {
    Directive { name, only_in_code: Some(false), read }
}

/// Every directive.
pub(crate) const DIRECTIVES: &[Directive] = &[
    anywhere(".program", program),
    anywhere(".name", |parser, cursor, _| text(cursor).map(|text| info(parser).name = text)),
    anywhere(".version", |parser, cursor, _| text(cursor).map(|text| info(parser).version = text)),
    anywhere(".license", |parser, cursor, _| text(cursor).map(|text| info(parser).license = text)),
    anywhere(".author", |parser, cursor, _| {
        text(cursor).map(|text| info(parser).authors.push(text))
    }),
    anywhere(".revision", revision),
    anywhere(".metadata", |parser, cursor, span| {
        let octets = cursor.hex()?;
        set_once(&mut parser.unit.settings.metadata, octets, ".metadata", span)
    }),
    anywhere(".heap_pages", |parser, cursor, span| {
        let pages = early_value(parser, cursor, u16::MAX.into())?;
        set_once(&mut parser.unit.settings.heap_pages, pages as u16, ".heap_pages", span)
    }),
    anywhere(".stack_size", |parser, cursor, span| {
        let size = early_value(parser, cursor, MAX_SECTION as u32)?;
        set_once(&mut parser.unit.settings.stack_size, size, ".stack_size", span)
    }),
    anywhere(".const", constant),
    anywhere(".code", |parser, _, _| enter(parser, Section::Code)),
    anywhere(".ro", |parser, _, _| enter(parser, Section::ReadOnly)),
    anywhere(".rw", |parser, _, _| enter(parser, Section::ReadWrite)),
    anywhere(".jump_table", jump_table),
    anywhere(".entry_size", |parser, cursor, span| {
        let size = early_value(parser, cursor, u8::MAX.into())?;
        set_once(&mut parser.unit.settings.entry_size, size as u8, ".entry_size", span)
    }),
    anywhere(".zero_entries", |parser, cursor, span| {
        let Some((number, _)) = cursor.number()? else {
            return Err(cursor.unexpected("a number"));
        };
        set_once(&mut parser.unit.settings.zero_entries, number, ".zero_entries", span)
    }),
    in_code(".at", pad_to),
    in_code(".raw", |parser, cursor, span| octets(parser, cursor, span, true)),
    in_code(".unmarked", |parser, cursor, span| octets(parser, cursor, span, false)),
    in_data(".u8", |parser, cursor, _| values(parser, cursor, 1)),
    in_data(".u16", |parser, cursor, _| values(parser, cursor, 2)),
    in_data(".u32", |parser, cursor, _| values(parser, cursor, 4)),
    in_data(".u64", |parser, cursor, _| values(parser, cursor, 8)),
    in_data(".ascii", |parser, cursor, _| {
        let (octets, span) = cursor.string()?;
        append(parser, &octets, &span)
    }),
    in_data(".hex", |parser, cursor, span| {
        let octets = cursor.hex()?;
        append(parser, &octets, &span)
    }),
    in_data(".zero", zeros),
    in_data(".align", align),
    in_data(".nested", nested),
    anywhere(".end", |_, _, span| {
        Err(Fault::new(span, ErrorKind::Malformed("nothing is nested here that `.end` could end")))
    }),
];

fn set_once<T>(
    setting: &mut Option<T>,
    value: T,
    directive: &'static str,
    span: Range<usize>,
) -> Result<(), Fault> {
    match setting.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::new(span, ErrorKind::Twice { directive })),
    }
}

fn enter(parser: &mut Parser<'_>, section: Section) -> Result<(), Fault> {
    parser.section = section;
    Ok(())
}

fn program(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    span: Range<usize>,
) -> Result<(), Fault> {
    let Some((word, word_span)) = cursor.name() else {
        return Err(cursor.unexpected("`bare` or `standard`"));
    };
    let kind = match word {
        "bare" => Kind::Bare,
        "standard" => Kind::Standard,
        _ => {
            let suggestion = most_like(word, ["bare", "standard"]);
            let name = word.to_owned();
            let kind = ErrorKind::Unknown { what: What::ProgramKind, name, suggestion };
            return Err(Fault::new(word_span, kind));
        }
    };
    set_once(&mut parser.unit.settings.kind, kind, ".program", span)
}

fn info<'p>(parser: &'p mut Parser<'_>) -> &'p mut CrateInfo {
    parser.unit.settings.info.get_or_insert_default()
}

fn text(cursor: &mut Cursor<'_>) -> Result<String, Fault> {
    let (octets, span) = cursor.string()?;
    String::from_utf8(octets).map_err(|_| Fault::new(span, ErrorKind::Malformed("not UTF-8")))
}

/// The revision in the program's metadata. The revision of the instruction set is chosen by the
/// assembler's caller.
fn revision(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    _: Range<usize>,
) -> Result<(), Fault> {
    let (octets, span) = cursor.string()?;
    let named = std::str::from_utf8(&octets).ok().and_then(|name| name.parse().ok());
    let expected = "not a revision: expected \"gray-paper-0.7.2\" or \"gray-paper-0.8.0\"";
    let revision = named.ok_or_else(|| Fault::new(span.clone(), ErrorKind::Malformed(expected)))?;
    set_once(&mut info(parser).revision, revision, ".revision", span)
}

fn constant(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    _: Range<usize>,
) -> Result<(), Fault> {
    let Some(word) = cursor.name() else {
        return Err(cursor.unexpected("a name"));
    };
    if !cursor.take(',') {
        return Err(cursor.unexpected("`,`"));
    }
    let expression = Expression::parse(cursor)?;
    let value = expression.evaluate(|value| early(parser, value)).ok();
    let name = word.0.to_owned();
    parser.define(word, Meaning::Constant(value))?;
    if value.is_none() {
        parser.unit.late_constants.push((name, expression));
    }
    Ok(())
}

/// Value of a term before positions are settled.
fn early(parser: &Parser<'_>, value: &Value) -> Result<i128, ErrorKind> {
    let name = match value {
        Value::Number(number) => return Ok((*number).into()),
        Value::Name(name) => name,
        Value::Table(name) => return Err(ErrorKind::NotYetKnown { name: name.clone() }),
    };
    match parser.unit.names.get(name).map(|definition| definition.meaning) {
        Some(Meaning::Constant(Some(number))) => Ok(number),
        _ => Err(ErrorKind::NotYetKnown { name: name.clone() }),
    }
}

/// Reads a value that must be known before positions are settled, from 0 to `most`.
fn early_value(parser: &Parser<'_>, cursor: &mut Cursor<'_>, most: u32) -> Result<u32, Fault> {
    let expression = Expression::parse(cursor)?;
    let value = expression.evaluate(|value| early(parser, value))?;
    match u32::try_from(value) {
        Ok(value) if value <= most => Ok(value),
        _ => {
            let error = OutOfRange { value, least: 0, most: most.into() };
            Err(Fault::new(expression.span, error))
        }
    }
}

fn jump_table(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    _: Range<usize>,
) -> Result<(), Fault> {
    loop {
        parser.unit.jump_table.push(parse_target(cursor)?);
        if !cursor.take(',') {
            return Ok(());
        }
    }
}

fn pad_to(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    span: Range<usize>,
) -> Result<(), Fault> {
    let position = early_value(parser, cursor, MAX_PADDING)?;
    parser.unit.pieces.push(Piece { span, kind: PieceKind::PadTo(position) });
    Ok(())
}

fn octets(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    span: Range<usize>,
    starts_instruction: bool,
) -> Result<(), Fault> {
    if cursor.is_at_end() {
        return Err(cursor.unexpected("hexadecimal digits"));
    }
    let kind = PieceKind::Octets { octets: cursor.hex()?, starts_instruction };
    parser.unit.pieces.push(Piece { span, kind });
    Ok(())
}

fn data<'p>(parser: &'p mut Parser<'_>) -> &'p mut Data {
    match parser.section {
        Section::ReadWrite => &mut parser.unit.read_write,
        Section::ReadOnly | Section::Code => &mut parser.unit.read_only,
    }
}

/// Fails if `more` octets exceed the largest section of data.
fn check_room(parser: &mut Parser<'_>, more: usize, span: &Range<usize>) -> Result<(), Fault> {
    let length = data(parser).octets.len().saturating_add(more);
    if length <= MAX_SECTION {
        return Ok(());
    }
    let kind = ErrorKind::SectionTooLong { section: parser.section.name(), length };
    Err(Fault::new(span.clone(), kind))
}

fn append(parser: &mut Parser<'_>, octets: &[u8], span: &Range<usize>) -> Result<(), Fault> {
    check_room(parser, octets.len(), span)?;
    data(parser).octets.extend_from_slice(octets);
    Ok(())
}

fn append_zeros(parser: &mut Parser<'_>, count: usize, span: &Range<usize>) -> Result<(), Fault> {
    check_room(parser, count, span)?;
    let data = data(parser);
    data.octets.resize(data.octets.len().saturating_add(count), 0);
    Ok(())
}

fn values(parser: &mut Parser<'_>, cursor: &mut Cursor<'_>, width: usize) -> Result<(), Fault> {
    loop {
        let expression = Expression::parse(cursor)?;
        let offset = data(parser).octets.len();
        append_zeros(parser, width, &expression.span)?;
        data(parser).values.push(DataValue { offset, width, expression });
        if !cursor.take(',') {
            return Ok(());
        }
    }
}

fn zeros(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    span: Range<usize>,
) -> Result<(), Fault> {
    let count = early_value(parser, cursor, MAX_SECTION as u32)?;
    append_zeros(parser, count as usize, &span)
}

fn align(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    span: Range<usize>,
) -> Result<(), Fault> {
    let to = early_value(parser, cursor, MAX_SECTION as u32)? as usize;
    let length = data(parser).octets.len();
    let aligned = length.checked_next_multiple_of(to).unwrap_or(length);
    append_zeros(parser, aligned.saturating_sub(length), &span)
}

fn nested(
    parser: &mut Parser<'_>,
    cursor: &mut Cursor<'_>,
    span: Range<usize>,
) -> Result<(), Fault> {
    cursor.finish()?;
    let lines_before = parser.line_number;
    let lines = parser.take_nested(&span)?;
    parser.check_depth(&span)?;
    let depth = parser.depth.saturating_add(1);
    match assemble_range(parser.text, lines, lines_before, parser.dialect, depth) {
        Ok(assembly) => append(parser, &assembly.container.encode(), &span),
        Err(faults) => {
            parser.faults.extend(faults);
            Ok(())
        }
    }
}
