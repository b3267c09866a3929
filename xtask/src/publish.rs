//! `cargo xtask publish`: all crates that others use, to the registry.
//!
//! Cargo takes the crates in the order of their dependencies, and builds each package as its users
//! will: unpacked, alone, on the packages before it. What makes that possible is checked by `tidy`
//! on every change: no file from outside of a crate's folder, and crates that only tests use named
//! by path.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::command::{cache, cargo, root, succeed};

/// Largest package that crates.io accepts, in octets.
const LARGEST: u64 = 10 << 20;

/// The SDK's sources, a file that only the package of the builder has.
const SDK: &str = "crates/build/sdk.txt";

/// Options of `cargo xtask publish`.
#[derive(clap::Args)]
pub struct Options {
    /// Make and build every package, and upload none.
    #[arg(long)]
    dry_run: bool,
    /// Package changes that are not committed.
    #[arg(long, requires = "dry_run")]
    allow_dirty: bool,
}

/// Packages, builds, and without `--dry-run` uploads all crates.
pub fn run(options: &Options) -> Result<(), String> {
    let workspace = Workspace::read()?;
    // Cargo's own check would refuse the SDK's sources, a file that is not of the repository.
    if !options.allow_dirty {
        let changed = git(&["status", "--porcelain"])?;
        if !changed.is_empty() {
            return Err(format!("not committed (see --allow-dirty):\n{changed}"));
        }
    }
    if !options.dry_run {
        workspace.check_repository()?;
    }
    // A builder from a registry has no sources beside it for services that are made offline.
    let sdk = root().join(SDK);
    let failed = |error| format!("{}: {error}", sdk.display());
    fs::write(&sdk, jambox_build::packed_sdk()).map_err(failed)?;
    let done = workspace.publish(options);
    fs::remove_file(&sdk).map_err(failed)?;
    let _ = fs::remove_dir_all(&workspace.target);
    done
}

/// The answer of git, in the project's root.
fn git(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(root());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The crates of the workspace, as cargo knows them.
pub struct Workspace {
    /// Names and versions of the crates that are published.
    pub public: Vec<(String, String)>,
    /// Names of the others.
    pub private: Vec<String>,
    /// Features, as `crate/feature`, with which docs.rs builds the documentation.
    pub documented: Vec<String>,
    /// Address of the sources, in the manifests of all that are published.
    repository: String,
    /// Folder of what cargo makes of the packages. Cargo keeps what it unpacks and builds by name
    /// and version alone, and would take an earlier run's for this one's: each run has its own.
    target: PathBuf,
}

impl Workspace {
    /// Packages and builds, and without `--dry-run` uploads.
    fn publish(&self, options: &Options) -> Result<(), String> {
        let mut package = cargo();
        package.args(["package", "--workspace", "--locked", "--allow-dirty"]);
        package.env("CARGO_TARGET_DIR", &self.target);
        package.args(self.private.iter().flat_map(|name| ["--exclude", name]));
        succeed(&mut package)?;
        let octets = self.sizes()?;
        println!("{} packages of {octets} octets are ready", self.public.len());
        if options.dry_run {
            return Ok(());
        }
        let mut publish = cargo();
        publish.args(["publish", "--workspace", "--locked", "--allow-dirty", "--no-verify"]);
        publish.env("CARGO_TARGET_DIR", &self.target);
        succeed(&mut publish)
    }

    /// Asks cargo.
    pub fn read() -> Result<Self, String> {
        let mut metadata = cargo();
        metadata.args(["metadata", "--no-deps", "--format-version", "1", "--locked"]);
        let output = metadata.output().map_err(|error| format!("{metadata:?}: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        Self::of(&metadata)
    }

    fn of(metadata: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut read = Self {
            public: Vec::new(),
            private: Vec::new(),
            documented: Vec::new(),
            repository: String::new(),
            target: cache().join(format!("packages-{}", seconds())),
        };
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let name = text(&package["name"]);
            // The registries it may go to: none if the manifest says `publish = false`.
            if package["publish"].as_array().is_some_and(Vec::is_empty) {
                read.private.push(name);
                continue;
            }
            let repository = text(&package["repository"]);
            if repository.is_empty() || !read.public.is_empty() && repository != read.repository {
                return Err(format!("{name}: its repository is not that of the other crates"));
            }
            read.repository = repository;
            let features = package["metadata"]["docs"]["rs"]["features"].as_array();
            let features = features.into_iter().flatten();
            read.documented.extend(features.map(|it| format!("{name}/{}", text(it))));
            read.public.push((name, text(&package["version"])));
        }
        Ok(read)
    }

    /// Checks that the repository which the manifests name has the commit that is checked out: what
    /// is published can be found there.
    fn check_repository(&self) -> Result<(), String> {
        let commit = git(&["rev-parse", "HEAD"])?;
        let refs = git(&["ls-remote", &self.repository])?;
        if refs.lines().any(|line| line.starts_with(&commit)) {
            return Ok(());
        }
        Err(format!(
            "{} has no branch or tag at {commit}: push it, or correct `repository` in Cargo.toml",
            self.repository
        ))
    }

    /// Octets of all packages; a package that is missing or too large is an error.
    fn sizes(&self) -> Result<u64, String> {
        let mut all = 0;
        for (name, version) in &self.public {
            let path = self.target.join(format!("package/{name}-{version}.crate"));
            let shown = path.display();
            let file = fs::metadata(&path).map_err(|error| format!("{shown}: {error}"))?;
            if file.len() > LARGEST {
                return Err(format!("{shown}: {} octets, at most {LARGEST}", file.len()));
            }
            all += file.len();
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn crates_are_public_or_private() {
        let package = |name: &str, publish: Value, repository: &str| json!({ "name": name, "version": "1.0.0", "publish": publish, "repository": repository });
        let workspace = |packages: &[Value]| json!({ "packages": packages });
        let public = package("a", Value::Null, "https://a");
        let private = package("b", json!([]), "");
        let read = Workspace::of(&workspace(&[public.clone(), private])).unwrap();
        assert_eq!(read.public, [("a".to_owned(), "1.0.0".to_owned())]);
        assert_eq!(read.private, ["b"]);
        assert_eq!(read.repository, "https://a");
        let other = package("c", Value::Null, "https://c");
        assert!(Workspace::of(&workspace(&[public, other])).is_err());
        assert!(Workspace::of(&workspace(&[package("d", Value::Null, "")])).is_err());
    }
}
