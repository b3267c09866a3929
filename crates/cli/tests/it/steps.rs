//! Instructions written to a file, and traces that are measured or split.

use std::fs;
use std::path::Path;

use crate::jambox::{Ran, jambox, line};

const COUNTER: &str = "run guests/asm/counter --revision gray-paper-0.7.2";

/// Runs a line, then an option with a file.
fn with_file(words: &str, option: &str, file: &Path) -> Ran {
    let words = words.split_whitespace().map(AsRef::as_ref);
    jambox(words.chain([option.as_ref(), file.as_os_str()]))
}

/// Lines that show an instruction.
fn instructions(text: &str) -> usize {
    text.lines().filter(|line| line.contains("  gas ")).count()
}

#[test]
fn every_instruction_of_the_invocation_that_is_named_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steps.txt");
    // In 0.7.2 every instruction costs 1, so the gas of a profile counts them.
    let report = line(&format!("{COUNTER} --profile --json")).json();
    let of_code = |invocation: &serde_json::Value| -> u64 {
        let rows = invocation["profile"].as_array().unwrap().iter();
        let code = rows.filter(|row| !row["what"].as_str().unwrap().starts_with("host call"));
        code.map(|row| row["gas"].as_str().unwrap().parse::<u64>().unwrap()).sum()
    };
    let named = [
        ("refine:1", &report["refine"][1]),
        ("is-authorized", &report["is_authorized"]),
        ("accumulate:7", &report["accumulate"][1]),
    ];
    for (which, invocation) in named {
        let ran = with_file(&format!("{COUNTER} --invocation {which}"), "--instructions", &file);
        assert_eq!(ran.code, 0, "{ran:?}");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(instructions(&text) as u64, of_code(invocation), "{which}: {text}");
    }
    with_file(&format!("{COUNTER} --invocation refine:1"), "--instructions", &file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("refine of service 42 on core 1, item 1\n"), "{text}");
    assert!(text.contains("; upper_case (guests/asm/counter/counter.asm:"), "{text}");
    // The first letter of `second item` becomes capital.
    let capital = text.lines().find(|line| line.contains("add_imm_64 r4, r4, -32")).unwrap();
    assert!(capital.trim_end().ends_with("r4 0x53"), "{capital}");
}

#[test]
fn instructions_are_bounded_and_an_invocation_that_never_ran_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let (all, some) = (folder.path().join("all.txt"), folder.path().join("some.txt"));
    with_file(COUNTER, "--instructions", &all);
    let total = instructions(&fs::read_to_string(all).unwrap());
    with_file(&format!("{COUNTER} --instruction-limit 10"), "--instructions", &some);
    let text = fs::read_to_string(some).unwrap();
    assert_eq!(instructions(&text), 10);
    let last = format!("and {} more instructions, not written", total - 10);
    assert_eq!(text.lines().last(), Some(last.as_str()));

    let none = folder.path().join("none.txt");
    let ran = with_file(&format!("{COUNTER} --invocation accumulate:9"), "--instructions", &none);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("no invocation is accumulate:9"), "{ran:?}");
    let ran = line(&format!("{COUNTER} --invocation refine:x"));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("expected is-authorized, refine,"), "{ran:?}");
}

#[test]
fn verbose_runs_show_instructions_before_the_report() {
    let ran = line(&format!("{COUNTER} -vvv --invocation is-authorized"));
    let (steps, report) = ran.stdout.split_once("work package").unwrap();
    assert!(instructions(steps) > 10, "{steps}");
    assert!(report.contains("is-authorized"));
    assert!(line(&format!("{COUNTER} -vvv --json")).json().is_object(), "JSON stays alone");
}

#[test]
fn traces_are_written_one_execution_a_file_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, each) = (folder.path().join("run.log"), folder.path().join("each"));
    let record = COUNTER.replace("run ", "trace record ");
    with_file(&record, "-o", &whole);
    let ran = with_file(&format!("{record} --each"), "-o", &each);
    assert_eq!(ran.code, 0, "{ran:?}");
    let whole = fs::read_to_string(whole).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(&each).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), whole.matches("program 0x").count(), "{names:?}");
    let parts = names.iter().map(|name| fs::read_to_string(each.join(name)).unwrap());
    for part in parts {
        assert_eq!(part.matches("program 0x").count(), 1);
        assert!(part.lines().all(|line| whole.contains(line)), "{part}");
    }
    let replayed = jambox(["trace".as_ref(), "replay".as_ref(), each.as_os_str()]);
    assert!(replayed.stdout.ends_with(&format!("{} passed, 0 failed, 0 skipped\n", names.len())));
}

#[test]
fn replayed_traces_have_the_profile_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let [trace, run, replayed] =
        ["run.log", "run.folded", "replayed.folded"].map(|name| folder.path().join(name));
    with_file(&COUNTER.replace("run ", "trace record "), "-o", &trace);
    with_file(COUNTER, "--profile", &run);
    let replay = ["trace".as_ref(), "replay".as_ref(), trace.as_os_str(), "--profile".as_ref()];
    let ran = jambox(replay.into_iter().chain([replayed.as_os_str()]));
    assert_eq!(ran.code, 0, "{ran:?}");
    let stacks = |path: &Path| -> Vec<(String, u64)> {
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| line.rsplit_once(' ').unwrap());
        lines.map(|(stack, gas)| (stack.to_owned(), gas.parse().unwrap())).collect()
    };
    let (run, replayed) = (stacks(&run), stacks(&replayed));
    let gas = |stacks: &[(String, u64)], of: &str| -> u64 {
        stacks.iter().filter(|(stack, _)| stack.contains(of)).map(|(_, gas)| gas).sum()
    };
    // A trace has no assembly text beside it, but knows the host calls, and all gas.
    for of in ["", "host call export", "host call fetch", "accumulate of service 42"] {
        assert_eq!(gas(&run, of), gas(&replayed, of), "{of}");
    }
    assert!(gas(&replayed, "function at pc") > 0);
    let shown = jambox(replay);
    assert!(shown.stdout.contains("host call export"), "{shown:?}");
    let folder = line("trace replay testdata/trace --profile gas.svg");
    assert_eq!(folder.code, 2);
    assert!(folder.stderr.contains("only one trace at a time"), "{folder:?}");
}
