//! The encoding of payloads by the description of their types.

use jambox_codec::encode_natural;
use jambox_types::Revision;

use crate::description::{Kind, in_lines};
use crate::placed::{Place, Placed};
use crate::problem::ProblemKind;
use crate::problems::Problems;
use crate::sources::Sources;
use crate::value::Value;
use crate::written::Written;

/// Encodes values by their types.
pub(crate) struct Encoder<'a> {
    sources: &'a Sources<'a>,
    out: Vec<u8>,
}

type Named<'w> = (&'w str, &'w Placed<Written>);

impl<'a> Encoder<'a> {
    /// Encodes a value; `None` and problems if it is not of the type.
    pub(crate) fn encode(
        sources: &'a Sources<'a>,
        kind: &Kind,
        value: &Placed<Written>,
    ) -> Option<Vec<u8>> {
        let mut encoder = Self { sources, out: Vec::new() };
        encoder.put("payload", kind, value)?;
        Some(encoder.out)
    }

    fn problems(&self) -> &'a Problems {
        self.sources.problems
    }

    fn refuse<T>(&self, key: &str, kind: &Kind, value: &Placed<Written>) -> Option<T> {
        let (key, expected) = (key.to_owned(), kind.expected());
        let problem = ProblemKind::NotOfType { key, expected, found: value.value.name() };
        self.problems().add(value.place.clone(), problem);
        None
    }

    fn put(&mut self, key: &str, kind: &Kind, value: &Placed<Written>) -> Option<()> {
        match (kind, &value.value) {
            (Kind::Option(inner), _) => {
                self.out.push(1);
                self.put(key, inner, value)
            }
            (Kind::Sequence(item), Written::Text(text)) if **item == Kind::Unsigned(1) => {
                let octets = self.octets(text, &value.place, key)?;
                self.counted(&octets);
                Some(())
            }
            (Kind::Array(item, count), Written::Text(text)) if **item == Kind::Unsigned(1) => {
                self.octets_of_length(*count, text, &value.place, key)
            }
            (_, Written::List(items)) => self.list(key, kind, items, value),
            (_, Written::Table(entries)) => match by_revision(entries) {
                Some(values) => {
                    let own = self.sources.of_revision(values.into_iter(), &value.place)?;
                    self.put(key, kind, own)
                }
                None => self.table(key, kind, entries, value),
            },
            (Kind::Enum(variants), Written::Text(word)) => {
                let word = Placed { value: word.clone(), place: value.place.clone() };
                self.variant(variants, &word, Vec::new(), value)
            }
            _ => self.scalar(key, kind, value),
        }
    }

    fn scalar(&mut self, key: &str, kind: &Kind, value: &Placed<Written>) -> Option<()> {
        match (kind, &value.value) {
            (Kind::Bool, Written::Boolean(is)) => self.out.push(u8::from(*is)),
            (Kind::Text, Written::Text(text)) => self.counted(text.as_bytes()),
            (_, Written::Integer(digits, base)) => {
                let (digits, base) = (digits.as_str(), *base);
                let octets = match kind {
                    Kind::Unsigned(octets) => {
                        u128::from_str_radix(digits, base).ok().and_then(|it| fits(it, *octets))
                    }
                    Kind::Signed(octets) => {
                        let number = i128::from_str_radix(digits, base).ok();
                        number.and_then(|it| fits_signed(it, *octets))
                    }
                    Kind::Natural => u64::from_str_radix(digits, base).ok().map(natural),
                    _ => None,
                };
                match octets {
                    Some(octets) => self.out.extend_from_slice(&octets),
                    None => return self.refuse(key, kind, value),
                }
            }
            _ => return self.refuse(key, kind, value),
        }
        Some(())
    }

    fn list(
        &mut self,
        key: &str,
        kind: &Kind,
        items: &[Placed<Written>],
        whole: &Placed<Written>,
    ) -> Option<()> {
        let count = items.len() as u64;
        match kind {
            Kind::Sequence(item) => {
                encode_natural(count, &mut self.out);
                items.iter().try_for_each(|value| self.put(key, item, value))
            }
            Kind::Map(first, second) => {
                encode_natural(count, &mut self.out);
                let pair = Kind::Tuple(vec![(**first).clone(), (**second).clone()]);
                items.iter().try_for_each(|value| self.put(key, &pair, value))
            }
            Kind::Array(item, length) if items.len() == *length => {
                items.iter().try_for_each(|value| self.put(key, item, value))
            }
            Kind::Tuple(kinds) if items.len() == kinds.len() => {
                let mut all = kinds.iter().zip(items);
                all.try_for_each(|(kind, value)| self.put(key, kind, value))
            }
            _ => self.refuse(key, kind, whole),
        }
    }

    fn table(
        &mut self,
        key: &str,
        kind: &Kind,
        entries: &[(Placed<String>, Placed<Written>)],
        whole: &Placed<Written>,
    ) -> Option<()> {
        match (kind, entries) {
            (Kind::Result(ok, _), [(name, value)]) if name.value == "ok" => {
                self.out.push(0);
                self.put("ok", ok, value)
            }
            (Kind::Result(_, err), [(name, value)]) if name.value == "err" => {
                self.out.push(1);
                self.put("err", err, value)
            }
            (Kind::Struct(fields), entries) => {
                let entries = entries.iter().map(|(name, value)| (name, value));
                self.fields(fields, entries.collect(), whole)
            }
            (Kind::Enum(variants), entries) => {
                let call = entries.iter().find(|(name, _)| name.value == "call");
                let Some((_, Placed { value: Written::Text(word), place })) = call else {
                    return self.refuse(key, kind, whole);
                };
                let word = Placed { value: word.clone(), place: place.clone() };
                let others = entries.iter().filter(|(name, _)| name.value != "call");
                let others = others.map(|(name, value)| (name, value)).collect();
                self.variant(variants, &word, others, whole)
            }
            _ => self.refuse(key, kind, whole),
        }
    }

    fn octets_of_length(
        &mut self,
        expected: usize,
        text: &str,
        place: &Place,
        key: &str,
    ) -> Option<()> {
        let octets = self.octets(text, place, key)?;
        if octets.len() != expected {
            let (key, found) = (key.to_owned(), octets.len());
            let problem = ProblemKind::WrongLength { key, expected, found };
            self.problems().add(place.clone(), problem);
            return None;
        }
        self.out.extend_from_slice(&octets);
        Some(())
    }

    fn counted(&mut self, octets: &[u8]) {
        encode_natural(octets.len() as u64, &mut self.out);
        self.out.extend_from_slice(octets);
    }

    fn octets(&self, text: &str, place: &Place, key: &str) -> Option<Vec<u8>> {
        match text.parse::<Value>() {
            Ok(value) => {
                let value = Placed { value, place: place.clone() };
                Some(self.sources.octets(&value)?.to_vec())
            }
            Err(error) => {
                let problem = ProblemKind::of_value(key.to_owned(), text, error);
                self.problems().add(place.clone(), problem);
                None
            }
        }
    }

    fn variant(
        &mut self,
        variants: &[(String, Kind)],
        word: &Placed<String>,
        entries: Vec<(&Placed<String>, &Placed<Written>)>,
        whole: &Placed<Written>,
    ) -> Option<()> {
        let is_meant =
            |(name, _): &(String, Kind)| *name == word.value || in_lines(name) == word.value;
        let Some(index) = variants.iter().position(is_meant) else {
            let known = variants.iter().map(|(name, _)| in_lines(name)).collect();
            let found = word.value.clone();
            let problem = ProblemKind::UnknownWord { what: "call of this service", found, known };
            self.problems().add(word.place.clone(), problem);
            return None;
        };
        encode_natural(index as u64, &mut self.out);
        match variants.get(index).map(|(_, kind)| kind)? {
            Kind::Struct(fields) => self.fields(fields, entries, whole),
            // Unnamed fields are a list under the variant's name.
            tuple @ Kind::Tuple(kinds) if !kinds.is_empty() => {
                let field = [("arguments".to_owned(), tuple.clone())];
                self.fields(&field, entries, whole)
            }
            _ => self.fields(&[], entries, whole),
        }
    }

    fn fields(
        &mut self,
        fields: &[(String, Kind)],
        entries: Vec<(&Placed<String>, &Placed<Written>)>,
        whole: &Placed<Written>,
    ) -> Option<()> {
        let mut complete = Some(());
        for (name, _) in &entries {
            if !fields.iter().any(|(field, _)| *field == name.value) {
                let known = fields.iter().map(|(field, _)| field.clone()).collect();
                let found = name.value.clone();
                let problem = ProblemKind::UnknownWord { what: "field", found, known };
                self.problems().add(name.place.clone(), problem);
                complete = None;
            }
        }
        for (field, kind) in fields {
            let found: Option<Named<'_>> = entries
                .iter()
                .find(|(name, _)| name.value == *field)
                .map(|(name, value)| (name.value.as_str(), *value));
            match (found, kind) {
                (Some((name, value)), kind) => {
                    if self.put(name, kind, value).is_none() {
                        complete = None;
                    }
                }
                (None, Kind::Option(_)) => self.out.push(0),
                (None, kind) => {
                    let (key, expected) = (field.clone(), kind.expected());
                    let problem = ProblemKind::NotOfType { key, expected, found: "missing" };
                    self.problems().add(whole.place.clone(), problem);
                    complete = None;
                }
            }
        }
        complete
    }
}

/// The values of a table whose keys are revisions; `None` for any other table.
fn by_revision(
    entries: &[(Placed<String>, Placed<Written>)],
) -> Option<Vec<(Revision, &Placed<Written>)>> {
    let values = entries.iter().map(|(name, value)| Some((name.value.parse().ok()?, value)));
    values.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())
}

fn natural(number: u64) -> Vec<u8> {
    let mut octets = Vec::new();
    encode_natural(number, &mut octets);
    octets
}

/// A number in `octets` octets; `None` if it is too large.
fn fits(number: u128, octets: usize) -> Option<Vec<u8>> {
    let all = number.to_le_bytes();
    let (kept, rest) = all.split_at_checked(octets)?;
    rest.iter().all(|octet| *octet == 0).then(|| kept.to_vec())
}

/// [`fits`] in two's complement.
fn fits_signed(number: i128, octets: usize) -> Option<Vec<u8>> {
    let all = number.to_le_bytes();
    let (kept, rest) = all.split_at_checked(octets)?;
    let sign = if number < 0 { 0xff } else { 0 };
    let keeps_sign = kept.last().is_none_or(|last| (last & 0x80 != 0) == (number < 0));
    (keeps_sign && rest.iter().all(|octet| *octet == sign)).then(|| kept.to_vec())
}

#[cfg(test)]
mod tests {
    use super::fits_signed;

    #[test]
    fn signed_numbers_keep_their_sign() {
        assert_eq!(fits_signed(-128, 1), Some(vec![0x80]));
        assert_eq!(fits_signed(-129, 1), None);
        assert_eq!(fits_signed(128, 1), None);
        assert_eq!(fits_signed(127, 1), Some(vec![0x7f]));
    }
}
