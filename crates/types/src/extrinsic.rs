//! The extrinsic of a block, and its parts.

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
    /// Index of the ticket among its validator's entries.
    pub entry: u8,
}

impl_codec!(Ticket { id, entry });

/// A submitted ticket (`eq:ticketsextrinsic`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketEnvelope {
    /// Index of the ticket among its validator's entries.
    pub entry: u8,
    /// Ring signature: the proof that a validator made the ticket, without its name.
    pub signature: RingSignature,
}

impl_codec!(TicketEnvelope { entry, signature });

/// A preimage that a service has requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preimage {
    /// The service that requested it.
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
    /// The guarantor's signature over the report's hash.
    pub signature: Ed25519Signature,
}

impl_codec!(Credential { validator, signature });

/// A report with its guarantors' signatures (`eq:guaranteesextrinsic`, 0.7.2; `eq:guarantee`,
/// 0.8.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarantee {
    /// The report.
    pub report: WorkReport,
    /// Slot of the guarantee.
    pub slot: TimeSlot,
    /// Signatures of two or three guarantors.
    pub credentials: Vec<Credential>,
}

impl_codec!(Guarantee for Revised { report, slot, credentials });

/// A validator's statement of the cores whose available data it holds its chunk of
/// (`eq:xtassurances`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assurance {
    /// Hash of the parent block's header.
    pub anchor: Hash,
    /// The cores whose pending reports are assured.
    pub availabilities: CoreBits,
    /// The validator.
    pub assurer: ValidatorIndex,
    /// The validator's signature.
    pub signature: Ed25519Signature,
}

impl_codec!(Assurance in Protocol { anchor, availabilities, assurer, signature });

/// A validator's judgment of a report (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgment {
    /// True if the report is judged valid.
    pub is_valid: bool,
    /// The validator.
    pub judge: ValidatorIndex,
    /// The validator's signature.
    pub signature: Ed25519Signature,
}

impl_codec!(Judgment { is_valid, judge, signature });

/// The judgments of a super-majority on a report (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Hash of the report.
    pub report_hash: Hash,
    /// The epoch whose validators judge.
    pub epoch: u32,
    /// The validators' judgments.
    pub judgments: PerSuperMajority<Judgment>,
}

impl_codec!(Verdict in Protocol { report_hash, epoch, judgments });

/// A guarantor of a report that was judged to be invalid (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culprit {
    /// Hash of the report.
    pub report_hash: Hash,
    /// The guarantor's key.
    pub key: Ed25519Key,
    /// The guarantor's signature on its guarantee.
    pub signature: Ed25519Signature,
}

impl_codec!(Culprit { report_hash, key, signature });

/// A judge whose judgment the verdict contradicts (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Hash of the report.
    pub report_hash: Hash,
    /// True if the judge judged the report valid.
    pub is_valid: bool,
    /// The judge's key.
    pub key: Ed25519Key,
    /// The judge's signature on its judgment.
    pub signature: Ed25519Signature,
}

impl_codec!(Fault { report_hash, is_valid, key, signature });

/// The disputes of a block (`sec:disputes`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disputes {
    /// Verdicts on reports.
    pub verdicts: Vec<Verdict>,
    /// Guarantors of reports judged invalid.
    pub culprits: Vec<Culprit>,
    /// Judges contradicted by a verdict.
    pub faults: Vec<Fault>,
}

impl_codec!(Disputes in Protocol { verdicts, culprits, faults });

/// The extrinsic: all data in a block from outside of the chain (`eq:extrinsic`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extrinsic {
    /// Tickets for sealing the next epoch's blocks.
    pub tickets: Vec<TicketEnvelope>,
    /// Preimages that services have requested.
    pub preimages: Vec<Preimage>,
    /// Guarantees of new work reports.
    pub guarantees: Vec<Guarantee>,
    /// Assurances of the availability of earlier reports.
    pub assurances: Vec<Assurance>,
    /// Disputes about reports.
    pub disputes: Disputes,
}

impl_codec!(Extrinsic in Protocol { tickets, preimages, guarantees, assurances, disputes });

impl Extrinsic {
    /// Hash of the extrinsic, as the header commits to it: the hash of the hashes of its parts. In
    /// the parts, reports (and preimages, under
    /// [`Rules::preimages_hashed_in_extrinsic`](crate::Rules::preimages_hashed_in_extrinsic)) stand
    /// by their hashes, so that each can be proven to be included (`sec:header`).
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
