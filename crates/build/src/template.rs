//! A new service from nothing; a network is used where there is one.

use std::path::{Path, PathBuf};
use std::{fs, process};

use jambox_types::Revision;

use crate::BuildError;
use crate::registry;
use crate::settings::number_of;

/// The files of a new service; `{{..}}` is filled in.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../template/src/lib.rs.in")),
    ("tests/service.rs", include_str!("../template/tests/service.rs.in")),
    ("package.toml", include_str!("../template/package.toml.in")),
    // Editors find it by the first line of the package: it describes and completes the keys.
    ("package.schema.json", include_str!("../template/package.schema.json")),
    (IGNORED, "/target\n"),
];

/// The file of the paths that Git leaves out. An existing one stays as it is.
const IGNORED: &str = ".gitignore";

/// The files of the SDK with their names; empty in a build of this crate that has them neither
/// beside it nor packed.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// True if this crate was built from its package in a registry. Whoever published that one
/// published the SDK of the same version. Before that, anybody could take the SDK's name there.
const IS_PUBLISHED: bool = include!(concat!(env!("OUT_DIR"), "/is_published.rs"));

/// The folder of a new service that holds the SDK.
const SDK_FOLDER: &str = "sdk";

/// Source of the SDK for a new service.
///
/// The default is [`Sdk::Found`] in a program that was itself built from the registry, and
/// [`Sdk::Included`] in all others: what a registry has under the SDK's name is then unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// [`Sdk::Registry`] if cargo finds that version, whoever published it, else
    /// [`Sdk::Included`].
    Found,
    /// The SDK of this program's version, from the registry.
    Registry,
    /// The sources in this program, which become a folder of the service.
    Included,
    /// A folder with the repository in it.
    Folder(PathBuf),
    /// A Git repository, by its URL.
    Git(String),
}

impl Default for Sdk {
    fn default() -> Self {
        if IS_PUBLISHED { Self::Found } else { Self::Included }
    }
}

/// A new service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The paths that were written; the SDK's folder stands for all files in it.
    pub files: Vec<PathBuf>,
    /// Source of its SDK; never [`Sdk::Found`].
    pub sdk: Sdk,
}

/// Makes a folder with a new service in it: a crate with tests, and a package to run, all for a
/// revision. The folder is there when it is whole; until then its name begins with a dot.
///
/// # Errors
///
/// When the folder exists already, its name cannot be a crate's, `sdk` names a folder without the
/// SDK, or a file cannot be written.
pub fn create(folder: &Path, sdk: &Sdk, revision: Revision) -> Result<Made, BuildError> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.filter(|name| is_crate_name(name)).ok_or_else(|| {
        BuildError::BadName(
            folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into(),
        )
    })?;
    if folder.exists() {
        return Err(BuildError::Exists(folder.to_owned()));
    }
    let sdk = resolve(sdk, folder);
    let unfinished = folder.with_file_name(format!(".{name}.unfinished-{}", process::id()));
    let moved = |path: &Path| match path.strip_prefix(&unfinished) {
        Ok(rest) if rest.as_os_str().is_empty() => folder.to_owned(),
        Ok(rest) => folder.join(rest),
        Err(_) => path.to_owned(),
    };
    let made = fill(&unfinished, &name, &sdk, revision).and_then(|made| {
        fs::rename(&unfinished, folder).map_err(BuildError::io(folder))?;
        Ok(made)
    });
    match made {
        Ok(made) => Ok(Made { files: made.files.iter().map(|file| moved(file)).collect(), ..made }),
        Err(error) => {
            // The error above counts; removal is best effort.
            let _ = fs::remove_dir_all(&unfinished);
            Err(match error {
                BuildError::Io { path, source } => BuildError::Io { path: moved(&path), source },
                other => other,
            })
        }
    }
}

/// Makes the same files in an existing folder, which may hold others. The crate is called `name`;
/// if that is `None`, as the folder.
///
/// # Errors
///
/// When the name cannot be a crate's, one of the files exists already (nothing is written then),
/// `sdk` names a folder without the SDK, or a file cannot be written.
pub fn init(
    folder: &Path,
    name: Option<&str>,
    sdk: &Sdk,
    revision: Revision,
) -> Result<Made, BuildError> {
    let whole = folder.canonicalize().map_err(BuildError::io(folder))?;
    let own = whole.file_name().unwrap_or_default().to_string_lossy();
    let name = name.unwrap_or(&own);
    if !is_crate_name(name) {
        return Err(BuildError::BadName(name.to_owned()));
    }
    let sdk = &resolve(sdk, folder);
    let with_sdk = (*sdk == Sdk::Included).then_some(SDK_FOLDER);
    let files = FILES.iter().map(|(file, _)| *file).filter(|file| *file != IGNORED);
    let mut in_the_way = files.chain(with_sdk).map(|file| folder.join(file));
    if let Some(path) = in_the_way.find(|path| path.exists()) {
        return Err(BuildError::Exists(path));
    }
    fill(folder, name, sdk, revision)
}

/// Writes the files of a service.
fn fill(folder: &Path, name: &str, sdk: &Sdk, revision: Revision) -> Result<Made, BuildError> {
    let (sdk_dependency, testing_dependency) =
        (dependency("sdk", sdk)?, dependency("sdk-testing", sdk)?);
    let mut written = Vec::new();
    for (file, text) in FILES {
        let text = text
            .replace("{{name}}", name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{number}}", number_of(revision))
            .replace("{{revision}}", revision.name())
            .replace("{{sdk}}", &sdk_dependency)
            .replace("{{sdk-testing}}", &testing_dependency);
        if *file != IGNORED || !folder.join(IGNORED).exists() {
            written.push(write(folder, file, &text)?);
        }
    }
    if *sdk == Sdk::Included {
        for (file, text) in SDK {
            if *file == "Cargo.lock" {
                // The versions that the SDK was tested with; cargo drops the unused ones.
                written.push(write(folder, file, text)?);
            } else {
                write(&folder.join(SDK_FOLDER), file, text)?;
            }
        }
        written.push(folder.join(SDK_FOLDER));
    }
    Ok(Made { files: written, sdk: sdk.clone() })
}

/// Chooses where there is a choice.
fn resolve(sdk: &Sdk, folder: &Path) -> Sdk {
    match sdk {
        Sdk::Found if registry::has_sdk(folder) => Sdk::Registry,
        Sdk::Found => Sdk::Included,
        other => other.clone(),
    }
}

/// The sources of [`Sdk::Included`] as one text, in the form that this crate's package holds them.
#[must_use]
pub fn packed_sdk() -> String {
    pack(SDK)
}

/// Joins files, given as names and contents; the build script reads this form.
pub(crate) fn pack(files: &[(&str, &str)]) -> String {
    files.iter().map(|(name, text)| format!("{name} {}\n{text}", text.len())).collect()
}

fn write(folder: &Path, file: &str, text: &str) -> Result<PathBuf, BuildError> {
    let path = folder.join(file);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(BuildError::io(parent))?;
    jambox_files::write(&path, text.as_bytes()).map_err(BuildError::io(&path))?;
    Ok(path)
}

/// The right-hand side of a dependency on one of the SDK's crates.
fn dependency(room: &str, sdk: &Sdk) -> Result<String, BuildError> {
    match sdk {
        Sdk::Registry | Sdk::Found => Ok(format!("{:?}", registry::VERSION)),
        Sdk::Included if SDK.is_empty() => Err(BuildError::NoSdk),
        Sdk::Included => Ok(format!("{{ path = \"{SDK_FOLDER}/crates/{room}\" }}")),
        Sdk::Git(url) => Ok(format!("{{ git = {url:?} }}")),
        Sdk::Folder(folder) => {
            let path = folder.join("crates").join(room);
            let path = path.canonicalize().map_err(BuildError::io(&path))?;
            Ok(format!("{{ path = {path:?} }}"))
        }
    }
}

/// Names that a service cannot have. Cargo refuses keywords, the standard library's crates and its
/// own folders; a name of the SDK's would clash with the SDK.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "bin",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "jambox-sdk",
    "jambox-sdk-testing",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "sdk",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

fn is_crate_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(allowed)
        && !TAKEN.contains(&name.replace('_', "-").to_ascii_lowercase().as_str())
}
