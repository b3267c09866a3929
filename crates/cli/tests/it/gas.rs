//! Figures of gas that are kept.

use std::fs;
use std::path::Path;

use crate::jambox::{Ran, jambox, line};

/// Runs words, then others that hold paths.
fn run(words: &str, more: &[&Path]) -> Ran {
    let words = words.split_whitespace().map(AsRef::as_ref);
    jambox(words.chain(more.iter().map(|path| path.as_os_str())))
}

#[test]
fn figures_are_kept_beside_others_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gas.txt");
    fs::write(&file, "a test of somebody = 77\n").unwrap();
    let counter = "guests/asm/counter --revision gray-paper-0.7.2 --file";
    let kept = run(&format!("gas snapshot {counter}"), &[&file]);
    assert_eq!(kept.code, 0, "{kept:?}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("a test of somebody = 77\n"), "{text}");
    let report = line("run guests/asm/counter --json --revision gray-paper-0.7.2").json();
    let used = report["refine"][1]["gas"]["used"].as_str().unwrap();
    let figure = format!("counter gray-paper-0.7.2: refine item 1 of counter = {used}\n");
    assert!(text.contains(&figure), "{text}");

    let check =
        |tolerance: &str| run(&format!("gas check --tolerance {tolerance} {counter}"), &[&file]);
    assert_eq!(check("0").code, 0, "nothing has changed");
    let used = used.parse::<u64>().unwrap();
    let other = figure.replace(&used.to_string(), &(used * 100 / 102).to_string());
    fs::write(&file, text.replace(&figure, &other)).unwrap();
    let found = check("1.9");
    assert_eq!(found.code, 1, "{found:?}");
    let row = "+2.0%  beyond  counter gray-paper-0.7.2: refine item 1 of counter\n";
    assert!(found.stdout.contains(row), "{found:?}");
    assert!(found.stdout.ends_with(", 1 beyond a tolerance of 1.9%\n"), "{found:?}");
    assert_eq!(check("2.1").code, 0);
    assert_eq!(check("-1").code, 2);

    // A package is called the same wherever the command stands.
    let mut inside = std::process::Command::new(crate::jambox::binary());
    inside.args(["gas", "check", "package.toml", "--revision", "gray-paper-0.7.2", "--tolerance"]);
    inside.args(["2.1", "--file"]).arg(&file);
    let status = inside.current_dir(crate::jambox::root().join("guests/asm/counter")).status();
    assert!(status.unwrap().success());

    // A package that was never measured, and a file that is none.
    let never = run("gas check guests/asm/panics --file", &[&file]);
    assert_eq!(never.code, 1);
    assert!(never.stdout.contains(" new  beyond  panics gray-paper-"), "{never:?}");
    let none = run("gas check guests/asm/counter --file Cargo.toml", &[]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("is not `NAME = GAS`"), "{none:?}");
}

#[test]
fn files_of_figures_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = ["before.txt", "after.txt"].map(|name| folder.path().join(name));
    fs::write(&before, "a = 100\nb = 5\n").unwrap();
    fs::write(&after, "a = 101\nc = 5\n").unwrap();
    let diff = run("gas diff --tolerance 1 --json", &[&before, &after]);
    assert_eq!(diff.code, 1);
    let told = diff.json();
    assert_eq!(told["within"][0]["name"], "a");
    assert_eq!(told["within"][0]["before"], "100");
    assert_eq!(told["beyond"][0]["after"], serde_json::Value::Null);
    assert_eq!(told["beyond"].as_array().unwrap().len(), 2);
    assert_eq!(run("gas diff", &[&before, &before]).code, 0);
}
