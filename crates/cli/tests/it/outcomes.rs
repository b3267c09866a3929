//! Outcomes of host calls: the report names which of a call's ordered outcomes came about.

use std::fs;

use serde_json::{Value, json};

use crate::jambox::{jambox, root};

/// Runs the package of every call with the service that it ejects changed, under a revision.
fn run(before: &str, after: &str, more: &[&str]) -> crate::jambox::Ran {
    let folder = tempfile::tempdir().unwrap();
    let guests = root().join("guests/asm");
    let text = fs::read_to_string(guests.join("every-call/package.toml")).unwrap();
    assert!(text.contains(before), "{before}");
    let text = text.replacen(before, after, 1);
    let text = text.replace("file:../", &format!("file:{}/", guests.display()));
    let every_call = guests.join("every-call/every-call.asm");
    let text = text.replace("file:every-call.asm", &format!("file:{}", every_call.display()));
    let path = folder.path().join("package.toml");
    fs::write(&path, text).unwrap();
    let arguments = ["run", path.to_str().unwrap(), "-v", "--revision", "gray-paper-0.7.2"];
    jambox(arguments.iter().chain(more))
}

/// Outcome and result of a call of accumulate, by the call's name.
fn call(report: &Value, name: &str) -> Value {
    let events = report["accumulate"][0]["events"].as_array().unwrap();
    let call = events.iter().find(|event| event["name"] == name).expect(name);
    json!([call["outcome"]["name"], call["outcome"]["when"], call["result"]])
}

#[test]
fn a_call_says_by_which_outcome_it_answers() {
    let late = "history = [1, 2]";
    let left = ("huh_footprint", "more than the one request is left, or it is another one");
    let early = ("huh_early", "the request was not forgotten, or not long enough ago");
    for (before, after, (name, when)) in [
        // Something is stored there, the request has another length, it is needed still.
        (
            late,
            "history = [1, 2]\n[[services.retired.storage]]\nkey = \"text:k\"\nvalue = \"text:v\"",
            left,
        ),
        ("hash = \"hex:1111", "hash = \"hex:2211", left),
        (late, "history = [1]", early),
    ] {
        let report = run(before, after, &["--json"]).json();
        let expected = json!([name, when, format!("HUH ({when})")]);
        assert_eq!(call(&report, "eject"), expected, "{after}");
        let said = run(before, after, &[]).stdout;
        assert!(said.contains(&format!("-> HUH ({when}) [")), "{said}");
    }
    let report = run(late, late, &["--json"]).json();
    assert_eq!(call(&report, "eject"), json!(["ok", "the service is gone", "OK"]));
    // A call with several outcomes that answer OK names its outcome.
    let made = json!(["requested", "the request is made", "OK (the request is made)"]);
    assert_eq!(call(&report, "solicit"), made);
    let id = json!(["registered", "the id that the registrar asked for", "500"]);
    assert_eq!(call(&report, "new"), id);
    let requested = json!(["requested", "0: requested, not there yet; r8 is 0", "requested"]);
    assert_eq!(call(&report, "query"), requested);
}
