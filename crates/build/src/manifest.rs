//! What cargo knows of the package to build.

use std::path::{Path, PathBuf};
use std::process::Command;

use jambox_program::CrateInfo;
use serde_json::Value;

use crate::{BuildError, Panics, Toolchain};

/// A Rust package to build.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// Its `Cargo.toml`.
    pub path: PathBuf,
    /// What goes into the blob's metadata.
    pub info: CrateInfo,
    /// The name of the library target.
    pub library: String,
    /// Where cargo puts what it makes.
    pub target_directory: PathBuf,
    /// The root of the workspace.
    pub workspace_root: PathBuf,
    /// `[package.metadata.jambox] panics`, if set.
    pub panics: Option<Panics>,
}

impl Manifest {
    pub fn read(toolchain: &Toolchain, path: &Path) -> Result<Self, BuildError> {
        let bad = |messages: String| BuildError::BadManifest { manifest: path.into(), messages };
        let output = Command::new(&toolchain.cargo)
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(path)
            .env("RUSTC", &toolchain.rustc)
            .output()
            .map_err(BuildError::io(&toolchain.cargo))?;
        if !output.status.success() {
            return Err(bad(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| bad(error.to_string()))?;
        let real = path.canonicalize().map_err(BuildError::io(path))?;
        let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
        let package = packages
            .iter()
            .find(|package| package["manifest_path"].as_str().is_some_and(|p| Path::new(p) == real))
            .ok_or_else(|| bad("this is a workspace without a package of its own".to_owned()))?;
        let info = info(package);
        let library = library(package).ok_or_else(|| BuildError::NoLibrary {
            manifest: path.into(),
            package: info.name.clone(),
        })?;
        let folder = |name: &str| PathBuf::from(text(&metadata[name]));
        Ok(Self {
            path: real,
            panics: panics(path, &package["metadata"]["jambox"])?,
            info,
            library,
            target_directory: folder("target_directory"),
            workspace_root: folder("workspace_root"),
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn info(package: &Value) -> CrateInfo {
    let authors = package["authors"].as_array().map_or(&[][..], Vec::as_slice);
    CrateInfo {
        name: text(&package["name"]),
        version: text(&package["version"]),
        license: text(&package["license"]),
        authors: authors.iter().map(text).collect(),
    }
}

fn library(package: &Value) -> Option<String> {
    let target = package["targets"].as_array()?.iter().find(|target| {
        let kinds = target["kind"].as_array().map_or(&[][..], Vec::as_slice);
        kinds.iter().any(|kind| matches!(kind.as_str(), Some("lib" | "rlib" | "cdylib")))
    })?;
    Some(text(&target["name"]))
}

fn panics(manifest: &Path, settings: &Value) -> Result<Option<Panics>, BuildError> {
    let bad = |problem: String| BuildError::BadSetting { manifest: manifest.into(), problem };
    let Some(table) = settings.as_object() else { return Ok(None) };
    if let Some(unknown) = table.keys().find(|key| *key != "panics") {
        return Err(bad(format!("has an unknown key `{unknown}`; there is: panics")));
    }
    match table.get("panics").map(|value| value.as_str()) {
        None => Ok(None),
        Some(Some("log")) => Ok(Some(Panics::Log)),
        Some(Some("trap")) => Ok(Some(Panics::Trap)),
        Some(_) => Err(bad("panics must be \"log\" or \"trap\"".to_owned())),
    }
}
