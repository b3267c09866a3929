//! Descriptions of a service's payloads, read from the file that the build writes beside a blob.

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
    pub(crate) fn expected(&self) -> String {
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
pub(crate) fn in_lines(name: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::{Kind, in_lines};

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
}
