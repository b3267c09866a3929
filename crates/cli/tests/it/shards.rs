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

/// Runs a line of a shell, with the command at hand as `jambox`, in a folder that has our traces.
fn shell(folder: &Path, script: &str, variables: &[(&str, &str)]) -> (i32, String) {
    let mut path = binary().parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-ec", script]).current_dir(folder).env("PATH", path);
    let output = shell.envs(variables.iter().copied()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// The scripts of a workflow: what stands behind `run:`, folded lines as one.
fn scripts(workflow: &str) -> Vec<String> {
    let mut scripts: Vec<String> = Vec::new();
    let mut folds = None;
    for line in workflow.lines() {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start().strip_prefix("- run: ") {
            Some(">-") => {
                scripts.push(String::new());
                folds = Some(indent);
            }
            Some(script) => scripts.push(script.to_owned()),
            None if folds.is_some_and(|least| indent > least) => {
                let script = scripts.last_mut().unwrap();
                script.push_str(line.trim_start());
                script.push(' ');
            }
            None => folds = None,
        }
    }
    scripts
}

/// The files of the book make machines find the verdict of the whole.
#[cfg(unix)]
#[test]
fn the_files_of_the_book_do_what_they_are_for() {
    let folder = traces();
    let folder = folder.path();
    fs::create_dir(folder.join("testdata")).unwrap();
    fs::rename(folder.join("traces"), folder.join("testdata/trace")).unwrap();
    let (code, whole) = shell(folder, "jambox trace replay testdata/trace", &[]);
    let verdict = |said: &str| said.lines().last().unwrap().to_owned();
    assert_eq!(code, 1, "{whole}");

    let book = root().join("docs/many-machines");
    let workflow = fs::read_to_string(book.join("ci.yaml")).unwrap();
    let scripts = scripts(&workflow);
    let ours: Vec<_> = scripts.iter().filter(|it| it.starts_with("jambox ")).collect();
    let [part, join] = ours.as_slice() else { panic!("{scripts:?}") };
    for shard in ["1", "2", "3", "4"] {
        let script = part.replace("${{ matrix.shard }}", shard);
        let (code, said) = shell(folder, &script, &[]);
        assert_eq!(code, 0, "a part with failures is done: {script}: {said}");
    }
    let (code, joined) = shell(folder, join, &[]);
    assert_eq!((code, verdict(&joined)), (1, verdict(&whole)), "{joined}");

    let script = fs::read_to_string(book.join("slurm.sh")).unwrap();
    let array = script.lines().find_map(|line| line.strip_prefix("#SBATCH --array=1-")).unwrap();
    for task in 1..=array.parse::<u32>().unwrap() {
        let task = task.to_string();
        let variables = [
            ("SLURM_ARRAY_TASK_ID", &*task),
            ("SLURM_ARRAY_TASK_COUNT", array),
            ("SLURM_ARRAY_TASK_MIN", "1"),
        ];
        let run = format!("sh -e '{}' testdata/trace", book.join("slurm.sh").display());
        let (code, said) = shell(folder, &run, &variables);
        assert_eq!(code, 0, "task {task}: {said}");
    }
    let (code, joined) = shell(folder, "jambox merge results-*.jsonl", &[]);
    assert_eq!((code, verdict(&joined)), (1, verdict(&whole)), "{joined}");
}
