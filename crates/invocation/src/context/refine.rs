//! The context of refine: the package, historical preimages, exports and inner machines.

use std::sync::Arc;

use jambox_hostcall::FetchKind;
use jambox_state::{Accounts, Blob};
use jambox_types::{CoreIndex, Hash, ServiceId, TimeSlot};

use crate::handlers::{exports, machines};
use crate::{Env, InCoreData};

/// The context of `eq:refinvocation` (0.7.2). If the ABI offers calls about services here, they
/// read the accounts of the historical lookups.
pub(crate) struct Refine<'a> {
    pub(crate) env: &'a Env,
    pub(crate) package: &'a dyn InCoreData,
    pub(crate) core: CoreIndex,
    pub(crate) item: usize,
    pub(crate) service: ServiceId,
    /// Accounts of the historical lookups.
    pub(crate) accounts: &'a Accounts,
    /// Slot as of which preimages are looked up.
    pub(crate) lookup_slot: TimeSlot,
    /// Output of the authorizer.
    pub(crate) trace: Blob,
    pub(crate) exports: exports::Exports,
    pub(crate) machines: machines::Machines,
}

impl Refine<'_> {
    /// The data of a kind of `fetch`; `None` where there are no such data.
    pub(crate) fn fetch(&self, kind: FetchKind, first: u64, second: u64) -> Option<Blob> {
        let own = self.item as u64;
        match kind {
            FetchKind::Constants => Some(self.env.constants()),
            FetchKind::Entropy => Some(Arc::from(Hash::ZERO.0.as_slice())),
            FetchKind::AuthorizerTrace => Some(self.trace.clone()),
            FetchKind::AnyExtrinsic => self.package.extrinsic(first, second),
            FetchKind::OwnExtrinsic => self.package.extrinsic(own, first),
            FetchKind::AnyImport => self.package.import(first, second),
            FetchKind::OwnImport => self.package.import(own, first),
            _ => self.package.fetch(kind, first),
        }
    }
}
