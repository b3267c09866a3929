//! `cargo xtask tidy`: the rules of the house that no compiler checks.

pub mod functions;
mod imports;
mod packages;
mod pages;
mod processors;
mod revisions;
mod rooms;
mod tokens;
mod words;

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::command::root;

/// Most columns of a comment's line. Rustfmt has the same limit, and leaves comments alone.
const COLUMNS: usize = 100;
/// Most lines of a file.
const FILE_LINES: usize = 600;
/// Most lines of a function.
const FUNCTION_LINES: usize = 70;

/// Files that are tables, and as long as their contents.
const TABLES: &[&str] = &["crates/hostcall/src/table.rs"];

/// Functions that are tables.
const TABLE_FUNCTIONS: &[(&str, &str)] = &[
    ("crates/hostcall/tests/it/arguments.rs", "arguments_come_in_the_papers_order"),
    ("crates/asm/tests/it/round_trip.rs", "text"),
];

/// Crates whose results nodes must agree on: the order of a hash map differs in every run.
const CONSENSUS: &[&str] = &[
    "chain",
    "codec",
    "engine",
    "erasure",
    "hostcall",
    "invocation",
    "isa",
    "program",
    "recompiler",
    "state",
    "types",
];

/// Checks everything; fails with all faults, a line each.
pub fn run() -> Result<(), String> {
    let mut faults = rooms::check(&root())?;
    let mut texts = Vec::new();
    let mut seen = revisions::Seen::default();
    for path in &sources(&root())? {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
        check_source(&name, &text, &mut faults);
        words::check(&name, &text, &mut faults);
        processors::check(&name, &text, &mut faults);
        seen.check(&name, &text, &mut faults);
        texts.push((name, text));
    }
    seen.check_all(&mut faults);
    imports::check(&texts, &mut faults);
    pages::check(&mut faults)?;
    packages::check(&root(), &mut faults)?;
    if faults.is_empty() {
        println!("{} sources are tidy", texts.len());
        return Ok(());
    }
    Err(format!("{} faults\n{}", faults.len(), faults.join("\n")))
}

/// All Rust sources of a checkout of the project.
pub fn sources(root: &Path) -> Result<Vec<PathBuf>, String> {
    sources_in(["bench", "crates", "fuzz", "guests", "xtask"].map(|it| root.join(it)).to_vec())
}

/// All Rust sources in folders, in order.
fn sources_in(mut folders: Vec<PathBuf>) -> Result<Vec<PathBuf>, String> {
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        let failed = |error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_made = path.file_name().is_some_and(|name| name == "target");
            if path.is_dir() && !is_made {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    sources.sort();
    Ok(sources)
}

fn check_source(name: &str, text: &str, faults: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > FILE_LINES && !TABLES.contains(&name) {
        faults.push(format!("{name}: {lines} lines, at most {FILE_LINES} are allowed"));
    }
    for (index, line) in text.lines().enumerate() {
        let at = format!("{name}:{}", index + 1);
        let columns = line.chars().count();
        if columns > COLUMNS && line.trim_start().starts_with("//") {
            faults.push(format!("{at}: {columns} columns, at most {COLUMNS} are allowed"));
        }
        for (word, instead) in words(name) {
            if line.contains(&word) {
                faults.push(format!("{at}: `{word}`: {instead}"));
            }
        }
    }
    for function in functions::of(text) {
        let (function_name, lines) = (function.name, function.lines);
        if lines > FUNCTION_LINES && !TABLE_FUNCTIONS.contains(&(name, function_name)) {
            let at = format!("{name}:{}", function.line);
            faults.push(format!(
                "{at}: `{function_name}` has {lines} lines, at most {FUNCTION_LINES}"
            ));
        }
    }
}

/// Words that no source may have, with the alternative. They are composed here, so that this file
/// does not have them.
fn words(name: &str) -> Vec<(String, &'static str)> {
    let mut words = vec![
        (["#[", "allow("].concat(), "write expect with a reason"),
        (["TO", "DO"].concat(), "do it, or tell the issue tracker"),
        (["FIX", "ME"].concat(), "fix it, or tell the issue tracker"),
    ];
    let room = Path::new(name).components().nth(1).map(Component::as_os_str);
    let is_consensus = name.contains("/src/")
        && name.starts_with("crates/")
        && room.is_some_and(|room| CONSENSUS.iter().any(|one| room == *one));
    if is_consensus {
        for collection in ["Map", "Set"] {
            words.push((format!("Hash{collection}"), "its order differs from run to run"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check_source(name, text, &mut faults);
        faults
    }

    #[test]
    fn every_rule_is_seen_to_be_broken() {
        assert_eq!(faults("crates/cli/src/x.rs", "use std::collections::HashMap;\n"), [""; 0]);
        let found = faults("crates/state/src/x.rs", "\nuse std::collections::HashMap;\n");
        assert_eq!(
            found,
            ["crates/state/src/x.rs:2: `HashMap`: its order differs from run to run"]
        );
        let comment = |columns: usize| format!("// {}", "é".repeat(columns - 3));
        let found = faults("xtask/src/x.rs", &comment(101));
        assert_eq!(found, ["xtask/src/x.rs:1: 101 columns, at most 100 are allowed"]);
        assert_eq!(faults("xtask/src/x.rs", &comment(100)), [""; 0]);
        let found = faults("crates/hostcall/src/other.rs", &"\n".repeat(601));
        assert_eq!(found, ["crates/hostcall/src/other.rs: 601 lines, at most 600 are allowed"]);
        assert_eq!(faults(TABLES[0], &"\n".repeat(601)), [""; 0]);
        let long = format!("fn long() {{\n{}}}\n", "\n".repeat(69));
        assert_eq!(faults("x.rs", &long), ["x.rs:1: `long` has 71 lines, at most 70"]);
    }
}
