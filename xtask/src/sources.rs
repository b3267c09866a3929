//! A hash of all sources of a guest's blob, apart from the compiler: it shows that a source has
//! changed even where no guest can be compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jambox_types::Hash;
use serde_json::Value;

/// Sources of the builder that affect a blob.
const BUILDER: &[&str] = &[
    "blob.rs",
    "compile.rs",
    "link.rs",
    "manifest.rs",
    "mend.rs",
    "payload.rs",
    "releases.rs",
    "settings.rs",
    "shim.rs",
    "sysroot.rs",
    "toolchain.rs",
];

/// Folder of these sources.
const BUILDER_FOLDER: &str = "crates/build/src";

/// Packages of the guests and the dependencies of each, by package id, according to cargo.
pub struct Sources {
    packages: BTreeMap<String, Value>,
    nodes: BTreeMap<String, Value>,
}

impl Sources {
    /// Asks cargo, which needs no guest toolchain for this.
    pub fn of(manifest: &str) -> Result<Self, String> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest])
            .output()
            .map_err(|error| format!("cargo metadata: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        let by_id = |values: &Value| {
            let values = values.as_array().cloned().unwrap_or_default().into_iter();
            values.map(|value| (text(&value["id"]), value)).collect()
        };
        let nodes = by_id(&metadata["resolve"]["nodes"]);
        Ok(Self { packages: by_id(&metadata["packages"]), nodes })
    }

    /// The hash for the package `name`.
    pub fn hash(&self, name: &str) -> Result<Hash, String> {
        let package = self.packages.values().find(|package| package["name"] == name);
        let package = package.ok_or_else(|| format!("cargo knows no package {name}"))?;
        let mut parts = Vec::new();
        for file in BUILDER {
            add_file(&mut parts, &Path::new(BUILDER_FOLDER).join(file), file)?;
        }
        let mut known = BTreeSet::new();
        let mut next = vec![text(&package["id"])];
        while let Some(id) = next.pop() {
            if !known.insert(id.clone()) {
                continue;
            }
            let node = &self.nodes[&id];
            let dependencies = node["deps"].as_array().cloned().unwrap_or_default();
            next.extend(dependencies.iter().filter(|it| is_built(it)).map(|it| text(&it["pkg"])));
        }
        // By name and version: the id depends on the folder of a package.
        let order = |id: &String| {
            let package = &self.packages[id];
            (text(&package["name"]), text(&package["version"]), id.clone())
        };
        let known: BTreeSet<_> = known.iter().map(order).collect();
        for (_, _, id) in known {
            add_package(&mut parts, &self.packages[&id], &self.nodes[&id]["features"])?;
        }
        Ok(Hash::blake2b(&parts))
    }
}

/// Tests for a dependency that is built outside of tests, too.
fn is_built(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array().cloned().unwrap_or_default();
    kinds.iter().any(|kind| kind["kind"] != "dev")
}

/// Adds a package: the fields of its manifest, its features and, if it is a local one, its files.
fn add_package(parts: &mut Vec<u8>, package: &Value, features: &Value) -> Result<(), String> {
    for field in ["name", "version", "edition", "license", "authors", "metadata", "source"] {
        add(parts, &package[field].to_string());
    }
    add(parts, &features.to_string());
    if !package["source"].is_null() {
        // The files of a version in a registry never change.
        return Ok(());
    }
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest.parent().unwrap_or(Path::new("."));
    if folder.join("build.rs").is_file() {
        add_file(parts, &folder.join("build.rs"), "build.rs")?;
    }
    let mut files = Vec::new();
    list(&folder.join("src"), "src", &mut files)?;
    files.sort();
    files.iter().try_for_each(|(name, path)| add_file(parts, path, name))
}

/// All files in a folder, by their names from its parent.
fn list(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            list(&path, &name, files)?;
        } else {
            files.push((name, path));
        }
    }
    Ok(())
}

fn add_file(parts: &mut Vec<u8>, path: &Path, name: &str) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    add(parts, name);
    add(parts, &text);
    Ok(())
}

/// Adds a text with its length, so that different lists of texts give different octets.
fn add(parts: &mut Vec<u8>, text: &str) {
    parts.extend_from_slice(&(text.len() as u64).to_le_bytes());
    parts.extend_from_slice(text.as_bytes());
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
