//! Reasons for a host call not to return to its guest.

use core::fmt;
use core::time::Duration;

use jambox_engine::EngineError;
use jambox_hostcall::{Context, HostCall, Request};
use jambox_state::StateError;

use crate::Invocation;

/// End of a guest's run within a host call: an outcome of the guest, or a failure of the host.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Stop {
    /// The guest panics.
    #[error("{0}")]
    Panic(PanicReason),
    /// The guest's gas does not cover the call's price. No gas is left.
    #[error("the call costs {price} gas, {left} were left")]
    OutOfGas {
        /// The price.
        price: u64,
        /// Gas left before the charge.
        left: u64,
    },
    /// The host itself cannot go on; this is no outcome of the guest.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Reason for a panic in a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PanicReason {
    /// A range of guest memory is not accessible as the call needs.
    #[error("{what}: {length} octets at {address:#x} are not {access}")]
    Memory {
        /// Purpose of the range.
        what: &'static str,
        /// First address of the range.
        address: u64,
        /// Length of the range, in octets.
        length: u64,
        /// The access needed.
        access: Needed,
    },
    /// `new` has a code length of 2^32 or more.
    #[error("a code length of {0} is not below 2^32")]
    CodeLength(u64),
}

/// Access that a call needs to a range of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Reading.
    Readable,
    /// Writing.
    Writable,
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Readable => "readable",
            Self::Writable => "writable",
        })
    }
}

/// A failure of the host: of its store, its limits, its resources. Never caused by the guest alone,
/// and never an outcome of the guest.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HostError {
    /// State cannot be read or changed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The engine cannot provide a machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The protocol's parameters allow no erasure code.
    #[error(transparent)]
    Erasure(#[from] jambox_erasure::Error),
    /// A guest has more inner machines than this host's limit. The paper (0.7.2) has no limit, so
    /// no answer to the guest would be correct.
    #[error("the guest holds {0} inner machines, more than this host allows")]
    TooManyMachines(usize),
    /// The inner machines of a guest have more code than this host's limit, in octets.
    #[error("the guest's inner machines hold more than {0} octets of code")]
    TooMuchInnerCode(usize),
    /// The inner machines of a guest use more gas than this host's limit.
    #[error("the guest's inner machines use more than {0} gas")]
    TooMuchInnerGas(u64),
    /// The inner machines of a guest have more accessible pages than this host's limit.
    #[error("the guest's inner machines hold more than {0} pages")]
    TooManyInnerPages(u64),
    /// An invocation has more memory than this host's limit, in octets.
    #[error("the guest needs more than {0} octets of memory, this host's limit")]
    TooMuchMemory(u64),
    /// Host calls of an invocation copy more than this host's limit, in octets.
    #[error("the guest's host calls copy more than {0} octets, this host's limit")]
    TooMuchCopied(u64),
    /// An invocation takes longer than this host's limit.
    #[error("the guest takes longer than {0:?}, this host's limit")]
    TooLong(Duration),
    /// The host cannot allocate memory for the guest's data, in octets.
    #[error("this host has no room for {0} octets that the guest wants it to keep")]
    NoRoom(u64),
    /// The table offers a call in a context without a handler for it.
    #[error("{} is not implemented in {context}", call.name())]
    NotImplemented {
        /// The call.
        call: HostCall,
        /// The context.
        context: Context,
    },
    /// A runner other than the engine's failed.
    #[error("{0}")]
    Runner(String),
}

impl From<StateError> for Stop {
    fn from(error: StateError) -> Self {
        Self::Host(error.into())
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Host(error.into())
    }
}

impl HostError {
    /// True if a [limit](crate::Limits) of this host was reached; false for a broken host.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::TooManyMachines(_)
                | Self::TooMuchInnerCode(_)
                | Self::TooMuchInnerGas(_)
                | Self::TooManyInnerPages(_)
                | Self::TooMuchMemory(_)
                | Self::TooMuchCopied(_)
                | Self::TooLong(_)
                | Self::NoRoom(_)
        )
    }

    pub(crate) fn not_implemented(request: &Request, invocation: Invocation) -> Self {
        Self::NotImplemented { call: request.call(), context: invocation.context() }
    }
}
