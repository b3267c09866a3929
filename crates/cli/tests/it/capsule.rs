//! A run in one file is the same elsewhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::jambox::{Ran, binary, jambox, root};

/// Runs words with a path after the first.
fn with(path: &Path, before: &str, after: &str) -> Ran {
    let words = before.split_whitespace().map(AsRef::as_ref).chain([path.as_os_str()]);
    jambox(words.chain(after.split_whitespace().map(AsRef::as_ref)))
}

/// A report without where the package is: a capsule has paths from the package file on.
fn report(ran: &Ran, folder: &Path) -> String {
    let mut report = ran.json();
    report["package"]["file"].take();
    let root = root();
    let within = folder.strip_prefix(&root).unwrap_or(folder);
    let text = report.to_string().replace(&format!("{}/", folder.display()), "");
    text.replace(&format!("{}/", within.display()), "")
}

#[test]
fn a_capsule_runs_the_same_where_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    for guest in ["asm/counter", "asm/panics", "asm/inner", "paste-bin"] {
        for revision in ["gray-paper-0.7.2", "gray-paper-0.8.0"] {
            let package = root().join("guests").join(guest);
            let capsule = folder.path().join("run.capsule");
            let switches = format!("--revision {revision} --params tiny --json -v");
            let made = with(&capsule, &format!("run guests/{guest} {switches} --capsule"), "");
            let plain = with(&package, "run", &switches);
            let expected = (plain.code, report(&plain, &package));
            assert_eq!((made.code, report(&made, &package)), expected, "{guest}");
            // Its own revision and parameters are in it.
            let again = with(&capsule, "run", "--json -v");
            assert_eq!((again.code, report(&again, &package)), expected, "{guest}");
        }
    }
    // Where there is no home either, nor anything around it.
    let (elsewhere, capsule) = (tempfile::tempdir().unwrap(), folder.path().join("run.capsule"));
    fs::copy(&capsule, elsewhere.path().join("moved")).unwrap();
    let mut command = Command::new(binary());
    command.args(["run", "moved", "--json", "-v"]).current_dir(elsewhere.path()).env_clear();
    let output = command.output().unwrap();
    let mut moved: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut here = with(&capsule, "run", "--json -v").json();
    for report in [&mut moved, &mut here] {
        report["package"]["file"].take();
    }
    assert_eq!(moved, here);
    let explained = with(&capsule, "explain", "");
    assert!(explained.stdout.contains("paste-bin-0.8.0.jam"), "{explained:?}");
    assert!(explained.stdout.contains("gray-paper-0.8.0"), "{explained:?}");
}

#[test]
fn a_capsule_brings_its_sources_if_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let [with_sources, without] = ["with", "without"].map(|name| folder.path().join(name));
    with(&with_sources, "run guests/asm/counter --capsule", "--capsule-sources");
    with(&without, "run guests/asm/counter --capsule", "");
    let assembly = fs::read_to_string(root().join("guests/asm/counter/counter.asm")).unwrap();
    // The debugger shows the line at which it is, wherever it is.
    let debugged = |capsule: &Path| {
        fs::copy(capsule, elsewhere.path().join("moved")).unwrap();
        fs::write(elsewhere.path().join("session"), "stepi\nlist\n").unwrap();
        let mut command = Command::new(binary());
        command.args(["debug", "moved", "--commands", "session"]);
        let output = command.current_dir(elsewhere.path()).env_clear().output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = debugged(&with_sources);
    let (_, listing) = shown.rsplit_once("=>").expect("the line at hand is marked");
    let (_, text) = listing.lines().next().unwrap().trim().split_once(' ').unwrap();
    assert!(assembly.lines().any(|line| line.trim() == text.trim()), "{shown}");
    assert!(debugged(&without).contains("is not at hand"), "no source without the option");
    let [explained, plain] = [&with_sources, &without].map(|it| with(it, "explain", "--json"));
    let source = serde_json::json!({ "path": "counter.asm", "octets": assembly.len() });
    let report = explained.json();
    assert!(report["sources"].as_array().unwrap().contains(&source), "{explained:?}");
    assert_eq!(plain.json()["sources"], serde_json::json!([]));
    // A capsule that is written again keeps them.
    let again = folder.path().join("again");
    let words = format!("run {} --capsule", with_sources.display());
    with(&again, &words, "");
    assert_eq!(fs::read(&again).unwrap(), fs::read(&with_sources).unwrap());
}

#[test]
fn a_capsule_has_the_state_that_it_started_from() {
    let folder = tempfile::tempdir().unwrap();
    let [state, capsule] = ["state.json", "run.capsule"].map(|name| folder.path().join(name));
    let guest = root().join("guests/asm/counter");
    let text = fs::read_to_string(guest.join("package.toml")).unwrap();
    // In whatever slot comes next, so that it can run again upon its own state.
    let text = text.replace("slot = 100\n", "");
    let text = text.replace("file:", &format!("file:{}/", guest.display()));
    let package = folder.path().join("package.toml");
    fs::write(&package, text).unwrap();
    assert_eq!(with(&state, &format!("run {} --save-state", package.display()), "").code, 0);
    let again = format!("run {} --json --state {} --capsule", package.display(), state.display());
    let made = with(&capsule, &again, "");
    assert_eq!(made.code, 0, "{made:?}");
    fs::remove_file(&state).unwrap();
    let ran = with(&capsule, "run", "--json");
    assert_eq!(report(&made, folder.path()), report(&ran, folder.path()));
    // It is not what the package alone gives: the count goes on.
    let alone = with(&package, "run", "--json");
    assert_ne!(ran.json()["state"], alone.json()["state"]);
    let refused = with(&capsule, "run", "--state state.json");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("a capsule has the state"), "{refused:?}");
}

#[test]
fn capsules_that_cannot_be_read_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let capsule = folder.path().join("run.capsule");
    with(&capsule, "run guests/asm/panics --capsule", "");
    let whole = fs::read_to_string(&capsule).unwrap();
    assert!(!whole.contains(root().to_str().unwrap()), "nothing says where it was made");
    let refused = |content: &str, what: &str| {
        fs::write(&capsule, content).unwrap();
        for command in ["run", "explain"] {
            let ran = with(&capsule, command, "");
            assert_eq!(ran.code, 2, "{ran:?}");
            let text = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(what), "{text}");
        }
    };
    refused(&whole[..whole.len() / 2], "not a whole one");
    refused(
        &whole.replace("\"version\":1", "\"version\":2"),
        "the capsule has version 2: this jambox",
    );
    refused(&whole.replace("\"revision\":\"gray", "\"revision\":\"grey"), "unknown revision");
}
