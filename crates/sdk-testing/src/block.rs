//! From packages to a block: reports, and their accumulation.

use std::collections::BTreeMap;

use jambox_chain::accumulation::{AccumulationState, BlockContext, accumulate_block};
use jambox_chain::{Computed, ReportCall, compute_report, next_slot};
use jambox_invocation::{AccumulateCall, Accumulated, HostError, accumulate};
use jambox_sdk::types::{Gas, ServiceId};

use crate::chain::History;
use crate::results::Block;
use crate::watch::{Seen, Watcher};
use crate::{Chain, Package, Processed, Record, Refused};

impl Chain {
    /// Computes the work report of a package, as a core would.
    ///
    /// # Errors
    ///
    /// When the package is not valid or not authorized.
    pub fn report(&self, package: &Package) -> Result<(Computed, Record), Refused> {
        let (computed, seen) = self.compute(package)?;
        Ok((computed, seen.record))
    }

    fn compute(&self, package: &Package) -> Result<(Computed, Seen), Refused> {
        let (env, watcher) = (self.env(), Watcher::of(self));
        let mut watch = watcher.watch(self.recorder());
        let laid = self.lay_out(package);
        let call = ReportCall {
            package: &laid.package,
            core: self.core,
            extrinsics: &laid.extrinsics,
            exported: &laid.exported,
            segment_roots: &laid.segment_roots,
            accounts: &self.state.accounts,
            validators: self.state.staging_set.len(),
        };
        let computed = compute_report(&env, call, &mut watch);
        let mut seen = Seen::of(watch);
        let failed = seen.authorizer();
        match computed {
            Ok(computed) => Ok((computed, seen)),
            Err(why) => Err(Refused { why: Box::new(why), failed }),
        }
    }

    /// Processes a package: computes its report, then accumulates it with every transfer that
    /// follows, on the report's own octets. Keeps the state, and advances by one slot.
    ///
    /// # Errors
    ///
    /// When the package is not valid or not authorized.
    pub fn process(&mut self, package: &Package) -> Result<Processed, Refused> {
        let block = self.process_together(std::slice::from_ref(package))?;
        let Block { mut computed, outputs, changes, failures, transfers, gas_used, record } = block;
        let computed = computed.pop().expect("one package has one report");
        Ok(Processed { computed, outputs, changes, failures, transfers, gas_used, record })
    }

    /// As [`Chain::process`], for several packages whose reports become available in one block.
    ///
    /// # Errors
    ///
    /// When one of the packages is not valid or not authorized; the chain is then unchanged.
    pub fn process_together(&mut self, packages: &[Package]) -> Result<Block, Refused> {
        let (mut computed, mut record) = (Vec::new(), Record::default());
        let mut failures = Vec::new();
        for package in packages {
            let (report, mut seen) = self.compute(package)?;
            for (item, digest) in report.report.digests.iter().enumerate() {
                failures.extend(seen.refine(item, digest.service, digest.result.0.as_ref().err()));
            }
            computed.push(report);
            record.add(seen.record);
        }
        let mut transfers = Vec::new();
        let mut gas_used: BTreeMap<ServiceId, Gas> = BTreeMap::new();
        let mut calls = Vec::new();
        let (env, watcher) = (self.env(), Watcher::of(self));
        let mut watch = watcher.watch(self.recorder());
        let invoke = |call: AccumulateCall| -> Result<Accumulated, HostError> {
            let (service, gas) = (call.service, call.gas);
            let done = accumulate(&env, call, &mut watch)?;
            let used = gas_used.entry(service).or_default();
            *used = used.saturating_add(done.gas_used);
            transfers.extend(done.transfers.iter().cloned());
            calls.push((service, gas, done.no_code));
            Ok(done)
        };
        let block = BlockContext { slot: self.slot, entropy: self.entropy };
        let prior = self.prior();
        let reports = computed.iter().map(|computed| computed.report.clone()).collect();
        let after = accumulate_block(prior, block, reports, &self.protocol, invoke)
            .expect("the host can go on");
        let mut seen = Seen::of(watch);
        let failed = |(service, gas, no_code): &_| seen.accumulate(*service, *gas, *no_code);
        failures.extend(calls.iter().filter_map(failed));
        let ran = calls.iter().filter(|(_, _, no_code)| no_code.is_none());
        let ran = ran.map(|(service, ..)| *service);
        let AccumulationState { slot, state, ready, accumulated } = after.state;
        self.history = Some(History { slot, ready, accumulated });
        for computed in computed.iter().filter(|computed| !computed.exports.is_empty()) {
            let package = computed.report.availability.package_hash;
            self.exports.insert(package, computed.exports.clone());
        }
        let changes = self.keep(state, ran);
        self.slot = next_slot(self.slot).expect("there is a slot after this one");
        record.add(seen.record);
        let outputs = after.outputs;
        Ok(Block { computed, outputs, changes, failures, transfers, gas_used, record })
    }

    /// The state that the next block starts from. A test that goes back in time has no history.
    fn prior(&mut self) -> AccumulationState {
        let state = self.state.clone();
        let history = self.history.take().filter(|history| history.slot < self.slot);
        match history {
            Some(History { slot, ready, accumulated }) => {
                AccumulationState { slot, state, ready, accumulated }
            }
            None => AccumulationState::without_history(state, self.slot, &self.protocol.parameters),
        }
    }
}
