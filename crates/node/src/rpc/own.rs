//! Methods of our own beside JIP-2, all prefixed `jambox_`. Hashes and octets may be written in
//! Base64, as in JIP-2; accounts give them in hexadecimal, as the command does.

use jambox_state::{Blob, Meaning, RequestHistory, RequestKey, StateKey, Values};
use jambox_symbols::Symbols;
use jambox_types::{Balance, Hash, ServiceId, TimeSlot};
use jsonrpsee::core::RegisterMethodError;
use serde_json::{Value, json};

use super::methods::{Answer, Methods, entry};
use super::values::{blob, block_unavailable, descriptor, other, parse};
use crate::account::hex;
use crate::node::{Node, NodeError};
use crate::octets::{Base64, Hash64};
use crate::trace::TraceError;
use crate::world::World;

/// The most blocks that one call makes.
const MINE_LIMIT: u32 = 10_000;
/// The most blocks or packages that one call lists.
const LIST_LIMIT: usize = 256;

/// The warning of a fork's lists of entries.
const MISSING: &str = "the node that this chain was forked from may have more: JIP-2 has no method \
                       that lists them, so those are here that were read or changed";

/// Adds all methods of our own.
pub fn register(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    register_accounts(methods)?;
    register_invocations(methods)?;
    register_time(methods)?;
    register_changes(methods)
}

/// Adds the accounts of packages and blocks.
fn register_accounts(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add("jambox_package", |params, node| {
        let (Hash64(package),) = parse(params)?;
        let missing = || other(format!("there is no package {package}"));
        node.account(&package).map_err(other)?.ok_or_else(missing)
    })?;
    methods.add("jambox_addSymbols", |params, node| {
        let (Hash64(code), text): (_, String) = parse(params)?;
        let symbols: Symbols = text.parse().map_err(other)?;
        if !symbols.are_for(code) {
            return Err(other(format!("the symbols are not for the code {code}")));
        }
        node.add_symbols([(code, symbols)].into());
        Ok(Value::Null)
    })?;
    methods.add("jambox_block", |params, node| {
        let (Hash64(block),) = parse(params)?;
        let account = node.ledger().account(&block).map_err(other)?;
        account.ok_or_else(|| block_unavailable(&block))
    })?;
    methods.add("jambox_blocks", |params, node| {
        let (count,): (usize,) = parse(params)?;
        let ledger = node.ledger();
        let last = ledger.entries().rev().take(count.min(LIST_LIMIT));
        Ok(last.map(|entry| entry.account.clone()).collect::<Vec<_>>().into())
    })?;
    methods.add("jambox_packages", |params, node| {
        let (count,): (usize,) = parse(params)?;
        let ledger = node.ledger();
        let latest = ledger.latest(count.min(LIST_LIMIT)).map_err(other)?;
        let accounts = latest.iter().map(|package| node.account(package));
        let accounts: Result<Vec<Option<Value>>, _> = accounts.collect();
        Ok(accounts.map_err(other)?.into_iter().flatten().collect::<Vec<_>>().into())
    })?;
    methods.add("jambox_service", |params, node| {
        let (Hash64(block), id): (_, u32) = parse(params)?;
        let entry = entry(&node.ledger(), &block)?;
        let (service, world) = (ServiceId(id), &entry.world);
        let keys = world.values.known_of(service).map_err(other)?;
        let missing = (!world.values.is_whole(service)).then_some(MISSING);
        let entries = keys.iter().map(|key| value_under(key, world)).collect::<Vec<_>>();
        Ok(json!({ "entries": entries, "missing": missing }))
    })?;
    Ok(())
}

/// A value of the state with its key, and the name of the key where it is known. A long value is
/// cut.
fn value_under(key: &StateKey, world: &World) -> Value {
    let (kind, name) = match world.meaning(key) {
        Some(Meaning::Storage(_, name)) => ("storage", Some(hex(&name))),
        Some(Meaning::Preimage(_, hash)) => ("preimage", Some(hex(&hash.0))),
        Some(Meaning::Request(_, it)) => {
            ("request", Some(format!("{} {}", hex(&it.hash.0), it.length)))
        }
        _ => ("unknown", None),
    };
    let value = world.values.value(key).ok().flatten();
    json!({
        "state_key": hex(&key.0),
        "kind": kind,
        "key": name,
        "octets": value.as_ref().map(|value| value.len()),
        "value": value.map(|value| hex(value.get(..LIST_LIMIT).unwrap_or(&value))),
    })
}

/// Adds single invocations, which are run once more to tell of them.
fn register_invocations(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add_slow("jambox_trace", |params, node| {
        let (Hash64(hash), index) = parse(params)?;
        match node.trace(&hash, index) {
            Err(TraceError::Forgotten(block)) => Err(block_unavailable(&block)),
            trace => Ok(trace.map_err(other)?.into()),
        }
    })?;
    methods.add_slow("jambox_invocation", |params, node| {
        let (Hash64(hash), index) = parse(params)?;
        match node.invocation(&hash, index) {
            Err(TraceError::Forgotten(block)) => Err(block_unavailable(&block)),
            invocation => invocation.map_err(other),
        }
    })?;
    Ok(())
}

/// When blocks are made, and which chain goes on.
fn register_time(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add_slow("jambox_mine", |params, node| {
        let (count,): (u32,) = parse(params)?;
        if count > MINE_LIMIT {
            return Err(other(format!("at most {MINE_LIMIT} blocks are made at once")));
        }
        node.mine(count).map_err(other)?;
        Ok(descriptor(&node.ledger().head().descriptor))
    })?;
    methods.add("jambox_warp", |params, node| {
        let (slot,): (u32,) = parse(params)?;
        node.warp(TimeSlot(slot));
        Ok(Value::Null)
    })?;
    methods.add("jambox_pause", |_, node| {
        node.pause(true);
        Ok(Value::Null)
    })?;
    methods.add("jambox_resume", |_, node| {
        node.pause(false);
        Ok(Value::Null)
    })?;
    methods.add("jambox_snapshot", |_, node| Ok(node.snapshot().map_err(other)?.into()))?;
    methods.add_slow("jambox_revert", |params, node| {
        let (number,): (u64,) = parse(params)?;
        node.revert(number).map_err(other)?;
        Ok(descriptor(&node.ledger().head().descriptor))
    })?;
    methods.add_slow("jambox_dump", |_, node| Ok(blob(&node.dump().map_err(other)?)))?;
    methods.add_slow("jambox_load", |params, node| {
        let (Base64(chain),) = parse(params)?;
        node.load(chain).map_err(other)?;
        Ok(descriptor(&node.ledger().head().descriptor))
    })?;
    methods.add_slow("jambox_prune", |_, node| {
        node.prune().map_err(other)?;
        Ok(Value::Null)
    })?;
    Ok(())
}

/// Adds changes made by hand.
fn register_changes(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add_slow("jambox_setBalance", |params, node| {
        let (id, balance): (u32, u64) = parse(params)?;
        update(node, ServiceId(id), |accounts, service| {
            accounts.update(service, |info| info.balance = Balance(balance))?;
            Ok(())
        })
    })?;
    methods.add_slow("jambox_setStorage", |params, node| {
        let (id, Base64(key), value): (u32, _, Option<Base64>) = parse(params)?;
        update(node, ServiceId(id), |accounts, service| {
            accounts.set_storage(service, &key, value.map(|value| value.0.into()))?;
            Ok(())
        })
    })?;
    methods.add_slow("jambox_setCode", |params, node| {
        let (id, Base64(code)): (u32, _) = parse(params)?;
        let slot = TimeSlot(node.ledger().head().descriptor.slot);
        update(node, ServiceId(id), |accounts, service| {
            let (hash, length) = (Hash::blake2b(&code), u32::try_from(code.len()));
            let length = length.map_err(|_| NodeError::Damaged("the code is too long".into()))?;
            let history = Some(RequestHistory::Available(slot));
            accounts.set_request(service, RequestKey { hash, length }, history)?;
            accounts.set_preimage(service, hash, Some(Blob::from(code)))?;
            accounts.update(service, |info| info.code_hash = hash)?;
            Ok(())
        })
    })?;
    Ok(())
}

fn update(
    node: &Node,
    service: ServiceId,
    change: impl FnOnce(&mut jambox_state::Accounts, ServiceId) -> Result<(), NodeError>,
) -> Answer {
    let changed = node.change(|accounts| {
        if !accounts.contains(service)? {
            return Err(NodeError::NoService(service));
        }
        change(accounts, service)
    });
    changed.map_err(other)?;
    Ok(Value::Null)
}
