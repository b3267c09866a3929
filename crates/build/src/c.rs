//! Services in C: the header, generated from the host-call table, and the compiler.

use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jambox_hostcall::{Abi, Interface, ResultCode, Revision};
use jambox_program::CrateInfo;

use crate::settings::number_of;
use crate::toolchain::{any_lld, on_path};
use crate::{BuildError, Built, Messages, Options, link};

/// The instruction set that the linker takes, with its calling convention.
const FLAGS: &[&str] = &[
    "--target=riscv64-unknown-none-elf",
    "-march=rv64emac_zbb_xtheadcondmov",
    "-mabi=lp64e",
    "-ffreestanding",
    "-nostdlib",
    "-fPIE",
    "-mcmodel=medany",
    "-Os",
    "-g",
    "-static",
    // Paths of this machine stay out of the line tables.
    "-ffile-compilation-dir=.",
    "-Wl,--emit-relocs,--unique,--no-relax,--entry=0",
    // lld warns of relocations for the addresses in the export table, which are there on purpose.
    "-Wl,--no-warnings",
];

/// Names of clang, the newest that knows the instruction set first.
const CLANGS: &[&str] = &["clang-22", "clang-21", "clang-20", "clang-19", "clang"];

/// The part of the header that is the same for every table of host calls.
const PRELUDE: &str = include_str!("c/prelude.h");

/// Sources in C of the runtime functions that compilers call on their own.
const BUILTINS: &[(&str, &str)] =
    &[("builtins.c", include_str!("c/builtins.c")), ("float.c", include_str!("c/float.c"))];

/// The text of `jambox.h` for a revision.
#[must_use]
pub fn header(revision: Revision) -> String {
    let mut text = PRELUDE.replace("{{revision}}", number_of(revision));
    let interface = Interface::gray_paper(revision);
    for code in ResultCode::ALL {
        let value = code.value(Abi::GrayPaper);
        let _ = writeln!(text, "/* {} */\n#define JAMBOX_{} {value}ull", code.doc(), code.name());
    }
    for form in interface.forms() {
        let Some(number) = form.number(interface) else { continue };
        let names = form
            .arguments_with_registers()
            .map(|(register, argument)| format!("{} from r{register}", argument.name));
        let names: Vec<_> = names.collect();
        let arguments = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let _ = writeln!(text, "\n/* {} Arguments: {arguments}. */", form.call.doc());
        let _ = writeln!(text, "JAMBOX_HOST_CALL({}, {number})", form.call.name());
    }
    text.push_str("\n#endif\n");
    text
}

/// Builds all `.c` files of a folder into one blob named after the folder.
pub(crate) fn build(folder: &Path, options: &Options) -> Result<Built, BuildError> {
    let (revision, stack) = (options.settings.revision(), options.settings.stack());
    let folder = &folder.canonicalize().map_err(BuildError::io(folder))?;
    let sources = sources(folder)?;
    if sources.is_empty() {
        return Err(BuildError::NothingToBuild { folder: folder.into() });
    }
    let clang = CLANGS.iter().find_map(|name| on_path(name)).ok_or(BuildError::NoClang)?;
    let lld = any_lld().ok_or(BuildError::NoClang)?;
    let out = folder.join("target/jambox/c");
    fs::create_dir_all(&out).map_err(BuildError::io(&out))?;
    let include = out.join("jambox.h");
    fs::write(&include, header(revision)).map_err(BuildError::io(&include))?;
    let mut builtins = Vec::new();
    for (name, text) in BUILTINS {
        let path = out.join(name);
        fs::write(&path, text).map_err(BuildError::io(&path))?;
        builtins.push(path);
    }
    let service = Service { clang: &clang, lld: &lld, folder, out: &out, sources, builtins };
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let linked = match link(&service.compile(None, options)?, revision, stack) {
        // As in Rust: a service's missing entry point is one that traps.
        Err(BuildError::MissingEntryPoint { missing, .. }) => {
            link(&service.compile(Some(missing), options)?, revision, stack)
        }
        linked => linked,
    };
    Built::new(linked?, &CrateInfo { name, ..CrateInfo::default() })
}

/// The sources of a service and the tools that compile them.
struct Service<'a> {
    clang: &'a Path,
    lld: &'a Path,
    folder: &'a Path,
    /// The folder with the header, into which the ELF goes.
    out: &'a Path,
    sources: Vec<PathBuf>,
    builtins: Vec<PathBuf>,
}

impl Service<'_> {
    /// Compiles the service and gives the ELF. `missing` names an entry point to add as a trap.
    fn compile(&self, missing: Option<&str>, options: &Options) -> Result<Vec<u8>, BuildError> {
        let elf = self.out.join("service.elf");
        let mut command = Command::new(self.clang);
        let mut linker = OsString::from("--ld-path=");
        linker.push(self.lld);
        command.args(FLAGS).arg(linker).arg("-I").arg(self.out).arg("-o").arg(&elf);
        let mut map = OsString::from("-ffile-prefix-map=");
        map.push(self.folder);
        map.push("=.");
        command.arg(map);
        if let Some(missing) = missing {
            command.arg(format!("-DJAMBOX_MISSING=JAMBOX_{}", missing.to_ascii_uppercase()));
        }
        command.args(&self.sources).args(&self.builtins);
        if options.messages == Messages::Show {
            command.stderr(Stdio::inherit());
        }
        let output = command.output().map_err(BuildError::io(self.clang))?;
        if !output.status.success() {
            let messages = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(BuildError::DoesNotCompile { messages });
        }
        fs::read(&elf).map_err(BuildError::io(&elf))
    }
}

/// The folder's `.c` files in the order of their names, so that the blob depends on nothing else.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).map_err(BuildError::io(folder))? {
        let path = entry.map_err(BuildError::io(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}
