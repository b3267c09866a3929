//! Observation of a run on its way to a stop.

use jambox_engine::{Inspector, Instance};

/// Notes an instruction's reads and writes of some ranges of memory.
#[derive(Default)]
pub(crate) struct Touched {
    /// Ranges of addresses: first, and length.
    pub ranges: Vec<(usize, u64, u64)>,
    /// The stops of which something was written.
    pub written: Vec<usize>,
}

impl Touched {
    pub fn note(&mut self, address: u64, length: u64) {
        for (stop, start, size) in &self.ranges {
            let overlaps =
                address < start.saturating_add(*size) && *start < address.saturating_add(length);
            if overlaps && !self.written.contains(stop) {
                self.written.push(*stop);
            }
        }
    }
}

impl Inspector for Touched {
    fn memory_written(&mut self, _: &Instance, address: u32, octets: &[u8]) {
        if !self.ranges.is_empty() {
            self.note(address.into(), octets.len() as u64);
        }
    }
}
