//! Commands that speak to a node, against one that the command itself runs.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use jambox_codec::encode_with;
use jambox_node::Blobs;
use jambox_node::bootstrap::NewService;
use jambox_node::client::Client;
use jambox_state::Component;
use jambox_types::{Balance, CoreIndex, Gas, Hash, Revision};
use serde_json::Value;

use crate::jambox::{Ran, binary, line, root};
use crate::load::{PROTOCOL, package};
use crate::schemas::fits;

/// A node that ends with this value.
struct Node {
    child: Child,
    /// Address for `--node`.
    address: String,
    /// Output in the terminal, once the node has ended.
    told: mpsc::Receiver<String>,
}

impl Node {
    fn start(arguments: &str) -> Self {
        let mut command = Command::new(binary());
        command.args(["node", "--port", "0", "-v", "--block-time", "100"]);
        command.args(arguments.split_whitespace()).current_dir(root());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = stdout.lines().map_while(Result::ok);
        let ready = lines.find(|line| line.starts_with("ready ")).expect("the node starts");
        let address = ready.split_whitespace().nth(1).unwrap().to_owned();
        // A pipe that nobody empties would hold the node up.
        let mut stderr = child.stderr.take().unwrap();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut all = String::new();
            let _ = stderr.read_to_string(&mut all);
            let _ = tell.send(all);
        });
        Self { child, address, told }
    }

    #[track_caller]
    fn run(&self, words: &str) -> Ran {
        line(&format!("{words} --node {}", self.address))
    }

    /// Deploys a service; gives its id as commands take it.
    #[track_caller]
    fn deploy(&self, blob: &str) -> String {
        let ran = self.run(&format!("deploy {blob} --json"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let deployed = ran.json();
        fits("deploy", &deployed);
        deployed["service"].as_str().unwrap().to_owned()
    }

    /// Answer of a method.
    #[track_caller]
    fn call(&self, method: &str, params: Vec<Value>) -> Value {
        Client::connect(&self.address).unwrap().call(method, params).unwrap()
    }

    /// The account of a package by its hash in hexadecimal.
    #[track_caller]
    fn account(&self, package: &str) -> Value {
        let client = Client::connect(&self.address).unwrap();
        client.account(package.parse().unwrap()).unwrap().unwrap()
    }

    /// Ends it; gives what it told in the terminal.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.told.recv().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn contains(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn a_service_is_deployed_and_called_under_each_revision() {
    for revision in ["gray-paper-0.7.2", "gray-paper-0.8.0"] {
        let node = Node::start(&format!("--revision {revision}"));
        let service = node.deploy("guests/asm/counter/counter.asm");
        // The code is there by now; another service comes of it.
        let other = node.deploy("guests/asm/counter/counter.asm");
        assert_ne!(service, other);
        let ran = node.run(&format!("call {service} text:hello --exports 1 --json"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let verdict = ran.json();
        fits("verdict", &verdict);
        assert_eq!(verdict["status"], "ready");
        assert_eq!(verdict["account"]["accumulate"][0]["outcome"], "halt");
        let ran = node.run(&format!("call {service} text:hello u8:1 --exports 1"));
        assert_eq!(ran.code, 0, "{ran:?}");
        contains(&ran.stdout, &["ready: reported in slot", "accumulate of service", "storage"]);
    }
}

/// A package that authorizes itself with a program of its own, which a service on the chain has for
/// its code; the token is not the one that the program wants.
const GATED: &str = r#"
[services.out-of-gas]
id = 14
balance = 1_000_000
code = "file:GUESTS/out-of-gas/out-of-gas.asm"

[services.gate]
id = 15
balance = 1_000_000
code = "file:GUESTS/authorizer/authorizer.asm"

[authorizer]
host = "gate"
code = "file:GUESTS/authorizer/authorizer.asm"
configuration = "text:open sesame"
token = "text:open barley"

[[items]]
service = "out-of-gas"
refine_gas_limit = 1_000_000
accumulate_gas_limit = 1_000_000
"#;

/// The specification of a development chain whose core 1 is for the authorizer of [`GATED`] alone.
fn gated_spec(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let (chain, spec, blob) = (path("dev.redb"), path("spec.json"), path("gate.jam"));
    for words in [
        format!("state init {chain} --dev --revision gray-paper-0.8.0 --params tiny"),
        format!("state export {chain} -o {spec}"),
        format!("asm guests/asm/authorizer/authorizer.asm -o {blob}"),
    ] {
        let ran = line(&words);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let code = Hash::blake2b(&fs::read(blob).unwrap());
    let ours = Hash::blake2b(&[&code.0[..], b"open sesame"].concat());
    let null = Hash::blake2b(Blobs::of(Revision::GrayPaper080).null_authorizer);
    let null = Hash::blake2b(&null.0);
    let mut exported: Value = serde_json::from_slice(&fs::read(&spec).unwrap()).unwrap();
    for component in [Component::AuthorizerPools, Component::AuthorizerQueues] {
        let value = &mut exported["genesis_state"][const_hex::encode(component.key().0)];
        let digits = value.as_str().unwrap();
        // The values of both cores, which are of one length.
        let (first, second) = digits.split_at(digits.len() / 2);
        let second = second.replace(&const_hex::encode(null.0), &const_hex::encode(ours.0));
        *value = format!("{first}{second}").into();
    }
    fs::write(&spec, exported.to_string()).unwrap();
    spec
}

/// A way to fail: the package, what its account holds of the failure, and what is said of it.
struct Failing {
    package: String,
    /// The invocation that fails, in the account.
    invocation: &'static str,
    status: &'static str,
    said: &'static [&'static str],
    on_page: &'static str,
}

/// Looks at the explorer, with these packages open, in the browser that `JAMBOX_BROWSER` names, as
/// `cargo xtask explorer` does. `JAMBOX_BLESS=1` makes the picture in `docs` anew.
fn look(node: &Node, packages: &[String], all: &[Failing]) {
    let Some(browser) = std::env::var_os("JAMBOX_BROWSER") else {
        eprintln!("the explorer is not looked at: JAMBOX_BROWSER names no browser");
        return;
    };
    let page = node.address.replace("ws://", "http://");
    let folder = tempfile::tempdir().unwrap();
    let browse = |open: &str, more: &[&str]| {
        let mut command = Command::new(&browser);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        command.arg(format!("--user-data-dir={}", folder.path().display())).args(more);
        // Time stands still while the page waits for the node.
        command.arg("--virtual-time-budget=5000").arg(format!("{page}/#{open}"));
        let output = command.stdin(Stdio::null()).output().expect("the browser runs");
        String::from_utf8(output.stdout).unwrap()
    };
    let seen = browse(&packages.join(","), &["--dump-dom"]);
    let seen = seen.split_once("</style>").map_or("", |(_, seen)| seen);
    let seen = seen.split_once("<script>").map_or("", |(seen, _)| seen);
    for (failing, package) in all.iter().zip(packages) {
        let place = failing.said[failing.said.len() - 1];
        contains(seen, &[package, failing.on_page, place]);
    }
    let best = node.call("bestBlock", vec![])["slot"].as_u64().unwrap();
    let latest = |slot: u64| seen.contains(&format!(">{slot}</td>"));
    // The node goes on while the browser starts.
    assert!((best.saturating_sub(400)..=best).any(latest), "no block up to {best}: {seen}");
    contains(seen, &["Gas by function", "forever", "Host calls (", "checkpoint"]);
    // Services with their storage, by the names of keys.
    contains(seen, &["title=\"service 0\"", "\"before the checkpoint\"", "\"written\""]);
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        let picture = root().join("docs/explorer.png");
        let screenshot = format!("--screenshot={}", picture.display());
        browse(&packages[0], &["--window-size=1120,640", &screenshot]);
        assert!(fs::metadata(picture).unwrap().len() < 150_000);
    }
}

/// Three ways to fail, each with its reason and the line of the source: by RPC as an account that
/// fits the schema, which is what the explorer shows, as text, and in the node's terminal.
#[test]
fn every_verdict_names_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&format!("--spec {} --params tiny", gated_spec(folder.path())));
    let guests = root().join("guests/asm").display().to_string();
    let gated = folder.path().join("package.toml");
    fs::write(&gated, GATED.replace("GUESTS", &guests)).unwrap();
    let deploy = |name: &str| node.deploy(&format!("guests/asm/{name}/{name}.asm"));
    let (panics, endless, gate) = (deploy("panics"), deploy("out-of-gas"), deploy("authorizer"));
    let package = |name: &str, id: &str| {
        format!("guests/asm/{name}/package.toml --service {name}={id} --null-authorizer")
    };
    let gated = gated.display();
    let all = [
        Failing {
            package: package("panics", &panics),
            invocation: "/refine/0",
            status: "ready",
            said: &["refine item 0 of service", "panic", "load_ind_u32", "panics.asm:33"],
            on_page: "the guest panicked",
        },
        Failing {
            package: package("out-of-gas", &endless),
            invocation: "/accumulate/0",
            status: "ready",
            said: &["accumulate of service", "the guest ran out of gas", "out-of-gas.asm:20"],
            on_page: "the guest ran out of gas",
        },
        Failing {
            package: format!(
                "{gated} --service out-of-gas={endless} --service gate={gate} --core 1"
            ),
            invocation: "/is_authorized",
            status: "refused",
            said: &["the package is not authorized: panic", "trap at", "authorizer.asm:87"],
            on_page: "the package is not authorized: panic",
        },
    ];
    let mut hashes = Vec::new();
    for failing in &all {
        let ran = node.run(&format!("submit {}", failing.package));
        assert_eq!(ran.code, 1, "{ran:?}");
        contains(&ran.stdout, failing.said);
        let verdict = node.run(&format!("submit {} --json", failing.package)).json();
        fits("verdict", &verdict);
        assert_eq!(verdict["status"], failing.status, "{verdict:#}");
        let account = node.account(verdict["package"].as_str().unwrap());
        assert_eq!(account, verdict["account"]);
        fits("node-package", &account);
        hashes.push(account["package"]["hash"].as_str().unwrap().to_owned());
        let failure = &account.pointer(failing.invocation).unwrap()["failure"];
        let source = failure["explanation"]["source"][0].as_str().unwrap();
        contains(source, &failing.said[failing.said.len() - 1..]);
        assert!(!account["failures"][0].is_null(), "{account:#}");
    }
    // An authorizer that is not in the core's pool is not even asked.
    let ran =
        node.run(&format!("submit {gated} --service out-of-gas={endless} --service gate={gate}"));
    assert_eq!(ran.code, 1, "{ran:?}");
    contains(&ran.stdout, &["refused", "is not in the pool of core 0"]);

    let blocks = node.call("jambox_blocks", vec![64.into()]);
    let blocks = blocks.as_array().unwrap().iter().filter(|block| !block.is_null());
    blocks.for_each(|block| fits("node-block", block));
    look(&node, &hashes, &all);
    let told = node.end();
    all.iter().for_each(|failing| contains(&told, failing.said));
    contains(&told, &["is not in the pool of core 0"]);
}

#[test]
fn a_node_says_where_it_listens_as_its_schema_says() {
    let mut command = Command::new(binary());
    command.args(["node", "--port", "0", "--by-hand", "--json"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut documents =
        serde_json::Deserializer::from_reader(child.stdout.take().unwrap()).into_iter::<Value>();
    let said = documents.next();
    child.kill().unwrap();
    child.wait().unwrap();
    fits("node", &said.expect("a document").unwrap());
}

/// A service of one node is called on another that forked its chain, and does not notice.
#[test]
fn a_chain_is_forked_and_goes_its_own_way() {
    let first = Node::start("--revision gray-paper-0.8.0");
    let service = first.deploy("guests/asm/counter/counter.asm");
    let fork = Node::start(&format!("--fork {}", first.address));
    let ran = fork.run(&format!("call {service} text:hello --exports 1"));
    assert_eq!(ran.code, 0, "{ran:?}");
    contains(&ran.stdout, &["storage \"latest\": nothing -> \"HELLO\""]);
    let id = u32::from_str_radix(&service, 16).unwrap();
    let best = first.call("bestBlock", vec![])["header_hash"].clone();
    let listed = first.call("jambox_service", vec![best, id.into()]);
    assert_eq!(listed["missing"], Value::Null, "{listed:#}");
    let latest = const_hex::encode_prefixed("latest");
    let mut entries = listed["entries"].as_array().unwrap().iter();
    assert!(!entries.any(|entry| entry["key"] == *latest), "{listed:#}");
    for (switches, part) in [
        ("--revision gray-paper-0.7.2", "--revision is gray-paper-0.7.2, and the node at"),
        (&*format!("--at 0x{}", "11".repeat(32)), "stateValue: the block 0x1111"),
    ] {
        let ran = line(&format!("node --port 0 --fork {} {switches}", first.address));
        assert_eq!(ran.code, 2, "{ran:?}");
        contains(&ran.stderr, &[part]);
    }
}

/// A development chain in a file is what a node begins with, and so is what is exported of it.
#[test]
fn a_node_begins_with_an_exported_development_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (chain, spec) = (path("dev.redb"), path("spec.json"));
    let revision = "--revision gray-paper-0.8.0 --params tiny";
    let ran = line(&format!("state init {chain} --dev {revision}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = line(&format!("state export {chain} -o {spec}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let exported: Value = serde_json::from_slice(&fs::read(&spec).unwrap()).unwrap();
    let header = exported["genesis_header"].as_str().unwrap();
    // Parent, prior state root, extrinsic hash, slot, two absent marks, author, two signatures of
    // 96 octets, and a length.
    assert_eq!(header.len(), 2 * (3 * 32 + 4 + 2 + 2 + 2 * 96 + 1), "{header}");
    let node = Node::start(&format!("--spec {spec} {revision}"));
    let service = node.deploy("guests/asm/counter/counter.asm");
    let ran = node.run(&format!("call {service} text:x --exports 1"));
    assert_eq!(ran.code, 0, "{ran:?}");
    // The item exports a segment, and was not to.
    let ran = node.run(&format!("call {service} text:x"));
    assert_eq!(ran.code, 1, "{ran:?}");
    contains(&ran.stdout, &["refine of service", "item 0: "]);
}

#[test]
fn what_is_wrong_with_the_node_or_the_input_is_said() {
    let node = Node::start("--revision gray-paper-0.8.0");
    for (words, part) in [
        ("call 1 text:x", "the chain has no service 1"),
        ("call xyz text:x", "expected up to eight hexadecimal digits"),
        ("call 0 hello", "expected `text:`"),
        ("deploy guests/asm/none.asm", "no such file"),
        ("submit guests/asm/panics --service none=0", "the package file has no service `none`"),
        ("submit guests/asm/panics --service panics=0", "has the code"),
        ("deploy guests/counter/counter.jam", "gray-paper-0.7.2"),
    ] {
        let ran = node.run(words);
        assert_eq!(ran.code, 2, "{words}: {ran:?}");
        contains(&ran.stderr, &[part]);
    }
    // The node goes on.
    assert_eq!(node.run("call 0 --core 7").code, 1);
    assert_eq!(node.run("call 0 hex:00").code, 1);
    for (words, part) in [
        ("call 0 --node ws://127.0.0.1:1", "cannot connect to ws://127.0.0.1:1"),
        ("call 0 --node http://127.0.0.1:1", "is not the address of a node"),
    ] {
        let ran = line(words);
        assert_eq!(ran.code, 2, "{ran:?}");
        contains(&ran.stderr, &[part]);
    }
    let port = node.address.rsplit(':').next().unwrap();
    let ran = line(&format!("node --port {port}"));
    assert_eq!(ran.code, 2, "{ran:?}");
    contains(&ran.stderr, &["cannot listen on", "--port 0"]);
}

/// A chain that a node made goes on under its own revision and parameters only; what else a file
/// may be is refused, named, and left as it is.
#[test]
fn a_file_that_is_no_chain_of_this_node_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.chain");
    let chain = path.display();
    let node = Node::start(&format!("--chain {chain} --revision gray-paper-0.7.2"));
    let ran = line(&format!("node --port 0 --chain {chain}"));
    assert_eq!(ran.code, 2, "{ran:?}");
    contains(&ran.stderr, &["the chain is in use by", "dev.chain"]);
    drop(node);
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    let mut other_kind = whole.clone();
    other_kind[0] ^= 1;
    for (octets, switches, part) in [
        (
            &whole,
            "--revision gray-paper-0.8.0",
            "the chain is of gray-paper-0.7.2: expected gray-paper-0.8.0",
        ),
        (&whole, "--params full", "the chain has tiny parameters: expected full ones"),
        (&damaged, "", "the chain is damaged: its header"),
        (&other_kind, "", "it does not begin as a chain does"),
        (&Vec::new(), "", "it does not begin as a chain does"),
    ] {
        fs::write(&path, octets).unwrap();
        let ran = line(&format!("node --port 0 --chain {chain} {switches}"));
        assert_eq!(ran.code, 2, "{switches}: {ran:?}");
        contains(&ran.stderr, &[part, "dev.chain"]);
        assert_eq!(fs::read(&path).unwrap(), *octets, "{switches}");
    }
    let ran = line(&format!("node --port 0 --chain {}", folder.path().display()));
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = line("node --port 0 --chain /nowhere/at/all");
    assert_eq!(ran.code, 2, "{ran:?}");
    contains(&ran.stderr, &["/nowhere/at/all"]);
}

/// One file for a chain: what `state init` makes a node goes on with, what a node made the commands
/// about states read and go on with, and the node with that.
#[test]
fn a_node_and_the_commands_about_states_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (chain, spec) = (path("dev.redb"), path("spec.json"));
    let revision = "--revision gray-paper-0.8.0 --params tiny";
    let ran = line(&format!("state init {chain} --dev {revision}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let node = Node::start(&format!("--chain {chain}"));
    let service = node.deploy("guests/asm/counter/counter.asm");
    let ran = node.run(&format!("call {service} text:hello --exports 1"));
    assert_eq!(ran.code, 0, "{ran:?}");
    // While the node has it, too.
    let id = u32::from_str_radix(&service, 16).unwrap();
    let shown = line(&format!("state show {chain} {id}"));
    assert_eq!(shown.code, 0, "{shown:?}");
    drop(node);
    let shown = line(&format!("state show {chain} {id}"));
    contains(&shown.stdout, &["storage \"latest\": \"HELLO\""]);
    let verified = line(&format!("state verify {chain}"));
    assert_eq!(verified.code, 0, "{verified:?}");
    let exported = line(&format!("state export {chain} -o {spec}"));
    assert_eq!(exported.code, 0, "{exported:?}");
    let root = line(&format!("state root {chain}")).stdout;
    contains(&exported.stdout, &[root.trim()]);
    assert_eq!(line(&format!("state root {spec}")).stdout, root);

    // A package of its own, with a service of its own.
    let ran = line(&format!("run guests/fibonacci/package.toml --state {chain} --json"));
    assert_eq!(ran.code, 0, "{ran:?}");
    for arguments in [format!("--chain {chain}"), format!("--spec {spec} {revision}")] {
        let node = Node::start(&arguments);
        let ran = node.run(&format!("call {service} text:again --exports 1"));
        assert_eq!(ran.code, 0, "{arguments}: {ran:?}");
        contains(&ran.stdout, &["AGAIN"]);
    }
}

/// The chain of one process goes on in another.
#[test]
fn a_chain_that_was_dumped_goes_on_in_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let start = |name: &str| Node::start(&format!("--chain {}", path(name)));
    let first = start("first.chain");
    first.deploy("guests/asm/counter/counter.asm");
    let client = |node: &Node| Client::connect(&node.address).unwrap();
    let call =
        |node: &Node, method: &str, params: Vec<Value>| client(node).call(method, params).unwrap();
    call(&first, "jambox_pause", vec![]);
    let dumped = call(&first, "jambox_dump", vec![]);
    let second = start("second.chain");
    call(&second, "jambox_pause", vec![]);
    let loaded = call(&second, "jambox_load", vec![dumped]);
    assert_eq!(loaded, call(&first, "bestBlock", vec![]));
    // The same comes of the same package: a service of the same id, and the same roots.
    let blobs = Blobs::of(PROTOCOL.revision);
    let new = NewService {
        code_hash: Hash::blake2b(blobs.null_authorizer),
        code_length: blobs.null_authorizer.len() as u64,
        min_item_gas: Gas(1),
        min_memo_gas: Gas(2),
        endowment: Balance(1_000_000),
    };
    let package = package(&client(&first), blobs.dialect.create(&new, [7; 32])).unwrap();
    let [left, right] = [&first, &second].map(|node| {
        let client = client(node);
        client.submit(CoreIndex(1), &encode_with(&package, &PROTOCOL), &[]).unwrap();
        let head = client.call("jambox_mine", vec![2.into()]).unwrap();
        let best = client.best_block().unwrap();
        let services = client.services(best.hash).unwrap();
        assert_eq!(services.len(), 3, "bootstrap, counter, and the new one: {services:?}");
        (head, services, client.state_root(best.hash).unwrap())
    });
    assert_eq!(left, right);
    // It is in the other's file.
    let best = client(&second).best_block().unwrap();
    drop(second);
    let again = Node::start(&format!("--chain {}", path("second.chain")));
    call(&again, "jambox_pause", vec![]);
    assert_eq!(client(&again).state_root(best.hash).unwrap(), left.2);
}
