//! Comparisons of revisions: only in tables of their rules.

use std::collections::BTreeSet;

use super::functions;

/// Functions and constants that may compare or name revisions, each with its file: the tables of
/// their rules, and code for one revision alone. Code that detects a file or program of another
/// revision uses `Revision::is` instead.
const TABLES: &[(&str, &str)] = &[
    ("crates/build/src/ecosystem.rs", "VERSIONS"),
    ("crates/build/src/releases.rs", "of"),
    // Compares names.
    ("crates/build/src/settings.rs", "parse_revision"),
    ("crates/cli/src/commands/explain/text.rs", "beside"),
    ("crates/hostcall/src/call.rs", "column"),
    ("crates/hostcall/src/call.rs", "is_in"),
    ("crates/hostcall/src/call.rs", "number"),
    ("crates/hostcall/src/call.rs", "price"),
    ("crates/isa/src/opcode.rs", "octet"),
    ("crates/isa/src/opcode.rs", "of"),
    ("crates/node/src/blobs.rs", "of"),
    ("crates/program/src/rules.rs", "of"),
    ("crates/sdk/src/revision.rs", "revision"),
    // The layout of parameters in chain files.
    ("crates/store/src/state.rs", "PARAMETERS_LAYOUT"),
    ("crates/types/src/rules.rs", "of"),
    // A file format that one revision has.
    ("crates/vectors/src/pvm/mod.rs", "revision"),
    ("crates/vectors/src/refine.rs", "run_part"),
];

/// The tables that were needed.
#[derive(Default)]
pub struct Seen(BTreeSet<(&'static str, &'static str)>);

impl Seen {
    /// Refuses to compare or name revisions outside of the tables. A difference of a revision is a
    /// field of a row of rules; tests name the revision they mean.
    pub fn check(&mut self, name: &str, text: &str, faults: &mut Vec<String>) {
        if !name.starts_with("crates/") || !name.contains("/src/") {
            return;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut functions = None;
        for (index, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if !tells_apart(line) {
                continue;
            }
            let functions = functions.get_or_insert_with(|| functions::of(code));
            let place = item(code, functions, index + 1);
            match TABLES.iter().find(|(file, item)| (*file, Some(*item)) == (name, place)) {
                Some(table) => drop(self.0.insert(*table)),
                None => faults.push(format!(
                    "{name}:{}: revisions are told apart by rows of rules, nowhere else",
                    index + 1
                )),
            }
        }
    }

    /// Refuses tables that are no longer needed.
    pub fn check_all(&self, faults: &mut Vec<String>) {
        let lost = TABLES.iter().filter(|table| !self.0.contains(table));
        let fault = |(file, item): &(&str, &str)| {
            format!("{file}: `{item}` tells no revisions apart; take it from the list")
        };
        faults.extend(lost.map(fault));
    }
}

fn tells_apart(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_revision = |word: &&str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.ends_with("revision") || word.contains("Revision::")
    };
    let compares = words.windows(3).any(|three| {
        let [left, sign, right] = three else { return false };
        matches!(*sign, "==" | "!=") && (is_revision(left) || is_revision(right))
    });
    compares || line.contains("Revision::GrayPaper") || line.contains("matches!(revision")
}

/// The innermost function around a line, or the constant outside of any function.
fn item<'a>(text: &'a str, functions: &[functions::Function<'a>], line: usize) -> Option<&'a str> {
    let around = functions.iter().filter(|it| (it.line..it.line + it.lines).contains(&line));
    if let Some(function) = around.min_by_key(|it| it.lines) {
        return Some(function.name);
    }
    // A constant begins at the margin, and the lines between are indented.
    let lines: Vec<&str> = text.lines().take(line).collect();
    let head = lines.iter().rev().find(|line| line.starts_with(char::is_alphabetic))?;
    let mut words = head.split([' ', ':']).skip_while(|word| word.starts_with("pub"));
    words.next().filter(|word| matches!(*word, "const" | "static"))?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        Seen::default().check(name, text, &mut faults);
        faults
    }

    #[test]
    fn revisions_are_told_apart_in_tables_alone() {
        for line in [
            "if protocol.revision == other {}\n",
            "if (self.revision != Revision::default()) {}\n",
            "match revision { Revision::GrayPaper080 => 1 }\n",
        ] {
            let found = faults("crates/chain/src/x.rs", line);
            let rule = "revisions are told apart by rows of rules, nowhere else";
            assert_eq!(found, [format!("crates/chain/src/x.rs:1: {rule}")], "{line}");
            assert_eq!(faults("crates/chain/tests/it/x.rs", line), [""; 0]);
            let test = format!("#[cfg(test)]\nmod tests {{ {line} }}");
            assert_eq!(faults("crates/chain/src/x.rs", &test), [""; 0]);
            // The table is this function of the file, not the whole file.
            let within =
                |name: &str| format!("impl X {{\n    fn {name}() {{\n        {line}    }}\n}}\n");
            assert_eq!(faults("crates/types/src/rules.rs", &within("of")), [""; 0]);
            let found = faults("crates/types/src/rules.rs", &within("another"));
            assert_eq!(found, [format!("crates/types/src/rules.rs:3: {rule}")], "{line}");
            let found = faults("crates/types/src/rules.rs", line);
            assert_eq!(found, [format!("crates/types/src/rules.rs:1: {rule}")], "{line}");
        }
        let constant = "pub const VERSIONS: &[X] = &[\n    X(Revision::GrayPaper072),\n];\n";
        assert_eq!(faults("crates/build/src/ecosystem.rs", constant), [""; 0]);
        let other = constant.replace("VERSIONS", "OTHERS");
        assert_eq!(faults("crates/build/src/ecosystem.rs", &other).len(), 1);
    }

    #[test]
    fn tables_that_are_none_any_more_are_told() {
        let (mut seen, mut faults) = (Seen::default(), Vec::new());
        seen.check(
            "crates/types/src/rules.rs",
            "fn of() {\n    Revision::GrayPaper072\n}\n",
            &mut faults,
        );
        seen.check_all(&mut faults);
        assert_eq!(faults.len(), TABLES.len() - 1);
        assert!(!faults.iter().any(|fault| fault.starts_with("crates/types/")), "{faults:?}");
    }
}
