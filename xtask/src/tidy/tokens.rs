//! Paths and items of a source, read from its tokens.

use std::collections::BTreeSet;

/// A path with two names or more, or of a `use`.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Names in order, the last `*` for all names of a module.
    pub names: Vec<String>,
    /// The name that it gives its item in the file; empty in a module within the file.
    pub alias: String,
    /// True for the path of a `use`.
    pub is_use: bool,
    /// True if it only hands an item on: the path of a `pub use`, whose name has no other use here.
    pub is_handed_on: bool,
}

/// The findings in a source, without the code of its tests.
#[derive(Debug, Default)]
pub struct Found {
    pub paths: Vec<Path>,
    /// Names of its items, nested ones and members too.
    pub items: BTreeSet<String>,
    /// Names of its macros, which stand at the root of the crate for others.
    pub macros: BTreeSet<String>,
    /// Modules for tests that are files of their own.
    pub test_modules: Vec<String>,
}

/// Reads a source.
pub fn read(text: &str) -> Found {
    let mut reader = Reader { tokens: split(text), ..Reader::default() };
    while reader.at < reader.tokens.len() {
        reader.step();
    }
    let Reader { tokens, mut found, .. } = reader;
    for path in &mut found.paths {
        let uses = tokens.iter().filter(|token| **token == path.alias).count();
        path.is_handed_on &= uses == 1 || path.alias.is_empty();
    }
    found
}

/// The tokens of a text that matter for paths: words, `::`, and punctuation by character. Comments,
/// strings and characters are left out.
fn split(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = quoted(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let length = length.unwrap_or(rest.len());
            tokens.push(&rest[..length]);
            length
        } else if rest.starts_with("::") {
            tokens.push(&rest[..2]);
            2
        } else {
            let length = first.len_utf8();
            if !first.is_whitespace() {
                tokens.push(&rest[..length]);
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string or character that a text begins with, or of a lifetime's tick.
fn quoted(text: &str) -> Option<usize> {
    let raw = text.strip_prefix("br").or_else(|| text.strip_prefix('r'));
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(body) = raw[hashes..].strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = text.len() - body.len();
            return Some(body.find(&end).map_or(text.len(), |at| start + at + end.len()));
        }
    }
    let start = usize::from(text.starts_with("b\"") || text.starts_with("b'"));
    let quote = text[start..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let body = &text[start + 1..];
    if quote == '\'' && start == 0 {
        let mut characters = body.chars();
        let (first, second) = (characters.next(), characters.next());
        if first != Some('\\') && second != Some('\'') {
            return Some(1);
        }
    }
    let mut is_escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return Some(start + 1 + at + c.len_utf8()),
            _ => {}
        }
    }
    Some(text.len())
}

#[derive(Default)]
struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    /// Braces open here.
    depth: usize,
    /// The braces open outside of each module that stands in this file around this place.
    modules: Vec<usize>,
    found: Found,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn step(&mut self) {
        let before = self.at.checked_sub(1).map_or("", |at| self.tokens[at]);
        match self.peek(0) {
            "#" if self.tokens[self.at..]
                .starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]) =>
            {
                self.at += 7;
                self.skip_item();
            }
            "use" => {
                self.at += 1;
                self.tree(&[], matches!(before, "pub" | ")"));
            }
            "{" => {
                self.depth += 1;
                self.at += 1;
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self.modules.last() == Some(&self.depth) {
                    self.modules.pop();
                }
                self.at += 1;
            }
            "mod" if self.peek(2) == "{" || self.peek(1) == "$" => {
                self.modules.push(self.depth);
                self.at += 2;
            }
            "macro_rules" => {
                self.found.macros.insert(self.peek(2).to_owned());
                self.at += 3;
            }
            "struct" | "enum" | "union" | "trait" | "type" | "fn" | "const" | "static" => {
                self.found.items.insert(self.peek(1).to_owned());
                self.at += 1;
            }
            word if is_word(word) && self.peek(1) == "::" && !matches!(before, "::" | ".") => {
                self.path();
            }
            _ => self.at += 1,
        }
    }

    /// A path in an expression or a type.
    fn path(&mut self) {
        let mut names = vec![self.peek(0).to_owned()];
        self.at += 1;
        while self.peek(0) == "::" && is_word(self.peek(1)) {
            names.push(self.peek(1).to_owned());
            self.at += 2;
        }
        self.add(names, None, None);
    }

    /// A part of a `use`, under the names before it.
    fn tree(&mut self, before: &[String], is_public: bool) {
        let mut names = before.to_vec();
        loop {
            match self.peek(0) {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        self.tree(&names, is_public);
                        if self.peek(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "as" => {
                    let alias = self.peek(1).to_owned();
                    self.at += 2;
                    return self.add(names, Some(alias), Some(is_public));
                }
                // `{self, ..}` is the module that the tree hangs on.
                "self" if !names.is_empty() => self.at += 1,
                name if is_word(name) || name == "*" => {
                    names.push(name.to_owned());
                    self.at += 1;
                }
                "$" => self.at += 1,
                _ => return self.add(names, None, Some(is_public)),
            }
        }
    }

    /// Adds a path; `is_public` is that of the path of a `use`.
    fn add(&mut self, mut names: Vec<String>, alias: Option<String>, is_public: Option<bool>) {
        let mut alias = alias.or_else(|| names.last().cloned()).unwrap_or_default();
        let within = self.modules.len();
        if within > 0 {
            // The file itself does not have the names of a module in it.
            alias.clear();
            if names[0] != "crate" {
                // So many names lead no farther than the file.
                let outwards = names.iter().take_while(|name| *name == "super").count();
                if outwards <= within {
                    return;
                }
                names.drain(..within);
            }
        }
        let is_use = is_public.is_some();
        let is_handed_on = is_public == Some(true);
        self.found.paths.push(Path { names, alias, is_use, is_handed_on });
    }

    /// Goes to the end of an item for tests.
    fn skip_item(&mut self) {
        let mut depth = 0usize;
        let mut name = None;
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "mod" if depth == 0 => name = Some(self.peek(1)),
                ";" if depth == 0 => {
                    self.at += 1;
                    self.found.test_modules.extend(name.map(str::to_owned));
                    return;
                }
                "{" | "(" | "[" => depth += 1,
                closing @ ("}" | ")" | "]") => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && closing == "}" {
                        self.at += 1;
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "_"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        read(text).paths.iter().map(|path| path.names.join("::")).collect()
    }

    #[test]
    fn paths_are_read_and_comments_strings_and_tests_are_not() {
        let text = "use a::{b::C, d as D, self};\n// x::y\nfn f<'t>(i: &'t g::H) { \"k::l\"; 'm'; n::o() }\n\
                    #[cfg(test)]\nmod tests { use p::q; }\nuse r#r::s;\n/* t::u */ br#\"v::w\"#;\n";
        assert_eq!(paths(text), ["a::b::C", "a::d", "a", "g::H", "n::o", "r", "r::s"]);
        let found =
            read("#[cfg(test)]\nmod units;\nmod own;\nmacro_rules! made { () => {} }\nstruct S;");
        assert_eq!(found.test_modules, ["units"]);
        assert!(found.macros.contains("made") && found.items.contains("S"));
    }

    #[test]
    fn a_module_within_a_file_leads_out_of_the_file_only_beyond_it() {
        assert_eq!(
            paths("mod m { use super::a; use super::super::b; use crate::c::d; }"),
            ["super::b", "crate::c::d"]
        );
        assert_eq!(paths("mod m { } use super::a;"), ["super::a"]);
    }

    #[test]
    fn an_item_that_is_only_handed_on_is_told_from_one_that_is_used() {
        let handed_on = |text: &str| read(text).paths[0].is_handed_on;
        assert!(handed_on("pub use a::B;"));
        assert!(handed_on("pub(crate) use a::B;"));
        assert!(!handed_on("pub use a::B; fn f(b: B) {}"));
        assert!(!handed_on("use a::B;"));
    }
}
