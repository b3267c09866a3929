//! `jambox test --coverage` and `--profile`, and figures of gas over tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::jambox::{Ran, binary, root};

/// A service whose tests run the blob that was just built.
const SERVICE: &str = "guests/demo";

/// Runs words, then others that hold paths. A compiler may be at work for a while.
fn run(words: &str, more: &[&Path]) -> Ran {
    let mut command = Command::new(binary());
    command.args(words.split_whitespace()).args(more).current_dir(root());
    let output = command.output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    let code = output.status.code().unwrap();
    Ran { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// False, with a message, without a toolchain for guests.
fn can_build() -> bool {
    let found = jambox_build::Toolchain::find();
    found.map_err(|error| eprintln!("skipped, for it takes a guest toolchain: {error}")).is_ok()
}

#[test]
fn tests_are_measured_and_their_gas_is_kept() {
    if !can_build() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (info, folded, figures) = (at("tests.info"), at("gas.folded"), at("gas.txt"));
    let words = format!("test --revision gray-paper-0.8.0 --folder {SERVICE} --coverage");
    let ran = run(&words, &[&info, Path::new("--profile"), &folded]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let book = fs::read_to_string(root().join("docs/measuring.md")).unwrap();
    let shown = book.split("\ncoverage tests.info\n").nth(1).unwrap();
    let shown = shown.split_inclusive('\n').take(3).collect::<String>();
    assert!(ran.stdout.contains(&shown), "{ran:?}\n{shown}");
    covers_all_tests(&fs::read_to_string(&info).unwrap());

    // The same figures as those of the profile, summed up otherwise.
    let gas = |action: &str, more: &str| {
        let words =
            format!("gas {action} --tests {SERVICE} --revision gray-paper-0.8.0 {more} --file");
        run(&words, &[&figures])
    };
    let kept = gas("snapshot", "");
    assert_eq!(kept.code, 0, "{kept:?}");
    let text = fs::read_to_string(&figures).unwrap();
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for line in fs::read_to_string(&folded).unwrap().lines() {
        let (stack, gas) = line.rsplit_once(' ').unwrap();
        let title = format!("tests of demo gray-paper-0.8.0: {}", stack.split(';').next().unwrap());
        *sums.entry(title).or_default() += gas.parse::<u64>().unwrap();
    }
    let written: String = sums.iter().map(|(title, gas)| format!("{title} = {gas}\n")).collect();
    assert_eq!(text, written);

    let (first, rest) = text.split_once('\n').unwrap();
    let (name, used) = first.rsplit_once(" = ").unwrap();
    let used: u64 = used.parse().unwrap();
    fs::write(&figures, format!("another = 1\n{name} = {}\n{rest}", used * 100 / 103)).unwrap();
    let found = gas("check", "--tolerance 2");
    assert_eq!(found.code, 1, "{found:?}");
    assert!(found.stdout.contains(&format!("+3.0%  beyond  {name}\n")), "{found:?}");
    assert!(found.stdout.ends_with(", 1 beyond a tolerance of 2%\n"), "{found:?}");
}

/// The tests make three packages with two items and one with one, and ask the authorizer once more.
fn covers_all_tests(info: &str) {
    let source = root().join(SERVICE).join("src/lib.rs").canonicalize().unwrap();
    assert!(info.contains(&format!("SF:{}\n", source.display())), "{info}");
    let text = fs::read_to_string(&source).unwrap();
    for (code, times) in [("let times", "7"), ("store(&seen", "7"), ("wrong token", "5")] {
        let line = text.lines().position(|line| line.contains(code)).unwrap() + 1;
        let count = info.lines().find_map(|it| it.strip_prefix(&format!("DA:{line},")));
        assert_eq!(count, Some(times), "times of `{code}`:\n{info}");
    }
}

#[test]
fn tests_without_compiled_code_have_nothing_to_measure() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let manifest = "[package]\nname = \"plain\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "#[test]\nfn passes() {}\n").unwrap();
    let mut command = Command::new(binary());
    command.args(["test", "--coverage", "a.info"]).current_dir(folder.path());
    command.env("JAMBOX_TOOLCHAIN", folder.path().join("no-such-toolchain"));
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no-such-toolchain"), "only compiled code is measured: {said}");
    assert!(!folder.path().join("a.info").exists());
}

#[test]
fn a_profile_of_tests_needs_a_name_that_tells_its_form() {
    let refused = run("test --profile refine", &[]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("does not tell the form of the profile"), "{refused:?}");
}
