//! The last host call that changed a value of the state.

use jambox_hostcall::{Form, HostCall, Interface, Registers, Reply, Request, ResultCode};
use jambox_hostcall::{ServiceRef, Slice};
use jambox_invocation::{CallEnded, CallStarted, Invocation, Observer, Started};
use jambox_state::{KeyKind, RequestKey, StateKey};
use jambox_types::{Hash, ServiceId};

use crate::hostcalls::{self, Argument, MemoryDirection, MemoryEvent};
use crate::octets::Octets;

/// A host call that changed a value of the state.
#[derive(Clone, Debug)]
pub struct Changer {
    /// The invocation that made it.
    pub invocation: Invocation,
    /// The hash of the invocation's code.
    pub code: Hash,
    /// Number of the call within the invocation, from 0 on.
    pub call: usize,
    /// Name of the call.
    pub name: &'static str,
    /// Number of the call, the argument of `ecalli`.
    pub number: u64,
    /// The pc of its `ecalli`; `None` for a native guest.
    pub pc: Option<u64>,
    /// Arguments of the call.
    pub arguments: Vec<Argument>,
    /// Result of the call, in words.
    pub result: String,
    /// The gas left before it.
    pub gas: u64,
}

/// A search for the last host call that changed the value under a key, as an observer of a block.
///
/// A change that is undone at its invocation's end counts, too: the two runs may differ in whether
/// it is undone.
pub struct ChangerSearch {
    key: StateKey,
    interface: Interface,
    code: Hash,
    /// The number of calls of the invocation so far.
    calls: usize,
    open: Option<Open>,
    memory: Vec<MemoryEvent>,
    /// The octets that the current call read, in full, by address.
    read: Vec<(u64, Vec<u8>)>,
    found: Option<Changer>,
}

/// The current call.
struct Open {
    form: &'static Form,
    request: Request,
    registers: Registers,
    pc: Option<u64>,
    gas: u64,
}

impl ChangerSearch {
    /// A search for the last change of the value under this key.
    #[must_use]
    pub fn new(key: StateKey, interface: Interface) -> Self {
        Self {
            key,
            interface,
            code: Hash::ZERO,
            calls: 0,
            open: None,
            memory: Vec::new(),
            read: Vec::new(),
            found: None,
        }
    }

    /// The last call that changed the value; `None` if none did.
    #[must_use]
    pub fn found(self) -> Option<Changer> {
        self.found
    }

    fn octets(&self, address: u64, length: u64) -> Option<&[u8]> {
        if length == 0 {
            return Some(&[]);
        }
        let same = |it: &&(u64, Vec<u8>)| it.0 == address && it.1.len() as u64 == length;
        self.read.iter().find(same).map(|(_, octets)| octets.as_slice())
    }

    fn slice(&self, slice: Slice) -> Option<&[u8]> {
        self.octets(slice.address, slice.length)
    }

    fn hash(&self, address: u64) -> Option<Hash> {
        self.octets(address, 32)?.try_into().ok().map(Hash)
    }

    /// True if a successful call changes the value under the key.
    fn changes(&self, own: ServiceId, request: &Request) -> bool {
        let of = |service: ServiceRef| match service {
            ServiceRef::Own => Some(own),
            ServiceRef::Id(id) => u32::try_from(id).ok().map(ServiceId),
        };
        let requested = |address, length: u64| {
            let (hash, length) = (self.hash(address)?, u32::try_from(length).ok()?);
            Some((hash, StateKey::request(own, &RequestKey { hash, length })))
        };
        match (self.key.kind(), request) {
            (KeyKind::Entry(_), Request::Write(it)) => {
                self.slice(it.key).is_some_and(|key| StateKey::storage(own, key) == self.key)
            }
            (KeyKind::Entry(_), Request::Solicit(it)) => {
                requested(it.hash.0, it.length).is_some_and(|(_, key)| key == self.key)
            }
            (KeyKind::Entry(_), Request::Forget(it)) => requested(it.hash.0, it.length)
                .is_some_and(|(hash, key)| {
                    key == self.key || StateKey::preimage(own, &hash) == self.key
                }),
            (KeyKind::Entry(_), Request::Provide(it)) => {
                let hash = self.slice(it.data).map(Hash::blake2b);
                let key = of(it.service).zip(hash).map(|(id, hash)| StateKey::preimage(id, &hash));
                key == Some(self.key)
            }
            (KeyKind::Entry(service), Request::Eject(it)) => it.service == u64::from(service.0),
            (KeyKind::Account(service), request) => {
                let is_own = service == own;
                match request {
                    Request::Write(_) | Request::Solicit(_) | Request::Forget(_) => is_own,
                    Request::New(_) => is_own,
                    Request::Upgrade(it) => of(it.service) == Some(service),
                    Request::Transfer(it) => is_own || it.to == u64::from(service.0),
                    Request::Eject(it) => is_own || it.service == u64::from(service.0),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

impl Observer for ChangerSearch {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.code = started.code_hash;
        self.calls = 0;
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.memory.clear();
        self.read.clear();
        self.open = call.form.zip(call.request).map(|(form, request)| Open {
            form,
            request: *request,
            registers: *call.registers,
            pc: call.pc,
            gas: call.gas,
        });
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.read.push((address, octets.to_vec()));
        let (access, length) = (MemoryDirection::Read, octets.len());
        self.memory.push(MemoryEvent { access, address, length, octets: Octets::new(octets) });
    }

    fn host_call_ended(&mut self, ended: &CallEnded<'_>) {
        let call = self.calls;
        self.calls = self.calls.saturating_add(1);
        let Some(Open { form, request, registers, pc, gas }) = self.open.take() else { return };
        let is_well = match ended.reply {
            Ok(Some(Reply::Code(code))) => code.result() == ResultCode::Ok,
            Ok(reply) => reply.is_some(),
            Err(_) => false,
        };
        let own = ended.invocation.service();
        if !is_well || !own.is_some_and(|own| self.changes(own, &request)) {
            return;
        }
        let [.., r7, _, _, _, _, _, _] = *ended.registers;
        self.found = Some(Changer {
            invocation: ended.invocation,
            code: self.code,
            call,
            name: HostCall::name(form.call),
            number: ended.number,
            pc,
            arguments: hostcalls::arguments(form, &registers, &self.memory, self.interface.abi),
            result: hostcalls::result(ended.reply, Some(form), self.interface, r7),
            gas,
        });
    }
}
