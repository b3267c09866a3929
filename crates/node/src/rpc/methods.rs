//! The methods of JIP-2.

use std::sync::Arc;

use jambox_codec::encode_with;
use jambox_state::{Accounts, Base, Blob, Component, RequestKey, StateKey, Values};
use jambox_types::{CoreIndex, Hash, ServiceId};
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::{Value, json};

use super::parameters;
use super::values::{
    blob, block_unavailable, descriptor, other, parse, report_unavailable, segment_unavailable,
    status,
};
use crate::ledger::{Entry, Ledger};
use crate::node::Node;
use crate::octets::{Base64, Hash64, hash};
use crate::packages::unbundle;
use crate::records::Summary;

/// The answer to a call.
pub type Answer = Result<Value, ErrorObjectOwned>;

/// The server's methods, to add to. They are plain functions: what the server has around a method,
/// its tasks for one, is compiled once that way, and not for each of forty closures.
pub struct Methods<'m>(pub &'m mut RpcModule<Arc<Node>>);

type Method = fn(&Params<'_>, &Node) -> Answer;

impl Methods<'_> {
    /// Adds a method that answers at once.
    ///
    /// # Errors
    ///
    /// There is a method of this name.
    pub fn add(&mut self, name: &'static str, method: Method) -> Result<(), RegisterMethodError> {
        self.0.register_method(name, move |params, node, _| method(&params, node))?;
        Ok(())
    }

    /// Adds a method that takes its time, in threads that may be blocked.
    ///
    /// # Errors
    ///
    /// There is a method of this name.
    pub fn add_slow(
        &mut self,
        name: &'static str,
        method: Method,
    ) -> Result<(), RegisterMethodError> {
        self.0.register_blocking_method(name, move |params, node, _| method(&params, &node))?;
        Ok(())
    }
}

/// The block whose state is asked for.
pub fn entry(ledger: &Ledger, block: &Hash) -> Result<Arc<Entry>, ErrorObjectOwned> {
    ledger.entry(block).cloned().ok_or_else(|| block_unavailable(block))
}

/// A block, be its state kept or not.
fn summary(ledger: &Ledger, block: &Hash) -> Result<Summary, ErrorObjectOwned> {
    ledger.summary(block).map_err(other)?.ok_or_else(|| block_unavailable(block))
}

/// Reads a value of the state after a block.
fn read(node: &Node, block: &Hash, read: &Read) -> Answer {
    let entry = entry(&node.ledger(), block)?;
    read.value(&entry)
}

/// Adds them all.
pub fn register(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add("parameters", |_, node| Ok(parameters::versioned(node.protocol())))?;
    for name in ["bestBlock", "finalizedBlock"] {
        methods.add(name, |_, node| Ok(descriptor(&node.ledger().head().descriptor)))?;
    }
    methods.add("parent", |params, node| {
        let (Hash64(block),) = parse(params)?;
        let parent = node.ledger().parent(&block).map_err(other)?;
        let parent = parent.ok_or_else(|| block_unavailable(&block))?;
        Ok(descriptor(&parent))
    })?;
    methods.add("stateRoot", |params, node| {
        let (Hash64(block),) = parse(params)?;
        Ok(hash(&summary(&node.ledger(), &block)?.root).into())
    })?;
    methods.add("beefyRoot", |params, node| {
        let (Hash64(block),) = parse(params)?;
        Ok(hash(&summary(&node.ledger(), &block)?.accumulation_root).into())
    })?;
    methods.add("workReport", |params, node| {
        let (Hash64(report),) = parse(params)?;
        let ledger = node.ledger();
        let package = ledger.package_of(&report).map_err(other)?;
        let package = package.map(|package| ledger.package(&package)).transpose();
        let record = package.map_err(other)?.flatten();
        let found = record.and_then(|record| record.report.clone());
        let found = found.ok_or_else(|| report_unavailable(&report))?;
        Ok(blob(&encode_with(&*found, node.protocol())))
    })?;
    methods.add("syncState", |_, _| Ok(json!({ "num_peers": 0, "status": "Completed" })))?;
    register_state(methods)?;
    register_packages(methods)
}

/// The methods that read the state after a block.
fn register_state(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add("statistics", |params, node| {
        let (Hash64(block),) = parse(params)?;
        read(node, &block, &Read::Statistics)
    })?;
    methods.add("listServices", |params, node| {
        let (Hash64(block),) = parse(params)?;
        let services = entry(&node.ledger(), &block)?.world.values.services().map_err(other)?;
        Ok(services.into_iter().map(|service| service.0).collect::<Vec<_>>().into())
    })?;
    methods.add("serviceData", |params, node| {
        let (Hash64(block), id) = parse(params)?;
        read(node, &block, &Read::Data(ServiceId(id)))
    })?;
    methods.add("serviceValue", |params, node| {
        let (Hash64(block), id, Base64(key)) = parse(params)?;
        read(node, &block, &Read::Value(ServiceId(id), key))
    })?;
    methods.add("servicePreimage", |params, node| {
        let (Hash64(block), id, Hash64(preimage)) = parse(params)?;
        read(node, &block, &Read::Preimage(ServiceId(id), preimage))
    })?;
    methods.add("servicePreimageLen", |params, node| {
        let (Hash64(block), id, Hash64(preimage)) = parse(params)?;
        let entry = entry(&node.ledger(), &block)?;
        let found = entry.world.values.preimage(ServiceId(id), &preimage).map_err(other)?;
        Ok(found.map(|preimage| preimage.len()).into())
    })?;
    methods.add("serviceRequest", |params, node| {
        let (Hash64(block), id, Hash64(preimage), length) = parse(params)?;
        let key = RequestKey { hash: preimage, length };
        read(node, &block, &Read::Request(ServiceId(id), key))
    })?;
    // Of the drafts of JIP-2: any value by its state key, without which nothing forks a chain.
    methods.add("stateValue", |params, node| {
        let (Hash64(block), Base64(key)) = parse(params)?;
        let key = key.as_slice().try_into().map_err(|_| other("a state key has 31 octets"))?;
        let entry = entry(&node.ledger(), &block)?;
        let value = entry.world.values.value(&StateKey(key)).map_err(other)?;
        Ok(value.map(|value| blob(&value)).into())
    })?;
    Ok(())
}

/// The methods about packages, preimages and segments.
fn register_packages(methods: &mut Methods<'_>) -> Result<(), RegisterMethodError> {
    methods.add_slow("submitWorkPackage", |params, node| {
        let (core, Base64(package), extrinsics): (u16, _, Vec<Base64>) = parse(params)?;
        let extrinsics: Vec<Blob> = extrinsics.into_iter().map(|it| it.0.into()).collect();
        node.submit(CoreIndex(core), &package, &extrinsics).map_err(other)?;
        Ok(Value::Null)
    })?;
    methods.add_slow("submitWorkPackageBundle", |params, node| {
        let (core, Base64(bundle)) = parse(params)?;
        let (package, extrinsics) = unbundle(&bundle, &node.ledger()).map_err(other)?;
        node.submit(CoreIndex(core), &package, &extrinsics).map_err(other)?;
        Ok(Value::Null)
    })?;
    methods.add("workPackageStatus", |params, node| {
        let (Hash64(block), Hash64(package), Hash64(anchor)) = parse(params)?;
        let ledger = node.ledger();
        let entry = entry(&ledger, &block)?;
        Ok(status(&ledger.status(&entry, &package, &anchor).map_err(other)?))
    })?;
    methods.add_slow("submitPreimage", |params, node| {
        let (service, Base64(preimage)) = parse(params)?;
        node.provide(ServiceId(service), &preimage).map_err(other)?;
        Ok(Value::Null)
    })?;
    for name in ["fetchWorkPackageSegments", "fetchSegments"] {
        methods.add(name, |params, node| {
            let (Hash64(root), indices): (_, Vec<u16>) = parse(params)?;
            let ledger = node.ledger();
            let found = ledger.segments(&root).map_err(other)?;
            let found = found.ok_or_else(|| segment_unavailable(&root, None))?;
            let segment = |index| {
                let segment =
                    found.get(index).ok_or_else(|| segment_unavailable(&root, Some(index)))?;
                Ok(blob(&segment))
            };
            let segments: Result<Vec<Value>, ErrorObjectOwned> =
                indices.into_iter().map(segment).collect();
            Ok(segments?.into())
        })?;
    }
    Ok(())
}

/// Something to read from the state after a block.
#[derive(Clone, Debug)]
pub enum Read {
    /// The statistics.
    Statistics,
    /// A service's record.
    Data(ServiceId),
    /// A value in a service's storage.
    Value(ServiceId, Vec<u8>),
    /// A preimage.
    Preimage(ServiceId, Hash),
    /// A request for a preimage.
    Request(ServiceId, RequestKey),
}

impl Read {
    /// The value, as JIP-2 gives it.
    ///
    /// # Errors
    ///
    /// The state cannot be read.
    pub fn value(&self, entry: &Entry) -> Answer {
        let values = &entry.world.values;
        let found = match self {
            Self::Statistics => Ledger::component(entry, Component::Statistics),
            Self::Data(service) => values.value(&StateKey::account(*service)).map_err(other)?,
            Self::Value(service, key) => values.storage(*service, key).map_err(other)?,
            Self::Preimage(service, hash) => values.preimage(*service, hash).map_err(other)?,
            Self::Request(service, key) => {
                let accounts = Accounts::new(Arc::clone(values) as Arc<dyn Base>);
                let history = accounts.request(*service, key).map_err(other)?;
                let slots =
                    history.map(|history| history.slots().map(|slot| slot.0).collect::<Vec<_>>());
                return Ok(slots.into());
            }
        };
        Ok(found.map(|octets| blob(&octets)).into())
    }
}
