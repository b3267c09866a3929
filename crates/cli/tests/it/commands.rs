//! The smaller commands, and what all commands have in common.

use std::path::Path;

use crate::jambox::{jambox, line};

#[test]
fn explain_knows_every_vocabulary() {
    for (word, parts) in [
        (
            "write",
            &["host call write (gray-paper ABI)", "offered in  accumulate", "FULL", "r10"][..],
        ),
        ("HUH", &["result code HUH = 2^64-9"]),
        ("2^64-9", &["result code HUH"]),
        ("-1", &["result code NONE"]),
        ("oog", &["inner exit OOG = 4"]),
        ("branch_eq_imm", &["instruction branch_eq_imm", "opcode      81", "ends a basic block"]),
        ("13", &["host call expunge", "fetch kind item payload"]),
        ("W_R", &["parameter max_report_variable_size = 49152"]),
        ("historical-lookup", &["host call historical_lookup"]),
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
    assert!(ran.stdout.contains("  number      5\n"), "{ran:?}");
    assert!(!ran.stdout.contains("gray-paper-0.7.2"), "{ran:?}");
    let ran = line("explain sbrk --revision gray-paper-0.8.0");
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = line("explain cores --params tiny");
    assert!(ran.stdout.contains("cores = 2"), "{ran:?}");
}

#[test]
fn explain_shows_the_revisions_side_by_side() {
    let heads = "              gray-paper-0.7.2  gray-paper-0.8.0\n";
    for (word, rows) in [
        ("checkpoint", "  number      17                18\n  gas         10                103\n"),
        ("count_set_bits_64", "  opcode      102               101\n"),
        ("sbrk", "  opcode      101               none\n"),
        ("unlikely", "  opcode      none              2\n"),
    ] {
        let ran = line(&format!("explain {word}"));
        assert!(ran.stdout.contains(&format!("{heads}{rows}")), "{}", ran.stdout);
    }
    // A number names the instruction that has it in either revision.
    let ran = line("explain 101");
    for part in ["instruction sbrk", "instruction count_set_bits_64"] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
    let entry = &line("explain unlikely --json").json()["entries"][0]["revisions"];
    assert_eq!(entry.as_array().map(Vec::len), Some(1), "{entry}");
    assert_eq!(
        (&entry[0]["revision"], &entry[0]["opcode"]),
        (&"gray-paper-0.8.0".into(), &2.into())
    );
}

#[test]
fn explain_without_a_word_lists_everything() {
    let ran = line("explain");
    assert_eq!(ran.code, 0);
    for part in [
        "numbers of gray-paper-0.7.2 / gray-paper-0.8.0; gray-paper ABI",
        "host calls\n  gas                      0 ",
        "  write                    4 / 5 ",
        "  sbrk                     101 / - ",
        "  HUH                      2^64-9   ",
        "  branch_eq_imm            81 ",
        "  max_report_variable_size 49152 ",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
    // Every listed entry can be asked for.
    let entries = line("explain --json").json()["entries"].as_array().unwrap().clone();
    assert!(entries.len() > 200, "{}", entries.len());
    for kind in ["host-call", "result-code", "inner-exit", "fetch-kind", "instruction", "parameter"]
    {
        let entry = entries.iter().find(|entry| entry["kind"] == kind).unwrap();
        let ran = jambox(["explain", entry["name"].as_str().unwrap(), "--json"]);
        assert!(ran.json()["entries"].as_array().unwrap().contains(entry), "{ran:?}");
    }
}

#[test]
fn explain_suggests() {
    let ran = line("explain solicitt");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean `solicit`?"), "{ran:?}");
    for (word, part) in [("256", "has the number 256"), ("", "called ``"), ("lg", "`log`?")] {
        let ran = jambox(["explain", word]);
        assert_eq!(ran.code, 2, "{word}");
        assert!(ran.stderr.contains(part), "{ran:?}");
    }
    assert!(line("explain zzzzz").stderr.contains("lists all of them"));
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
    let hot = line("disasm testdata/recompiler/traces.asm --native --hot");
    assert!(hot.code == 0 && hot.stdout.contains("; side exit to"), "{hot:?}");
    assert_eq!(line("disasm testdata/recompiler/traces.asm --hot").code, 2, "of native code only");
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
    assert_eq!(report["entry_points"][1]["pc"], "5");
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
fn inspect_lists_the_programs_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let ran = line(&format!("inspect {}", path("")));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no programs"), "{ran:?}");

    std::fs::create_dir(path("sub")).unwrap();
    let made = line(&format!("asm guests/asm/counter/counter.asm -o {} --json", path("sub/a.jam")));
    std::fs::write(path("b.pvm"), [0, 0, 2, 50, 0, 1]).unwrap();
    let ran = line(&format!("inspect {}", path("")));
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].contains("b.pvm: program blob, 6 octets, hash 0x"), "{ran:?}");
    let hash = made.json()["hash"].as_str().unwrap().to_owned();
    let a = format!(
        "sub/a.jam: standard program with metadata, 3231 octets, counter 0.1.0, hash {hash}"
    );
    assert!(lines[1].ends_with(&a), "{ran:?}");

    std::fs::write(path("c.jam"), "none").unwrap();
    let ran = line(&format!("inspect {} --json", path("")));
    assert_eq!(ran.code, 1, "{ran:?}");
    let programs = &ran.json()["programs"];
    assert_eq!(programs[0]["form"], "program blob");
    assert_eq!(programs[1]["error"], "not a program in any form");
    assert_eq!(programs[2]["hash"], hash);
}

#[test]
fn what_is_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("counter.asm").display().to_string();
    let ran = line(&format!("disasm guests/asm/counter/counter.asm -o {text} --json"));
    let lines = std::fs::read_to_string(&text).unwrap().lines().count();
    assert_eq!(ran.json(), serde_json::json!({ "format": 1, "file": text, "lines": lines }));
    // Written whole or not at all, and never in place of a device.
    for (target, reason) in [("/no/such/x", "there is no such folder"), ("docs", "it is a folder")]
    {
        let ran = line(&format!("disasm guests/asm/counter/counter.asm -o {target}"));
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(&format!("{target}: cannot write: {reason}")), "{ran:?}");
    }
}

#[test]
fn a_trace_is_recorded_replayed_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.log").display().to_string();
    let ran =
        line(&format!("trace record guests/asm/counter -o {trace} --revision gray-paper-0.7.2"));
    assert_eq!((ran.code, ran.stdout), (0, format!("{trace}: 5 executions\n")));
    let ran = line(&format!("trace show {trace}"));
    for part in [
        "is-authorized on core 1 (gray-paper-0.7.2)\n",
        "refine of service 42 on core 1, item 0 (gray-paper-0.7.2)\n",
        "accumulate of service 7 in slot 100 (gray-paper-0.7.2)\n",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
    // Is-authorized, two items, the counter and the treasury.
    let ran = line(&format!("trace replay {trace}"));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "gray-paper-0.7.2, as the vectors say\n5 passed, 0 failed, 0 skipped\n")
    );
    let ran = line(&format!("trace show {trace} -v --revision gray-paper-0.7.2"));
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

/// The public blocks of 0.8.0 all have a header that is not meant, which is one thing to say.
#[test]
fn the_same_remark_on_cases_in_a_row_is_one_line() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let folder = tempfile::tempdir().unwrap();
    let names = [1, 2, 3].map(|step| format!("fuzzy_light_{step:08}.bin"));
    for name in &names {
        let from = vectors.join("dev-0.8.0/traces").join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    let ran = jambox(["vectors", "traces", folder.path().to_str().unwrap()]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let [remark, _, count] = lines[..] else { panic!("{}", ran.stdout) };
    assert!(remark.contains("fuzzy_light_00000001 to "), "{remark}");
    assert!(remark.contains("fuzzy_light_00000003 (3 cases): "), "{remark}");
    assert_eq!(count, "3 passed, 0 failed, 0 skipped");
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
        let json = jambox(["completions", shell, "--json"]).json();
        assert_eq!((&json["shell"], &json["script"]), (&shell.into(), &ran.stdout.into()));
    }
}

/// Each page has the examples of its command's help, line by line; where groff is at hand, it has
/// nothing to object to.
#[test]
fn manual_pages_are_made_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let ran = jambox(["man", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pages: Vec<&str> = ran.stdout.lines().collect();
    for name in ["jambox.1", "jambox-run.1", "jambox-state-get.1", "jambox-man.1"] {
        assert!(pages.iter().any(|page| page.ends_with(&format!("/{name}"))), "{name}");
    }
    for path in pages {
        let page = std::fs::read_to_string(path).unwrap();
        let shown = page.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\");
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        let words = name.split('-').skip(1).chain(["--help"]);
        let help = jambox(words).stdout;
        let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
        for example in examples.take_while(|line| !line.is_empty()) {
            assert!(shown.lines().any(|line| line == example), "{name}: {example}\n{page}");
        }
        let groff = std::process::Command::new("groff").args(["-man", "-ww", "-z", path]).output();
        if let Ok(output) = groff {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{name}: {said}");
        }
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

/// As cargo has it, a package without tests passes them all: somebody who runs `jambox test` in the
/// wrong folder would never know.
#[test]
fn a_package_without_a_test_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("src")).unwrap();
    let manifest = "[package]\nname = \"untested\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(at("Cargo.toml"), manifest).unwrap();
    let test = |source: &str| {
        std::fs::write(at("src/lib.rs"), source).unwrap();
        let mut command = std::process::Command::new(crate::jambox::binary());
        command.arg("test").current_dir(folder.path());
        // No blob is needed to see it.
        let output = command.env("JAMBOX_TOOLCHAIN", at("no-such-toolchain")).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = test("/// Does nothing.\npub fn nothing() {}\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("the package has no test"), "{said}");
    let (code, said) = test("/// ```\n/// untested::nothing();\n/// ```\npub fn nothing() {}\n");
    assert_eq!(code, Some(0), "a tested documentation: {said}");
}

/// Words that begin with a dash may follow the name of a test: they are cargo's.
#[test]
fn the_example_of_jambox_test_with_arguments_of_cargo_works() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join("services/counter").join(name);
    std::fs::create_dir_all(at("src")).unwrap();
    let manifest = "[package]\nname = \"counter\"\nedition = \"2024\"\n[lib]\ndoctest = false\n\
                    [workspace]\n";
    std::fs::write(at("Cargo.toml"), manifest).unwrap();
    let tests = "#[test]\nfn refine_is_chosen() {\n    println!(\"not captured\");\n}\n\
                 #[test]\nfn accumulate_is_not() {\n    panic!();\n}\n";
    std::fs::write(at("src/lib.rs"), tests).unwrap();
    let help = line("test --help").stdout;
    let example = help.lines().find(|line| line.ends_with("-- --nocapture")).unwrap();
    let mut command = std::process::Command::new(crate::jambox::binary());
    command.args(example.split_whitespace().skip(1)).current_dir(folder.path());
    // No blob is needed to see it.
    let output = command.env("JAMBOX_TOOLCHAIN", at("no-such-toolchain")).output().unwrap();
    let (said, errors) = (output.stdout, output.stderr);
    let (said, errors) = (String::from_utf8_lossy(&said), String::from_utf8_lossy(&errors));
    assert_eq!(output.status.code(), Some(0), "{said}{errors}");
    assert!(said.contains("not captured") && said.contains("1 passed"), "{said}{errors}");
}
