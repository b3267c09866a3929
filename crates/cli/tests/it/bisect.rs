//! Differences that were planted are found, with their place.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::jambox::{Ran, jambox, line, root};

const OLD: &str = "--revision=gray-paper-0.7.2";

/// A folder with the counter's package, and another in which a text of its service is another.
fn two_packages(from: &str, to: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let guests = root().join("guests/asm");
    let copy = |name: &str, change: &dyn Fn(String) -> String| {
        let target = folder.path().join(name);
        for part in ["counter", "authorizer"] {
            fs::create_dir_all(target.join(part)).unwrap();
            for entry in fs::read_dir(guests.join(part)).unwrap() {
                let entry = entry.unwrap();
                let text = fs::read_to_string(entry.path()).unwrap();
                let is_service = entry.file_name() == "counter.asm";
                let text = if is_service { change(text) } else { text };
                fs::write(target.join(part).join(entry.file_name()), text).unwrap();
            }
        }
        target.join("counter/package.toml")
    };
    let first = copy("first", &|text| text);
    let second = copy("second", &|text| {
        assert_eq!(text.matches(from).count(), 1);
        text.replace(from, to)
    });
    (folder, first, second)
}

fn bisect(first: &Path, second: &Path, more: &[&str]) -> Ran {
    let words = ["bisect".as_ref(), first.as_os_str(), second.as_os_str()];
    jambox(words.into_iter().chain(more.iter().map(AsRef::as_ref)))
}

fn record(package: &Path, trace: &Path) {
    let words = ["trace".as_ref(), "record".as_ref(), package.as_os_str(), "-o".as_ref()];
    let ran = jambox(words.into_iter().chain([trace.as_os_str(), OLD.as_ref()]));
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// The number of the line of the counter's text that is this.
fn line_of(instruction: &str) -> usize {
    let text = fs::read_to_string(root().join("guests/asm/counter/counter.asm")).unwrap();
    text.lines().position(|line| line.trim().starts_with(instruction)).unwrap() + 1
}

#[test]
fn an_instruction_that_is_another_is_named_with_function_and_line() {
    let (_folder, first, second) = two_packages("add_imm_64 t2, t2, -32", "add_imm_64 t2, t2, -31");
    for revision in ["gray-paper-0.7.2", "gray-paper-0.8.0"] {
        let ran = bisect(&first, &second, &["--json", "--revision", revision]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let found = &ran.json()["difference"];
        assert!(found["title"].as_str().unwrap().starts_with("refine of service 42"), "{found}");
        let [one, other] = found["steps"].as_array().unwrap().as_slice() else { panic!() };
        assert_eq!(one["instruction"], "add_imm_64 r4, r4, -32");
        assert_eq!(other["instruction"], "add_imm_64 r4, r4, -31");
        // `hello jam`: h becomes H, or I.
        let capitals = [one, other].map(|step| step["registers"][0]["value"].clone());
        assert_eq!(capitals, [u8::try_from('H').unwrap(), b'I'].map(|it| it.to_string()));
        let place = format!("counter.asm:{})", line_of("add_imm_64 t2, t2, -32"));
        for step in [one, other] {
            let source = step["source"][0].as_str().unwrap();
            assert!(source.starts_with("upper_case (") && source.ends_with(&place), "{source}");
        }
    }
    let text = bisect(&first, &second, &[OLD]).stdout;
    assert!(text.contains("add_imm_64 r4, r4, -31 at pc "), "{text}");
    assert!(text.contains("in upper_case ("), "{text}");
    let same = bisect(&first, &first, &[OLD]);
    assert_eq!(same.code, 0, "{same:?}");
    assert!(same.stdout.starts_with("no difference between "), "{same:?}");
}

/// The trace with the last figure of a line, in the middle of those that begin so, changed.
fn planted(text: &str, begins: &str, change: impl Fn(&str) -> String) -> (String, usize) {
    let lines: Vec<_> = text.lines().collect();
    let that: Vec<_> = (0..lines.len()).filter(|nth| lines[*nth].contains(begins)).collect();
    let chosen = that[that.len() / 2];
    let changed = lines.iter().enumerate().map(|(nth, line)| match nth == chosen {
        true => change(line) + "\n",
        false => format!("{line}\n"),
    });
    (changed.collect(), lines[..chosen].iter().filter(|line| line.contains("ecalli=")).count())
}

#[test]
fn what_is_planted_in_a_trace_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let [right, wrong] = ["right.log", "wrong.log"].map(|name| folder.path().join(name));
    record(&root().join("guests/asm/counter/package.toml"), &right);
    let text = fs::read_to_string(&right).unwrap();
    let find = |planted: &str| -> Value {
        fs::write(&wrong, planted).unwrap();
        let ran = bisect(&right, &wrong, &["--json"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        ran.json()["difference"].clone()
    };
    // What the host answers.
    let (changed, _) = planted(&text, "setreg r07 <- ", |line| format!("{line}1"));
    let found = find(&changed);
    assert!(found["differs"].as_str().unwrap().contains("what the host reads"), "{found}");
    assert!(found["events"][0]["what"].as_str().unwrap().starts_with("the answer to host call"));
    // Where a machine is at a host call: no machine comes there, whatever is stepped.
    let (changed, before) = planted(&text, "ecalli=", |line| line.replace(" gas=", " gas=1"));
    let found = find(&changed);
    assert_eq!(found["differs"], "the machine there: its pc, registers or gas", "{found}");
    assert!(before > 2 && found["events"][1]["gas"] != found["events"][0]["gas"]);
    // Two of a kind, one that cannot be read, nothing to compare.
    let package = root().join("guests/asm/counter/package.toml");
    let refused = bisect(&right, &package, &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("one of the two is a package"), "{refused:?}");
    let alone = line("bisect guests/asm/counter");
    assert_eq!(alone.code, 2);
    assert!(alone.stderr.contains("there are not two runs to compare"), "{alone:?}");
}

/// A log of services that another implementation recorded, with another host call in the middle.
#[test]
fn an_instruction_planted_in_a_public_log_is_found() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let mut logs = Vec::new();
    for folder in fs::read_dir(vectors.join("dev/ecalli")).unwrap() {
        let entries = fs::read_dir(folder.unwrap().path()).unwrap();
        logs.extend(entries.map(|entry| entry.unwrap().path()));
    }
    logs.sort();
    let log = &logs[logs.len() / 2];
    let text = fs::read_to_string(log).unwrap();
    let mut executions = jambox_trace::Reader::new(text.as_bytes());
    let execution = executions.find(|it| it.as_ref().unwrap().calls.len() > 2).unwrap().unwrap();
    let pc = execution.calls[execution.calls.len() / 2].state.pc;
    let container = jambox_program::Container::parse(&execution.program).unwrap();
    let code = container.program().code();
    let start = execution.program.windows(code.len()).position(|octets| octets == code).unwrap();
    let mut program = execution.program.clone();
    // The number of the call is behind the opcode.
    program[start + pc as usize + 1] ^= 1;
    let [before, after] = [&execution.program, &program].map(const_hex::encode);
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.log");
    fs::write(&wrong, text.replacen(&before, &after, 1)).unwrap();
    let ran = bisect(log, &wrong, &["--json", OLD]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = &ran.json()["difference"];
    let [one, other] = found["steps"].as_array().unwrap().as_slice() else { panic!("{found}") };
    let pc = pc.to_string();
    assert_eq!((&one["pc"], &other["pc"]), (&pc.as_str().into(), &pc.as_str().into()), "{found}");
    assert_ne!(one["instruction"], other["instruction"]);
    assert!(one["instruction"].as_str().unwrap().starts_with("ecalli "), "{found}");
}

#[test]
fn revisions_and_backends_are_compared() {
    let backends = line("bisect guests/asm/counter --backends interpreter,stepper");
    assert_eq!(backends.code, 0, "{backends:?}");
    assert!(backends.stdout.contains("no difference between interpreter and stepper"));
    let one = line("bisect guests/asm/counter --backends interpreter");
    assert!(one.code == 2 && one.stderr.contains("not two runs"), "{one:?}");
    // What is priced in one and not in the other is no difference; a program of the other is.
    let revisions = ["gray-paper-0.7.2", "gray-paper-0.8.0"].join(",");
    let ran = line(&format!("bisect guests/asm/panics --revisions {revisions} --json"));
    assert!(ran.code < 2, "{ran:?}");
}
