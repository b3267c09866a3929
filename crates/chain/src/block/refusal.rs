//! Why a block is refused.

use jambox_state::StateError;
use jambox_types::{CoreIndex, Gas, Hash, ServiceId, TimeSlot, ValidatorIndex};

use super::DisputeError;
use crate::SlotError;
use crate::accumulation::preimages::PreimagesError;
use jambox_invocation::HostError;

/// Why a block was not applied.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockError {
    /// It breaks a rule: no chain would have it.
    #[error("the block is refused: {0}")]
    Refused(#[from] Refusal),
    /// The host cannot tell.
    #[error(transparent)]
    Host(HostError),
}

/// The rule that a block breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Slots ascend (`eq:header`, 0.7.2).
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// The header commits to the extrinsic.
    #[error("its extrinsic is not the one that its header commits to")]
    ExtrinsicHash,
    /// Verdicts, culprits and faults come in limited number (`eq:disputesextrinsics`, 0.8.0).
    #[error(
        "it has {count} verdicts, culprits or faults; {most} of each are allowed \
         (eq:disputesextrinsics)"
    )]
    DisputeCount {
        /// How many of a kind it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
    /// The header names the root of the state before the block (`sec:header`).
    #[error("its header names another state root than that of the state before it (sec:header)")]
    PriorStateRoot,
    /// The author is one of the validators (`sec:header`).
    #[error("its author is validator {author} of {count} (sec:header)")]
    NoSuchAuthor {
        /// The author.
        author: ValidatorIndex,
        /// How many validators there are.
        count: usize,
    },
    /// Without tickets each slot has the key of its author (`eq:ticketconditionfalse`).
    #[error(
        "slot {slot} is for another key than that of validator {author}, its author \
         (eq:ticketconditionfalse)"
    )]
    Author {
        /// The author.
        author: ValidatorIndex,
        /// The block's slot.
        slot: TimeSlot,
    },
    /// The first block of an epoch has an epoch mark (`eq:epochmarker`).
    #[error("it is the first of an epoch and has no epoch mark (eq:epochmarker)")]
    EpochMarkMissing,
    /// Other blocks have none (`eq:epochmarker`).
    #[error("it has an epoch mark and is not the first of an epoch (eq:epochmarker)")]
    EpochMarkUnexpected,
    /// The epoch mark has the entropy and the validators of the state (`eq:epochmarker`).
    #[error("its epoch mark has other entropy or validators than the state (eq:epochmarker)")]
    EpochMarkWrong,
    /// The block that ends the submission of tickets names the winners if there are enough
    /// (`eq:winningticketsmarker`).
    #[error("it ends the submission of tickets and has no tickets mark (eq:winningticketsmarker)")]
    TicketsMarkMissing,
    /// Other blocks name no tickets (`eq:winningticketsmarker`).
    #[error("it has a tickets mark where there is to be none (eq:winningticketsmarker)")]
    TicketsMarkUnexpected,
    /// The winners are those of the state (`eq:winningticketsmarker`).
    #[error("its tickets mark has other tickets than the state (eq:winningticketsmarker)")]
    TicketsMarkWrong,
    /// The header names those whom the disputes find to misbehave (`sec:judgmentmarker`).
    #[error("its offenders mark is not that of its disputes (sec:judgmentmarker)")]
    OffendersMark,
    /// Disputes are in order and go with each other and with those before them (`sec:disputes`).
    #[error(transparent)]
    Disputes(#[from] DisputeError),
    /// Tickets come in limited number, and not in the tail of an epoch
    /// (`eq:enforceticketlimit`).
    #[error("it brings {count} tickets; {most} are allowed in its slot (eq:enforceticketlimit)")]
    TicketCount {
        /// How many it brings.
        count: usize,
        /// How many it may bring.
        most: usize,
    },
    /// A ticket is one of the entries that a validator has (`eq:ticketsextrinsic`).
    #[error("ticket {index} has an attempt that is not below {entries} (eq:ticketsextrinsic)")]
    TicketAttempt {
        /// Which, counted from 0.
        index: usize,
        /// The entries that a validator has.
        entries: u32,
    },
    /// A block comes after the last one that the state knows (`eq:recenthistorydef`, 0.7.2).
    #[error("its parent is another block than the last one")]
    Parent,
    /// Assurances are anchored on the parent.
    #[error("assurance {index} is anchored on another block than the parent")]
    AssuranceAnchor {
        /// Which, counted from 0.
        index: usize,
    },
    /// Assurances are in ascending order of validators that exist (`eq:xtassurances`, 0.7.2).
    #[error("assurance {index} is out of order, there twice, or of no validator")]
    AssuranceOrder {
        /// Which, counted from 0.
        index: usize,
    },
    /// Only what is pending can be assured.
    #[error("assurance {index} is for core {core}, where no report is pending")]
    AssuranceOfNothing {
        /// Which, counted from 0.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// Guarantees are in ascending order of cores that exist (`eq:guaranteesextrinsic`, 0.7.2).
    #[error("guarantee {index}, for core {core}, is out of order, there twice, or of no core")]
    GuaranteeOrder {
        /// Which, counted from 0.
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
        /// Which, counted from 0.
        index: usize,
        /// The core.
        core: CoreIndex,
        /// How many validators there are.
        validators: usize,
    },
    /// There is a chunk for each validator (`sec:workreportguarantees`, 0.8.0).
    #[error(
        "guarantee {index} has {shards} chunks for {validators} validators \
         (sec:workreportguarantees)"
    )]
    ErasureShards {
        /// Which, counted from 0.
        index: usize,
        /// How many chunks it has.
        shards: u16,
        /// How many validators there are.
        validators: usize,
    },
    /// A core has one report at a time (`eq:reportcoresareunusedortimedout`, 0.7.2).
    #[error("guarantee {index} is for core {core}, where another report is pending")]
    CoreEngaged {
        /// Which, counted from 0.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// Two or three validators answer for a report, in ascending order
    /// (`sec:workreportguarantees`, 0.7.2).
    #[error("guarantee {index} is not by two or three validators in ascending order")]
    Credentials {
        /// Which, counted from 0.
        index: usize,
    },
    /// Guarantees are of this rotation of guarantors or of the last (`eq:guarantorsig`, 0.7.2).
    #[error("guarantee {index} is of slot {slot}, which is to come or too long ago")]
    GuaranteeSlot {
        /// Which, counted from 0.
        index: usize,
        /// Its slot.
        slot: TimeSlot,
    },
    /// A report's authorizer is in the pool of its core
    /// (`eq:reportcoresareunusedortimedout`, 0.7.2).
    #[error("guarantee {index} has an authorizer that is not in the pool of core {core}")]
    Authorizer {
        /// Which, counted from 0.
        index: usize,
        /// The core.
        core: CoreIndex,
    },
    /// A report has a digest at least, and not too many (`eq:workreport`, 0.7.2).
    #[error("guarantee {index} has {count} digests; 1 to {most} are allowed")]
    DigestCount {
        /// Which, counted from 0.
        index: usize,
        /// How many it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
    /// The packages that a report depends on are limited (`eq:limitreportdeps`, 0.7.2).
    #[error("guarantee {index} depends on {count} packages; {most} are allowed")]
    DependencyCount {
        /// Which, counted from 0.
        index: usize,
        /// On how many it depends.
        count: usize,
        /// On how many it may.
        most: usize,
    },
    /// The outputs in a report are limited (`eq:limitworkreportsize`, 0.7.2).
    #[error("guarantee {index} has outputs of {octets} octets; {most} are allowed")]
    ReportSize {
        /// Which, counted from 0.
        index: usize,
        /// How many it has.
        octets: usize,
        /// How many it may have.
        most: usize,
    },
    /// A package is reported once (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} is for package {package}, which was reported before")]
    Reported {
        /// Which, counted from 0.
        index: usize,
        /// The package.
        package: Hash,
    },
    /// Packages are anchored on a recent block (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} is anchored on no recent block, or on one that was otherwise")]
    Anchor {
        /// Which, counted from 0.
        index: usize,
    },
    /// Preimages are looked up at a block that is not too old (`eq:limitlookupanchorage`, 0.7.2).
    #[error("guarantee {index} has a lookup anchor of slot {slot}, which is too long ago")]
    LookupAnchor {
        /// Which, counted from 0.
        index: usize,
        /// The slot of the lookup anchor.
        slot: TimeSlot,
    },
    /// What a report says of its lookup anchor is so (`sec:contextualvalidity`, 0.8.0).
    #[error(
        "guarantee {index} has a lookup anchor with another slot or state root than that recent \
         block has (sec:contextualvalidity)"
    )]
    LookupAnchorOther {
        /// Which, counted from 0.
        index: usize,
    },
    /// What a report depends on was reported of late or is so by the same block
    /// (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} depends on package {package}, which was not reported of late")]
    Dependency {
        /// Which, counted from 0.
        index: usize,
        /// What it depends on.
        package: Hash,
    },
    /// Segment roots that a report names are right (`sec:contextualvalidity`, 0.7.2).
    #[error("guarantee {index} names another segment root for package {package} than its report")]
    SegmentRoot {
        /// Which, counted from 0.
        index: usize,
        /// The package.
        package: Hash,
    },
    /// Reported work is that of services that exist (`eq:reportcodesarecorrect`, 0.7.2).
    #[error("guarantee {index} reports work of service {service}, which does not exist")]
    NoService {
        /// Which, counted from 0.
        index: usize,
        /// The service.
        service: ServiceId,
    },
    /// Reported work was done by the service's code (`eq:reportcodesarecorrect`, 0.7.2).
    #[error("guarantee {index} reports work of other code than that of service {service}")]
    CodeHash {
        /// Which, counted from 0.
        index: usize,
        /// The service.
        service: ServiceId,
    },
    /// Gas for accumulation is at least what the service asks for.
    #[error("guarantee {index} has {gas} gas for service {service}, which asks for {least}")]
    TooLittleGas {
        /// Which, counted from 0.
        index: usize,
        /// The service.
        service: ServiceId,
        /// What the item has.
        gas: Gas,
        /// What the service asks for.
        least: Gas,
    },
    /// Gas for the accumulation of a report is limited.
    #[error("guarantee {index} has more gas for accumulation than a report may have")]
    TooMuchGas {
        /// Which, counted from 0.
        index: usize,
    },
    /// Preimages are in strictly ascending order of service, then data
    /// (`eq:preimagesareordered`, 0.7.2).
    #[error("preimage {index}, for service {service}, is out of order or there twice")]
    PreimageOrder {
        /// Which, counted from 0.
        index: usize,
        /// The service it is for.
        service: ServiceId,
    },
    /// Preimages are requested and not there yet.
    #[error("preimage {index} is not needed by service {service}")]
    PreimageUnneeded {
        /// Which, counted from 0.
        index: usize,
        /// The service it is for.
        service: ServiceId,
    },
    /// Two services created the same service in one round.
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
    /// The guarantee that breaks the rule, counted from 0, if one does.
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

    /// Whether the same guarantee can be right in a later block: what it waits for may come.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::CoreEngaged { .. } | Self::Authorizer { .. } | Self::Dependency { .. })
    }
}
