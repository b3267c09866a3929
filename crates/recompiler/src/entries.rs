//! Knowledge of each position of a program: its code, or the jumps that wait for it.

/// A table by position that takes room only where something is known.
pub(crate) struct Entries {
    /// The start in `slots` of each page of positions; 0 if nothing is known of the page.
    pages: Vec<u32>,
    /// Packed entries. The first page stays empty: all pages of which nothing is known share it.
    slots: Vec<u32>,
}

/// Positions in a page.
const PAGE: usize = 64;

/// Pages that there is room for from the start, so that few programs need more.
const ROOM: usize = 256;

/// Knowledge of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Entry {
    /// Nothing.
    #[default]
    Unknown,
    /// Code asks for it: the index of the last request.
    Awaited(u32),
    /// Code is there, at the place of this number.
    Compiled(u32),
}

impl Entry {
    /// The lowest bit says whether there is code; 0 is nothing. Neither places nor indices reach
    /// 2^31: there are fewer of them than octets of code space.
    #[inline]
    const fn pack(self) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Awaited(request) => (request + 1) << 1,
            Self::Compiled(offset) => offset << 1 | 1,
        }
    }

    #[inline]
    const fn unpack(packed: u32) -> Self {
        match packed {
            0 => Self::Unknown,
            code if code & 1 == 1 => Self::Compiled(code >> 1),
            request => Self::Awaited((request >> 1) - 1),
        }
    }
}

impl Entries {
    /// A table for code of `length` octets, and the position after it.
    pub(crate) fn new(length: u32) -> Self {
        let mut slots = Vec::with_capacity(ROOM * PAGE);
        slots.resize(PAGE, 0);
        Self { pages: vec![0; length as usize / PAGE + 1], slots }
    }

    #[inline]
    pub(crate) fn get(&self, pc: u32) -> Entry {
        Entry::unpack(self.packed(pc))
    }

    #[inline]
    pub(crate) fn compiled(&self, pc: u32) -> Option<u32> {
        let packed = self.packed(pc);
        (packed & 1 == 1).then_some(packed >> 1)
    }

    #[inline]
    fn packed(&self, pc: u32) -> u32 {
        let start = self.pages.get(pc as usize / PAGE).copied().unwrap_or(0);
        self.slots.get(start as usize + pc as usize % PAGE).copied().unwrap_or(0)
    }

    /// Sets an entry and returns the one before.
    #[inline]
    pub(crate) fn replace(&mut self, pc: u32, entry: Entry) -> Entry {
        let start = match self.pages.get(pc as usize / PAGE) {
            Some(&start) if start != 0 => start,
            _ => self.add_page(pc as usize / PAGE),
        };
        match self.slots.get_mut(start as usize + pc as usize % PAGE) {
            Some(slot) => Entry::unpack(core::mem::replace(slot, entry.pack())),
            None => Entry::Unknown,
        }
    }

    #[cold]
    fn add_page(&mut self, index: usize) -> u32 {
        // A position behind the code's end is at most one skip behind it.
        if index >= self.pages.len() {
            self.pages.resize(index + 1, 0);
        }
        let start = self.slots.len() as u32;
        self.slots.resize(self.slots.len() + PAGE, 0);
        if let Some(page) = self.pages.get_mut(index) {
            *page = start;
        }
        start
    }
}
