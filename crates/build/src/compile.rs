//! Running cargo for the guest target.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jambox_types::Revision;
use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::releases::TARGET_FILE;
use crate::settings::{DEFAULT_HEAP, number_of};
use crate::{BuildError, Linker, Messages, Panics, Settings, Toolchain, shim, sysroot};

/// The target's name: cargo derives it from the file's.
pub(crate) const TARGET: &str = "riscv64emac-unknown-none-polkavm";

/// The profile that services are built with, defined on the command line so that a package needs
/// no setting of its own.
const PROFILE: &str = "jambox";

/// Optimised for size, as one unit, with functions and lines for the symbol file.
pub(crate) const PROFILE_SETTINGS: &[&str] = &[
    "inherits='release'",
    "opt-level='s'",
    "lto=true",
    "codegen-units=1",
    "debug='limited'",
    "panic='abort'",
    "overflow-checks=true",
    "strip='none'",
    // Macros and build scripts run for moments: one unit of each is compiled soonest.
    "build-override.codegen-units=1",
];

/// The environment variable that tells the SDK the octets of heap before it asks the host for more.
const HEAP_VARIABLE: &str = "JAMBOX_HEAP";

/// Builds the library and gives the path of the ELF.
pub(crate) fn compile(
    toolchain: &Toolchain,
    manifest: &Manifest,
    settings: Settings,
    messages: Messages,
) -> Result<PathBuf, BuildError> {
    let (revision, panics) = (settings.revision(), settings.panics.unwrap_or_default());
    let folder = manifest.target_directory.join("jambox");
    let sysroot = sysroot::find(toolchain, panics, messages, &folder)?;
    // Each combination of revision and panics keeps its own build.
    let own = folder.join(number_of(revision)).join(panics.name());
    let mut command = Command::new(&toolchain.cargo);
    command.args(["rustc", "--lib", "--crate-type=cdylib"]);
    command.arg("--manifest-path").arg(&manifest.path);
    command.arg("--target-dir").arg(&own);
    settings_of_cargo(&mut command, toolchain, &sysroot.target);
    if let Some(own) = manifest.path.parent().and_then(|own| manifest.in_workspace(own)) {
        // A member of a workspace names its files as if it were alone. This flag is for the one
        // crate: the flags of the others stay the same for all members.
        command.arg("--").arg(remapped(own, ""));
    }
    command.env("RUSTC", shim::write(toolchain, &folder)?);
    let flags = flags(toolchain, manifest, settings, &sysroot.folder);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    command.env(HEAP_VARIABLE, settings.heap.unwrap_or(DEFAULT_HEAP).to_string());
    let output = run(command, messages)?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::DoesNotCompile { messages });
    }
    artifact(&output.stdout, manifest)
        .ok_or_else(|| BuildError::Link("cargo names no file that it has built".to_owned()))
}

/// Sets what the build of a service and that of the standard library have in common.
pub(crate) fn settings_of_cargo(command: &mut Command, toolchain: &Toolchain, target: &Path) {
    command.args(["--profile", PROFILE, "--message-format", "json-render-diagnostics"]);
    command.arg("--target").arg(target);
    if toolchain.json_target_flag {
        command.arg("-Zjson-target-spec");
    }
    for setting in PROFILE_SETTINGS {
        command.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
    }
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO_BUILD_TARGET");
}

/// Runs cargo: what it reports is in the output, and so are the compiler's messages if they are
/// kept.
pub(crate) fn run(mut command: Command, messages: Messages) -> Result<Output, BuildError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(match messages {
        Messages::Show => Stdio::inherit(),
        Messages::Keep => Stdio::piped(),
    });
    let child = command.spawn().map_err(BuildError::io(command.get_program()))?;
    child.wait_with_output().map_err(BuildError::io(command.get_program()))
}

/// The text of the linker's target file, with the linker of the toolchain.
pub(crate) fn target_file(toolchain: &Toolchain) -> Result<String, BuildError> {
    let mut target: Value =
        serde_json::from_str(TARGET_FILE).map_err(|error| BuildError::Link(error.to_string()))?;
    if let Linker::System(lld) = &toolchain.linker {
        // A distribution's compiler fails internally with the flavour of the bundled linker.
        target["linker-flavor"] = json!("unix");
        target["linker"] = json!(lld);
    }
    Ok(target.to_string())
}

/// The compiler's flags, joined as `CARGO_ENCODED_RUSTFLAGS` wants them; the user's own come last
/// and so take precedence.
fn flags(
    toolchain: &Toolchain,
    manifest: &Manifest,
    settings: Settings,
    sysroot: &Path,
) -> OsString {
    let mut flags: Vec<OsString> = vec!["--sysroot".into(), sysroot.into()];
    flags.push(format!("--cfg=jambox_revision={:?}", number_of(settings.revision())).into());
    let known = Revision::ALL.map(|revision| format!("{:?}", number_of(revision))).join(",");
    flags.push(format!("--check-cfg=cfg(jambox_revision,values({known}))").into());
    flags.extend(panic_flags(toolchain, settings.panics.unwrap_or_default()));
    flags.push("--check-cfg=cfg(jambox_panics_trap)".into());
    // Machine-dependent paths would end up in messages and so in the blob and its hash. The
    // compiler applies the last prefix that fits.
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut remap = |from: &Path, to: &str| flags.push(remapped(from, to));
    remap(&manifest.workspace_root, ".");
    if let Some(home) = home {
        remap(&home, "/cargo");
    }
    for dependency in &manifest.path_dependencies {
        let name = format!("{}-{}", dependency.name, dependency.version);
        remap(&dependency.folder, &name);
        if let Some(inside) = manifest.in_workspace(&dependency.folder) {
            remap(inside, &name);
        }
    }
    flags.extend(remapped_library(toolchain));
    flags.extend(users_flags());
    flags.join(&OsString::from("\x1f"))
}

/// The flags that make panics what the settings say.
pub(crate) fn panic_flags(toolchain: &Toolchain, panics: Panics) -> Vec<OsString> {
    let mut flags = Vec::new();
    if panics == Panics::Trap {
        if toolchain.has_immediate_abort() {
            flags.push("-Zunstable-options".into());
            flags.push("-Cpanic=immediate-abort".into());
        }
        flags.push("--cfg=jambox_panics_trap".into());
        // Merged into one trap, the panics of a function would lose their lines.
        flags.push("-Cllvm-args=-enable-tail-merge=false".into());
    }
    flags
}

/// The flags that name the standard library's files without a folder of this machine.
pub(crate) fn remapped_library(toolchain: &Toolchain) -> [OsString; 2] {
    let sources = toolchain.sysroot.join("lib/rustlib/src/rust");
    let real_sources = sources.canonicalize().unwrap_or_else(|_| sources.clone());
    [remapped(&real_sources, "/rust"), remapped(&sources, "/rust")]
}

/// The user's own flags of the compiler.
pub(crate) fn users_flags() -> Vec<OsString> {
    let own = std::env::var_os("RUSTFLAGS").unwrap_or_default();
    own.to_string_lossy().split_whitespace().map(OsString::from).collect()
}

/// The flag that makes the compiler write `to` in place of the path `from`.
fn remapped(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

/// Path of the ELF among the files that cargo reports; `None` if it reports none.
fn artifact(messages: &[u8], manifest: &Manifest) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(messages);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages.filter(|message| {
        message["reason"] == "compiler-artifact"
            && message["target"]["name"] == manifest.library.as_str()
            && message["manifest_path"]
                .as_str()
                .is_some_and(|path| Path::new(path) == manifest.path)
    });
    let files = built.next_back()?;
    let mut files = files["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.find(|file| file.ends_with(".elf")).map(PathBuf::from)
}
