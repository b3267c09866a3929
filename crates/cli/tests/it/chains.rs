//! Chains: what can go wrong with them. What goes right is in the transcripts of `docs/chains.md`.

use std::fs;
use std::path::Path;

use jambox_codec::encode_with;
use jambox_store::FileStore;
use jambox_types::{Block, Extrinsic, Parameters, Protocol, Revision, TimeSlot};

use crate::jambox::{Ran, jambox};
use crate::schemas::fits;

/// Runs a command, its files in a folder of their own.
fn run(folder: &Path, command: &str) -> Ran {
    let is_ours = |word: &str| matches!(word, "chain.redb" | "before.json" | "rest.json");
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
    let protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);
    let held = FileStore::create(&path, &protocol).unwrap();
    let ran = run(folder.path(), "run guests/asm/counter/package.toml --state chain.redb");
    let holder = format!("process {}", std::process::id());
    refused(
        &ran,
        &["the chain is in use by", if cfg!(target_os = "linux") { &holder } else { "" }],
    );
    drop(held);
    assert_eq!(run(folder.path(), "state root chain.redb").code, 0);
}

/// A reader needs no write access, waits for nobody, and leaves the file as it is.
#[test]
fn those_who_look_are_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let root = "state root chain.redb";
    assert_eq!(run(folder.path(), "state init chain.redb").code, 0);
    let wanted = run(folder.path(), root).stdout;
    let held = FileStore::open(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let all: Vec<Ran> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(|| run(folder.path(), root))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|ran| (ran.code, &ran.stdout) == (0, &wanted)), "{all:?}");
    let same = run(folder.path(), "state diff chain.redb chain.redb");
    assert_eq!((same.code, &*same.stdout), (0, "0 differences\n"));
    assert_eq!(run(folder.path(), "state verify chain.redb").code, 0);
    assert!(fs::read(&path).unwrap() == before);
    drop(held);
}

#[test]
fn a_chain_of_another_revision_or_parameters_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), "state init chain.redb --revision gray-paper-0.7.2").code, 0);
    for command in
        ["state root chain.redb", "run guests/asm/counter/package.toml --state chain.redb"]
    {
        let other = run(folder.path(), &format!("{command} --revision gray-paper-0.8.0"));
        refused(&other, &["gray-paper-0.7.2", "gray-paper-0.8.0"]);
        let other = run(folder.path(), &format!("{command} --params tiny"));
        refused(&other, &["full parameters", "tiny"]);
    }
}

/// Values that something else wrote into the file are not shown as the chain's.
#[test]
fn a_changed_value_is_an_error_and_the_rest_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    assert_eq!(run(folder.path(), "state init chain.redb").code, 0);
    let ran = run(folder.path(), "run guests/asm/counter/package.toml --state chain.redb");
    assert_eq!(ran.code, 0);
    let get = "state get chain.redb counter storage count";
    let found = run(folder.path(), &format!("{get} --json")).json();
    let key = found["key"].as_str().unwrap().to_owned();
    let shown = run(folder.path(), get).stdout;
    let sound = run(folder.path(), "state export chain.redb").json();

    let mut octets = fs::read(&path).unwrap();
    let value = const_hex::decode(shown.trim()).unwrap();
    // The value is somewhere; wherever else the same octets are, the answer is the same or none.
    let mut damaged = 0;
    for at in 0..octets.len() - value.len() {
        if octets[at..at + value.len()] == value {
            octets[at] ^= 1;
            fs::write(&path, &octets).unwrap();
            let ran = run(folder.path(), get);
            if ran.code == 2 {
                refused(&ran, &[&key, "jambox state verify", "jambox state export --salvage"]);
                damaged += 1;
                break;
            }
            assert_eq!((ran.code, &ran.stdout), (0, &shown), "octet {at}");
            octets[at] ^= 1;
        }
    }
    assert_eq!(damaged, 1);
    for command in ["state verify chain.redb", "state export chain.redb"] {
        refused(&run(folder.path(), command), &[&key]);
    }
    let saved = run(folder.path(), "state export --salvage chain.redb -o rest.json");
    assert_eq!(saved.code, 1);
    assert!(saved.stderr.contains(&key), "{saved:?}");
    let saved: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("rest.json")).unwrap()).unwrap();
    let mut wanted = sound["genesis_state"].as_object().unwrap().clone();
    wanted.remove(&key).unwrap();
    assert_eq!(saved["genesis_state"].as_object().unwrap(), &wanted);
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
    refused(&run(folder.path(), "state root before.json"), &["the file is not a state"]);
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
        refused(&on_chain(slot), &["is not after 7", "a later slot", "without `slot`"]);
    }
    assert_eq!(run(folder, "state root chain.redb").stdout, root);
    assert_eq!(on_chain("").code, 0);
    let chain = folder.join("chain.redb").display().to_string();
    assert_eq!(jambox(["state", "get", &chain, "time slot"]).stdout, "0x08000000\n");
    // A state file is a state as well.
    let saved = folder.join("before.json").display().to_string();
    let first = package(folder, "slot = 7\n");
    assert_eq!(jambox(["run", &first, "--save-state", &saved]).code, 0);
    refused(&jambox(["run", &first, "--state", &saved]), &["is not after 7"]);
    // No block comes after the last slot, whether the file names one or not.
    let last = u32::MAX;
    assert_eq!(on_chain(&format!("slot = {last}\n")).code, 0);
    for slot in ["", &format!("slot = {last}\n")] {
        refused(&on_chain(slot), &["is the last of all slots", "make a new chain"]);
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

/// An empty block is applied, and is refused when it comes again; both are said in one form.
#[test]
fn blocks_are_applied_or_refused_as_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let protocol = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    let extrinsic = Extrinsic::default();
    let mut header = jambox_node::genesis::header(&protocol);
    header.slot = TimeSlot(1);
    header.extrinsic_hash = extrinsic.hash(&protocol);
    fs::write(path("block"), encode_with(&Block { header, extrinsic }, &protocol)).unwrap();
    let made = jambox(["state", "init", &path("chain"), "--params", "tiny"]);
    assert_eq!(made.code, 0, "{made:?}");
    let apply = ["block", "apply", "--state", &path("chain"), &path("block"), "--json"];
    let applied = jambox(apply);
    assert_eq!(applied.code, 0, "{applied:?}");
    fits("block-apply", &applied.json());
    let refused = jambox(apply);
    assert_eq!(refused.code, 1, "{refused:?}");
    fits("block-apply", &refused.json());
    let rule = refused.json()["blocks"][0]["refused"].clone();
    assert!(rule.as_str().unwrap().contains("slot 1 is not after 1"), "{rule}");
}
