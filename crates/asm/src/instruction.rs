//! Operands of an instruction, in the syntax of the instruction table.

use std::ops::Range;

use jambox_isa::{Fields, Opcode, OperandReader, Reg, Slot};

use crate::alike::most_like;
use crate::cursor::Cursor;
use crate::dialect::Dialect;
use crate::error::{ErrorKind, Fault, What};
use crate::expression::Expression;
use crate::unit::{Operand, Target};

type Operands = (Fields, Vec<Operand>, Option<(Target, Range<usize>)>);

/// Reads the operands of an opcode.
pub(crate) fn parse_operands(
    opcode: Opcode,
    cursor: &mut Cursor<'_>,
    dialect: &Dialect<'_>,
) -> Result<Operands, Fault> {
    let mut reader =
        Reader { cursor, dialect, fields: Fields::default(), values: Vec::new(), target: None };
    opcode.read_operands(&mut reader)?;
    Ok((reader.fields, reader.values, reader.target))
}

struct Reader<'a, 'text> {
    cursor: &'a mut Cursor<'text>,
    dialect: &'a Dialect<'a>,
    fields: Fields,
    values: Vec<Operand>,
    target: Option<(Target, Range<usize>)>,
}

impl OperandReader for Reader<'_, '_> {
    type Error = Fault;

    fn punctuation(&mut self, character: char) -> Result<(), Fault> {
        if self.cursor.take(character) {
            return Ok(());
        }
        Err(self.cursor.unexpected(format!("`{character}`")))
    }

    fn reg(&mut self, slot: Slot) -> Result<(), Fault> {
        let before = self.cursor.clone();
        let word = self.cursor.word();
        let Some(reg) = word.and_then(|(word, _)| word.parse::<Reg>().ok()) else {
            *self.cursor = before;
            return Err(self.cursor.unexpected("a register"));
        };
        self.fields.set_reg(slot, reg);
        Ok(())
    }

    fn value(&mut self, slot: Slot) -> Result<(), Fault> {
        match slot {
            Slot::Target => {
                self.target = Some(parse_target(self.cursor)?);
                return Ok(());
            }
            Slot::HostCall => {
                if let Some((name, span)) = self.cursor.name() {
                    return self.host_call(name, span);
                }
            }
            _ => {}
        }
        let expression = Expression::parse(self.cursor)?;
        self.values.push(Operand { slot, is_displacement: false, expression });
        Ok(())
    }

    fn displacement(&mut self, slot: Slot) -> Result<(), Fault> {
        let is_negative = self.cursor.take('-');
        if !is_negative && !self.cursor.take('+') {
            return Ok(());
        }
        let expression = Expression::parse_signed(self.cursor, is_negative)?;
        self.values.push(Operand { slot, is_displacement: true, expression });
        Ok(())
    }
}

impl Reader<'_, '_> {
    fn host_call(&mut self, name: &str, span: Range<usize>) -> Result<(), Fault> {
        let Some(number) = self.dialect.host_call_number(name) else {
            let known = self.dialect.host_calls.iter().map(|(known, _)| *known);
            let suggestion = most_like(name, known);
            let kind =
                ErrorKind::Unknown { what: What::HostCall, name: name.to_owned(), suggestion };
            return Err(Fault::new(span, kind));
        };
        self.fields
            .set_value(Slot::HostCall, number.into())
            .map_err(|error| Fault::new(span, error))
    }
}

/// Reads a code label, or `@` and a position in the code.
pub(crate) fn parse_target(cursor: &mut Cursor<'_>) -> Result<(Target, Range<usize>), Fault> {
    let start = cursor.position();
    if cursor.take('@') {
        return match cursor.number()? {
            Some((position, span)) => Ok((Target::Position(position), start..span.end)),
            None => Err(cursor.unexpected("a position in the code")),
        };
    }
    match cursor.name() {
        Some((name, span)) => Ok((Target::Label(name.to_owned()), span)),
        None => Err(cursor.unexpected("a code label, or @ and a position")),
    }
}
