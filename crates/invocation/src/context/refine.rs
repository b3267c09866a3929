//! The context of refine: the package, historical preimages, exports and inner machines.

use std::sync::Arc;

use jambox_hostcall::{FetchKind, Reply, Request};
use jambox_state::{Accounts, Blob};
use jambox_types::{CoreIndex, Hash, ServiceId, TimeSlot};

use crate::guest::Guest;
use crate::handlers::{children, exports, fetch, general, heap, machines, preimages, storage};
use crate::host::HostContext;
use crate::{Env, HostError, InCoreData, Invocation, Stop};

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
    fn fetch(&self, kind: FetchKind, first: u64, second: u64) -> Option<Blob> {
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

impl HostContext for Refine<'_> {
    fn invocation(&self) -> Invocation {
        Invocation::Refine { core: self.core, item: self.item, service: self.service }
    }

    fn handle(&mut self, request: &Request, guest: &mut Guest<'_>) -> Result<Reply, Stop> {
        match request {
            Request::Gas(_) => Ok(general::gas(guest)),
            Request::Log(request) => Ok(general::log(self.invocation(), guest, request)),
            Request::GrowHeap(request) => heap::grow(guest, request),
            Request::Fetch(request) => {
                Ok(fetch::fetch(request, |kind| self.fetch(kind, request.first, request.second)))
            }
            Request::Write(_) => Ok(storage::refuse_write()),
            Request::Read(request) => storage::read(self.accounts, self.service, guest, request),
            Request::Lookup(request) => {
                preimages::lookup(self.accounts, self.service, guest, request)
            }
            Request::Info(request) => {
                general::info(self.accounts, self.service, self.env.parameters(), request)
            }
            Request::InvokeChild(request) => children::invoke(self, guest, request),
            Request::HistoricalLookup(request) => preimages::historical_lookup(
                self.accounts,
                self.service,
                self.lookup_slot,
                guest,
                request,
            ),
            Request::Export(request) => self.exports.export(guest, request),
            Request::Machine(request) => self.machines.create(self.env, guest, request),
            Request::Peek(request) => self.machines.peek(guest, request),
            Request::Poke(request) => self.machines.poke(guest, request),
            Request::Pages(request) => self.machines.pages(self.env, guest, request),
            Request::Invoke(request) => self.machines.invoke(self.env, guest, request),
            Request::Expunge(request) => self.machines.expunge(request),
            _ => Err(HostError::not_implemented(request, self.invocation()).into()),
        }
    }
}
