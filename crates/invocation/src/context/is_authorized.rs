//! The context of is-authorized: a stateless view of the package.

use jambox_hostcall::{FetchKind, Reply, Request};
use jambox_state::Blob;
use jambox_types::CoreIndex;

use crate::guest::Guest;
use crate::handlers::{fetch, general, heap, storage};
use crate::host::HostContext;
use crate::{Env, HostError, InCoreData, Invocation, PackageData, Stop};

/// The context of `eq:isauthinvocation` (0.7.2). If the ABI offers calls about services here, they
/// find no services.
pub(crate) struct IsAuthorized<'a> {
    pub(crate) env: &'a Env,
    pub(crate) package: &'a PackageData,
    pub(crate) core: CoreIndex,
}

impl IsAuthorized<'_> {
    fn fetch(&self, kind: FetchKind, first: u64) -> Option<Blob> {
        match kind {
            FetchKind::Constants => Some(self.env.constants()),
            _ => self.package.fetch(kind, first),
        }
    }
}

impl HostContext for IsAuthorized<'_> {
    fn invocation(&self) -> Invocation {
        Invocation::IsAuthorized { core: self.core }
    }

    fn handle(&mut self, request: &Request, guest: &mut Guest<'_>) -> Result<Reply, Stop> {
        match request {
            Request::Gas(_) => Ok(general::gas(guest)),
            Request::Log(request) => Ok(general::log(self.invocation(), guest, request)),
            Request::GrowHeap(request) => heap::grow(guest, request),
            Request::Fetch(request) => {
                Ok(fetch::fetch(request, |kind| self.fetch(kind, request.first)))
            }
            Request::Write(_) => Ok(storage::refuse_write()),
            Request::Read(request) => {
                guest.read("the key", request.key)?;
                Ok(Reply::Data(None))
            }
            Request::Lookup(request) => {
                guest.read_hash(request.hash)?;
                Ok(Reply::Data(None))
            }
            Request::Info(_) => Ok(Reply::Account(None)),
            _ => Err(HostError::not_implemented(request, self.invocation()).into()),
        }
    }
}
