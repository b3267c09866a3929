//! Exit reasons of a run.

use core::fmt;

/// The reason why [`Instance::run`](crate::Instance::run) came back (the paper's exit reasons,
/// 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// A dynamic jump to the halt address, 2^32 - 2^16: the regular end.
    Halt,
    /// The program did something that the machine forbids.
    Panic,
    /// The next instruction costs more gas than is left.
    OutOfGas,
    /// An access to a page that does not allow it; the address is that of the page's first octet.
    PageFault(u32),
    /// An `ecalli` with this (sign-extended) number.
    HostCall(u64),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halt => f.write_str("halt"),
            Self::Panic => f.write_str("panic"),
            Self::OutOfGas => f.write_str("out of gas"),
            Self::PageFault(address) => write!(f, "page fault at {address:#x}"),
            Self::HostCall(number) => write!(f, "host call {number}"),
        }
    }
}
