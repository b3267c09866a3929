//! The transcripts of README and of the book are what the command says.
//!
//! Every line `$ ..` in a `console` block is run, and what stands below it is its output. A page is
//! one session, in a folder that has a copy of `guests`. `JAMBOX_BLESS=1` writes what the command
//! says into the page instead.
//!
//! A line that ends with `&` starts a node, which then stands at the address of the page for the
//! rest of it. Hashes, ids and slots of a node's chain are others each time: an output that differs
//! in nothing else is as it stands, and ids of services in later lines are those of this time.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::jambox::{binary, root};
use crate::pages::{self, Page};

/// The commands of one page.
struct Session {
    _folder: TempDir,
    /// Folder of the next command.
    here: PathBuf,
    node: Option<Node>,
    /// Services by the ids that the page has and those of this time.
    ids: Vec<(String, String)>,
}

/// Default address of a node.
const ADDRESS: &str = "127.0.0.1:19800";
/// The lines that a node says before it serves.
const BEGINNING: usize = 4;

/// A node that ends with this value.
struct Node {
    child: Child,
    address: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Session {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Canonical, as the command sees it, too.
        let here = folder.path().canonicalize().unwrap();
        copy(&root().join("guests"), &here.join("guests"));
        Self { _folder: folder, here, node: None, ids: Vec::new() }
    }

    /// Runs a line; gives what it says, or what stands below it where that is the same but for what
    /// a chain has anew each time.
    fn run(&mut self, line: &str, stands: &str) -> String {
        let line =
            self.ids.iter().fold(line.to_owned(), |line, (page, now)| line.replace(page, now));
        let said = match line.strip_suffix(" &") {
            Some(line) => self.start(line),
            None => self.execute(&line),
        };
        if self.node.is_none() {
            return said;
        }
        self.ids.extend(created(stands).zip(created(&said)));
        if masked(&said) == masked(stands) { stands.to_owned() } else { said }
    }

    /// Starts a node at any port; gives what it says, with the port that the page has.
    fn start(&mut self, line: &str) -> String {
        let arguments = line.strip_prefix("jambox node").expect("only a node goes on");
        let mut command = Command::new(binary());
        command.arg("node").args(arguments.split_whitespace()).args(["--port", "0"]);
        command.current_dir(&self.here).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said: String = lines.take(BEGINNING).map(|line| line + "\n").collect();
        let (_, address) = said.split_once("ws://").expect("the node starts");
        let address = address.split_whitespace().next().unwrap().to_owned();
        let said = said.replace(&address, ADDRESS);
        self.node = Some(Node { child, address });
        said
    }

    /// Runs a line as a shell would, as far as these pages need one.
    fn execute(&mut self, line: &str) -> String {
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

    /// Standard output and standard error of a command.
    fn command(&self, line: &str) -> (String, String) {
        if line == "jambox build" {
            return (self.build(), String::new());
        }
        let arguments = ["jambox ", "cargo run --release -- "]
            .into_iter()
            .find_map(|prefix| line.strip_prefix(prefix))
            .unwrap_or_else(|| panic!("`{line}`: nothing here can run that"));
        let mut words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let is_client = ["deploy", "call", "submit"].contains(&words[0].as_str());
        if let Some(node) = self.node.as_ref().filter(|_| is_client) {
            words.extend(["--node".to_owned(), format!("ws://{}", node.address)]);
        }
        let output = Command::new(binary())
            .args(words)
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

/// Rest of a text behind `head`, `tail` or `grep` with a plain word.
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

/// The ids of the services that were created, as `jambox deploy` says them.
fn created(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("service ")?;
    let (id, _) = rest.split_once(" created in slot ")?;
    Some(id.to_owned())
}

/// A text without values that every chain has anew: hashes, ids of services, slots, and gas used,
/// which depends on the length of an id in arguments (a natural).
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_named = ["slot ", "service ", "gas "].iter().any(|name| masked.ends_with(name));
        if digits >= 8 || is_named && rest.starts_with(|first: char| first.is_ascii_digit()) {
            masked.push('#');
            rest = &rest[digits..];
        } else {
            let length = digits.max(character.len_utf8());
            masked.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    masked
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
    let mut lines = page.text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ ").filter(|_| inside);
        if line.starts_with("```") {
            inside = line == "```console\n";
        }
        written.push_str(line);
        let Some(command) = command else { continue };
        let is_output = |line: &&str| !line.starts_with("$ ") && !line.starts_with("```");
        let mut stands = String::new();
        while let Some(line) = lines.next_if(is_output) {
            stands.push_str(line);
        }
        let said = session.run(command.trim_end(), &stands);
        assert!(!said.contains("panicked at"), "{command}{said}");
        assert!(!said.contains("```"), "{command} prints a fence");
        written.push_str(&said);
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
