//! Finding a compiler that can build guests.
//!
//! A guest needs `core` and `alloc` compiled for a target that no toolchain ships, so the sources
//! of the standard library must be there, and a linker for RISC-V. Nightly is not needed: the
//! unstable flags are unlocked through `RUSTC_BOOTSTRAP`.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::BuildError;

/// The oldest compiler whose target files the pinned linker crate speaks.
const OLDEST: (u32, u32) = (1, 91);

/// The first compiler with `-Cpanic=immediate-abort`.
const IMMEDIATE_ABORT: (u32, u32) = (1, 92);

/// The environment variable that names the one toolchain to try: a compiler, a folder with
/// `bin/rustc` in it, or a name of rustup.
pub const TOOLCHAIN_VARIABLE: &str = "JAMBOX_TOOLCHAIN";

/// The linker of guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linker {
    /// The `rust-lld` that comes with rustup's toolchains.
    Bundled,
    /// An `ld.lld` of the system, by its path.
    System(PathBuf),
}

/// A compiler that can build guests.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Source of the find, for messages: `$JAMBOX_TOOLCHAIN`, `PATH`, `rustup nightly`, ..
    pub origin: &'static str,
    /// Path of the compiler.
    pub rustc: PathBuf,
    /// Path of its cargo.
    pub cargo: PathBuf,
    /// The `release` line of `rustc -vV`, for example `1.96.0`.
    pub release: String,
    /// The `commit-hash` line, which tells compilers of the same release apart.
    pub commit: String,
    /// The `host` line: the target of this machine.
    pub host: String,
    /// The compiler's sysroot, the folder of its libraries.
    pub sysroot: PathBuf,
    /// The linker.
    pub linker: Linker,
    /// Major and minor version.
    version: (u32, u32),
    /// Cargo demands `-Zjson-target-spec` before it takes a target file.
    pub(crate) json_target_flag: bool,
}

impl Toolchain {
    /// Takes the toolchain that `$JAMBOX_TOOLCHAIN` names (a compiler, the folder above its `bin`,
    /// or a toolchain of rustup), or else the first that can build guests: the one on `PATH`,
    /// rustup's nightly, rustup's stable, `/usr/bin`.
    ///
    /// # Errors
    ///
    /// When there is none: the compilers that were tried, the reason against each, and the command
    /// that installs one.
    pub fn find() -> Result<Self, BuildError> {
        let mut refused = Vec::new();
        for candidate in candidates() {
            match Self::probe(candidate.origin, &candidate.rustc) {
                Ok(toolchain) => return Ok(toolchain),
                Err(reason) => refused.push(Refused { candidate, reason }),
            }
        }
        let remedy = remedy(&refused, |command| on_path(command).is_some());
        Err(BuildError::NoToolchain { remedy, refused: Tried(refused) })
    }

    /// Checks one compiler.
    ///
    /// # Errors
    ///
    /// The first requirement that it lacks.
    pub fn probe(origin: &'static str, rustc: &Path) -> Result<Self, Lack> {
        let verbose = output(Command::new(rustc).arg("-vV")).ok_or(Lack::Absent)?;
        let field = |name: &str| {
            let line = verbose.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().to_owned())
        };
        let release = field("release:").ok_or(Lack::Unintelligible)?;
        let version = parse_version(&release).ok_or(Lack::Unintelligible)?;
        if version < OLDEST {
            return Err(Lack::TooOld { release });
        }
        let host = field("host:").ok_or(Lack::Unintelligible)?;
        let llvm = field("LLVM version:").unwrap_or_default();
        let sysroot = output(Command::new(rustc).args(["--print", "sysroot"]))
            .map(|path| PathBuf::from(path.trim()))
            .ok_or(Lack::Unintelligible)?;
        if !sysroot.join("lib/rustlib/src/rust/library/core").is_dir() {
            return Err(Lack::NoSources { sysroot });
        }
        // Rustup's proxy on PATH chooses a toolchain by the folder it runs in: use the compiler
        // that it chose here.
        let real = |name: &str, otherwise: PathBuf| {
            let path = sysroot.join("bin").join(name);
            if path.is_file() { path } else { otherwise }
        };
        let cargo = real("cargo", rustc.with_file_name("cargo"));
        let flags = output(Command::new(&cargo).args(["-Z", "help"]).env("RUSTC_BOOTSTRAP", "1"))
            .ok_or(Lack::NoCargo { cargo: cargo.clone() })?;
        let bundled = sysroot.join("lib/rustlib").join(&host).join("bin/rust-lld");
        let linker = if bundled.is_file() {
            Linker::Bundled
        } else {
            Linker::System(system_lld(&llvm).ok_or(Lack::NoLinker)?)
        };
        Ok(Self {
            origin,
            rustc: real("rustc", rustc.to_owned()),
            cargo,
            release,
            commit: field("commit-hash:").unwrap_or_default(),
            host,
            sysroot,
            linker,
            version,
            json_target_flag: flags.contains("json-target-spec"),
        })
    }

    /// The compiler can make a bare trap of panics without a special standard library.
    pub(crate) fn has_immediate_abort(&self) -> bool {
        self.version >= IMMEDIATE_ABORT
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = self.commit.get(..9).unwrap_or(&self.commit);
        write!(f, "rustc {} ({commit}) at {} ({})", self.release, self.rustc.display(), self.origin)
    }
}

/// Reason why a compiler cannot build guests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// The compiler does not run.
    #[error("not found")]
    Absent,
    /// The output of `rustc -vV` lacks a line or has an unreadable release.
    #[error("does not answer to `rustc -vV` as a Rust compiler does")]
    Unintelligible,
    /// The compiler predates the target files.
    #[error("is {release}, and guests need 1.91 or newer")]
    TooOld {
        /// The release found.
        release: String,
    },
    /// The standard library's sources are missing.
    #[error("has no library sources (rust-src) in {}", sysroot.display())]
    NoSources {
        /// The sysroot looked at.
        sysroot: PathBuf,
    },
    /// Cargo is missing beside the compiler, or does not run.
    #[error("has no cargo at {}", cargo.display())]
    NoCargo {
        /// The path looked at.
        cargo: PathBuf,
    },
    /// Neither `rust-lld` nor a system `ld.lld` is there.
    #[error("has no rust-lld, and there is no ld.lld on PATH")]
    NoLinker,
}

/// A compiler to look at.
#[derive(Clone, Debug)]
struct Candidate {
    origin: &'static str,
    rustc: PathBuf,
}

#[derive(Clone, Debug)]
struct Refused {
    candidate: Candidate,
    reason: Lack,
}

/// The compilers that were tried, a line each, with the reason against it.
#[derive(Clone, Debug)]
pub struct Tried(Vec<Refused>);

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Refused { candidate, reason } in &self.0 {
            write!(f, "\n  {} ({}) {reason}", candidate.origin, candidate.rustc.display())?;
        }
        Ok(())
    }
}

fn candidates() -> Vec<Candidate> {
    let mut found = Vec::new();
    if let Some(named) = env::var_os(TOOLCHAIN_VARIABLE).filter(|named| !named.is_empty()) {
        let rustc = if Path::new(&named).is_dir() {
            Path::new(&named).join("bin/rustc")
        } else {
            rustup_rustc(&named).unwrap_or_else(|| named.into())
        };
        // A named toolchain is the only candidate: a silent replacement would be noticed late.
        return vec![Candidate { origin: "$JAMBOX_TOOLCHAIN", rustc }];
    }
    if let Some(rustc) = on_path("rustc") {
        found.push(Candidate { origin: "PATH", rustc });
    }
    for (origin, name) in [("rustup nightly", "nightly"), ("rustup stable", "stable")] {
        if let Some(rustc) = rustup_rustc(&name.into()) {
            found.push(Candidate { origin, rustc });
        }
    }
    found.push(Candidate { origin: "system", rustc: "/usr/bin/rustc".into() });
    found
}

fn rustup_rustc(name: &OsString) -> Option<PathBuf> {
    let path =
        output(Command::new("rustup").arg("which").arg("rustc").arg("--toolchain").arg(name))?;
    Some(path.trim().into())
}

/// The one command that installs the missing part; `has` tells whether the machine has a command.
fn remedy(refused: &[Refused], has: impl Fn(&str) -> bool) -> String {
    if has("rustup") {
        let toolchain = refused.iter().find_map(|refused| match &refused.reason {
            Lack::NoSources { sysroot }
                if sysroot.components().any(|c| c.as_os_str() == "toolchains") =>
            {
                sysroot.file_name()?.to_str()
            }
            _ => None,
        });
        return match toolchain {
            Some(name) => format!("rustup component add rust-src --toolchain {name}"),
            None => "rustup toolchain install stable --component rust-src".to_owned(),
        };
    }
    if has("apt-get") {
        return "apt-get install rustc-web rust-web-src cargo-web lld-22".to_owned();
    }
    "curl https://sh.rustup.rs -sSf | sh -s -- -y --component rust-src".to_owned()
}

/// The `ld.lld` that fits the compiler's LLVM best.
fn system_lld(llvm: &str) -> Option<PathBuf> {
    let major = llvm.split('.').next().unwrap_or_default();
    on_path(&format!("ld.lld-{major}")).or_else(any_lld)
}

/// An `ld.lld` of any version: the unversioned one, else the newest.
pub(crate) fn any_lld() -> Option<PathBuf> {
    let versioned = (17..=24).rev().find_map(|major| on_path(&format!("ld.lld-{major}")));
    on_path("ld.lld").or(versioned)
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Standard output of a command; `None` if it does not run, fails, or prints no UTF-8.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn parse_version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Candidate, Lack, Refused, Tried, parse_version, remedy};
    use crate::BuildError;

    fn refused(reason: Lack) -> Refused {
        Refused { candidate: Candidate { origin: "PATH", rustc: "/bin/rustc".into() }, reason }
    }

    #[test]
    fn without_a_toolchain_the_one_command_that_helps_is_named() {
        let bare = Path::new("toolchains/nightly-x");
        let bare = [refused(Lack::Absent), refused(Lack::NoSources { sysroot: bare.into() })];
        let distribution = [refused(Lack::NoSources { sysroot: "/usr".into() })];
        let (rustup, debian) = (["rustup", "apt-get"], ["apt-get"]);
        let add = "rustup component add rust-src --toolchain nightly-x";
        let install = "rustup toolchain install stable --component rust-src";
        let packages = "apt-get install rustc-web rust-web-src cargo-web lld-22";
        assert_eq!(remedy(&bare, |command| rustup.contains(&command)), add);
        assert_eq!(remedy(&distribution, |command| rustup.contains(&command)), install);
        assert_eq!(remedy(&distribution, |command| debian.contains(&command)), packages);
        assert!(remedy(&[], |_| false).starts_with("curl https://sh.rustup.rs"));
        let refused = Tried(vec![refused(Lack::TooOld { release: "1.70.0".to_owned() })]);
        let error = BuildError::NoToolchain { refused, remedy: add.to_owned() };
        let expected = "no toolchain here can build services; tried:\n  PATH (/bin/rustc) is 1.70.0, \
                        and guests need 1.91 or newer\nto install one: ";
        assert_eq!(error.to_string(), expected.to_owned() + add);
    }

    #[test]
    fn versions_are_read_whatever_follows_them() {
        assert_eq!(parse_version("1.96.0"), Some((1, 96)));
        assert_eq!(parse_version("1.98.0-nightly"), Some((1, 98)));
        assert_eq!(parse_version("1.96.0+dfsg1"), Some((1, 96)));
        assert_eq!(parse_version("one"), None);
    }
}
