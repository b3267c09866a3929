//! Packages and preimages that clients hand in.

use std::sync::Arc;

use jambox_chain::ReportError;
use jambox_state::Blob;
use jambox_types::{CoreIndex, Hash, ServiceId};
use serde_json::{Value, json};

use super::{Event, Node, NodeError};
use crate::account::{hex, set};
use crate::archive;
use crate::archive::read::ArchiveError;
use crate::ledger::Ledger;
use crate::packages::{Refused, Worked, work};
use crate::records::{Descriptor, Input, PackageRecord, Stage};

/// The most packages that wait to be reported.
const WAITING_LIMIT: usize = 4096;
/// The most preimages that wait for services to want them.
const PREIMAGES_LIMIT: usize = 256;

/// The reason why a package is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The package is refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The package cannot be kept.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl Node {
    /// Takes a package in. The answer comes when it is kept, or with the reason why it is refused.
    ///
    /// # Errors
    ///
    /// The package is refused, or cannot be kept.
    pub fn submit(
        &self,
        core: CoreIndex,
        package: &[u8],
        extrinsics: &[Blob],
    ) -> Result<Hash, SubmitError> {
        let ledger = self.ledger();
        if ledger.waiting.len() >= WAITING_LIMIT {
            return Err(Refused::TooMany(WAITING_LIMIT).into());
        }
        let input = Input {
            package: package.to_vec(),
            extrinsics: extrinsics.iter().map(|extrinsic| extrinsic.to_vec()).collect(),
            head: ledger.head().descriptor.hash,
        };
        match work(&self.env, &ledger, &self.symbols(), core, package, extrinsics) {
            Ok(worked) => self.keep(worked, input),
            Err(refusal) => {
                let crate::packages::Refusal { hash, reason, account } = *refusal;
                // Of the rest a client knows better itself, and the chain need not grow by it.
                let is_kept = match &reason {
                    // That something could not be read is no word on the package.
                    Refused::Report(error) => {
                        !matches!(**error, ReportError::Host(ref it) if !it.is_limit())
                    }
                    Refused::Authorizer { .. } => true,
                    _ => false,
                };
                if let (Some(package), true) = (hash, is_kept) {
                    self.keep_refused((core, package), &reason, &account, input)?;
                }
                (self.listener)(&Event::Package(&account));
                Err(reason.into())
            }
        }
    }

    fn keep(&self, worked: Worked, input: Input) -> Result<Hash, SubmitError> {
        let Worked { hash, core, computed, account } = worked;
        let anchor = computed.report.context.anchor;
        let segment_root = computed.report.availability.segment_root;
        let exports = archive::exports(hash, segment_root, &computed.exports);
        let record = PackageRecord {
            core,
            stage: Stage::Submitted,
            report_hash: computed.report.hash(self.protocol()),
            report: Some(Arc::new(computed.report)),
            in_core: Arc::new(account.clone()),
            input: Arc::new(input),
            accumulated: None,
            order: 0,
        };
        {
            let mut inner = self.lock();
            if is_known(&inner.ledger, &hash)? {
                return Err(Refused::Known(hash).into());
            }
            // Blocks were made while it was worked on.
            if inner.ledger.remaining(inner.ledger.head(), &anchor).is_none() {
                return Err(Refused::Anchor(anchor).into());
            }
            self.alter(&mut inner, |ledger| Ok(ledger.hand_in(hash, record, exports)?))?;
        }
        self.work.notify_all();
        (self.listener)(&Event::Package(&account));
        Ok(hash)
    }

    fn keep_refused(
        &self,
        (core, package): (CoreIndex, Hash),
        reason: &Refused,
        account: &Value,
        input: Input,
    ) -> Result<(), NodeError> {
        let record = PackageRecord {
            core,
            stage: Stage::Failed(reason.to_string()),
            report: None,
            report_hash: Hash::ZERO,
            in_core: Arc::new(account.clone()),
            input: Arc::new(input),
            accumulated: None,
            order: 0,
        };
        let mut inner = self.lock();
        if !is_known(&inner.ledger, &package)? {
            self.alter(&mut inner, |ledger| Ok(ledger.hand_in(package, record, None)?))?;
        }
        Ok(())
    }

    /// Takes a preimage in, for when the service wants it.
    ///
    /// # Errors
    ///
    /// The preimage cannot be kept.
    pub fn provide(&self, service: ServiceId, data: &[u8]) -> Result<(), NodeError> {
        let mut inner = self.lock();
        let data = Blob::from(data);
        let is_full = inner.ledger.preimage_count() >= PREIMAGES_LIMIT;
        self.alter(&mut inner, |ledger| match ledger.provide(service, data) {
            true if is_full => Err(NodeError::TooMany(PREIMAGES_LIMIT, "preimages")),
            _ => Ok(()),
        })?;
        self.work.notify_all();
        Ok(())
    }

    /// The account of a package: its run in core and, as far as it has come, its accumulation on
    /// chain.
    ///
    /// # Errors
    ///
    /// The chain's file cannot be read.
    pub fn account(&self, package: &Hash) -> Result<Option<Value>, ArchiveError> {
        let ledger = self.ledger();
        let Some(record) = ledger.package(package)? else { return Ok(None) };
        let mut account = Value::clone(&record.in_core);
        let (stage, reason) = match &record.stage {
            Stage::Submitted => ("submitted", None),
            Stage::Reported(_) => ("reported", None),
            Stage::Ready { .. } if record.accumulated.is_some() => ("accumulated", None),
            Stage::Ready { .. } => ("ready", None),
            Stage::Failed(reason) => ("failed", Some(reason.clone())),
        };
        set(&mut account, "status", json!({ "stage": stage, "reason": reason }));
        let (reported, ready) = match &record.stage {
            Stage::Reported(reported) => (Some(*reported), None),
            Stage::Ready { reported, ready } => (Some(*reported), Some(*ready)),
            Stage::Submitted | Stage::Failed(_) => (None, None),
        };
        let describe = |it: Option<Descriptor>| {
            it.map(|it| json!({ "block": hex(&it.hash.0), "slot": it.slot }))
        };
        set(&mut account, "reported_in", describe(reported));
        set(&mut account, "ready_in", describe(ready));
        set(&mut account, "accumulated_in", describe(record.accumulated));
        let block = record.accumulated.map(|it| ledger.account(&it.hash)).transpose()?;
        let on_chain = block.flatten().unwrap_or_default();
        for part in ["accumulate", "transfers", "outputs", "state"] {
            set(&mut account, part, list(&on_chain, part));
        }
        set(&mut account, "output_root", on_chain.get("output_root").cloned().unwrap_or_default());
        let failed = [list(&account, "failures"), list(&on_chain, "failures")];
        set(&mut account, "failures", failed.concat());
        Ok(Some(account))
    }
}

/// A member that is a list.
fn list(object: &Value, name: &str) -> Vec<Value> {
    object.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn is_known(ledger: &Ledger, package: &Hash) -> Result<bool, NodeError> {
    Ok(ledger.package(package)?.is_some_and(|record| record.report.is_some()))
}
