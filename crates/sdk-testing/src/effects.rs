//! Snapshots of effects: texts in a file that a test compares with its results.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use crate::blessed;

/// First line of the file.
const HEADING: &str = "# What tests have found. JAMBOX_BLESS=1 writes it anew.\n";

/// Results of runs as texts in a file, by name. Every type that can be displayed has such a text;
/// that of a [`Processed`](crate::Processed) has its effects and no gas, so that it is the same
/// natively and compiled.
///
/// ```
/// use jambox_sdk_testing::EffectSnapshot;
///
/// let file = std::env::temp_dir().join(format!("effects-{}.txt", std::process::id()));
/// std::fs::write(&file, "[a greeting]\n  hello\n  jam\n")?;
/// let snapshot = EffectSnapshot::open(&file);
/// assert_eq!(snapshot.compare("a greeting", "hello\njam"), Ok(()));
/// let problem = snapshot.compare("a greeting", "hello\nham").unwrap_err();
/// assert!(problem.ends_with("expected (-) and this found (+)\n  hello\n- jam\n+ ham"));
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct EffectSnapshot {
    path: PathBuf,
    texts: BTreeMap<String, String>,
}

impl EffectSnapshot {
    /// Reads a file; a missing file has no texts.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self { texts: parse(&fs::read_to_string(&path).unwrap_or_default()), path }
    }

    /// Compares effects with the file. With `JAMBOX_BLESS` in the environment, writes them to the
    /// file instead.
    ///
    /// # Panics
    ///
    /// When there is no text of this name, or a different one.
    pub fn check(&mut self, name: &str, effects: impl Display) {
        let found = effects.to_string();
        if blessed::is_asked_for() {
            self.bless(name, &found);
        } else if let Err(problem) = self.compare(name, &found) {
            panic!("{problem}\nto accept it, run again with {}=1", blessed::BLESS);
        }
    }

    fn bless(&mut self, name: &str, found: &str) {
        let texts = &mut self.texts;
        blessed::update(&self.path, |before| {
            *texts = parse(before);
            texts.insert(name.to_owned(), normal(found));
            Ok(written(texts))
        });
    }

    /// Compares a text with the file.
    ///
    /// # Errors
    ///
    /// The lines that differ, or the whole text if there is none of this name.
    pub fn compare(&self, name: &str, found: &str) -> Result<(), String> {
        let found = normal(found);
        match self.texts.get(name) {
            Some(expected) if *expected == found => Ok(()),
            Some(expected) => {
                let lines = difference(expected, &found);
                Err(format!("{name}: this was expected (-) and this found (+)\n{lines}"))
            }
            None => Err(format!("{name}: not in {}; found\n{found}", self.path.display())),
        }
    }
}

/// A text without trailing spaces and lines, which editors remove.
fn normal(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The texts by their names: each name in brackets, then its text, indented.
fn parse(file: &str) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut name = None;
    for line in file.lines() {
        if let Some(begun) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name = Some(begun.to_owned());
            texts.insert(begun.to_owned(), String::new());
        } else if let Some(text) = name.as_ref().and_then(|name| texts.get_mut(name)) {
            text.push_str(line.strip_prefix("  ").unwrap_or(line));
            text.push('\n');
        }
    }
    texts.values_mut().for_each(|text| *text = normal(text));
    texts
}

fn written(texts: &BTreeMap<String, String>) -> String {
    let mut file = HEADING.to_owned();
    for (name, text) in texts {
        file.push_str(&format!("\n[{name}]\n"));
        for line in text.lines() {
            file.push_str(format!("  {line}").trim_end());
            file.push('\n');
        }
    }
    file
}

/// The lines of both from the first difference to the last, those that differ marked.
fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let pairs = |(a, b): &(&&str, &&str)| a == b;
    let first = old.iter().zip(&new).take_while(pairs).count();
    let (old_rest, new_rest) = (&old[first..], &new[first..]);
    let last = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(pairs).count();
    let same = |line: &&str| format!("  {line}");
    let lines = [
        old[..first].iter().map(same).collect::<Vec<_>>(),
        old_rest[..old_rest.len() - last].iter().map(|line| format!("- {line}")).collect(),
        new_rest[..new_rest.len() - last].iter().map(|line| format!("+ {line}")).collect(),
        old_rest[old_rest.len() - last..].iter().map(same).collect(),
    ];
    lines.concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{EffectSnapshot, parse, written};

    #[test]
    fn what_is_blessed_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("effects.txt");
        let mut snapshot = EffectSnapshot::open(&path);
        assert!(snapshot.compare("one", "x").unwrap_err().starts_with("one: not in "));
        snapshot.bless("two", "[brackets]\n\n  indented \n");
        EffectSnapshot::open(&path).bless("one", "x\n");
        let snapshot = EffectSnapshot::open(&path);
        assert_eq!(snapshot.compare("one", "x"), Ok(()));
        assert_eq!(snapshot.compare("two", "[brackets]\n\n  indented"), Ok(()));
        let file = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written(&parse(&file)), file);
        let problem = snapshot.compare("two", "[brackets]\n  indented\nmore").unwrap_err();
        assert!(
            problem.ends_with("\n  [brackets]\n- \n-   indented\n+   indented\n+ more"),
            "{problem}"
        );
    }
}
