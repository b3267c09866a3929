//! What came of an invocation, a package, or a block.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jambox_chain::Computed;
use jambox_sdk::types::{DeferredTransfer, Gas, Hash, ServiceId, WorkError};
use jambox_state::Difference;

use crate::{Failed, Record};

/// What an authorizer made of a package.
#[derive(Debug)]
pub struct Authorization {
    /// The trace, or why there is none.
    pub result: Result<Vec<u8>, WorkError>,
    /// The gas used.
    pub gas_used: Gas,
    /// Why it failed, if it did.
    pub failure: Option<Failed>,
    /// What it did.
    pub record: Record,
}

/// What refine made of an item.
#[derive(Debug)]
pub struct Refinement {
    /// The output, or why there is none.
    pub result: Result<Vec<u8>, WorkError>,
    /// The exported segments.
    pub exports: Vec<Vec<u8>>,
    /// The gas used.
    pub gas_used: Gas,
    /// Why it failed, if it did.
    pub failure: Option<Failed>,
    /// What it did.
    pub record: Record,
}

impl Refinement {
    /// All but gas: what must be the same natively and compiled.
    pub fn effects(&self) -> (&Result<Vec<u8>, WorkError>, &[Vec<u8>], &Record) {
        (&self.result, &self.exports, &self.record)
    }
}

/// What a service's accumulation did.
#[derive(Debug)]
pub struct Accumulation {
    /// The output.
    pub yielded: Option<Hash>,
    /// Transfers made.
    pub transfers: Vec<DeferredTransfer>,
    /// What changed in the state.
    pub changes: Vec<Difference>,
    /// The gas used.
    pub gas_used: Gas,
    /// Why it failed, if it did.
    pub failure: Option<Failed>,
    /// What it did.
    pub record: Record,
}

impl Accumulation {
    /// All but gas: what must be the same natively and compiled.
    #[must_use]
    pub fn effects(&self) -> (Option<Hash>, &[DeferredTransfer], &[Difference], &Record) {
        (self.yielded, &self.transfers, &self.changes, &self.record)
    }
}

/// What became of a package.
pub type Processed = Outcome<Computed>;

/// What became of packages whose reports became available together.
pub type Block = Outcome<Vec<Computed>>;

/// What became of packages, with the report of the one or of each.
#[derive(Debug)]
pub struct Outcome<C> {
    /// The report with the exports.
    pub computed: C,
    /// What services yielded.
    pub outputs: BTreeSet<(ServiceId, Hash)>,
    /// What changed in the state.
    pub changes: Vec<Difference>,
    /// What failed, in refine and in accumulate.
    pub failures: Vec<Failed>,
    /// The transfers that services made, in the order in which they made them.
    pub transfers: Vec<DeferredTransfer>,
    /// The gas that each service's accumulation used.
    pub gas_used: BTreeMap<ServiceId, Gas>,
    /// What the services did, authorizer, refine and accumulate.
    pub record: Record,
}

impl Processed {
    /// The hash of the package, by which others import what it exported.
    #[must_use]
    pub fn package_hash(&self) -> Hash {
        self.computed.report.availability.package_hash
    }

    /// The output of each item's refine.
    #[must_use]
    pub fn results(&self) -> Vec<&Result<Vec<u8>, WorkError>> {
        results(&self.computed).collect()
    }

    /// All but gas: what must be the same natively and compiled.
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
