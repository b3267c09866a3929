//! The memory access that an instruction makes.

use std::fmt;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_engine::{Access, Memory, PAGE_SIZE};
use jambox_isa::{Fields, Instruction, Opcode, Reg, Slot};

#[cfg(feature = "serde")]
use crate::wide;
use crate::{Regions, count};

/// Size of a page, in octets.
const PAGE: u64 = PAGE_SIZE as u64;

/// A memory access of one instruction.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct MemoryAccess {
    /// The first address.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub address: u64,
    /// The number of octets.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub length: u64,
    /// True for a write, false for a read.
    pub writes: bool,
    /// The first address that does not allow the access; `None` if all do.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::option"))]
    pub refused_at: Option<u64>,
    /// Description of the region at that address, or at the first where all are allowed.
    pub region: String,
}

impl MemoryAccess {
    /// The access of an instruction, by its text form in the instruction table: the address is in
    /// brackets there, and the name ends in the width. `None` for an instruction without an access.
    /// The region is found by [`locate`](Self::locate).
    #[must_use]
    pub fn of(instruction: &Instruction, registers: &[u64; 13]) -> Option<Self> {
        let opcode = instruction.opcode();
        let (_, rest) = opcode.syntax().split_once('[')?;
        let (address, _) = rest.split_once(']')?;
        let length = opcode.mnemonic().trim_start_matches(|c: char| !c.is_ascii_digit());
        Some(Self {
            address: evaluate(address, &instruction.fields(), registers).into(),
            length: length.parse::<u64>().ok()? / 8,
            writes: opcode.mnemonic().starts_with("store"),
            refused_at: None,
            region: String::new(),
        })
    }

    /// Finds the address that does not allow the access, and its region. Addresses of instructions
    /// wrap at 2^32.
    #[must_use]
    pub fn locate(mut self, memory: &Memory, regions: &Regions) -> Self {
        let wanted = if self.writes { Access::ReadWrite } else { Access::ReadOnly };
        let first = self.address as u32;
        let mut octets = (0..self.length as u32).map(|offset| first.wrapping_add(offset));
        let refused_at = octets.find(|octet| memory.access(octet / PAGE_SIZE) < wanted);
        self.refused_at = refused_at.map(u64::from);
        self.region = regions.describe(refused_at.unwrap_or(first).into(), memory);
        self
    }

    /// The refused access of a host call; the addresses of host calls do not wrap.
    #[must_use]
    pub fn by_host(
        address: u64,
        length: u64,
        writes: bool,
        memory: &Memory,
        regions: &Regions,
    ) -> Self {
        let page = |address: u64| address / PAGE;
        let within = |page: u64| page.saturating_mul(PAGE).max(address);
        let allows = |page: &u64| match writes {
            true => memory.is_writable(within(*page), 1),
            false => memory.is_readable(within(*page), 1),
        };
        // There are 2^20 pages: a range that ends beyond them is refused there at the latest.
        let last = page(address.saturating_add(length.saturating_sub(1))).min(1 << 20);
        let refused = (page(address)..=last.max(page(address))).find(|page| !allows(page));
        let refused_at = refused.map(within);
        let region = regions.describe(refused_at.unwrap_or(address), memory);
        Self { address, length, writes, refused_at, region }
    }

    /// The rule that the access broke.
    #[must_use]
    pub fn rule(&self) -> String {
        let verb = if self.writes { "writes" } else { "reads" };
        match self.refused_at {
            None => format!("the instruction {verb} memory"),
            Some(at) if at < 1 << 16 => {
                format!("the instruction {verb} below 2^16, where no address is ever accessible")
            }
            Some(at) => format!(
                "the instruction {verb} a page that does not allow it: page fault at {:#x}",
                at & !(PAGE - 1)
            ),
        }
    }
}

impl fmt::Display for MemoryAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.writes { "write" } else { "read" };
        write!(f, "{:#x}, {verb} of {}", self.address, count(self.length, "octet"))?;
        match self.refused_at {
            Some(at) if at != self.address => write!(f, ", refused at {at:#x}: {}", self.region),
            _ => write!(f, ": {}", self.region),
        }
    }
}

/// The address of a dynamic jump, an entry of the jump table.
pub fn dynamic_target(instruction: &Instruction, registers: &[u64; 13]) -> u32 {
    let fields = instruction.fields();
    match instruction.opcode() {
        Opcode::LoadImmJumpInd => add(fields.b, fields.y, registers),
        _ => add(fields.a, fields.x, registers),
    }
}

/// Evaluates an address of the syntax: `m`, or a register with a displacement such as `a+x`.
fn evaluate(address: &str, fields: &Fields, registers: &[u64; 13]) -> u32 {
    let slot = match address.chars().next() {
        Some('a') => Slot::A,
        Some('b') => Slot::B,
        Some('d') => Slot::D,
        _ => return fields.x as u32,
    };
    let displacement = if address.ends_with('y') { fields.y } else { fields.x };
    fields.reg(slot).map_or(0, |base| add(base, displacement, registers))
}

fn add(base: Reg, displacement: i32, registers: &[u64; 13]) -> u32 {
    let base = registers.get(base.index()).copied().unwrap_or_default();
    (base as u32).wrapping_add(displacement as u32)
}
