//! What a guest may cost its host beyond what it pays for, and keeping account of it.

use std::time::{Duration, Instant};

use crate::HostError;

/// Limits of this host where the protocol has none. Reaching one is a [`HostError`]: it says
/// nothing of the guest, whose gas is another matter, and what it reached is never taken for an
/// outcome. All but the wall clock are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most inner machines that one guest may hold at a time. Default: 65,536.
    pub inner_machines: usize,
    /// The most octets of distinct program blobs that they may run. Default: 1 GiB.
    pub inner_code: usize,
    /// The most gas that they may use in all. The guest does not pay for it in 0.7.2, so nothing
    /// else ends a loop in an inner machine. Default: 20,000,000,000.
    pub inner_gas: u64,
    /// The most pages of 4096 octets that may be accessible in all of them together. Default: those
    /// of 4 GiB.
    pub inner_pages: u64,
    /// The most octets that one invocation may have in memory: what its machine and the inner
    /// machines can access, and what the host keeps for it (values written, preimages provided,
    /// segments exported, program blobs). Default: 16 GiB.
    pub memory: u64,
    /// The most octets that host calls of one invocation may copy, hash or compare. The guest pays
    /// little for that in 0.7.2. Default: 256 GiB.
    pub copied: u64,
    /// The longest that one invocation may take. Default: as long as it likes.
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

/// How much gas a machine runs for between two looks at the clock, where there is a limit of time:
/// a few hundredths of a second.
const SLICE: u64 = 10_000_000;

/// What one invocation has cost so far.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    deadline: Option<Instant>,
    copied: u64,
    /// Octets that the host keeps.
    kept: u64,
    /// Octets that the outer and the inner machines can access.
    outer: u64,
    inner: u64,
}

impl Meter {
    /// The account of an invocation that starts now.
    pub(crate) fn new(limits: Limits) -> Self {
        let deadline = limits.time.and_then(|time| Instant::now().checked_add(time));
        Self { limits, deadline, copied: 0, kept: 0, outer: 0, inner: 0 }
    }

    /// Counts octets that are about to be copied, hashed or compared.
    pub(crate) fn copy(&mut self, octets: u64) -> Result<(), HostError> {
        self.copied = self.copied.saturating_add(octets);
        match self.copied > self.limits.copied {
            true => Err(HostError::TooMuchCopied(self.limits.copied)),
            false => self.check_time(),
        }
    }

    /// Counts octets that the host is about to keep for the guest.
    pub(crate) fn keep(&mut self, octets: u64) -> Result<(), HostError> {
        self.kept = self.kept.saturating_add(octets);
        self.check_memory()
    }

    /// Notes what the outer machine can access, in octets.
    pub(crate) fn set_outer(&mut self, octets: u64) -> Result<(), HostError> {
        self.outer = octets;
        self.check_memory()
    }

    /// Notes what the inner machines can access, in octets.
    pub(crate) fn set_inner(&mut self, octets: u64) -> Result<(), HostError> {
        self.inner = octets;
        self.check_memory()
    }

    /// Fails when octets that are wanted for a moment are too many.
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

    /// Fails when the time is over.
    pub(crate) fn check_time(&self) -> Result<(), HostError> {
        match (self.deadline, self.limits.time) {
            (Some(deadline), Some(limit)) if Instant::now() >= deadline => {
                Err(HostError::TooLong(limit))
            }
            _ => Ok(()),
        }
    }

    /// How much gas a machine may use before the clock is looked at again.
    pub(crate) fn slice(&self) -> u64 {
        if self.deadline.is_some() { SLICE } else { u64::MAX }
    }

    /// Room for octets that a guest named the number of.
    pub(crate) fn room(&self, octets: u64) -> Result<Vec<u8>, HostError> {
        let mut room = Vec::new();
        let size = usize::try_from(octets).ok();
        let reserved = size.and_then(|size| room.try_reserve_exact(size).ok());
        reserved.map(|()| room).ok_or(HostError::NoRoom(octets))
    }
}
