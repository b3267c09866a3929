//! Handlers of each context: the calls that a context offers, and the handler of each.

use jambox_hostcall::{Reply, Request};

use crate::context::{Accumulate, IsAuthorized, Refine};
use crate::guest::Guest;
use crate::handlers::{
    children, fetch, general, heap, preimages, privileges, services, storage, transfers,
};
use crate::host::HostContext;
use crate::{HostError, Invocation, Stop};

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

impl HostContext for Accumulate<'_> {
    fn invocation(&self) -> Invocation {
        Invocation::Accumulate { slot: self.slot, service: self.service }
    }

    fn handle(&mut self, request: &Request, guest: &mut Guest<'_>) -> Result<Reply, Stop> {
        match request {
            Request::Gas(_) => Ok(general::gas(guest)),
            Request::Log(request) => Ok(general::log(self.invocation(), guest, request)),
            Request::GrowHeap(request) => heap::grow(guest, request),
            Request::Fetch(request) => {
                Ok(fetch::fetch(request, |kind| self.fetch(kind, request.first)))
            }
            Request::Lookup(request) => {
                preimages::lookup(self.accounts(), self.service, guest, request)
            }
            Request::Read(request) => storage::read(self.accounts(), self.service, guest, request),
            Request::Write(request) => storage::write(self, guest, request),
            Request::Info(request) => {
                general::info(self.accounts(), self.service, self.env.parameters(), request)
            }
            Request::Bless(request) => privileges::bless(self, guest, request),
            Request::Assign(request) => privileges::assign(self, guest, request),
            Request::Designate(request) => privileges::designate(self, guest, request),
            Request::Checkpoint(_) => Ok(general::checkpoint(self, guest)),
            Request::New(request) => services::new(self, guest, request),
            Request::Upgrade(request) => services::upgrade(self, guest, request),
            Request::Transfer(request) => transfers::transfer(self, guest, request),
            Request::Eject(request) => services::eject(self, guest, request),
            Request::Query(request) => preimages::query(self, guest, request),
            Request::Solicit(request) => preimages::solicit(self, guest, request),
            Request::Forget(request) => preimages::forget(self, guest, request),
            Request::Yield(request) => general::yield_hash(self, guest, request),
            Request::Provide(request) => preimages::provide(self, guest, request),
            _ => Err(HostError::not_implemented(request, self.invocation()).into()),
        }
    }
}
