//! The crates in `ARCHITECTURE.md` and the folders in `crates`: the same, and none depends on a
//! crate that it must not know, or on one that is not below it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Crates that must not depend on others, directly or indirectly.
const MUST_NOT_KNOW: &[(&[&str], &[&str])] = &[
    (&["engine", "recompiler", "sandbox"], &["codec", "types", "hostcall", "state", "invocation"]),
    (&["isa", "program", "codec", "types", "hostcall"], &["engine", "recompiler", "sandbox"]),
    (&["state"], &["engine", "store", "invocation"]),
    (&["invocation"], &["chain", "store"]),
    (&["sdk", "sdk-macros"], &["engine", "state", "invocation"]),
];

/// All crates by the floors that they are on, from the ground: a crate depends on crates of lower
/// floors alone. Its tests and examples may use any.
const FLOORS: &[&[&str]] = &[
    &["codec", "erasure", "files", "isa", "sandbox", "sdk-macros"],
    &["program", "types"],
    &["asm", "hostcall", "recompiler", "state", "symbols"],
    &["build", "engine", "package", "sdk", "store"],
    &["invocation"],
    &["chain", "inspect", "trace"],
    &["debug", "node", "sdk-testing", "vectors"],
    &["cli"],
];

/// All faults of the crates.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut faults = Vec::new();
    let described = described(&read(&root.join("ARCHITECTURE.md"))?);
    let folder = root.join("crates");
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if !path.join("Cargo.toml").is_file() {
            continue;
        }
        let room = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        check_manifest(&room, &read(&path.join("Cargo.toml"))?, &mut faults);
        if floor(&room) == FLOORS.len() {
            faults.push(format!("xtask/src/tidy/rooms.rs: `{room}` is on no floor"));
        }
        there.insert(room);
    }
    let lost =
        described.difference(&there).map(|room| format!("ARCHITECTURE.md: no room `{room}`"));
    faults.extend(lost);
    let untold = there.difference(&described);
    faults.extend(untold.map(|room| format!("ARCHITECTURE.md does not describe `{room}`")));
    Ok(faults)
}

/// The crates that the table describes.
fn described(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn check_manifest(room: &str, manifest: &str, faults: &mut Vec<String>) {
    let at = format!("crates/{room}/Cargo.toml");
    if !manifest.contains("\n[lints]\nworkspace = true\n") && !manifest.contains("[lints.") {
        faults.push(format!("{at}: the lints of the workspace are not asked for"));
    }
    if !manifest.contains("\ndescription = ") {
        faults.push(format!("{at}: it has no description"));
    }
    let sections = manifest.split("\n[").filter(|section| {
        let header = section.lines().next().unwrap_or_default();
        header.ends_with("dependencies]") && !header.contains("dev-dependencies")
    });
    let lines = sections.flat_map(str::lines);
    let names =
        lines.filter_map(|line| line.split(['.', ' ', '=']).next()?.strip_prefix("jambox-"));
    for name in names {
        let forbidden = MUST_NOT_KNOW
            .iter()
            .any(|(rooms, unknown)| rooms.contains(&room) && unknown.contains(&name));
        if forbidden {
            faults.push(format!("{at}: `{room}` must not know `{name}`"));
        }
        if floor(name) >= floor(room) {
            faults.push(format!("{at}: `{name}` is not on a floor below `{room}`"));
        }
    }
}

/// The floor of a crate; the topmost for one that is on none, which nothing may depend on.
fn floor(room: &str) -> usize {
    FLOORS.iter().position(|floor| floor.contains(&room)).unwrap_or(FLOORS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_read_from_the_table() {
        let text = "| Room | Holds |\n|---|---|\n| `isa` | x `y` |\n| `sdk`, `sdk-macros` | z |\n";
        assert_eq!(described(text), ["isa", "sdk", "sdk-macros"].map(str::to_owned).into());
    }

    #[test]
    fn dependencies_that_must_not_be_are_seen() {
        let mut faults = Vec::new();
        let manifest = "[package]\ndescription = \"x\"\n\n[dependencies]\njambox-isa.workspace = true\n\
                        jambox-state.workspace = true\n\n[dev-dependencies]\njambox-types = {}\n\n\
                        [lints]\nworkspace = true\n";
        check_manifest("engine", manifest, &mut faults);
        assert_eq!(faults, ["crates/engine/Cargo.toml: `engine` must not know `state`"]);
        faults.clear();
        let manifest = manifest.replace("jambox-state", "jambox-debug");
        check_manifest("inspect", &manifest, &mut faults);
        assert_eq!(
            faults,
            ["crates/inspect/Cargo.toml: `debug` is not on a floor below `inspect`"]
        );
        faults.clear();
        check_manifest("cli", "[package]\n", &mut faults);
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
