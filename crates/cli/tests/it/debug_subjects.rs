//! The debugger on traces, blocks and steps of traces.

use std::fs;
use std::path::Path;

use jambox_codec::{decode_all_with, encode_with};
use jambox_state::Component;
use jambox_types::{
    Block, Extrinsic, Gas, Parameters, Privileges, Protocol, Revision, ServiceId, TimeSlot,
};

use crate::jambox::{Ran, debug, jambox};

const COUNTER: &str = "guests/asm/counter";

fn text(path: impl AsRef<Path>) -> String {
    path.as_ref().display().to_string()
}

/// A trace of the counter's package under 0.8.0, and the folder of its symbols.
fn traced(folder: &Path) -> (String, String) {
    let trace = text(folder.join("run.log"));
    let recorded =
        ["trace", "record", COUNTER, "--revision", "gray-paper-0.8.0", "--output", &trace];
    assert_eq!(jambox(recorded).code, 0);
    let blob = text(folder.join("counter.jam"));
    assert_eq!(jambox(["asm", "guests/asm/counter/counter.asm", "-o", &blob]).code, 0);
    (trace, text(folder.join("symbols")))
}

/// All but the first line: it names the invocation.
fn behind_title(ran: &Ran) -> &str {
    ran.stdout.split_once('\n').unwrap().1
}

#[test]
fn an_execution_of_a_trace_is_debugged_as_the_invocation_that_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, symbols) = traced(folder.path());
    let listed = jambox(["debug", &trace, "--list"]);
    let lines: Vec<_> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{listed:?}");
    assert!(lines[3].starts_with("execution 4, accumulate of service 42"), "{listed:?}");
    assert!(lines[3].ends_with("10 host calls, halt"), "{listed:?}");

    let commands = "key text:latest\ncontinue\nwhere\nlist\nreverse-continue\nregisters\n\
                    call fetch\nreverse-continue\nreverse-stepi\nx sp 16\nend\nreverse-stepi 5\n";
    let package =
        debug(&[COUNTER, "--accumulate", "counter", "--revision", "gray-paper-0.8.0"], commands);
    let sources = ["--symbols", &symbols, "--source", "."];
    let ran = debug(&[&[trace.as_str(), "--invocation", "4"], &sources[..]].concat(), commands);
    assert_eq!((package.code, ran.code), (0, 0), "{ran:?}");
    assert!(behind_title(&ran).contains("counter.asm:161"), "{ran:?}");
    assert_eq!(behind_title(&ran), behind_title(&package));

    // The host call is read from registers and memory.
    let ran = debug(&[&trace, "--invocation", "4"], "key text:latest\ncontinue\nhost\n");
    let call = r#"write(key: "latest", value: "HELLO JAM") -> NONE"#;
    assert!(ran.stdout.contains(call), "{ran:?}");
}

#[test]
fn a_host_call_that_ended_its_guest_ends_the_recording() {
    let ran = debug(&["testdata/trace/endings.log", "--invocation", "3"], "end\nreverse-stepi\n");
    assert!(ran.stdout.contains("stopped it: panic"), "{ran:?}");
    let ran = debug(&["testdata/trace/endings.log", "--invocation", "4"], "end\n");
    assert!(ran.stdout.contains("stopped it: out of gas"), "{ran:?}");
}

#[test]
fn a_trace_that_does_not_fit_its_program_is_debugged_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, _) = traced(folder.path());
    let good = fs::read_to_string(&trace).unwrap();
    let second = good.match_indices("ecalli=").nth(1).unwrap().0;
    let spoilt = format!("{}{}", &good[..second], good[second..].replacen("r07=", "r07=0x7", 1));
    // Parsed as a longer number: the register differs.
    let spoilt = spoilt.replacen("r07=0x70x", "r07=0x7", 1);
    fs::write(&trace, spoilt).unwrap();
    let ran = debug(&[&trace], "end\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("the program leaves the trace at the end of this: "), "{ran:?}");
    assert!(ran.stdout.contains("r7 0x7"), "{ran:?}");
    assert!(ran.stdout.contains("the end: host call"), "{ran:?}");

    let end = good.find("HALT").unwrap();
    fs::write(&trace, &good[..end]).unwrap();
    let ran = debug(&[&trace], "end\n");
    assert!(ran.stdout.contains("the trace is cut off"), "{ran:?}");
}

#[test]
fn traces_that_cannot_be_debugged_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, _) = traced(folder.path());
    let good = fs::read_to_string(&trace).unwrap();
    for (arguments, message) in [
        (&["--revision", "gray-paper-0.7.2"][..], "is of gray-paper-0.8.0, and gray-paper-0.7.2"),
        (&["--invocation", "6"], "execution 6 does not exist (the trace has 5 executions)"),
        (&["--invocation", "0"], "numbered from 1"),
        (&["--accumulate", "42"], "does not say what its executions are"),
    ] {
        let ran = debug(&[&[trace.as_str()], arguments].concat(), "");
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.replace("\n  │", "").contains(message), "{ran:?}");
    }
    // Cut in the middle of a number.
    let start = good.find("start pc=").unwrap();
    fs::write(&trace, &good[..start + "start pc=".len()]).unwrap();
    let ran = debug(&[&trace], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("line 4, column 10"), "{ran:?}");
}

/// A chain with the counter's services, one of which accumulates in every block, and a block.
fn chain_and_block(folder: &Path) -> (String, String) {
    let path = |name: &str| text(folder.join(name));
    let protocol = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    let switches = ["--revision", "gray-paper-0.8.0", "--params", "tiny"];
    let run = |arguments: &[&str]| {
        let ran = jambox(arguments.iter().chain(&switches));
        assert_eq!(ran.code, 0, "{ran:?}");
        ran
    };
    run(&["state", "init", &path("first.redb")]);
    run(&["run", COUNTER, "--state", &path("first.redb")]);
    let mut spec = run(&["state", "export", &path("first.redb")]).json();
    let key = const_hex::encode(Component::Privileges.key().0);
    let privileges = const_hex::decode(spec["genesis_state"][&key].as_str().unwrap()).unwrap();
    let mut privileges: Privileges = decode_all_with(&privileges, &protocol).unwrap();
    privileges.always_accumulate.insert(ServiceId(42), Gas(1_000_000));
    let privileges = const_hex::encode(encode_with(&privileges, &protocol));
    spec["genesis_state"][&key] = privileges.into();
    fs::write(folder.join("spec.json"), spec.to_string()).unwrap();
    run(&["state", "import", &path("chain.redb"), &path("spec.json")]);

    let extrinsic = Extrinsic::default();
    let mut header = jambox_node::genesis::header(&protocol);
    header.slot = TimeSlot(1000);
    header.extrinsic_hash = extrinsic.hash(&protocol);
    fs::write(path("block"), encode_with(&Block { header, extrinsic }, &protocol)).unwrap();
    (path("chain.redb"), path("block"))
}

#[test]
fn an_invocation_of_a_block_on_a_chain_is_debugged_and_the_chain_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, block) = chain_and_block(folder.path());
    let listed = jambox(["debug", &block, "--state", &chain, "--list"]);
    assert_eq!(listed.stdout, "  1  accumulate of service 42 in slot 1000\n", "{listed:?}");
    let before = jambox(["state", "verify", &chain]).stdout;
    for target in [&[][..], &["--invocation", "1"], &["--accumulate", "42"]] {
        let commands = "call any\ncontinue\nwhere\nend\nreverse-stepi\n";
        let ran = debug(&[&[block.as_str(), "--state", &chain], target].concat(), commands);
        assert_eq!(ran.code, 0, "{ran:?}");
        let title = "accumulate of service 42 in slot 1000, gas 1000000: halt";
        assert!(ran.stdout.starts_with(title), "{ran:?}");
        assert!(ran.stdout.contains("before every host call"), "{ran:?}");
    }
    assert_eq!(jambox(["state", "verify", &chain]).stdout, before);

    let ran = debug(&[&block, "--state", &chain, "--accumulate", "7"], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    let said = ran.stderr.replace("\n  │", "");
    assert!(said.contains("these ran: 1 accumulate of service 42 in slot 1000"), "{said}");
    let ran = debug(&[&block, "--state", &chain, "--revision", "gray-paper-0.7.2"], "");
    assert_eq!(ran.code, 2, "{ran:?}");

    assert_eq!(jambox(["block", "apply", "--state", &chain, &block]).code, 0);
    let ran = debug(&[&block, "--state", &chain], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    let said = ran.stderr.replace("\n  │", "");
    assert!(said.contains("slot 1000 is not after 1000"), "{said}");
    // Without a chain it is no step, and says what is missing.
    let step = text(folder.path().join("block.bin"));
    fs::copy(&block, &step).unwrap();
    let ran = debug(&[&step], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("--state"), "{ran:?}");
}

#[test]
fn an_invocation_of_a_step_is_debugged_from_the_state_that_it_brings() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let protocol = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    let step = vectors.join("dev-0.8.0/traces/fuzzy_light_00000011.bin");
    let listed = jambox(["debug", &text(&step), "--list"]);
    let accumulated =
        ["  1  accumulate of service 0 in", "  2  accumulate of service 3953987607 in"];
    for (line, expected) in listed.stdout.lines().zip(accumulated) {
        assert!(line.starts_with(expected), "{listed:?}");
    }
    let commands = "call write\ncontinue\nstepi\nhost\n";
    let ran = debug(&[&text(&step), "--invocation", "2"], commands);
    let same = debug(&[&text(&step), "--accumulate", "3953987607"], commands);
    assert_eq!(ran.stdout, same.stdout);
    assert!(ran.stdout.contains("write(key: "), "{ran:?}");
    assert!(!ran.stdout.contains("does not come out"), "{ran:?}");

    // A step whose state after is another.
    let mut wrong = jambox_vectors::steps::load(&step, &protocol).unwrap().unwrap();
    *wrong.post_state.leaves.last_mut().unwrap().value.last_mut().unwrap() ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("step.bin");
    fs::write(&file, encode_with(&wrong, &protocol)).unwrap();
    let ran = debug(&[&text(&file)], "end\n");
    assert!(ran.stdout.contains("the step does not come out as its file says: "), "{ran:?}");

    let ran = debug(&[&text(&step), "--revision", "gray-paper-0.7.2"], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("no step of a trace under gray-paper-0.7.2"), "{ran:?}");
}

#[test]
fn native_replays_that_cannot_be_are_refused_before_anything_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, _) = traced(folder.path());
    let missing = text(folder.path().join("missing.log"));
    let paste_bin = ["--folder", "guests/paste-bin"];
    for (arguments, message) in [
        ([&paste_bin[..], &["--native-replay", &missing]].concat(), "no such file"),
        (vec!["--folder", "guests/asm/counter", "--native-replay", &trace], "cargo does not"),
        (vec!["--folder", "guests", "--native-replay", &trace], "it has no library"),
        (
            vec!["--folder", "crates/isa", "--native-replay", &trace],
            "does not use jambox-sdk-testing",
        ),
        (
            [&paste_bin[..], &["--native-replay", &trace, "-batch"]].concat(),
            "these arguments are for a debugger",
        ),
        ([&paste_bin[..], &["--invocation", "2"]].concat(), "--native-replay"),
    ] {
        let ran = jambox(["test"].iter().chain(&arguments));
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        let said = ran.stderr.replace("\n  │", "");
        assert!(said.contains(message), "{message}: {said}");
    }
}
