//! The debug adapter, spoken to on standard input and output.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::jambox::{binary, root};

/// Sends octets to an adapter, closes its input, and gives its messages and its exit code.
fn talk(input: &[u8]) -> (Vec<Value>, i32) {
    let mut command = Command::new(binary());
    command.args(["debug", "--dap"]).current_dir(root());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // An adapter that has ended does not read on.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    let mut said = std::str::from_utf8(&output.stdout).unwrap();
    let mut messages = Vec::new();
    while let Some(rest) = said.strip_prefix("Content-Length: ") {
        let (length, rest) = rest.split_once("\r\n\r\n").unwrap();
        let (message, rest) = rest.split_at(length.parse().unwrap());
        messages.push(serde_json::from_str(message).unwrap());
        said = rest;
    }
    assert_eq!(said, "", "nothing else is on standard output");
    (messages, output.status.code().unwrap())
}

/// Requests with their arguments, as messages.
fn requests(requests: &[(&str, Value)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (sequence, (command, arguments)) in (1..).zip(requests) {
        let message = json!({
            "seq": sequence, "type": "request", "command": command, "arguments": arguments,
        });
        let text = message.to_string();
        write!(all, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }
    all
}

fn response<'a>(messages: &'a [Value], command: &str) -> &'a Value {
    messages.iter().rfind(|it| it["type"] == "response" && it["command"] == command).unwrap()
}

fn launch() -> (&'static str, Value) {
    ("launch", json!({ "program": "guests/asm/counter", "accumulate": "counter" }))
}

#[test]
fn a_session_goes_forwards_and_back() {
    let source = root().canonicalize().unwrap().join("guests/asm/counter/counter.asm");
    let (messages, code) = talk(&requests(&[
        ("initialize", json!({})),
        launch(),
        (
            "setBreakpoints",
            json!({ "source": { "path": source }, "breakpoints": [{ "line": 161 }] }),
        ),
        ("setExceptionBreakpoints", json!({ "filters": ["panic", "fly"] })),
        ("configurationDone", json!({})),
        ("stackTrace", json!({ "threadId": 1 })),
        ("next", json!({ "threadId": 1 })),
        ("variables", json!({ "variablesReference": 5 })),
        ("reverseContinue", json!({ "threadId": 1 })),
        ("stepBack", json!({ "threadId": 1 })),
        ("variables", json!({ "variablesReference": 2 })),
        ("evaluate", json!({ "expression": "u8[0x10040]" })),
        ("readMemory", json!({ "memoryReference": "0x10040", "count": 6 })),
        ("disconnect", json!({})),
    ]));
    assert_eq!(code, 0);
    let capabilities = response(&messages, "initialize")["body"].clone();
    assert_eq!(capabilities["supportsStepBack"], true);
    let breakpoint = &response(&messages, "setBreakpoints")["body"]["breakpoints"][0];
    assert_eq!((&breakpoint["verified"], &breakpoint["line"]), (&json!(true), &json!(161)));
    let exceptions = response(&messages, "setExceptionBreakpoints")["body"]["breakpoints"].clone();
    assert_eq!(exceptions[0]["verified"], true);
    assert_eq!(exceptions[1]["verified"], false);
    let stops: Vec<_> = messages.iter().filter(|it| it["event"] == "stopped").collect();
    assert_eq!(stops[0]["body"]["reason"], "breakpoint");
    assert_eq!(stops[0]["body"]["hitBreakpointIds"], json!([breakpoint["id"]]));
    assert_eq!(stops[1]["body"]["reason"], "step");
    let stored = messages.iter().find(|it| it["command"] == "variables").unwrap();
    let stored = &stored["body"]["variables"][0];
    assert_eq!(
        (&stored["name"], &stored["value"]),
        (&json!("\"latest\""), &json!("\"HELLO JAM\""))
    );
    let frame = &response(&messages, "stackTrace")["body"]["stackFrames"][0];
    assert_eq!((&frame["name"], &frame["line"]), (&json!("after_length"), &json!(161)));
    assert_eq!(frame["source"]["path"], json!(source));
    // `l`, the first octet of `latest`.
    assert_eq!(response(&messages, "evaluate")["body"]["result"], "108 (0x6c)");
    assert_eq!(response(&messages, "readMemory")["body"]["data"], "bGF0ZXN0");
    assert_eq!(messages.last().unwrap()["event"], "terminated");
}

#[test]
fn every_failure_is_a_kind_of_exception() {
    for (program, filter) in
        [("guests/asm/panics", "panic"), ("guests/asm/out-of-gas", "out-of-gas")]
    {
        let (messages, _) = talk(&requests(&[
            ("launch", json!({ "program": program })),
            ("setExceptionBreakpoints", json!({ "filters": [filter] })),
            ("configurationDone", json!({})),
        ]));
        let stopped = messages.iter().find(|it| it["event"] == "stopped").unwrap();
        assert_eq!(stopped["body"]["reason"], "exception", "{program}: {stopped}");
    }
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let (messages, code) = talk(&requests(&[
        ("stackTrace", json!({})),
        ("launch", json!({ "program": "guests/asm/nothing" })),
        ("launch", json!({})),
        launch(),
        ("fly", json!({})),
        ("evaluate", json!({ "expression": "r77" })),
        ("disassemble", json!({ "memoryReference": "x", "instructionCount": 4 })),
        ("setDataBreakpoints", json!({ "breakpoints": [{ "dataId": "nothing" }] })),
        ("variables", json!({ "variablesReference": 99 })),
    ]));
    assert_eq!(code, 0, "a client may leave without a word");
    let failed = messages.iter().filter(|it| it["success"] == false);
    let failed: Vec<_> = failed.map(|it| it["message"].as_str().unwrap()).collect();
    assert_eq!(failed.len(), 6, "{failed:?}");
    assert_eq!(failed[0], "nothing is launched");
    assert!(failed[1].contains("no such file"), "{failed:?}");
    let data = &response(&messages, "setDataBreakpoints")["body"]["breakpoints"][0];
    assert_eq!(data["verified"], false);
    assert_eq!(response(&messages, "variables")["body"]["variables"], json!([]));
}

#[test]
fn nonsense_ends_the_session_with_a_message() {
    for nonsense in
        [&b"GET / HTTP/1.1"[..], b"Content-Length: 1\r\n\r\n{", b"Content-Length: -1\r\n\r\n"]
    {
        let (messages, code) = talk(nonsense);
        assert_eq!((messages.len(), code), (0, 2));
    }
    assert_eq!(talk(b"").1, 0);
    assert_eq!(talk(b"Content-Length: 400\r\n\r\n{}").1, 0, "it left in the middle of a message");
}
