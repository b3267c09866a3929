//! What comes into a block from outside.

use alloc::vec::Vec;

use jambox_codec::{Encode, encode_natural, encode_with, impl_codec};

use crate::{
    CoreBits, Ed25519Key, Ed25519Signature, Hash, PerSuperMajority, Protocol, Revised,
    RingSignature, ServiceId, TimeSlot, ValidatorIndex, WorkReport,
};

/// A ticket: the right to seal a block if its identifier is among the lowest (`sec:safrole`,
/// 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The identifier, verifiably random.
    pub id: Hash,
    /// Which of its validator's entries it is.
    pub entry: u8,
}

impl_codec!(Ticket { id, entry });

/// A ticket as it is submitted (`eq:ticketsextrinsic`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketEnvelope {
    /// Which of its validator's entries it is.
    pub entry: u8,
    /// The proof that some validator made it.
    pub signature: RingSignature,
}

impl_codec!(TicketEnvelope { entry, signature });

/// A preimage for the service that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preimage {
    /// The service.
    pub service: ServiceId,
    /// The preimage.
    pub data: Vec<u8>,
}

impl_codec!(Preimage { service, data });

/// A guarantor's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// The guarantor.
    pub validator: ValidatorIndex,
    /// Its signature over the report's hash.
    pub signature: Ed25519Signature,
}

impl_codec!(Credential { validator, signature });

/// A report and who answers for it (`eq:guaranteesextrinsic`, 0.7.2; `eq:guarantee`, 0.8.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarantee {
    /// The report.
    pub report: WorkReport,
    /// When it was guaranteed.
    pub slot: TimeSlot,
    /// Two or three guarantors.
    pub credentials: Vec<Credential>,
}

impl_codec!(Guarantee for Revised { report, slot, credentials });

/// A validator's word on which reports' data it holds a part of (`eq:xtassurances`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assurance {
    /// The parent block's hash.
    pub anchor: Hash,
    /// The cores whose reports are meant.
    pub availabilities: CoreBits,
    /// The validator.
    pub assurer: ValidatorIndex,
    /// Its signature.
    pub signature: Ed25519Signature,
}

impl_codec!(Assurance in Protocol { anchor, availabilities, assurer, signature });

/// A validator's judgment of a report (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgment {
    /// Whether it finds the report valid.
    pub is_valid: bool,
    /// The validator.
    pub judge: ValidatorIndex,
    /// Its signature.
    pub signature: Ed25519Signature,
}

impl_codec!(Judgment { is_valid, judge, signature });

/// The judgments of a super-majority on a report (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The report's hash.
    pub report_hash: Hash,
    /// The epoch whose validators judge.
    pub epoch: u32,
    /// Their judgments.
    pub judgments: PerSuperMajority<Judgment>,
}

impl_codec!(Verdict in Protocol { report_hash, epoch, judgments });

/// A guarantor of a report that was judged to be invalid (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culprit {
    /// The report's hash.
    pub report_hash: Hash,
    /// The guarantor's key.
    pub key: Ed25519Key,
    /// Its signature as a guarantor.
    pub signature: Ed25519Signature,
}

impl_codec!(Culprit { report_hash, key, signature });

/// A judge whose judgment the verdict contradicts (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The report's hash.
    pub report_hash: Hash,
    /// Whether the judge found the report valid.
    pub is_valid: bool,
    /// The judge's key.
    pub key: Ed25519Key,
    /// Its signature as a judge.
    pub signature: Ed25519Signature,
}

impl_codec!(Fault { report_hash, is_valid, key, signature });

/// The disputes of a block (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disputes {
    /// Verdicts on reports.
    pub verdicts: Vec<Verdict>,
    /// Guarantors who guaranteed wrongly.
    pub culprits: Vec<Culprit>,
    /// Judges who judged wrongly.
    pub faults: Vec<Fault>,
}

impl_codec!(Disputes in Protocol { verdicts, culprits, faults });

/// All that comes into a block from outside (`eq:extrinsic`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extrinsic {
    /// Tickets for the next epoch.
    pub tickets: Vec<TicketEnvelope>,
    /// Preimages that services asked for.
    pub preimages: Vec<Preimage>,
    /// Newly reported work.
    pub guarantees: Vec<Guarantee>,
    /// Word of the availability of work reported before.
    pub assurances: Vec<Assurance>,
    /// Disputes about reports.
    pub disputes: Disputes,
}

impl_codec!(Extrinsic in Protocol { tickets, preimages, guarantees, assurances, disputes });

impl Extrinsic {
    /// The commitment that the header makes to the extrinsic: the hash of its parts' hashes, with
    /// reports, and preimages where the revision says so, hashed on their own so that each can be
    /// proven to be in it (`sec:header`).
    #[must_use]
    pub fn hash(&self, protocol: &Protocol) -> Hash {
        let mut guarantees = Vec::new();
        encode_natural(self.guarantees.len() as u64, &mut guarantees);
        for guarantee in &self.guarantees {
            guarantee.report.hash(protocol).encode_to(&mut guarantees, protocol);
            guarantee.slot.encode_to(&mut guarantees, protocol);
            guarantee.credentials.encode_to(&mut guarantees, protocol);
        }
        let preimages = if protocol.rules().preimages_hashed_in_extrinsic {
            let hashed = |it: &Preimage| (it.service, Hash::blake2b(&it.data));
            encode_with(&self.preimages.iter().map(hashed).collect::<Vec<_>>(), protocol)
        } else {
            encode_with(&self.preimages, protocol)
        };
        let parts = [
            encode_with(&self.tickets, protocol),
            preimages,
            guarantees,
            encode_with(&self.assurances, protocol),
            encode_with(&self.disputes, protocol),
        ];
        let hashes = parts.map(|part| Hash::blake2b(&part));
        Hash::blake2b_of(&hashes.each_ref().map(AsRef::as_ref))
    }
}
