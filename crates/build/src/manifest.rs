//! The package to build, as `cargo metadata` describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use jambox_program::CrateInfo;
use serde_json::Value;

use crate::ecosystem::{self, Fixed};
use crate::{BuildError, Settings, Toolchain};

/// A Rust package to build.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// Path of the `Cargo.toml`.
    pub path: PathBuf,
    /// The fields of the blob's metadata.
    pub info: CrateInfo,
    /// The name of the library target.
    pub library: String,
    /// Cargo's target directory.
    pub target_directory: PathBuf,
    /// The root of the workspace.
    pub workspace_root: PathBuf,
    /// Dependencies by path, direct and indirect.
    pub path_dependencies: Vec<PathDependency>,
    /// `[package.metadata.jambox]`.
    pub settings: Settings,
    /// The dependency that fixes the revision; `None` if there is none.
    pub fixed: Option<Fixed>,
}

/// A package whose sources lie in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PathDependency {
    /// The folder of its manifest.
    pub folder: PathBuf,
    /// The package's name.
    pub name: String,
    /// Version of the package.
    pub version: String,
}

impl Manifest {
    pub fn read(toolchain: &Toolchain, path: &Path) -> Result<Self, BuildError> {
        let metadata = metadata(toolchain, path)?;
        let real = path.canonicalize().map_err(BuildError::io(path))?;
        let packages = array(&metadata["packages"]);
        let package = packages
            .iter()
            .find(|package| package["manifest_path"].as_str().is_some_and(|p| Path::new(p) == real))
            .ok_or_else(|| BuildError::BadManifest {
                manifest: path.into(),
                messages: "this is a workspace without a package of its own".to_owned(),
            })?;
        let info = info(package);
        let library = library(package).ok_or_else(|| BuildError::NoLibrary {
            manifest: path.into(),
            package: info.name.clone(),
        })?;
        let folder = |name: &str| PathBuf::from(text(&metadata[name]));
        let fixed = match ecosystem::is_used_by(package) {
            true => {
                let lock = Path::new(&text(&metadata["workspace_root"])).join("Cargo.lock");
                lock_versions(toolchain, path, &lock);
                ecosystem::fixed_by(&lock)
            }
            false => None,
        };
        Ok(Self {
            fixed,
            path: real,
            settings: Settings::read(path, &package["metadata"]["jambox"])?,
            path_dependencies: path_dependencies(toolchain, package, packages),
            info,
            library,
            target_directory: folder("target_directory"),
            workspace_root: folder("workspace_root"),
        })
    }

    /// The services of a workspace without a package of its own: the folders of its members with a
    /// library that depend on an SDK, in the order of their paths. `None` where there is a
    /// package.
    pub fn services(
        toolchain: &Toolchain,
        path: &Path,
    ) -> Result<Option<Vec<PathBuf>>, BuildError> {
        let metadata = metadata(toolchain, path)?;
        let real = path.canonicalize().map_err(BuildError::io(path))?;
        let packages = array(&metadata["packages"]);
        let manifest = |package: &Value| PathBuf::from(text(&package["manifest_path"]));
        if packages.iter().any(|package| manifest(package) == real) {
            return Ok(None);
        }
        let services = packages.iter().filter(|package| {
            library(package).is_some()
                && (depends_on(package, OWN_SDK) || ecosystem::is_used_by(package))
        });
        let folders = services.filter_map(|package| Some(manifest(package).parent()?.to_owned()));
        let mut folders: Vec<_> = folders.collect();
        folders.sort();
        Ok(Some(folders))
    }

    /// Path of a folder from the workspace's root, as cargo names it; `None` for the root itself
    /// and for folders outside.
    pub fn in_workspace<'f>(&self, folder: &'f Path) -> Option<&'f Path> {
        let inside = folder.strip_prefix(&self.workspace_root).ok();
        inside.filter(|inside| !inside.as_os_str().is_empty())
    }
}

/// The SDK's crate, on which services in Rust depend.
const OWN_SDK: &str = "jambox-sdk";

/// True for a package that depends on another directly, development dependencies aside.
pub(crate) fn depends_on(package: &Value, name: &str) -> bool {
    let mut used =
        array(&package["dependencies"]).iter().filter(|dependency| dependency["kind"] != "dev");
    used.any(|dependency| dependency["name"] == name)
}

/// Lets cargo write the lock file if there is none. A failure shows when the crate is built.
fn lock_versions(toolchain: &Toolchain, manifest: &Path, lock: &Path) {
    if !lock.is_file() {
        let mut command = Command::new(&toolchain.cargo);
        command.arg("generate-lockfile").arg("--manifest-path").arg(manifest);
        drop(command.env("RUSTC", &toolchain.rustc).output());
    }
}

/// Cargo's metadata of a package and its workspace. No dependency is resolved, so none has to be
/// on the machine.
fn metadata(toolchain: &Toolchain, manifest: &Path) -> Result<Value, BuildError> {
    let bad = |messages: String| BuildError::BadManifest { manifest: manifest.into(), messages };
    let output = Command::new(&toolchain.cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .env("RUSTC", &toolchain.rustc)
        .output()
        .map_err(BuildError::io(&toolchain.cargo))?;
    if !output.status.success() {
        return Err(bad(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| bad(error.to_string()))
}

/// All dependencies of a package by path, direct and indirect, in other workspaces, too.
fn path_dependencies(
    toolchain: &Toolchain,
    package: &Value,
    workspace: &[Value],
) -> Vec<PathDependency> {
    let mut known: BTreeMap<PathBuf, Value> = BTreeMap::new();
    let folder =
        |package: &Value| Path::new(&text(&package["manifest_path"])).parent().map(PathBuf::from);
    let know = |packages: &[Value], known: &mut BTreeMap<PathBuf, Value>| {
        for package in packages {
            known.extend(folder(package).map(|folder| (folder, package.clone())));
        }
    };
    know(workspace, &mut known);
    let mut found = BTreeSet::new();
    let mut next = dependency_folders(package);
    while let Some(folder) = next.pop() {
        if !known.contains_key(&folder) {
            // A package that cargo cannot read here is left out: it may still build.
            let other = metadata(toolchain, &folder.join("Cargo.toml")).unwrap_or_default();
            know(array(&other["packages"]), &mut known);
        }
        let Some(package) = known.get(&folder) else { continue };
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        if found.insert(PathDependency { folder, name, version }) {
            next.extend(dependency_folders(package));
        }
    }
    found.into_iter().collect()
}

/// The folders of a package's direct dependencies by path, development dependencies aside.
fn dependency_folders(package: &Value) -> Vec<PathBuf> {
    let dependencies = array(&package["dependencies"]).iter();
    let used = dependencies.filter(|dependency| dependency["kind"] != "dev");
    used.filter_map(|dependency| dependency["path"].as_str().map(PathBuf::from)).collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn info(package: &Value) -> CrateInfo {
    let authors = array(&package["authors"]);
    CrateInfo {
        name: text(&package["name"]),
        version: text(&package["version"]),
        license: text(&package["license"]),
        authors: authors.iter().map(text).collect(),
        revision: None,
    }
}

fn library(package: &Value) -> Option<String> {
    let target = package["targets"].as_array()?.iter().find(|target| {
        let kinds = array(&target["kind"]);
        kinds.iter().any(|kind| matches!(kind.as_str(), Some("lib" | "rlib" | "cdylib")))
    })?;
    Some(text(&target["name"]))
}
