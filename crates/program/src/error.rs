//! Errors of parsing programs.

use core::fmt;

/// Error: octets that are no program, with the place and kind of fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at octet {offset}: {kind}")]
pub struct ProgramError {
    /// Start of the fault, in octets from the start of the input.
    pub offset: usize,
    /// Kind of fault, with the expected value.
    pub kind: ErrorKind,
}

impl ProgramError {
    pub(crate) const fn new(offset: usize, kind: ErrorKind) -> Self {
        Self { offset, kind }
    }

    /// The same error in a larger input, in which this input begins at octet `start`.
    pub(crate) const fn within(mut self, start: usize) -> Self {
        self.offset = self.offset.saturating_add(start);
        self
    }
}

/// Kind of fault in a program.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends too soon.
    #[error("{what} needs {expected} octets, only {found} are left")]
    TooShort {
        /// The part being read.
        what: Part,
        /// Length of the part, in octets.
        expected: u64,
        /// Number of octets left.
        found: usize,
    },
    /// Octets follow the end of the program.
    #[error("the program ends here, but {found} octets follow")]
    Trailing {
        /// Number of octets.
        found: usize,
    },
    /// A natural is written in more octets than it needs.
    #[error("{what} is not in its shortest form: expected {value} in {expected} octets")]
    NotCanonical {
        /// The part being read.
        what: Part,
        /// The number.
        value: u64,
        /// Length of its shortest form, in octets.
        expected: usize,
    },
    /// The code is longer than [`ProgramBlob::CODE_LIMIT`](crate::ProgramBlob::CODE_LIMIT) allows.
    #[error("the code has {length} octets: expected fewer than 2^31")]
    CodeTooLong {
        /// Length of the code, in octets.
        length: u64,
    },
    /// A jump table entry does not fit in 64 bits.
    #[error("jump table entry {index} exceeds 64 bits")]
    EntryTooLarge {
        /// Index of the entry.
        index: u64,
    },
    /// A bit of the bitmask beyond the end of the code is set.
    #[error("the bitmask's last octet is {found:#04x}: expected the bits past the code to be zero")]
    Padding {
        /// The octet with the bit.
        found: u8,
    },
    /// A section is longer than its length field can hold.
    #[error("{what} has {length} octets: expected fewer than {limit}")]
    SectionTooLong {
        /// The section.
        what: Part,
        /// Length of the section, in octets.
        length: u64,
        /// Shortest length that is too long, in octets.
        limit: u64,
    },
    /// Text is not UTF-8.
    #[error("{what} is not UTF-8")]
    NotText {
        /// The part being read.
        what: Part,
    },
    /// Metadata of an unknown kind.
    #[error("metadata starts with {found}: expected 0, for crate information")]
    UnknownMetadata {
        /// The first octet.
        found: u8,
    },
    /// The revision in the metadata is unknown.
    #[error("the revision is unknown: expected gray-paper-0.7.2 or gray-paper-0.8.0")]
    UnknownRevision,
}

/// A part of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of each is in `Display`")]
pub enum Part {
    JumpTableLength,
    JumpTableEntrySize,
    CodeLength,
    JumpTable,
    Code,
    Bitmask,
    ReadOnlyLength,
    ReadWriteLength,
    HeapPages,
    StackSize,
    ReadOnly,
    ReadWrite,
    MetadataLength,
    Metadata,
    Name,
    Version,
    License,
    Authors,
    Revision,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JumpTableLength => "the length of the jump table",
            Self::JumpTableEntrySize => "the size of a jump table entry",
            Self::CodeLength => "the length of the code",
            Self::JumpTable => "the jump table",
            Self::Code => "the code",
            Self::Bitmask => "the bitmask",
            Self::ReadOnlyLength => "the length of the read-only data",
            Self::ReadWriteLength => "the length of the read-write data",
            Self::HeapPages => "the number of heap pages",
            Self::StackSize => "the size of the stack",
            Self::ReadOnly => "the read-only data",
            Self::ReadWrite => "the read-write data",
            Self::MetadataLength => "the length of the metadata",
            Self::Metadata => "the metadata",
            Self::Name => "the name",
            Self::Version => "the version",
            Self::License => "the licence",
            Self::Authors => "the authors",
            Self::Revision => "the revision",
        })
    }
}
