//! The example services do what their texts say, and the account of a run says it.
//!
//! Expected values are worked out from the services' texts and the package files.

use serde_json::{Value, json};

use crate::jambox::line;

/// Value after the run in a place of the state that changed: a field of the account, or the value
/// under a storage key. `None` if the place did not change.
fn state<'a>(report: &'a Value, service: u64, place: Place<'_>) -> Option<&'a Value> {
    let (kind, name, value) = match place {
        Field(field) => ("account", "field", field.to_owned()),
        Storage(key) => ("storage", "key", hex(key.as_bytes())),
    };
    let changes = report["state"].as_array()?;
    let is_there = |change: &&Value| {
        change["service"]["id"] == service && change["kind"] == kind && change[name] == value
    };
    changes.iter().find(is_there).map(|change| &change["after"])
}

enum Place<'a> {
    Field(&'a str),
    Storage(&'a str),
}
use Place::{Field, Storage};

#[track_caller]
fn run(guest: &str, code: i32) -> Value {
    let ran = line(&format!("run guests/asm/{guest} --json -v --revision gray-paper-0.7.2"));
    assert_eq!(ran.code, code, "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    ran.json()
}

fn calls<'a>(invocation: &'a Value, name: &str) -> Vec<&'a Value> {
    let events = invocation["events"].as_array().expect("events");
    events.iter().filter(|event| event["kind"] == "host-call" && event["name"] == name).collect()
}

#[test]
fn the_counter_shows_everything_that_a_service_can_do() {
    let report = run("counter", 0);
    assert_eq!(report["is_authorized"]["output"], hex(b"token accepted"));
    assert_eq!(report["refine"][0]["output"], hex(b"HELLO JAM"));
    assert_eq!(report["refine"][1]["output"], hex(b"SECOND ITEM"));
    let export = |item: &Value, index: u64, text: &[u8]| {
        let mut segment = text.to_vec();
        segment.resize(4104, 0);
        let expected = json!({ "kind": "export", "index": index, "segment": hex(&segment) });
        assert!(item["events"].as_array().unwrap().contains(&expected));
    };
    export(&report["refine"][0], 0, b"hello jam");
    export(&report["refine"][1], 1, b"second item");

    assert_eq!(report["work_report"]["segments"], 2);
    assert_eq!(report["work_report"]["digests"][0]["result"]["output"], hex(b"HELLO JAM"));
    // Two items were counted before, two are now.
    assert_eq!(state(&report, 42, Storage("count")).unwrap(), "0x0400000000000000");
    assert_eq!(state(&report, 42, Storage("latest")).unwrap(), &hex(b"SECOND ITEM"));
    assert_eq!(state(&report, 42, Field("balance")).unwrap(), "999975");
    assert_eq!(state(&report, 7, Field("balance")).unwrap(), "1025");
    assert_eq!(state(&report, 7, Storage("latest memo")).unwrap(), &hex(b"thank you"));
    assert_eq!(state(&report, 42, Field("last accumulation")).unwrap(), "100");
    let transfer = &report["transfers"][0];
    assert_eq!((&transfer["amount"], &transfer["gas"]), (&json!("25"), &json!("50000")));
    // It yields the hash of the latest payload.
    let payload_hash = &report["work_report"]["digests"][1]["payload_hash"];
    assert_eq!(&report["outputs"][0]["hash"], payload_hash);
    assert_eq!(report["failures"], json!([]));
}

#[test]
fn the_counter_is_read_by_people_too() {
    let ran = line("run guests/asm/counter -vv --revision gray-paper-0.7.2");
    for part in [
        "gray-paper-0.7.2, gray-paper ABI, full parameters",
        // JIP-1: time, level, core, service, target, message. The slot is 100: ten minutes past
        // noon.
        "2025-01-01 12-10-00 DEBUG@1#42 refine payload in upper case",
        "2025-01-01 12-10-00 INFO#42 accumulate counted the work items",
        "write(key: \"latest\", value: \"HELLO JAM\") -> NONE",
        "kind: 13 (item payload), first: 0) -> 9 octets: \"hello jam\"",
        "write 0x30000+9",
        "storage \"count\": 0x0200000000000000 -> 0x0400000000000000",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
}

#[test]
fn the_inner_machine_survives_its_page_fault() {
    let report = run("inner", 0);
    let refine = &report["refine"][0];
    // It found 40, and was given 2.
    assert_eq!(refine["output"], "0x2a00000000000000");
    let events = refine["events"].as_array().unwrap();
    let exits: Vec<_> = events
        .iter()
        .filter(|event| event["kind"] == "inner-ran")
        .map(|event| event["exit"].clone())
        .collect();
    let fault = json!({ "kind": "page-fault", "address": "131072" });
    let call = json!({ "kind": "host-call", "number": "42" });
    assert_eq!(exits, [fault, call, json!({ "kind": "halt" })]);
    let fault = events.iter().find(|event| event["kind"] == "inner-ran").unwrap();
    assert_eq!(fault["explanation"]["access"]["address"], "131072");
    assert_eq!(fault["explanation"]["instruction"], "load_ind_u64 r2, [r5]");
}

#[test]
fn a_panic_is_explained() {
    let report = run("panics", 1);
    let failure = &report["refine"][0]["failure"]["explanation"];
    assert_eq!(failure["instruction"], "load_ind_u32 r2, [r5 + 24]");
    assert_eq!(failure["access"]["address"], "24");
    let text = std::fs::read_to_string(crate::jambox::root().join("guests/asm/panics/panics.asm"));
    let line = text.unwrap().lines().position(|line| line.contains("load_ind_u32")).unwrap() + 1;
    assert_eq!(failure["source"], json!([format!("refine (guests/asm/panics/panics.asm:{line})")]));
    assert_eq!(failure["access"]["region"], "below 2^16");
    assert!(failure["rule"].as_str().unwrap().contains("below 2^16"));
    assert_eq!(failure["registers"][0], "4294901760");
    assert!(failure["block"]["listing"].as_array().unwrap().len() > 1);
    assert_eq!(report["work_report"]["digests"][0]["result"]["error"], "panic");
    assert_eq!(report["failures"], json!(["refine of panics (13), item 0: panic"]));
}

#[test]
fn lack_of_gas_is_explained_and_the_checkpoint_stands() {
    let report = run("out-of-gas", 1);
    for invocation in [&report["refine"][0], &report["accumulate"][0]] {
        assert_eq!(invocation["outcome"], "out-of-gas");
        assert_eq!(invocation["gas"], json!({ "limit": "10000", "used": "10000" }));
    }
    assert!(state(&report, 14, Storage("before the checkpoint")).is_some());
    assert!(state(&report, 14, Storage("after the checkpoint")).is_none());
}

#[test]
fn a_wrong_token_is_refused_and_nothing_else_runs() {
    let report = run("authorizer", 1);
    assert_eq!(report["is_authorized"]["outcome"], "panic");
    assert_eq!(report["work_report"], Value::Null);
    assert_eq!((&report["refine"], &report["accumulate"]), (&json!([]), &json!([])));
    assert_eq!(report["failures"], json!(["the package is not authorized: panic"]));
}

#[test]
fn every_host_call_answers_as_the_paper_says() {
    let report = run("every-call", 0);
    // Answers of the calls in this situation, by the paper's rules.
    let refine = [
        ("fetch", "134 octets"),
        ("export", "0"),
        ("machine", "0"),
        ("pages", "OK"),
        ("poke", "OK"),
        ("peek", "OK"),
        ("invoke", "HALT"),
        ("expunge", "0"),
        ("log", "WHAT"),
        ("historical_lookup", "NONE"),
        ("gas", "gas left"),
    ];
    let accumulate = [
        ("gas", "gas left"),
        ("fetch", "octets"),
        ("lookup", "octets"),
        ("read", "9 octets: \"some text\""),
        ("write", "NONE"),
        ("info", "balance 1000000"),
        ("bless", "OK"),
        ("assign", "OK"),
        ("designate", "OK"),
        ("checkpoint", "gas left"),
        ("new", "500"),
        ("upgrade", "OK"),
        ("transfer", "OK"),
        ("eject", "OK"),
        ("query", "requested"),
        ("solicit", "OK"),
        ("forget", "HUH"),
        ("yield", "OK"),
        ("provide", "OK"),
        ("log", "WHAT"),
    ];
    for (invocation, expected) in
        [(&report["refine"][0], &refine[..]), (&report["accumulate"][0], &accumulate[..])]
    {
        for (name, answer) in expected {
            let found = calls(invocation, name);
            let result = found.first().unwrap_or_else(|| panic!("{name}"))["result"].as_str();
            assert!(result.unwrap().contains(answer), "{name}: {result:?}");
        }
    }
    // 27 calls and `log`, each at least once.
    let mut names: Vec<_> = refine.iter().chain(&accumulate).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 28);
}

#[test]
fn gas_zero_runs_nothing_and_crashes_nothing() {
    let report = run_with("refine_gas_limit = 100_000", "refine_gas_limit = 0");
    let refine = &report["refine"][0];
    assert_eq!(refine["outcome"], "out-of-gas");
    assert_eq!(refine["gas"], json!({ "limit": "0", "used": "0" }));
    assert_eq!(refine["failure"]["explanation"]["pc"], "0");
}

#[test]
fn a_state_file_carries_on() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let first = line(&format!(
        "run guests/asm/inner/package.toml --params tiny --save-state {}",
        state.display()
    ));
    assert_eq!(first.code, 0, "{first:?}");
    let second = line(&format!(
        "run guests/asm/panics/package.toml --params tiny --json --state {}",
        state.display()
    ));
    // The slot after the one of the first run, and the service of the first run is still there.
    assert_eq!(second.json()["package"]["slot"], 1);
    let saved = std::fs::read_to_string(state).unwrap();
    assert!(saved.starts_with("{\n  \"format\": \"jambox-state/2\""), "{saved}");
    assert!(saved.contains("\"name\": \"inner\""));
}

/// Runs the out-of-gas package with something replaced; its exit code must be 1.
fn run_with(before: &str, after: &str) -> Value {
    let path = crate::jambox::root().join("guests/asm/inner/package.toml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(before));
    let folder = tempfile::tempdir().unwrap();
    let guests = crate::jambox::root().join("guests/asm");
    let text = text
        .replace(before, after)
        .replace("file:inner.asm", &format!("file:{}", guests.join("inner/inner.asm").display()))
        .replace("file:..", &format!("file:{}", guests.display()));
    let package = folder.path().join("package.toml");
    std::fs::write(&package, text).unwrap();
    let ran = line(&format!("run {} --json -v", package.display()));
    assert_eq!(ran.code, 1, "{ran:?}");
    ran.json()
}

fn hex(octets: &[u8]) -> String {
    const_hex::encode_prefixed(octets)
}
