//! Functions and lines, where a symbol file names them: the symbols here are made up, so that what
//! is shown can come from nowhere else.

use std::fs;
use std::path::Path;

use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;
use serde_json::json;
use tempfile::TempDir;

use crate::jambox::{jambox, root};

/// The revision that the programs of these tests are for.
const OLD: &str = "--revision=gray-paper-0.7.2";

/// A program of one `trap`, by itself.
const PROGRAM: [u8; 5] = [0, 0, 1, 0, 1];

/// The same as a standard program with a page of stack.
fn standard() -> Vec<u8> {
    [&[0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 5, 0, 0, 0][..], &PROGRAM].concat()
}

fn frame(function: &str, file: &str, line: u32) -> Frame {
    Frame { function: function.into(), file: file.into(), line }
}

/// Puts a symbol file where a build puts it: all of the code comes from these frames.
fn describe(folder: &Path, blob: &[u8], program: &[u8], frames: Vec<Frame>) {
    let ranges = vec![Range { start: 0, end: 1 << 20, frames }];
    let symbols = Symbols::new(Hash::blake2b(blob), ranges).unwrap();
    let symbols = symbols.with_program(Hash::blake2b(program));
    fs::create_dir_all(folder.join("symbols")).unwrap();
    let file = folder.join("symbols").join(Symbols::file_name(Hash::blake2b(blob)));
    fs::write(file, symbols.to_string()).unwrap();
}

/// A folder with a child program that traps, a package that runs it, and symbols of both.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let outer = fs::read(root().join("guests/nested/nested.jam")).unwrap();
    fs::write(folder.path().join("nested.jam"), &outer).unwrap();
    fs::write(folder.path().join("child.pvm"), standard()).unwrap();
    let package = fs::read_to_string(root().join("guests/nested/package.toml")).unwrap();
    let package = package.replace("children/greeting.pvm", "child.pvm");
    fs::write(folder.path().join("package.toml"), package).unwrap();
    let inlined = vec![frame("boom", "child.c", 3), frame("start", "child.c", 9)];
    describe(folder.path(), &standard(), &PROGRAM, inlined);
    describe(folder.path(), &outer, b"", vec![frame("everything", "nested.rs", 1)]);
    folder
}

#[test]
fn failures_of_inner_machines_name_their_source() {
    let folder = folder();
    let package = folder.path().join("package.toml");
    let ran = jambox(["run".as_ref(), package.as_os_str(), "--json".as_ref(), OLD.as_ref()]).json();
    let events = ran["refine"][0]["events"].as_array().unwrap();
    let inner = events.iter().find(|event| event["kind"] == "inner-ran").unwrap();
    let expected = json!(["boom (child.c:3)", "start (child.c:9)"]);
    assert_eq!(inner["explanation"]["source"], expected, "{inner}");
    let text = jambox(["run".as_ref(), package.as_os_str(), OLD.as_ref()]).stdout;
    assert!(text.contains("in boom (child.c:3)\n"), "{text}");
}

#[test]
fn disassembly_names_the_source_above_the_instructions() {
    let folder = folder();
    let child = folder.path().join("child.pvm");
    let ran = jambox(["disasm".as_ref(), child.as_os_str(), "--comments".as_ref(), OLD.as_ref()]);
    let code = ran.stdout.split(".code\n").nth(1).unwrap();
    let lines: Vec<_> = code.lines().map(str::trim).collect();
    assert_eq!(lines[1..3], ["; boom (child.c:3)", "; start (child.c:9)"], "{code}");
    assert!(lines[3].starts_with("trap"), "{code}");
}

#[test]
fn traces_name_the_source_of_calls_and_ends() {
    let folder = folder();
    let (package, trace) = (folder.path().join("package.toml"), folder.path().join("run.log"));
    let arguments = ["trace", "record", OLD].map(AsRef::as_ref);
    let rest = [package.as_os_str(), "-o".as_ref(), trace.as_os_str()];
    jambox(arguments.iter().copied().chain(rest));
    let show = |more: &[&std::ffi::OsStr]| {
        let arguments =
            ["trace".as_ref(), "show".as_ref(), OLD.as_ref(), trace.as_os_str(), "-vv".as_ref()];
        jambox(arguments.iter().chain(more).copied()).stdout
    };
    let text = show(&[]);
    let executions = text.matches("source      everything (nested.rs:1)").count();
    assert_eq!(executions, 3, "is-authorized, refine and accumulate end somewhere: {text}");
    assert!(text.contains("in everything (nested.rs:1)"), "calls are made somewhere: {text}");
    let elsewhere = tempfile::tempdir().unwrap();
    let silent = show(&["--symbols".as_ref(), elsewhere.path().as_os_str()]);
    assert!(!silent.contains("everything"), "no symbols are there: {silent}");
}

#[test]
fn assembling_leaves_symbols_and_warns_of_jumps_to_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let text = ".program standard\n.code\nstart:\n branch_eq_imm a0, 1, inside\n load_imm t0, 1\n\
                inside:\n load_imm t1, 2\n trap\n";
    fs::write(path("a.asm"), text).unwrap();
    let ran = jambox(["asm", &path("a.asm"), "-o", &path("a.jam")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let warning = "a.asm:4: warning: `branch_eq_imm` goes to `inside`, where no basic block starts";
    assert!(ran.stderr.contains(warning), "{ran:?}");
    let report = jambox(["asm", &path("a.asm"), "-o", &path("a.jam"), "--json"]).json();
    assert_eq!(report["warnings"][0]["line"], 4);
    // Whoever runs the blob is told the line: an interpreter of 0.7.2 takes the branch and panics.
    let exec = ["exec", &path("a.jam"), OLD, "--reg", "r7=1"].map(str::to_owned);
    let ran = jambox(&exec);
    assert!(
        ran.stdout.contains("source      start (") && ran.stdout.contains("a.asm:4)"),
        "{ran:?}"
    );
    // With a block there, nothing is wrong.
    let text = text.replace("inside:", " fallthrough\ninside:");
    fs::write(path("b.asm"), text).unwrap();
    let ran = jambox(["asm", &path("b.asm"), "-o", &path("b.jam")]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}
