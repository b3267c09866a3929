//! The chain that a node makes, without the RPC.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jambox_codec::encode_with;
use jambox_invocation::Env;
use jambox_node::bootstrap::NewService;
use jambox_node::{Blobs, Node, NodeError, Pace, Stage, Status, SubmitError, development};
use jambox_state::{
    AccountInfo, Base, Changes, Component, RequestHistory, RequestKey, Values, trie,
};
use jambox_store::{FileState, FileStore};
use jambox_types::{
    Balance, CoreIndex, Gas, Hash, Parameters, Protocol, RecentBlocks, RefineContext, Revision,
    ServiceId, TimeSlot, WorkItem, WorkPackage,
};

use crate::costs::{
    a_package_that_costs_the_host_too_much_fails,
    a_service_that_always_costs_the_host_too_much_is_held_back,
};

/// Each of these is a test under each revision.
macro_rules! under_each_revision {
    ($($test:ident,)*) => {
        mod gray_paper_072 {
            $(#[test] fn $test() { super::$test(super::Revision::GrayPaper072); })*
        }
        mod gray_paper_080 {
            $(#[test] fn $test() { super::$test(super::Revision::GrayPaper080); })*
        }
    };
}

under_each_revision! {
    a_package_is_reported_then_ready_and_its_effects_are_there,
    roots_are_those_of_the_states,
    packages_that_are_not_right_are_refused_with_the_reason,
    the_bootstrap_service_creates_services,
    an_item_whose_code_is_not_there_yet_fails,
    invocations_are_traced,
    a_package_that_costs_the_host_too_much_fails,
    a_service_that_always_costs_the_host_too_much_is_held_back,
    the_account_of_a_package_says_what_failed,
    a_package_that_no_block_takes_fails_with_its_anchor,
    a_chain_goes_on_from_its_file,
    a_chain_of_other_switches_is_refused,
    a_damaged_chain_is_told_or_goes_on,
    a_snapshot_brings_back_the_same_roots,
    a_pruned_chain_goes_on,
    a_state_in_a_file_is_gone_on_with,
    a_state_that_another_command_changed_is_gone_on_with,
    changes_by_hand_are_in_the_next_blocks_root,
    on_demand_a_block_comes_when_there_is_something_for_it,
}

pub const fn protocol(revision: Revision) -> Protocol {
    Protocol::new(revision, Parameters::TINY)
}

fn node(revision: Revision, pace: Pace, path: Option<&std::path::Path>) -> Result<Node, NodeError> {
    let protocol = protocol(revision);
    let env = Env::new(protocol).expect("the revision is known");
    Node::new(env, pace, path, || Ok(development(&protocol)?), Box::new(|_| {}))
}

pub fn by_hand(revision: Revision) -> Node {
    let node = node(revision, Pace::ByHand, None).unwrap();
    node.mine(3).unwrap();
    node
}

/// A package for the bootstrap service, anchored on the parent of the head as clients do it.
pub fn package(node: &Node, payload: &[u8]) -> WorkPackage {
    let ledger = node.ledger();
    let anchor = ledger.parent(&ledger.head().descriptor.hash).unwrap().unwrap();
    let entry = ledger.entry(&anchor.hash).unwrap();
    let recent = ledger.recent(entry);
    let blobs = Blobs::of(node.protocol().revision);
    WorkPackage {
        auth_code_host: ServiceId(0),
        auth_code_hash: Hash::blake2b(blobs.null_authorizer),
        context: RefineContext {
            anchor: anchor.hash,
            state_root: entry.world.root,
            accumulation_root: recent.blocks.last().unwrap().accumulation_root,
            lookup_anchor: anchor.hash,
            lookup_anchor_slot: TimeSlot(anchor.slot),
            lookup_anchor_state_root: entry.world.root,
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
            payload: payload.to_vec(),
            imports: Vec::new(),
            extrinsics: Vec::new(),
        }],
    }
}

pub fn submit(node: &Node, core: u16, package: &WorkPackage) -> Result<Hash, SubmitError> {
    node.submit(CoreIndex(core), &encode_with(package, node.protocol()), &[])
}

/// Hands in a package of one item with this payload.
pub fn hand_in(node: &Node, core: u16, payload: &[u8]) -> Hash {
    submit(node, core, &package(node, payload)).unwrap()
}

/// The stage of a package.
pub fn stage(node: &Node, package: &Hash) -> Stage {
    node.ledger().package(package).unwrap().unwrap().stage.clone()
}

/// The payload with which the bootstrap service solicits a preimage.
pub fn solicit(node: &Node, preimage: &[u8]) -> Vec<u8> {
    let dialect = Blobs::of(node.protocol().revision).dialect;
    dialect.solicit(&Hash::blake2b(preimage), preimage.len() as u64, [0; 32])
}

fn a_package_is_reported_then_ready_and_its_effects_are_there(revision: Revision) {
    let node = by_hand(revision);
    let wanted = b"a preimage";
    let package = package(&node, &solicit(&node, wanted));
    let anchor = package.context.anchor;
    let hash = submit(&node, 1, &package).unwrap();
    assert_eq!(hash, package.hash(&protocol(revision)));
    let status = |node: &Node| {
        let ledger = node.ledger();
        ledger.status(ledger.head(), &hash, &anchor).unwrap()
    };
    // Of eight recent blocks four are there, the anchor the third of them.
    assert_eq!(status(&node), Status::Reportable(7));
    node.mine(1).unwrap();
    let reported = node.ledger().head().descriptor;
    let Status::Reported { reported: found, core, report } = status(&node) else { panic!() };
    assert_eq!((found, core), (reported, CoreIndex(1)));
    node.mine(1).unwrap();
    let ready = node.ledger().head().descriptor;
    let core = CoreIndex(1);
    assert_eq!(status(&node), Status::Ready { reported, core, report, ready });

    let account = node.account(&hash).unwrap().unwrap();
    assert_eq!(account["failures"], serde_json::json!([]), "{account:#}");
    assert_eq!(account["status"]["stage"], "accumulated");
    let key = RequestKey { hash: Hash::blake2b(wanted), length: wanted.len() as u32 };
    let request = |node: &Node| {
        let world = node.ledger().head().world.clone();
        world.values.request(ServiceId(0), &key).unwrap()
    };
    assert_eq!(request(&node), Some(RequestHistory::Requested));
    // A preimage that nobody asks for waits; a requested one comes into the next block.
    node.provide(ServiceId(0), b"unwanted").unwrap();
    node.provide(ServiceId(0), wanted).unwrap();
    node.mine(1).unwrap();
    assert_eq!(request(&node), Some(RequestHistory::Available(TimeSlot(6))));
}

/// The header's root is the root of the state before, whole and computed anew.
fn roots_are_those_of_the_states(revision: Revision) {
    let node = by_hand(revision);
    submit(&node, 0, &package(&node, &solicit(&node, b"x"))).unwrap();
    node.mine(3).unwrap();
    let ledger = node.ledger();
    let mut before: Option<&Arc<jambox_node::Entry>> = None;
    for entry in ledger.entries() {
        let values = entry.world.values.iter().map(|(key, value)| (key, value.clone()));
        assert_eq!(entry.world.root, trie::root(values), "slot {}", entry.descriptor.slot);
        if let (Some(before), Some(block)) = (before, &entry.block) {
            assert_eq!(block.header.parent, before.descriptor.hash);
            assert_eq!(block.header.parent_state_root, before.world.root);
            assert_eq!(block.header.extrinsic_hash, block.extrinsic.hash(&protocol(revision)));
        }
        before = Some(entry);
    }
    assert_eq!(ledger.entries().count(), 7);
}

/// The run for a trace is the run of the block: a machine without a host gets through it.
fn invocations_are_traced(revision: Revision) {
    let node = by_hand(revision);
    let hash = submit(&node, 0, &package(&node, &solicit(&node, b"x"))).unwrap();
    node.mine(2).unwrap();
    let block = node.ledger().head().descriptor.hash;
    let config = jambox_engine::Config { revision, ..jambox_engine::Config::default() };
    let engine = jambox_engine::Engine::new(config).unwrap();
    for (of, index, what) in
        [(hash, 0, "is-authorized"), (hash, 1, "refine"), (block, 0, "accumulate")]
    {
        let trace = node.trace(&of, index).unwrap();
        assert!(trace.starts_with("comment "), "{trace}");
        assert!(trace.lines().next().unwrap().contains(what), "{trace}");
        let mut executions = jambox_trace::Reader::new(trace.as_bytes());
        let execution = executions.next().unwrap().unwrap();
        assert!(executions.next().is_none(), "one execution");
        let replayed = jambox_trace::replay(&execution, &engine).unwrap();
        assert_eq!(replayed, jambox_trace::Replayed::Same, "{what}");
        // The account of the same invocation has its host calls, and tells where all its gas went.
        let invocation = node.invocation(&of, index).unwrap();
        assert_eq!(invocation["what"], what);
        let events = invocation["events"].as_array().unwrap();
        let calls = events.iter().filter(|event| event["kind"] == "host-call").count();
        assert_eq!(calls, trace.lines().filter(|line| line.starts_with("ecalli=")).count());
        let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<u64>().unwrap();
        let spent = invocation["profile"].as_array().unwrap().iter();
        let spent: u64 = spent.map(|spent| number(&spent["gas"])).sum();
        assert_eq!(spent, number(&invocation["gas"]["used"]), "{invocation:#}");
    }
    for (of, index, part) in [
        (hash, 2, "invocation 2 does not exist: expected one below 2"),
        (block, 1, "expected one below 1"),
        (Hash([9; 32]), 0, "the node has no package and no block"),
    ] {
        let error = node.trace(&of, index).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

fn packages_that_are_not_right_are_refused_with_the_reason(revision: Revision) {
    let node = by_hand(revision);
    let right = package(&node, b"");
    let refused = |package: &WorkPackage, core: u16, part: &str| {
        let error = submit(&node, core, package).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let with = |change: &dyn Fn(&mut WorkPackage)| {
        let mut package = right.clone();
        change(&mut package);
        package
    };
    refused(&right, 2, "core 2 does not exist");
    refused(&with(&|it| it.context.anchor = Hash([1; 32])), 0, "not among the recent blocks");
    refused(&with(&|it| it.context.state_root = Hash([1; 32])), 0, "the anchor's state root is");
    refused(&with(&|it| it.context.lookup_anchor = Hash([1; 32])), 0, "is unknown");
    refused(&with(&|it| it.context.lookup_anchor_slot.0 += 1), 0, "is in another slot");
    if node.protocol().rules().anchor_slot_in_context {
        refused(&with(&|it| it.context.anchor_slot.0 += 1), 0, "the anchor is of slot 2");
        let other = with(&|it| it.context.lookup_anchor_state_root = Hash([1; 32]));
        refused(&other, 0, "left another state root");
    }
    refused(&with(&|it| it.auth_config = b"x".to_vec()), 0, "is not in the pool of core 0");
    refused(&with(&|it| it.items.clear()), 0, "0 items");
    let error = node.submit(CoreIndex(0), b"no package", &[]).unwrap_err().to_string();
    assert!(error.contains("the octets are not a work package"), "{error}");
    let encoded = encode_with(&right, &protocol(revision));
    let error = node.submit(CoreIndex(0), &encoded, &[b"more"[..].into()]).unwrap_err();
    assert!(error.to_string().contains("1 extrinsics are given: expected 0"));
    assert_eq!(node.ledger().waiting.len(), 0);
    submit(&node, 0, &right).unwrap();
    refused(&right, 0, "was handed in before");
}

fn the_bootstrap_service_creates_services(revision: Revision) {
    let node = by_hand(revision);
    let code = Blobs::of(revision).null_authorizer;
    let (code_hash, code_length) = (Hash::blake2b(code), code.len() as u64);
    let dialect = Blobs::of(revision).dialect;
    let gas = (Gas(1), Gas(2));
    let endowment = Balance(1_000_000);
    let new =
        NewService { code_hash, code_length, min_item_gas: gas.0, min_memo_gas: gas.1, endowment };
    let hash = submit(&node, 0, &package(&node, &dialect.create(&new, [7; 32]))).unwrap();
    node.mine(2).unwrap();
    let ledger = node.ledger();
    let values = &ledger.head().world.values;
    let value = values.storage(ServiceId(0), &dialect.created_key(&hash)).unwrap().unwrap();
    let id = dialect.created(&value).unwrap();
    assert_eq!(values.services().unwrap(), [ServiceId(0), id]);
    let info = values.account(id).unwrap().unwrap();
    assert_eq!(
        (info.code_hash, info.min_accumulate_gas, info.min_memo_gas),
        (code_hash, gas.0, gas.1)
    );
    assert!(info.balance >= endowment, "{:?}", info.balance);
    assert_eq!(dialect.created(b"nothing"), None);
}

/// A service is of use when its code is there at the lookup anchor; before that its items come to
/// nothing without a guest that could fail.
fn an_item_whose_code_is_not_there_yet_fails(revision: Revision) {
    let node = by_hand(revision);
    let mut package = package(&node, b"");
    // The code is a preimage of another service only.
    package.items[0].service = ServiceId(7);
    let code = Blobs::of(revision).bootstrap;
    node.change(|accounts| {
        let code_hash = Hash::blake2b(code);
        let info = AccountInfo { code_hash, balance: Balance(1_000_000), ..AccountInfo::default() };
        Ok(accounts.create(ServiceId(7), info)?)
    })
    .unwrap();
    let hash = submit(&node, 0, &package).unwrap();
    let account = node.account(&hash).unwrap().unwrap();
    assert_eq!(account["refine"][0]["outcome"], "not-run");
    let failure = account["failures"][0].as_str().unwrap();
    assert!(failure.starts_with("refine of service 7, item 0: "), "{failure}");
    assert!(failure.contains("code"), "{failure}");
}

/// A refine that panics fails its item, and says so.
fn the_account_of_a_package_says_what_failed(revision: Revision) {
    let node = by_hand(revision);
    // No instruction begins with this octet.
    let hash = submit(&node, 0, &package(&node, &[0xff])).unwrap();
    node.mine(2).unwrap();
    let account = node.account(&hash).unwrap().unwrap();
    assert_eq!(account["refine"][0]["outcome"], "panic");
    let failure = account["failures"][0].as_str().unwrap();
    assert!(failure.starts_with("refine of service 0, item 0: panic"), "{failure}");
    let failure = &account["refine"][0]["failure"];
    assert_eq!(failure["reason"], "the guest panicked", "{failure}");
    assert!(failure["explanation"]["instruction"].is_string(), "{failure}");
}

fn a_package_that_no_block_takes_fails_with_its_anchor(revision: Revision) {
    let node = by_hand(revision);
    // Two on one core and the third too late for it: one block takes one of them.
    let packages: Vec<_> = (0..9).map(|index| package(&node, &[0xff, index])).collect();
    let hashes: Vec<_> = packages.iter().map(|it| submit(&node, 0, it).unwrap()).collect();
    node.mine(9).unwrap();
    let ledger = node.ledger();
    let failed = |hash: &&Hash| matches!(stage(&node, hash), Stage::Failed(_));
    assert_eq!(hashes.iter().filter(failed).count(), 2);
    assert!(ledger.waiting.is_empty());
}

fn a_chain_goes_on_from_its_file(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.chain");
    let first = node(revision, Pace::ByHand, Some(&path)).unwrap();
    first.mine(3).unwrap();
    let reported = submit(&first, 0, &package(&first, &solicit(&first, b"x"))).unwrap();
    first.mine(2).unwrap();
    first.provide(ServiceId(0), b"x").unwrap();
    let waiting = submit(&first, 1, &package(&first, &solicit(&first, b"y"))).unwrap();
    let held = node(revision, Pace::ByHand, Some(&path));
    assert!(held.err().unwrap().to_string().contains("is in use by"));
    let head = first.ledger().head().descriptor;
    drop(first);
    // A killed process may leave the beginning of a commit.
    let mut octets = std::fs::read(&path).unwrap();
    octets.extend(b"\xffcommit\n and half of a head");
    std::fs::write(&path, octets).unwrap();

    let second = node(revision, Pace::ByHand, Some(&path)).unwrap();
    let ledger = second.ledger();
    assert_eq!(ledger.head().descriptor, head);
    assert!(matches!(stage(&second, &reported), Stage::Ready { .. }));
    assert!(matches!(stage(&second, &waiting), Stage::Submitted));
    second.mine(2).unwrap();
    assert!(matches!(stage(&second, &waiting), Stage::Ready { .. }));
    drop((second, ledger));

    let mut octets = std::fs::read(&path).unwrap();
    octets[40] ^= 1;
    std::fs::write(&path, octets).unwrap();
    let error = node(revision, Pace::ByHand, Some(&path)).err().unwrap().to_string();
    assert!(error.contains("is damaged: its header does not match its sum"), "{error}");
}

/// A node with any one octet changed tells the damage or never comes by it.
fn a_damaged_chain_is_told_or_goes_on(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.chain");
    let first = node(revision, Pace::ByHand, Some(&path)).unwrap();
    first.mine(3).unwrap();
    submit(&first, 0, &package(&first, &solicit(&first, b"x"))).unwrap();
    first.mine(1).unwrap();
    submit(&first, 1, &package(&first, &solicit(&first, b"y"))).unwrap();
    drop(first);
    let whole = std::fs::read(&path).unwrap();
    let mut told = 0;
    for place in (0..whole.len()).step_by(whole.len() / 60) {
        let mut octets = whole.clone();
        octets[place] ^= 0x10;
        std::fs::write(&path, octets).unwrap();
        match node(revision, Pace::ByHand, Some(&path)) {
            Ok(node) => node.mine(1).unwrap(),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("dev.chain"), "octet {place}: {error}");
                told += 1;
            }
        }
    }
    assert!(told > 0);
}

fn a_chain_of_other_switches_is_refused(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.chain");
    drop(node(revision, Pace::ByHand, Some(&path)).unwrap());
    let other = match revision {
        Revision::GrayPaper072 => Revision::GrayPaper080,
        Revision::GrayPaper080 => Revision::GrayPaper072,
    };
    let is = format!("is a chain of {}, not of", revision.name());
    for (other, parameters, part) in [
        (other, Parameters::TINY, is.as_str()),
        (revision, Parameters::FULL, "with tiny parameters"),
    ] {
        let env = Env::new(Protocol::new(other, parameters)).unwrap();
        let genesis = || panic!("the chain is there");
        let error = Node::new(env, Pace::ByHand, Some(&path), genesis, Box::new(|_| {}));
        let error = error.err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
    std::fs::write(&path, "something else").unwrap();
    let error = node(revision, Pace::ByHand, Some(&path)).err().unwrap().to_string();
    assert!(error.contains("is not a state store"), "{error}");
}

fn a_snapshot_brings_back_the_same_roots(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.chain");
    for path in [None, Some(path.as_path())] {
        let node = node(revision, Pace::ByHand, path).unwrap();
        node.mine(3).unwrap();
        come_back(&node);
        let Some(path) = path else { continue };
        // The state that was gone back to is the state in the file.
        let head = node.ledger().head().clone();
        drop(node);
        let node = self::node(revision, Pace::ByHand, Some(path)).unwrap();
        assert_eq!(node.ledger().head().descriptor, head.descriptor);
        assert_eq!(node.ledger().head().world.root, head.world.root);
    }
}

/// Runs something twice from a snapshot, and once more on another node that the chain is loaded
/// into.
fn come_back(node: &Node) {
    let revision = node.protocol().revision;
    let blobs = Blobs::of(revision);
    let new = NewService {
        code_hash: Hash::blake2b(blobs.null_authorizer),
        code_length: blobs.null_authorizer.len() as u64,
        min_item_gas: Gas(1),
        min_memo_gas: Gas(2),
        endowment: Balance(1_000_000),
    };
    let package = package(node, &blobs.dialect.create(&new, [7; 32]));
    let snapshot = node.snapshot().unwrap();
    let dumped = node.dump().unwrap();
    let run = |node: &Node| {
        let hash = submit(node, 0, &package).unwrap();
        node.mine(2).unwrap();
        let head = node.ledger().head().clone();
        let key = blobs.dialect.created_key(&hash);
        let value = head.world.values.storage(ServiceId(0), &key).unwrap().unwrap();
        let id = blobs.dialect.created(&value).expect("a service was created");
        assert!(head.world.values.account(id).unwrap().is_some());
        (id, head.descriptor, head.world.root)
    };
    let first = run(node);
    node.revert(snapshot).unwrap();
    assert_eq!(node.ledger().head().descriptor.slot, 3);
    assert!(node.ledger().package(&package.hash(node.protocol())).unwrap().is_none());
    assert_eq!(run(node), first);
    node.revert(snapshot).unwrap();
    assert_eq!(run(node), first);
    assert!(node.revert(99).unwrap_err().to_string().contains("snapshot 99 does not exist"));
    // Another node goes on with the same chain.
    let other = by_hand(revision);
    other.mine(5).unwrap();
    other.load(dumped).unwrap();
    assert_eq!(run(&other), first);
    other.load(node.dump().unwrap()).unwrap();
    other.mine(1).unwrap();
    node.mine(1).unwrap();
    assert_eq!(other.ledger().head().descriptor, node.ledger().head().descriptor);
    assert!(other.load(b"nonsense".to_vec()).is_err());
    assert_eq!(other.ledger().head().descriptor, node.ledger().head().descriptor);
}

fn a_pruned_chain_goes_on(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.chain");
    let first = node(revision, Pace::ByHand, Some(&path)).unwrap();
    first.mine(50).unwrap();
    let waiting = submit(&first, 0, &package(&first, &solicit(&first, b"x"))).unwrap();
    let size = || std::fs::metadata(&path).unwrap().len();
    let before = size();
    first.prune().unwrap();
    assert!(size() < before, "{} from {before}", size());
    let head = first.ledger().head().clone();
    drop(first);
    let second = node(revision, Pace::ByHand, Some(&path)).unwrap();
    assert_eq!(second.ledger().head().descriptor, head.descriptor);
    assert_eq!(second.ledger().head().world.root, head.world.root);
    second.mine(2).unwrap();
    assert!(matches!(stage(&second, &waiting), Stage::Ready { .. }));
}

/// A state made by `jambox state init` has no block yet.
fn a_state_in_a_file_is_gone_on_with(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.redb");
    let store = FileStore::create(&path, &protocol(revision)).unwrap();
    let genesis = development(&protocol(revision)).unwrap();
    store.write(&genesis.changes, [], None).unwrap();
    drop(store);
    let first = node(revision, Pace::ByHand, Some(&path)).unwrap();
    first.mine(3).unwrap();
    let new = by_hand(revision);
    assert_eq!(first.ledger().head().descriptor, new.ledger().head().descriptor);
    let hash = submit(&first, 0, &package(&first, &solicit(&first, b"x"))).unwrap();
    first.mine(2).unwrap();
    assert!(matches!(stage(&first, &hash), Stage::Ready { .. }));
    // Readers of the file see the state after the last block, while the node has it.
    let seen = FileState::open(&path).unwrap();
    assert_eq!(seen.root(), first.ledger().head().world.root);
    let header = seen.note("header").unwrap().unwrap();
    assert_eq!(*header, *encode_with(&first.ledger().head().header, &protocol(revision)));
}

fn a_state_that_another_command_changed_is_gone_on_with(revision: Revision) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.redb");
    let first = node(revision, Pace::ByHand, Some(&path)).unwrap();
    first.mine(3).unwrap();
    drop(first);
    // As `jambox run --state` does: a later slot and no block.
    let store = FileStore::open(&path).unwrap();
    let mut changes = Changes::default();
    changes.set_component(Component::Slot, &TimeSlot(9), &protocol(revision));
    let root = store.write(&changes, [], None).unwrap();
    drop(store);
    let second = node(revision, Pace::ByHand, Some(&path)).unwrap();
    assert_eq!(second.ledger().head().world.root, root);
    second.mine(1).unwrap();
    assert_eq!(second.ledger().head().header.parent_state_root, root);
    assert_eq!(second.ledger().head().descriptor.slot, 10);
    drop(second);
    // A block of which nothing is known.
    let store = FileStore::open(&path).unwrap();
    let mut recent: RecentBlocks =
        Component::RecentBlocks.read(&*store.read(), &protocol(revision)).unwrap();
    recent.blocks.last_mut().unwrap().header_hash = Hash([7; 32]);
    let mut changes = Changes::default();
    changes.set_component(Component::RecentBlocks, &recent, &protocol(revision));
    store.write(&changes, [], None).unwrap();
    drop(store);
    let error = node(revision, Pace::ByHand, Some(&path)).err().unwrap().to_string();
    assert!(error.contains("whose header is not in the file"), "{error}");
}

fn changes_by_hand_are_in_the_next_blocks_root(revision: Revision) {
    let node = by_hand(revision);
    node.change(|accounts| {
        accounts.set_storage(ServiceId(0), b"key", Some(b"value"[..].into()))?;
        Ok(())
    })
    .unwrap();
    let root = node.ledger().head().world.root;
    node.mine(1).unwrap();
    let ledger = node.ledger();
    assert_eq!(ledger.head().header.parent_state_root, root);
    let value = ledger.head().world.values.storage(ServiceId(0), b"key").unwrap();
    assert_eq!(value.as_deref(), Some(&b"value"[..]));
    node.warp(TimeSlot(1000));
    node.mine(1).unwrap();
    let slot: TimeSlot =
        Component::Slot.read(&*node.ledger().head().world.values, &protocol(revision)).unwrap();
    assert_eq!(slot, TimeSlot(1000));
    assert_eq!(node.ledger().head().world.values.services().unwrap(), [ServiceId(0)]);
}

fn on_demand_a_block_comes_when_there_is_something_for_it(revision: Revision) {
    let node = Arc::new(node(revision, Pace::OnDemand, None).unwrap());
    node.mine(3).unwrap();
    let maker = Arc::clone(&node);
    let maker = std::thread::spawn(move || maker.make_blocks());
    let hash = submit(&node, 0, &package(&node, &solicit(&node, b"x"))).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !matches!(stage(&node, &hash), Stage::Ready { .. }) {
        assert!(Instant::now() < end, "nothing happens");
        std::thread::sleep(Duration::from_millis(10));
    }
    // One to report it, one to make it available, and none after that.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(node.ledger().head().descriptor.slot, 5);
    node.end();
    maker.join().unwrap();
}
