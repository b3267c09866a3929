//! `cargo xtask docs` and `cargo xtask api`: what a release shows of the libraries.
//!
//! Both take nightly Rust, as docs.rs does.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{cache, root, succeed};
use crate::publish::Workspace;

/// Crates whose users are outside of this repository, and whose public items are listed in it.
const LISTED: &[&str] = &["engine", "program", "sdk", "sdk-testing", "state"];

/// Folder of the lists.
const LISTS: &str = "docs/api";

/// Installation command of the program that lists public items.
const INSTALL: &str = "cargo install cargo-public-api";

/// Options of `cargo xtask api`.
#[derive(clap::Args)]
pub struct Options {
    /// Compare with the lists in the repository, instead of writing them.
    #[arg(long)]
    check: bool,
}

/// Builds the documentation of all published crates with the settings of docs.rs.
pub fn docs() -> Result<(), String> {
    let workspace = Workspace::read()?;
    let mut command = nightly()?;
    command.args(["doc", "--workspace", "--no-deps", "--locked"]);
    command.args(workspace.private.iter().flat_map(|name| ["--exclude", name]));
    command.args(workspace.documented.iter().flat_map(|feature| ["--features", feature]));
    command.env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
    command.env("CARGO_TARGET_DIR", cache().join("nightly"));
    succeed(&mut command)?;
    println!("{}", cache().join("nightly/doc/jambox_engine/index.html").display());
    Ok(())
}

/// Writes the lists of public items, or compares with them.
pub fn api(options: &Options) -> Result<(), String> {
    let mut changed = Vec::new();
    for name in LISTED {
        let list = public_items(name)?;
        let path = root().join(LISTS).join(name).with_extension("txt");
        if options.check {
            let kept = fs::read_to_string(&path).unwrap_or_default();
            changed.extend(differences(name, &kept, &list));
        } else {
            write(&path, &list)?;
        }
    }
    match changed.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "public items have changed; `cargo xtask api` writes the lists anew\n{}",
            changed.join("\n")
        )),
    }
}

/// The public items of a crate, one a line, without those that every type has.
fn public_items(name: &str) -> Result<String, String> {
    let mut command = nightly()?;
    command.args(["public-api", "--simplified", "--simplified", "--simplified"]);
    command.args(["--color", "never", "--package", &format!("jambox-{name}")]);
    command.env("CARGO_TARGET_DIR", cache().join("nightly"));
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false if said.contains("no such command") => {
            Err(format!("public items are listed by cargo-public-api; to install it: {INSTALL}"))
        }
        false => Err(said.into_owned()),
    }
}

/// Lines that only one of two lists has: `-` before those that are gone, `+` before new ones.
fn differences(name: &str, before: &str, after: &str) -> Vec<String> {
    let only_in = |here: &str, there: &str, sign: char| -> Vec<String> {
        let there: Vec<&str> = there.lines().collect();
        let lines = here.lines().filter(|line| !there.contains(line));
        lines.map(|line| format!("{name}: {sign} {line}")).collect()
    };
    [only_in(before, after, '-'), only_in(after, before, '+')].concat()
}

fn write(path: &Path, list: &str) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    fs::write(path, list).map_err(failed)?;
    println!("{}: {} items", path.display(), list.lines().count());
    Ok(())
}

/// Cargo of nightly Rust.
fn nightly() -> Result<Command, String> {
    let has = Command::new("cargo").args(["+nightly", "--version"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        return Err(
            "nightly Rust is needed; to install it: rustup toolchain install nightly".into()
        );
    }
    // The toolchain of this run would be taken for that of the child.
    let mut command = Command::new("cargo");
    command.arg("+nightly").current_dir(root());
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn items_that_come_and_go_are_named() {
        let found = differences("x", "a\nb\nc\n", "a\nc\nd\n");
        assert_eq!(found, ["x: - b", "x: + d"]);
        assert!(differences("x", "a\n", "a\n").is_empty());
    }
}
