//! Pages that name tests and functions: all those named exist, and all that must be named are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::root;

/// Pages whose tables name a test for each line, as `crate path` or `crate: path` in backticks.
const WITH_TESTS: &[&str] = &["docs/hostile-guests.md", "docs/recompiler.md"];

/// The page that reviews every safe public function of the sandbox, and the section of the review.
const REVIEW: (&str, &str) = ("docs/recompiler.md", "## What safe code can do");

/// The crate with unsafe code, and its folder that has one row for all functions: the assembler.
const REVIEWED: (&str, &str) = ("crates/sandbox/src", "asm");

/// The page whose section follows values from function to function, each as `room::function`.
const WALKS: (&str, &str) = ("ARCHITECTURE.md", "## Six walks of a value");

/// Adds a fault for each name of the pages that does not exist, and for each name they lack.
pub fn check(faults: &mut Vec<String>) -> Result<(), String> {
    for page in WITH_TESTS {
        for (line, room, name) in tests_in(&read(&root().join(page))?) {
            if !is_test(&room, &name)? {
                faults.push(format!("{page}:{line}: `{room}` has no test `{name}`"));
            }
        }
    }
    let (page, heading) = WALKS;
    let text = read(&root().join(page))?;
    let walks = section(&text, heading).ok_or(format!("{page} has no section {heading}"))?;
    for (room, name) in functions_in(walks) {
        if !is_function(&room, &name)? {
            faults.push(format!("{page}, {heading}: `{room}` has no function `{name}`"));
        }
    }
    let (page, heading) = REVIEW;
    let text = read(&root().join(page))?;
    let review = section(&text, heading).ok_or(format!("{page} has no section {heading}"))?;
    for path in rust_files(&root().join(REVIEWED.0))? {
        if path.components().any(|part| part.as_os_str() == REVIEWED.1) {
            continue;
        }
        for name in public_functions(&read(&path)?) {
            if !names(review, &name) {
                let file = path.strip_prefix(root()).unwrap_or(&path).display();
                faults.push(format!("{page}, {heading}: nothing on `{name}` of {file}"));
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The tests that a page names: line, crate, path in it.
fn tests_in(text: &str) -> Vec<(usize, String, String)> {
    let mut tests = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with('|')) {
        let mut room = None;
        for span in line.split('`').skip(1).step_by(2) {
            let path = match span.split_once(' ') {
                Some((word, path)) if is_room(word.trim_end_matches(':')) => {
                    room = Some(word.trim_end_matches(':').to_owned());
                    path
                }
                _ => span,
            };
            let Some(room) = &room else { continue };
            tests.extend(paths(path).into_iter().map(|path| (index + 1, room.clone(), path)));
        }
    }
    tests
}

fn is_room(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|it| it.is_ascii_lowercase() || it == b'-')
        && root().join("crates").join(word).is_dir()
}

/// The two paths that `a::{b, c}` stands for.
fn paths(written: &str) -> Vec<String> {
    match written.trim_end_matches('}').split_once('{') {
        Some((prefix, list)) => list.split(", ").map(|last| format!("{prefix}{last}")).collect(),
        None => vec![written.to_owned()],
    }
}

/// Tests whether a crate has a test, a module of tests, or a case of a macro of that name. The last
/// word of the path decides, so that a test can move to another module without a change of the
/// page.
fn is_test(room: &str, path: &str) -> Result<bool, String> {
    let last = path.rsplit("::").next().unwrap_or_default();
    for file in rust_files(&root().join("crates").join(room))? {
        let text = read(&file)?;
        let is_it = |line: &str| {
            let line = line.trim();
            line.contains(&format!("fn {last}("))
                || line == format!("mod {last};")
                || line == format!("mod {last} {{")
                || line == format!("{last} {{")
        };
        if text.lines().any(is_it) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The functions that a text names, as `room::function` in backticks: room, name.
fn functions_in(text: &str) -> Vec<(String, String)> {
    let spans = text.split('`').skip(1).step_by(2).filter_map(|span| span.split_once("::"));
    let named = spans.filter(|(room, _)| is_room(room));
    named.map(|(room, name)| (room.to_owned(), name.to_owned())).collect()
}

/// Tests whether a crate's sources have a function of that name, in whatever module.
fn is_function(room: &str, name: &str) -> Result<bool, String> {
    let starts = [format!("fn {name}("), format!("fn {name}<")];
    for file in rust_files(&root().join("crates").join(room).join("src"))? {
        let text = read(&file)?;
        if starts.iter().any(|start| text.contains(start)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A section of a page, its heading left out.
fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("{heading}\n"))?;
    Some(rest.split_once("\n## ").map_or(rest, |(section, _)| section))
}

/// Names of the functions that other crates can call: public ones, and those of public traits.
fn public_functions(text: &str) -> Vec<String> {
    let mut is_in_trait = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("pub trait ") {
            is_in_trait = true;
        } else if line == "}" {
            is_in_trait = false;
        }
        let line = line.trim_start();
        let Some((before, after)) = line.split_once("fn ") else { continue };
        let is_public = ["pub ", "pub const ", "pub unsafe "].contains(&before);
        if is_public || is_in_trait && before.is_empty() {
            let is_of_name = |it: char| it.is_alphanumeric() || it == '_';
            found.push(after.split(|it: char| !is_of_name(it)).next().unwrap_or("").to_owned());
        }
    }
    found
}

/// Tests whether a text has a word.
fn names(text: &str, word: &str) -> bool {
    let is_of_name = |it: char| it.is_alphanumeric() || it == '_';
    text.split(|it: char| !is_of_name(it)).any(|it| it == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_in_tables() {
        let text =
            "`engine none`\n| to `x` | `engine: a::{b_c, d}`; `sandbox e::*::f`, `g` | 7 |\n";
        let found = tests_in(text);
        let found: Vec<_> =
            found.iter().map(|(line, room, path)| (*line, &room[..], &path[..])).collect();
        let expected = [
            (2, "engine", "a::b_c"),
            (2, "engine", "a::d"),
            (2, "sandbox", "e::*::f"),
            (2, "sandbox", "g"),
        ];
        assert_eq!(found, expected);
        assert_eq!(is_test("files", "whatever::an_abandoned_file_leaves_nothing"), Ok(true));
        assert_eq!(is_test("files", "an_abandoned_file"), Ok(false));
    }

    #[test]
    fn functions_of_walks_are_found_wherever_they_are() {
        let found = functions_in("`files::write` then `Exit::Halt`,\n`no` and `sdk-testing::a`");
        let found: Vec<_> = found.iter().map(|(room, name)| (&room[..], &name[..])).collect();
        assert_eq!(found, [("files", "write"), ("sdk-testing", "a")]);
        assert_eq!(is_function("hostcall", "deliver"), Ok(true));
        assert_eq!(is_function("hostcall", "deliv"), Ok(false));
    }

    #[test]
    fn what_others_can_call_is_to_be_reviewed() {
        let text = "pub fn a() {}\nimpl X {\n    pub const fn b(self) {}\n    fn c() {}\n\
                    \n    pub(crate) fn d() {}\n}\npub trait T {\n    fn e();\n}\nfn f() {}\n";
        assert_eq!(public_functions(text), ["a", "b", "e"]);
        let page = "# P\n## One\nof `a` and\n`b`\n## Two\n`e`\n";
        let one = section(page, "## One").expect("it is there");
        assert!(names(one, "a") && names(one, "b") && !names(one, "e"));
        assert!(section(page, "## Three").is_none());
    }
}
