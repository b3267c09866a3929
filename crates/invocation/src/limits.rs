//! Limits of the host's resources that guests do not pay for, and the meter of their use.

use std::time::{Duration, Instant};

use crate::HostError;

/// Limits of this host where the protocol has none. Reaching one is a [`HostError`]: no property of
/// the guest and no outcome of it. All except the time are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest number of inner machines of one guest at a time. Default: 65,536.
    pub inner_machines: usize,
    /// Largest size of the distinct program blobs of inner machines, in octets. Default: 1 GiB.
    pub inner_code: usize,
    /// Largest gas used by all inner machines. In 0.7.2 the guest does not pay for it, so nothing
    /// else ends an endless loop in an inner machine. Default: 20,000,000,000.
    pub inner_gas: u64,
    /// Largest number of accessible pages of all inner machines, of 4096 octets each. Default: 4
    /// GiB of pages.
    pub inner_pages: u64,
    /// Largest memory of one invocation, in octets: accessible memory of its machine and the inner
    /// machines, and data that the host keeps for it (values written, preimages provided, segments
    /// exported, program blobs). Default: 16 GiB.
    pub memory: u64,
    /// Largest number of octets copied, hashed or compared by the host calls of one invocation. The
    /// guest pays little for them in 0.7.2. Default: 256 GiB.
    pub copied: u64,
    /// Longest time of one invocation; `None` (the default) for no limit.
    pub time: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inner_machines: 1 << 16,
            inner_code: 1 << 30,
            inner_gas: 20_000_000_000,
            inner_pages: 1 << 20,
            memory: 16 << 30,
            copied: 1 << 38,
            time: None,
        }
    }
}

/// Gas between two readings of the clock under a limit of time: a few hundredths of a second.
const SLICE: u64 = 10_000_000;

/// Resources used by one invocation so far.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    deadline: Option<Instant>,
    copied: u64,
    /// Octets kept by the host.
    kept: u64,
    /// Accessible octets of the outer and the inner machines.
    outer: u64,
    inner: u64,
}

impl Meter {
    /// The meter of an invocation that starts now.
    pub(crate) fn new(limits: Limits) -> Self {
        let deadline = limits.time.and_then(|time| Instant::now().checked_add(time));
        Self { limits, deadline, copied: 0, kept: 0, outer: 0, inner: 0 }
    }

    /// Counts octets before they are copied, hashed or compared.
    pub(crate) fn copy(&mut self, octets: u64) -> Result<(), HostError> {
        self.copied = self.copied.saturating_add(octets);
        match self.copied > self.limits.copied {
            true => Err(HostError::TooMuchCopied(self.limits.copied)),
            false => self.check_time(),
        }
    }

    /// Counts octets before the host keeps them for the guest.
    pub(crate) fn keep(&mut self, octets: u64) -> Result<(), HostError> {
        self.kept = self.kept.saturating_add(octets);
        self.check_memory()
    }

    /// Sets the accessible memory of the outer machine, in octets.
    pub(crate) fn set_outer(&mut self, octets: u64) -> Result<(), HostError> {
        self.outer = octets;
        self.check_memory()
    }

    /// Sets the accessible memory of the inner machines, in octets.
    pub(crate) fn set_inner(&mut self, octets: u64) -> Result<(), HostError> {
        self.inner = octets;
        self.check_memory()
    }

    /// Fails if a temporary allocation of `octets` exceeds the limit.
    pub(crate) fn check_room(&self, octets: u64) -> Result<(), HostError> {
        let kept = self.kept.saturating_add(octets);
        Self { kept, ..*self }.check_memory()
    }

    fn check_memory(&self) -> Result<(), HostError> {
        let all = self.kept.saturating_add(self.outer).saturating_add(self.inner);
        match all > self.limits.memory {
            true => Err(HostError::TooMuchMemory(self.limits.memory)),
            false => Ok(()),
        }
    }

    /// Fails if the time is used up.
    pub(crate) fn check_time(&self) -> Result<(), HostError> {
        match (self.deadline, self.limits.time) {
            (Some(deadline), Some(limit)) if Instant::now() >= deadline => {
                Err(HostError::TooLong(limit))
            }
            _ => Ok(()),
        }
    }

    /// Gas that a machine may use before the clock is read again.
    pub(crate) fn slice(&self) -> u64 {
        if self.deadline.is_some() { SLICE } else { u64::MAX }
    }

    /// An empty buffer with room for a number of octets chosen by the guest.
    pub(crate) fn room(&self, octets: u64) -> Result<Vec<u8>, HostError> {
        let mut room = Vec::new();
        let size = usize::try_from(octets).ok();
        let reserved = size.and_then(|size| room.try_reserve_exact(size).ok());
        reserved.map(|()| room).ok_or(HostError::NoRoom(octets))
    }
}
