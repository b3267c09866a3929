//! Running the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Output and exit code of the command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let json: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        // But a chain specification, which has a form that is not ours.
        assert!(json["format"] == 1 || !json["genesis_state"].is_null(), "{self:?}");
        json
    }
}

/// The root of the checkout, which paths in arguments are relative to.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace").to_owned()
}

/// The command under test: that of this build, or another that `JAMBOX_BINARY` names. So the same
/// tests can be run against the release build without compiling them for it.
pub fn binary() -> PathBuf {
    let other = std::env::var_os("JAMBOX_BINARY").map(PathBuf::from);
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_jambox").into())
}

/// Runs `jambox` with these arguments in the root of the checkout.
///
/// The command must not crash on any arguments, and must end soon.
#[track_caller]
pub fn jambox<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    const SOON: Duration = Duration::from_secs(60);
    let started = Instant::now();
    let output = Command::new(binary())
        .args(arguments)
        .current_dir(root())
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("UTF-8");
    let ran = Ran {
        code: output.status.code().expect("no signal"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(!ran.stderr.contains("panicked at"), "{ran:?}");
    assert!(started.elapsed() < SOON, "{ran:?}");
    ran
}

/// Runs `jambox` with the words of a line.
#[track_caller]
pub fn line(words: &str) -> Ran {
    jambox(words.split_whitespace())
}

/// Debugs with commands from a file.
pub fn debug(arguments: &[&str], commands: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("commands.txt");
    std::fs::write(&file, commands).expect("a file in it");
    let file = file.to_str().expect("a path in UTF-8");
    jambox(["debug"].iter().chain(arguments).chain(&["--commands", file]))
}
