//! Parameters files, and the precedence of switches.

use std::path::Path;

use jambox_package::{Switches, load, load_parameters};
use jambox_types::{Parameters, Revision, ServiceId};

use crate::memory::{FULL, Memory, files, load_from};

#[test]
fn a_file_changes_a_preset() {
    let files = Memory::default().with("p.toml", "base = \"tiny\"\ncores = 5\n");
    let parameters = load_parameters(&files, Path::new("p.toml")).unwrap();
    assert_eq!(parameters, Parameters { cores: 5, ..Parameters::TINY });
}

#[test]
fn a_bad_file_says_where() {
    for (text, message) in [
        ("base = \"tiny\"\ncoers = 5", "unknown field `coers`"),
        ("cores = 5", "is missing, and no `base` is named"),
        ("base = \"tiny\"\ncores = 0", "`cores` must not be zero"),
        ("base = \"tiny\"\ncores = \"x\"", "expected"),
    ] {
        let files = Memory::default().with("p.toml", text);
        let invalid = load_parameters(&files, Path::new("p.toml")).unwrap_err();
        assert!(invalid.to_string().contains(message), "{invalid}");
    }
}

#[test]
fn the_revision_chooses_among_values() {
    let storage = "storage = [{ key = \"text:k\", value = \"hex:00ff\" }]";
    let by_revision = "storage = [{ key = \"text:k\", value = { \"gray-paper-0.7.2\" = \"text:old\", \
                       \"gray-paper-0.8.0\" = [\"text:n\", \"sized:text:ew\"] } }]";
    assert!(FULL.contains(storage));
    let text = FULL.replace(storage, by_revision);
    let value = |revision| {
        let switches = Switches { revision: Some(revision), ..Switches::default() };
        let package = load(&files(&text), Path::new("dir/package.toml"), &switches, None).unwrap();
        package.state.accounts.storage(ServiceId(1), b"k").unwrap().unwrap().to_vec()
    };
    assert_eq!(value(Revision::GrayPaper072), b"old");
    assert_eq!(value(Revision::GrayPaper080), b"n\x02ew");
    // Switches of the file itself select values too.
    let state = load_from(&files(&text)).unwrap().state;
    assert_eq!(&*state.accounts.storage(ServiceId(1), b"k").unwrap().unwrap(), b"old");
}

#[test]
fn a_value_may_be_the_hash_of_another() {
    let value = "value = \"hex:00ff\"";
    assert!(FULL.contains(value));
    let stored = |written: &str| {
        let text = FULL.replace(value, &format!("value = {written}"));
        let files = files(&text).with("dir/a.txt", "jam");
        let state = load_from(&files).unwrap().state;
        state.accounts.storage(ServiceId(1), b"k").unwrap().unwrap().to_vec()
    };
    let hash = |octets: &[u8]| jambox_types::Hash::blake2b(octets).0.to_vec();
    assert_eq!(stored("\"blake2b:text:jam\""), hash(b"jam"));
    assert_eq!(stored("\"blake2b:file:a.txt\""), hash(b"jam"));
    assert_eq!(stored("\"sized:blake2b:sized:text:jam\"")[1..], hash(b"\x03jam"));
    assert_eq!(stored("[\"u8:1\", \"blake2b:u8:2\"]"), [&[1][..], &hash(&[2])].concat());
}

#[test]
fn a_package_may_name_a_parameters_file() {
    let text = FULL.replace("\"tiny\"", "\"file:p.toml\"");
    let good = files(&text).with("dir/p.toml", "base = \"tiny\"\nmax_block_tickets = 9");
    assert_eq!(load_from(&good).unwrap().protocol.parameters.max_block_tickets, 9);
    let bad = files(&text).with("dir/p.toml", "base = 4");
    let invalid = load_from(&bad).unwrap_err();
    assert_eq!(invalid.file(&invalid.problems[0]).0.to_str(), Some("dir/p.toml"));
}

#[test]
fn the_caller_wins_over_the_file() {
    let switches = Switches { revision: Some(Revision::GrayPaper080), parameters: None, abi: None };
    let package = load(&files(FULL), Path::new("dir/package.toml"), &switches, None).unwrap();
    assert_eq!(package.protocol.revision, Revision::GrayPaper080);
    assert_eq!(package.protocol.parameters, Parameters::TINY);
}
