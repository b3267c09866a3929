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

/// The counter's package with this in the section of the chain, in place of the slot.
fn package(folder: &Path, chain: &str) -> String {
    let guests = crate::jambox::root().join("guests/asm");
    let text = fs::read_to_string(guests.join("counter/package.toml")).unwrap();
    let text = text.replace("file:", &format!("file:{}/counter/", guests.display()));
    let path = folder.join("package.toml");
    assert!(text.contains("slot = 100\n"));
    fs::write(&path, text.replace("slot = 100\n", chain)).unwrap();
    path.display().to_string()
}

#[test]
fn a_block_is_later_than_the_state_that_it_comes_upon() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(run(folder, "state init chain.redb --params tiny").code, 0);
    let on_chain = |chain: &str| {
        let package = package(folder, chain);
        run(folder, &format!("run {package} --state chain.redb"))
    };
    assert_eq!(on_chain("slot = 7\n").code, 0);
    let root = run(folder, "state root chain.redb").stdout;
    for slot in ["slot = 7\n", "slot = 3\n"] {
        refused(&on_chain(slot), &["is not after slot 7", "a later slot", "without `slot`"]);
    }
    assert_eq!(run(folder, "state root chain.redb").stdout, root);
    assert_eq!(on_chain("").code, 0);
    let chain = folder.join("chain.redb").display().to_string();
    assert_eq!(jambox(["state", "get", &chain, "time slot"]).stdout, "0x08000000\n");
    // A state file is a state as well.
    let saved = folder.join("before.json").display().to_string();
    let first = package(folder, "slot = 7\n");
    assert_eq!(jambox(["run", &first, "--save-state", &saved]).code, 0);
    refused(&jambox(["run", &first, "--state", &saved]), &["is not after slot 7"]);
    // No block comes after the last slot, whether the file names one or not.
    let last = u32::MAX;
    assert_eq!(on_chain(&format!("slot = {last}\n")).code, 0);
    for slot in ["", &format!("slot = {last}\n")] {
        refused(&on_chain(slot), &["is the last one", "make a new chain"]);
    }
}

/// `sec:sealandentropy`: with the first block of an epoch, the accumulator as the last epoch left
/// it goes into the history. Epochs have 12 slots here.
#[test]
fn entropy_rotates_at_the_start_of_an_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(run(folder, "state init chain.redb --params tiny").code, 0);
    let entropy = |octet: &str| octet.repeat(32);
    let zero = entropy("00");
    for (slot, own, history) in [
        (11, "aa", [&*zero, &zero, &zero]),
        (12, "bb", [&entropy("aa"), &zero, &zero]),
        (13, "cc", [&entropy("aa"), &zero, &zero]),
        (40, "dd", [&entropy("cc"), &entropy("aa"), &zero]),
    ] {
        let chain = format!("slot = {slot}\nentropy = \"hex:{}\"\n", entropy(own));
        let package = package(folder, &chain);
        assert_eq!(run(folder, &format!("run {package} --state chain.redb")).code, 0);
        let found = run(folder, "state get chain.redb entropy").stdout;
        assert_eq!(found.trim(), format!("0x{}{}", entropy(own), history.concat()), "slot {slot}");
    }
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
