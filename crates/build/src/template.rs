//! A new service from nothing, without a network.

use std::fs;
use std::path::{Path, PathBuf};

use crate::BuildError;

/// The files of a new service; `{{..}}` is filled in.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../template/src/lib.rs.in")),
    ("tests/service.rs", include_str!("../template/tests/service.rs.in")),
    ("package.toml", include_str!("../template/package.toml.in")),
    (".gitignore", "/target\n"),
];

/// Where this crate's own sources are (or were, when it was compiled).
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// Makes a folder with a new service in it: a crate with tests, and a package to run.
///
/// The crate depends on the SDK by path where the sources that this very program was built from
/// are still there, and by version otherwise.
///
/// # Errors
///
/// When the folder is there already, its name cannot be a crate's, or it cannot be written.
pub fn create(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.filter(|name| is_crate_name(name)).ok_or_else(|| {
        BuildError::BadName(
            folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into(),
        )
    })?;
    if folder.exists() {
        return Err(BuildError::Exists(folder.to_owned()));
    }
    let mut written = Vec::new();
    for (file, text) in FILES {
        let text = text
            .replace("{{name}}", &name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{sdk}}", &dependency("sdk"))
            .replace("{{sdk-testing}}", &dependency("sdk-testing"));
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(BuildError::io(parent))?;
        fs::write(&path, text).map_err(BuildError::io(&path))?;
        written.push(path);
    }
    Ok(written)
}

/// The right-hand side of a dependency on one of this project's crates.
fn dependency(room: &str) -> String {
    match Path::new(SOURCES).parent().map(|rooms| rooms.join(room)) {
        Some(path) if path.join("Cargo.toml").is_file() => format!("{{ path = {path:?} }}"),
        _ => format!("{:?}", env!("CARGO_PKG_VERSION")),
    }
}

fn is_crate_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(allowed)
}
