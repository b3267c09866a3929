//! Regions of guest memory, and the description of an address by them.

use std::ops::Range;

use jambox_engine::{Access, Memory, PAGE_SIZE};
use jambox_program::StandardProgram;

/// The region that grows towards lower addresses.
const STACK: &str = "the stack";

/// The largest distance below the stack at which an access counts as a stack overflow, in octets.
const MOST_FRAME: u64 = 1 << 20;

/// The regions of a machine's memory that have names.
#[derive(Clone, Debug, Default)]
pub struct Regions(Vec<Region>);

#[derive(Clone, Debug)]
struct Region {
    name: &'static str,
    range: Range<u64>,
}

impl Regions {
    /// The regions of a standard program with arguments of this length.
    #[must_use]
    pub fn standard(program: &StandardProgram, arguments: usize) -> Self {
        let Some(layout) = program.layout(arguments as u64) else { return Self::default() };
        let wide = |range: &Range<u32>| u64::from(range.start)..u64::from(range.end);
        let read_write = wide(&layout.read_write);
        let data_end = read_write.start.saturating_add(program.read_write().len() as u64);
        let regions = [
            ("the read-only data", wide(&layout.read_only)),
            ("the read-write data", read_write.start..data_end),
            ("the heap", data_end..read_write.end),
            (STACK, wide(&layout.stack)),
            ("the arguments", wide(&layout.arguments)),
        ];
        let regions = regions.into_iter().filter(|(_, range)| !range.is_empty());
        Self(regions.map(|(name, range)| Region { name, range }).collect())
    }

    /// Description of an address: its region and access rights, or the nearest region.
    #[must_use]
    pub fn describe(&self, at: u64, memory: &Memory) -> String {
        let Ok(address) = u32::try_from(at) else {
            return "beyond 2^32, where no memory is".to_owned();
        };
        let access = match memory.access(address / PAGE_SIZE) {
            Access::Inaccessible => "inaccessible",
            Access::ReadOnly => "read-only",
            Access::ReadWrite => "writable",
        };
        if at < 1 << 16 {
            return "below 2^16".to_owned();
        }
        let named = self.0.iter().find(|region| region.range.contains(&at));
        if let Some(Region { name, range }) = named {
            return format!("{name}, {:#x}..{:#x}, {access}", range.start, range.end);
        }
        if memory.access(address / PAGE_SIZE) != Access::Inaccessible {
            // Pages that `sbrk` or the machine's owner made accessible are in no region of the
            // layout.
            return if at < memory.heap_end() {
                format!("the heap, {access}")
            } else {
                access.to_owned()
            };
        }
        match self.nearest(at) {
            Some(near) => format!("unmapped, {near}"),
            None => match memory.accessible_ranges().next() {
                Some((range, _)) => format!(
                    "unmapped; the first accessible addresses are {:#x}..{:#x}",
                    range.start, range.end
                ),
                None => "unmapped; no address is accessible".to_owned(),
            },
        }
    }

    /// Description of the region nearest to an address outside of all regions.
    fn nearest(&self, at: u64) -> Option<String> {
        let distances = self.0.iter().map(|region| {
            if at < region.range.start {
                (region.range.start.abs_diff(at), "below the start of", region.name)
            } else {
                (region.range.end.abs_diff(at), "past the end of", region.name)
            }
        });
        let (distance, side, name) = distances.min_by_key(|(distance, ..)| *distance)?;
        let place = format!("{distance:#x} {side} {name}");
        let stack = self.0.iter().find(|region| region.name == STACK);
        let is_frame = |stack: &&Region| {
            let start = stack.range.start;
            (start.saturating_sub(MOST_FRAME)..start).contains(&at)
        };
        match stack.filter(is_frame) {
            Some(stack) => {
                let size = stack.range.end.abs_diff(stack.range.start) >> 10;
                Some(format!("{place}: stack overflow, for it has {size} KiB"))
            }
            None => Some(place),
        }
    }
}
