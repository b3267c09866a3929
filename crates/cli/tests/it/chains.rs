//! Chains: what can go wrong with them. What goes right is in the transcripts of `docs/chains.md`.

use std::fs;
use std::path::Path;

use jambox_store::FileStore;
use jambox_types::Parameters;

use crate::jambox::{Ran, jambox};

/// Runs a command, its files in a folder of their own.
fn run(folder: &Path, command: &str) -> Ran {
    let is_ours = |word: &str| matches!(word, "chain.redb" | "before.json");
    let words = command.split_whitespace().map(|word| {
        if is_ours(word) { folder.join(word).display().to_string() } else { word.to_owned() }
    });
    jambox(words)
}

#[track_caller]
fn refused(ran: &Ran, parts: &[&str]) {
    assert_eq!(ran.code, 2, "{ran:?}");
    for part in parts {
        // Messages are wrapped at the terminal's width.
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.replace(" │ ", " ").contains(part), "{part} is not in {}", ran.stderr);
    }
}

#[test]
fn chains_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(&run(folder.path(), "state show chain.redb"), &["jambox state init"]);
    fs::write(folder.path().join("chain.redb"), "{}").unwrap();
    refused(&run(folder.path(), "state init chain.redb"), &["exists already"]);
    refused(&run(folder.path(), "run guests/asm/counter/package.toml --state chain.redb"), &[]);
    fs::write(folder.path().join("chain.redb"), "redb and then nothing").unwrap();
    refused(&run(folder.path(), "state root chain.redb"), &["chain"]);
    assert_eq!(fs::read(folder.path().join("chain.redb")).unwrap(), b"redb and then nothing");
}

#[test]
fn the_second_process_is_told_who_holds_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let held = FileStore::create(&path, &Parameters::TINY).unwrap();
    let ran = run(folder.path(), "run guests/asm/counter/package.toml --state chain.redb");
    let holder = format!("process {}", std::process::id());
    refused(&ran, &["it is held by", if cfg!(target_os = "linux") { &holder } else { "" }]);
    drop(held);
    assert_eq!(run(folder.path(), "state root chain.redb").code, 0);
}

#[test]
fn specifications_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("before.json");
    let key = "01".repeat(31);
    for (text, part) in [
        ("{", "EOF"),
        ("{\"id\": \"x\"}", "genesis_state"),
        ("{\"id\": \"x\", \"genesis_state\": {\"00\": \"00\"}}", "a key of 1 octets"),
        (&format!("{{\"id\": \"x\", \"genesis_state\": {{\"{key}\": \"0\"}}}}"), "specification"),
        (
            "{\"id\": \"x\", \"genesis_state\": {}, \"protocol_parameters\": \"00\"}",
            "protocol_parameters",
        ),
    ] {
        fs::write(&spec, text).unwrap();
        refused(&run(folder.path(), "state import chain.redb before.json"), &[part]);
        assert!(!folder.path().join("chain.redb").exists());
    }
    fs::write(&spec, [0; 100]).unwrap();
    refused(&run(folder.path(), "state root before.json"), &["it is no state"]);
}

/// A key that decodes to nonsense is shown, carried along, and never in the way.
#[test]
fn unknown_keys_are_carried_along() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("before.json");
    let (odd, entry) =
        (format!("63{}", "00".repeat(30)), format!("07aa00bb00cc00{}", "dd".repeat(24)));
    let text = format!(
        "{{\"id\": \"odd\", \"genesis_state\": {{\"{odd}\": \"ff\", \"{entry}\": \"00ff\"}}}}"
    );
    fs::write(&spec, text).unwrap();
    assert_eq!(run(folder.path(), "state import chain.redb before.json").code, 0);
    let same = run(folder.path(), "state diff before.json chain.redb");
    assert_eq!((same.code, &*same.stdout), (0, "0 differences\n"));
    let exported = run(folder.path(), "state export chain.redb").json();
    assert_eq!((&exported["id"], &exported["genesis_state"][odd]), (&"odd".into(), &"ff".into()));
    assert_eq!(exported["genesis_state"][entry], "00ff");
    // A chain that lacks what packages need says so.
    let ran = run(folder.path(), "run guests/asm/counter/package.toml --state chain.redb");
    refused(&ran, &["the state has no"]);
}
