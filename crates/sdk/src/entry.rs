//! Entry points: arguments in, octets out.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Debug};
use core::panic::Location;

use jambox_codec::{Decode, decode_all};
use jambox_types::Hash;

use crate::Error;
use crate::context::{
    AccumulateArguments, AccumulateContext, AuthorizeArguments, AuthorizeContext, RefineArguments,
    RefineContext,
};

/// Result of an entry point, as octets: refine's is the work result, is-authorized's the authorizer
/// trace. Accumulate's is a hash if it has exactly 32 octets, and ignored otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output(pub Vec<u8>);

macro_rules! output_from {
    ($($from:ty: $value:ident => $octets:expr;)+) => {$(
        impl From<$from> for Output {
            fn from($value: $from) -> Self {
                Self($octets)
            }
        }
    )+};
}

output_from! {
    (): _nothing => Vec::new();
    Vec<u8>: octets => octets;
    &[u8]: octets => octets.to_vec();
    &str: text => text.as_bytes().to_vec();
    String: text => text.into_bytes();
    Hash: hash => hash.0.to_vec();
    Option<Hash>: hash => hash.map_or_else(Vec::new, |hash| hash.0.to_vec());
}

impl<const N: usize> From<[u8; N]> for Output {
    fn from(octets: [u8; N]) -> Self {
        Self(octets.to_vec())
    }
}

/// An error ends the invocation with a panic that shows it, at the place of `entry_points!`. A
/// [`Placed`] error also names the line that returned it.
impl<T: Into<Output>, E: Debug> From<Result<T, E>> for Output {
    #[track_caller]
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(output) => output.into(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// An error with the place of the `?` that returned it.
///
/// ```
/// use jambox_sdk::prelude::*;
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Placed> {
///     ctx.storage().set("key", "value")?; // Its panic tells of this line.
///     Ok(())
/// }
/// # entry_points! { accumulate = accumulate }
/// # fn main() {}
/// ```
pub struct Placed<E = Error> {
    /// The error.
    pub error: E,
    place: &'static Location<'static>,
}

impl<E> From<E> for Placed<E> {
    #[track_caller]
    fn from(error: E) -> Self {
        Self { error, place: Location::caller() }
    }
}

impl<E: Debug> Debug for Placed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, returned at {}:{}", self.error, self.place.file(), self.place.line())
    }
}

/// An entry point for the host: encoded arguments in, octets out.
pub type Entry = fn(&[u8]) -> Vec<u8>;

/// The entry points of a crate; [`entry_points!`](crate::entry_points) makes one.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Entry point at pc 0.
    pub refine: Option<Entry>,
    /// Entry point at pc 5.
    pub accumulate: Option<Entry>,
    /// Entry point at pc 0, too.
    pub is_authorized: Option<Entry>,
}

impl Service {
    /// Length of is-authorized's arguments, in octets; refine's are always longer.
    const AUTHORIZE_ARGUMENTS: usize = 2;

    /// Enters at pc 0: is-authorized if there is one and the arguments are two octets, else refine.
    ///
    /// # Panics
    ///
    /// When the service has no such entry point.
    #[must_use]
    pub fn start(&self, arguments: &[u8]) -> Vec<u8> {
        match (self.refine, self.is_authorized) {
            (_, Some(entry)) if arguments.len() == Self::AUTHORIZE_ARGUMENTS => entry(arguments),
            (Some(entry), _) => entry(arguments),
            _ => panic!("this service has no refine"),
        }
    }

    /// Enters at pc 5.
    ///
    /// # Panics
    ///
    /// When the service has no accumulate.
    #[must_use]
    pub fn accumulate(&self, arguments: &[u8]) -> Vec<u8> {
        match self.accumulate {
            Some(entry) => entry(arguments),
            None => panic!("this service has no accumulate"),
        }
    }
}

fn arguments<T: Decode>(octets: &[u8]) -> T {
    match decode_all(octets) {
        Ok(arguments) => arguments,
        Err(_) => panic!("the host's arguments are malformed"),
    }
}

#[doc(hidden)]
#[track_caller]
pub fn refine<O: Into<Output>>(
    entry: impl FnOnce(&RefineContext, RefineArguments) -> O,
    octets: &[u8],
) -> Vec<u8> {
    entry(&RefineContext(()), arguments(octets)).into().0
}

#[doc(hidden)]
#[track_caller]
pub fn accumulate<O: Into<Output>>(
    entry: impl FnOnce(&AccumulateContext, AccumulateArguments) -> O,
    octets: &[u8],
) -> Vec<u8> {
    entry(&AccumulateContext(()), arguments(octets)).into().0
}

#[doc(hidden)]
#[track_caller]
pub fn is_authorized<O: Into<Output>>(
    entry: impl FnOnce(&AuthorizeContext, AuthorizeArguments) -> O,
    octets: &[u8],
) -> Vec<u8> {
    entry(&AuthorizeContext(()), arguments(octets)).into().0
}

/// Declares a crate's entry points, any of them in any order, and defines `SERVICE`.
///
/// Each is a function of a context and arguments, by its path or as a closure, and returns anything
/// that turns into an [`Output`]: octets, text, a hash or none, nothing, or a `Result` of such,
/// whose error panics.
///
/// A crate with `refine` or `accumulate` is a service; the entry point that it lacks panics. With
/// all three it can be its own authorizer. A crate with only `is_authorized` is an authorizer.
///
/// `payload = TYPE` names the type that payloads are encodings of, which must be
/// [described](crate::describe::Describe). It defines `PAYLOAD`, and lets package files write
/// payloads by the names of fields. Refine still decodes the payloads itself.
///
/// ```
/// use jambox_sdk::prelude::*;
///
/// fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
///     arguments.payload
/// }
///
/// entry_points! { payload = (ServiceId, u64), accumulate = |_, _| None::<Hash>, refine = refine }
/// # fn main() {
/// assert!(SERVICE.refine.is_some() && SERVICE.is_authorized.is_none());
/// assert_eq!(PAYLOAD, "(u32, u64)");
/// # }
/// ```
///
/// An unknown name is an error of the compiler with a message, and so is a repeated one:
///
/// ```compile_fail
/// jambox_sdk::entry_points! { refin = |_, _| () }
/// ```
///
/// ```compile_fail
/// jambox_sdk::entry_points! { refine = |_, _| (), refine = |_, _| () }
/// ```
///
/// ```compile_fail
/// jambox_sdk::entry_points! {}
/// ```
#[macro_export]
macro_rules! entry_points {
    (@sort $refine:tt $accumulate:tt $authorize:tt $payload:tt) => {
        $crate::entry_points!(@service $refine $accumulate $authorize);
        $crate::entry_points!(@export $refine $accumulate $authorize);
        $crate::__payload! $payload;
    };
    (@sort () $a:tt $i:tt $p:tt refine = $entry:expr $(, $($rest:tt)*)?) => {
        $crate::entry_points!(@sort ($entry) $a $i $p $($($rest)*)?);
    };
    (@sort $r:tt () $i:tt $p:tt accumulate = $entry:expr $(, $($rest:tt)*)?) => {
        $crate::entry_points!(@sort $r ($entry) $i $p $($($rest)*)?);
    };
    (@sort $r:tt $a:tt () $p:tt is_authorized = $entry:expr $(, $($rest:tt)*)?) => {
        $crate::entry_points!(@sort $r $a ($entry) $p $($($rest)*)?);
    };
    (@sort $r:tt $a:tt $i:tt () payload = $payload:ty $(, $($rest:tt)*)?) => {
        $crate::entry_points!(@sort $r $a $i ($payload) $($($rest)*)?);
    };
    (@sort $r:tt $a:tt $i:tt $p:tt refine = $($rest:tt)*) => {
        $crate::entry_points!(@twice refine);
    };
    (@sort $r:tt $a:tt $i:tt $p:tt accumulate = $($rest:tt)*) => {
        $crate::entry_points!(@twice accumulate);
    };
    (@sort $r:tt $a:tt $i:tt $p:tt is_authorized = $($rest:tt)*) => {
        $crate::entry_points!(@twice is_authorized);
    };
    (@sort $r:tt $a:tt $i:tt $p:tt payload = $($rest:tt)*) => {
        $crate::entry_points!(@twice payload);
    };
    (@sort $r:tt $a:tt $i:tt $p:tt $other:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($other), "` is no entry point; there are `refine = FUNCTION`, \
             `accumulate = FUNCTION`, `is_authorized = FUNCTION`, and `payload = TYPE`"
        ));
    };
    (@twice $word:ident) => {
        ::core::compile_error!(::core::concat!("`", ::core::stringify!($word), "` is there twice"));
    };
    (@export () () ($authorize:expr)) => { $crate::__export!(authorizer); };
    (@export () () ()) => {
        ::core::compile_error!(
            "there is no entry point; write `refine = FUNCTION`, `accumulate = FUNCTION` or both, \
             or `is_authorized = FUNCTION`"
        );
    };
    (@export $refine:tt $accumulate:tt $authorize:tt) => { $crate::__export!(service); };
    (@service $refine:tt $accumulate:tt $authorize:tt) => {
        /// This crate's entry points.
        pub const SERVICE: $crate::Service = $crate::Service {
            refine: $crate::entry_points!(@entry refine $refine),
            accumulate: $crate::entry_points!(@entry accumulate $accumulate),
            is_authorized: $crate::entry_points!(@entry is_authorized $authorize),
        };
    };
    (@entry $which:ident ()) => { ::core::option::Option::None };
    (@entry $which:ident ($function:expr)) => {
        ::core::option::Option::Some(|octets: &[u8]| $crate::__run::$which($function, octets))
    };
    (@sort $($other:tt)*) => {
        ::core::compile_error!(
            "expected `refine = FUNCTION, accumulate = FUNCTION`, with commas between them"
        );
    };
    ($($all:tt)*) => {
        $crate::entry_points!(@sort () () () () $($all)*);
    };
}

/// Declares a crate's one function to be a library: a standard program that services run in inner
/// machines ([`NestedPvm`](crate::NestedPvm)), and defines `LIBRARY`.
///
/// The function takes the arguments as they are and returns a value that converts to an [`Output`].
/// The caller reads it with [`NestedPvm::output`](crate::NestedPvm::output): its address is in r7,
/// its length in r8. With `packed` in front of `fn`, r7 holds the address in its low half and the
/// length in its high half ([`NestedPvm::packed_output`](crate::NestedPvm::packed_output)), as some
/// callers expect. An error panics. Host calls exist only if the caller answers them.
///
/// ```
/// use jambox_sdk::prelude::*;
///
/// library! {
///     /// Whether the octets are in order.
///     fn is_sorted(input: &[u8]) -> Vec<u8> {
///         vec![u8::from(input.is_sorted())]
///     }
/// }
/// # fn main() { assert_eq!(LIBRARY(&[1, 2]), [1]); assert_eq!(is_sorted(&[2, 1]), [0]); }
/// ```
#[macro_export]
macro_rules! library {
    (
        $(#[$attribute:meta])*
        packed fn $($function:tt)*
    ) => {
        $crate::library!(@enter_packed $(#[$attribute])* fn $($function)*);
    };
    (
        $(#[$attribute:meta])*
        fn $($function:tt)*
    ) => {
        $crate::library!(@enter $(#[$attribute])* fn $($function)*);
    };
    (
        @$enter:ident
        $(#[$attribute:meta])*
        fn $name:ident($input:ident: &[u8]) -> $output:ty $body:block
    ) => {
        $(#[$attribute])*
        pub fn $name($input: &[u8]) -> $output $body

        /// The library for its callers: octets in, octets out.
        pub const LIBRARY: $crate::Entry = |octets| $crate::Output::from($name(octets)).0;

        $crate::__export!(library $enter);
    };
}

/// Natively there is nothing to export: tests take `SERVICE`.
#[cfg(not(target_env = "polkavm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($($kind:ident)+) => {};
}
