//! Two revisions: what a file names itself, what a failure shows, and both side by side.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::jambox::{Ran, jambox, line, root};

const OLD: &str = "gray-paper-0.7.2";
const NEW: &str = "gray-paper-0.8.0";

/// A folder with an assembly text.
fn text(name: &str, text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// A package of one service whose code is a blob, assembled under a revision.
fn package(code: &str, made_for: &str) -> (TempDir, String) {
    let (folder, source) = text("service.asm", code);
    let blob = folder.path().join("service.pvm").display().to_string();
    let ran = jambox(["asm", source.as_str(), "-o", blob.as_str(), "--revision", made_for]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let authorizer = root().join("guests/asm/authorizer/authorizer.asm");
    let package = format!(
        "[services.one]\nid = 1\ncode = \"file:service.pvm\"\nbalance = 100_000\n\
         [authorizer]\nhost = \"one\"\ncode = \"file:{}\"\nconfiguration = \"text:t\"\n\
         token = \"text:t\"\n\
         [[items]]\nservice = \"one\"\nrefine_gas_limit = 100_000\n\
         accumulate_gas_limit = 100_000\n",
        authorizer.display()
    );
    let path = folder.path().join("package.toml");
    fs::write(&path, package).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// The hint of the refine invocation, which is said to people, too.
#[track_caller]
fn hint(package: &str, under: &str) -> String {
    let ran = jambox(["run", package, "--json", "--revision", under]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let hint = ran.json()["refine"][0]["failure"]["hint"].as_str().unwrap_or_default().to_owned();
    let said = jambox(["run", package, "--revision", under]).stdout;
    assert!(said.contains(&hint), "{said}");
    hint
}

#[test]
fn a_failure_shows_signs_of_the_other_revision() {
    let perhaps = |revision: &str| {
        format!("; perhaps it is a program of that revision: try --revision {revision}")
    };
    // An opcode that only one of them has; with `reverse_bytes`, 111, all of 0.8.0 is invalid.
    let (_folder, unlikely) = package(".code\nunlikely\ntrap\n", NEW);
    let said = format!("the octet at 0 is an opcode in {NEW} only (`unlikely`)");
    assert_eq!(hint(&unlikely, OLD), said + &perhaps(NEW));
    assert_eq!(hint(&unlikely, NEW), "");
    let (_folder, reverse) = package(".code\nreverse_bytes r7, r8\ntrap\n", OLD);
    let said = format!("the octet at 0 is an opcode in {OLD} only (`reverse_bytes`)");
    assert_eq!(hint(&reverse, NEW), said + &perhaps(OLD));
    // `sbrk`, which is another instruction since.
    let (_folder, sbrk) = package(".code\nsbrk r7, r8\ntrap\n", OLD);
    let said = format!("the octet at 0 would be `sbrk` in {OLD}");
    assert_eq!(hint(&sbrk, NEW), said + &perhaps(OLD));
    // A number that no call of 0.7.2 has.
    let (_folder, provide) = package(".code\necalli 27\ntrap\n", NEW);
    let said = format!("host call 27, made at 0, exists in {NEW} only");
    assert_eq!(hint(&provide, OLD), said + &perhaps(NEW));
    // Nothing shows of which revision this is.
    let (_folder, trap) = package(".code\ntrap\n", OLD);
    assert_eq!(hint(&trap, NEW), "");
}

#[test]
fn metadata_say_the_revision() {
    let blob = "guests/fibonacci/fibonacci.jam";
    let said = format!(
        "its metadata say that it was built for {OLD}; perhaps it is a program of that revision: \
         try --revision {OLD}"
    );
    // It has no argument to decode and panics, whatever it runs under.
    let ran = line(&format!("exec {blob} --json --revision {NEW}"));
    assert_eq!((ran.code, &ran.json()["hint"]), (1, &json!(said)), "{ran:?}");
    let ran = line(&format!("exec {blob} --revision {NEW}"));
    assert!(ran.stdout.ends_with(&format!("hint        {said}\n")), "{ran:?}");
    let ran = line(&format!("inspect {blob} --json --revision {NEW}")).json();
    assert_eq!((&ran["hint"], &ran["revision"]), (&json!(said), &json!(NEW)));
    // Without a switch, the program's own revision holds.
    let ran = line(&format!("exec {blob} --json")).json();
    assert_eq!(ran["hint"], Value::Null);
    assert_eq!(ran["gas"], line(&format!("exec {blob} --json --revision {OLD}")).json()["gas"]);
    let ran = line(&format!("inspect {blob} --json")).json();
    assert_eq!(ran["revision"], OLD);
    let fetch = json!({ "number": "1", "name": "fetch", "uses": 2 });
    assert!(ran["host_calls"].as_array().unwrap().contains(&fetch), "{ran}");
    let ran = line(&format!("disasm {blob}"));
    assert_eq!(ran.stdout, line(&format!("disasm {blob} --revision {OLD}")).stdout);
    assert_ne!(ran.stdout, line(&format!("disasm {blob} --revision {NEW}")).stdout);
}

#[test]
fn an_invalid_program_of_the_other_revision_is_refused_with_a_hint() {
    let (folder, source) = text("a.asm", ".code\nreverse_bytes r7, r8\ntrap\n");
    let blob = folder.path().join("a.pvm").display().to_string();
    let ran = jambox(["asm", source.as_str(), "-o", blob.as_str(), "--revision", OLD]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = jambox(["exec", blob.as_str(), "--revision", NEW]);
    let words = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(ran.code == 2 && words.contains(&format!("try --revision {OLD}")), "{ran:?}");
}

#[test]
fn a_trace_is_shown_under_the_revision_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.log").display().to_string();
    for (revision, other) in [(OLD, NEW), (NEW, OLD)] {
        let ran =
            line(&format!("trace record guests/asm/counter -o {trace} --revision {revision}"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let ran = line(&format!("trace show {trace} -v"));
        assert!(
            ran.stdout.contains("write(key: \"latest\", value: \"SECOND ITEM\") -> 9"),
            "{ran:?}"
        );
        let shown = line(&format!("trace show {trace} --json")).json();
        assert_eq!(shown["executions"][0]["revision"], revision);
        assert_eq!(shown["executions"][0]["says_revision"], true);
        let ran = line(&format!("trace show {trace} --revision {other}"));
        let said = format!("is of {revision}, and {other} was asked for");
        let words = ran.stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == 2 && words.contains(&said), "{ran:?}");
    }
    // One that names none is read under what is asked for, and that is said.
    let kept = fs::read_to_string(&trace).unwrap().replace(NEW, "some revision");
    fs::write(&trace, kept).unwrap();
    let ran = line(&format!("trace show {trace} --revision {OLD}"));
    let said = format!("named as in {OLD}: the trace does not say its revision");
    assert!(ran.code == 0 && ran.stdout.contains(&said), "{ran:?}");
}

/// Compares an example.
#[track_caller]
fn compared(package: &str, code: i32) -> Value {
    let ran = line(&format!("run {package} --compare-revisions --json"));
    assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "{ran:?}");
    ran.json()
}

#[test]
fn both_revisions_are_compared() {
    let report = compared("guests/asm/counter", 0);
    let revisions = [&report["packages"][0]["revision"], &report["packages"][1]["revision"]];
    assert_eq!(revisions, [OLD, NEW]);
    let invocations = report["invocations"].as_array().unwrap();
    let whats: Vec<_> = invocations.iter().map(|it| it["what"].as_str().unwrap()).collect();
    let expected = ["is-authorized", "refine", "refine", "accumulate", "accumulate"];
    assert_eq!(whats, expected);
    // Results of each revision by itself.
    let [old, new] = [OLD, NEW].map(|revision| {
        line(&format!("run guests/asm/counter --json --revision {revision}")).json()
    });
    for (invoked, alone) in [(1, ("refine", 0)), (2, ("refine", 1)), (4, ("accumulate", 1))] {
        let gas = json!([old[alone.0][alone.1]["gas"], new[alone.0][alone.1]["gas"]]);
        assert_eq!(invocations[invoked]["gas"], gas);
    }
    let refine = &invocations[1];
    assert_eq!(refine["outcome"], json!(["halt", "halt"]));
    assert_eq!(refine["output"][0], refine["output"][1]);
    assert_eq!(refine["host_calls"]["counts"], json!([3, 3]));
    assert_eq!(refine["host_calls"]["same"], 3);
    // The two inputs name the package, whose hash is another.
    let calls = &invocations[3]["host_calls"];
    let names: Vec<_> = calls["differences"].as_array().unwrap().iter().collect();
    let name = |pair: &Value, side: usize| pair["calls"][side]["name"].clone();
    assert_eq!(names.iter().map(|it| name(it, 0)).collect::<Vec<_>>(), ["fetch", "fetch"]);
    assert_eq!(names.iter().map(|it| name(it, 1)).collect::<Vec<_>>(), ["fetch", "fetch"]);
    // All that the run changes is the same.
    assert_eq!(report["state"]["differences"], json!([]));
    assert_eq!(report["state"]["same"], old["state"].as_array().unwrap().len());
    assert_eq!(report["failures"], json!([[], []]));
    let ran = line("run guests/asm/counter --compare-revisions");
    for part in [
        "gray-paper-0.7.2 beside gray-paper-0.8.0\n",
        "  outcome     halt in both\n",
        "  host calls  3, the same in both\n",
        "the same in both\n\ndone under both\n",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in {}", ran.stdout);
    }
}

#[test]
fn what_differs_is_shown() {
    // `designate` takes the count of validators since 0.8.0: here, whatever is in the register.
    let report = compared("guests/asm/every-call", 1);
    let accumulate = &report["invocations"][2];
    assert_eq!(accumulate["outcome"], json!(["halt", "out-of-gas"]));
    assert_eq!(accumulate["failure"][0], Value::Null);
    assert!(accumulate["failure"][1].as_str().unwrap().contains("designate"), "{accumulate}");
    let differences = accumulate["host_calls"]["differences"].as_array().unwrap();
    let only_old = differences.iter().filter(|it| it["calls"][1].is_null());
    let only_old: Vec<_> = only_old.map(|it| it["calls"][0]["name"].as_str().unwrap()).collect();
    assert!(only_old.contains(&"transfer") && only_old.contains(&"eject"), "{only_old:?}");
    // The transfer was made under one of them.
    let treasury = &report["invocations"][3];
    assert_eq!(treasury["outcome"], json!(["halt", null]));
    let changes = report["state"]["differences"].as_array().unwrap();
    let is_balance = |it: &&Value| {
        it["changes"][0]["field"] == "balance" && it["changes"][0]["service"]["id"] == 7
    };
    let balance = changes.iter().find(is_balance).expect("the treasury's balance");
    assert_eq!(balance["changes"][1], Value::Null);
    assert_eq!(report["failures"][0], json!([]));
    assert_eq!(report["failures"][1].as_array().unwrap().len(), 1);
    // Fields that have other lengths are seen in the octets that a call gives.
    let refine = &report["invocations"][1]["host_calls"]["differences"];
    let results: Vec<_> = [0, 1].map(|side| refine[1]["calls"][side]["result"].clone()).into();
    assert!(results[0].as_str().unwrap().starts_with("134 octets: "), "{refine}");
    assert!(results[1].as_str().unwrap().starts_with("122 octets: "), "{refine}");
}

#[test]
fn every_example_runs_under_both() {
    for guest in ["fibonacci", "library", "nested", "paste-bin", "all-calls"] {
        let report = compared(&format!("guests/{guest}"), 0);
        for invoked in report["invocations"].as_array().unwrap() {
            assert_eq!(invoked["outcome"][0], invoked["outcome"][1], "{guest}: {invoked}");
        }
    }
}

#[test]
fn comparing_takes_what_is_of_no_revision() {
    let refused = |ran: Ran, said: &str| {
        let words = ran.stderr.replace('│', " ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == 2 && words.contains(said), "{ran:?}");
    };
    let compare = "run guests/asm/counter --compare-revisions";
    let ran = line(&format!("{compare} --revision {OLD}"));
    refused(ran, "--compare-revisions and --revision exclude each other");
    refused(line(&format!("{compare} --save-state x.json")), "cannot be used with");
    let folder = tempfile::tempdir().unwrap();
    let chain = folder.path().join("chain.redb").display().to_string();
    assert_eq!(jambox(["state", "init", chain.as_str()]).code, 0);
    refused(line(&format!("{compare} --state {chain}")), "a chain is of one revision");
    let state = folder.path().join("after.json").display().to_string();
    let ran = line(&format!("run guests/asm/counter --revision {OLD} --save-state {state}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let said = format!("the state file is made for {OLD}, and the run is under {NEW}");
    refused(line(&format!("{compare} --state {state}")), &said);
    // A field that one of them does not know, and a blob of one of them.
    let package = |before: &str, after: &str| {
        let text = fs::read_to_string(root().join("guests/fibonacci/package.toml")).unwrap();
        assert!(text.contains(before), "{before}");
        let guests = root().join("guests").display().to_string();
        let text = text.replacen(before, after, 1);
        let text = text.replace("file:fib", &format!("file:{guests}/fibonacci/fib"));
        let text = text.replace("file:..", &format!("file:{guests}"));
        let path = folder.path().join("package.toml");
        fs::write(&path, text).unwrap();
        jambox(["run", path.to_str().unwrap(), "--compare-revisions"])
    };
    let said = format!("`anchor_slot` is a key of {NEW} only, and the run is under {OLD}");
    refused(package("[authorizer]", "[context]\nanchor_slot = 7\n\n[authorizer]"), &said);
    let ran = package("code.\"gray-paper-0.7.2\" = \"file:fibonacci.jam\"\n", "");
    refused(ran, &format!("the table has no value for {OLD}, the revision of the run"));
}
