//! Blocks and their headers.

use alloc::vec::Vec;

use jambox_codec::{encode_with, impl_codec};

use crate::{
    BandersnatchKey, BandersnatchSignature, Ed25519Key, Extrinsic, Hash, PerSlot, PerValidator,
    Protocol, Ticket, TimeSlot, ValidatorIndex,
};

/// The two keys of a validator that an epoch marker names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochMarkKeys {
    /// For block production.
    pub bandersnatch: BandersnatchKey,
    /// For signatures on the chain.
    pub ed25519: Ed25519Key,
}

impl_codec!(EpochMarkKeys { bandersnatch, ed25519 });

/// What the first block of an epoch says of the next one (`sec:markers`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochMark {
    /// Randomness of the epoch.
    pub entropy: Hash,
    /// Randomness that tickets are made from.
    pub tickets_entropy: Hash,
    /// Validators of the next epoch.
    pub validators: PerValidator<EpochMarkKeys>,
}

impl_codec!(EpochMark in Protocol { entropy, tickets_entropy, validators });

/// A block's header (`eq:header`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The hash of the parent's header.
    pub parent: Hash,
    /// The root of the state before the block.
    pub parent_state_root: Hash,
    /// The hash of the block's extrinsic.
    pub extrinsic_hash: Hash,
    /// The block's slot.
    pub slot: TimeSlot,
    /// Of the first block of an epoch: the next epoch.
    pub epoch_mark: Option<EpochMark>,
    /// Of the block that ends ticket submission: the tickets that seal the next epoch's blocks.
    pub tickets_mark: Option<PerSlot<Ticket>>,
    /// The author.
    pub author: ValidatorIndex,
    /// The author's VRF signature, the source of randomness.
    pub entropy_source: BandersnatchSignature,
    /// Validators newly found to misbehave.
    pub offenders_mark: Vec<Ed25519Key>,
    /// The author's seal over all of the above.
    pub seal: BandersnatchSignature,
}

impl_codec!(Header in Protocol {
    parent,
    parent_state_root,
    extrinsic_hash,
    slot,
    epoch_mark,
    tickets_mark,
    author,
    entropy_source,
    offenders_mark,
    seal,
});

impl Header {
    /// The hash of the header's encoding, by which a child names its parent.
    #[must_use]
    pub fn hash(&self, protocol: &Protocol) -> Hash {
        Hash::blake2b(&encode_with(self, protocol))
    }

    /// The encoding without the seal, which is what the seal signs.
    #[must_use]
    pub fn encode_unsigned(&self, protocol: &Protocol) -> Vec<u8> {
        let mut octets = encode_with(self, protocol);
        octets.truncate(octets.len().saturating_sub(BandersnatchSignature::LENGTH));
        octets
    }
}

/// A block (`eq:block`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its header.
    pub header: Header,
    /// What came into it from outside.
    pub extrinsic: Extrinsic,
}

impl_codec!(Block in Protocol { header, extrinsic });
