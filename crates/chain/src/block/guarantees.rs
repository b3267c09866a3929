//! Rules of a block's guarantees (`sec:workreportguarantees`, 0.7.2), except for signatures and the
//! assignment of guarantors to cores.

use std::collections::{BTreeMap, BTreeSet};

use jambox_state::Accounts;
use jambox_types::{
    AccumulatedQueue, Block, Guarantee, Hash, Protocol, ReadyQueue, RecentBlock, RecentBlocks,
    WorkReport,
};

use super::header::ValidatorCounts;
use super::pools::Pools;
use super::reports::{Pending, Reports};
use super::{BlockError, Refusal};

/// The state that guarantees are checked against.
pub(super) struct Rules<'a> {
    pub protocol: &'a Protocol,
    pub validators: ValidatorCounts,
    pub accounts: &'a Accounts,
    /// Reports pending before the guarantees.
    pub reports: &'a Reports,
    /// Pools of authorizers, if the state has any.
    pub pools: Option<&'a Pools>,
    /// The recent blocks, with the last one's state root, if the state has any.
    pub recent: Option<&'a RecentBlocks>,
    /// Packages that are pending, queued or accumulated within the last epoch.
    pub on_the_way: &'a BTreeSet<Hash>,
}

/// Packages that are pending, queued or accumulated within the last epoch.
pub(super) fn on_the_way(
    pending: &Pending,
    ready: &ReadyQueue,
    accumulated: &AccumulatedQueue,
) -> BTreeSet<Hash> {
    let pending = pending.iter().flatten().map(|pending| &pending.report);
    let ready = ready.iter().flatten().map(|ready| &ready.report);
    let reports = pending.chain(ready).map(|report| report.availability.package_hash);
    reports.chain(accumulated.iter().flatten().copied()).collect()
}

impl Rules<'_> {
    pub fn check(&self, block: &Block) -> Result<(), BlockError> {
        let mut before = None;
        for (index, guarantee) in block.extrinsic.guarantees.iter().enumerate() {
            let core = guarantee.report.core;
            if before >= Some(core) || core.0 >= self.protocol.parameters.cores {
                return Err(Refusal::GuaranteeOrder { index, core }.into());
            }
            before = Some(core);
            self.check_validators(index, &guarantee.report)?;
            self.check_limits(index, &guarantee.report)?;
            self.check_credentials(index, guarantee, block)?;
            self.check_core(index, &guarantee.report)?;
            self.check_digests(index, &guarantee.report)?;
        }
        Ok(self.check_contexts(block)?)
    }

    /// Under a revision that counts validators, every three of them make a core active, and each
    /// has a chunk (`eq:guarantorsig`, `sec:workreportguarantees`, 0.8.0).
    fn check_validators(&self, index: usize, report: &WorkReport) -> Result<(), Refusal> {
        let (rules, count) = (self.protocol.rules(), self.validators.after);
        let core = report.core;
        if rules.validators_counted && usize::from(core.0) >= count / 3 {
            return Err(Refusal::InactiveCore { index, core, validators: count });
        }
        let shards = report.availability.erasure_shards;
        if rules.shards_in_availability && usize::from(shards) != count {
            return Err(Refusal::ErasureShards { index, shards, validators: count });
        }
        Ok(())
    }

    /// Size of the guarantors' validator set: this epoch's, or the last epoch's if the guarantee is
    /// of a rotation in it (`eq:priorassignments`).
    fn guarantors(&self, guarantee: &Guarantee, block: &Block) -> usize {
        let parameters = &self.protocol.parameters;
        let (now, period) = (block.header.slot.0, u32::from(parameters.rotation_period));
        let rotation = |slot: u32| slot.checked_div(period);
        let epoch = |slot: u32| slot.checked_div(parameters.epoch_length);
        let is_this_rotation = rotation(guarantee.slot.0) == rotation(now);
        if is_this_rotation || epoch(now.saturating_sub(period)) == epoch(now) {
            self.validators.after
        } else {
            self.validators.last
        }
    }

    fn check_limits(&self, index: usize, report: &WorkReport) -> Result<(), Refusal> {
        let (count, most) =
            (report.digests.len(), self.protocol.parameters.max_package_items.into());
        if count == 0 || count > most {
            return Err(Refusal::DigestCount { index, count, most });
        }
        let count = report.segment_roots.len().saturating_add(report.context.prerequisites.len());
        let most = self.protocol.parameters.max_report_dependencies.into();
        if count > most {
            return Err(Refusal::DependencyCount { index, count, most });
        }
        let outputs = report.digests.iter().filter_map(|digest| digest.result.0.as_ref().ok());
        let octets = outputs.map(Vec::len).fold(report.auth_trace.len(), usize::saturating_add);
        let most = self.protocol.parameters.max_report_variable_size as usize;
        if octets > most {
            return Err(Refusal::ReportSize { index, octets, most });
        }
        Ok(())
    }

    fn check_credentials(
        &self,
        index: usize,
        guarantee: &Guarantee,
        block: &Block,
    ) -> Result<(), Refusal> {
        let validators = guarantee.credentials.iter().map(|credential| credential.validator);
        let is_ascending = validators.clone().is_sorted_by(|a, b| a < b);
        let do_exist =
            validators.clone().all(|it| usize::from(it.0) < self.guarantors(guarantee, block));
        if !(2..=3).contains(&validators.len()) || !is_ascending || !do_exist {
            return Err(Refusal::Credentials { index });
        }
        let (slot, now) = (guarantee.slot, block.header.slot);
        let period = u32::from(self.protocol.parameters.rotation_period);
        let rotation = now.0.checked_div(period).unwrap_or(0);
        let first = rotation.saturating_sub(1).saturating_mul(period);
        if slot.0 < first || slot > now {
            return Err(Refusal::GuaranteeSlot { index, slot });
        }
        Ok(())
    }

    fn check_core(&self, index: usize, report: &WorkReport) -> Result<(), Refusal> {
        let core = report.core;
        if self.reports.is_engaged(core) {
            return Err(Refusal::CoreEngaged { index, core });
        }
        let pool = self.pools.and_then(|pools| pools.get(usize::from(core.0)));
        if pool.is_some_and(|pool| !pool.contains(&report.authorizer)) {
            return Err(Refusal::Authorizer { index, core });
        }
        Ok(())
    }

    fn check_digests(&self, index: usize, report: &WorkReport) -> Result<(), BlockError> {
        let mut total = 0_u64;
        for digest in &report.digests {
            let (service, gas) = (digest.service, digest.accumulate_gas_limit);
            let Some(info) = self.accounts.get(service)? else {
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
        if total > self.protocol.parameters.report_accumulate_gas {
            return Err(Refusal::TooMuchGas { index }.into());
        }
        Ok(())
    }

    /// Checks the reports against each other and against earlier ones (`sec:contextualvalidity`,
    /// 0.7.2).
    fn check_contexts(&self, block: &Block) -> Result<(), Refusal> {
        let reports = || block.extrinsic.guarantees.iter().map(|guarantee| &guarantee.report);
        let past = self.recent.iter().flat_map(|recent| &recent.blocks);
        let past: BTreeMap<Hash, Hash> = past.flat_map(|block| block.reported.clone()).collect();
        let mut present = BTreeMap::new();
        for (index, report) in reports().enumerate() {
            let package = report.availability.package_hash;
            let is_known = past.contains_key(&package) || self.on_the_way.contains(&package);
            let other = present.insert(package, report.availability.segment_root);
            if is_known || other.is_some() {
                return Err(Refusal::Reported { index, package });
            }
        }
        for (index, report) in reports().enumerate() {
            self.check_anchors(index, report, block)?;
            if self.recent.is_none() {
                continue;
            }
            let known = |package: &Hash| present.get(package).or_else(|| past.get(package));
            let needed = report.context.prerequisites.iter().chain(report.segment_roots.keys());
            if let Some(package) = needed.copied().find(|package| known(package).is_none()) {
                return Err(Refusal::Dependency { index, package });
            }
            let is_wrong = |(package, root): &(&Hash, &Hash)| known(package) != Some(root);
            if let Some((package, _)) = report.segment_roots.iter().find(is_wrong) {
                return Err(Refusal::SegmentRoot { index, package: *package });
            }
        }
        Ok(())
    }

    fn check_anchors(&self, index: usize, report: &WorkReport, at: &Block) -> Result<(), Refusal> {
        let (context, rules) = (&report.context, self.protocol.rules());
        let is_known = self.recent.is_none_or(|recent| {
            recent.blocks.iter().any(|block| {
                (block.header_hash, block.state_root, block.accumulation_root)
                    == (context.anchor, context.state_root, context.accumulation_root)
                    && (!rules.slot_in_history || block.slot == context.anchor_slot)
            })
        });
        if !is_known {
            return Err(Refusal::Anchor { index });
        }
        let (slot, age) =
            (context.lookup_anchor_slot, self.protocol.parameters.max_lookup_anchor_age);
        if slot.0 < at.header.slot.0.saturating_sub(age) {
            return Err(Refusal::LookupAnchor { index, slot });
        }
        // A state has no record of older blocks.
        let blocks = self.recent.iter().flat_map(|recent| &recent.blocks);
        let anchor = blocks.rev().find(|block| block.header_hash == context.lookup_anchor);
        let is_other = |block: &RecentBlock| {
            (rules.slot_in_history && block.slot != slot)
                || (rules.lookup_state_root_in_context
                    && block.state_root != context.lookup_anchor_state_root)
        };
        if anchor.is_some_and(is_other) {
            return Err(Refusal::LookupAnchorOther { index });
        }
        Ok(())
    }
}
