//! Differences that were planted are found, with their place.

use std::fs;
use std::path::{Path, PathBuf};

use jambox_state::{KeyKind, StateKey};
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::{Hash, Parameters, Protocol};
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
    // The host's answer.
    let (changed, _) = planted(&text, "setreg r07 <- ", |line| format!("{line}1"));
    let found = find(&changed);
    assert!(
        found["differs"].as_str().unwrap().contains("the reads, writes and answers"),
        "{found}"
    );
    assert!(found["events"][0]["what"].as_str().unwrap().starts_with("the answer to host call"));
    // The gas of a machine at a host call: no machine reaches that state, whatever is stepped.
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
    assert!(alone.stderr.contains("only one run is named"), "{alone:?}");
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

/// A step of a block trace in whose state after one storage value was changed.
#[test]
fn a_storage_value_planted_in_a_step_is_found() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let protocol = Protocol { parameters: Parameters::TINY, ..Protocol::default() };
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("step.bin");
    let find = |wrong: &Path| {
        let ran = jambox(["bisect".as_ref(), wrong.as_os_str(), "--json".as_ref()]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let found = ran.json();
        assert_eq!((&found["passed"], &found["failed"]), (&0.into(), &1.into()), "{found}");
        found["cases"][0]["remark"].as_str().unwrap().to_owned()
    };
    let files = jambox_vectors::steps::files(&vectors.join("dev-0.8.0/traces")).unwrap();
    let planted = files.iter().find_map(|file| {
        let mut step = jambox_vectors::steps::load(file, &protocol).unwrap().ok()?;
        let before = step.pre_state.leaves.clone();
        let written = |leaf: &&mut jambox_vectors::steps::KeyValue| {
            let is_entry = matches!(StateKey(leaf.key).kind(), KeyKind::Entry(_));
            is_entry && !leaf.value.is_empty() && !before.contains(leaf)
        };
        let leaf = step.post_state.leaves.iter_mut().find(written)?;
        *leaf.value.last_mut()? ^= 1;
        let key = StateKey(leaf.key).to_string();
        fs::write(&wrong, jambox_codec::encode_with(&step, &protocol)).unwrap();
        // An entry may also be a preimage, or a request of one.
        let said = find(&wrong);
        said.contains("write(key: ").then_some((file, key, said))
    });
    let (file, key, said) = planted.expect("a step writes to storage");
    assert!(said.contains(&format!("(key {key})")), "{said}");
    assert!(said.contains("\n  changed by accumulate of service "), "{said}");
    assert!(said.contains("\n    write(key: ") && said.contains("\n    ecalli 5 at pc "), "{said}");
    // With symbols of the code beside it, the function and the line.
    let (_, code) = said.split_once("in code ").expect("there are no symbols yet");
    let code: Hash = code.split(',').next().unwrap().parse().unwrap();
    let frame =
        |function: &str, line| Frame { function: function.into(), file: "store.rs".into(), line };
    let frames = vec![frame("store", 12), frame("accumulate", 34)];
    let symbols = Symbols::new(code, vec![Range { start: 0, end: 1 << 24, frames }]).unwrap();
    fs::create_dir(folder.path().join("symbols")).unwrap();
    let place = folder.path().join("symbols").join(Symbols::file_name(code));
    fs::write(place, symbols.to_string()).unwrap();
    let said = find(&wrong);
    assert!(
        said.contains("\n    in store (store.rs:12)\n    in accumulate (store.rs:34)"),
        "{said}"
    );
    // The step as it was is as it should be.
    let ran = jambox(["bisect".as_ref(), file.as_os_str()]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn folders_of_traces_are_compared_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = ["ours", "theirs"].map(|name| folder.path().join(name));
    for (name, guest) in [("a.log", "counter"), ("b.log", "inner"), ("c.log", "counter")] {
        for place in [&ours, &theirs] {
            fs::create_dir_all(place).unwrap();
            record(&root().join("guests/asm").join(guest).join("package.toml"), &place.join(name));
        }
    }
    let text = fs::read_to_string(theirs.join("a.log")).unwrap();
    let (changed, _) = planted(&text, "setreg r07 <- ", |line| format!("{line}1"));
    fs::write(theirs.join("a.log"), changed).unwrap();
    fs::remove_file(theirs.join("c.log")).unwrap();
    let all = bisect(&ours, &theirs, &["--json"]);
    assert_eq!(all.code, 1, "{all:?}");
    let all = all.json();
    assert_eq!((&all["passed"], &all["failed"]), (&1.into(), &2.into()), "{all}");
    let cases = all["cases"].as_array().unwrap();
    for (name, remark) in [("a.log", "first difference in "), ("c.log", "no such trace in ")] {
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        assert!(case["remark"].as_str().unwrap().contains(remark), "{all}");
    }
    let parts = ["1/2", "2/2"].map(|part| bisect(&ours, &theirs, &["--json", "--shard", part]));
    let failed = parts.map(|ran| ran.json()["failed"].as_u64().expect(&ran.stdout));
    assert_eq!(failed.iter().sum::<u64>(), 2);
    // A pair has no parts.
    let package = root().join("guests/asm/counter");
    let pair = bisect(&package, &package, &["--shard", "1/2"]);
    assert!(pair.code == 2 && pair.stderr.contains("comparison of two runs"), "{pair:?}");
}

#[test]
fn revisions_and_backends_are_compared() {
    let backends = line("bisect guests/asm/counter --backends interpreter,stepper");
    assert_eq!(backends.code, 0, "{backends:?}");
    assert!(backends.stdout.contains("no difference between interpreter and stepper"));
    let one = line("bisect guests/asm/counter --backends interpreter");
    assert!(one.code == 2 && one.stderr.contains("only one run is named"), "{one:?}");
    // Prices that only one revision has are no difference; a program of the other revision is one.
    let revisions = ["gray-paper-0.7.2", "gray-paper-0.8.0"].join(",");
    let ran = line(&format!("bisect guests/asm/panics --revisions {revisions} --json"));
    assert!(ran.code < 2, "{ran:?}");
}
