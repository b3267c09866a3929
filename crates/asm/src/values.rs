//! Evaluation of the names and expressions of a text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jambox_isa::OutOfRange;
use jambox_program::ZONE_SIZE;

use crate::alike::most_like;
use crate::assembly::Place;
use crate::error::{ErrorKind, Fault, What};
use crate::expression::{Expression, Value};
use crate::limits::MAX_FAULTS;
use crate::unit::{Data, Definition, Meaning, Section, Target};

/// Names of a text, the jump table made by its expressions, and the faults of both.
pub(crate) struct Values {
    names: BTreeMap<String, Definition>,
    read_write_address: u64,
    entries: Vec<Entry>,
    /// First jump-table entry of a piece of code.
    entry_of_piece: BTreeMap<usize, usize>,
    pub(crate) faults: Vec<Fault>,
}

/// An entry of the jump table.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    Piece(usize),
    Position(u64),
}

impl Values {
    pub(crate) fn new(names: BTreeMap<String, Definition>, read_only_length: usize) -> Self {
        let zones = (read_only_length as u64).div_ceil(ZONE_SIZE).saturating_add(2);
        Self {
            names,
            read_write_address: ZONE_SIZE.saturating_mul(zones),
            entries: Vec::new(),
            entry_of_piece: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Evaluates the constants that depend on addresses of data.
    pub(crate) fn settle_constants(&mut self, constants: Vec<(String, Expression)>) {
        for (name, expression) in constants {
            let value = self.evaluate(&expression);
            if let Some(definition) = self.names.get_mut(&name) {
                definition.meaning = Meaning::Constant(Some(value));
            }
        }
    }

    /// Value of an expression; 0 after a fault.
    pub(crate) fn evaluate(&mut self, expression: &Expression) -> i128 {
        expression.evaluate(|value| self.value(value)).unwrap_or_else(|fault| {
            self.faults.push(fault);
            0
        })
    }

    fn value(&mut self, value: &Value) -> Result<i128, ErrorKind> {
        let name = match value {
            Value::Number(number) => return Ok((*number).into()),
            Value::Table(label) => return self.code_label(label).map(|piece| self.entry(piece)),
            Value::Name(name) => name,
        };
        match self.meaning(name)? {
            Meaning::Constant(Some(number)) => Ok(number),
            Meaning::Constant(None) => Err(ErrorKind::NotYetKnown { name: name.clone() }),
            Meaning::Data(section, offset) => Ok(self.data_address(section, offset).into()),
            Meaning::Code(_) => {
                let (found, expected) = (What::CodeLabel, What::Value);
                Err(ErrorKind::WrongKind { name: name.clone(), found, expected })
            }
        }
    }

    fn meaning(&self, name: &str) -> Result<Meaning, ErrorKind> {
        if let Some(definition) = self.names.get(name) {
            return Ok(definition.meaning);
        }
        // After a hundred faults suggestions are left out, since they take time and nobody reads
        // them.
        let known = self.names.keys().filter(|_| self.faults.len() < MAX_FAULTS);
        let suggestion = most_like(name, known.map(String::as_str));
        Err(ErrorKind::Unknown { what: What::Name, name: name.to_owned(), suggestion })
    }

    /// Index of the piece of code after a label.
    fn code_label(&self, name: &str) -> Result<usize, ErrorKind> {
        let found = match self.meaning(name)? {
            Meaning::Code(piece) => return Ok(piece),
            Meaning::Constant(_) => What::Constant,
            Meaning::Data(..) => What::DataLabel,
        };
        Err(ErrorKind::WrongKind { name: name.to_owned(), found, expected: What::CodeLabel })
    }

    /// Address in memory of an octet of data (`eq:memlayout`, 0.7.2).
    pub(crate) fn data_address(&self, section: Section, offset: u32) -> u64 {
        let start = match section {
            Section::ReadWrite => self.read_write_address,
            Section::ReadOnly | Section::Code => ZONE_SIZE,
        };
        start.saturating_add(offset.into())
    }

    /// Place of a target in the code: its label's piece, or its position. A target with a fault
    /// gets position 0.
    pub(crate) fn target(&mut self, target: &Target, span: &Range<usize>) -> Entry {
        let label = match target {
            Target::Position(position) => return Entry::Position(*position),
            Target::Label(label) => label,
        };
        match self.code_label(label) {
            Ok(piece) => Entry::Piece(piece),
            Err(kind) => {
                self.faults.push(Fault::new(span.clone(), kind));
                Entry::Position(0)
            }
        }
    }

    /// Adds an entry to the jump table.
    pub(crate) fn add_entry(&mut self, entry: Entry) {
        if let Entry::Piece(piece) = entry {
            self.entry_of_piece.entry(piece).or_insert(self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Jump-table address of a piece (`eq:jumptablealignment`, 0.7.2).
    ///
    /// If the table has no entry for the piece, one is added.
    fn entry(&mut self, piece: usize) -> i128 {
        if !self.entry_of_piece.contains_key(&piece) {
            self.add_entry(Entry::Piece(piece));
        }
        let index = self.entry_of_piece.get(&piece).copied().unwrap_or_default();
        (index as i128).saturating_add(1).saturating_mul(2)
    }

    /// Octets of a section of data, with its values filled in.
    pub(crate) fn fill(&mut self, data: Data) -> Arc<[u8]> {
        let Data { mut octets, values } = data;
        for value in values {
            let number = self.evaluate(&value.expression);
            let unused = 64_u32.saturating_sub((value.width as u32).saturating_mul(8));
            let least = i64::MIN.wrapping_shr(unused).into();
            let most = u64::MAX.wrapping_shr(unused).into();
            if !(least..=most).contains(&number) {
                let error = OutOfRange { value: number, least, most };
                self.faults.push(Fault::new(value.expression.span, error));
            }
            let places = octets.iter_mut().skip(value.offset).take(value.width);
            for (place, octet) in places.zip(number.to_le_bytes()) {
                *place = octet;
            }
        }
        octets.into()
    }

    /// Entries of the jump table, once all expressions are evaluated.
    pub(crate) fn positions_of_entries(&self, starts: &[u32]) -> Vec<u64> {
        let position = |entry: &Entry| match entry {
            Entry::Position(position) => *position,
            Entry::Piece(piece) => starts.get(*piece).copied().unwrap_or_default().into(),
        };
        self.entries.iter().map(position).collect()
    }

    /// Places of the labels, by name.
    pub(crate) fn labels(&self, starts: &[u32]) -> BTreeMap<String, Place> {
        let place = |meaning| match meaning {
            Meaning::Constant(_) => None,
            Meaning::Code(piece) => starts.get(piece).copied().map(Place::Code),
            Meaning::Data(section, offset) => {
                Some(Place::Data(self.data_address(section, offset) as u32))
            }
        };
        let labels = self.names.iter();
        labels.filter_map(|(name, known)| Some((name.clone(), place(known.meaning)?))).collect()
    }
}
