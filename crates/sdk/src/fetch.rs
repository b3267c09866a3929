//! Fetchers: an invocation's access to its environment.

use alloc::vec::Vec;

use jambox_codec::{Decode, decode_all_with, impl_codec};
use jambox_hostcall::FetchKind;
use jambox_types::{
    AccumulateInput, Gas, Hash, Parameters, RefineContext, Revision, ServiceId, WorkItem,
    WorkPackage,
};

use crate::Error;
use crate::ecalli::{Argument, host_call, length, optional, read_all};
use crate::revision::{ABI, revision};

/// The number of a kind, at compile time.
const fn number(kind: FetchKind) -> u64 {
    match kind.number(ABI) {
        Some(number) => number,
        None => panic!("the interface has no such kind"),
    }
}

/// Copies a part of an item of the environment, from `offset` on, and gives the item's whole
/// length; `None` if this invocation has no such item.
///
/// The typed fetchers are built on it. It is public for items too large to hold at once. `first`
/// and `second` are the indices of the kind, or 0.
///
/// # Errors
///
/// None under the paper's ABI, which offers `fetch` everywhere.
pub fn fetch_part(
    kind: FetchKind,
    first: u64,
    second: u64,
    offset: u64,
    into: &mut [u8],
) -> Result<Option<u64>, Error> {
    let number = kind.number(ABI).ok_or(Error::Unavailable)?;
    part(number, first, second, offset, into)
}

/// The whole of an item of the environment; as [`fetch_part`].
///
/// # Errors
///
/// As [`fetch_part`].
pub fn fetch(kind: FetchKind, first: u64, second: u64) -> Result<Option<Vec<u8>>, Error> {
    let number = kind.number(ABI).ok_or(Error::Unavailable)?;
    read_all(|offset, into| part(number, first, second, offset, into))
}

fn part(
    kind: u64,
    first: u64,
    second: u64,
    offset: u64,
    into: &mut [u8],
) -> Result<Option<u64>, Error> {
    let most = length(into);
    optional(host_call!(
        Fetch,
        Argument::output(into),
        Argument::number(offset),
        most,
        Argument::number(kind),
        Argument::number(first),
        Argument::number(second),
    ))
}

/// A missing item is an error here: the documentation of each typed fetcher says when.
fn whole<const KIND: u64>(first: u64, second: u64) -> Result<Vec<u8>, Error> {
    read_all(|offset, into| part(KIND, first, second, offset, into))?.ok_or(Error::Missing)
}

fn typed<const KIND: u64, T: Decode<Revision>>(first: u64) -> Result<T, Error> {
    Ok(decode_all_with(&whole::<KIND>(first, 0)?, &revision())?)
}

/// Fetcher of is-authorized. Made by [`AuthorizeContext`](crate::AuthorizeContext).
#[derive(Clone, Copy, Debug)]
pub struct AuthorizeFetcher(pub(crate) ());

/// Fetcher of refine. Made by [`RefineContext`](crate::RefineContext).
#[derive(Clone, Copy, Debug)]
pub struct RefineFetcher(pub(crate) ());

/// Fetcher of accumulate. Made by [`AccumulateContext`](crate::AccumulateContext).
#[derive(Clone, Copy, Debug)]
pub struct AccumulateFetcher(pub(crate) ());

macro_rules! everywhere {
    ($($fetcher:ident)+) => {$(
        impl $fetcher {
            /// The protocol's constants.
            ///
            /// # Errors
            ///
            /// [`Error::Decode`] when they are not those of this protocol revision.
            pub fn constants(&self) -> Result<Parameters, Error> {
                typed::<{ number(FetchKind::Constants) }, _>(0)
            }
        }
    )+};
}

everywhere!(AuthorizeFetcher RefineFetcher AccumulateFetcher);

macro_rules! with_package {
    ($($fetcher:ident)+) => {$(
        impl $fetcher {
            /// The work package.
            ///
            /// # Errors
            ///
            /// [`Error::Decode`] when the octets are no work package.
            pub fn work_package(&self) -> Result<WorkPackage, Error> {
                typed::<{ number(FetchKind::WorkPackage) }, _>(0)
            }

            /// The authorizer's configuration.
            ///
            /// # Errors
            ///
            /// None under the paper's ABI.
            pub fn authorizer_configuration(&self) -> Result<Vec<u8>, Error> {
                whole::<{ number(FetchKind::AuthorizerConfiguration) }>(0, 0)
            }

            /// The authorization token.
            ///
            /// # Errors
            ///
            /// None under the paper's ABI.
            pub fn authorization_token(&self) -> Result<Vec<u8>, Error> {
                whole::<{ number(FetchKind::AuthorizationToken) }>(0, 0)
            }

            /// The package's refinement context: anchor, lookup anchor and prerequisites.
            ///
            /// # Errors
            ///
            /// [`Error::Decode`] when the octets are no refinement context.
            pub fn refine_context(&self) -> Result<RefineContext, Error> {
                typed::<{ number(FetchKind::RefineContext) }, _>(0)
            }

            /// The summaries of all work items.
            ///
            /// # Errors
            ///
            /// [`Error::Decode`] when the octets are no summaries.
            pub fn item_summaries(&self) -> Result<Vec<ItemSummary>, Error> {
                typed::<{ number(FetchKind::ItemSummaries) }, _>(0)
            }

            /// The summary of one work item.
            ///
            /// # Errors
            ///
            /// [`Error::Missing`] when there is no such item.
            pub fn item_summary(&self, item: u64) -> Result<ItemSummary, Error> {
                typed::<{ number(FetchKind::ItemSummary) }, _>(item)
            }

            /// One work item, as it stands in the package.
            ///
            /// # Errors
            ///
            /// [`Error::Missing`] when there is no such item.
            pub fn work_item(&self, item: u64) -> Result<WorkItem, Error> {
                let index = usize::try_from(item).map_err(|_| Error::Missing)?;
                let mut package = self.work_package()?;
                if index < package.items.len() {
                    Ok(package.items.swap_remove(index))
                } else {
                    Err(Error::Missing)
                }
            }

            /// The payload of one work item.
            ///
            /// # Errors
            ///
            /// [`Error::Missing`] when there is no such item.
            pub fn payload(&self, item: u64) -> Result<Vec<u8>, Error> {
                whole::<{ number(FetchKind::ItemPayload) }>(item, 0)
            }
        }
    )+};
}

with_package!(AuthorizeFetcher RefineFetcher);

macro_rules! with_entropy {
    ($($fetcher:ident)+) => {$(
        impl $fetcher {
            /// 32 octets of entropy; all zero in refine, which has none.
            ///
            /// # Errors
            ///
            /// [`Error::Decode`] when it is not 32 octets.
            pub fn entropy(&self) -> Result<Hash, Error> {
                typed::<{ number(FetchKind::Entropy) }, _>(0)
            }
        }
    )+};
}

with_entropy!(RefineFetcher AccumulateFetcher);

impl RefineFetcher {
    /// Authorizer trace: the output of is-authorized.
    ///
    /// # Errors
    ///
    /// None under the paper's ABI.
    pub fn authorizer_trace(&self) -> Result<Vec<u8>, Error> {
        whole::<{ number(FetchKind::AuthorizerTrace) }>(0, 0)
    }

    /// An extrinsic of the item being refined.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no such extrinsic.
    pub fn extrinsic(&self, index: u64) -> Result<Vec<u8>, Error> {
        whole::<{ number(FetchKind::OwnExtrinsic) }>(index, 0)
    }

    /// The extrinsic `index` of the work item `item`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no such item or extrinsic.
    pub fn extrinsic_of(&self, item: u64, index: u64) -> Result<Vec<u8>, Error> {
        whole::<{ number(FetchKind::AnyExtrinsic) }>(item, index)
    }

    /// A segment imported for the item being refined: 4104 octets.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no such import.
    pub fn import(&self, index: u64) -> Result<Vec<u8>, Error> {
        whole::<{ number(FetchKind::OwnImport) }>(index, 0)
    }

    /// A segment imported for any item: 4104 octets.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no such item or import.
    pub fn import_of(&self, item: u64, index: u64) -> Result<Vec<u8>, Error> {
        whole::<{ number(FetchKind::AnyImport) }>(item, index)
    }
}

impl AccumulateFetcher {
    /// All inputs, work results and transfers, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] when the octets are no inputs.
    pub fn inputs(&self) -> Result<Vec<AccumulateInput>, Error> {
        typed::<{ number(FetchKind::Inputs) }, _>(0)
    }

    /// One input.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no such input.
    pub fn input(&self, index: u64) -> Result<AccumulateInput, Error> {
        typed::<{ number(FetchKind::Input) }, _>(index)
    }
}

/// Summary of a work item, without its payload: 62 octets (`fetch` kinds 11 and 12,
/// 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemSummary {
    /// The service that does the work.
    pub service: ServiceId,
    /// The hash of its code at the time of reporting.
    pub code_hash: Hash,
    /// Gas for refine.
    pub refine_gas_limit: Gas,
    /// Gas for accumulate.
    pub accumulate_gas_limit: Gas,
    /// Segments that the item exports.
    pub export_count: u16,
    /// Segments that the item imports.
    pub import_count: u16,
    /// Blobs handed in for the item.
    pub extrinsic_count: u16,
    /// Octets in its payload.
    pub payload_length: u32,
}

impl_codec!(ItemSummary {
    service,
    code_hash,
    refine_gas_limit,
    accumulate_gas_limit,
    export_count,
    import_count,
    extrinsic_count,
    payload_length,
});
