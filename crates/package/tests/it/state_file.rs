//! State files: round trip, foreign files, incomplete files.

use std::path::Path;

use jambox_package::{Snapshot, Switches, load, parse_state};
use jambox_types::{Hash, Parameters, Protocol, Revision, ServiceId, TimeSlot};

use crate::memory::{FULL, files, load_text};

const TINY: Protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);

fn snapshot() -> Snapshot {
    let package = load_text(FULL).unwrap();
    Snapshot {
        revision: Revision::GrayPaper072,
        slot: package.slot,
        entropy: package.entropy,
        state: package.state,
        names: package.names,
    }
}

fn parse(octets: &[u8]) -> Result<Snapshot, String> {
    parse_state(Path::new("state.json"), octets, &TINY).map_err(|invalid| invalid.to_string())
}

#[test]
fn what_is_written_reads_back_as_the_same() {
    let written = snapshot().to_json();
    let read = parse(written.as_bytes()).unwrap();
    assert_eq!((read.slot, read.entropy), (TimeSlot(77), Hash([1; 32])));
    assert_eq!(read.to_json(), written);
    assert_eq!(read.names[&ServiceId(1)], "one");
}

#[test]
fn a_package_starts_from_a_state_file() {
    let state = snapshot().to_json();
    // Service 1 is in the state file; this package gives it more balance and another entry.
    let package = r#"
[services.one]
id = 1
balance = 20_000
storage = [{ key = "text:new", value = "text:entry" }]
[authorizer]
host = "one"
code = "file:one.asm"
[chain]
state = "file:state.json"
[[items]]
service = "one"
refine_gas_limit = 1
accumulate_gas_limit = 1
"#;
    let revision = Some(Revision::GrayPaper072);
    let parameters = Some(Parameters::TINY);
    let switches = Switches { revision, parameters, ..Switches::default() };
    let path = Path::new("dir/package.toml");
    let files = files(package).with("dir/state.json", &state);
    let package = load(&files, path, &switches, None).unwrap();
    assert_eq!(package.slot, TimeSlot(78), "the slot after the state's");
    let accounts = &package.state.accounts;
    assert_eq!(accounts.get(ServiceId(1)).unwrap().unwrap().balance.0, 20_000);
    assert!(accounts.storage(ServiceId(1), b"k").unwrap().is_some());
    assert!(accounts.storage(ServiceId(1), b"new").unwrap().is_some());
    assert!(accounts.contains(ServiceId(0x2_0000)).unwrap());
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let written = snapshot().to_json();
    for end in (0..written.len()).step_by(97).chain([written.len() - 1]) {
        let error = parse(&written.as_bytes()[..end]).expect_err("cut off");
        assert!(
            error.contains("cut off") || error.contains("the file is not a state file"),
            "{error}"
        );
    }
    let error = parse(&written.as_bytes()[..written.len() / 2]).unwrap_err();
    assert!(error.contains("it ends too soon: it was cut off"), "{error}");
}

#[test]
fn a_file_that_is_not_ours_is_called_so() {
    for (content, message) in [
        ("{}", "it has no `format`"),
        ("[]", "expected an object"),
        ("{\"format\": \"other/1\"}", "its `format` is \"other/1\", expected \"jambox-state/2\""),
        ("{\"id\": \"chain\", \"genesis_state\": {}}", "it has no `format`"),
        ("PK\u{3}\u{4}", "the file is not a state file"),
        ("{\"format\": \"jambox-state/1\", \"slot\": 1}", "it does not say its revision"),
        ("{\"format\": \"jambox-state/2\", \"slot\": 1}", "it does not say its revision"),
        ("{\"format\": \"jambox-state/2\", \"revision\": \"x\", \"extra\": 1}", "field `extra`"),
    ] {
        let error = parse(content.as_bytes()).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_state_under_other_parameters_is_refused() {
    let written = snapshot().to_json();
    let error = parse_state(
        Path::new("s"),
        written.as_bytes(),
        &Protocol::new(Revision::GrayPaper072, Parameters::FULL),
    )
    .unwrap_err();
    assert!(error.to_string().contains("written under other parameters?"), "{error}");
}
