//! `jambox test --native-replay`: a service's native build over the host answers of a trace, for a
//! debugger that shows variables.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde_json::Value;

use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Result, Verdict};

/// The crate with the program's `main`, and the one that a service is linked with.
const HARNESS: &str = "jambox-sdk-testing";
const SDK: &str = "jambox-sdk";

/// Options of a native replay.
#[derive(Debug, Args)]
#[command(next_help_heading = "Native replay")]
pub struct NativeReplay {
    /// Instead of testing, run the service natively over one execution of this trace, which answers
    /// its host calls: `jambox trace record` makes one
    #[arg(long, value_name = "TRACE", conflicts_with_all = ["every_revision", "watch"])]
    native_replay: Option<PathBuf>,

    /// The execution, from 1 on: `jambox debug TRACE --list` prints them [default: 1]
    #[arg(long, value_name = "N", requires = "native_replay")]
    invocation: Option<usize>,

    /// Run it under this debugger, as rust-gdb or rust-lldb: further arguments are the debugger's
    #[arg(long, value_name = "COMMAND", requires = "native_replay")]
    debugger: Option<String>,
}

/// A package as cargo knows it.
struct Package {
    name: String,
    folder: PathBuf,
    /// Folder of the crate with the program's `main`.
    harness: PathBuf,
    target: PathBuf,
    workspace: PathBuf,
}

impl NativeReplay {
    /// Runs the replay if one is asked for; `None` if not.
    pub fn run(&self, folder: &Path, arguments: &[String]) -> Option<Result> {
        let trace = self.native_replay.as_ref()?;
        Some(self.replay(trace, folder, arguments))
    }

    fn replay(&self, trace: &Path, folder: &Path, arguments: &[String]) -> Result {
        if self.debugger.is_none() && !arguments.is_empty() {
            let help = "--debugger rust-gdb takes them: the replay itself has no options";
            return Err(Diagnosis::new("these arguments are for a debugger, and none is named")
                .help(help)
                .into());
        }
        // A missing trace is told before anything is built.
        input::open(trace)?;
        let trace = std::fs::canonicalize(trace).map_err(|it| input::unreadable(trace, &it))?;
        let package = Package::find(folder)?;
        let program = package.build()?;
        let number = self.invocation.unwrap_or(1).to_string();
        let program = program.display().to_string();
        let mut command = match &self.debugger {
            None => Command::new(&program),
            Some(debugger) => {
                let mut command = Command::new(debugger);
                command.args(arguments).arg(separator(debugger)).arg(&program);
                command
            }
        };
        let status = command.arg(&trace).arg(&number).status().map_err(|error| {
            let name = self.debugger.as_deref().unwrap_or(&program);
            Diagnosis::new(format!("`{name}` cannot be run: {error}"))
                .help("name a debugger of this machine: rust-gdb, gdb, rust-lldb, lldb")
        })?;
        if self.debugger.is_none() && std::io::stderr().is_terminal() {
            eprintln!("to see variables: --debugger rust-gdb (or rust-lldb), then `break`, `run`");
        }
        Ok(Verdict::failed_if(!status.success()))
    }
}

/// Word between the options of a debugger and the program with its arguments.
fn separator(debugger: &str) -> &'static str {
    if debugger.contains("lldb") { "--" } else { "--args" }
}

impl Package {
    fn find(folder: &Path) -> Result<Self> {
        let manifest = folder.join("Cargo.toml");
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
        let output = cargo.stdin(Stdio::null()).output().map_err(|error| no_cargo(&error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let help = "name the folder of a service with --folder";
            return Err(Diagnosis::new(format!("cargo does not understand the package: {said}"))
                .in_file(&manifest)
                .help(help)
                .into());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| Diagnosis::new(format!("what cargo tells is not JSON: {error}")))?;
        let here = std::fs::canonicalize(&manifest).unwrap_or_else(|_| manifest.clone());
        let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
        let path = |value: &Value| PathBuf::from(value.as_str().unwrap_or_default());
        let package = packages.iter().find(|it| path(&it["manifest_path"]) == here);
        let Some(package) = package.filter(has_library) else {
            return Err(Diagnosis::new("this is no service: it has no library")
                .in_file(&manifest)
                .help("name the folder of one service with --folder")
                .into());
        };
        // Other packages of the workspace may use it.
        let used = package["dependencies"].as_array().cloned().unwrap_or_default();
        let is_used = used.iter().any(|it| it["name"] == HARNESS);
        let harness = packages.iter().find(|it| it["name"] == HARNESS && is_used);
        let harness = harness.ok_or_else(|| {
            Diagnosis::new(format!("the package does not use {HARNESS}, which answers host calls"))
                .in_file(&manifest)
                .help(format!("add {HARNESS} to [dev-dependencies], as `jambox new` does"))
        })?;
        let folder_of =
            |value: &Value| path(value).parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            folder: folder_of(&package["manifest_path"]),
            harness: folder_of(&harness["manifest_path"]),
            target: path(&metadata["target_directory"]),
            workspace: path(&metadata["workspace_root"]),
        })
    }

    /// Builds the program around the service, with its variables, and gives its path.
    fn build(&self) -> Result<PathBuf> {
        let folder = self.target.join("jambox").join("native-replay").join(&self.name);
        let program = format!("native-replay-{}", self.name);
        input::write_in_folder(&folder.join("Cargo.toml"), self.manifest(&program).as_bytes())?;
        let main = "//! A native replay of a service, written by `jambox test --native-replay`.\n\
                    fn main() -> std::process::ExitCode {\n    \
                    testing::replay_main(service::SERVICE)\n}\n";
        input::write_in_folder(&folder.join("src/main.rs"), main.as_bytes())?;
        // The versions are those that the service is tested with.
        if let Ok(lock) = input::read(&self.workspace.join("Cargo.lock")) {
            input::write(&folder.join("Cargo.lock"), &lock)?;
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--manifest-path"]).arg(folder.join("Cargo.toml"));
        cargo.arg("--target-dir").arg(&self.target).stdin(Stdio::null());
        let status = cargo.status().map_err(|error| no_cargo(&error))?;
        if !status.success() {
            let message = "the service does not build natively: cargo has said why";
            let help = "does `jambox test` pass?";
            return Err(Diagnosis::new(message).in_file(&self.folder).help(help).into());
        }
        Ok(self.target.join("debug").join(program + std::env::consts::EXE_SUFFIX))
    }

    fn manifest(&self, program: &str) -> String {
        let Self { name, folder, harness, .. } = self;
        let quoted = |path: &Path| Value::from(path.display().to_string());
        let (service, harness) = (quoted(folder), quoted(harness));
        let visible = "opt-level = 0\ndebug = true\n";
        // Cargo looks for the workspace of a dependency among those that it knows first, and reads
        // dependencies in the order of their names here. A service may be in a workspace within
        // that of the SDK, so it comes first.
        format!(
            "[package]\nname = \"{program}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nservice = {{ path = {service}, package = \"{name}\" }}\n\
             testing = {{ path = {harness}, package = \"{HARNESS}\" }}\n\n\
             [profile.dev.package.\"{name}\"]\n{visible}\n\
             [profile.dev.package.\"{SDK}\"]\n{visible}\n[workspace]\n"
        )
    }
}

/// True for a package that others can link with.
fn has_library(package: &&Value) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut kinds = list(&package["targets"]).into_iter().flat_map(|it| list(&it["kind"]));
    kinds.any(|kind| kind == "lib" || kind == "rlib")
}

fn no_cargo(error: &std::io::Error) -> Diagnosis {
    Diagnosis::new(format!("cargo cannot be run: {error}"))
        .help("install Rust from https://rustup.rs")
}
