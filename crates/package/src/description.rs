//! Descriptions of a service's payloads, read from the file that the build writes beside a blob,
//! and the encoding of payloads by them.

use jambox_codec::encode_natural;

use crate::problem::{Place, ProblemKind, Problems};
use crate::reader::Placed;
use crate::sources::Sources;
use crate::value::Value;

/// Largest depth of types within each other.
const MAX_DEPTH: usize = 64;

/// A type, in the terms of `jambox_sdk::describe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    /// Little-endian; the field is its number of octets.
    Unsigned(usize),
    Signed(usize),
    Natural,
    Text,
    Option(Box<Kind>),
    Result(Box<Kind>, Box<Kind>),
    Sequence(Box<Kind>),
    Array(Box<Kind>, usize),
    Map(Box<Kind>, Box<Kind>),
    Tuple(Vec<Kind>),
    Struct(Vec<(String, Kind)>),
    Enum(Vec<(String, Kind)>),
}

/// A value of TOML. Its meaning depends on the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A string.
    Text(String),
    /// A whole number: digits and base.
    Integer(String, u32),
    /// A truth value.
    Boolean(bool),
    /// A list.
    List(Vec<Placed<Written>>),
    /// A table, in the order of the file.
    Table(Vec<(Placed<String>, Placed<Written>)>),
    /// A value that no type has.
    Other,
}

impl Written {
    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(..) => "a number",
            Self::Boolean(_) => "a truth value",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other => "something else",
        }
    }
}

impl Kind {
    /// Parses a description.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text.trim() };
        let kind = parser.kind(0)?;
        match parser.rest {
            "" => Ok(kind),
            rest => Err(format!("expected the end of the type at `{}`", shortened(rest))),
        }
    }

    /// Text for the expected value.
    fn expected(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Unsigned(octets) => format!("a number of u{}", octets.saturating_mul(8)),
            Self::Signed(octets) => format!("a number of i{}", octets.saturating_mul(8)),
            Self::Natural => "a number below 2^64".to_owned(),
            Self::Text => "a string".to_owned(),
            Self::Option(kind) => kind.expected(),
            Self::Result(..) => "a table `{ ok = .. }` or `{ err = .. }`".to_owned(),
            Self::Sequence(item) if **item == Self::Unsigned(1) => {
                "octets, \"hex:..\", \"text:..\" or \"file:..\"".to_owned()
            }
            Self::Array(item, count) if **item == Self::Unsigned(1) => {
                format!("{count} octets, \"hex:..\", \"text:..\" or \"file:..\"")
            }
            Self::Sequence(_) => "a list".to_owned(),
            Self::Array(_, count) => format!("a list of {count}"),
            Self::Map(..) => "a list of `[key, value]` in the order of keys".to_owned(),
            Self::Tuple(items) => format!("a list of {}", items.len()),
            Self::Struct(fields) => format!("a table with {}", names(fields)),
            Self::Enum(variants) => format!("a table with `call`, one of {}", names(variants)),
        }
    }
}

fn names(named: &[(String, Kind)]) -> String {
    let names: Vec<String> =
        named.iter().map(|(name, _)| format!("`{}`", in_lines(name))).collect();
    names.join(", ")
}

/// Spelling of a variant's name in package files: `set_owner` for `SetOwner`.
fn in_lines(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    /// Takes a word or a sign with the blanks after it, if it is next.
    fn takes(&mut self, sign: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(sign) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(format!("expected `{sign}` at `{}`", shortened(self.rest))),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        let is_in = |letter: char| letter.is_alphanumeric() || letter == '_';
        let end = self.rest.find(|letter| !is_in(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(format!("expected a name at `{}`", shortened(self.rest)));
        }
        let word = word.to_owned();
        self.rest = rest.trim_start();
        Ok(word)
    }

    fn kind(&mut self, depth: usize) -> Result<Kind, String> {
        if depth > MAX_DEPTH {
            return Err(format!("types are nested deeper than {MAX_DEPTH} levels"));
        }
        let depth = depth.saturating_add(1);
        if self.takes("(") {
            return self.many(")", |parser| parser.kind(depth)).map(Kind::Tuple);
        }
        if self.takes("{") {
            return self.many("}", |parser| parser.field(depth)).map(Kind::Struct);
        }
        if self.takes("[") {
            let item = self.kind(depth)?;
            self.expect(";")?;
            let count = self.word()?;
            let count = count.parse().map_err(|_| format!("`{count}` is no number of items"))?;
            self.expect("]")?;
            return Ok(Kind::Array(Box::new(item), count));
        }
        let word = self.word()?;
        Ok(match word.as_str() {
            "bool" => Kind::Bool,
            "text" => Kind::Text,
            "natural" => Kind::Natural,
            "enum" => {
                self.expect("{")?;
                Kind::Enum(self.many("}", |parser| parser.variant(depth))?)
            }
            "Option" => Kind::Option(self.one(depth)?),
            "Vec" | "Set" => Kind::Sequence(self.one(depth)?),
            "Result" => {
                let (value, error) = self.two(depth)?;
                Kind::Result(value, error)
            }
            "Map" => {
                let (key, value) = self.two(depth)?;
                Kind::Map(key, value)
            }
            other => number(other).ok_or_else(|| format!("`{other}` is no type"))?,
        })
    }

    fn field(&mut self, depth: usize) -> Result<(String, Kind), String> {
        let name = self.word()?;
        self.expect(":")?;
        Ok((name, self.kind(depth)?))
    }

    fn variant(&mut self, depth: usize) -> Result<(String, Kind), String> {
        Ok((self.word()?, self.kind(depth)?))
    }

    fn one(&mut self, depth: usize) -> Result<Box<Kind>, String> {
        self.expect("<")?;
        let kind = self.kind(depth)?;
        self.expect(">")?;
        Ok(Box::new(kind))
    }

    fn two(&mut self, depth: usize) -> Result<(Box<Kind>, Box<Kind>), String> {
        self.expect("<")?;
        let first = self.kind(depth)?;
        self.expect(",")?;
        let second = self.kind(depth)?;
        self.expect(">")?;
        Ok((Box::new(first), Box::new(second)))
    }

    fn many<T>(
        &mut self,
        end: &str,
        mut one: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut all = Vec::new();
        while !self.takes(end) {
            if !all.is_empty() {
                self.expect(",")?;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }
}

fn number(name: &str) -> Option<Kind> {
    let bits: usize = name.get(1..)?.parse().ok()?;
    let octets = bits.checked_div(8).filter(|_| [8, 16, 32, 64, 128].contains(&bits))?;
    match name.get(..1)? {
        "u" => Some(Kind::Unsigned(octets)),
        "i" => Some(Kind::Signed(octets)),
        _ => None,
    }
}

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
            (_, Written::Table(entries)) => self.table(key, kind, entries, value),
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
                let found = text.chars().take(40).collect();
                let problem = match error {
                    crate::ValueError::NoScheme => {
                        ProblemKind::NoScheme { key: key.to_owned(), found }
                    }
                    other => ProblemKind::BadHex { key: key.to_owned(), reason: other.to_string() },
                };
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
    use super::{Kind, fits_signed, in_lines};

    #[test]
    fn descriptions_are_read_and_nonsense_is_refused() {
        let kind = Kind::parse("enum { Clear (), Set { key: [u8; 2], count: natural } }").unwrap();
        let key = Kind::Array(Box::new(Kind::Unsigned(1)), 2);
        let set = Kind::Struct(vec![("key".into(), key), ("count".into(), Kind::Natural)]);
        let variants = vec![("Clear".into(), Kind::Tuple(vec![])), ("Set".into(), set)];
        assert_eq!(kind, Kind::Enum(variants));
        for text in ["", "u7", "(u8", "Vec<u8", "{ a }", "enum", "u8 u8", "[u8; x]", "u\u{e4}"] {
            assert!(Kind::parse(text).is_err(), "{text}");
        }
        assert!(Kind::parse(&"Vec<".repeat(100_000)).is_err(), "as deep as that");
    }

    #[test]
    fn names_of_variants_are_written_as_words() {
        assert_eq!(in_lines("Transfer"), "transfer");
        assert_eq!(in_lines("SetOwner"), "set_owner");
    }

    #[test]
    fn signed_numbers_keep_their_sign() {
        assert_eq!(fits_signed(-128, 1), Some(vec![0x80]));
        assert_eq!(fits_signed(-129, 1), None);
        assert_eq!(fits_signed(128, 1), None);
        assert_eq!(fits_signed(127, 1), Some(vec![0x7f]));
    }
}
