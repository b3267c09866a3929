//! TOML tables with places.
//!
//! A [`Section`] returns a table's values by key. The keys asked for are the keys it knows: the
//! list of keys, the check for unknown keys and the suggestions cannot diverge.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use jambox_types::Revision;

use crate::placed::{Place, Placed};
use crate::problem::ProblemKind;
use crate::problems::Problems;
use crate::value::Value;
use crate::written::Written;

/// A table in the course of reading.
pub(crate) struct Section<'a> {
    table: &'a DeTable<'a>,
    place: Place,
    name: String,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    pub(crate) fn new(
        table: &'a DeTable<'a>,
        place: Place,
        name: impl Into<String>,
        problems: &'a Problems,
    ) -> Self {
        Self { table, place, name: name.into(), known: Vec::new(), problems }
    }

    /// Value of an optional key.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Entry<'a>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        let value = self.table.get(key)?;
        read(Entry { key: key.to_owned(), value, problems: self.problems })
    }

    /// Value of a required key. Its absence is a problem.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Entry<'a>) -> Option<T>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            let section = self.name.clone();
            self.problems.add(self.place.clone(), ProblemKind::MissingKey { key, section });
        }
        self.optional(key, read)
    }

    /// Section under a required key of the file itself.
    pub(crate) fn required_section<T>(
        &mut self,
        key: &'static str,
        heading: &'static str,
        read: impl FnOnce(Entry<'a>) -> Option<T>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.problems.add(self.place.clone(), ProblemKind::MissingSection { heading });
        }
        self.optional(key, read)
    }

    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// True if a key is there, with any value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Entries whose keys are names chosen by the user, in the order of the file.
    pub(crate) fn names(self) -> Vec<(Placed<String>, Entry<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                let name = Placed { value: key.get_ref().to_string(), place: key.span() };
                (name, Entry { key: key.get_ref().to_string(), value, problems: self.problems })
            })
            .collect();
        entries.sort_by_key(|(name, _)| name.place.start);
        entries
    }

    /// Reports the keys that were not asked for.
    pub(crate) fn finish(self) {
        for key in self.table.keys() {
            if !self.known.contains(&key.get_ref().as_ref()) {
                self.problems.add(
                    key.span(),
                    ProblemKind::UnknownKey {
                        key: key.get_ref().to_string(),
                        section: self.name.clone(),
                        known: self.known.clone(),
                    },
                );
            }
        }
    }
}

/// A key's value in the course of reading.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    key: String,
    value: &'a Spanned<DeValue<'a>>,
    problems: &'a Problems,
}

impl<'a> Entry<'a> {
    fn place(&self) -> Place {
        self.value.span()
    }

    fn placed<T>(&self, value: T) -> Placed<T> {
        Placed { value, place: self.place() }
    }

    fn wrong_type<T>(&self, expected: &'static str) -> Option<T> {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let key = self.key.clone();
        self.problems.add(self.place(), ProblemKind::WrongType { key, expected, found });
        None
    }

    /// A string.
    pub(crate) fn text(self) -> Option<Placed<String>> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(self.placed(text.to_string())),
            _ => self.wrong_type("a string"),
        }
    }

    /// A natural number within the range of its type.
    pub(crate) fn natural<T: TryFrom<u64> + Width>(self) -> Option<Placed<T>> {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return self.wrong_type("a whole number");
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let (key, found) = (self.key.clone(), integer.to_string());
            let kind = ProblemKind::OutOfRange { key, found, maximum: T::MAXIMUM };
            self.problems.add(self.place(), kind);
        }
        number.map(|number| self.placed(number))
    }

    /// Octets: a string in the forms of [`Value`], a list of strings to be concatenated, or a table
    /// of values by revision.
    pub(crate) fn value(self) -> Option<Placed<Value>> {
        if self.is_table() {
            return self.value_by_revision();
        }
        if matches!(self.value.get_ref(), DeValue::Array(_)) {
            let whole = self.clone();
            let parts = self.list(Entry::value)?;
            let parts = parts.into_iter().map(|part| part.value).collect();
            return Some(whole.placed(Value::Parts(parts)));
        }
        let DeValue::String(written) = self.value.get_ref() else {
            return self.wrong_type("a string \"text:...\", \"hex:...\" or \"file:...\"");
        };
        match written.parse() {
            Ok(value) => Some(self.placed(value)),
            Err(error) => {
                let problem = ProblemKind::of_value(self.key.clone(), written, error);
                self.problems.add(self.place(), problem);
                None
            }
        }
    }

    /// A table with one value for each of several revisions.
    fn value_by_revision(self) -> Option<Placed<Value>> {
        let whole = self.clone();
        self.table(format!("the table `{}`", whole.key), |section| {
            let mut values = Vec::new();
            for revision in Revision::ALL {
                let value = section.optional(revision.name(), Entry::value);
                values.extend(value.map(|value| (revision, value.value)));
            }
            Some(whole.placed(Value::ByRevision(values)))
        })
    }

    /// The value as written, without a type.
    pub(crate) fn written(&self) -> Placed<Written> {
        written(self.value)
    }

    /// A hash: octets without a file, 32 of them.
    pub(crate) fn hash(self) -> Option<Placed<[u8; 32]>> {
        let entry = self.clone();
        let value = self.value()?;
        match value.value {
            Value::Octets(octets) => match <[u8; 32]>::try_from(octets.as_slice()) {
                Ok(hash) => Some(entry.placed(hash)),
                Err(_) => {
                    let (key, found) = (entry.key.clone(), octets.len());
                    let kind = ProblemKind::WrongLength { key, expected: 32, found };
                    entry.problems.add(entry.place(), kind);
                    None
                }
            },
            _ => entry.wrong_type("a hash \"hex:...\""),
        }
    }

    /// A list. Elements with problems are omitted.
    pub(crate) fn list<T>(self, mut read: impl FnMut(Entry<'a>) -> Option<T>) -> Option<Vec<T>> {
        let DeValue::Array(array) = self.value.get_ref() else {
            return self.wrong_type("a list");
        };
        let entry = |(index, value)| Entry {
            key: format!("{}[{index}]", self.key),
            value,
            problems: self.problems,
        };
        Some(array.iter().enumerate().map(entry).filter_map(&mut read).collect())
    }

    /// A table, read as a section.
    pub(crate) fn section(self, name: impl Into<String>) -> Option<Section<'a>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Some(Section::new(table, self.place(), name, self.problems)),
            _ => self.wrong_type("a table"),
        }
    }

    /// Reads a table as a section. A key that `read` does not ask for is a problem, so `read` asks
    /// for all keys before it ends for the lack of one.
    pub(crate) fn table<T>(
        self,
        name: impl Into<String>,
        read: impl FnOnce(&mut Section<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut section = self.section(name)?;
        let value = read(&mut section);
        section.finish();
        value
    }

    /// True for a table of values by revision, for keys that take other tables too.
    pub(crate) fn is_by_revision(&self) -> bool {
        let DeValue::Table(table) = self.value.get_ref() else { return false };
        Revision::ALL.iter().any(|revision| table.contains_key(revision.name()))
    }

    /// True for a table, for keys with a short and a long form.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// True for a number, for keys that take a number or a word.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Integer(_))
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

/// The recursion is limited by the TOML parser's own limit of nesting.
fn written(value: &Spanned<DeValue<'_>>) -> Placed<Written> {
    let written = match value.get_ref() {
        DeValue::String(text) => Written::Text(text.to_string()),
        DeValue::Integer(integer) => Written::Integer(integer.as_str().to_owned(), integer.radix()),
        DeValue::Boolean(is) => Written::Boolean(*is),
        DeValue::Array(items) => Written::List(items.iter().map(written).collect()),
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
                (Placed { value: key.get_ref().to_string(), place: key.span() }, written(value))
            };
            let mut entries: Vec<_> = table.iter().map(entry).collect();
            entries.sort_by_key(|(name, _)| name.place.start);
            Written::Table(entries)
        }
        DeValue::Float(_) | DeValue::Datetime(_) => Written::Other,
    };
    Placed { value: written, place: value.span() }
}

/// Largest number of a type, for messages.
pub(crate) trait Width {
    const MAXIMUM: u64;
}

impl Width for u16 {
    const MAXIMUM: u64 = u16::MAX as u64;
}
impl Width for u32 {
    const MAXIMUM: u64 = u32::MAX as u64;
}
impl Width for u64 {
    const MAXIMUM: u64 = u64::MAX;
}
