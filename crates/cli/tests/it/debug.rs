//! The debugger by commands.

use std::fs;

use crate::jambox::{Ran, debug, jambox, root};

const COUNTER: &str = "guests/asm/counter";

/// The line that tells where a session is, of each time that it does.
fn places(ran: &Ran) -> Vec<&str> {
    ran.stdout.lines().filter(|line| line.contains("instruction ")).collect()
}

#[test]
fn forwards_and_back_is_where_it_began() {
    let ran = debug(&[COUNTER], "place\nstepi 20\nnext\nreverse-next\nreverse-stepi 20\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let places = places(&ran);
    assert_eq!(places.len(), 5, "{ran:?}");
    assert_eq!(places[0], places[4]);
    assert_eq!(places[1], places[3]);
    assert_ne!(places[1], places[2]);
}

#[test]
fn a_line_without_code_is_moved_to_the_next_with_some() {
    let source = fs::read_to_string(root().join("guests/asm/counter/counter.asm")).unwrap();
    let label = source.lines().position(|line| line == "fetch_payload:").unwrap() + 1;
    let ran = debug(&[COUNTER], &format!("break counter.asm:{label}\ncontinue\n"));
    assert!(ran.stdout.contains(&format!("no code at line {label}")), "{ran:?}");
    assert!(ran.stdout.contains("stop 1: at pc"), "{ran:?}");
    assert_eq!(places(&ran).len(), 1, "{ran:?}");
}

#[test]
fn stops_of_all_kinds_are_met() {
    let package = "guests/asm/inner";
    for (stop, found) in [
        ("inner", "when an inner machine starts"),
        ("call machine", "before host call machine"),
        ("exit", "when a machine ends"),
        ("gas 50000 if gas > 0", "when gas falls below"),
        ("watch sp - 8 8", "on writes to"),
    ] {
        let ran = debug(&[package], &format!("{stop}\nstops\n"));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains(found), "{ran:?}");
    }
    let ran =
        debug(&[package], "inner\ncontinue\nplace\nwhere\nexit\ncontinue\nreverse-continue\n");
    assert!(ran.stdout.contains("inner machine 0, instruction"), "{ran:?}");
    assert!(ran.stdout.contains("run by"), "the stack of its owner is below it: {ran:?}");
}

#[test]
fn memory_is_written_for_what_if_and_going_back_undoes_it() {
    // Behind the first `fetch` its octets are in memory: the service reads their first.
    let commands = "key text:latest\ncontinue\nreverse-continue\nwatch a2 1\n\
                    reverse-continue\nstepi\nx 0x3048e 4\nwrite 0x3048e text:jam\n\
                    x 0x3048e 4\ncontinue\nreverse-stepi\nx 0x3048e 4\n";
    let ran = debug(&[COUNTER, "--accumulate", "counter"], commands);
    let shown: Vec<_> = ran.stdout.lines().filter(|line| line.contains("0x3048e: ")).collect();
    assert_eq!(shown.len(), 3, "{ran:?}");
    assert!(shown[0].contains("HELL") && shown[1].contains("jamL"), "{ran:?}");
    assert_eq!(shown[0], shown[2], "{ran:?}");
    assert!(ran.stdout.contains("from here on this is not what ran"), "{ran:?}");
    assert!(ran.stdout.contains("which the recording does not answer"), "{ran:?}");
    let ran = debug(&[COUNTER], "write 0 hex:00\n");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("cannot write at 0x0"), "{ran:?}");
}

#[test]
fn a_program_is_debugged_alone() {
    let program = "guests/asm/panics/panics.asm";
    let ran = debug(&[program, "--gas", "1000"], "end\nregisters\nreverse-stepi\nlist\n");
    assert!(ran.stdout.contains("a program alone, gas 1000"), "{ran:?}");
    assert!(ran.stdout.contains("the end: host call"), "{ran:?}");
    assert!(ran.stdout.contains("=>"), "{ran:?}");
}

#[test]
fn a_capsule_is_debugged_as_the_package_that_it_was_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let capsule = folder.path().join("run.capsule");
    let capsule = capsule.to_str().unwrap();
    let switches = ["--revision", "gray-paper-0.8.0", "--params", "tiny"];
    let made = ["run", COUNTER, "--capsule", capsule];
    assert_eq!(jambox(made.iter().chain(&switches)).code, 0);
    let commands = "stepi 20\nregisters\ncall fetch\ncontinue\nwhere\nreverse-stepi\nend\n";
    for target in [&[][..], &["--accumulate", "counter"]] {
        let plain = debug(&[&[COUNTER][..], &switches, target].concat(), commands);
        let ran = debug(&[&[capsule, "--source", COUNTER][..], target].concat(), commands);
        assert_eq!((plain.code, ran.code), (0, 0), "{ran:?}");
        assert!(places(&ran).len() > 3, "{ran:?}");
        // A capsule has paths from the package file on.
        assert_eq!(ran.stdout, plain.stdout.replace("guests/asm/counter/", ""));
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (commands, message) in [
        ("stepi\nfly\n", "line 2: `fly` is no command"),
        ("break nowhere\n", "no function `nowhere`"),
        ("break counter.asm:9999\n", "no code at or after"),
        ("break pc 1\n", "no instruction starts at pc 1"),
        ("break refine if r77\n", "expected a number, r0 to r12"),
        ("call nothing\n", "no host call `nothing`"),
        ("watch r7 x\n", "expected a number"),
        ("watch u8[0] 4\n", "not readable"),
        ("key latest\n", "line 1"),
        ("delete 7\n", "no stop `7`"),
        ("stepi many\n", "expected a number"),
        ("print r7 =\n", "expected an operator"),
    ] {
        let ran = debug(&[COUNTER], commands);
        assert_eq!(ran.code, 2, "{commands}: {ran:?}");
        assert!(ran.stderr.replace("\n  │", "").contains(message), "{commands}: {ran:?}");
    }
}

#[test]
fn programs_are_told_which_protocol_to_speak() {
    let ran = debug(&[COUNTER, "--json"], "place\n");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("--dap serves") || ran.stderr.contains("--dap serves"), "{ran:?}");
}

#[test]
fn what_did_not_run_is_not_debugged() {
    for (arguments, message) in [
        (&[COUNTER, "--refine", "9"][..], "did not run"),
        (&[COUNTER, "--accumulate", "nobody"][..], "no service `nobody`"),
        (&[COUNTER, "--accumulate", "4294967295"][..], "did not run"),
        (&["guests/asm/nothing"][..], "no such file"),
    ] {
        let ran = debug(arguments, "");
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(message), "{ran:?}");
    }
}

#[test]
fn without_symbols_positions_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let blob = folder.path().join("counter.jam");
    let blob = blob.to_str().unwrap();
    let made = jambox(["asm", "guests/asm/counter/counter.asm", "-o", blob]);
    assert_eq!(made.code, 0, "{made:?}");
    fs::remove_dir_all(folder.path().join("symbols")).unwrap();
    let ran = debug(&[blob], "list\nbreak pc 5\nwhere\nbreak refine\n");
    assert!(ran.stdout.contains("there are no symbols of it"), "{ran:?}");
    assert!(ran.stdout.contains("#0   pc 0"), "{ran:?}");
    assert!(ran.stderr.contains("there are no symbols"), "{ran:?}");
}

#[test]
fn a_recording_without_room_says_so() {
    let ran = debug(&[COUNTER, "--memory", "0"], "continue\nend\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("the recording has no more"), "{ran:?}");
}
