//! Every command's help has examples, and they work as they are written.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::jambox::{binary, jambox, line, root};

/// Examples that are not run: they need a compiler, data that the checkout does not hold, or a
/// client. The tests of these commands run them on other data.
const NOT_RUN: &[&str] = &[
    "jambox build",
    "jambox test",
    "jambox vectors",
    "jambox merge",
    "jambox block apply",
    "jambox debug block.bin",
    "jambox bisect traces/fuzzy/",
    "jambox node",
    "jambox deploy",
    "jambox submit",
    "jambox call",
    "--tests ",
    "--gdb",
    "--watch",
    "--sdk ../jambox",
];

/// The help of a command and of all below it, each with its path.
fn helps(path: &str, helps: &mut Vec<(String, String)>) {
    let ran = line(&format!("{path} --help"));
    assert_eq!(ran.code, 0, "{path}: {ran:?}");
    let commands = ran.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    // Descriptions that go on in another line are indented further.
    let names =
        commands.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            self::helps(&format!("{path} {name}"), helps);
        }
    }
    helps.push((path.trim().to_owned(), ran.stdout));
}

/// The commands of a help's examples, without the explanations beside them.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    lines.map(|line| line[2..].split("  ").next().unwrap_or_default().to_owned()).collect()
}

/// A folder that holds what examples name.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        for (from, to) in [
            ("counter/counter.asm", "counter.asm"),
            ("counter/treasury.asm", "treasury.asm"),
            ("authorizer/authorizer.asm", "authorizer.asm"),
            ("panics/panics.asm", "program.asm"),
        ] {
            fs::copy(root().join("guests/asm").join(from), scratch.path(to)).unwrap();
        }
        let session = root().join("guests/asm/counter/session.txt");
        fs::copy(session, scratch.path("session.txt")).unwrap();
        let package = root().join("guests/asm/counter/package.toml");
        let package = fs::read_to_string(package).unwrap().replace("../authorizer/", "");
        for name in ["package.toml", "first.toml"] {
            fs::write(scratch.path(name), &package).unwrap();
        }
        fs::write(scratch.path("second.toml"), package.replace("slot = 100\n", "")).unwrap();
        // A program that halts at once: jump_ind r0, 0.
        fs::write(scratch.path("program.pvm"), [0, 0, 2, 50, 0, 1]).unwrap();
        for folder in [
            "build",
            "traces",
            "target/jambox",
            "guests/asm",
            "services/demo",
            "services/counter",
            ".zfunc",
            ".config/fish/completions",
            ".local/share/bash-completion/completions",
        ] {
            fs::create_dir_all(scratch.path(folder)).unwrap();
        }
        for command in [
            "asm counter.asm -o service.jam",
            "asm counter.asm -o target/jambox/service.jam",
            "trace record package.toml -o run.log",
            "trace record package.toml -o traces/run.log",
            "trace record package.toml -o other.log",
            "gas snapshot package.toml",
            "gas snapshot package.toml --file before.txt",
            "gas snapshot package.toml --file after.txt",
            "state init chain.redb",
            "run package.toml --state chain.redb",
            "state export chain.redb -o before.json",
            "run package.toml --save-state after.json",
        ] {
            let (code, said) = scratch.shell(&format!("jambox {command}"));
            assert_eq!(code, 0, "{command}: {said}");
        }
        scratch
    }

    /// Another folder with the same in it.
    fn copy(&self) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        let (code, said) = self.shell(&format!("cp -R . '{}'", copy.0.path().display()));
        assert_eq!(code, 0, "{said}");
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a line as a shell does, in the folder, which is its home as well.
    fn shell(&self, line: &str) -> (i32, String) {
        let binary = binary();
        let folder = binary.parent().expect("the command's folder");
        let mut path = std::ffi::OsString::from(folder);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.0.path()).env("HOME", self.0.path());
        let output = shell.env("PATH", path).output().expect("a shell");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().expect("no signal"), String::from_utf8_lossy(&said).into_owned())
    }
}

#[cfg(unix)]
#[test]
fn every_example_works() {
    let mut all = Vec::new();
    helps("", &mut all);
    assert!(all.len() > 20, "the commands were not found: {all:?}");
    let original = Scratch::new();
    for (path, help) in all {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "`jambox {path} --help` has no example:\n{help}");
        let scratch = original.copy();
        for example in examples {
            assert!(example.starts_with("jambox "), "{path}: `{example}`");
            if NOT_RUN.iter().any(|not_run| example.contains(not_run))
                || example.contains("COMMAND")
            {
                continue;
            }
            if is_chain_made(&example) {
                let _ = fs::remove_file(scratch.path("chain.redb"));
            }
            // The other programs' use of the output is not tested.
            let command = example.split(" | ").next().unwrap_or_default();
            // Examples that name what a checkout has are run from there.
            let at_root = command.contains("guests/");
            let command = if at_root {
                format!("cd '{}' && {command}", root().display())
            } else {
                command.to_owned()
            };
            let (code, said) = scratch.shell(&command);
            // A difference that is found is no mistake, nor is a guest that fails on purpose.
            // Figures of gas have the name of the folder, which is another in each copy.
            let may_differ = [" diff ", " exec ", " bisect ", " gas check "];
            let most = i32::from(may_differ.iter().any(|command| example.contains(command)));
            let fine = 0..=most;
            assert!(fine.contains(&code), "{path}: `{example}` ends with {code}: {said}");
        }
    }
}

fn is_chain_made(example: &str) -> bool {
    example.contains("state init chain.redb") || example.contains("state import chain.redb")
}

#[test]
fn the_command_itself_says_what_there_is() {
    let ran = line("--help");
    assert!(ran.stdout.contains("Exit status:"), "{}", ran.stdout);
    let ran = jambox::<&str>([]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("Commands:"), "{ran:?}");
}
