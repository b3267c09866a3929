//! The journal's records made into a ledger again, and what the node holds made into records.

use std::sync::Arc;

use jambox_chain::ExportedSegments;
use jambox_codec::{decode_all, decode_all_with, encode, encode_with};
use jambox_invocation::Env;
use jambox_state::{Blob, Changes, Meaning, StateKey};
use jambox_types::{Block, CoreIndex, Hash, Header, Protocol, WorkReport};
use serde_json::Value;

use crate::NodeError;
use crate::account::SymbolTable;
use crate::authoring::import;
use crate::genesis::Genesis;
use crate::journal::{self, Beginning, Record};
use crate::ledger::{Ledger, PackageRecord, Stage};
use crate::world::World;

pub(crate) fn beginning(genesis: &Genesis, protocol: &Protocol) -> Beginning {
    Beginning {
        format: Beginning::FORMAT,
        revision: protocol.revision.name().as_bytes().to_vec(),
        parameters: encode_with(&protocol.parameters, protocol),
        header: encode_with(&genesis.header, protocol),
        values: entries(&genesis.changes),
    }
}

pub(crate) fn entries(changes: &Changes) -> Vec<journal::Entry> {
    let entry = |(key, change): (&StateKey, &jambox_state::Change)| journal::Entry {
        key: key.0.to_vec(),
        meaning: change.meaning.as_ref().map(encode),
        value: change.value.as_ref().map(|value| value.to_vec()),
    };
    changes.iter().map(entry).collect()
}

pub(crate) fn world_entries(world: &World) -> Vec<journal::Entry> {
    let entry = |(key, value): (StateKey, &Blob)| journal::Entry {
        key: key.0.to_vec(),
        meaning: world.meaning(&key).as_ref().map(encode),
        value: Some(value.to_vec()),
    };
    world.values.iter().map(entry).collect()
}

pub(crate) fn changes(entries: Vec<journal::Entry>) -> Result<Changes, NodeError> {
    let mut changes = Changes::default();
    for entry in entries {
        let key = entry.key.as_slice().try_into();
        let key = StateKey(key.map_err(|_| NodeError::Damaged("a state key".to_owned()))?);
        let value = entry.value.map(Blob::from);
        let meaning: Option<Meaning> = entry.meaning.as_deref().map(decode_all).transpose()?;
        match meaning.filter(|meaning| meaning.key() == key) {
            Some(meaning) => changes.set(meaning, value),
            None => changes.set_key(key, value),
        }
    }
    Ok(changes)
}

/// The ledger of a node that saw all of this happen.
pub(crate) fn replay(
    env: &Env,
    symbols: &Arc<SymbolTable>,
    records: Vec<Record>,
) -> Result<Ledger, NodeError> {
    let protocol = env.protocol();
    let mut records = records.into_iter();
    let Some(Record::Beginning(beginning)) = records.next() else {
        return Err(NodeError::Damaged("it has no beginning".to_owned()));
    };
    if beginning.format != Beginning::FORMAT {
        let (found, own) = (beginning.format.to_string(), Beginning::FORMAT.to_string());
        return Err(NodeError::Protocol { what: "format", found, own });
    }
    let found = String::from_utf8_lossy(&beginning.revision).into_owned();
    let own = protocol.revision.name().to_owned();
    if found != own {
        return Err(NodeError::Protocol { what: "revision", found, own });
    }
    if beginning.parameters != encode_with(&protocol.parameters, protocol) {
        let (found, own) = ("another".to_owned(), "those of --params".to_owned());
        return Err(NodeError::Protocol { what: "set of parameters", found, own });
    }
    let header: Header = decode_all_with(&beginning.header, protocol)?;
    let world = World::new(&changes(beginning.values)?);
    let mut ledger = Ledger::new(*protocol, header, world);
    for record in records {
        match record {
            Record::Beginning(_) => return Err(NodeError::Damaged("it begins twice".to_owned())),
            Record::Block(octets) => {
                let block: Block = decode_all_with(&octets, protocol)?;
                import(env, &mut ledger, symbols, block)?;
            }
            Record::Accepted(accepted) => accept(&mut ledger, accepted)?,
            Record::Refused(refused) => refuse(&mut ledger, refused)?,
            Record::Provided(provided) => {
                ledger.preimages.insert((provided.service, provided.data.into()), ());
            }
            Record::Changed(entries) => ledger.amend(&changes(entries)?),
        }
    }
    Ok(ledger)
}

pub(crate) fn accept(ledger: &mut Ledger, accepted: journal::Accepted) -> Result<(), NodeError> {
    let protocol = ledger.protocol;
    let report: WorkReport = decode_all_with(&accepted.report, &protocol)?;
    let package = report.availability.package_hash;
    if !accepted.exports.is_empty() {
        let segments = accepted.exports.into_iter().map(Blob::from).collect();
        let exports = ExportedSegments::new(segments, &protocol.parameters);
        let exports = exports.map_err(|error| NodeError::Damaged(error.to_string()))?;
        ledger.exports.insert(report.availability.segment_root, Arc::new(exports));
    }
    let report_hash = report.hash(&protocol);
    ledger.reports.insert(report_hash, package);
    ledger.waiting.push_back(package);
    let record = PackageRecord {
        core: CoreIndex(accepted.core),
        stage: Stage::Submitted,
        report: Some(Arc::new(report)),
        report_hash,
        in_core: Arc::new(json_of(&accepted.account)?),
        input: Arc::new(accepted.input),
        accumulated: None,
    };
    ledger.hand_in(package, record);
    Ok(())
}

pub(crate) fn refuse(ledger: &mut Ledger, refused: journal::Refused) -> Result<(), NodeError> {
    let record = PackageRecord {
        core: CoreIndex(refused.core),
        stage: Stage::Failed(String::from_utf8_lossy(&refused.reason).into_owned()),
        report: None,
        report_hash: Hash::ZERO,
        in_core: Arc::new(json_of(&refused.account)?),
        input: Arc::new(refused.input),
        accumulated: None,
    };
    ledger.hand_in(refused.package, record);
    Ok(())
}

fn json_of(octets: &[u8]) -> Result<Value, NodeError> {
    serde_json::from_slice(octets).map_err(|error| NodeError::Damaged(error.to_string()))
}
