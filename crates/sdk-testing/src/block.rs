//! From packages to a block: reports, and their accumulation.

use std::collections::BTreeMap;

use jambox_chain::accumulation::{AccumulationState, BlockContext, accumulate_block};
use jambox_chain::{Computed, ReportCall, ReportError, compute_report, next_slot};
use jambox_invocation::{AccumulateCall, Accumulated, HostError, accumulate};
use jambox_sdk::types::{Gas, ServiceId};

use crate::results::Block;
use crate::{Chain, Failed, Package, Processed, Record};

impl Chain {
    /// Computes the work report of a package, as a core would.
    ///
    /// # Errors
    ///
    /// When the package is not valid or not authorized.
    pub fn report(&self, package: &Package) -> Result<(Computed, Record), ReportError> {
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let laid = self.lay_out(package);
        let call = ReportCall {
            package: &laid.package,
            core: self.core,
            extrinsics: &laid.extrinsics,
            exported: &laid.exported,
            segment_roots: &BTreeMap::new(),
            accounts: &self.state.accounts,
            validators: self.state.staging_set.len(),
        };
        let computed = compute_report(&env, call, &mut recorder)?;
        Ok((computed, recorder.record))
    }

    /// Does all that becomes of a package: its report, then the accumulation of that with every
    /// transfer that it leads to, on the report's own octets. Keeps the state, and moves on by one
    /// slot.
    ///
    /// # Errors
    ///
    /// When the package is not valid or not authorized.
    pub fn process(&mut self, package: &Package) -> Result<Processed, ReportError> {
        let block = self.process_together(std::slice::from_ref(package))?;
        let Block { mut computed, outputs, changes, failures, transfers, gas_used, record } = block;
        let computed = computed.pop().expect("one package has one report");
        Ok(Processed { computed, outputs, changes, failures, transfers, gas_used, record })
    }

    /// As [`Chain::process`], of several packages whose reports become available in one block.
    ///
    /// # Errors
    ///
    /// When one of the packages is not valid or not authorized; then nothing has happened.
    pub fn process_together(&mut self, packages: &[Package]) -> Result<Block, ReportError> {
        let (mut computed, mut record) = (Vec::new(), Record::default());
        for package in packages {
            let (report, own) = self.report(package)?;
            computed.push(report);
            record.add(own);
        }
        let mut failures = refine_failures(&computed);
        let mut transfers = Vec::new();
        let mut gas_used: BTreeMap<ServiceId, Gas> = BTreeMap::new();
        let mut ran = Vec::new();
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let invoke = |call: AccumulateCall| -> Result<Accumulated, HostError> {
            let service = call.service;
            let done = accumulate(&env, call, &mut recorder)?;
            let used = gas_used.entry(service).or_default();
            *used = used.saturating_add(done.gas_used);
            transfers.extend(done.transfers.iter().cloned());
            if done.no_code.is_none() {
                ran.push(service);
            }
            if let Some(why) = done.failure.clone() {
                failures.push(Failed { service, item: None, why });
            }
            Ok(done)
        };
        let block = BlockContext { slot: self.slot, entropy: self.entropy };
        let (state, parameters) = (self.state.clone(), &self.protocol.parameters);
        let prior = AccumulationState::without_history(state, self.slot, parameters);
        let reports = computed.iter().map(|computed| computed.report.clone()).collect();
        let after = accumulate_block(prior, block, reports, &self.protocol, invoke)
            .map_err(ReportError::Host)?;
        let changes = self.keep(after.state.state, ran);
        self.slot = next_slot(self.slot).expect("there is a slot after this one");
        record.add(recorder.record);
        let outputs = after.outputs;
        Ok(Block { computed, outputs, changes, failures, transfers, gas_used, record })
    }
}

/// The items whose refine failed.
fn refine_failures(computed: &[Computed]) -> Vec<Failed> {
    let items = computed.iter().flat_map(|computed| {
        let digests = computed.report.digests.iter().map(|digest| digest.service);
        digests.zip(&computed.items).enumerate()
    });
    let failed = items.filter_map(|(index, (service, item))| {
        let why = item.failure.clone()?;
        Some(Failed { service, item: Some(index), why })
    });
    failed.collect()
}
