//! The node under load: many clients and subscriptions at once, and a process that is killed again
//! and again while packages come in.
//!
//! `JAMBOX_LOAD_PACKAGES` and `JAMBOX_LOAD_KILLS` say how many (`cargo xtask soak node`).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jambox_codec::encode_with;
use jambox_node::client::{Client, ClientError};
use jambox_node::{Blobs, Status};
use jambox_types::{
    CoreIndex, Gas, Hash, Parameters, Protocol, RefineContext, Revision, ServiceId, TimeSlot,
    WorkItem, WorkPackage,
};
use jsonrpsee::client_transport::ws::{Url, WsTransportClientBuilder};
use jsonrpsee::core::client::{Client as Connection, ClientBuilder, SubscriptionClientT};
use jsonrpsee::core::params::ArrayParams;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::jambox::{binary, root};

pub const PROTOCOL: Protocol = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
const CLIENTS: u32 = 8;
/// As long as anything may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(120);
/// The length of a preimage that a package asks for.
const WANTED: u32 = 100;
/// Number of times that a chain's node is killed before another chain is begun.
const KILLS_OF_A_CHAIN: u32 = 20;

/// A node that ends with this value.
struct Node {
    child: Child,
    address: String,
}

impl Node {
    /// Starts one on a chain, which it opens.
    #[track_caller]
    fn start(chain: &Path) -> Self {
        let mut command = Command::new(binary());
        command.args(["node", "--port", "0", "--block-time", "20"]);
        command.args(["--revision", "gray-paper-0.8.0", "--params", "tiny", "--chain"]);
        command.arg(chain).current_dir(root());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = stdout.lines().map_while(Result::ok);
        let ready = lines.find(|line| line.starts_with("ready ")).expect("the node starts");
        let address = ready.split_whitespace().nth(1).unwrap().to_owned();
        Self { child, address }
    }

    fn client(&self) -> Client {
        Client::connect(&self.address).unwrap()
    }

    /// Octets of memory that it has, as the system counts them.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
    }

    /// Sends SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A package that was handed in.
#[derive(Clone, Debug)]
struct Sent {
    hash: Hash,
    anchor: Hash,
    /// The hash of the preimage that it asks for.
    wanted: Hash,
}

/// Hands in the package of this number; gives how often its context was too old when it came there,
/// as happens on a machine that is busy.
fn send_in_time(client: &Client, number: u32) -> Result<(Sent, u32), ClientError> {
    let mut again = 0;
    loop {
        match send(client, number) {
            Err(ClientError::Refused { message, .. }) if message.contains("the recent blocks") => {
                again += 1;
            }
            sent => return Ok((sent?, again)),
        }
    }
}

/// A package for the bootstrap service, in the context of now.
pub fn package(client: &Client, payload: Vec<u8>) -> Result<WorkPackage, ClientError> {
    let best = client.best_block()?;
    let anchor = client.parent(best.hash)?;
    let state_root = client.state_root(anchor.hash)?;
    let blobs = Blobs::of(PROTOCOL.revision);
    Ok(WorkPackage {
        auth_code_host: ServiceId(0),
        auth_code_hash: Hash::blake2b(blobs.null_authorizer),
        context: RefineContext {
            anchor: anchor.hash,
            state_root,
            accumulation_root: client.beefy_root(anchor.hash)?,
            lookup_anchor: anchor.hash,
            lookup_anchor_slot: TimeSlot(anchor.slot),
            lookup_anchor_state_root: state_root,
            anchor_slot: TimeSlot(anchor.slot),
            ..RefineContext::default()
        },
        auth_token: Vec::new(),
        auth_config: Vec::new(),
        items: vec![WorkItem {
            service: ServiceId(0),
            code_hash: Hash::blake2b(blobs.bootstrap),
            refine_gas_limit: Gas(100_000_000),
            accumulate_gas_limit: Gas(10_000_000),
            export_count: 0,
            payload,
            imports: Vec::new(),
            extrinsics: Vec::new(),
        }],
    })
}

/// Hands in the package of this number, in the context of now.
fn send(client: &Client, number: u32) -> Result<Sent, ClientError> {
    let wanted = Hash::blake2b(&number.to_le_bytes());
    let dialect = Blobs::of(PROTOCOL.revision).dialect;
    let package = package(client, dialect.solicit(&wanted, WANTED.into(), [0; 32]))?;
    let core = CoreIndex((number % 2) as u16);
    client.submit(core, &encode_with(&package, &PROTOCOL), &[])?;
    Ok(Sent { hash: package.hash(&PROTOCOL), anchor: package.context.anchor, wanted })
}

/// True if the state has the request that the package makes.
fn has_effect(client: &Client, sent: &Sent) -> bool {
    let best = client.best_block().unwrap();
    let key = (sent.wanted, WANTED);
    client.service_request(best.hash, ServiceId(0), key).unwrap().is_some()
}

fn number_of(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |count| count.parse().unwrap())
}

/// Subscriptions of a connection: methods, parameters, and whether it notifies of every block.
fn subscriptions() -> [(&'static str, &'static str, Value, bool); 8] {
    // The hash of nothing, in Base64.
    let none = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    [
        ("subscribeBestBlock", "unsubscribeBestBlock", json!([]), true),
        ("subscribeFinalizedBlock", "unsubscribeFinalizedBlock", json!([]), true),
        ("jambox_subscribeBlocks", "jambox_unsubscribeBlocks", json!([]), true),
        ("subscribeStatistics", "unsubscribeStatistics", json!([false]), false),
        ("subscribeServiceData", "unsubscribeServiceData", json!([0, false]), false),
        ("subscribeServiceValue", "unsubscribeServiceValue", json!([0, "a2V5", false]), false),
        ("subscribeServiceRequest", "unsubscribeServiceRequest", json!([0, none, 5, true]), false),
        (
            "subscribeWorkPackageStatus",
            "unsubscribeWorkPackageStatus",
            json!([none, none, false]),
            false,
        ),
    ]
}

/// Subscribes to everything over one connection; gives how many notices each brought until the
/// block of the slot that `last` comes to say was told of.
async fn follow(address: String, last: watch::Receiver<Option<u32>>) -> Vec<usize> {
    let transport = WsTransportClientBuilder::default().build(Url::parse(&address).unwrap());
    let (sender, receiver) = transport.await.unwrap();
    let connection: Connection = ClientBuilder::default().build_with_tokio(sender, receiver);
    let mut all = Vec::new();
    for (subscribe, unsubscribe, params, is_every_block) in subscriptions() {
        let mut list = ArrayParams::new();
        params.as_array().unwrap().iter().for_each(|param| list.insert(param).unwrap());
        let opened = connection.subscribe::<Value, _>(subscribe, list, unsubscribe).await;
        let mut opened = opened.unwrap();
        let mut last = last.clone();
        all.push(tokio::spawn(async move {
            let mut told = 0;
            let mut before: Option<u64> = None;
            loop {
                // A subscription without a notice for every block may have none for the last one.
                let over = async {
                    match is_every_block {
                        true => std::future::pending().await,
                        false => drop(last.wait_for(Option::is_some).await),
                    }
                };
                let notice = tokio::select! {
                    notice = opened.next() => notice.expect("it stays open").unwrap(),
                    () = over => return told,
                };
                told += 1;
                let slot = notice["slot"].as_u64().unwrap();
                if let Some(before) = before {
                    let is_next = if is_every_block { slot == before + 1 } else { slot > before };
                    assert!(is_next, "{subscribe}: {slot} after {before}");
                }
                before = Some(slot);
                if is_every_block && last.borrow().is_some_and(|last| slot >= last.into()) {
                    return told;
                }
            }
        }));
    }
    let mut counts = Vec::new();
    for one in all {
        counts.push(tokio::time::timeout(PATIENCE, one).await.expect("it ends").unwrap());
    }
    counts
}

/// Sends packages, each when the one before is accumulated, until so many are.
fn work(client: &Client, next: &AtomicU32, count: u32, done: &Mutex<Vec<Sent>>) -> u32 {
    let mut again = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return again;
        }
        let end = Instant::now() + PATIENCE;
        let (mut sent, late) = send_in_time(client, number).unwrap();
        again += late;
        loop {
            assert!(Instant::now() < end, "package {number} does not get anywhere");
            let best = client.best_block().unwrap();
            match client.status(best.hash, sent.hash, sent.anchor).unwrap() {
                Status::Ready { .. } => break,
                // A block of eight packages has room for two; the others may come too late.
                Status::Failed(reason) if reason.contains("anchor") => {
                    let late;
                    (sent, late) = send_in_time(client, number).unwrap();
                    again += late + 1;
                }
                Status::Failed(reason) => panic!("package {number}: {reason}"),
                Status::Reportable(_) | Status::Reported { .. } => {
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
        done.lock().unwrap().push(sent);
    }
}

#[test]
fn nothing_is_lost_under_load() {
    let count = number_of("JAMBOX_LOAD_PACKAGES", 40);
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&folder.path().join("load.chain"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (end, last) = watch::channel(None);
    let followers: Vec<_> =
        (0..CLIENTS).map(|_| runtime.spawn(follow(node.address.clone(), last.clone()))).collect();
    let (next, done) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let (begin, mut memory) = (Instant::now(), vec![node.memory()]);
    let clients: Vec<Client> = (0..CLIENTS).map(|_| node.client()).collect();
    let again: u32 = thread::scope(|scope| {
        let work = |client| work(client, &next, count, &done);
        let workers: Vec<_> =
            clients.iter().map(|client| scope.spawn(move || work(client))).collect();
        while done.lock().unwrap().len() < count as usize / 2
            && workers.iter().all(|worker| !worker.is_finished())
        {
            thread::sleep(Duration::from_millis(5));
        }
        memory.push(node.memory());
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let took = begin.elapsed();
    memory.push(node.memory());
    let client = node.client();
    end.send(Some(client.best_block().unwrap().slot)).unwrap();
    let mut notices = 0;
    for follower in followers {
        let told = runtime.block_on(follower).unwrap();
        assert!(told.iter().all(|count| *count > 0), "{told:?}");
        notices += told.iter().sum::<usize>();
    }
    let done = done.into_inner().unwrap();
    let lost = done.iter().filter(|sent| !has_effect(&client, sent)).count();
    println!(
        "{} packages of {CLIENTS} clients with {} subscriptions in {took:.1?}: {lost} lost, \
         {again} sent again as their anchors were too old, {notices} notices, none left out",
        done.len(),
        CLIENTS as usize * subscriptions().len(),
    );
    let [start, middle, end] = memory[..] else { panic!() };
    let mib = |octets: u64| octets as f64 / f64::from(1 << 20);
    println!(
        "resident memory in MiB: {:.1} at the start, {:.1} in the middle, {:.1} at the end",
        mib(start),
        mib(middle),
        mib(end)
    );
    assert_eq!((done.len(), lost), (count as usize, 0));
}

/// Stage of a package by its account: an index, from submitted (0) to accumulated (3) or failed
/// (4).
fn stage(client: &Client, sent: &Sent) -> usize {
    let account = client.account(sent.hash).unwrap().expect("what was acknowledged is there");
    let status = &account["status"];
    let stages = ["submitted", "reported", "ready", "accumulated", "failed"];
    let stage = stages.iter().position(|stage| status["stage"] == *stage).unwrap();
    if stage == 4 {
        let reason = status["reason"].as_str().unwrap();
        assert!(reason.contains("anchor was too old"), "{reason}");
    }
    let best = client.best_block().unwrap();
    let status = client.status(best.hash, sent.hash, sent.anchor).unwrap();
    if stage == 0 && matches!(status, Status::Failed(_)) {
        // The account is of a moment before.
        return 4;
    }
    stage
}

/// A chain whose node is killed again and again, and what was acknowledged on it.
struct Killed {
    chain: PathBuf,
    /// With how far each was when it was last looked at.
    acknowledged: BTreeMap<Hash, (Sent, usize)>,
    head: u32,
}

impl Killed {
    /// Opens the chain and looks whether all that was acknowledged is there and as far as it was.
    fn open(&mut self) -> Node {
        let node = Node::start(&self.chain);
        let client = node.client();
        let head = client.best_block().unwrap().slot;
        assert!(head >= self.head, "it went back from {} to {head}", self.head);
        for (sent, before) in self.acknowledged.values_mut() {
            let now = stage(&client, sent);
            assert!(now >= *before, "{} went back from {before} to {now}", sent.hash);
            *before = now;
        }
        node
    }

    /// Sends packages to a node until it is killed, after this time.
    fn kill(&mut self, node: Node, after: Duration, next: &AtomicU32) {
        let acknowledged = Mutex::new(Vec::new());
        let head = AtomicU32::new(self.head);
        let clients: Vec<_> = (0..CLIENTS).map(|_| node.client()).collect();
        thread::scope(|scope| {
            for client in &clients {
                scope.spawn(|| {
                    let next = || next.fetch_add(1, Ordering::Relaxed);
                    while let Ok((sent, _)) = send_in_time(client, next()) {
                        acknowledged.lock().unwrap().push(sent);
                        let Ok(best) = client.best_block() else { break };
                        head.fetch_max(best.slot, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
            thread::sleep(after);
            node.kill();
        });
        self.head = head.into_inner();
        let sent = acknowledged.into_inner().unwrap().into_iter();
        self.acknowledged.extend(sent.map(|sent| (sent.hash, (sent, 0))));
    }
}

#[test]
fn what_a_killed_node_acknowledged_is_there() {
    let kills = number_of("JAMBOX_LOAD_KILLS", 5);
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicU32::new(0);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
    let begin = Instant::now();
    let (mut acknowledged, mut stages, mut left) = (0, [0; 5], kills);
    while left > 0 {
        let chain = folder.path().join(format!("{left}.chain"));
        let mut killed = Killed { chain, acknowledged: BTreeMap::new(), head: 0 };
        for _ in 0..left.min(KILLS_OF_A_CHAIN) {
            left -= 1;
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let node = killed.open();
            killed.kill(node, Duration::from_millis(random % 400), &next);
        }
        let node = killed.open();
        let client = node.client();
        let end = Instant::now() + PATIENCE;
        for (sent, now) in killed.acknowledged.values_mut() {
            while *now < 3 {
                assert!(Instant::now() < end, "{} does not get anywhere", sent.hash);
                *now = stage(&client, sent);
                thread::sleep(Duration::from_millis(5));
            }
            // A package too late for a block was acknowledged, and its account says that it failed.
            assert_eq!(has_effect(&client, sent), *now == 3, "{}", sent.hash);
            stages[*now] += 1;
        }
        acknowledged += killed.acknowledged.len();
    }
    let [.., accumulated, late] = stages;
    println!(
        "{kills} kills in {:.1?}, each time it opened: of {acknowledged} packages acknowledged \
         {accumulated} were accumulated, {late} were told to have come too late, 0 lost",
        begin.elapsed()
    );
    assert!(acknowledged > 0);
}
