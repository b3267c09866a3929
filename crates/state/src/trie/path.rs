//! Paths through the trie, by nibbles: four bits each.

/// Length of a whole key, in nibbles.
pub const NIBBLES: u8 = 62;

/// The path to a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Octets of the path, with zeros after its end.
    pub octets: [u8; 31],
    /// Length of the path, in nibbles.
    pub nibbles: u8,
}

impl Path {
    /// The path to the first page.
    pub const ROOT: Self = Self { octets: [0; 31], nibbles: 0 };

    pub(super) fn new(key: &[u8; 31], nibbles: u8) -> Self {
        let mut octets = [0; 31];
        let whole = usize::from(nibbles / 2);
        for (index, (to, from)) in octets.iter_mut().zip(key).enumerate() {
            if index < whole {
                *to = *from;
            } else if index == whole && nibbles % 2 == 1 {
                *to = *from & 0xf0;
            }
        }
        Self { octets, nibbles }
    }

    /// Mask of the bits of octet `index` that are part of the path.
    fn known(&self, index: usize) -> u8 {
        match usize::from(self.nibbles).saturating_sub(index.saturating_mul(2)) {
            0 => 0,
            1 => 0xf0,
            _ => 0xff,
        }
    }

    /// True if the path may be a prefix of a key that begins with these octets.
    #[must_use]
    pub fn may_begin_with(&self, octets: &[u8]) -> bool {
        octets.iter().zip(self.octets).enumerate().all(|(index, (octet, own))| {
            let known = self.known(index);
            (octet ^ own) & known == 0
        })
    }

    /// True if the path may be a prefix of a key with `octets` at the even places of its first
    /// eight octets: the key of an entry of the service with this index.
    #[must_use]
    pub fn may_lead_to(&self, octets: [u8; 4]) -> bool {
        octets.iter().enumerate().all(|(index, octet)| {
            let index = index.saturating_mul(2);
            let found = self.octets.get(index).copied().unwrap_or(0);
            (found ^ octet) & self.known(index) == 0
        })
    }
}

/// Nibble `index` of a path.
pub(super) fn nibble(key: &[u8; 31], index: u8) -> u8 {
    let octet = key.get(usize::from(index / 2)).copied().unwrap_or(0);
    if index.is_multiple_of(2) { octet >> 4 } else { octet & 0x0f }
}

/// Number of nibbles common to two paths.
pub(super) fn common(a: &[u8; 31], b: &[u8; 31]) -> u8 {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let steps = u8::try_from(same.saturating_mul(2)).unwrap_or(NIBBLES);
    if steps < NIBBLES && nibble(a, steps) == nibble(b, steps) {
        steps.saturating_add(1)
    } else {
        steps
    }
}
