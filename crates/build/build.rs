//! Collects the sources of the SDK, for new services to take along: the crates that `sdk` and
//! `sdk-testing` are made of, without tests and benchmarks.
//!
//! In a package of this crate, where nothing is beside it, `sdk.txt` holds them: `cargo xtask
//! publish` writes it. Without either, the collection is empty. The constant that goes along says
//! whether it is such a package.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "src/packed.rs"]
mod packed;

/// Sections of a manifest that only matter where the crate is developed.
const LEFT_OUT: &[&str] = &["[dev-dependencies", "[[bench]]", "[[test]]", "[[example]]"];

fn main() {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let crates = own.parent().unwrap();
    let root = crates.parent().unwrap();
    let mut table = String::from("&[\n");
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    let mut is_published = false;
    if crates.join("sdk-testing/Cargo.toml").is_file() {
        collect(root, crates, &mut files);
    } else if own.join("sdk.txt").is_file() {
        files = packed::read(&read(&own.join("sdk.txt"))).expect("sdk.txt is whole");
        is_published = true;
    }
    for (index, (name, source)) in files.iter().enumerate() {
        let kept = out.join(format!("sdk-{index}"));
        fs::write(&kept, source).unwrap();
        let _ = writeln!(table, "({name:?}, include_str!({:?})),", kept.display().to_string());
    }
    fs::write(out.join("sdk.rs"), table + "]\n").unwrap();
    fs::write(out.join("is_published.rs"), is_published.to_string()).unwrap();
}

/// Names and contents of all files.
fn collect(root: &Path, crates: &Path, files: &mut Vec<(String, String)>) {
    let workspace = read(&root.join("Cargo.toml"));
    let shared = workspace.find("[workspace.package]").expect("the workspace shares settings");
    let heading = "# The sources of the Jambox SDK, as `jambox new` found them.\n\
                   [workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n";
    files.push(("Cargo.toml".to_owned(), format!("{heading}{}", &workspace[shared..])));
    for file in ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT"] {
        files.push((file.to_owned(), read(&root.join(file))));
    }
    let mut known = BTreeSet::from(["sdk".to_owned(), "sdk-testing".to_owned()]);
    let mut next: Vec<String> = known.iter().cloned().collect();
    while let Some(room) = next.pop() {
        let folder = crates.join(&room);
        let manifest = shortened(&read(&folder.join("Cargo.toml")));
        for line in manifest.lines() {
            let name = line.strip_prefix("jambox-").and_then(|line| line.split(['.', ' ']).next());
            if let Some(name) = name.filter(|name| !known.contains(*name)) {
                known.insert(name.to_owned());
                next.push(name.to_owned());
            }
        }
        files.push((format!("crates/{room}/Cargo.toml"), manifest));
        if folder.join("build.rs").is_file() {
            let name = format!("crates/{room}/build.rs");
            files.push((name, read(&folder.join("build.rs"))));
        }
        println!("cargo::rerun-if-changed={}", folder.join("src").display());
        sources(&folder.join("src"), &format!("crates/{room}/src"), files);
    }
    files.sort();
}

/// All files of a folder and those in it.
fn sources(folder: &Path, name: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            sources(&path, &name, files);
        } else {
            files.push((name, read(&path)));
        }
    }
}

/// A manifest without the sections that are left out.
fn shortened(manifest: &str) -> String {
    let mut kept = String::new();
    let mut keeps = true;
    for line in manifest.lines() {
        if line.starts_with('[') {
            keeps = !LEFT_OUT.iter().any(|section| line.starts_with(section));
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn read(path: &Path) -> String {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
