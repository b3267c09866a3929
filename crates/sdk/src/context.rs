//! The three contexts: the operations of each entry point.

use jambox_types::{CoreIndex, Gas, Hash, ServiceId, TimeSlot};

use crate::ecalli::{Argument, host_call, length, value};
use crate::{
    AuthorizeFetcher, Error, Machine, NestedPvm, Output, RefineFetcher, RefinePreimages,
    ServiceInfo, ServiceRef, SpiError, Storage,
};

/// Context of is-authorized. The macro [`entry_points!`](crate::entry_points) makes it.
///
/// The package is authorized unless the entry point panics or returns an error. Its output, the
/// authorizer trace, goes to refine and into the report.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// fn is_authorized(ctx: &AuthorizeContext, _: AuthorizeArguments) -> Result<Hash, Error> {
///     let fetcher = ctx.fetcher();
///     // The configuration is part of the authorizer's hash; the token is the package's own.
///     let token = blake2b_256(&fetcher.authorization_token()?);
///     assert_eq!(fetcher.authorizer_configuration()?, token.0, "wrong token");
///     Ok(token)
/// }
/// # entry_points! { is_authorized = is_authorized }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Item, Mode, Package};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE));
/// # let package = Package::new().authorizer(7).configuration(blake2b_256(b"sesame").0);
/// # let package = package.item(Item::new(7));
/// # assert!(chain.authorize(&package.clone().token("sesame")).result.is_ok());
/// # assert!(chain.authorize(&package.token("please")).result.is_err());
/// # }
/// ```
#[derive(Debug)]
pub struct AuthorizeContext(pub(crate) ());

/// Context of refine. The macro [`entry_points!`](crate::entry_points) makes it.
///
/// Refine runs off chain. It reads the package, and what belongs to it, by a fetcher; it reads
/// preimages as of the lookup anchor, runs other programs in inner machines, and exports segments.
/// Its output goes to accumulate.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// /// Keeps an extrinsic available as a segment, and tells accumulate which and how long.
/// fn refine(ctx: &RefineContext, _: RefineArguments) -> Result<Vec<u8>, Error> {
///     let data = ctx.fetcher().extrinsic(0)?;
///     let index = ctx.export_segment(&data)?;
///     Ok(encode(&(blake2b_256(&data), index, data.len() as u64)))
/// }
/// # entry_points! { refine = refine }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Item, Mode};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE));
/// # let run = chain.refine(&Item::new(7).extrinsic(b"data").exports(1));
/// # assert_eq!(run.result, Ok(encode(&(blake2b_256(b"data"), 0u64, 4u64))));
/// # assert_eq!(run.exports[0][..5], *b"data\0");
/// # }
/// ```
#[derive(Debug)]
pub struct RefineContext(pub(crate) ());

/// Context of accumulate; more of its operations are in [`accumulate`](crate::accumulate). The
/// macro [`entry_points!`](crate::entry_points) makes it.
///
/// Accumulate runs on chain, with the results of refine and the transfers to the service. Its
/// changes of the state count if it ends well. If it panics or runs out of gas, those up to the
/// last [`checkpoint`](Self::checkpoint) do.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// /// Sends half of each transfer back.
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     for input in ctx.fetcher().inputs()? {
///         let AccumulateInput::Transfer(received) = input else { continue };
///         let (sender, half) = (received.source, received.amount.0 / 2);
///         // Nobody can be paid who is gone by now.
///         let Some(account) = ctx.service_info(sender)? else { continue };
///         ctx.transfer(sender, half, account.min_memo_gas, &received.memo)?;
///         ctx.checkpoint();
///     }
///     Ok(())
/// }
/// # entry_points! { accumulate = accumulate }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Mode, transfer};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE)).balance(1_000_000);
/// # let inputs = vec![transfer(7, 7, 10, b""), transfer(8, 7, 20, b"")];
/// # let run = chain.accumulate(7, inputs);
/// # assert!(run.failure.is_none(), "{:?}", run.failure);
/// # let sent: Vec<u64> = run.transfers.iter().map(|transfer| transfer.amount.0).collect();
/// # assert_eq!(sent, [5]);
/// # }
/// ```
#[derive(Debug)]
pub struct AccumulateContext(pub(crate) ());

macro_rules! everywhere {
    ($($context:ident)+) => {$(
        impl $context {
            /// Gas left after the charge of this call.
            #[must_use]
            pub fn remaining_gas(&self) -> u64 {
                host_call!(Gas).0
            }

            /// Output of the entry point: these octets, without a length prefix.
            #[must_use]
            pub fn respond(&self, output: impl Into<Output>) -> Output {
                output.into()
            }
        }
    )+};
}

everywhere!(AuthorizeContext RefineContext AccumulateContext);

impl AuthorizeContext {
    /// Fetcher of the package.
    #[must_use]
    pub fn fetcher(&self) -> AuthorizeFetcher {
        AuthorizeFetcher(())
    }

    /// The storage of the authorizing service; the paper's host offers none here, and every call
    /// answers [`Error::Unavailable`].
    #[must_use]
    pub fn storage(&self) -> Storage {
        Storage { owner: ServiceRef::Current }
    }
}

impl RefineContext {
    /// Fetcher of the package, its segments and extrinsics.
    #[must_use]
    pub fn fetcher(&self) -> RefineFetcher {
        RefineFetcher(())
    }

    /// The service's preimages as of the lookup anchor.
    #[must_use]
    pub fn preimages(&self) -> RefinePreimages {
        RefinePreimages { owner: ServiceRef::Current }
    }

    /// The service's storage; the paper's host offers none in refine, and every call answers
    /// [`Error::Unavailable`].
    #[must_use]
    pub fn service_data(&self) -> Storage {
        Storage { owner: ServiceRef::Current }
    }

    /// A service's account; the paper's host answers [`Error::Unavailable`] in refine.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] on the paper's host, always.
    pub fn service_info(
        &self,
        service: impl Into<ServiceRef>,
    ) -> Result<Option<ServiceInfo>, Error> {
        ServiceInfo::of(service.into())
    }

    /// Exports a segment (at most 4104 octets, padded with zeros to 4104) and gives its index
    /// within the package.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when the package has reached its limit.
    pub fn export_segment(&self, segment: &[u8]) -> Result<u64, Error> {
        value(host_call!(Export, Argument::input(segment), length(segment)))
    }

    /// An inner machine for a program blob, to start at `pc`; see [`Machine::new`].
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the octets are not a program blob.
    pub fn machine(&self, program: &[u8], pc: u64) -> Result<Machine, Error> {
        Machine::new(program, pc)
    }

    /// A standard program in an inner machine; see [`NestedPvm::from_spi`].
    ///
    /// # Panics
    ///
    /// When [`RefineContext::nested_pvm_checked`] fails.
    #[must_use]
    pub fn nested_pvm(&self, blob: &[u8], arguments: &[u8], gas: u64) -> NestedPvm {
        NestedPvm::from_spi(blob, arguments, gas)
    }

    /// A standard program in an inner machine; see [`NestedPvm::from_spi_checked`].
    ///
    /// # Errors
    ///
    /// See [`SpiError`].
    pub fn nested_pvm_checked(
        &self,
        blob: &[u8],
        arguments: &[u8],
        gas: u64,
    ) -> Result<NestedPvm, SpiError> {
        NestedPvm::from_spi_checked(blob, arguments, gas)
    }
}

/// The arguments of refine (`eq:refinvocation`, 0.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefineArguments {
    /// The core of the work report.
    pub core: CoreIndex,
    /// Index of the work item within its package.
    pub item: u32,
    /// The work item's service: this one.
    pub service: ServiceId,
    /// The item's payload.
    pub payload: alloc::vec::Vec<u8>,
    /// The hash of the package.
    pub package_hash: Hash,
}

jambox_codec::impl_codec!(RefineArguments {
    core: natural,
    item: natural,
    service: natural,
    payload,
    package_hash,
});

/// The arguments of accumulate (`eq:accinvocation`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccumulateArguments {
    /// The block's slot.
    pub slot: TimeSlot,
    /// The accumulating service: this one.
    pub service: ServiceId,
    /// Number of inputs to fetch.
    pub input_count: u32,
}

jambox_codec::impl_codec!(AccumulateArguments {
    slot: natural,
    service: natural,
    input_count: natural,
});

/// The argument of is-authorized (`eq:isauthinvocation`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorizeArguments {
    /// The core of the package.
    pub core: CoreIndex,
}

jambox_codec::impl_codec!(AuthorizeArguments { core });

/// Properties of a new service; see
/// [`AccumulateContext::new_service`](crate::AccumulateContext::new_service).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewService {
    /// Hash of the code.
    pub code_hash: Hash,
    /// Length of the code, in octets, for the preimage request that the service starts with.
    pub code_length: u32,
    /// Smallest gas for each work item's accumulation.
    pub min_accumulate_gas: Gas,
    /// Smallest gas for each transfer to the service.
    pub min_memo_gas: Gas,
    /// Gratis storage: reduction of the threshold balance; other than 0 only for the manager.
    pub gratis: u64,
    /// Id wanted; used only below 2^16 and only from the registrar.
    pub wanted_id: ServiceId,
}
