//! Parts common to all formats of single programs: pages, octets, and their comparison.

use std::collections::BTreeMap;
use std::ops::Range;

use jambox_engine::{Access, Engine, Exit, Instance, Module, PAGE_SIZE};
use jambox_program::ProgramBlob;
use serde::Deserialize;

/// Accessible pages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pages {
    /// Address of the first page.
    pub address: u32,
    /// Length of all pages, in octets.
    pub length: u32,
    /// True for writable pages.
    pub is_writable: bool,
}

impl Pages {
    const fn access(&self) -> Access {
        if self.is_writable { Access::ReadWrite } else { Access::ReadOnly }
    }

    /// Makes the pages accessible.
    pub(super) fn map(&self, instance: &mut Instance) {
        let (first, count) = (self.address / PAGE_SIZE, self.length / PAGE_SIZE);
        instance.memory_mut().set_access(first, count, self.access());
    }
}

/// Octets with their address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Address of the first octet.
    pub address: u32,
    /// The octets.
    pub contents: Vec<u8>,
}

impl Chunk {
    /// Writes the octets, regardless of the access of their pages.
    pub(super) fn write(&self, instance: &mut Instance) {
        instance.memory_mut().poke_raw(self.address.into(), &self.contents);
    }
}

/// A machine for a program blob.
pub(super) fn instance(engine: &Engine, program: &[u8]) -> Result<Instance, String> {
    let program = ProgramBlob::parse(program).map_err(|error| error.to_string())?;
    let module = Module::new(engine, program).map_err(|error| error.to_string())?;
    Instance::new(&module).map_err(|error| error.to_string())
}

pub(super) fn exit_difference(expected: Exit, found: Exit) -> Option<String> {
    (expected != found).then(|| format!("{expected} expected, {found} found"))
}

pub(super) fn pc_difference(expected: u32, instance: &Instance) -> Option<String> {
    let found = instance.pc();
    (found != u64::from(expected)).then(|| format!("pc {expected} expected, {found} found"))
}

pub(super) fn register_difference(expected: &[u64; 13], instance: &Instance) -> Option<String> {
    let mut registers = expected.iter().zip(instance.regs()).enumerate();
    let (register, (expected, found)) = registers.find(|(_, (e, f))| e != f)?;
    Some(format!("r{register} {expected:#x} expected, {found:#x} found"))
}

/// The first difference in the accessible memory, or in its content.
pub(super) fn memory_difference(
    pages: &[Pages],
    octets: &[Chunk],
    instance: &Instance,
) -> Option<String> {
    let expected = ranges(pages);
    let found: Vec<_> = instance.memory().accessible_ranges().collect();
    if expected != found {
        return Some(format!("accessible memory {expected:x?} expected, {found:x?} found"));
    }
    let is_in = |chunk: &Chunk, (range, _): &(Range<u64>, Access)| {
        let start = u64::from(chunk.address);
        range.start <= start && start + chunk.contents.len() as u64 <= range.end
    };
    let mut chunks = octets.iter();
    if let Some(chunk) = chunks.find(|chunk| !expected.iter().any(|range| is_in(chunk, range))) {
        return Some(format!("memory at {:#x} expected, inaccessible", chunk.address));
    }
    expected.iter().find_map(|(range, _)| {
        let mut image = vec![0; usize::try_from(range.end - range.start).ok()?];
        for Chunk { address, contents } in octets {
            let offset = u64::from(*address).checked_sub(range.start);
            let offset = offset.and_then(|offset| usize::try_from(offset).ok());
            let into = offset.and_then(|offset| image.get_mut(offset..));
            into.into_iter().flatten().zip(contents).for_each(|(to, from)| *to = *from);
        }
        let mut found = vec![0; image.len()];
        instance.memory().peek(range.start, &mut found);
        if image == found {
            return None;
        }
        let mut octets = (range.start..).zip(image.iter().zip(&found));
        octets.find(|(_, (expected, found))| expected != found).map(|(address, (e, f))| {
            format!("memory at {address:#x}: {e:#04x} expected, {f:#04x} found")
        })
    })
}

/// Runs of pages with equal access, lowest first. Of two entries for a page, the last counts.
fn ranges(pages: &[Pages]) -> Vec<(Range<u64>, Access)> {
    let mut accesses = BTreeMap::new();
    for group in pages {
        let first = group.address / PAGE_SIZE;
        let count = group.length / PAGE_SIZE;
        accesses.extend((first..first.saturating_add(count)).map(|page| (page, group.access())));
    }
    let mut ranges: Vec<(Range<u64>, Access)> = Vec::new();
    for (page, access) in accesses {
        let start = u64::from(page) * u64::from(PAGE_SIZE);
        let end = start + u64::from(PAGE_SIZE);
        match ranges.last_mut() {
            Some((range, last)) if range.end == start && *last == access => range.end = end,
            _ => ranges.push((start..end, access)),
        }
    }
    ranges
}
