//! Results of an invocation, a package, or a block.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jambox_chain::Computed;
use jambox_sdk::types::{DeferredTransfer, Gas, Hash, ServiceId, WorkError};
use jambox_state::Difference;

use crate::{Failed, Record};

/// Result of an authorizer for a package.
#[derive(Debug)]
pub struct Authorization {
    /// The trace, or the error in place of it.
    pub result: Result<Vec<u8>, WorkError>,
    /// Gas used.
    pub gas_used: Gas,
    /// The failure; `None` if it succeeded.
    pub failure: Option<Failed>,
    /// Host calls and log.
    pub record: Record,
}

/// Result of refine for an item.
#[derive(Debug)]
pub struct Refinement {
    /// The output, or the error in place of it.
    pub result: Result<Vec<u8>, WorkError>,
    /// Exported segments.
    pub exports: Vec<Vec<u8>>,
    /// Gas used.
    pub gas_used: Gas,
    /// The failure; `None` if it succeeded.
    pub failure: Option<Failed>,
    /// Host calls and log.
    pub record: Record,
}

impl Refinement {
    /// Everything but gas: the part that must be the same natively and compiled.
    pub fn effects(&self) -> (&Result<Vec<u8>, WorkError>, &[Vec<u8>], &Record) {
        (&self.result, &self.exports, &self.record)
    }
}

/// Result of a service's accumulation.
#[derive(Debug)]
pub struct Accumulation {
    /// The accumulation output; `None` if there is none.
    pub yielded: Option<Hash>,
    /// Transfers made.
    pub transfers: Vec<DeferredTransfer>,
    /// Changes of the state.
    pub changes: Vec<Difference>,
    /// Gas used.
    pub gas_used: Gas,
    /// The failure; `None` if it succeeded.
    pub failure: Option<Failed>,
    /// Host calls and log.
    pub record: Record,
}

impl Accumulation {
    /// Everything but gas: the part that must be the same natively and compiled.
    #[must_use]
    pub fn effects(&self) -> (Option<Hash>, &[DeferredTransfer], &[Difference], &Record) {
        (self.yielded, &self.transfers, &self.changes, &self.record)
    }
}

/// Result of a package.
pub type Processed = Outcome<Computed>;

/// Result of packages whose reports became available together.
pub type Block = Outcome<Vec<Computed>>;

/// Result of packages, with the report of the one or of each.
#[derive(Debug)]
pub struct Outcome<C> {
    /// The report with the exports.
    pub computed: C,
    /// Accumulation outputs of services.
    pub outputs: BTreeSet<(ServiceId, Hash)>,
    /// Changes of the state.
    pub changes: Vec<Difference>,
    /// Failures, in refine and in accumulate.
    pub failures: Vec<Failed>,
    /// Transfers in the order in which services made them.
    pub transfers: Vec<DeferredTransfer>,
    /// Gas used by each service's accumulation.
    pub gas_used: BTreeMap<ServiceId, Gas>,
    /// Host calls and log of the services: authorizer, refine and accumulate.
    pub record: Record,
}

impl Processed {
    /// Hash of the package, by which later packages import its exports.
    #[must_use]
    pub fn package_hash(&self) -> Hash {
        self.computed.report.availability.package_hash
    }

    /// The output of each item's refine.
    #[must_use]
    pub fn results(&self) -> Vec<&Result<Vec<u8>, WorkError>> {
        results(&self.computed).collect()
    }

    /// Everything but gas: the part that must be the same natively and compiled.
    #[must_use]
    pub fn effects(&self) -> impl PartialEq + fmt::Debug + '_ {
        (self.results(), &self.computed.exports, &self.outputs, &self.changes, &self.record)
    }
}

impl Block {
    /// The output of each item's refine, package by package.
    #[must_use]
    pub fn results(&self) -> Vec<&Result<Vec<u8>, WorkError>> {
        self.computed.iter().flat_map(results).collect()
    }
}

fn results(computed: &Computed) -> impl Iterator<Item = &Result<Vec<u8>, WorkError>> {
    computed.report.digests.iter().map(|digest| &digest.result.0)
}
