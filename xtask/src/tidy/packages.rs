//! Packages of the crates: complete for whoever finds one in a registry, and whole without the rest
//! of the repository.
//!
//! `cargo xtask publish --dry-run` builds the packages and takes minutes; the mistakes that one
//! makes every day are seen here at once.

use std::fs;
use std::path::{Component, Path};

use super::sources_in;

/// Lines that the manifest of a published crate has.
const REQUIRED: &[&str] = &[
    "version.workspace = true",
    "rust-version.workspace = true",
    "license.workspace = true",
    "repository.workspace = true",
    "keywords.workspace = true",
    "include.workspace = true",
];

/// Macros that read a file when a crate is compiled.
const READERS: &[&str] = &["include_str!(\"", "include_bytes!(\""];

/// Adds a fault for each gap of a package and each file that it reads from outside of its folder.
pub fn check(root: &Path, faults: &mut Vec<String>) -> Result<(), String> {
    let workspace = read(&root.join("Cargo.toml"))?;
    check_versions(&workspace, faults);
    check_image(&workspace, &read(&root.join("Dockerfile"))?, faults);
    let included = included(&workspace);
    let folder = root.join("crates");
    for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let manifest = path.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let room = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = read(&manifest)?;
        if is_private(&room, &manifest, faults) {
            continue;
        }
        check_manifest(&room, &manifest, faults);
        check_files(&room, &path, faults);
        for source in sources_in(vec![path.join("src")])? {
            let name = source.strip_prefix(&path).unwrap_or(&source);
            check_source(&room, name, &read(&source)?, &included, faults);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Tests whether a crate is kept private, which needs a reason.
fn is_private(room: &str, manifest: &str, faults: &mut Vec<String>) -> bool {
    let mut lines = manifest.lines().peekable();
    let mut before = "";
    while let Some(line) = lines.next_if(|line| *line != "publish = false") {
        before = line;
    }
    let is_private = lines.next().is_some();
    if is_private && !before.starts_with('#') {
        faults.push(format!("crates/{room}/Cargo.toml: `publish = false` without a reason above"));
    }
    is_private
}

/// Files and folders of a package, as the workspace's `include` lists them.
fn included(workspace: &str) -> Vec<String> {
    let list = workspace.split_once("\ninclude = [").map_or("", |(_, rest)| rest);
    let list = list.split(']').next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(|it| it.trim_start_matches('/').to_owned()).collect()
}

/// Versions in the table of workspace dependencies: the workspace's own.
fn check_versions(workspace: &str, faults: &mut Vec<String>) {
    let own = workspace.lines().find(|line| line.starts_with("version = "));
    let own = own.unwrap_or_default();
    for line in workspace.lines().filter(|line| line.starts_with("jambox-")) {
        if !line.contains(own) || own.is_empty() {
            faults.push(format!("Cargo.toml: not the workspace's {own}: {line}"));
        }
    }
}

/// The image is built by the oldest compiler that the crates promise to work with.
fn check_image(workspace: &str, image: &str, faults: &mut Vec<String>) {
    let version = workspace.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let version = version.unwrap_or_default().trim_matches('"');
    if version.is_empty() || !image.contains(&format!("/rust:{version}-")) {
        faults.push(format!("Dockerfile: it is not built with Rust {version}"));
    }
}

fn check_manifest(room: &str, manifest: &str, faults: &mut Vec<String>) {
    let at = format!("crates/{room}/Cargo.toml");
    for line in REQUIRED {
        if !manifest.lines().any(|it| it == *line) {
            faults.push(format!("{at}: a published crate has `{line}`"));
        }
    }
    if !manifest.contains("\ncategories = [\"") {
        faults.push(format!("{at}: it has no categories"));
    }
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        if !line.starts_with("jambox-") || !section.ends_with("dependencies]") {
            continue;
        }
        // Cargo leaves a dependency without a version out of the package, so that tests can use
        // crates that depend on this one.
        if section.contains("dev-dependencies]") {
            if !line.contains("path = ") || line.contains("version = ") {
                faults.push(format!("{at}: for tests by path and without a version: {line}"));
            }
        } else if !line.contains("workspace = true") {
            faults.push(format!("{at}: the workspace's version is not taken: {line}"));
        }
    }
}

fn check_files(room: &str, folder: &Path, faults: &mut Vec<String>) {
    let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    if !readme.starts_with(&format!("# jambox-{room}\n")) {
        faults.push(format!("crates/{room}/README.md: its heading is not `# jambox-{room}`"));
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        if !folder.join(licence).is_file() {
            faults.push(format!("crates/{room}: no link to {licence}"));
        }
    }
}

/// Checks that a source reads only files of its package. `name` is its path in the crate.
fn check_source(
    room: &str,
    name: &Path,
    text: &str,
    included: &[String],
    faults: &mut Vec<String>,
) {
    for (index, line) in text.lines().enumerate() {
        for reader in READERS {
            let Some((_, rest)) = line.split_once(reader) else { continue };
            let file = rest.split('"').next().unwrap_or_default();
            let top = top(name.parent().unwrap_or(name), file);
            if !top.as_ref().is_some_and(|top| included.contains(top)) {
                let at = format!("crates/{room}/{}:{}", name.display(), index + 1);
                faults.push(format!("{at}: `{file}` is not in the package; link to it in `src`"));
            }
        }
    }
}

/// First part of the path to a file that is named relative to a folder; `None` if that leads out.
fn top(folder: &Path, file: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in folder.join(file).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()?),
            _ => {}
        }
    }
    parts.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "[package]\ndescription = \"x\"\nversion.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\nrepository.workspace = true\n\
        keywords.workspace = true\ncategories = [\"encoding\"]\ninclude.workspace = true\n";

    #[test]
    fn gaps_of_a_manifest_are_seen() {
        let mut faults = Vec::new();
        let right = "\n[dependencies]\njambox-isa.workspace = true\n\
                     \n[dev-dependencies]\njambox-asm = { path = \"../asm\" }\n";
        check_manifest("x", &format!("{WHOLE}{right}"), &mut faults);
        assert_eq!(faults, [""; 0]);
        let wrong = "\n[dependencies]\njambox-isa = { path = \"../isa\" }\n\
                     \n[target.'cfg(unix)'.dev-dependencies]\njambox-asm.workspace = true\n";
        check_manifest("x", &format!("{WHOLE}{wrong}"), &mut faults);
        assert_eq!(faults.len(), 2, "{faults:?}");
        faults.clear();
        check_manifest("x", "[package]\n", &mut faults);
        assert_eq!(faults.len(), REQUIRED.len() + 1, "{faults:?}");
    }

    #[test]
    fn private_crates_have_a_reason() {
        let mut faults = Vec::new();
        assert!(!is_private("x", WHOLE, &mut faults));
        assert!(is_private("x", "# Chores.\npublish = false\n", &mut faults));
        assert_eq!(faults, [""; 0]);
        assert!(is_private("x", "[package]\npublish = false\n", &mut faults));
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn an_image_of_another_compiler_is_seen() {
        let mut faults = Vec::new();
        let workspace = "[workspace.package]\nrust-version = \"1.95\"\n";
        check_image(workspace, "FROM docker.io/library/rust:1.95-slim AS build\n", &mut faults);
        assert_eq!(faults, [""; 0]);
        check_image(workspace, "FROM docker.io/library/rust:1.9-slim AS build\n", &mut faults);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn files_from_outside_are_seen() {
        let workspace = "[workspace.package]\nversion = \"1.2.0\"\ninclude = [\n    \"/src\",\n    \
                         \"/book\",\n]\n[workspace.dependencies]\njambox-a = { path = \"crates/a\", \
                         version = \"1.2.0\" }\njambox-b = { path = \"crates/b\" }\n";
        let included = included(workspace);
        assert_eq!(included, ["src", "book"]);
        let mut faults = Vec::new();
        check_versions(workspace, &mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.clear();
        let source = "const A: &str = include_str!(\"a.md\");\n#[doc = include_str!(\"../book/b\")]\n\
                      include_str!(\"../../../docs/c.md\");\ninclude_bytes!(\"../tests/d\");\n";
        check_source("x", Path::new("src/lib.rs"), source, &included, &mut faults);
        let places: Vec<_> = faults.iter().map(|it| it.split(": ").next().unwrap()).collect();
        assert_eq!(places, ["crates/x/src/lib.rs:3", "crates/x/src/lib.rs:4"]);
    }
}
