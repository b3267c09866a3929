//! Preimages: a service's blobs, by their hash.

use alloc::vec::Vec;

use jambox_types::{Hash, TimeSlot};

use crate::ecalli::{Argument, done, host_call, length, optional, read_all, value};
use crate::{Error, ServiceRef};

/// Preimages in refine: those available at the package's lookup anchor.
///
/// Made by [`RefineContext::preimages`](crate::RefineContext::preimages).
///
/// ```
/// # use jambox_sdk::prelude::*;
/// fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
///     let hash: Hash = decode_all(&arguments.payload)?;
///     ctx.preimages().historical_lookup(&hash)?.ok_or(Error::Missing)
/// }
/// # entry_points! { refine = refine }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Item, Mode};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE)).has_preimage(b"a library", 0);
/// # let item = Item::new(7).payload(encode(&blake2b_256(b"a library")));
/// # assert_eq!(chain.refine(&item).result.unwrap(), b"a library");
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RefinePreimages {
    pub(crate) owner: ServiceRef,
}

/// Preimages in accumulate: those available now, with the requests for them.
///
/// Made by [`AccumulateContext::preimages`](crate::AccumulateContext::preimages).
///
/// ```
/// # use jambox_sdk::Request;
/// # use jambox_sdk::prelude::*;
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let preimages = ctx.preimages();
///     let blob = b"a library";
///     let (hash, length) = (blake2b_256(blob), blob.len() as u64);
///
///     // The request raises the threshold balance until it is forgotten.
///     preimages.solicit(&hash, length)?;
///     assert_eq!(preimages.query(&hash, length)?, Some(Request::Requested));
///     assert_eq!(preimages.lookup(&hash)?, None, "nobody has provided it");
///
///     // A service may provide it itself. The host takes it over at the end of the block.
///     preimages.provide(blob)?;
///     assert_eq!(preimages.provide(blob), Err(Error::Refused), "once is enough");
///     Ok(())
/// }
/// # entry_points! { accumulate = accumulate }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Mode};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE)).balance(1_000_000);
/// # let run = chain.accumulate(7, Vec::new());
/// # assert!(run.failure.is_none(), "{:?}", run.failure);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Preimages {
    pub(crate) owner: ServiceRef,
}

impl RefinePreimages {
    /// The preimages of another service.
    #[must_use]
    pub fn of(self, owner: impl Into<ServiceRef>) -> Self {
        Self { owner: owner.into() }
    }

    /// A preimage available now. The paper's host offers this in accumulate only; see
    /// [`historical_lookup`](Self::historical_lookup).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] under the paper's ABI.
    pub fn lookup(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        lookup(self.owner, hash)
    }

    /// The preimage available at the lookup anchor's time; `None` if there was none.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn historical_lookup(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        read_all(|offset, into| self.historical_lookup_part(hash, offset, into))
    }

    /// Copies a part of such a preimage, from `offset` on, and gives its whole length.
    ///
    /// # Errors
    ///
    /// As [`historical_lookup`](Self::historical_lookup).
    pub fn historical_lookup_part(
        &self,
        hash: &Hash,
        offset: u64,
        into: &mut [u8],
    ) -> Result<Option<u64>, Error> {
        let most = length(into);
        optional(host_call!(
            HistoricalLookup,
            Argument::number(self.owner.register()),
            Argument::input(&hash.0),
            Argument::output(into),
            Argument::number(offset),
            most,
        ))
    }
}

impl Preimages {
    /// The preimages of another service, to look up and provide.
    #[must_use]
    pub fn of(self, owner: impl Into<ServiceRef>) -> Self {
        Self { owner: owner.into() }
    }

    /// The preimage of a hash; `None` if the service does not have it.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn lookup(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        lookup(self.owner, hash)
    }

    /// Copies a part of a preimage, from `offset` on, and gives its whole length.
    ///
    /// # Errors
    ///
    /// As [`lookup`](Self::lookup).
    pub fn lookup_part(
        &self,
        hash: &Hash,
        offset: u64,
        into: &mut [u8],
    ) -> Result<Option<u64>, Error> {
        lookup_part(self.owner, hash, offset, into)
    }

    /// The state of a request of the calling service; `None` if there is no such request.
    ///
    /// # Errors
    ///
    /// [`Error::Unexpected`] for a state not in the paper.
    pub fn query(&self, hash: &Hash, length: u64) -> Result<Option<Request>, Error> {
        let registers = host_call!(Query, Argument::input(&hash.0), Argument::number(length));
        match value(registers) {
            Ok(first) => Request::decode(first, registers.1).map(Some),
            Err(Error::Missing) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Requests a preimage, or makes a forgotten one available again.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when it is requested or available already; [`Error::Full`] when the
    /// balance does not cover the request.
    pub fn solicit(&self, hash: &Hash, length: u64) -> Result<(), Error> {
        done(host_call!(Solicit, Argument::input(&hash.0), Argument::number(length)))
    }

    /// Gives up a request by one step: an unmet one goes at once; an available preimage becomes
    /// unavailable and can be forgotten for good once the expunge period is over.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when there is no such request, or the period is not over.
    pub fn forget(&self, hash: &Hash, length: u64) -> Result<(), Error> {
        done(host_call!(Forget, Argument::input(&hash.0), Argument::number(length)))
    }

    /// Provides a preimage that the service has requested; it is available from this block on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when there is no such service; [`Error::Refused`] when it has no open
    /// request for it or it is provided already.
    pub fn provide(&self, preimage: &[u8]) -> Result<(), Error> {
        done(host_call!(
            Provide,
            Argument::number(self.owner.register()),
            Argument::input(preimage),
            length(preimage),
        ))
    }
}

fn lookup(owner: ServiceRef, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
    read_all(|offset, into| lookup_part(owner, hash, offset, into))
}

fn lookup_part(
    owner: ServiceRef,
    hash: &Hash,
    offset: u64,
    into: &mut [u8],
) -> Result<Option<u64>, Error> {
    let most = length(into);
    optional(host_call!(
        Lookup,
        Argument::number(owner.register()),
        Argument::input(&hash.0),
        Argument::output(into),
        Argument::number(offset),
        most,
    ))
}

/// The state of a preimage request (`sec:accounts`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Requested, not yet provided.
    Requested,
    /// Available.
    Available {
        /// Slot from which it is available.
        since: TimeSlot,
    },
    /// Forgotten after it was available.
    Unavailable {
        /// Slot from which it was available.
        since: TimeSlot,
        /// Slot from which it was no longer available.
        until: TimeSlot,
    },
    /// Available again after it was forgotten.
    AvailableAgain {
        /// Slot from which it was first available.
        since: TimeSlot,
        /// Slot from which it was no longer available.
        until: TimeSlot,
        /// Slot from which it is available again.
        again: TimeSlot,
    },
}

impl Request {
    /// Reads the result of `query` in `r7` and `r8`.
    fn decode(first: u64, second: u64) -> Result<Self, Error> {
        let low = |register: u64| TimeSlot(register as u32);
        let high = |register: u64| TimeSlot((register >> 32) as u32);
        let since = high(first);
        match first as u32 {
            0 if first == 0 => Ok(Self::Requested),
            1 => Ok(Self::Available { since }),
            2 => Ok(Self::Unavailable { since, until: low(second) }),
            3 => Ok(Self::AvailableAgain { since, until: low(second), again: high(second) }),
            _ => Err(Error::Unexpected(first)),
        }
    }
}
