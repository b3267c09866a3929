//! Profiles account for all gas, and name what it went to; coverage counts what ran.

use std::fs;

use serde_json::Value;

use crate::jambox::{jambox, line};

/// The invocations of a run, whatever they are.
fn invocations(report: &Value) -> Vec<&Value> {
    let lists = ["refine", "accumulate"].map(|name| report[name].as_array().unwrap());
    lists.into_iter().flatten().chain([&report["is_authorized"]]).collect()
}

#[test]
fn profiles_account_for_all_gas() {
    for guest in ["asm/counter", "asm/inner", "asm/panics", "asm/out-of-gas", "paste-bin"] {
        let ran = line(&format!("run guests/{guest}/package.toml --profile --json"));
        for invocation in invocations(&ran.json()) {
            let rows = invocation["profile"].as_array().unwrap();
            let gas: u64 =
                rows.iter().map(|row| row["gas"].as_str().unwrap().parse::<u64>().unwrap()).sum();
            assert_eq!(invocation["gas"]["used"], gas.to_string(), "{guest}");
        }
    }
}

#[test]
fn a_profile_changes_nothing_else() {
    let plain = line("run guests/asm/counter/package.toml --json -v").json();
    let mut profiled = line("run guests/asm/counter/package.toml --json -v --profile").json();
    for list in ["refine", "accumulate"] {
        for invocation in profiled[list].as_array_mut().unwrap() {
            assert!(invocation.as_object_mut().unwrap().remove("profile").is_some());
        }
    }
    profiled["is_authorized"].as_object_mut().unwrap().remove("profile");
    assert_eq!(plain, profiled);
}

#[test]
fn functions_have_names_where_they_are_known() {
    let counter =
        line("run guests/asm/counter --profile --json --revision gray-paper-0.7.2").json();
    let first = &counter["refine"][0]["profile"][0]["what"];
    assert_eq!(first, "upper_case (guests/asm/counter/counter.asm)");
    // No symbols lie beside the committed blobs.
    let pasted = line("run guests/paste-bin/package.toml --profile --json").json();
    assert_eq!(pasted["refine"][0]["profile"][0]["what"], "code without symbols");
}

/// Text that a run writes into a file of this name, and the report of the run.
fn written(arguments: &str, option: &str, name: &str) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    let words = arguments.split_whitespace().map(AsRef::as_ref);
    let ran = jambox(words.chain(["--json".as_ref(), option.as_ref(), file.as_os_str()]));
    (fs::read_to_string(file).unwrap_or_else(|error| panic!("{error}: {ran:?}")), ran.json())
}

/// The gas of folded stacks that begin with a title.
fn folded_gas(text: &str, title: &str) -> u64 {
    let lines = text.lines().map(|line| line.rsplit_once(' ').unwrap());
    let of_title = lines.filter(|(stack, _)| stack.split(';').next() == Some(title));
    of_title.map(|(_, gas)| gas.parse::<u64>().unwrap()).sum()
}

#[test]
fn stacks_account_for_all_gas_under_either_revision() {
    for revision in ["gray-paper-0.7.2", "gray-paper-0.8.0"] {
        for guest in ["asm/counter", "asm/inner", "asm/panics", "asm/out-of-gas"] {
            let arguments = format!("run guests/{guest} --revision {revision}");
            let (text, report) = written(&arguments, "--profile", "gas.folded");
            for (item, invocation) in report["refine"].as_array().unwrap().iter().enumerate() {
                let (service, core) = (&invocation["service"]["id"], &report["package"]["core"]);
                let title = format!("refine of service {service} on core {core}, item {item}");
                let used: u64 = invocation["gas"]["used"].as_str().unwrap().parse().unwrap();
                assert_eq!(folded_gas(&text, &title), used, "{guest} under {revision}: {text}");
            }
        }
    }
}

#[test]
fn inner_machines_lie_below_the_call_that_runs_them_where_it_is_charged_for_them() {
    let run = |revision| {
        written(&format!("run guests/asm/inner --revision {revision}"), "--profile", "a.folded").0
    };
    let below = "host call invoke;inner machine 0;function at pc 0 ";
    assert!(run("gray-paper-0.8.0").contains(below));
    let old = run("gray-paper-0.7.2");
    assert!(!old.contains(below), "{old}");
    // Six instructions, of which one faults and runs again.
    assert!(old.contains("not charged to it;inner machine 0;function at pc 0 7\n"), "{old}");
}

#[test]
fn every_form_is_written_and_others_are_refused() {
    let run = |name| written("run guests/asm/counter", "--profile", name).0;
    assert!(run("a.svg").contains("upper_case"));
    assert!(run("a.txt").contains("upper_case (guests/asm/counter/counter.asm)\n"));
    for name in ["a.json", "a.speedscope.json"] {
        assert!(run(name).parse::<Value>().is_ok(), "{name}");
    }
    let refused = line("run --profile guests/asm/counter/package.toml");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("does not tell the form of the profile"), "{refused:?}");
    assert!(refused.stderr.contains("is the file to write"), "{refused:?}");
    let refused = line("run guests/asm/counter --profile-format svg --profile a.svg");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("[possible values: text, folded,"), "{refused:?}");
}

#[test]
fn coverage_counts_what_the_payloads_make_run() {
    let (info, report) = written("run guests/asm/counter", "--coverage", "run.info");
    let source = "guests/asm/counter/counter.asm";
    let is_of = |record: &&str| {
        let path = record.lines().find_map(|line| line.strip_prefix("SF:"));
        path.is_some_and(|path| path.ends_with(source))
    };
    let record = info.split("end_of_record\n").find(is_of).unwrap();
    let text = fs::read_to_string(crate::jambox::root().join(source)).unwrap();
    let count = |instruction: &str| -> u64 {
        let number = text.lines().position(|line| line.trim() == instruction).unwrap() + 1;
        let counts = record.lines().filter_map(|line| line.strip_prefix("DA:"));
        let mut counts = counts.filter_map(|counts| counts.split_once(','));
        let (_, count) = counts.find(|(line, _)| *line == number.to_string()).unwrap();
        count.parse().unwrap()
    };
    // Each octet of a payload goes through the loop, and each small letter through all of it.
    let octets = ["hello jam", "second item"].concat();
    let letters = octets.chars().filter(char::is_ascii_lowercase).count() as u64;
    assert_eq!(count("load_ind_u8 t2, [t0]"), octets.len() as u64);
    assert_eq!(count("branch_ge_u t0, t1, return_result"), octets.len() as u64 + 2);
    assert_eq!(count("add_imm_64 t2, t2, -32"), letters);
    let files = report["coverage"]["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["source"] == source).unwrap();
    let lines = record.lines().filter(|line| line.starts_with("DA:")).count();
    assert_eq!(file["lines"]["found"], lines);
    let refused = line("run guests/paste-bin --coverage run.info");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("without symbols"), "{refused:?}");
}
