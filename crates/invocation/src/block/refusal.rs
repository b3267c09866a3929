//! Why a block is refused.

use jambox_state::{Accounts, StateError};
use jambox_types::{Block, CoreIndex, Gas, Parameters, ServiceId, TimeSlot};

use super::reports::Reports;
use crate::HostError;
use crate::accumulation::preimages::PreimagesError;

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
    #[error("its slot {block} is not after slot {prior}, that of the state")]
    Slot {
        /// The slot of the state.
        prior: TimeSlot,
        /// The block's.
        block: TimeSlot,
    },
    /// The header commits to the extrinsic.
    #[error("its extrinsic is not the one that its header commits to")]
    ExtrinsicHash,
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
    /// A core has one report at a time (`eq:reportcoresareunusedortimedout`, 0.7.2).
    #[error("guarantee {index} is for core {core}, where another report is pending")]
    CoreEngaged {
        /// Which, counted from 0.
        index: usize,
        /// The core.
        core: CoreIndex,
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

/// What the header alone can break.
pub(super) fn check_header(block: &Block, prior: TimeSlot) -> Result<(), Refusal> {
    let header = &block.header;
    if header.slot <= prior {
        return Err(Refusal::Slot { prior, block: header.slot });
    }
    if header.extrinsic_hash != block.extrinsic.hash() {
        return Err(Refusal::ExtrinsicHash);
    }
    Ok(())
}

/// What the guarantees can break, signatures and who guarantees where aside.
pub(super) fn check_guarantees(
    block: &Block,
    reports: &Reports,
    accounts: &Accounts,
    parameters: &Parameters,
) -> Result<(), BlockError> {
    let mut before = None;
    for (index, guarantee) in block.extrinsic.guarantees.iter().enumerate() {
        let report = &guarantee.report;
        let core = report.core;
        if before >= Some(core) || core.0 >= parameters.cores {
            return Err(Refusal::GuaranteeOrder { index, core }.into());
        }
        before = Some(core);
        if reports.is_engaged(core) {
            return Err(Refusal::CoreEngaged { index, core }.into());
        }
        let mut total = 0_u64;
        for digest in &report.digests {
            let (service, gas) = (digest.service, digest.accumulate_gas_limit);
            let Some(info) = accounts.get(service)? else {
                return Err(Refusal::NoService { index, service }.into());
            };
            if info.code_hash != digest.code_hash {
                return Err(Refusal::CodeHash { index, service }.into());
            }
            let least = info.min_accumulate_gas;
            if gas < least {
                return Err(Refusal::TooLittleGas { index, service, gas, least }.into());
            }
            total = total.saturating_add(gas.0);
        }
        if total > parameters.report_accumulate_gas {
            return Err(Refusal::TooMuchGas { index }.into());
        }
    }
    Ok(())
}
