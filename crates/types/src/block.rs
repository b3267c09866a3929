//! Blocks and their headers.

use alloc::vec::Vec;

use jambox_codec::{encode_with, impl_codec};

use crate::{
    BandersnatchKey, BandersnatchSignature, Ed25519Key, Extrinsic, Hash, PerSlot, PerValidator,
    Protocol, Ticket, TimeSlot, ValidatorIndex,
};

/// The two keys of a validator in an epoch marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochMarkKeys {
    /// Key for block production.
    pub bandersnatch: BandersnatchKey,
    /// Key for signatures on the chain.
    pub ed25519: Ed25519Key,
}

impl_codec!(EpochMarkKeys { bandersnatch, ed25519 });

/// The epoch marker, in the header of an epoch's first block: parameters of the next epoch
/// (`sec:markers`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochMark {
    /// Randomness of the epoch.
    pub entropy: Hash,
    /// Randomness of the next epoch's tickets.
    pub tickets_entropy: Hash,
    /// Validators of the next epoch.
    pub validators: PerValidator<EpochMarkKeys>,
}

impl_codec!(EpochMark in Protocol { entropy, tickets_entropy, validators });

/// A block's header (`eq:header`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Hash of the parent's header.
    pub parent: Hash,
    /// Root of the state before the block.
    pub parent_state_root: Hash,
    /// Hash of the block's extrinsic.
    pub extrinsic_hash: Hash,
    /// The block's slot.
    pub slot: TimeSlot,
    /// The next epoch. In the header of an epoch's first block only.
    pub epoch_mark: Option<EpochMark>,
    /// The tickets that seal the next epoch's blocks. In the header of the first block after ticket
    /// submission only.
    pub tickets_mark: Option<PerSlot<Ticket>>,
    /// The author, by its index.
    pub author: ValidatorIndex,
    /// The author's VRF signature, the source of randomness.
    pub entropy_source: BandersnatchSignature,
    /// Keys of the validators newly found to misbehave.
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
    /// Hash of the header's encoding: the parent hash in a child's header.
    #[must_use]
    pub fn hash(&self, protocol: &Protocol) -> Hash {
        Hash::blake2b(&encode_with(self, protocol))
    }

    /// The encoding without the seal: the message that the seal signs.
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
    /// The header.
    pub header: Header,
    /// The extrinsic.
    pub extrinsic: Extrinsic,
}

impl_codec!(Block in Protocol { header, extrinsic });
