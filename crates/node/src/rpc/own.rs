//! Methods of our own beside JIP-2, all prefixed `jambox_`. Hashes and octets may be written in
//! Base64, as in JIP-2; accounts give them in hexadecimal, as the command does.

use std::sync::Arc;

use jambox_state::{Blob, Meaning, RequestHistory, RequestKey, StateKey, Values};
use jambox_symbols::Symbols;
use jambox_types::{Balance, Hash, ServiceId, TimeSlot};
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};

use super::methods::entry;
use super::values::{blob, block_unavailable, descriptor, other, parse};
use crate::account::hex;
use crate::node::{Node, NodeError};
use crate::octets::{Base64, Hash64};
use crate::trace::TraceError;
use crate::world::World;

type Answer = Result<Value, ErrorObjectOwned>;

/// The most blocks that one call makes.
const MINE_LIMIT: u32 = 10_000;
/// The most blocks or packages that one call lists.
const LIST_LIMIT: usize = 256;

/// The warning of a fork's lists of entries.
const MISSING: &str = "the node that this chain was forked from may have more: JIP-2 has no method \
                       that lists them, so those are here that were read or changed";

/// Adds all methods of our own.
pub fn register(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    register_accounts(module)?;
    register_invocations(module)?;
    register_time(module)?;
    register_changes(module)
}

/// Adds the accounts of packages and blocks.
fn register_accounts(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    module.register_method("jambox_package", |params, node, _| -> Answer {
        let (Hash64(package),) = parse(&params)?;
        let missing = || other(format!("there is no package {package}"));
        node.account(&package).map_err(other)?.ok_or_else(missing)
    })?;
    module.register_method("jambox_addSymbols", |params, node, _| -> Answer {
        let (Hash64(code), text): (_, String) = parse(&params)?;
        let symbols: Symbols = text.parse().map_err(other)?;
        if !symbols.are_for(code) {
            return Err(other(format!("the symbols are not for the code {code}")));
        }
        node.add_symbols([(code, symbols)].into());
        Ok(Value::Null)
    })?;
    module.register_method("jambox_block", |params, node, _| -> Answer {
        let (Hash64(block),) = parse(&params)?;
        let account = node.ledger().account(&block).map_err(other)?;
        account.ok_or_else(|| block_unavailable(&block))
    })?;
    module.register_method("jambox_blocks", |params, node, _| -> Answer {
        let (count,): (usize,) = parse(&params)?;
        let ledger = node.ledger();
        let last = ledger.entries().rev().take(count.min(LIST_LIMIT));
        Ok(last.map(|entry| entry.account.clone()).collect::<Vec<_>>().into())
    })?;
    module.register_method("jambox_packages", |params, node, _| -> Answer {
        let (count,): (usize,) = parse(&params)?;
        let ledger = node.ledger();
        let latest = ledger.latest(count.min(LIST_LIMIT)).map_err(other)?;
        let accounts = latest.iter().map(|package| node.account(package));
        let accounts: Result<Vec<Option<Value>>, _> = accounts.collect();
        Ok(accounts.map_err(other)?.into_iter().flatten().collect::<Vec<_>>().into())
    })?;
    module.register_method("jambox_service", |params, node, _| -> Answer {
        let (Hash64(block), id): (_, u32) = parse(&params)?;
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
fn register_invocations(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("jambox_trace", |params, node, _| -> Answer {
        let (Hash64(hash), index) = parse(&params)?;
        match node.trace(&hash, index) {
            Err(TraceError::Forgotten(block)) => Err(block_unavailable(&block)),
            trace => Ok(trace.map_err(other)?.into()),
        }
    })?;
    module.register_blocking_method("jambox_invocation", |params, node, _| -> Answer {
        let (Hash64(hash), index) = parse(&params)?;
        match node.invocation(&hash, index) {
            Err(TraceError::Forgotten(block)) => Err(block_unavailable(&block)),
            invocation => invocation.map_err(other),
        }
    })?;
    Ok(())
}

/// When blocks are made, and which chain goes on.
fn register_time(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("jambox_mine", |params, node, _| -> Answer {
        let (count,): (u32,) = parse(&params)?;
        if count > MINE_LIMIT {
            return Err(other(format!("at most {MINE_LIMIT} blocks are made at once")));
        }
        node.mine(count).map_err(other)?;
        Ok(descriptor(&node.ledger().head().descriptor))
    })?;
    module.register_method("jambox_warp", |params, node, _| -> Answer {
        let (slot,): (u32,) = parse(&params)?;
        node.warp(TimeSlot(slot));
        Ok(Value::Null)
    })?;
    for (name, is_paused) in [("jambox_pause", true), ("jambox_resume", false)] {
        module.register_method(name, move |_, node, _| -> Answer {
            node.pause(is_paused);
            Ok(Value::Null)
        })?;
    }
    module.register_method("jambox_snapshot", |_, node, _| -> Answer {
        Ok(node.snapshot().map_err(other)?.into())
    })?;
    module.register_blocking_method("jambox_revert", |params, node, _| -> Answer {
        let (number,): (u64,) = parse(&params)?;
        node.revert(number).map_err(other)?;
        Ok(descriptor(&node.ledger().head().descriptor))
    })?;
    module.register_blocking_method("jambox_dump", |_, node, _| -> Answer {
        Ok(blob(&node.dump().map_err(other)?))
    })?;
    module.register_blocking_method("jambox_load", |params, node, _| -> Answer {
        let (Base64(chain),) = parse(&params)?;
        node.load(chain).map_err(other)?;
        Ok(descriptor(&node.ledger().head().descriptor))
    })?;
    module.register_blocking_method("jambox_prune", |_, node, _| -> Answer {
        node.prune().map_err(other)?;
        Ok(Value::Null)
    })?;
    Ok(())
}

/// Adds changes made by hand.
fn register_changes(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("jambox_setBalance", |params, node, _| -> Answer {
        let (id, balance): (u32, u64) = parse(&params)?;
        update(&node, ServiceId(id), |accounts, service| {
            accounts.update(service, |info| info.balance = Balance(balance))?;
            Ok(())
        })
    })?;
    module.register_blocking_method("jambox_setStorage", |params, node, _| -> Answer {
        let (id, Base64(key), value): (u32, _, Option<Base64>) = parse(&params)?;
        update(&node, ServiceId(id), |accounts, service| {
            accounts.set_storage(service, &key, value.map(|value| value.0.into()))?;
            Ok(())
        })
    })?;
    module.register_blocking_method("jambox_setCode", |params, node, _| -> Answer {
        let (id, Base64(code)): (u32, _) = parse(&params)?;
        let slot = TimeSlot(node.ledger().head().descriptor.slot);
        update(&node, ServiceId(id), |accounts, service| {
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
