//! Builds Rust and C services into `.jam` blobs with a toolchain of the machine.
//!
//! **Contents.** The way from a folder with a crate (or C sources) to a blob: finding a compiler
//! ([`Toolchain`]), compiling for the guest target, linking, wrapping as a standard program with a
//! metadata prefix, and the symbol file.
//!
//! **Not here.** Nothing that is built is run, and this crate prints nothing of its own: the
//! compiler's messages pass through ([`Messages`]).
//!
//! **Invariants.** The same sources and the same compiler give the same blob, in any folder and on
//! any machine. The user's manifest needs no edit and the user's environment is passed on.
//!
//! # Example
//!
//! ```no_run
//! use jambox_build::{Options, build};
//!
//! let built = build("my-service".as_ref(), &Options::default())?;
//! println!("{}\n{}", built.code_hash, built.sizes);
//! built.write("my-service/target/jambox".as_ref())?;
//! # Ok::<(), jambox_build::BuildError>(())
//! ```

mod blob;
mod c;
mod compile;
mod ecosystem;
mod error;
mod labels;
mod lines;
mod link;
mod manifest;
mod mend;
mod options;
#[cfg(test)]
mod packed;
mod payload;
mod registry;
mod releases;
mod settings;
mod shim;
mod sysroot;
mod template;
pub mod toolchain;

use std::path::{Path, PathBuf};

pub use blob::{Built, Sizes};
pub use c::header as c_header;
pub use error::BuildError;
pub use link::{Kind, Linked, link};
pub use options::{Messages, Options};
pub use settings::{
    DEFAULT_HEAP, DEFAULT_STACK, Panics, Settings, parse_heap, parse_revision, parse_stack,
};
pub use sysroot::CACHE_VARIABLE;
pub use template::{Made, Sdk, create, init, packed_sdk};
pub use toolchain::{Linker, Toolchain};

use manifest::Manifest;

/// Builds the crate or the C sources in `folder`.
///
/// # Errors
///
/// See [`BuildError`]; each message names the remedy where there is one.
pub fn build(folder: &Path, options: &Options) -> Result<Built, BuildError> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return c::build(folder, options);
    }
    build_with(&Toolchain::find()?, &manifest, options)
}

/// Builds the package of a `Cargo.toml` with a given toolchain.
///
/// # Errors
///
/// As [`build`].
pub fn build_with(
    toolchain: &Toolchain,
    manifest: &Path,
    options: &Options,
) -> Result<Built, BuildError> {
    let manifest = Manifest::read(toolchain, manifest)?;
    let mut settings = options.settings.or(manifest.settings);
    if let Some(fixed) = &manifest.fixed {
        let asked_for = *settings.revision.get_or_insert(fixed.revision);
        if !asked_for.is(fixed.revision) {
            let (by, revision) = (fixed.by.clone(), fixed.revision);
            return Err(BuildError::OtherRevision { by, revision, asked_for });
        }
    }
    let elf = compile::compile(toolchain, &manifest, settings, options.messages)?;
    let octets = std::fs::read(&elf).map_err(BuildError::io(&elf))?;
    Built::new(link(&octets, settings.revision(), settings.stack())?, &manifest.info)
}

/// The folder into which `jambox build` writes by default: `target/jambox` in the service's own
/// folder, independent of cargo's target directory, so that package files find the blob.
#[must_use]
pub fn output_folder(folder: &Path) -> PathBuf {
    folder.join("target/jambox")
}

/// The folders of the services in a folder. In a workspace without a package of its own: all
/// members that use an SDK; else the folder itself.
///
/// # Errors
///
/// When cargo cannot read the workspace, or no member is a service.
pub fn services(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let path = folder.join("Cargo.toml");
    if !path.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    match Manifest::services(&Toolchain::find()?, &path)? {
        None => Ok(vec![folder.to_owned()]),
        Some(services) if services.is_empty() => Err(BuildError::NoServices { manifest: path }),
        Some(services) => Ok(services),
    }
}
