//! Reasons for refusing a block.

use jambox_state::StateError;
use jambox_types::{CoreIndex, Gas, Hash, ServiceId, TimeSlot, ValidatorIndex};

use super::DisputeError;
use crate::SlotError;
use crate::accumulation::preimages::PreimagesError;
use jambox_invocation::HostError;

/// Reason for not applying a block.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockError {
    /// The block breaks a rule and is on no valid chain.
    #[error("the block is refused: {0}")]
    Refused(#[from] Refusal),
    /// The host failed; the block may be valid.
    #[error(transparent)]
    Host(HostError),
}

/// The rule broken by a block. Indices count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Slots ascend (`eq:header`, 0.7.2).
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// The header commits to the extrinsic.
    #[error("the extrinsic does not hash to the header's extrinsic hash (sec:header)")]
    ExtrinsicHash,
    /// The numbers of verdicts, culprits and faults are limited (`eq:disputesextrinsics`, 0.8.0).
    #[error(
        "the block has {count} verdicts, culprits or faults: expected at most {most} of each \
         (eq:disputesextrinsics)"
    )]
    DisputeCount {
        /// Number of the largest kind.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The header names the root of the state before the block (`sec:header`).
    #[error("the header's state root is not that of the state before the block (sec:header)")]
    PriorStateRoot,
    /// The author is one of the validators (`sec:header`).
    #[error(
        "the author's index is {author}: expected one below {count}, the validators (sec:header)"
    )]
    NoSuchAuthor {
        /// The author.
        author: ValidatorIndex,
        /// Number of validators.
        count: usize,
    },
    /// In the fallback, the slot's key is the author's (`eq:ticketconditionfalse`).
    #[error(
        "validator {author} is not the author of slot {slot}: the fallback gives the slot to \
         another key (eq:ticketconditionfalse)"
    )]
    Author {
        /// The author.
        author: ValidatorIndex,
        /// The block's slot.
        slot: TimeSlot,
    },
    /// The first block of an epoch has an epoch marker (`eq:epochmarker`).
    #[error("the epoch marker is missing: the block is the first of its epoch (eq:epochmarker)")]
    EpochMarkMissing,
    /// Other blocks have no epoch marker (`eq:epochmarker`).
    #[error(
        "the header has an epoch marker: expected one in the first block of an epoch only \
         (eq:epochmarker)"
    )]
    EpochMarkUnexpected,
    /// The epoch marker has the entropy and the validators of the state (`eq:epochmarker`).
    #[error("the epoch marker's entropy or validators are not the state's (eq:epochmarker)")]
    EpochMarkWrong,
    /// The first block after ticket submission has the winning tickets, if there are enough
    /// (`eq:winningticketsmarker`).
    #[error(
        "the winning-tickets marker is missing: the block is the first after the submission of \
         tickets, and there are enough (eq:winningticketsmarker)"
    )]
    TicketsMarkMissing,
    /// Other blocks have no winning tickets (`eq:winningticketsmarker`).
    #[error(
        "the header has a winning-tickets marker: expected one in the first block after the \
         submission of enough tickets only (eq:winningticketsmarker)"
    )]
    TicketsMarkUnexpected,
    /// The winning tickets are those of the state (`eq:winningticketsmarker`).
    #[error("the winning-tickets marker's tickets are not the state's (eq:winningticketsmarker)")]
    TicketsMarkWrong,
    /// The header has the offenders of the block's disputes (`sec:judgmentmarker`).
    #[error(
        "the offenders marker does not list the offenders of the disputes (sec:judgmentmarker)"
    )]
    OffendersMark,
    /// Disputes are in order and agree with each other and with earlier disputes (`sec:disputes`).
    #[error(transparent)]
    Disputes(#[from] DisputeError),
    /// The number of tickets is limited, and 0 in the tail of an epoch (`eq:enforceticketlimit`).
    #[error(
        "the block has {count} tickets: expected at most {most} in its slot \
         (eq:enforceticketlimit)"
    )]
    TicketCount {
        /// Number of tickets in the block.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// A ticket's entry index is below the number of a validator's entries (`eq:ticketsextrinsic`).
    #[error("ticket {index}: expected an entry index below {entries} (eq:ticketsextrinsic)")]
    TicketAttempt {
        /// Index of the ticket.
        index: usize,
        /// Number of entries of a validator.
        entries: u32,
    },
    /// The parent is the last block of the state (`eq:recenthistorydef`, 0.7.2).
    #[error("the parent hash is not the hash of the last block (eq:recenthistorydef)")]
    Parent,
    /// An assurance's anchor is the parent.
    #[error("the anchor of assurance {index} is not the parent block")]
    AssuranceAnchor {
        /// Index of the assurance.
        index: usize,
    },
    /// Assurances are in ascending order of validators that exist (`eq:xtassurances`, 0.7.2).
    #[error(
        "assurance {index} is out of order: expected ascending indices of validators, none twice \
         (eq:xtassurances)"
    )]
    AssuranceOrder {
        /// Index of the assurance.
        index: usize,
    },
    /// Only cores with a pending report are assured.
    #[error("assurance {index} is for core {core}, which has no pending report")]
    AssuranceOfNothing {
        /// Index of the assurance.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// Guarantees are in ascending order of cores that exist (`eq:guaranteesextrinsic`, 0.7.2).
    #[error(
        "guarantee {index}, for core {core}, is out of order: expected ascending cores, none twice \
         (eq:guaranteesextrinsic)"
    )]
    GuaranteeOrder {
        /// Index of the guarantee.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// Every three validators make a core active (`eq:guarantorsig`, 0.8.0).
    #[error(
        "guarantee {index} is for core {core}, which is not active with {validators} validators \
         (eq:guarantorsig)"
    )]
    InactiveCore {
        /// Index of the guarantee.
        index: usize,
        /// The core.
        core: CoreIndex,
        /// Number of validators.
        validators: usize,
    },
    /// The number of chunks is the number of validators (`sec:workreportguarantees`, 0.8.0).
    #[error(
        "the report of guarantee {index} has {shards} erasure shards: expected one for each of \
         the {validators} validators (sec:workreportguarantees)"
    )]
    ErasureShards {
        /// Index of the guarantee.
        index: usize,
        /// Number of chunks in the report.
        shards: u16,
        /// Number of validators.
        validators: usize,
    },
    /// A core has one report at a time (`eq:reportcoresareunusedortimedout`, 0.7.2).
    #[error("guarantee {index} is for core {core}, which has a pending report already")]
    CoreEngaged {
        /// Index of the guarantee.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// A report has the signatures of two or three validators, in ascending order
    /// (`sec:workreportguarantees`, 0.7.2).
    #[error(
        "the credentials of guarantee {index} are not valid: expected two or three validators in \
         ascending order"
    )]
    Credentials {
        /// Index of the guarantee.
        index: usize,
    },
    /// A guarantee is of the present rotation of guarantors or of the last (`eq:guarantorsig`,
    /// 0.7.2).
    #[error(
        "guarantee {index} has slot {slot}: expected one of the present rotation of guarantors or \
         of the one before (eq:guarantorsig)"
    )]
    GuaranteeSlot {
        /// Index of the guarantee.
        index: usize,
        /// Slot of the guarantee.
        slot: TimeSlot,
    },
    /// A report's authorizer is in the pool of its core
    /// (`eq:reportcoresareunusedortimedout`, 0.7.2).
    #[error("the authorizer of guarantee {index} is not in the authorizer pool of core {core}")]
    Authorizer {
        /// Index of the guarantee.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// The number of a report's digests is limited, and at least one (`eq:workreport`, 0.7.2).
    #[error("the report of guarantee {index} has {count} digests: expected 1 to {most}")]
    DigestCount {
        /// Index of the guarantee.
        index: usize,
        /// Number of digests.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The number of a report's dependencies is limited (`eq:limitreportdeps`, 0.7.2).
    #[error("the report of guarantee {index} has {count} dependencies: expected at most {most}")]
    DependencyCount {
        /// Index of the guarantee.
        index: usize,
        /// Number of dependencies.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The size of a report's outputs is limited (`eq:limitworkreportsize`, 0.7.2).
    #[error("the outputs of guarantee {index} have {octets} octets: expected at most {most}")]
    ReportSize {
        /// Index of the guarantee.
        index: usize,
        /// Size of the outputs, in octets.
        octets: usize,
        /// Largest size allowed, in octets.
        most: usize,
    },
    /// A package is reported at most once (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} reports package {package}, which was reported before")]
    Reported {
        /// Index of the guarantee.
        index: usize,
        /// The package.
        package: Hash,
    },
    /// A report's anchor is a recent block (`sec:contextualvalidity`, 0.7.2).
    #[error("the anchor of guarantee {index} agrees with no recent block (sec:contextualvalidity)")]
    Anchor {
        /// Index of the guarantee.
        index: usize,
    },
    /// A lookup anchor is not older than the limit (`eq:limitlookupanchorage`, 0.7.2).
    #[error("the lookup anchor of guarantee {index} is too old: slot {slot}")]
    LookupAnchor {
        /// Index of the guarantee.
        index: usize,
        /// The slot of the lookup anchor.
        slot: TimeSlot,
    },
    /// Slot and state root of a lookup anchor are those of its block (`sec:contextualvalidity`,
    /// 0.8.0).
    #[error(
        "the lookup anchor of guarantee {index} has another slot or state root than the block it \
         names (sec:contextualvalidity)"
    )]
    LookupAnchorOther {
        /// Index of the guarantee.
        index: usize,
    },
    /// A report's dependencies were reported recently or in the same block
    /// (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} depends on package {package}, which was not reported recently")]
    Dependency {
        /// Index of the guarantee.
        index: usize,
        /// The missing package.
        package: Hash,
    },
    /// A report's segment roots are those of the packages (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} has another segment root for package {package} than its report")]
    SegmentRoot {
        /// Index of the guarantee.
        index: usize,
        /// The package.
        package: Hash,
    },
    /// A digest's service exists (`eq:reportcodesarecorrect`, 0.7.2).
    #[error("guarantee {index} has a digest of service {service}, which does not exist")]
    NoService {
        /// Index of the guarantee.
        index: usize,
        /// The service.
        service: ServiceId,
    },
    /// A digest's code hash is the service's (`eq:reportcodesarecorrect`, 0.7.2).
    #[error("guarantee {index} has a digest whose code hash is not that of service {service}")]
    CodeHash {
        /// Index of the guarantee.
        index: usize,
        /// The service.
        service: ServiceId,
    },
    /// A digest's gas for accumulation is at least the service's minimum.
    #[error(
        "guarantee {index} gives service {service} {gas} gas to accumulate: expected {least} or \
         more"
    )]
    TooLittleGas {
        /// Index of the guarantee.
        index: usize,
        /// The service.
        service: ServiceId,
        /// Gas of the digest.
        gas: Gas,
        /// Minimum of the service.
        least: Gas,
    },
    /// The gas for the accumulation of a report is limited.
    #[error("guarantee {index} asks for more gas to accumulate than a report may use")]
    TooMuchGas {
        /// Index of the guarantee.
        index: usize,
    },
    /// Preimages are in strictly ascending order of service, then data
    /// (`eq:preimagesareordered`, 0.7.2).
    #[error(
        "preimage {index}, for service {service}, is out of order: expected ascending services and \
         data, none twice (eq:preimagesareordered)"
    )]
    PreimageOrder {
        /// Index of the preimage.
        index: usize,
        /// The service of the preimage.
        service: ServiceId,
    },
    /// Preimages are requested and not yet available.
    #[error("preimage {index} is not requested by service {service}, or is available already")]
    PreimageUnneeded {
        /// Index of the preimage.
        index: usize,
        /// The service of the preimage.
        service: ServiceId,
    },
    /// No two services create the same service in one round.
    #[error("two services create service {0} in one round")]
    CreatedTwice(ServiceId),
}

impl From<StateError> for BlockError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::CreatedTwice(service) => Refusal::CreatedTwice(service).into(),
            error => Self::Host(error.into()),
        }
    }
}

impl From<HostError> for BlockError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::State(error) => error.into(),
            error => Self::Host(error),
        }
    }
}

impl From<PreimagesError> for BlockError {
    fn from(error: PreimagesError) -> Self {
        match error {
            PreimagesError::NotSortedUnique { index, service } => {
                Refusal::PreimageOrder { index, service }.into()
            }
            PreimagesError::Unneeded { index, service } => {
                Refusal::PreimageUnneeded { index, service }.into()
            }
            PreimagesError::State(error) => error.into(),
        }
    }
}

impl Refusal {
    /// Index of the guarantee that breaks the rule, from 0; `None` for other rules.
    #[must_use]
    pub const fn guarantee(&self) -> Option<usize> {
        match *self {
            Self::GuaranteeOrder { index, .. }
            | Self::InactiveCore { index, .. }
            | Self::ErasureShards { index, .. }
            | Self::CoreEngaged { index, .. }
            | Self::Credentials { index }
            | Self::GuaranteeSlot { index, .. }
            | Self::Authorizer { index, .. }
            | Self::DigestCount { index, .. }
            | Self::DependencyCount { index, .. }
            | Self::ReportSize { index, .. }
            | Self::Reported { index, .. }
            | Self::Anchor { index }
            | Self::LookupAnchor { index, .. }
            | Self::LookupAnchorOther { index, .. }
            | Self::Dependency { index, .. }
            | Self::SegmentRoot { index, .. }
            | Self::NoService { index, .. }
            | Self::CodeHash { index, .. }
            | Self::TooLittleGas { index, .. }
            | Self::TooMuchGas { index } => Some(index),
            _ => None,
        }
    }

    /// True if the same guarantee may be valid in a later block, after events that it depends on.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::CoreEngaged { .. } | Self::Authorizer { .. } | Self::Dependency { .. })
    }
}
