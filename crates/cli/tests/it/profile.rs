//! Profiles account for all gas, and name what it went to.

use serde_json::Value;

use crate::jambox::line;

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
            let gas: u64 = rows.iter().map(|row| row["gas"].as_u64().unwrap()).sum();
            assert_eq!(gas, invocation["gas"]["used"], "{guest}");
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
