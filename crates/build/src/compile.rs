//! Running cargo for the guest target.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jambox_types::Revision;
use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::releases::TARGET_FILE;
use crate::settings::{DEFAULT_HEAP, number_of};
use crate::{BuildError, Linker, Messages, Panics, Settings, Toolchain, shim};

/// The target's name: cargo derives it from the file's.
const TARGET: &str = "riscv64emac-unknown-none-polkavm";

/// The profile that services are built with, defined on the command line so that a package needs
/// no setting of its own.
const PROFILE: &str = "jambox";

/// Optimised for size, as one unit, with functions and lines for the symbol file.
const PROFILE_SETTINGS: &[&str] = &[
    "inherits='release'",
    "opt-level='s'",
    "lto=true",
    "codegen-units=1",
    "debug='limited'",
    "panic='abort'",
    "overflow-checks=true",
    "strip='none'",
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
    // Each combination of revision and panics keeps its own build of the standard library.
    let own = folder.join(number_of(revision)).join(panics.name());
    let target = write_target(toolchain, &own)?;
    let mut command = Command::new(&toolchain.cargo);
    command.args(["rustc", "--lib", "--crate-type=cdylib", "--profile", PROFILE]);
    command.args(["--message-format", "json-render-diagnostics"]);
    command.arg("--manifest-path").arg(&manifest.path);
    command.arg("--target-dir").arg(&own);
    command.arg("--target").arg(target).arg("-Zbuild-std=core,alloc");
    if toolchain.json_target_flag {
        command.arg("-Zjson-target-spec");
    }
    if panics == Panics::Trap && !toolchain.has_immediate_abort() {
        command.arg("-Zbuild-std-features=panic_immediate_abort");
    }
    for setting in PROFILE_SETTINGS {
        command.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
    }
    if let Some(own) = manifest.path.parent().and_then(|own| manifest.in_workspace(own)) {
        // A member of a workspace names its files as if it were alone. This flag is for the one
        // crate: the flags of the others stay the same for all members.
        command.arg("--").arg(remapped(own, ""));
    }
    command.env("RUSTC", shim::write(toolchain, &folder)?);
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO_BUILD_TARGET");
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, manifest, settings));
    command.env(HEAP_VARIABLE, settings.heap.unwrap_or(DEFAULT_HEAP).to_string());
    command.stdout(Stdio::piped());
    command.stderr(match messages {
        Messages::Show => Stdio::inherit(),
        Messages::Keep => Stdio::piped(),
    });
    let child = command.spawn().map_err(BuildError::io(&toolchain.cargo))?;
    let output = child.wait_with_output().map_err(BuildError::io(&toolchain.cargo))?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::DoesNotCompile { messages });
    }
    artifact(&output.stdout, manifest)
        .ok_or_else(|| BuildError::Link("cargo names no file that it has built".to_owned()))
}

/// The target file of the linker, written where it stays so that `core` is not built anew.
fn write_target(toolchain: &Toolchain, folder: &Path) -> Result<PathBuf, BuildError> {
    let mut target: Value =
        serde_json::from_str(TARGET_FILE).map_err(|error| BuildError::Link(error.to_string()))?;
    if let Linker::System(lld) = &toolchain.linker {
        // A distribution's compiler fails internally with the flavour of the bundled linker.
        target["linker-flavor"] = json!("unix");
        target["linker"] = json!(lld);
    }
    let text = target.to_string();
    let path = folder.join(format!("{TARGET}.json"));
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::create_dir_all(folder).map_err(BuildError::io(folder))?;
        fs::write(&path, text).map_err(BuildError::io(&path))?;
    }
    Ok(path)
}

/// The compiler's flags, joined as `CARGO_ENCODED_RUSTFLAGS` wants them; the user's own come last
/// and so take precedence.
fn flags(toolchain: &Toolchain, manifest: &Manifest, settings: Settings) -> OsString {
    let mut flags: Vec<OsString> = Vec::new();
    flags.push(format!("--cfg=jambox_revision={:?}", number_of(settings.revision())).into());
    let known = Revision::ALL.map(|revision| format!("{:?}", number_of(revision))).join(",");
    flags.push(format!("--check-cfg=cfg(jambox_revision,values({known}))").into());
    if settings.panics == Some(Panics::Trap) {
        if toolchain.has_immediate_abort() {
            flags.push("-Zunstable-options".into());
            flags.push("-Cpanic=immediate-abort".into());
        }
        flags.push("--cfg=jambox_panics_trap".into());
        // Merged into one trap, the panics of a function would lose their lines.
        flags.push("-Cllvm-args=-enable-tail-merge=false".into());
    }
    flags.push("--check-cfg=cfg(jambox_panics_trap)".into());
    // Machine-dependent paths would end up in messages and so in the blob and its hash. The
    // compiler applies the last prefix that fits.
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let sources = toolchain.sysroot.join("lib/rustlib/src/rust");
    let real_sources = sources.canonicalize().unwrap_or_else(|_| sources.clone());
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
    remap(&real_sources, "/rust");
    remap(&sources, "/rust");
    if let Some(own) = std::env::var_os("RUSTFLAGS") {
        flags.extend(own.to_string_lossy().split_whitespace().map(OsString::from));
    }
    flags.join(&OsString::from("\x1f"))
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
