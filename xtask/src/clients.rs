//! `cargo xtask clients`: other implementations' clients against `jambox node`: `jamt` and
//! `jamtop`, which are installed, and our own client of the traits in `jam-std-common` (`--rust`,
//! for CI).

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use crate::command::{cache, root};

/// A release of the clients.
struct Release {
    /// Version of the release.
    version: &'static str,
    /// Revision of its types.
    revision: &'static str,
    /// A service to create: a second bootstrap service.
    service: &'static str,
    /// Arguments that create a service so that the answer is the id.
    create: &'static [&'static str],
    /// Hexadecimal digits around the only instruction in a payload of the bootstrap service.
    instructions: (&'static str, &'static str),
}

/// The releases, one for each revision.
const RELEASES: [Release; 2] = [
    Release {
        version: "0.1.29",
        revision: "gray-paper-0.8.0",
        service: "crates/node/genesis/bootstrap-0.8.0.jam",
        create: &["create-service", "--raw"],
        // One instruction, and a salt.
        instructions: ("01", "0000000000000000000000000000000000000000000000000000000000000000"),
    },
    Release {
        version: "0.1.28",
        revision: "gray-paper-0.7.2",
        service: "crates/node/genesis/bootstrap-0.7.2.jam",
        create: &["create-service"],
        instructions: ("", ""),
    },
];

/// Memo gas with which the created service can take a transfer: the default of 0.1.29 is too small.
const MEMO_GAS: [&str; 2] = ["--min-memo-gas", "1000000"];
/// Longest duration of one client command.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node, killed when this value is dropped.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Selection of the clients to run.
#[derive(Args)]
pub struct Options {
    /// Only clients of this revision, for example gray-paper-0.8.0.
    #[arg(long, value_name = "NAME")]
    revision: Option<String>,

    /// Only the client in `xtask/rpc-client`, which is built on the crate `jam-std-common`.
    #[arg(long, conflicts_with = "revision")]
    rust: bool,

    /// Only the RPC client of typeberry, which takes Node.js and npm.
    #[arg(long, conflicts_with_all = ["revision", "rust"])]
    typeberry: bool,
}

/// Numbers of passed and failed cases.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn judge(&mut self, name: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("passed {name}");
            }
            Err(reason) => {
                self.failed += 1;
                println!("FAILED {name}: {reason}");
            }
        }
    }
}

impl Tally {
    fn verdict(self) -> Result<(), String> {
        let Self { passed, failed } = self;
        println!("{passed} passed, {failed} failed");
        if failed == 0 { Ok(()) } else { Err("clients do not work against the node".to_owned()) }
    }
}

/// Runs `jamt` and `jamtop` against a node of each revision and prints the numbers of cases.
pub fn run(options: &Options) -> Result<(), String> {
    if options.rust {
        return rust();
    }
    let mut tally = Tally::default();
    if options.typeberry {
        typeberry(&mut tally)?;
        return tally.verdict();
    }
    let is_meant = |release: &&Release| {
        options.revision.as_deref().is_none_or(|revision| revision == release.revision)
    };
    for release in RELEASES.iter().filter(is_meant) {
        println!("clients {} under {}", release.version, release.revision);
        release.run(&mut tally)?;
    }
    if options.revision.as_deref().is_none_or(|revision| revision == TYPEBERRY_REVISION) {
        typeberry(&mut tally)?;
    }
    tally.verdict()
}

/// The revision whose parameters typeberry's client knows.
const TYPEBERRY_REVISION: &str = "gray-paper-0.7.2";

/// Installs typeberry's client and runs the cases in `xtask/typeberry`.
fn typeberry(tally: &mut Tally) -> Result<(), String> {
    println!("the client of typeberry under {TYPEBERRY_REVISION}");
    let (folder, cases) = (cache().join("clients/typeberry"), root().join("xtask/typeberry"));
    let failed = |error: std::io::Error| error.to_string();
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::copy(cases.join("package.json"), folder.join("package.json")).map_err(failed)?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder);
    let status = install.status().map_err(|error| format!("npm: {error}: apt-get install npm"))?;
    if !status.success() {
        return Err(format!("npm install: {status}"));
    }
    let (_node, rpc) = start(TYPEBERRY_REVISION)?;
    let mut client = Command::new("node");
    client.arg(cases.join("client.mjs")).arg(&folder).arg(&rpc).stdin(Stdio::null());
    let output = client.output().map_err(|error| format!("node: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    for line in said.lines() {
        if let Some(name) = line.strip_prefix("passed ") {
            tally.judge(name, Ok(()));
        } else if let Some((name, reason)) =
            line.strip_prefix("FAILED ").and_then(|line| line.split_once(": "))
        {
            tally.judge(name, Err(reason.to_owned()));
        }
    }
    let ended = || Err(String::from_utf8_lossy(&output.stderr).into_owned());
    let ended = if output.status.success() { Ok(()) } else { ended() };
    tally.judge("typeberry ends well", ended);
    Ok(())
}

/// Builds and runs the client that uses the types of `jam-std-common`.
fn rust() -> Result<(), String> {
    // The crate supports one revision.
    let (_node, rpc) = start("gray-paper-0.8.0")?;
    let mut client = Command::new("cargo");
    client.args(["run", "--quiet", "--locked", "--manifest-path"]);
    client.arg(root().join("xtask/rpc-client/Cargo.toml")).args(["--", &rpc]);
    client.env("CARGO_TARGET_DIR", cache().join("clients").join("build"));
    let status = client.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the client: {status}")) }
}

impl Release {
    fn run(&self, tally: &mut Tally) -> Result<(), String> {
        let clients = install(self.version)?;
        let (_node, rpc) = start(self.revision)?;
        let mut judge = |name: &str, outcome| tally.judge(name, outcome);
        let jamt = |arguments: &[&str]| client(&clients.join("jamt"), &rpc, arguments);
        let began = Instant::now();
        let service = self.variant("0.1.27")?;
        let arguments = [self.create, &[&service, "1000000"], &MEMO_GAS].concat();
        let created = jamt(&arguments);
        let id = created.as_ref().ok().and_then(|said| created_id(said));
        judge("create-service", created.and(id.clone().map(|_| ()).ok_or("no id".to_owned())));
        let id = id.unwrap_or_default();
        judge("item", jamt(&["item", &id, "00"]).map(|_| ()));
        println!("created and sent an item in {:.1} s", began.elapsed().as_secs_f64());
        judge("list", jamt(&["list"]).and_then(|said| contains(&said, &id)));
        let inspected = jamt(&["inspect", "best", "service", &id]);
        judge("inspect", inspected.and_then(|said| contains(&said, "jam-bootstrap-service")));
        judge("transfer", transfer(&jamt, &id));
        judge("pack-list", jamt(&["pack-list", &id, "00", "0101"]).map(|_| ()));
        judge("provide", self.provide(&jamt));
        judge(
            "provide is refused where nothing is asked for",
            refused(jamt(&["provide", "0", "00"])),
        );
        judge("jamtop", top(&clients, &rpc, || jamt(&["item", &id, "00"])));
        Ok(())
    }

    /// Has the bootstrap service solicit a preimage, and provides it.
    fn provide(&self, jamt: &dyn Fn(&[&str]) -> Result<String, String>) -> Result<(), String> {
        let program = self.variant("0.1.26")?;
        let hash = hash_of(&program)?;
        let length = fs::metadata(&program).map_err(|error| error.to_string())?.len();
        let digits = hash.trim_start_matches("0x");
        let length: String = length.to_le_bytes().iter().map(|it| format!("{it:02x}")).collect();
        let (before, after) = self.instructions;
        jamt(&["item", "0", &format!("0x{before}06{digits}{length}{after}")])?;
        let end = Instant::now() + PATIENCE;
        // The request exists once the item is accumulated; 0.1.28 does not wait for that.
        while let Err(refusal) = jamt(&["provide", "0", &program]) {
            if Instant::now() > end {
                return Err(refusal);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        while jamt(&["inspect", "best", "preimage", "0", &hash]).is_err() {
            if Instant::now() > end {
                return Err("it never becomes available".to_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The service's file under another version, so that its code is not on the chain yet.
    fn variant(&self, version: &str) -> Result<String, String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut blob = fs::read(root().join(self.service)).map_err(failed)?;
        let own = self.version.as_bytes();
        let place = blob.windows(own.len()).position(|part| part == own);
        let place = place.ok_or("the service names no version")?;
        blob[place..place + own.len()].copy_from_slice(version.as_bytes());
        let path = cache().join(format!("service-{}-{version}.jam", self.version));
        fs::create_dir_all(cache()).and_then(|()| fs::write(&path, blob)).map_err(failed)?;
        Ok(path.to_string_lossy().into_owned())
    }
}

/// Transfers, and waits until the service has recorded the receipt in its storage.
fn transfer(jamt: &dyn Fn(&[&str]) -> Result<String, String>, id: &str) -> Result<(), String> {
    let count = || jamt(&["inspect", "best", "storage", id, "transfer-count"]);
    let before = count()?;
    jamt(&["transfer", id, "5"])?;
    let end = Instant::now() + PATIENCE;
    while count()? == before {
        if Instant::now() > end {
            return Err("it never arrives".to_owned());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Tests whether the table of `jamtop` changes while a package arrives.
fn top(
    clients: &Path,
    rpc: &str,
    work: impl FnOnce() -> Result<String, String>,
) -> Result<(), String> {
    let top = clients.join("jamtop");
    // `jamtop` cannot draw in a terminal without a size.
    let line = format!("stty cols 120 rows 40; timeout 4 {} --rpc {rpc}", top.display());
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let child = terminal.spawn().map_err(|error| format!("script: {error}"))?;
    std::thread::sleep(Duration::from_secs(1));
    work()?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    contains(&said, "Services: 2 total")?;
    let active = said.matches(" active").count();
    if active > 1 { Ok(()) } else { Err(format!("its table is shown {active} times")) }
}

fn contains(said: &str, part: &str) -> Result<(), String> {
    if said.contains(part) { Ok(()) } else { Err(format!("`{part}` is not in: {said}")) }
}

fn refused(result: Result<String, String>) -> Result<(), String> {
    match result {
        Ok(said) => Err(format!("it was not refused: {said}")),
        Err(_) => Ok(()),
    }
}

/// The id in `Service 0a1b2c3d created at slot 8` (0.1.28), or alone in its line (0.1.29).
fn created_id(said: &str) -> Option<String> {
    let is_id = |word: &&str| word.len() == 8 && word.bytes().all(|it| it.is_ascii_hexdigit());
    let of_line = |line: &str| {
        let line = line.strip_prefix("Service ").unwrap_or(line);
        line.split_whitespace().next().filter(is_id).map(ToOwned::to_owned)
    };
    said.lines().find_map(of_line)
}

/// Hash of a program, by the command of this checkout.
fn hash_of(program: &str) -> Result<String, String> {
    let mut inspect = Command::new("cargo");
    inspect.args(["run", "--quiet", "--package", "jambox-cli", "--", "inspect", "--json", program]);
    let output = inspect.current_dir(root()).output().map_err(|error| error.to_string())?;
    let inspected: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("inspect: {error}"))?;
    inspected["hash"].as_str().map(ToOwned::to_owned).ok_or_else(|| "inspect: no hash".to_owned())
}

/// Output of a client; an error if it does not end with 0 in time.
fn client(program: &Path, rpc: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).arg(program).args(["--rpc", rpc]).args(arguments);
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{}: {said}", output.status)) }
}

/// The folder of the clients, which are installed if they are missing: minutes of work.
fn install(version: &str) -> Result<PathBuf, String> {
    let folder = cache().join("clients").join(version);
    let programs = folder.join("bin");
    if programs.join("jamt").is_file() && programs.join("jamtop").is_file() {
        return Ok(programs);
    }
    println!("installing jamt and jamtop {version}");
    let mut install = Command::new("cargo");
    install.args(["install", "--locked", "--debug", "--root"]).arg(&folder);
    install.args([format!("jamt@{version}"), format!("jamtop@{version}")]);
    // Services that the clients would build are not needed.
    install.env("SKIP_PVM_BUILDS", "1").env("CARGO_PROFILE_DEV_DEBUG", "0");
    // The releases have most of their crates in common.
    install.env("CARGO_TARGET_DIR", cache().join("clients").join("build"));
    let status = install.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("cargo install: {status}"));
    }
    Ok(programs)
}

/// Starts a node of this checkout on a free port, and gives its address, too.
fn start(revision: &str) -> Result<(Node, String), String> {
    let mut node = Command::new("cargo");
    node.args(["run", "--quiet", "--package", "jambox-cli", "--", "node", "--port", "0"]);
    node.args(["--revision", revision, "--block-time", "500"]);
    node.current_dir(root()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Node(node.spawn().map_err(|error| format!("cargo: {error}"))?);
    let stdout = child.0.stdout.take().ok_or("the node has no output")?;
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let ready = lines.find(|line| line.starts_with("ready ")).ok_or("the node does not start")?;
    let rpc = ready.split_whitespace().nth(1).ok_or("the node says no address")?.to_owned();
    Ok((child, rpc))
}
