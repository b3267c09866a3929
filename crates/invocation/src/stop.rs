//! Why a host call does not return to its guest.

use core::fmt;
use core::time::Duration;

use jambox_engine::EngineError;
use jambox_hostcall::{Context, HostCall, Request};
use jambox_state::StateError;

use crate::Invocation;

/// Ends the guest's run from within a host call, or the host's own work.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Stop {
    /// The guest panics.
    #[error("{0}")]
    Panic(PanicReason),
    /// The guest's gas does not cover what the call costs; none is left.
    #[error("the call costs {price} gas, {left} were left")]
    OutOfGas {
        /// What was to be charged.
        price: u64,
        /// What was left before.
        left: u64,
    },
    /// The host itself cannot go on: no outcome of the guest.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// What a guest did in a host call that makes it panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PanicReason {
    /// A range of its memory that the call needs is not accessible.
    #[error("{what}: {length} octets at {address:#x} are not {access}")]
    Memory {
        /// What the range is for.
        what: &'static str,
        /// Its first address.
        address: u64,
        /// Its length in octets.
        length: u64,
        /// What it should allow.
        access: Needed,
    },
    /// `new` was given a code length of 2^32 or more.
    #[error("a code length of {0} is not below 2^32")]
    CodeLength(u64),
}

/// What a range of memory should allow.
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

/// A failure of the host: of its store, its limits, its resources. Never the guest's doing alone,
/// and never to be taken for an outcome.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HostError {
    /// State could not be read or changed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The engine could not provide a machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The protocol's parameters allow no erasure code.
    #[error(transparent)]
    Erasure(#[from] jambox_erasure::Error),
    /// A guest holds more inner machines than this host is set to allow. The paper (0.7.2) has no
    /// such limit, so there is no right answer to give the guest.
    #[error("the guest holds {0} inner machines, more than this host allows")]
    TooManyMachines(usize),
    /// The inner machines of a guest hold more code than this host is set to allow, in octets.
    #[error("the guest's inner machines hold more than {0} octets of code")]
    TooMuchInnerCode(usize),
    /// The inner machines of a guest run longer than this host is set to allow, in gas.
    #[error("the guest's inner machines use more than {0} gas")]
    TooMuchInnerGas(u64),
    /// The inner machines of a guest have more accessible pages than this host is set to allow.
    #[error("the guest's inner machines hold more than {0} pages")]
    TooManyInnerPages(u64),
    /// What an invocation has in memory is more than this host is set to allow, in octets.
    #[error("the guest needs more than {0} octets of memory, this host's limit")]
    TooMuchMemory(u64),
    /// Host calls of an invocation copy more than this host is set to allow, in octets.
    #[error("the guest's host calls copy more than {0} octets, this host's limit")]
    TooMuchCopied(u64),
    /// An invocation takes longer than this host is set to allow.
    #[error("the guest takes longer than {0:?}, this host's limit")]
    TooLong(Duration),
    /// The host has no room for what a guest wants it to keep, in octets.
    #[error("this host has no room for {0} octets that the guest wants it to keep")]
    NoRoom(u64),
    /// The table offers a call in a context whose handlers do not know it.
    #[error("{} is not implemented in {context}", call.name())]
    NotImplemented {
        /// The call.
        call: HostCall,
        /// The context.
        context: Context,
    },
    /// A runner other than the engine failed.
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
    /// Whether a [limit](crate::Limits) of this host was reached, rather than something broken.
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
