//! Many machines: parts of the work, each with its results, joined into one verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::jambox::{Ran, binary, jambox, root};

/// A folder of traces, of which one is not as it should be.
fn traces() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for guest in ["counter", "inner", "panics", "out-of-gas", "reader"] {
        let package = root().join("guests/asm").join(guest);
        let into = folder.path().join("traces").join(guest);
        fs::create_dir_all(&into).unwrap();
        let record = ["trace".as_ref(), "record".as_ref(), package.as_os_str(), "--each".as_ref()];
        jambox(record.into_iter().chain(["-o".as_ref(), into.as_os_str()]));
    }
    let wrong = folder.path().join("traces/counter/002.log");
    let text = fs::read_to_string(&wrong).unwrap();
    fs::write(&wrong, text.replacen("ecalli=", "ecalli=9", 1)).unwrap();
    folder
}

/// Replays the traces of a folder, with options and variables.
fn replay(folder: &Path, options: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(binary());
    command.args(["trace", "replay"]).arg(folder.join("traces")).args(options);
    let output = command.envs(variables.iter().copied()).current_dir(folder).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    let code = output.status.code().unwrap();
    Ran { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn merge(files: &[PathBuf], option: &str) -> Ran {
    let words = ["merge".as_ref(), option.as_ref()].into_iter();
    jambox(words.chain(files.iter().map(|file| file.as_os_str())))
}

/// The cases of a report that did not simply pass, by name.
fn remarkable(report: &Value) -> Vec<String> {
    let cases = report["cases"].as_array().unwrap().iter();
    let mut cases: Vec<_> = cases.map(ToString::to_string).collect();
    cases.sort();
    cases
}

#[test]
fn four_parts_give_the_verdict_of_the_whole() {
    let folder = traces();
    let whole = replay(folder.path(), &["--json"], &[]).json();
    assert_eq!(whole["failed"], 1);
    let files: Vec<_> = (1..=4).map(|part| folder.path().join(format!("{part}.jsonl"))).collect();
    let mut sizes = Vec::new();
    for (part, file) in (1..).zip(&files) {
        let (shard, file) = (format!("{part}/4"), file.to_str().unwrap());
        let ran = replay(folder.path(), &["--json", "--shard", &shard, "--results", file], &[]);
        assert!(ran.code < 2, "{ran:?}");
        sizes.push(fs::read_to_string(file).unwrap().lines().count() - 2);
    }
    assert_eq!(sizes.iter().sum::<usize>() as u64, whole["passed"].as_u64().unwrap() + 1);
    assert!(sizes.iter().filter(|size| **size > 0).count() > 1, "they share the work: {sizes:?}");
    let merged = merge(&files, "--json");
    assert_eq!(merged.code, 1, "{merged:?}");
    let merged = merged.json();
    for field in ["passed", "failed", "skipped"] {
        assert_eq!(merged[field], whole[field], "{field}");
    }
    assert_eq!(remarkable(&merged), remarkable(&whole));

    let missing = merge(&files[..3], "-v");
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("shards are missing: 4/4"), "{missing:?}");
    let twice = merge(&[files[0].clone(), files[0].clone()], "-v");
    assert!(twice.stderr.contains("shard 1/4 is given twice"), "{twice:?}");
    let none = merge(&[root().join("Cargo.toml")], "-v");
    assert!(none.code == 2 && none.stderr.contains("the start of results"), "{none:?}");
}

#[test]
fn a_part_that_was_stopped_goes_on_where_it_was() {
    let folder = traces();
    let file = folder.path().join("all.jsonl");
    let options = ["--json", "--results", file.to_str().unwrap()];
    let whole = replay(folder.path(), &options, &[]).json();
    let text = fs::read_to_string(&file).unwrap();
    // Stopped in the middle of a line.
    let cut = text.len() * 2 / 3;
    fs::write(&file, &text[..cut]).unwrap();
    let incomplete = merge(std::slice::from_ref(&file), "-v");
    assert!(incomplete.stderr.contains("shard 1/1 is not complete"), "{incomplete:?}");
    let again = replay(folder.path(), &options, &[]).json();
    assert_eq!(again, whole);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let another = replay(folder.path(), &[&options[..], &["--shard", "1/2"]].concat(), &[]);
    assert_eq!(another.code, 2);
    assert!(
        another.stdout.contains("the file has results of trace replay, shard 1/1"),
        "{another:?}"
    );
}

#[test]
fn schedulers_name_the_part() {
    let folder = traces();
    let given = replay(folder.path(), &["--shard", "3/4", "-v"], &[]);
    let kubernetes = [("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "4")];
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "3"),
        ("SLURM_ARRAY_TASK_COUNT", "4"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
    ];
    for variables in [&kubernetes[..], &slurm[..]] {
        let ran = replay(folder.path(), &["-v"], variables);
        assert_eq!(ran.stdout, given.stdout, "{variables:?}");
        assert!(ran.stderr.contains("note: shard 3/4, by "), "{ran:?}");
    }
    let wrong = replay(folder.path(), &[], &[kubernetes[0], ("JOB_COMPLETIONS", "2")]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("JOB_COMPLETION_INDEX=2 and JOB_COMPLETIONS=2"), "{wrong:?}");
    let wrong = replay(folder.path(), &["--shard", "5/4"], &[]);
    assert!(wrong.code == 2 && wrong.stderr.contains("such as 1/4"), "{wrong:?}");
}
