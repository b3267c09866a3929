//! Effects of the host calls so far beyond the machine: storage that was written, lines that were
//! logged.

use std::collections::BTreeMap;

use jambox_hostcall::{LogLevel, Reply, Request, ResultCode, ServiceRef};
use jambox_invocation::Machine;

use crate::recording::{Answer, Call, Ending};
use crate::session::Session;

/// An entry of the service's own storage that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Key of the entry.
    pub key: Vec<u8>,
    /// The value when the invocation began.
    pub before: Before,
    /// The value now.
    pub after: Kept,
}

/// A value under a key at first, as far as the calls tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// These octets: the service has read them.
    Read(Vec<u8>),
    /// Number of octets of a value that was not read.
    Length(u64),
}

/// A text or value that a host call read, of which a recording has the first octets only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Length in octets; a stored value of none is no entry.
    pub length: u64,
    /// The octets that were kept.
    pub octets: Vec<u8>,
}

/// A line that was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The level of urgency.
    pub level: LogLevel,
    /// The speaker, if it is told.
    pub target: Option<Kept>,
    /// The text.
    pub message: Kept,
}

/// A host call's time, seen from where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The call is done.
    Done,
    /// The call is being served: an inner machine runs for it, or it has stopped the guest here.
    Now,
    /// The call comes later.
    Later,
}

impl Session {
    /// All host calls of the recording, each with the stretch that it ends.
    pub fn calls(&self) -> impl Iterator<Item = (usize, &Call, When)> {
        let here = self.position().stretch;
        let stretches = &self.recording().stretches;
        // The stretch after a call is the outer machine's again once the call is done.
        let outer_up_to_here = stretches.get(..=here).unwrap_or_default();
        let last = outer_up_to_here.iter().rposition(|it| it.machine == Machine::Outer);
        stretches.iter().enumerate().filter_map(move |(index, stretch)| {
            let call = stretch.ending.call()?;
            let is_over = index == here && self.is_at_end();
            let when = match last {
                Some(last) if index < last => When::Done,
                Some(last) if index == last && (index < here || is_over) => When::Now,
                _ => When::Later,
            };
            Some((index, call, when))
        })
    }

    /// The calls that came to an end before this position.
    fn done(&self) -> impl Iterator<Item = &Call> {
        let stretches = &self.recording().stretches;
        self.calls().filter(|(_, _, when)| *when == When::Done).filter_map(|(index, call, _)| {
            matches!(stretches.get(index)?.ending, Ending::Call(_)).then_some(call)
        })
    }

    /// The entries of the service's own storage that were written before this position, by key. The
    /// end of the invocation may still undo them.
    #[must_use]
    pub fn storage(&self) -> Vec<Entry> {
        let mut entries: BTreeMap<Vec<u8>, Entry> = BTreeMap::new();
        let mut read: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
        for call in self.done() {
            match (&call.request, &call.answer) {
                (Some(Request::Read(request)), Answer::Reply(Some(Reply::Data(Some(value)))))
                    if request.service == ServiceRef::Own =>
                {
                    let key = call.read_at(request.key.address, request.key.length);
                    if let Some(key) = key.filter(|key| !entries.contains_key(*key)) {
                        read.insert(key, value);
                    }
                }
                (Some(Request::Write(request)), _) => {
                    let key = call.read_at(request.key.address, request.key.length);
                    let (Some(key), Some(replaced)) = (key, call.replaced()) else { continue };
                    let after = call.kept(request.value.address, request.value.length);
                    let before = || match (replaced, read.get(key)) {
                        (None, _) => Before::Nothing,
                        (Some(_), Some(octets)) => Before::Read(octets.to_vec()),
                        (Some(length), None) => Before::Length(length),
                    };
                    entries
                        .entry(key.to_vec())
                        .and_modify(|entry| entry.after = after.clone())
                        .or_insert_with(|| Entry { key: key.to_vec(), before: before(), after });
                }
                _ => {}
            }
        }
        entries.into_values().collect()
    }

    /// The lines that were logged before this position.
    #[must_use]
    pub fn log(&self) -> Vec<Logged> {
        let line = |call: &Call| {
            let Some(Request::Log(request)) = &call.request else { return None };
            let of = |address, length| call.find_read(address, length).map(|_| ());
            let (target, message) = (request.target, request.message);
            let has_target = (target.address, target.length) != (0, 0);
            // A line of which something is not readable is not logged.
            of(message.address, message.length)?;
            Some(Logged {
                level: LogLevel::from_register(request.level),
                target: has_target.then(|| call.kept(target.address, target.length)),
                message: call.kept(message.address, message.length),
            })
        };
        self.done().filter_map(line).collect()
    }
}

impl Call {
    /// Length of the value that a `write` replaced, `None` of nothing; no outer value if nothing
    /// was written.
    fn replaced(&self) -> Option<Option<u64>> {
        let [_, _, _, _, _, _, _, r7, ..] = self.after;
        match (&self.answer, self.code()) {
            (Answer::Reply(Some(Reply::Replaced(replaced))), _) => Some(*replaced),
            (Answer::Traced, None) => Some(Some(r7)),
            (Answer::Traced, Some(ResultCode::None)) => Some(None),
            _ => None,
        }
    }

    /// The octets that the call read of an argument, as far as they were kept.
    fn kept(&self, address: u64, length: u64) -> Kept {
        let octets = self.find_read(address, length).unwrap_or_default();
        Kept { length, octets: octets.to_vec() }
    }

    fn find_read(&self, address: u64, length: u64) -> Option<&[u8]> {
        if length == 0 {
            return Some(&[]);
        }
        let read = self.memory.iter().find(|it| !it.is_write && it.address == address);
        read.map(|it| it.octets.as_slice())
    }
}
