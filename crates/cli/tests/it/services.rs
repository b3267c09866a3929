//! The larger example services, each over two packages whose payloads are written by field.

use jambox_types::Revision;
use serde_json::Value;

use crate::jambox::jambox;

/// Runs a first package, and a second one on the state that it leaves, under each revision; gives
/// the outputs of the second.
fn both(first: &str, second: &str) -> [Value; 2] {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json").display().to_string();
    Revision::ALL.map(|revision| {
        let revision = revision.name();
        let ran = jambox(["run", first, "--revision", revision, "--save-state", &state]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let ran = jambox(["run", second, "--revision", revision, "--state", &state, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    })
}

/// Value of a key in a service's storage after the run; `None` if it did not change.
fn stored<'a>(report: &'a Value, key: &str) -> Option<&'a str> {
    let changes = report["state"].as_array()?;
    let of_key = |change: &&Value| change["kind"] == "storage" && change["key"] == key;
    changes.iter().find(of_key)?["after"].as_str()
}

#[test]
fn the_ledger_carries_out_a_signed_order() {
    for report in both("guests/ledger/package.toml", "guests/ledger/transfer.toml") {
        // The counter of transfers, under the octet that the service's layout gives it.
        assert_eq!(stored(&report, "0x01"), Some("0x0100000000000000"), "{report:#}");
    }
}

#[test]
fn the_runner_counts_runs_over_both_packages() {
    for report in both("guests/runner/package.toml", "guests/runner/again.toml") {
        assert_eq!(stored(&report, "0x01"), Some("0x0300000000000000"), "{report:#}");
    }
}

#[test]
fn the_factory_delivers_what_was_ordered() {
    for report in both("guests/factory/package.toml", "guests/factory/deliver.toml") {
        let transfers = report["transfers"].as_array().unwrap();
        assert_eq!(transfers.len(), 1, "{report:#}");
        assert_eq!(transfers[0]["amount"], "5000", "the endowment");
    }
}
