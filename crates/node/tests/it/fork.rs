//! Chains that begin with the state of another node's.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jambox_invocation::Env;
use jambox_node::client::Client;
use jambox_node::rpc::{RpcLimits, serve};
use jambox_node::{Genesis, Node, NodeError, Pace, development, fork, hex};
use jambox_state::{AccountInfo, Base, Component, StateKey, Values};
use jambox_types::{Balance, Hash, Parameters, Protocol, Revision, ServiceId};
use jsonrpsee::RpcModule;
use jsonrpsee::server::{ServerBuilder, ServerHandle};
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::chain::{by_hand, hand_in, protocol, solicit};

/// A service of the first node that has something in its storage.
const SERVICE: ServiceId = ServiceId(77);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A node to fork, until it is dropped.
struct First {
    node: Arc<Node>,
    address: String,
    _handle: ServerHandle,
    _runtime: Runtime,
}

impl First {
    fn new(revision: Revision) -> Self {
        let node = Arc::new(by_hand(revision));
        node.change(|accounts| {
            let info = AccountInfo { balance: Balance(1_000_000), ..AccountInfo::default() };
            accounts.create(SERVICE, info)?;
            accounts.set_storage(SERVICE, b"colour", Some(b"green"[..].into()))?;
            accounts.set_storage(SERVICE, b"size", Some(b"large"[..].into()))?;
            Ok(())
        })
        .unwrap();
        node.mine(2).unwrap();
        let runtime = runtime();
        let served = serve(Arc::clone(&node), any_port(), RpcLimits::default());
        let (handle, address) = runtime.block_on(served).unwrap();
        Self { node, address: format!("ws://{address}"), _handle: handle, _runtime: runtime }
    }
}

/// A fork of the node at an address.
fn forked(address: &str) -> Node {
    let forked = fork(address, None, None).unwrap();
    let env = Env::new(forked.protocol).unwrap();
    let genesis = || Ok(forked.genesis);
    let node = Node::new(env, Pace::ByHand, None, genesis, Box::new(|_| {})).unwrap();
    node.mine(3).unwrap();
    node
}

fn storage(node: &Node, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let value = node.ledger().head().world.values.storage(SERVICE, key);
    Ok(value.map_err(|error| error.to_string())?.map(|value| value.to_vec()))
}

fn root(node: &Node) -> Hash {
    node.ledger().head().world.root
}

fn reads(node: &Node) -> usize {
    node.ledger().origin().unwrap().count()
}

/// Entries there are read when they are asked for, once; changes of a fork are its own.
#[test]
fn a_fork_reads_what_it_needs_and_keeps_its_changes_to_itself() {
    for revision in Revision::ALL.iter().copied() {
        let first = First::new(revision);
        let before = root(&first.node);
        let node = forked(&first.address);
        assert_eq!(*node.protocol(), protocol(revision));
        let ledger = node.ledger();
        let genesis = ledger.entries().next().unwrap();
        assert_eq!(genesis.world.root, before);
        assert_eq!(genesis.header.parent, first.node.ledger().head().descriptor.hash);
        assert_eq!(ledger.head().world.values.services().unwrap(), [ServiceId(0), SERVICE]);

        assert_eq!(reads(&node), 0, "blocks without work need no service");
        assert_eq!(storage(&node, b"colour").unwrap().as_deref(), Some(&b"green"[..]));
        assert_eq!(storage(&node, b"weight").unwrap(), None);
        assert_eq!(reads(&node), 2);

        let wanted = b"a preimage";
        let package = hand_in(&node, 0, &solicit(&node, wanted));
        node.mine(2).unwrap();
        let account = node.account(&package).unwrap().unwrap();
        assert_eq!(account["failures"], json!([]), "{account:#}");
        assert_eq!(account["status"]["stage"], "accumulated");
        node.change(|accounts| {
            accounts.set_storage(SERVICE, b"colour", None)?;
            accounts.set_storage(SERVICE, b"weight", Some(b"heavy"[..].into()))?;
            Ok(())
        })
        .unwrap();
        node.mine(1).unwrap();
        assert_eq!(storage(&node, b"colour").unwrap(), None);
        assert_eq!(storage(&node, b"weight").unwrap().as_deref(), Some(&b"heavy"[..]));
        assert_eq!(storage(&node, b"size").unwrap().as_deref(), Some(&b"large"[..]));
        // A removed service has nothing left, here or there.
        node.change(|accounts| Ok(accounts.remove(SERVICE)?)).unwrap();
        assert_eq!(storage(&node, b"size").unwrap(), None);
        assert_eq!(node.ledger().head().world.values.services().unwrap(), [ServiceId(0)]);

        assert_eq!(root(&first.node), before);
        assert_eq!(storage(&first.node, b"size").unwrap().as_deref(), Some(&b"large"[..]));
    }
}

/// Roots tell the changes, not the reads.
#[test]
fn a_fork_taken_back_and_another_of_the_same_block_have_the_same_roots() {
    let first = First::new(Revision::GrayPaper080);
    let node = forked(&first.address);
    let work = |node: &Node| {
        hand_in(node, 0, &solicit(node, b"x"));
        node.mine(2).unwrap();
        root(node)
    };
    let snapshot = node.snapshot().unwrap();
    let begun = root(&node);
    let once = work(&node);
    assert_ne!(once, begun);
    node.revert(snapshot).unwrap();
    assert_eq!(root(&node), begun);
    assert_eq!(work(&node), once);
    let other = forked(&first.address);
    storage(&other, b"colour").unwrap();
    assert_eq!(work(&other), once);
}

/// Entries that were read are kept: the first node may be gone by then.
#[test]
fn a_fork_goes_on_without_the_other_node_as_far_as_it_read() {
    let first = First::new(Revision::GrayPaper080);
    let node = forked(&first.address);
    hand_in(&node, 0, &solicit(&node, b"x"));
    storage(&node, b"colour").unwrap();
    node.mine(2).unwrap();
    drop(first);
    assert_eq!(storage(&node, b"colour").unwrap().as_deref(), Some(&b"green"[..]));
    let error = storage(&node, b"size").unwrap_err();
    assert!(error.contains("the state that this chain was forked from"), "{error}");
    node.mine(1).unwrap();
    assert!(matches!(node.dump(), Err(NodeError::Fork)));
}

/// A node that has the methods of JIP-2 and no others, in front of one of ours.
fn plain(address: &str, runtime: &Runtime) -> (ServerHandle, String) {
    let mut module = RpcModule::new(Client::connect(address).unwrap());
    for name in [
        "parameters",
        "bestBlock",
        "finalizedBlock",
        "parent",
        "stateRoot",
        "statistics",
        "serviceData",
        "serviceValue",
        "servicePreimage",
        "serviceRequest",
        "listServices",
    ] {
        module
            .register_blocking_method(name, move |params, client, _| {
                let params: Vec<Value> = params.parse().unwrap_or_default();
                let failed = |error: jambox_node::client::ClientError| {
                    ErrorObjectOwned::owned(0, error.to_string(), None::<()>)
                };
                client.call(name, params).map_err(failed)
            })
            .unwrap();
    }
    runtime.block_on(async {
        let server = ServerBuilder::new().build(any_port()).await.unwrap();
        let address = server.local_addr().unwrap();
        (server.start(module), format!("ws://{address}"))
    })
}

/// Services are read of a node that has JIP-2 alone; values that no method reads give an error.
#[test]
fn what_jip_2_cannot_give_is_said() {
    let first = First::new(Revision::GrayPaper080);
    let runtime = runtime();
    let (_handle, address) = plain(&first.address, &runtime);
    let begun = fork(&address, None, None).unwrap();
    assert!(begun.made_up.contains(&Component::RecentBlocks), "{:?}", begun.made_up);
    assert!(!begun.made_up.contains(&Component::Statistics), "{:?}", begun.made_up);
    let node = Arc::new(forked(&address));
    let package = hand_in(&node, 0, &solicit(&node, b"x"));
    node.mine(2).unwrap();
    assert_eq!(node.account(&package).unwrap().unwrap()["failures"], json!([]));
    assert_eq!(storage(&node, b"colour").unwrap().as_deref(), Some(&b"green"[..]));

    let (_handle, own) =
        runtime.block_on(serve(Arc::clone(&node), any_port(), RpcLimits::default())).unwrap();
    let client = Client::connect(&format!("ws://{own}")).unwrap();
    let head = client.best_block().unwrap().hash;
    let key = |name: &[u8]| StateKey::storage(SERVICE, name);
    // The entry was asked for by its name before; the other one was not.
    let known = client.state_value(head, &key(b"colour").0).unwrap();
    assert_eq!(known.as_deref(), Some(&b"green"[..]));
    let error = client.state_value(head, &key(b"size").0).unwrap_err().to_string();
    assert!(error.contains("no method of JIP-2 reads a state key"), "{error}");
    assert!(error.contains(&hex(&key(b"size").0)), "{error}");
    assert_eq!(
        client.service_value(head, SERVICE, b"size").unwrap().as_deref(),
        Some(&b"large"[..])
    );
    let head = STANDARD.encode(head.0).into();
    let listed = client.call("jambox_service", vec![head, SERVICE.0.into()]).unwrap();
    assert_eq!(listed["entries"].as_array().unwrap().len(), 2, "{listed:#}");
    assert_eq!(listed["entries"][0]["kind"], "storage");
    let missing = listed["missing"].as_str().unwrap();
    assert!(missing.contains("JIP-2 has no method that lists them"), "{missing}");

    let error = fork(&address, Some(Hash([1; 32])), None).unwrap_err().to_string();
    assert!(error.contains("does not tell the slot"), "{error}");
    let error = fork("ws://127.0.0.1:1", None, None).unwrap_err().to_string();
    assert!(error.contains("cannot connect"), "{error}");
}

/// An older block is forked as it was; parameters that are no preset's have to be named.
#[test]
fn a_fork_begins_at_the_block_that_is_named() {
    let first = First::new(Revision::GrayPaper080);
    let ledger = first.node.ledger();
    let earlier = ledger.entries().nth(1).unwrap();
    let begun = fork(&first.address, Some(earlier.descriptor.hash), None).unwrap();
    let Genesis { header, origin, .. } = begun.genesis;
    assert_eq!(header.parent_state_root, earlier.world.root);
    assert_eq!(header.slot.0, earlier.descriptor.slot);
    assert!(origin.unwrap().services.iter().eq([&ServiceId(0)]));

    let parameters = Parameters { item_deposit: 11, ..Parameters::TINY };
    let protocol = Protocol::new(Revision::GrayPaper080, parameters);
    let genesis = || Ok(development(&protocol)?);
    let env = Env::new(protocol).unwrap();
    let node = Node::new(env, Pace::ByHand, None, genesis, Box::new(|_| {})).unwrap();
    node.mine(3).unwrap();
    let runtime = runtime();
    let served = serve(Arc::new(node), any_port(), RpcLimits::default());
    let (_handle, address) = runtime.block_on(served).unwrap();
    let address = format!("ws://{address}");
    let error = fork(&address, None, None).unwrap_err().to_string();
    assert!(error.contains("are no preset's"), "{error}");
    let begun = fork(&address, None, Some(parameters)).unwrap();
    assert_eq!(begun.protocol, protocol);
}
