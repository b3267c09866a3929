//! Files as they may turn up: pipes, byte-order marks, hostile names, full disks, no threads.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::jambox::{Ran, binary, jambox, line, root};

const PROGRAM: &str = "guests/asm/counter/counter.asm";

/// Runs a line of shell with `$JAMBOX` in it, in a folder.
fn shell(folder: &Path, line: &str) -> Ran {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("JAMBOX", binary())
        .env("ROOT", root())
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let ran = Ran { code: output.status.code().expect("no signal"), stdout, stderr };
    assert!(!ran.stderr.contains("panicked at"), "{ran:?}");
    ran
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_refused_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pipe", "pipe.redb", "pipe.asm", "pipe.log", "pipe.jam"] {
        assert!(Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap().success());
    }
    std::fs::write(folder.path().join("p.toml"), "[chain]\nstate = \"file:pipe\"\n").unwrap();
    for arguments in [
        "run pipe",
        "run p.toml",
        "run \"$ROOT\"/guests/asm/counter --state pipe",
        "run \"$ROOT\"/guests/asm/counter --state pipe.redb",
        "run \"$ROOT\"/guests/asm/counter --params pipe",
        "exec pipe.jam",
        "exec pipe.asm",
        "exec \"$ROOT\"/guests/asm/counter/counter.asm --arguments file:pipe",
        "asm pipe.asm",
        "disasm pipe.jam",
        "inspect pipe.jam",
        "trace show pipe.log",
        "trace replay pipe.log",
        "trace record pipe -o out.log",
        "state show pipe",
        "state root pipe.redb",
        "state diff pipe pipe.redb",
        "state import new.redb pipe",
        "block apply --state pipe.redb pipe",
        "node --port 0 --chain pipe",
        "node --port 0 --spec pipe",
        "explain pipe",
        "debug \"$ROOT\"/guests/asm/counter --commands pipe",
        "gas diff pipe pipe",
        "gas check \"$ROOT\"/guests/asm/counter --file pipe",
        "bisect pipe.log pipe.log",
        "merge pipe",
        "vectors pvm . --results pipe",
    ] {
        // A command that opens the pipe waits for somebody who writes to it.
        let ran = shell(folder.path(), &format!("timeout 20 \"$JAMBOX\" {arguments}"));
        assert_eq!(ran.code, 2, "{arguments}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{arguments}: {ran:?}");
    }
}

#[test]
fn a_byte_order_mark_is_ignored_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let marked = |name: &str, text: &str| {
        std::fs::write(path(name), format!("\u{feff}{text}")).unwrap();
        path(name).display().to_string()
    };
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    marked("counter.asm", &read(PROGRAM));
    marked("treasury.asm", &read("guests/asm/counter/treasury.asm"));
    marked("authorizer.asm", &read("guests/asm/authorizer/authorizer.asm"));
    let package = read("guests/asm/counter/package.toml").replace("../authorizer/", "");
    let package = package.replace("slot = 100\n", "");
    let package = marked("package.toml", &package);
    let parameters = marked("parameters.toml", "base = \"tiny\"\n");
    let (state, trace) = (path("state.json"), path("run.log"));
    let (state, trace) = (state.to_str().unwrap(), trace.to_str().unwrap());
    let ran = jambox(["run", &package, "--params", &parameters, "--save-state", state]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let text = std::fs::read_to_string(state).unwrap();
    marked("state.json", &text);
    let ran = jambox(["run", &package, "--params", &parameters, "--state", state]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(jambox(["state", "show", state, "--params", &parameters]).code, 0);
    assert_eq!(jambox(["trace", "record", &package, "-o", trace]).code, 0);
    let text = std::fs::read_to_string(trace).unwrap();
    // The mark must not hide the first execution: it begins in the first line.
    let text = text.split_once('\n').unwrap().1;
    assert!(text.starts_with("program 0x"), "{}", &text[..80]);
    marked("run.log", text);
    let ran = jambox(["trace", "replay", trace]);
    assert_eq!((ran.code, ran.stdout.contains("5 passed, 0 failed")), (0, true), "{ran:?}");
}

#[test]
fn nothing_that_a_terminal_obeys_leaves_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package.toml");
    let hostile = "\u{1b}]0;title\u{7}\u{9b}2J\u{202e}";
    let (ascii, wide) = ("\\u001b]0;title\\u0007", "\\u009b2J\\u202e");
    let text = std::fs::read_to_string(root().join("guests/asm/counter/package.toml")).unwrap();
    let text = text
        .replace("[services.counter]", &format!("[services.\"counter{ascii}{wide}\"]"))
        .replace("\"counter\"", &format!("\"counter{ascii}{wide}\""))
        .replace("file:", &format!("file:{}/guests/asm/counter/", root().display()));
    std::fs::write(&path, &text).unwrap();
    let obeyed = |text: &str| {
        let shown = text.replace("\u{1b}[", "");
        shown.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}')
            || text.contains("\u{1b}[2J")
    };
    let package = path.to_str().unwrap();
    for more in [&["--color", "always"][..], &["-v"], &["--json"]] {
        let ran = jambox(["run", package].iter().chain(more));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains("title"), "{ran:?}");
        assert!(!obeyed(&ran.stdout), "{ran:?}");
    }
    // A mistake is shown with the text around it.
    for text in [format!("a = 1 # {hostile}\nb\n"), format!("\"{ascii}{wide}\" = 1\n{text}")] {
        std::fs::write(&path, text).unwrap();
        for more in [&["--color", "never"][..], &["--json"]] {
            let ran = jambox(["run", package].iter().chain(more));
            assert_eq!(ran.code, 2, "{ran:?}");
            assert!(!obeyed(&ran.stdout) && !obeyed(&ran.stderr), "{ran:?}");
        }
    }
    // So are the names of files.
    let ran = jambox(["run", &format!("no{hostile}file")]);
    assert!(ran.code == 2 && !obeyed(&ran.stderr), "{ran:?}");
    let trace = folder.path().join("run.log");
    let mut log = std::fs::File::create(&trace).unwrap();
    writeln!(log, "comment {hostile}\nprogram 0x00\nstart pc=0 gas=1").unwrap();
    let ran = jambox(["trace", "show", trace.to_str().unwrap()]);
    assert!(ran.code == 0 && !obeyed(&ran.stdout), "{ran:?}");
}

#[test]
fn a_mistake_in_a_very_long_line_is_shown_with_its_surroundings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    let blank = " ".repeat(70_000);
    for text in [
        format!("{blank}x y\n"),
        format!("{blank}x y{blank}\nz\n"),
        format!("x = \"{}\"", "é".repeat(70_000)),
        format!("{} = 1\n", "k".repeat(70_000)),
    ] {
        std::fs::write(&path, &text).unwrap();
        let ran = jambox(["run", path.to_str().unwrap()]);
        assert_eq!(ran.code, 2, "{}", ran.stderr.len());
        assert!(ran.stderr.contains("p.toml:1:"), "{}", ran.stderr.len());
        assert!(ran.stderr.lines().all(|line| line.chars().count() < 2500));
    }
    std::fs::write(&path, format!("{blank}x y\n")).unwrap();
    let ran = jambox(["run", path.to_str().unwrap()]);
    assert!(ran.stderr.contains("p.toml:1:70003]"), "{}", ran.stderr);
    assert!(ran.stderr.contains(" x y\n"), "{}", ran.stderr);
}

#[test]
fn parameters_with_absurd_products_are_refused_before_anything_is_allocated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("params.toml");
    std::fs::write(&path, "base = \"full\"\ncores = 65535\nauth_queue_size = 65535\n").unwrap();
    let path = path.to_str().unwrap();
    for command in ["run guests/asm/counter", "state init never.redb", "explain cores"] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.extend(["--params", path]);
        let ran = jambox(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("must be at most 1048576 in all"), "{ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_interrupted_leaves_nothing_and_a_full_disk_is_said_of_the_file_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    // A disk that takes one block of 512 octets; too large a file is what the system calls it.
    let full = "trap '' XFSZ; ulimit -f 1; \"$JAMBOX\"";
    let program = "\"$ROOT\"/guests/asm/counter/counter.asm";
    let package = "\"$ROOT\"/guests/asm/counter";
    for command in [
        format!("asm {program} -o file"),
        format!("trace record {package} -o file"),
        format!("run {package} --save-state file"),
        format!("disasm {program} -o file"),
    ] {
        let ran = shell(folder.path(), &format!("{full} {command}"));
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        assert!(ran.stderr.contains("file: cannot write: File too large"), "{command}: {ran:?}");
        assert!(!ran.stderr.contains(".jambox-"), "{command}: {ran:?}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{command}");
    }
}

#[test]
fn without_threads_everything_runs() {
    // A stack that no address space has room for: every attempt to start a thread fails.
    let huge = (1_u64 << 46).to_string();
    for arguments in ["run guests/asm/counter", "run guests/asm/counter -v", "state root no.redb"] {
        let output = Command::new(binary())
            .args(arguments.split(' '))
            .current_dir(root())
            .env("RUST_MIN_STACK", &huge)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let expected = if arguments.contains("no.redb") { 2 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{arguments}: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments}: {stderr}");
    }
}

#[test]
fn programs_come_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let program = "\"$ROOT\"/guests/asm/counter/counter.asm";
    let ran = shell(here, &format!("\"$JAMBOX\" asm {program} -o counter.jam"));
    assert_eq!(ran.code, 0, "{ran:?}");
    for command in ["inspect", "disasm", "exec --gas 1000"] {
        let [named, blob, text] = [
            format!("\"$JAMBOX\" {command} counter.jam"),
            format!("\"$JAMBOX\" {command} - < counter.jam"),
            format!("\"$JAMBOX\" {command} - < {program}"),
        ]
        .map(|line| shell(here, &line));
        let without_name = |ran: &Ran| ran.stdout.replace("standard input", "counter.jam");
        assert_eq!((without_name(&blob), blob.code), (named.stdout, named.code), "{command}");
        assert_eq!(text.code, named.code, "{command}: {text:?}");
    }
    let ran = shell(here, &format!("\"$JAMBOX\" asm - -o again.jam < {program}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let read = |name: &str| std::fs::read(here.join(name)).unwrap();
    assert_eq!(read("again.jam"), read("counter.jam"));
    let ran = shell(here, &format!("\"$JAMBOX\" asm - < {program}"));
    assert!(ran.code == 2 && ran.stderr.contains("the output has no name"), "{ran:?}");
    let ran = shell(here, "printf 'nothing' | \"$JAMBOX\" exec -");
    assert!(ran.code == 2 && ran.stderr.contains("standard input"), "{ran:?}");
}

#[test]
fn a_folder_of_traces_is_replayed_whatever_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(path("deep")).unwrap();
    for name in ["a.log", "b.txt", "deep/trace"] {
        let ran = jambox(["trace", "record", "guests/asm/counter", "-o", &path(name)]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    std::fs::write(path("README"), "What is here: traces, of ecalli=1 and the like.\n").unwrap();
    std::fs::write(path("data.bin"), [0; 100]).unwrap();
    let ran = jambox(["trace", "replay", &path("")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.ends_with("15 passed, 0 failed, 0 skipped\n"), "{ran:?}");
    // One that is spoilt after its beginning is not passed over.
    let text = std::fs::read_to_string(path("b.txt")).unwrap();
    std::fs::write(path("b.txt"), text.replacen("ecalli=", "ecalli=x", 1)).unwrap();
    assert_eq!(jambox(["trace", "replay", &path("")]).code, 1);
    assert_eq!(line("trace replay docs").code, 2);
}

/// Traces that `trace record` writes can be replayed.
#[test]
fn what_is_recorded_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // Since 0.8.0 a program that is not valid as a whole never runs, and a file without an
    // execution is no trace.
    let code = ".program standard\n.code\n load_imm t0, 1\n";
    std::fs::write(path("bad.asm"), code).unwrap();
    let package = "[services.s]\nid = 9\ncode = \"file:bad.asm\"\nbalance = 1_000_000\n\
                   [authorizer]\nhost = \"s\"\ncode = \"file:bad.asm\"\n\
                   [[items]]\nservice = \"s\"\nrefine_gas_limit = 10\naccumulate_gas_limit = 10\n";
    std::fs::write(path("package.toml"), package).unwrap();
    let ran = jambox(["trace", "record", &path("package.toml"), "-o", &path("none.log")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("no program came to run"), "{ran:?}");
    assert!(!Path::new(&path("none.log")).exists());
    // On a chain, with the state that its packages left, which stays as it is.
    let chain = path("chain.redb");
    assert_eq!(jambox(["state", "init", &chain]).code, 0);
    let inner = ["guests/asm/inner", "--state", &chain];
    assert_eq!(jambox(["run"].iter().chain(&inner)).code, 0);
    let root = jambox(["state", "root", &chain]).stdout;
    let trace = path("run.log");
    let record = ["trace", "record", "-o", &trace];
    let ran = jambox(record.iter().chain(&inner));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(jambox(["state", "root", &chain]).stdout, root);
    assert_eq!(jambox(["trace", "replay", &trace]).code, 0);
    // The run before was in slot 1.
    let shown = jambox(["trace", "show", &trace]).stdout;
    assert!(shown.contains("in slot 2"), "{shown}");
}
