//! The smaller commands, and what all commands have in common.

use crate::jambox::{jambox, line};

#[test]
fn explain_knows_every_vocabulary() {
    for (word, parts) in [
        ("write", &["host call write, number 4", "offered in  accumulate", "FULL", "r10"][..]),
        ("HUH", &["result code HUH = 2^64-9"]),
        ("2^64-9", &["result code HUH"]),
        ("-1", &["result code NONE"]),
        ("oog", &["inner exit OOG = 4"]),
        ("branch_eq_imm", &["instruction branch_eq_imm", "opcode      81", "ends a basic block"]),
        ("13", &["host call expunge", "fetch kind item payload"]),
        ("W_R", &["parameter max_report_variable_size = 49152"]),
        ("historical-lookup", &["host call historical_lookup, number 6"]),
    ] {
        let ran = jambox(["explain", "--", word]);
        assert_eq!(ran.code, 0, "{word}: {ran:?}");
        for part in parts {
            assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
        }
    }
}

#[test]
fn explain_follows_the_revision_and_the_parameters() {
    let ran = line("explain write --revision gray-paper-0.8.0");
    assert!(ran.stdout.contains("number 5 (gray-paper-0.8.0"), "{ran:?}");
    let ran = line("explain cores --params tiny");
    assert!(ran.stdout.contains("cores = 2"), "{ran:?}");
}

#[test]
fn explain_suggests() {
    let ran = line("explain solicitt");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean `solicit`?"), "{ran:?}");
}

#[test]
fn a_disassembly_assembles_to_the_same_blob() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for guest in
        ["counter/counter", "inner/inner", "every-call/every-call", "authorizer/authorizer"]
    {
        let (blob, text, again) = (path("a.jam"), path("b.asm"), path("c.jam"));
        assert_eq!(line(&format!("asm guests/asm/{guest}.asm -o {blob}")).code, 0);
        assert_eq!(line(&format!("disasm {blob} --comments -o {text}")).code, 0);
        assert_eq!(line(&format!("asm {text} -o {again}")).code, 0);
        assert_eq!(std::fs::read(blob).unwrap(), std::fs::read(again).unwrap(), "{guest}");
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn native_code_is_shown_beside_the_program() {
    let ran = line("disasm guests/asm/out-of-gas/out-of-gas.asm --native");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("add_imm_64") && ran.stdout.contains("jmp"), "{ran:?}");
}

#[test]
fn inspect_tells_what_a_program_is() {
    let ran = line("inspect guests/asm/counter/counter.asm --json");
    let report = ran.json();
    assert_eq!(ran.code, 0);
    assert_eq!(report["form"], "standard program with metadata");
    assert_eq!(report["metadata"]["info"], "counter 0.1.0");
    let calls: Vec<_> = report["host_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["name"].as_str().unwrap())
        .collect();
    assert_eq!(calls, ["fetch", "read", "write", "export", "transfer", "yield", "log"]);
    assert_eq!(report["entry_points"][1]["pc"], 5);
}

#[test]
fn inspect_finds_what_would_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.pvm");
    // A jump table of one entry of one octet, 9; code `trap` and an unknown opcode, both marked.
    std::fs::write(&path, [1, 1, 2, 9, 0, 255, 0b11]).unwrap();
    let ran = jambox(["inspect", path.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("jump table entry 0 leads to 9, where no basic block starts"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("at pc 1 the octet 255 is no opcode"), "{ran:?}");
}

#[test]
fn a_trace_is_recorded_replayed_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.log").display().to_string();
    let ran = line(&format!("trace record guests/asm/counter/package.toml -o {trace}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    // Is-authorized, two items, the counter and the treasury.
    let ran = line(&format!("trace replay {trace}"));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "5 passed, 0 failed, 0 skipped\n"));
    let ran = line(&format!("trace show {trace} -v"));
    assert!(ran.stdout.contains("write(key: \"latest\", value: \"SECOND ITEM\") -> 9"), "{ran:?}");

    // A trace with another gas in its second host call fails, and says where.
    let text = std::fs::read_to_string(&trace).unwrap();
    let call = text.match_indices("ecalli=").nth(1).unwrap().0;
    let gas = call + text[call..].find("gas=").unwrap() + 4;
    let (before, after) = text.split_at(gas);
    std::fs::write(&trace, format!("{before}1{after}")).unwrap();
    let ran = line(&format!("trace replay {trace}"));
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.ends_with("\n4 passed, 1 failed, 0 skipped\n"), "{ran:?}");
    assert!(ran.stdout.contains("call 2: gas"), "{ran:?}");
}

#[test]
fn vectors_are_counted_on_the_last_line() {
    let ran = line("vectors codec testdata/codec/types");
    assert_eq!(ran.code, 0, "{ran:?}");
    let last = ran.stdout.lines().last().unwrap();
    assert!(last.ends_with(" passed, 0 failed, 0 skipped"), "{last}");
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = jambox(["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("vectors"), "{shell}");
    }
}

#[test]
fn help_has_examples_and_exit_codes() {
    let ran = line("--help");
    assert!(ran.stdout.contains("Exit status:"), "{}", ran.stdout);
    for command in
        ["run", "exec", "asm", "disasm", "inspect", "explain", "trace", "vectors", "completions"]
    {
        let ran = line(&format!("{command} --help"));
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("Examples"), "{command}: {}", ran.stdout);
    }
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let escape = "\u{1b}[";
    assert!(!line("explain write").stdout.contains(escape));
    assert!(line("explain write --color always").stdout.contains(escape));
    assert!(!line("explain write --color never").stdout.contains(escape));
    assert!(line("explain wirte --color always").stderr.contains(escape));
    assert!(!line("explain wirte").stderr.contains(escape));
}

#[test]
fn failures_are_json_when_json_is_asked_for() {
    let ran = line("run no/such/package.toml --json");
    assert_eq!((ran.code, ran.stderr.as_str()), (2, ""));
    let error = &ran.json()["errors"][0];
    assert_eq!(error["file"], "no/such/package.toml");
    assert!(error["message"].as_str().unwrap().contains("there is no such file"));
    let ran = line("run --json --no-such-flag");
    assert_eq!(ran.code, 2);
    assert!(ran.json()["errors"][0]["message"].as_str().unwrap().contains("--no-such-flag"));
}
