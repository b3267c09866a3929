//! The transcripts of README and of the book are what the command says.
//!
//! Every line `$ ..` in a `console` block is run, and what stands below it is its output. A page is
//! one session, in a folder that has a copy of `guests`. `JAMBOX_BLESS=1` writes what the command
//! says into the page instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::jambox::{binary, root};
use crate::pages::{self, Page};

/// The commands of one page.
struct Session {
    _folder: TempDir,
    /// Where the next command runs.
    here: PathBuf,
}

impl Session {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Canonical, as the command sees it, too.
        let here = folder.path().canonicalize().unwrap();
        copy(&root().join("guests"), &here.join("guests"));
        Self { _folder: folder, here }
    }

    /// Runs a line as a shell would, as far as these pages need one.
    fn run(&mut self, line: &str) -> String {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.here = self.here.join(folder);
            assert!(self.here.is_dir(), "{line}");
            return String::new();
        }
        let (line, file) = line.split_once(" > ").unwrap_or((line, ""));
        let mut parts = line.split(" | ");
        let command = parts.next().unwrap_or_default();
        let (said, complained) = self.command(command);
        let said = parts.fold(said, |said, filter| filtered(&said, filter));
        if file.is_empty() {
            return said + &complained;
        }
        fs::write(self.here.join(file), said).unwrap();
        complained
    }

    /// What a command writes to standard output, and what to standard error.
    fn command(&self, line: &str) -> (String, String) {
        if line == "jambox build" {
            return (self.build(), String::new());
        }
        let arguments = ["jambox ", "cargo run --release -- "]
            .into_iter()
            .find_map(|prefix| line.strip_prefix(prefix))
            .unwrap_or_else(|| panic!("`{line}`: nothing here can run that"));
        let output = Command::new(binary())
            .args(arguments.split_whitespace())
            .current_dir(&self.here)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        (text(output.stdout), text(output.stderr))
    }

    /// Stands in for a compiler, which need not be there: puts the committed blob of `guests` where
    /// a build would, and says of it what the build says.
    fn build(&self) -> String {
        let name = self.here.file_name().unwrap().to_str().unwrap();
        let blob = root().join(format!("guests/{name}/{name}-0.8.0.jam"));
        let path = format!("target/jambox/{name}.jam");
        fs::create_dir_all(self.here.join("target/jambox")).unwrap();
        fs::copy(blob, self.here.join(&path)).unwrap();
        let (is, _) = self.command(&format!("jambox inspect {path} --json"));
        let is: Value = is.parse().unwrap();
        let number = |pointer: &str| is.pointer(pointer).unwrap().as_u64().unwrap();
        let (octets, code) = (number("/octets"), number("/code/octets"));
        let (read_only, read_write) =
            (number("/memory/read_only/octets"), number("/memory/read_write/octets"));
        let bitmask = code.div_ceil(8);
        // An entry takes two octets in a program of this size; the metadata has one of length.
        let (table, metadata) =
            (2 * number("/code/jump_table_entries"), 1 + number("/metadata/octets"));
        let hash = is["hash"].as_str().unwrap();
        let revision = is.pointer("/metadata/revision").unwrap().as_str().unwrap();
        format!(
            "{path}: service for {revision}, {octets} octets\ncode hash {hash}\n{code:>9} instructions\n\
             {bitmask:>9} bitmask\n{table:>9} jump table\n{read_only:>9} read-only data\n\
             {read_write:>9} read-write data\n{metadata:>9} metadata\n"
        )
    }
}

/// What `head`, `tail` and `grep` with a plain word leave of a text.
fn filtered(text: &str, filter: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let number = |digits: &str| digits.parse::<usize>().unwrap().min(lines.len());
    let kept: Vec<&str> = if let Some(count) = filter.strip_prefix("head -") {
        lines[..number(count)].to_vec()
    } else if let Some(count) = filter.strip_prefix("tail -") {
        lines[lines.len() - number(count)..].to_vec()
    } else if let Some(word) = filter.strip_prefix("grep ") {
        lines.into_iter().filter(|line| line.contains(word.trim_matches('\''))).collect()
    } else {
        panic!("`{filter}`: nothing here can filter so")
    };
    kept.concat()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_file() {
            fs::copy(path, to.join(name)).unwrap();
        } else if name != "target" && name != "symbols" {
            copy(&path, &to.join(name));
        }
    }
}

/// The page as it would be with what the commands say now.
fn rerun(page: &Page) -> String {
    let mut session = Session::new();
    let (mut written, mut inside) = (String::new(), false);
    for line in page.text.split_inclusive('\n') {
        let command = line.strip_prefix("$ ").filter(|_| inside);
        if line.starts_with("```") {
            inside = line == "```console\n";
        } else if inside && command.is_none() {
            continue;
        }
        written.push_str(line);
        if let Some(command) = command {
            let said = session.run(command.trim_end());
            assert!(!said.contains("panicked at"), "{command}{said}");
            assert!(!said.contains("```"), "{command} prints a fence");
            written.push_str(&said);
        }
    }
    written
}

#[test]
fn the_transcripts_are_true() {
    let bless = std::env::var_os("JAMBOX_BLESS").is_some();
    let mut problems = Vec::new();
    for page in pages::all() {
        if !page.blocks().iter().any(|block| block.language == "console") {
            continue;
        }
        let written = rerun(&page);
        if bless {
            fs::write(root().join(&page.path), written).unwrap();
        } else if written != page.text {
            let lines = || page.text.lines().zip(written.lines()).enumerate();
            let first = lines().find(|(_, (page, now))| page != now);
            problems.push(match first {
                Some((line, (page_says, now))) => {
                    format!("{}:{}:\n  {page_says}\n  {now}", page.path, line + 1)
                }
                None => format!("{}: the length of a transcript", page.path),
            });
        }
    }
    assert!(problems.is_empty(), "set JAMBOX_BLESS=1 to accept:\n{}", problems.join("\n"));
}
