//! `--watch`: what is done again, and when.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::jambox::{binary, jambox, root};

/// Longest duration of a round, with a compiler in it and on a busy machine.
const SOON: Duration = Duration::from_secs(120);

/// Line of a watcher after a round.
const WAITING: &str = "waiting for changes; Ctrl-C ends";

/// A command that watches, killed when it is dropped.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        // So that `jambox test` needs no compiler for guests.
        command.env("JAMBOX_TOOLCHAIN", folder.join("no-such-toolchain"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command runs");
        let (sender, lines) = channel();
        let stdout: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let stderr: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        for stream in [stdout, stderr] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines() {
                    let Ok(line) = line else { return };
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines }
    }

    /// All that is said in a round, until it is over and both streams have told what they have.
    #[track_caller]
    fn round(&self) -> Vec<String> {
        let mut said = Vec::new();
        while said.last().is_none_or(|line| line != WAITING) {
            let line = self.lines.recv_timeout(SOON);
            said.push(line.unwrap_or_else(|_| panic!("no round within {SOON:?}: {said:?}")));
        }
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(300)) {
            said.push(line);
        }
        said
    }

    /// True if nothing is done for a while (half a second).
    fn is_quiet(&self) -> bool {
        self.lines.recv_timeout(Duration::from_millis(500)).is_err()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has(said: &[String], text: &str) -> bool {
    said.iter().any(|line| line.contains(text))
}

#[test]
fn a_package_runs_again_when_a_file_of_it_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["counter/counter.asm", "counter/treasury.asm", "authorizer/authorizer.asm"] {
        let to = at(name.rsplit('/').next().unwrap());
        fs::copy(root().join("guests/asm").join(name), to).unwrap();
    }
    let package = fs::read_to_string(root().join("guests/asm/counter/package.toml")).unwrap();
    let package = package.replace("../authorizer/", "");
    fs::write(at("package.toml"), &package).unwrap();
    let watching = Watching::start(folder.path(), &["run", "--watch", "--save-state", "s.json"]);
    let said = watching.round();
    assert!(has(&said, "done") && !has(&said, "\x1b"), "no terminal, no codes: {said:?}");

    fs::write(at("package.toml"), "[items").unwrap();
    assert!(has(&watching.round(), "package.toml"), "a mistake is told");
    fs::write(at("package.toml"), &package).unwrap();
    assert!(has(&watching.round(), "done"), "and may be mended");

    fs::write(at("counter.asm"), "nonsense").unwrap();
    assert!(has(&watching.round(), "counter.asm"), "the code is a file of the package");
    fs::copy(root().join("guests/asm/counter/counter.asm"), at("counter.asm")).unwrap();
    assert!(has(&watching.round(), "done"));

    fs::write(at("notes.txt"), "of no package").unwrap();
    fs::write(at("package.toml"), &package).unwrap();
    assert!(watching.is_quiet(), "another file, and the same content");
}

#[test]
fn tests_run_again_when_a_source_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("src")).unwrap();
    let manifest = "[package]\nname = \"watched\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(at("Cargo.toml"), manifest).unwrap();
    let source = |holds: bool| format!("#[test]\nfn it_holds() {{\n    assert!({holds});\n}}\n");
    fs::write(at("src/lib.rs"), source(true)).unwrap();
    let watching = Watching::start(folder.path(), &["test", "--watch", "--", "--offline"]);
    let said = watching.round();
    assert!(has(&said, "natively only") && has(&said, "1 passed"), "{said:?}");
    fs::write(at("src/lib.rs"), source(false)).unwrap();
    assert!(has(&watching.round(), "1 failed"));
    fs::create_dir(at("src/more")).unwrap();
    fs::write(at("src/more/mod.rs"), source(true)).unwrap();
    fs::write(at("src/lib.rs"), "mod more;").unwrap();
    let mut said = watching.round();
    if !has(&said, "it_holds") {
        // The folder may have been seen before the file that names it.
        said = watching.round();
    }
    assert!(has(&said, "more::it_holds ... ok"), "{said:?}");
    fs::write(at("src/more/mod.rs"), source(false)).unwrap();
    assert!(has(&watching.round(), "1 failed"), "new folders are watched, too");
}

#[test]
fn a_watcher_writes_no_json() {
    for command in ["run", "test"] {
        let ran = jambox([command, "--watch", "--json"]);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}
