//! Work that costs this host too much, and how the chain goes on.

use std::sync::Arc;

use jambox_invocation::{Env, Limits};
use jambox_node::bootstrap::NewService;
use jambox_node::{Blobs, Event, Node, Pace, Stage, development};
use jambox_state::{Component, KeyedBase, RequestHistory, RequestKey};
use jambox_types::{Balance, Gas, Hash, Privileges, Revision, ServiceId, TimeSlot};

use crate::chain::{package, protocol, solicit, stage, submit};

/// Eight million octets are more than an invocation may have in memory here: the package that
/// looks them up fails, and the chain goes on.
pub fn a_package_that_costs_the_host_too_much_fails(revision: Revision) {
    let limits = Limits { memory: 4 << 20, ..Limits::default() };
    let env = Env::new(protocol(revision)).unwrap().with_limits(limits);
    let genesis = || Ok(development(&protocol(revision))?);
    let node = Node::new(env, Pace::ByHand, None, genesis, Box::new(|_| {})).unwrap();
    let large = vec![7; 8 << 20];
    let key = RequestKey { hash: Hash::blake2b(&large), length: 8 << 20 };
    node.change(|accounts| {
        accounts.set_request(ServiceId(0), key, Some(RequestHistory::Available(TimeSlot(0))))?;
        Ok(accounts.set_preimage(ServiceId(0), key.hash, Some(large.into()))?)
    })
    .unwrap();
    node.mine(3).unwrap();
    let new = NewService {
        code_hash: key.hash,
        code_length: key.length.into(),
        min_item_gas: Gas(0),
        min_memo_gas: Gas(0),
        endowment: Balance(0),
    };
    let create = Blobs::of(revision).dialect.create(&new, [0; 32]);
    let costly = submit(&node, 0, &package(&node, &create)).unwrap();
    let other = submit(&node, 1, &package(&node, &solicit(&node, b"x"))).unwrap();
    node.mine(3).unwrap();
    let Stage::Failed(reason) = stage(&node, &costly) else { panic!("it was not held back") };
    assert!(reason.starts_with("accumulating it costs this host too much: "), "{reason}");
    assert!(matches!(stage(&node, &other), Stage::Ready { .. }));
    // Its core is free again when the report has timed out.
    node.mine(protocol(revision).parameters.assurance_timeout.into()).unwrap();
    let next = submit(&node, 0, &package(&node, &solicit(&node, b"y"))).unwrap();
    node.mine(2).unwrap();
    assert!(matches!(stage(&node, &next), Stage::Ready { .. }));
}

/// No block would come any more: every one accumulates the service.
pub fn a_service_that_always_costs_the_host_too_much_is_held_back(revision: Revision) {
    let limits = Limits { memory: 1 << 10, ..Limits::default() };
    let env = Env::new(protocol(revision)).unwrap().with_limits(limits);
    let genesis = || {
        let mut genesis = development(&protocol(revision))?;
        let mut values = KeyedBase::default();
        values.change(&genesis.changes);
        let privileges = Component::Privileges.read(&values, &protocol(revision));
        let mut privileges: Privileges = privileges?;
        privileges.always_accumulate.insert(ServiceId(0), Gas(1_000_000));
        genesis.changes.set_component(Component::Privileges, &privileges, &protocol(revision));
        Ok(genesis)
    };
    let (tell, told) = std::sync::mpsc::channel();
    let listener = move |event: &Event<'_>| {
        if let Event::HeldBack(what) = event {
            tell.send((*what).to_owned()).unwrap();
        }
    };
    let node = Node::new(env, Pace::ByHand, None, genesis, Box::new(listener)).unwrap();
    let privileges = |node: &Node| -> Privileges {
        let values = Arc::clone(&node.ledger().head().world.values);
        Component::Privileges.read(&*values, &protocol(revision)).unwrap()
    };
    assert_eq!(privileges(&node).always_accumulate.len(), 1);
    node.mine(2).unwrap();
    assert_eq!(privileges(&node).always_accumulate.len(), 0);
    let told: Vec<String> = told.try_iter().collect();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.starts_with("service 0 always accumulates no more: "), "{told}");
    // Changes made by hand are in the root that the block names.
    let ledger = node.ledger();
    let [before, after] = [1, 2].map(|number| ledger.at(number).unwrap());
    assert_eq!(after.header.parent_state_root, before.world.root);
}
