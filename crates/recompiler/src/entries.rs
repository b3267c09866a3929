//! What is known of each position of a program: its code, or who waits for it.

/// A table by position that takes room only where something is known.
pub(crate) struct Entries {
    pages: Vec<Option<Box<[Entry; PAGE]>>>,
}

const PAGE: usize = 256;

/// What is known of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Entry {
    /// Nothing.
    #[default]
    Unknown,
    /// Code asks for it: the index of the last request.
    Awaited(u32),
    /// It has code, at this distance from the start of the code space.
    Compiled(u32),
}

impl Entries {
    /// A table for code of `length` octets, and the position after it.
    pub(crate) fn new(length: u32) -> Self {
        let mut pages = Vec::new();
        pages.resize_with(length as usize / PAGE + 1, || None);
        Self { pages }
    }

    #[inline]
    pub(crate) fn get(&self, pc: u32) -> Entry {
        let page = self.pages.get(pc as usize / PAGE).and_then(Option::as_ref);
        page.and_then(|page| page.get(pc as usize % PAGE)).copied().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn compiled(&self, pc: u32) -> Option<u32> {
        match self.get(pc) {
            Entry::Compiled(offset) => Some(offset),
            Entry::Unknown | Entry::Awaited(_) => None,
        }
    }

    /// Sets what is known of a position and returns what was before.
    #[inline]
    pub(crate) fn replace(&mut self, pc: u32, entry: Entry) -> Entry {
        let index = pc as usize / PAGE;
        // A position behind the code's end is at most one skip behind it.
        if index >= self.pages.len() {
            self.pages.resize_with(index + 1, || None);
        }
        let Some(page) = self.pages.get_mut(index) else { return Entry::Unknown };
        let page = page.get_or_insert_with(|| Box::new([Entry::Unknown; PAGE]));
        match page.get_mut(pc as usize % PAGE) {
            Some(place) => core::mem::replace(place, entry),
            None => Entry::Unknown,
        }
    }
}
