//! The package file that a path names.

use std::path::{Path, PathBuf};

use jambox_package::is_assembly;
use jambox_program::Container;

use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::Result;

/// Name of a package file in a folder.
const NAME: &str = "package.toml";

/// The package file that a path names: itself, or the one in the folder that it names.
///
/// People try to run a program first. It has no services, no state and no work items, so the error
/// says which package file to write for it.
pub fn locate(path: &Path) -> Result<PathBuf> {
    let path = in_folder(path);
    if !path.exists() {
        return Err(Diagnosis::new("cannot read: there is no such file")
            .in_file(&path)
            .help(format!(
                "name a package file or a folder with {NAME}; `jambox new` makes a service with one"
            ))
            .into());
    }
    if is_program(&path) {
        let name = path.file_name().unwrap_or_default().display();
        return Err(Diagnosis::new("the file is a program, not a package file")
            .in_file(&path)
            .help(format!(
                "write a package file with `code = \"file:{name}\"` in a section \
                 [services.<name>]: docs/package-file.md describes it, `jambox new` makes one; \
                 `jambox exec` runs the program alone, `jambox inspect` shows what it is"
            ))
            .into());
    }
    Ok(path)
}

/// The path itself, or that of the package file in the folder that it names.
pub fn in_folder(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(NAME) } else { path.to_owned() }
}

fn is_program(path: &Path) -> bool {
    let is_blob = |octets: &[u8]| {
        // UTF-8 counts as text: programs, in practice, are not valid UTF-8.
        std::str::from_utf8(octets).is_err() && Container::parse(octets).is_ok()
    };
    is_assembly(path) || input::read(path).is_ok_and(|octets| is_blob(&octets))
}
