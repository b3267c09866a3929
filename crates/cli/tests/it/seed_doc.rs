//! The walk through the seed document's ABI, under it and under the other one.
//!
//! Expected values are worked out from the document's prices and the walk's text.

use serde_json::{Value, json};

use crate::jambox::line;

fn calls(invocation: &Value) -> Vec<(&str, &str)> {
    let events = invocation["events"].as_array().expect("events");
    let calls = events.iter().filter(|event| event["kind"] == "host-call");
    calls.map(|call| (call["name"].as_str().unwrap(), call["result"].as_str().unwrap())).collect()
}

/// Gas of the call of this name.
fn price(invocation: &Value, name: &str) -> u64 {
    let events = invocation["events"].as_array().expect("events");
    let call = events.iter().find(|event| event["name"] == name).expect(name);
    let gas = |when: &str| call["gas"][when].as_str().unwrap().parse::<u64>().unwrap();
    gas("before") - gas("after")
}

#[test]
fn the_walk_gets_through() {
    let ran = line("run guests/asm/seed-doc/package.toml --json -v");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let report = ran.json();
    assert_eq!(report["package"]["abi"], "seed-doc");
    assert_eq!(report["failures"], json!([]));
    let refine = &report["refine"][0];
    let names: Vec<_> = calls(refine).iter().map(|(name, _)| *name).collect();
    let expected =
        ["gas", "fetch", "fetch", "invoke_child", "export", "historical_lookup", "read", "write"];
    assert_eq!(names, expected);
    assert_eq!(calls(refine).last(), Some(&("write", "HUH (this context cannot write)")));
    // 10 and 134/8; 1000; 10, ten slots and 16/8; 1000 and 12/4; 1000 and twice 21.
    assert_eq!(price(refine, "fetch"), 26);
    assert_eq!(price(refine, "export"), 1000);
    assert_eq!(price(refine, "historical_lookup"), 22);
    assert_eq!(price(refine, "read"), 1003);
    assert_eq!(price(refine, "write"), 1042);
    let digest = &report["work_report"]["digests"][0];
    assert_eq!(digest["result"]["output"], refine["output"]);

    let accumulate = &report["accumulate"][0];
    let names: Vec<_> = calls(accumulate).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["fetch", "write", "read", "checkpoint", "info", "new"]);
    // 1000 and twice 21; 1000 and 21/4; 1000; 100; 10,000 and 81 and 1000.
    assert_eq!(price(accumulate, "write"), 1042);
    assert_eq!(price(accumulate, "read"), 1005);
    assert_eq!(price(accumulate, "checkpoint"), 1000);
    assert_eq!(price(accumulate, "info"), 100);
    assert_eq!(price(accumulate, "new"), 11_081);
}

#[test]
fn people_are_told_that_it_is_not_consensus() {
    let ran = line("run guests/asm/seed-doc/package.toml -v");
    assert!(ran.stdout.contains("seed-doc ABI (non-consensus)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("-> HALT, 18 octets: \"the child was here\""), "{}", ran.stdout);
    assert!(ran.stdout.contains("child       ran: halt"), "{}", ran.stdout);
}

#[test]
fn texts_name_calls_by_the_abi_in_force() {
    let ran = line("explain 20 --abi seed-doc");
    for part in [
        "historical_lookup (seed-doc ABI (non-consensus))",
        "  number      20 ",
        "host call transfer",
        "slots_back (number of slots before the lookup anchor)",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
    // Lack of funds is LOW there.
    assert!(!ran.stdout.contains("CASH"), "{}", ran.stdout);
    let json = line("explain export --abi seed-doc --json").json();
    assert_eq!(json["protocol"]["consensus"], false);
    let ran = line("disasm guests/asm/seed-doc/seed-doc.asm --abi seed-doc");
    assert!(ran.stdout.starts_with("; host calls by their names in the ABI seed-doc (non-cons"));
    for call in ["ecalli invoke_child", "ecalli export", "ecalli write", "ecalli checkpoint"] {
        assert!(ran.stdout.contains(call), "{call} is not in {}", ran.stdout);
    }
    let ran = line("disasm guests/asm/seed-doc/seed-doc.asm");
    assert!(ran.stdout.starts_with(".program") && ran.stdout.contains("ecalli eject"));
}

#[test]
fn under_the_other_abi_the_walk_fails_and_says_why() {
    let ran = line("run guests/asm/seed-doc/package.toml --abi gray-paper");
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    for part in [
        "it made host call 21, which the gray-paper ABI does not offer in refine",
        "the seed-doc ABI does, as invoke_child",
        "try --abi seed-doc",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
    let report = line("run guests/asm/seed-doc/package.toml --abi gray-paper --json").json();
    assert!(report["refine"][0]["failure"]["hint"].as_str().unwrap().contains("seed-doc"));
}

/// The seed-doc ABI tells less than the Gray Paper's: a status where the other has a length, three
/// numbers of an account, nothing of a checkpoint.
#[test]
fn what_is_shown_of_a_call_is_what_the_guest_is_told() {
    let report = line("run guests/asm/seed-doc/package.toml --json -v").json();
    let accumulate = calls(&report["accumulate"][0]);
    let result = |name: &str| accumulate.iter().find(|call| call.0 == name).unwrap().1;
    assert_eq!((result("write"), result("checkpoint")), ("OK", "nothing"));
    let info = result("info");
    assert!(info.contains(", least gas ") && !info.contains("items"), "{info}");
    let text = line("run guests/asm/seed-doc/package.toml -v").stdout;
    assert!(text.contains("checkpoint() -> nothing"), "{text}");
}
