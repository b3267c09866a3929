//! `cargo xtask debuggers`: clients of other projects against `jambox debug`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

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

/// Drives a session through the Debug Adapter Protocol, one through GDB, and a native replay. A
/// client that is not installed is reported as missing, which is no failure.
///
/// `JAMBOX_BINARY` names the command, as for its tests; it is built here otherwise.
pub fn run() -> Result<(), String> {
    let jambox = match std::env::var_os("JAMBOX_BINARY") {
        Some(binary) => binary.into(),
        None => {
            succeed(cargo().args(["build", "--quiet", "--package", "jambox-cli"]))?;
            cache().parent().unwrap_or(Path::new("")).join("debug/jambox")
        }
    };
    if is_here("node") && is_here("npm") {
        timed("the debug adapter", || adapter(&jambox))?;
    } else {
        println!("skipped: the debug adapter, for node and npm are not here");
    }
    if is_here("gdb-multiarch") {
        timed("GDB", || gdb(&jambox))?;
    } else {
        println!("skipped: GDB, for gdb-multiarch is not here");
    }
    timed("native replay", || native(&jambox))
}

/// Does a part, and says how long it took.
fn timed(part: &str, run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let started = Instant::now();
    run()?;
    println!("{part}: {:.1} s", started.elapsed().as_secs_f64());
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
    if !is_installed(&modules) {
        let mut npm = Command::new("npm");
        // Where there is no network, that should be known soon.
        npm.args(["install", "--silent", "--no-save", "--no-audit", "--no-fund"]);
        npm.args(["--fetch-retries", "1", "--fetch-timeout", "20000", "--prefix"]);
        if succeed(npm.arg(&modules).arg(CLIENT)).is_err() {
            println!("skipped: the debug adapter, for npm cannot install {CLIENT} here");
            return Ok(());
        }
    }
    let package = paste_bin(jambox)?;
    let source = root().join("guests/paste-bin/src/lib.rs");
    let mut node = Command::new("node");
    node.arg(root().join("xtask/debuggers/dap.cjs")).args([jambox, &package, &source]);
    succeed(node.env("NODE_PATH", modules.join("node_modules")))
}

/// True if the client is installed already, in its version.
fn is_installed(modules: &Path) -> bool {
    let (name, version) = CLIENT.rsplit_once('@').unwrap_or((CLIENT, ""));
    let manifest = modules.join("node_modules").join(name).join("package.json");
    fs::read_to_string(manifest).is_ok_and(|it| it.contains(&format!("\"version\": \"{version}\"")))
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
    let mut told = BufReader::new(stderr).lines().map_while(Result::ok);
    let line = told.find(|line| line.contains("target remote")).ok_or("the debugger ended")?;
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
    let said = said(&mut gdb)?;
    let expected = [
        ("break at the `write` of `latest`", "key latest".to_owned()),
        ("stepi", format!("behind {}", pc + 2)),
        ("reverse-stepi and a register of the machine", format!("again {pc}, gas 1998889")),
        ("reverse-continue to a watchpoint", "Old value = 72 'H'\nNew value = 0".to_owned()),
        ("a command of the line mode", "#0   next_input".to_owned()),
        ("registers", "0xfefe0000".to_owned()),
    ];
    expect(&said, &expected)
}

/// Native replays of guests/paste-bin, one of them in GDB.
fn native(jambox: &Path) -> Result<(), String> {
    let trace = cache().join("paste-bin.log");
    fs::create_dir_all(cache()).map_err(|error| error.to_string())?;
    let mut record = Command::new(jambox);
    record.current_dir(root()).args(["trace", "record", "guests/paste-bin", "--output"]);
    succeed(record.arg(&trace).stdout(Stdio::null()))?;
    let replay = |execution: &str| {
        let mut replay = Command::new(jambox);
        replay.current_dir(root()).args(["test", "--folder", "guests/paste-bin"]);
        replay.arg("--native-replay").arg(&trace).args(["--invocation", execution]);
        replay
    };
    // The first execution is the authorizer's.
    for (execution, what, octets) in [("2", "refine", 36), ("4", "accumulate", 0)] {
        let expected = format!("as in the trace: the service returned {octets} octets");
        expect(&said(&mut replay(execution))?, &[(what, expected)])?;
    }
    let Some(debugger) = ["gdb", "gdb-multiarch"].into_iter().find(|it| is_here(it)) else {
        println!("skipped: native replay in GDB, for gdb is not here");
        return Ok(());
    };
    let mut gdb = replay("2");
    gdb.args(["--debugger", debugger, "--", "-q", "-nx", "-batch", "-x"]);
    gdb.arg(root().join("xtask/debuggers/native.gdb"));
    let expected = [
        ("break in refine", "paste_bin::refine (arguments=".to_owned()),
        ("a local variable", "text of 43 octets".to_owned()),
        ("line of the source", "at src/lib.rs:".to_owned()),
        ("on to the end", "the service returned 36 octets".to_owned()),
    ];
    expect(&said(&mut gdb)?, &expected)
}

/// Output of a command, errors included.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let (out, err) = (&output.stdout, &output.stderr);
    Ok(String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err))
}

/// Expects each of these, with what it shows, in the output of a debugger.
fn expect(said: &str, all: &[(&str, String)]) -> Result<(), String> {
    for (what, expected) in all {
        if !said.contains(expected) {
            return Err(format!("{what}: `{expected}` is not in what was said:\n{said}"));
        }
        println!("passed {what}");
    }
    Ok(())
}
