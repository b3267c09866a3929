//! A script between cargo and the compiler that keeps folders of the machine out of symbols.
//!
//! Cargo tells crates of the same name apart by a hash of their sources' location. For a dependency
//! by path, and for the standard library, the location is a folder of this machine. The hash
//! becomes part of every symbol, and symbols decide the order of functions in the blob. So the
//! script passes the package's name and version to the compiler in place of the hash.
//!
//! To a build script that asks for the version, the script answers in the form of rustup's
//! compilers. A distribution adds words to that line, and some build scripts read it to its end.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{BuildError, Toolchain};

/// Writes the shim for a toolchain and gives its path.
///
/// Cargo takes a changed file for a changed compiler. So the text names the compiler's release,
/// commit and path, and the file is written only when the text changes.
pub(crate) fn write(toolchain: &Toolchain, folder: &Path) -> Result<PathBuf, BuildError> {
    let path = folder.join("rustc");
    let text = text(&toolchain.release, &toolchain.commit, &toolchain.rustc);
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::create_dir_all(folder).map_err(BuildError::io(folder))?;
        fs::write(&path, text).map_err(BuildError::io(&path))?;
        make_executable(&path)?;
    }
    Ok(path)
}

fn text(release: &str, commit: &str, rustc: &Path) -> String {
    let version = version(release, commit);
    format!(
        "#!/bin/sh\n\
         # {release} {commit}\n\
         case $* in\n\
         --version|-V) echo {}; exit ;;\n\
         esac\n\
         for argument do\n\
         \tshift\n\
         \tcase $argument in\n\
         \tmetadata=*) argument=metadata=$CARGO_PKG_NAME-$CARGO_PKG_VERSION ;;\n\
         \tesac\n\
         \tset -- \"$@\" \"$argument\"\n\
         done\n\
         exec {} \"$@\"\n",
        quoted(version.as_ref()),
        quoted(rustc.as_os_str()),
    )
}

/// The answer to `--version`. A distribution's compiler may know neither commit nor date; scripts
/// read the date of nightlies only, so it is a constant.
fn version(release: &str, commit: &str) -> String {
    let commit = commit.get(..9).filter(|_| commit != "unknown").unwrap_or("000000000");
    format!("rustc {release} ({commit} 1970-01-01)")
}

/// A word of shell that stands for exactly these octets.
fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}

fn make_executable(path: &Path) -> Result<(), BuildError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(BuildError::io(path))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;
    use std::process::Command;

    use super::{quoted, text};

    #[test]
    fn paths_with_spaces_and_quotes_stay_one_word() {
        assert_eq!(quoted(OsStr::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn crates_are_named_by_their_package_and_all_else_is_passed_on() {
        let shim = text("1.0.0", "abc", Path::new("/usr/bin/printf"));
        let output = Command::new("sh")
            .args(["-c", &shim, "sh", "%s|", "-C", "metadata=0123", "--cfg", "feature=\"a b\"", ""])
            .envs([("CARGO_PKG_NAME", "p"), ("CARGO_PKG_VERSION", "1.2.3")])
            .output()
            .unwrap();
        let passed_on = String::from_utf8(output.stdout).unwrap();
        assert_eq!(passed_on, "-C|metadata=p-1.2.3|--cfg|feature=\"a b\"||");
    }

    /// Debian's says `rustc 1.96.0 (..) (built from a source tarball)`.
    #[test]
    fn the_version_is_told_in_the_form_that_scripts_read() {
        let shim = text("1.96.0", "unknown", Path::new("/bin/false"));
        for question in ["--version", "-V"] {
            let output = Command::new("sh").args(["-c", &shim, "sh", question]).output().unwrap();
            let answer = String::from_utf8(output.stdout).unwrap();
            assert_eq!(answer, "rustc 1.96.0 (000000000 1970-01-01)\n");
        }
        let commit = "59807616e1fa2540724bfbac14d7976d7e4a3860";
        assert_eq!(super::version("1.95.0", commit), "rustc 1.95.0 (59807616e 1970-01-01)");
    }
}
