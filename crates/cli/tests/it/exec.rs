//! `jambox exec`.

use serde_json::json;

use crate::jambox::{Ran, jambox, line};

/// Executes a text; the arguments follow the program.
#[track_caller]
fn exec(text: &str, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program.asm");
    std::fs::write(&program, text).unwrap();
    let program = program.to_str().unwrap();
    jambox(["exec", program, "--revision", "gray-paper-0.7.2"].iter().chain(arguments))
}

#[test]
fn json_has_exit_pc_gas_registers_and_the_memory_asked_for() {
    let text = "
.ro
    .ascii \"read me\"
.code
    add_imm_64 a0, a0, 5
    jump_ind ra
";
    let ran = exec(
        text,
        &["--reg", "r7=37", "--gas", "100", "--memory", "0x10000+7", "--memory", "0+1", "--json"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["exit"], json!({ "kind": "halt" }));
    assert_eq!(report["gas"], json!({ "limit": "100", "used": "2", "left": "98" }));
    // add_imm_64 with one octet of immediate takes three octets.
    assert_eq!(report["pc"], "3");
    assert_eq!(report["registers"][7], "42");
    assert_eq!(report["memory"][0]["octets"], const_hex::encode_prefixed(b"read me"));
    assert_eq!(report["memory"][1]["octets"], serde_json::Value::Null);
}

#[test]
fn every_exit_is_told_and_has_its_code() {
    // Without arguments a1 is 0, and so are the registers after it.
    let argument = |name, register, values: [&str; 2]| {
        json!({ "name": name, "register": register, "values": values, "octets": null,
            "text": "empty" })
    };
    let write = json!({ "kind": "host-call", "number": "4", "name": "write", "arguments": [
        argument("key", 7, ["4278124544", "0"]), argument("value", 9, ["0", "0"]),
    ] });
    for (text, code, exit) in [
        (".code\n jump_ind ra", 0, json!({ "kind": "halt" })),
        (".code\n ecalli write", 0, write),
        (
            ".code\n ecalli 99",
            0,
            json!({ "kind": "host-call", "number": "99", "name": null, "arguments": [] }),
        ),
        (".code\n trap", 1, json!({ "kind": "panic" })),
        (".code\nagain:\n jump again", 1, json!({ "kind": "out-of-gas" })),
        (
            ".code\n load_imm t0, 0x12345\n store_ind_u8 [t0], t0",
            1,
            json!({ "kind": "page-fault", "address": "73728" }),
        ),
    ] {
        // Standard, so that ra holds the address to halt at.
        let text = format!(".program standard\n{text}\n");
        let ran = exec(&text, &["--json", "--gas", "1000"]);
        assert_eq!((ran.code, &ran.json()["exit"]), (code, &exit), "{text}");
    }
}

#[test]
fn arguments_and_entry_points_are_those_of_the_paper() {
    let text = "
.program standard
.code
    trap
.at 5
    load_ind_u8 t0, [a0 + 1]
    jump_ind ra
";
    let ran = exec(text, &["--entry", "accumulate", "--arguments", "hex:0a0b", "--json"]);
    let report = ran.json();
    assert_eq!(report["registers"][7], "4278124544");
    assert_eq!((&report["registers"][8], &report["registers"][2]), (&json!("2"), &json!("11")));
    // The range that a0 and a1 name at the end is the output.
    assert_eq!(report["output"], "0x0a0b");
}

#[test]
fn bare_programs_have_no_memory_and_take_no_arguments() {
    let bare = ".program bare\n.code\n load_ind_u8 t0, [sp]\n";
    let ran = exec(bare, &["--reg", "sp=0x30000", "--json"]);
    assert_eq!(ran.json()["exit"], json!({ "kind": "page-fault", "address": "196608" }));
    let ran = exec(bare, &["--arguments", "text:x"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("takes no arguments"), "{ran:?}");
}

#[test]
fn steps_are_shown_on_request() {
    let ran = exec(
        ".program standard\n.rw\nx: .u64 7\n.code\n load_u8 t0, [x]\n jump_ind ra\n",
        &["-vv"],
    );
    for part in ["0 load_u8 r2, [0x20000]", "read 0x20000: 0x07", "r2 = 0x7", "jump_ind r0"] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
}

#[test]
fn a_failure_names_the_region() {
    let text = "
.program standard
.stack_size 4096
.ro
    .ascii \"constant\"
.code
    store_imm_u8 [0x10000], 1
";
    let ran = exec(text, &[]);
    assert!(ran.stdout.contains("page fault at 0x10000"), "{}", ran.stdout);
    assert!(ran.stdout.contains("0x10000, write of 1 octet: the read-only data"), "{}", ran.stdout);
    let below_the_stack =
        ".program standard\n.stack_size 4096\n.code\n load_ind_u64 t0, [sp - 4104]\n";
    let ran = exec(below_the_stack, &[]);
    let overflow = "unmapped, 0x8 below the start of the stack: stack overflow, for it has 4 KiB";
    assert!(ran.stdout.contains(overflow), "{}", ran.stdout);
}

#[test]
fn dynamic_jumps_are_explained() {
    for (target, why) in [
        ("0", "address 0, which is never valid"),
        ("3", "which is odd"),
        ("2", "entry 0 of a jump table with 0 entries"),
    ] {
        let text = format!(".code\n load_imm t0, {target}\n jump_ind t0\n");
        let ran = exec(&text, &[]);
        assert!(ran.stdout.contains(why), "{}", ran.stdout);
    }
}

#[test]
fn backends_give_the_same() {
    let text = "
.program standard
.code
    load_imm t0, 0
    fallthrough
again:
    add_imm_64 t0, t0, 3
    branch_lt_u_imm t0, 100, again
    load_ind_u8 t1, [t0]
    trap
";
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program.asm");
    std::fs::write(&program, text).unwrap();
    let run = |backend| jambox(["exec", program.to_str().unwrap(), "--backend", backend]).stdout;
    let [first, second, third] = ["interpreter", "stepper", "auto"].map(run);
    assert!(first.contains("panic"), "{first}");
    assert_eq!((&first, &first), (&second, &third));
}

#[test]
fn bad_arguments_are_usage() {
    for arguments in [
        "--reg r13=1",
        "--reg r7",
        "--memory 5",
        "--entry nowhere",
        "--gas much",
        "--gas -1",
        "--gas 18446744073709551616",
        "--form bare",
    ] {
        let ran = line(&format!("exec guests/asm/counter/counter.asm {arguments}"));
        assert_eq!(ran.code, 2, "{arguments}");
        assert!(ran.stderr.contains("expected"), "{ran:?}");
    }
}

#[test]
fn output_that_cannot_be_read_is_noted() {
    let text = ".program standard\n.code\n load_imm a0, 0x5000\n load_imm a1, 3\n jump_ind ra\n";
    let note = "the output is empty because r7 and r8 name 3 octets at 0x5000, not all readable";
    let ran = exec(text, &["--json"]);
    assert_eq!((ran.code, &ran.json()["output"]), (0, &json!("0x")), "{ran:?}");
    assert_eq!(ran.json()["note"], note);
    assert!(exec(text, &[]).stdout.contains(&format!("note        {note}\n")));
    // The empty output is readable wherever it is said to be.
    let text = text.replace("a1, 3", "a1, 0");
    assert_eq!(exec(&text, &["--json"]).json()["note"], serde_json::Value::Null);
}

#[test]
fn steps_are_in_the_document_too() {
    let text = ".program standard\n.ro\n .ascii \"x\"\n.code\n load_imm t0, 0x10000\n\
                load_ind_u8 t1, [t0]\n jump_ind ra\n";
    let ran = exec(text, &["--json", "-vv", "--gas", "1000"]);
    let steps = &ran.json()["steps"];
    assert_eq!(steps["dropped"], 0);
    let steps = steps["instructions"].as_array().unwrap();
    assert_eq!(steps.len(), 3, "{steps:?}");
    assert_eq!(steps[0]["registers"], json!({ "r2": "65536" }));
    let read = json!([{ "access": "read", "address": "65536", "octets": "0x78" }]);
    assert_eq!((&steps[1]["memory"], &steps[1]["registers"]), (&read, &json!({ "r3": "120" })));
    assert_eq!(exec(text, &["--json"]).json()["steps"], serde_json::Value::Null);
}
