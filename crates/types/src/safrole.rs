//! State of block production and of disputes (`sec:blockproduction`, `sec:disputes`).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, impl_codec};

use crate::{
    BandersnatchKey, Ed25519Key, Hash, PerSlot, PerValidator, Protocol, RingRoot, Ticket,
    ValidatorKey,
};

/// The seal-key sequence: the right to seal each slot of an epoch
/// (`eq:ticketaccumulatorsealticketsspec`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotSealers {
    /// A ticket for each slot: its owner seals the block.
    Tickets(PerSlot<Ticket>),
    /// A key for each slot: the fallback.
    Keys(PerSlot<BandersnatchKey>),
}

impl Encode<Protocol> for SlotSealers {
    fn encode_to(&self, out: &mut Vec<u8>, context: &Protocol) {
        match self {
            Self::Tickets(tickets) => {
                encode_natural(0, out);
                tickets.encode_to(out, context);
            }
            Self::Keys(keys) => {
                encode_natural(1, out);
                keys.encode_to(out, context);
            }
        }
    }
}

impl Decode<Protocol> for SlotSealers {
    fn decode(reader: &mut Reader<'_>, context: &Protocol) -> Result<Self, DecodeError> {
        match reader.take_discriminator(1)? {
            0 => Decode::decode(reader, context).map(Self::Tickets),
            _ => Decode::decode(reader, context).map(Self::Keys),
        }
    }
}

/// The state of block production (`eq:consensusstatecomposition`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safrole {
    /// The validators of the next epoch.
    pub pending: PerValidator<ValidatorKey>,
    /// Commitment to the keys of these validators.
    pub epoch_root: RingRoot,
    /// The right to seal the blocks of this epoch.
    pub sealers: SlotSealers,
    /// The best tickets for the next epoch so far.
    pub tickets: Vec<Ticket>,
}

impl_codec!(Safrole in Protocol { pending, epoch_root, sealers, tickets });

/// Results of past disputes (`eq:disputesspec`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisputeRecords {
    /// Hashes of reports judged valid.
    pub good: BTreeSet<Hash>,
    /// Hashes of reports judged invalid.
    pub bad: BTreeSet<Hash>,
    /// Hashes of reports whose validity could not be decided.
    pub wonky: BTreeSet<Hash>,
    /// Keys of validators that misbehaved.
    pub offenders: BTreeSet<Ed25519Key>,
}

impl_codec!(DisputeRecords { good, bad, wonky, offenders });
