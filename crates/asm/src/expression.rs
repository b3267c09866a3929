//! Values written as sums: `greeting + 2`, `end - start`, `table(handler)`.

use std::ops::Range;

use jambox_isa::Reg;

use crate::cursor::Cursor;
use crate::error::{ErrorKind, Fault};

/// A sum of terms.
#[derive(Debug)]
pub(crate) struct Expression {
    terms: Vec<Term>,
    pub(crate) span: Range<usize>,
}

#[derive(Debug)]
struct Term {
    is_negative: bool,
    value: Value,
    span: Range<usize>,
}

/// Value of a term.
#[derive(Debug)]
pub(crate) enum Value {
    /// The number itself.
    Number(u64),
    /// A constant or the address of data.
    Name(String),
    /// The jump-table address of a code label, for dynamic jumps.
    Table(String),
}

impl Expression {
    /// Reads a sum, which may begin with a sign.
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let start = cursor.position();
        let is_negative = cursor.take('-');
        let expression = Self::parse_signed(cursor, is_negative)?;
        Ok(Self { span: start..expression.span.end, ..expression })
    }

    /// Reads a sum whose sign has been read.
    pub(crate) fn parse_signed(
        cursor: &mut Cursor<'_>,
        mut is_negative: bool,
    ) -> Result<Self, Fault> {
        let start = cursor.position();
        let mut terms = Vec::new();
        loop {
            let is_negated = is_negative != cursor.take('-');
            let (value, span) = parse_value(cursor)?;
            terms.push(Term { is_negative: is_negated, value, span });
            is_negative = if cursor.take('+') {
                false
            } else if cursor.take('-') {
                true
            } else {
                return Ok(Self { terms, span: start..cursor.end_of_last() });
            };
        }
    }

    /// Sum of the terms, each evaluated by `value_of`.
    pub(crate) fn evaluate(
        &self,
        mut value_of: impl FnMut(&Value) -> Result<i128, ErrorKind>,
    ) -> Result<i128, Fault> {
        let mut sum = 0_i128;
        for term in &self.terms {
            let value =
                value_of(&term.value).map_err(|kind| Fault::new(term.span.clone(), kind))?;
            // Overflow would take 2^62 terms of 65 bits, more than any text has.
            sum = if term.is_negative { sum.wrapping_sub(value) } else { sum.wrapping_add(value) };
        }
        Ok(sum)
    }
}

fn parse_value(cursor: &mut Cursor<'_>) -> Result<(Value, Range<usize>), Fault> {
    if let Some((number, span)) = cursor.number()? {
        return Ok((Value::Number(number), span));
    }
    let before = cursor.clone();
    let Some((name, span)) = cursor.name() else {
        return Err(cursor.unexpected("a value"));
    };
    if name.parse::<Reg>().is_ok() {
        *cursor = before;
        return Err(cursor.unexpected("a value, not a register"));
    }
    if name != "table" || !cursor.take('(') {
        return Ok((Value::Name(name.to_owned()), span));
    }
    let Some((label, _)) = cursor.name() else {
        return Err(cursor.unexpected("a code label"));
    };
    if !cursor.take(')') {
        return Err(cursor.unexpected("`)`"));
    }
    Ok((Value::Table(label.to_owned()), span.start..cursor.end_of_last()))
}
