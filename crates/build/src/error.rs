use std::io;
use std::path::PathBuf;

use jambox_types::Revision;

use crate::toolchain::Tried;

/// Reason why a build gives no blob.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No compiler on this machine can build guests.
    #[error("no toolchain here can build services; tried:{refused}\nto install one: {remedy}")]
    NoToolchain {
        /// The compilers that were tried, each with the reason against it.
        refused: Tried,
        /// One command that installs the missing part.
        remedy: String,
    },
    /// No C compiler for the guest target is there.
    #[error(
        "no clang here can build services in C; to install one: apt-get install clang-19 lld-22"
    )]
    NoClang,
    /// The folder holds neither a Rust crate nor C sources.
    #[error("{}: the folder has neither a Cargo.toml nor a .c file", folder.display())]
    NothingToBuild {
        /// The folder.
        folder: PathBuf,
    },
    /// A workspace without a package of its own, no member of which is a service.
    #[error(
        "{}: no member of the workspace is a service: expected a library that depends on jambox-sdk",
        manifest.display()
    )]
    NoServices {
        /// The manifest.
        manifest: PathBuf,
    },
    /// The sources of the SDK are not in this program.
    #[error("this program was built without the SDK's sources; choose --sdk registry or a folder")]
    NoSdk,
    /// The package has no library to build.
    #[error("{}: the package `{package}` has no library target (src/lib.rs)", manifest.display())]
    NoLibrary {
        /// The manifest.
        manifest: PathBuf,
        /// The package.
        package: String,
    },
    /// A setting under `[package.metadata.jambox]` is not understood.
    #[error("{}: [package.metadata.jambox] {problem}", manifest.display())]
    BadSetting {
        /// The manifest.
        manifest: PathBuf,
        /// The fault, with the setting's key.
        problem: String,
    },
    /// `cargo metadata` failed.
    #[error("{}: cargo cannot read the package:\n{messages}", manifest.display())]
    BadManifest {
        /// The manifest.
        manifest: PathBuf,
        /// Cargo's messages.
        messages: String,
    },
    /// A dependency speaks one revision, and another is asked for.
    #[error(
        "{by} speaks {revision}, and the service is to be built for {asked_for}: take the other \
         version of it, or build for {revision}"
    )]
    OtherRevision {
        /// The dependency, with its version.
        by: String,
        /// The dependency's revision.
        revision: Revision,
        /// The revision of the settings.
        asked_for: Revision,
    },
    /// The code does not compile.
    #[error("the service does not compile{}", above_or(messages))]
    DoesNotCompile {
        /// The compiler's messages; empty if they went to standard error.
        messages: String,
    },
    /// The standard library does not compile for the guest target.
    #[error(
        "the standard library does not compile for services with this toolchain{}",
        above_or(messages)
    )]
    NoStandardLibrary {
        /// The compiler's messages; empty if they went to standard error.
        messages: String,
    },
    /// The compiled code cannot be linked into a PVM program.
    #[error("the compiled code cannot become a PVM program: {0}")]
    Link(String),
    /// The code has no entry point at all.
    #[error(
        "the code has no entry point; a service has `refine` and `accumulate`, an authorizer \
         `is_authorized` (in Rust: `jambox_sdk::entry_points!`), a library `library!`"
    )]
    NoEntryPoint,
    /// One of a service's two entry points is missing.
    #[error("the code has `{present}` but no `{missing}`; a service has both")]
    MissingEntryPoint {
        /// The entry point that the code has.
        present: &'static str,
        /// The entry point that it lacks.
        missing: &'static str,
    },
    /// Both an authorizer and a service claim the program's start.
    #[error("the code has both `is_authorized` and `refine` in forms that exclude each other")]
    ConflictingEntryPoints,
    /// A library has entry points of a service or authorizer, too.
    #[error("the code is a library and has other entry points, too: make them two crates")]
    LibraryWithEntryPoints,
    /// The program breaks a limit of standard programs.
    #[error("the program's {part} takes {size} octets; a standard program holds at most {limit}")]
    PartTooBig {
        /// Name of the part.
        part: &'static str,
        /// Size of the part, in octets.
        size: u64,
        /// The largest size, in octets.
        limit: u64,
    },
    /// The blob is larger than the chain accepts.
    #[error("the blob takes {size} octets; {what} may take at most {limit}")]
    BlobTooBig {
        /// Size of the blob in octets.
        size: usize,
        /// The blob's kind with its article, for the message.
        what: &'static str,
        /// The largest size that the chain accepts, in octets.
        limit: u32,
    },
    /// A folder or file of a new service exists already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// A name that no crate can have.
    #[error(
        "`{0}` cannot name a crate: use letters, digits, - and _, starting with a letter, and no \
         keyword of Rust nor the name of a crate that every service has"
    )]
    BadName(String),
    /// A file cannot be read or written.
    #[error("{}: cannot read or write: {}", path.display(), jambox_files::reason(source))]
    Io {
        /// Path of the file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

impl BuildError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn above_or(messages: &str) -> String {
    if messages.is_empty() { "; see above".to_owned() } else { format!(":\n{messages}") }
}
