//! `cargo xtask debuggers`: clients of other projects against `jambox debug`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::command::{cache, cargo, root, succeed};

/// Client for tests of debug adapters.
const CLIENT: &str = "@vscode/debugadapter-testsupport@1.68.0";

/// A debug server, killed when this value is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Drives a session through the Debug Adapter Protocol and one through GDB. A client that is not
/// installed is reported as missing, which is no failure.
pub fn run() -> Result<(), String> {
    succeed(cargo().args(["build", "--quiet", "--package", "jambox-cli"]))?;
    let jambox = cache().parent().unwrap_or(Path::new("")).join("debug/jambox");
    if is_here("node") && is_here("npm") {
        adapter(&jambox)?;
    } else {
        println!("skipped the debug adapter: node and npm are not here");
    }
    if is_here("gdb-multiarch") {
        gdb(&jambox)?;
    } else {
        println!("skipped GDB: gdb-multiarch is not here");
    }
    Ok(())
}

fn is_here(program: &str) -> bool {
    let ran = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

/// The session of `dap.cjs` on a paste bin, built here to have its symbols.
fn adapter(jambox: &Path) -> Result<(), String> {
    let modules = cache().join("npm");
    let failed = |error: std::io::Error| error.to_string();
    fs::create_dir_all(&modules).map_err(failed)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-save", "--prefix"]).arg(&modules).arg(CLIENT);
    if succeed(&mut npm).is_err() {
        println!("skipped the debug adapter: npm cannot install {CLIENT} here");
        return Ok(());
    }
    let package = paste_bin(jambox)?;
    let source = root().join("guests/paste-bin/src/lib.rs");
    let mut node = Command::new("node");
    node.arg(root().join("xtask/debuggers/dap.cjs")).args([jambox, &package, &source]);
    succeed(node.env("NODE_PATH", modules.join("node_modules")))
}

fn paste_bin(jambox: &Path) -> Result<PathBuf, String> {
    let folder = cache().join("paste-bin");
    let mut build = Command::new(jambox);
    build.current_dir(root()).args(["build", "guests/paste-bin", "--output"]).arg(&folder);
    succeed(build.stdout(Stdio::null()))?;
    let failed = |error: std::io::Error| error.to_string();
    let guests = root().join("guests");
    let package = fs::read_to_string(guests.join("paste-bin/package.toml")).map_err(failed)?;
    let authorizer = format!("file:{}/token-authorizer", guests.display());
    let package = package.replace("file:../token-authorizer", &authorizer);
    let package = package.replace("paste-bin-0.8.0.jam", "paste-bin.jam");
    let path = folder.join("package.toml");
    fs::write(&path, package).map_err(failed)?;
    Ok(path)
}

/// The session of `counter.gdb`.
fn gdb(jambox: &Path) -> Result<(), String> {
    let mut command = Command::new(jambox);
    command.current_dir(root());
    command.args(["debug", "guests/asm/counter", "--accumulate", "counter", "--gdb", "0"]);
    let child = command.stderr(Stdio::piped()).spawn();
    let mut server = Server(child.map_err(|error| error.to_string())?);
    let stderr = server.0.stderr.take().ok_or("no standard error")?;
    let mut said = BufReader::new(stderr).lines().map_while(Result::ok);
    let line = said.find(|line| line.contains("target remote")).ok_or("the debugger ended")?;
    let port = line.rsplit(':').next().unwrap_or_default().trim().to_owned();
    let script = fs::read_to_string(root().join("xtask/debuggers/counter.gdb"));
    let script = script.map_err(|error| error.to_string())?;
    let (pc, value) = (194, "0x3048e");
    let script = script.replace("PORT", &port).replace("BREAK", &pc.to_string());
    let script = script.replace("VALUE", value);
    let path = cache().join("counter.gdb");
    fs::write(&path, script).map_err(|error| error.to_string())?;
    let mut gdb = Command::new("gdb-multiarch");
    gdb.args(["-q", "-nx", "-batch", "-x"]).arg(&path);
    let output = gdb.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    for (what, expected) in [
        ("break at the `write` of `latest`", "key latest".to_owned()),
        ("stepi", format!("behind {}", pc + 2)),
        ("reverse-stepi and a register of the machine", format!("again {pc}, gas 1998889")),
        ("reverse-continue to a watchpoint", "Old value = 72 'H'\nNew value = 0".to_owned()),
        ("a command of the line mode", "#0   next_input".to_owned()),
        ("registers", "0xfefe0000".to_owned()),
    ] {
        if !said.contains(&expected) {
            return Err(format!("GDB, {what}: `{expected}` is not in what it said:\n{said}"));
        }
        println!("passed GDB: {what}");
    }
    Ok(())
}
