//! Limits of a pool, and what it has used of them.

/// The most that the memories and programs of a [`Pool`](crate::Pool) take of what the process has.
///
/// Portable memories take none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolLimits {
    /// Address spaces of 4 GiB, used and spare.
    pub memories: usize,
    /// Spare address spaces that are kept for the next guests.
    pub spares: usize,
    /// Runs of pages of equal access of all armed memories, each memory counting for one more. A
    /// run takes two entries at most in the kernel's list of mappings: itself, and the gap behind.
    /// A memory that is used again and gets arguments counts for two more.
    pub runs: usize,
    /// Octets of native code of all programs, in parts of 64 KiB.
    pub code: usize,
}

/// A limit that no pool can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit `{setting}` is {value}: give it a value from {least} to {most}")]
pub struct InvalidLimit {
    /// The name of the field.
    pub setting: &'static str,
    /// The refused value.
    pub value: usize,
    /// The least that it can be.
    pub least: usize,
    /// The most that it can be.
    pub most: usize,
}

impl PoolLimits {
    /// The limits of all pools of a process together: 32 TiB of the 128 that a process usually has,
    /// and a half of the 65,530 mappings. A process that has used one up can often not even
    /// allocate memory, and a guest can have thousands of inner machines.
    pub const OF_PROCESS: Self = Self { memories: 8192, spares: 8192, runs: 16_384, code: 1 << 30 };

    /// Checks that each limit is one that a pool can have: no more than the process has, and as
    /// much as one guest needs.
    ///
    /// # Errors
    /// When one is not; it names the first.
    pub fn check(&self) -> Result<(), InvalidLimit> {
        let of_process = Self::OF_PROCESS;
        let limits = [
            ("memories", self.memories, 1, of_process.memories),
            ("spares", self.spares, 0, self.memories),
            ("runs", self.runs, 1, of_process.runs),
            ("code", self.code, 1 << 16, of_process.code),
        ];
        for (setting, value, least, most) in limits {
            if value < least || value > most {
                return Err(InvalidLimit { setting, value, least, most });
            }
        }
        Ok(())
    }
}

impl Default for PoolLimits {
    /// As much as the process may have, and 64 spares, which keep 20 MiB at most, besides the
    /// read-only pages of programs.
    fn default() -> Self {
        Self { spares: 64, ..Self::OF_PROCESS }
    }
}

/// The part of its limits that a [`Pool`](crate::Pool) has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUsage {
    /// Address spaces, used and spare.
    pub memories: usize,
    /// Runs of pages of equal access.
    pub runs: usize,
    /// Octets of native code.
    pub code: usize,
}
