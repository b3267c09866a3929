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
    #[error("its extrinsic is not the one that its header commits to")]
    ExtrinsicHash,
    /// The numbers of verdicts, culprits and faults are limited (`eq:disputesextrinsics`, 0.8.0).
    #[error(
        "it has {count} verdicts, culprits or faults; {most} of each are allowed \
         (eq:disputesextrinsics)"
    )]
    DisputeCount {
        /// Number of the largest kind.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The header names the root of the state before the block (`sec:header`).
    #[error("its header has another state root than the state before it (sec:header)")]
    PriorStateRoot,
    /// The author is one of the validators (`sec:header`).
    #[error("its author {author} is no validator: there are {count} (sec:header)")]
    NoSuchAuthor {
        /// The author.
        author: ValidatorIndex,
        /// Number of validators.
        count: usize,
    },
    /// In the fallback, the slot's key is the author's (`eq:ticketconditionfalse`).
    #[error(
        "the key of slot {slot} is not the key of its author, validator {author} \
         (eq:ticketconditionfalse)"
    )]
    Author {
        /// The author.
        author: ValidatorIndex,
        /// The block's slot.
        slot: TimeSlot,
    },
    /// The first block of an epoch has an epoch marker (`eq:epochmarker`).
    #[error("it is the first of an epoch and has no epoch mark (eq:epochmarker)")]
    EpochMarkMissing,
    /// Other blocks have no epoch marker (`eq:epochmarker`).
    #[error("it has an epoch mark and is not the first of an epoch (eq:epochmarker)")]
    EpochMarkUnexpected,
    /// The epoch marker has the entropy and the validators of the state (`eq:epochmarker`).
    #[error("its epoch mark has other entropy or validators than the state (eq:epochmarker)")]
    EpochMarkWrong,
    /// The first block after ticket submission has the winning tickets, if there are enough
    /// (`eq:winningticketsmarker`).
    #[error("it ends the submission of tickets and has no tickets mark (eq:winningticketsmarker)")]
    TicketsMarkMissing,
    /// Other blocks have no winning tickets (`eq:winningticketsmarker`).
    #[error("it has a tickets mark and does not end their submission (eq:winningticketsmarker)")]
    TicketsMarkUnexpected,
    /// The winning tickets are those of the state (`eq:winningticketsmarker`).
    #[error("its tickets mark has other tickets than the state (eq:winningticketsmarker)")]
    TicketsMarkWrong,
    /// The header has the offenders of the block's disputes (`sec:judgmentmarker`).
    #[error("its offenders mark and its disputes have different offenders (sec:judgmentmarker)")]
    OffendersMark,
    /// Disputes are in order and agree with each other and with earlier disputes (`sec:disputes`).
    #[error(transparent)]
    Disputes(#[from] DisputeError),
    /// The number of tickets is limited, and 0 in the tail of an epoch (`eq:enforceticketlimit`).
    #[error("it brings {count} tickets; {most} are allowed in its slot (eq:enforceticketlimit)")]
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
    #[error("its parent is another block than the last one")]
    Parent,
    /// An assurance's anchor is the parent.
    #[error("assurance {index} is anchored on another block than the parent")]
    AssuranceAnchor {
        /// Index of the assurance.
        index: usize,
    },
    /// Assurances are in ascending order of validators that exist (`eq:xtassurances`, 0.7.2).
    #[error("assurance {index} is out of order, there twice, or of no validator")]
    AssuranceOrder {
        /// Index of the assurance.
        index: usize,
    },
    /// Only cores with a pending report are assured.
    #[error("assurance {index} is for core {core}, where no report is pending")]
    AssuranceOfNothing {
        /// Index of the assurance.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// Guarantees are in ascending order of cores that exist (`eq:guaranteesextrinsic`, 0.7.2).
    #[error("guarantee {index}, for core {core}, is out of order, there twice, or of no core")]
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
        "guarantee {index} has {shards} chunks for {validators} validators \
         (sec:workreportguarantees)"
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
    #[error("guarantee {index} is for core {core}, where another report is pending")]
    CoreEngaged {
        /// Index of the guarantee.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// A report has the signatures of two or three validators, in ascending order
    /// (`sec:workreportguarantees`, 0.7.2).
    #[error("guarantee {index} is not by two or three validators in ascending order")]
    Credentials {
        /// Index of the guarantee.
        index: usize,
    },
    /// A guarantee is of the present rotation of guarantors or of the last (`eq:guarantorsig`,
    /// 0.7.2).
    #[error("guarantee {index} is of slot {slot}, outside of this rotation and the last")]
    GuaranteeSlot {
        /// Index of the guarantee.
        index: usize,
        /// Slot of the guarantee.
        slot: TimeSlot,
    },
    /// A report's authorizer is in the pool of its core
    /// (`eq:reportcoresareunusedortimedout`, 0.7.2).
    #[error("guarantee {index} has an authorizer that is not in the pool of core {core}")]
    Authorizer {
        /// Index of the guarantee.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// The number of a report's digests is limited, and at least one (`eq:workreport`, 0.7.2).
    #[error("guarantee {index} has {count} digests; 1 to {most} are allowed")]
    DigestCount {
        /// Index of the guarantee.
        index: usize,
        /// Number of digests.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The number of a report's dependencies is limited (`eq:limitreportdeps`, 0.7.2).
    #[error("guarantee {index} depends on {count} packages; {most} are allowed")]
    DependencyCount {
        /// Index of the guarantee.
        index: usize,
        /// Number of dependencies.
        count: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The size of a report's outputs is limited (`eq:limitworkreportsize`, 0.7.2).
    #[error("guarantee {index} has outputs of {octets} octets; {most} are allowed")]
    ReportSize {
        /// Index of the guarantee.
        index: usize,
        /// Size of the outputs, in octets.
        octets: usize,
        /// Largest size allowed, in octets.
        most: usize,
    },
    /// A package is reported at most once (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} is for package {package}, which was reported before")]
    Reported {
        /// Index of the guarantee.
        index: usize,
        /// The package.
        package: Hash,
    },
    /// A report's anchor is a recent block (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} has an anchor that no recent block agrees with")]
    Anchor {
        /// Index of the guarantee.
        index: usize,
    },
    /// A lookup anchor is not older than the limit (`eq:limitlookupanchorage`, 0.7.2).
    #[error("guarantee {index} has a lookup anchor of slot {slot}, which is too old")]
    LookupAnchor {
        /// Index of the guarantee.
        index: usize,
        /// The slot of the lookup anchor.
        slot: TimeSlot,
    },
    /// Slot and state root of a lookup anchor are those of its block (`sec:contextualvalidity`,
    /// 0.8.0).
    #[error(
        "guarantee {index} has a lookup anchor with another slot or state root than that recent \
         block has (sec:contextualvalidity)"
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
    #[error("guarantee {index} names another segment root for package {package} than its report")]
    SegmentRoot {
        /// Index of the guarantee.
        index: usize,
        /// The package.
        package: Hash,
    },
    /// A digest's service exists (`eq:reportcodesarecorrect`, 0.7.2).
    #[error("guarantee {index} reports work of service {service}, which does not exist")]
    NoService {
        /// Index of the guarantee.
        index: usize,
        /// The service.
        service: ServiceId,
    },
    /// A digest's code hash is the service's (`eq:reportcodesarecorrect`, 0.7.2).
    #[error("guarantee {index} has another code hash than service {service}")]
    CodeHash {
        /// Index of the guarantee.
        index: usize,
        /// The service.
        service: ServiceId,
    },
    /// A digest's gas for accumulation is at least the service's minimum.
    #[error("guarantee {index} has {gas} gas for service {service}, which asks for {least}")]
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
    #[error("guarantee {index} has more gas for accumulation than a report may have")]
    TooMuchGas {
        /// Index of the guarantee.
        index: usize,
    },
    /// Preimages are in strictly ascending order of service, then data
    /// (`eq:preimagesareordered`, 0.7.2).
    #[error("preimage {index}, for service {service}, is out of order or there twice")]
    PreimageOrder {
        /// Index of the preimage.
        index: usize,
        /// The service of the preimage.
        service: ServiceId,
    },
    /// Preimages are requested and not yet available.
    #[error("preimage {index} is not needed by service {service}")]
    PreimageUnneeded {
        /// Index of the preimage.
        index: usize,
        /// The service of the preimage.
        service: ServiceId,
    },
    /// No two services create the same service in one round.
    #[error("service {0} would be created by two services at once")]
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
