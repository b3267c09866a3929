//! Makes `kernels/*.pvm` (standard programs) from `kernels/*.c`, and `kernels/expected.txt` from
//! the same sources compiled for this machine. Run it in the folder `bench`; it needs clang and lld
//! 19.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

type Failure = Box<dyn std::error::Error>;

/// The instruction set of the guest linker, and options that keep the relocations it needs.
const GUEST: &[&str] = &[
    "--target=riscv64-unknown-none-elf",
    "-march=rv64emac_zbb_xtheadcondmov",
    "-mabi=lp64e",
    "-ffreestanding",
    "-nostdlib",
    "-fPIE",
    "-mcmodel=medany",
    "-fno-builtin",
    "-static",
    "-fuse-ld=lld",
    "-Wl,--emit-relocs,--unique,--no-relax,--entry=0",
];

fn main() -> Result<(), Failure> {
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang-19".into());
    let kernels = Path::new("kernels");
    let work = env::temp_dir().join("jambox-kernels");
    fs::create_dir_all(&work)?;
    fs::write(work.join("jambox.h"), jambox_build::c_header())?;
    let mut sources: Vec<_> = fs::read_dir(kernels)?.filter_map(|e| Some(e.ok()?.path())).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    sources.sort();
    let mut expected = String::new();
    for source in sources {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let native = work.join("native");
        run(Command::new(&clang).args(["-O2", "-DNATIVE", "-o"]).arg(&native).arg(&source))?;
        let output = Command::new(&native).output()?;
        let result: u64 = String::from_utf8(output.stdout)?.trim().parse()?;
        writeln!(expected, "{name} {result}")?;
        let elf = work.join("kernel.elf");
        let mut guest = Command::new(&clang);
        guest.args(GUEST).arg("-O2").arg("-I").arg(&work).arg("-o").arg(&elf).arg(&source);
        run(&mut guest)?;
        let program = jambox_build::link(&fs::read(&elf)?)?.program.encode();
        println!("{name}: {} octets, {result}", program.len());
        fs::write(kernels.join(name).with_extension("pvm"), program)?;
    }
    fs::write(kernels.join("expected.txt"), expected)?;
    Ok(())
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}")).into()) }
}
