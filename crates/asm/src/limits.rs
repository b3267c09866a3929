//! Limits of texts, so that none costs more memory than it is worth.

/// Largest section of data, in octets.
pub(crate) const MAX_SECTION: usize = (1 << 24) - 1;
/// Largest position of padding, in octets.
pub(crate) const MAX_PADDING: u32 = 1 << 16;
/// Largest depth of nested programs.
pub(crate) const MAX_NESTING: usize = 8;
/// Largest number of errors reported for a text.
pub(crate) const MAX_FAULTS: usize = 100;
