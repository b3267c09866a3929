//! Readers that leave early, and places that take nothing.

use std::process::{Command, Stdio};

use crate::jambox::{binary, root};

fn command(line: &str) -> Command {
    let mut command = Command::new(binary());
    command.args(line.split_whitespace()).current_dir(root()).stderr(Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_does_not_change_how_a_command_ends() {
    for (line, code) in [
        ("run guests/asm/counter/package.toml", 0),
        ("run guests/asm/panics/package.toml --json", 1),
        ("explain", 0),
        ("completions zsh", 0),
        // This one would go on for ten million instructions.
        ("exec guests/asm/out-of-gas/out-of-gas.asm -v", 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(line).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(code), ""), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    for line in ["run guests/asm/counter/package.toml", "explain write --json", "exec --help"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(line).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "cannot write to standard output: the disk is full\n");
    }
    let run = crate::jambox::jambox(["run", "guests/asm/inner", "--save-state", "/dev/full"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("/dev/full: cannot write: the disk is full"), "{}", run.stderr);
    assert!(run.stderr.contains("make room"), "{}", run.stderr);
}

/// The block stands: whoever runs the package again, since it said it failed, runs it on the state
/// after it.
#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_does_not_hide_that_its_block_stands() {
    let folder = tempfile::tempdir().unwrap();
    let chain = folder.path().join("chain.redb").display().to_string();
    assert_eq!(crate::jambox::jambox(["state", "init", &chain]).code, 0);
    for (json, slot) in [("", 1), ("--json", 2)] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let line = format!("run guests/asm/inner --state {chain} {json}");
        let output = command(&line).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("committed: "), "{said}");
        assert!(said.contains(&format!("has the block of slot {slot}, state root 0x")), "{said}");
        assert!(said.ends_with("to standard output: the disk is full\n"), "{said}");
    }
}
