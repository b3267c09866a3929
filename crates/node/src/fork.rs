//! A chain that begins with the state of another node's.

use std::sync::Arc;

use jambox_codec::{DecodeError, decode_all_with};
use jambox_state::{Changes, Component, Meaning, StateError, merkle};
use jambox_types::{
    Hash, Header, Parameters, Preset, Protocol, RecentBlock, RecentBlocks, Revision, TimeSlot,
};

use crate::client::{Client, ClientError};
use crate::genesis::{self, Genesis};
use crate::origin::Origin;
use crate::records::Descriptor;
use crate::rpc::versioned_parameters;

/// The reason why a chain cannot be forked.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// The node does not answer, or does not have the block.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The other node has parameters that are neither a preset's nor the given ones.
    #[error("the parameters of the node at {0} are no preset's and not those that were given")]
    Parameters(String),
    /// The slot of the block cannot be told.
    #[error("the node at {address} does not tell the slot of block {at}")]
    Slot {
        /// The node.
        address: String,
        /// The block.
        at: Hash,
    },
    /// The node has a component that does not decode.
    #[error("the node's state does not decode: {0}")]
    Decode(#[from] DecodeError),
    /// The components that no method reads cannot be made.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A chain to begin with, and the protocol that it runs under.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The other node's protocol.
    pub protocol: Protocol,
    /// The beginning.
    pub genesis: Genesis,
    /// The components that the node has no method to read, which are a development chain's.
    pub made_up: Vec<Component>,
}

/// Forks the chain of the node at an address after a block, or after the last one that is final.
/// `parameters` are tried beside the presets.
///
/// # Errors
///
/// The node does not answer, or its answer lacks something that a chain needs.
pub fn fork(
    address: &str,
    at: Option<Hash>,
    parameters: Option<Parameters>,
) -> Result<Fork, ForkError> {
    let client = Client::connect(address)?;
    let protocol = protocol(&client, parameters)?;
    let at = place(&client, at, &protocol)?;
    let root = client.state_root(at.hash)?;
    let services = client.services(at.hash)?.into_iter().collect();
    let (mut changes, made_up) = components(&client, at, &protocol)?;
    let header = Header {
        parent: at.hash,
        parent_state_root: root,
        slot: TimeSlot(at.slot),
        ..genesis::header(&protocol)
    };
    add_history(&mut changes, (&header, root), &protocol)?;
    let origin = Some(Arc::new(Origin::new(client, at.hash, root, services)));
    Ok(Fork { protocol, genesis: Genesis { changes, header, origin }, made_up })
}

/// The protocol that a node runs under, by the parameters it gives.
fn protocol(client: &Client, given: Option<Parameters>) -> Result<Protocol, ForkError> {
    let said = client.parameters()?;
    let presets = Preset::ALL.into_iter().map(Parameters::preset);
    let known: Vec<Parameters> = given.into_iter().chain(presets).collect();
    let all = Revision::ALL.into_iter().flat_map(|revision| {
        known.iter().map(move |parameters| Protocol::new(revision, *parameters))
    });
    let mut all = all.filter(|protocol| {
        let ours = versioned_parameters(protocol);
        let ours = ours.get("V1").and_then(|members| members.as_object());
        // Members of one node that another does not have are no difference.
        ours.is_some_and(|ours| {
            ours.iter().all(|(name, value)| said.get(name).is_none_or(|it| it == value))
                && said.as_object().is_some_and(|said| said.contains_key("epoch_period"))
                && (said.get("val_count").is_some() == ours.contains_key("val_count"))
        })
    });
    all.next().ok_or_else(|| ForkError::Parameters(client.address().to_owned()))
}

/// The block to begin after, with its slot.
fn place(client: &Client, at: Option<Hash>, protocol: &Protocol) -> Result<Descriptor, ForkError> {
    let last = client.finalized_block()?;
    let Some(at) = at.filter(|at| *at != last.hash) else { return Ok(last) };
    match component(client, at, Component::Slot)? {
        Some(slot) => {
            let TimeSlot(slot) = decode_all_with(&slot, protocol)?;
            Ok(Descriptor { hash: at, slot })
        }
        None => Err(ForkError::Slot { address: client.address().to_owned(), at }),
    }
}

/// The value of a component, where the node has a method that reads it.
fn component(
    client: &Client,
    at: Hash,
    component: Component,
) -> Result<Option<Vec<u8>>, ClientError> {
    match client.state_value(at, &component.key().0) {
        Err(error) if error.is_unknown_method() && component == Component::Statistics => {
            client.statistics(at).map(Some)
        }
        Err(error) if error.is_unknown_method() => Ok(None),
        value => value,
    }
}

/// The components after a block. Those that cannot be read are a development chain's.
fn components(
    client: &Client,
    at: Descriptor,
    protocol: &Protocol,
) -> Result<(Changes, Vec<Component>), ForkError> {
    let (development, mut made_up) = (genesis::development(protocol)?, Vec::new());
    let mut changes = Changes::default();
    for known in Component::ALL {
        let meaning = Meaning::Component(*known);
        match component(client, at.hash, *known)? {
            Some(value) => changes.set(meaning, Some(value.into())),
            None if *known == Component::Slot => {
                changes.set_component(*known, &TimeSlot(at.slot), protocol);
            }
            None => {
                if let Some(made) = development.changes.get(&known.key()) {
                    changes.set(meaning, made.value.clone());
                    made_up.push(*known);
                }
            }
        }
    }
    Ok((changes, made_up))
}

/// Adds the header that the fork begins with to the recent blocks, so that others descend from it
/// and packages can be anchored on it.
fn add_history(
    changes: &mut Changes,
    (header, root): (&Header, Hash),
    protocol: &Protocol,
) -> Result<(), ForkError> {
    let known = changes.get(&Component::RecentBlocks.key()).and_then(|known| known.value.clone());
    let known: Option<RecentBlocks> =
        known.map(|octets| decode_all_with(&octets, protocol)).transpose()?;
    let known = known
        .filter(|known| known.blocks.last().is_some_and(|last| last.header_hash == header.parent));
    let Some(mut recent) = known else {
        genesis::begin_history(changes, header, protocol);
        return Ok(());
    };
    if let Some(last) = recent.blocks.last_mut() {
        last.state_root = root;
    }
    recent.blocks.push(RecentBlock {
        header_hash: header.hash(protocol),
        accumulation_root: merkle::super_peak(&recent.output_log),
        state_root: Hash::ZERO,
        slot: header.slot,
        reported: [].into(),
    });
    let excess = recent.blocks.len().saturating_sub(protocol.parameters.recent_blocks.into());
    recent.blocks.drain(..excess);
    changes.set_component(Component::RecentBlocks, &recent, protocol);
    Ok(())
}
