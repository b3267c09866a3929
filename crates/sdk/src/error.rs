use core::fmt;

use jambox_codec::DecodeError;
use jambox_hostcall::{Abi, ResultCode};

/// Failure of a host call.
///
/// Every result code of the paper has a variant (`sec:virtualmachineinvocations`, 0.7.2), and a
/// register value that the call is not documented to give is [`Error::Unexpected`], never success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// `NONE`: the item does not exist.
    Missing,
    /// `WHAT`: the host does not offer the call in this context.
    Unavailable,
    /// `OOB`: memory of the inner machine is not accessible there.
    OutOfBounds,
    /// `WHO`: there is no such service or machine.
    Unknown,
    /// `FULL`: storage is full, or the resource is already allocated.
    Full,
    /// `CORE`: there is no such core.
    NoSuchCore,
    /// `CASH`: funds are insufficient.
    InsufficientFunds,
    /// `LOW`: the gas limit is too low.
    GasTooLow,
    /// `HUH`: the operation is invalid, or not permitted to this service.
    Refused,
    /// A number would be too large or negative. Only typed storage gives this, no host call.
    Overflow,
    /// The register holds a value that the call is not documented to give.
    Unexpected(u64),
    /// The octets are no encoding of the type: the item at this offset is wrong.
    Decode {
        /// Octets before it.
        offset: usize,
    },
}

impl Error {
    /// The error of a register value; `None` if the value is a number and no result code.
    #[must_use]
    pub const fn of_code(value: u64) -> Option<Self> {
        macro_rules! codes {
            ($($code:ident => $error:ident,)+) => {
                match value {
                    $(value if value == const { ResultCode::$code.value(Abi::GrayPaper) } => {
                        Some(Self::$error)
                    })+
                    _ => None,
                }
            };
        }
        codes! {
            None => Missing,
            What => Unavailable,
            Oob => OutOfBounds,
            Who => Unknown,
            Full => Full,
            Core => NoSuchCore,
            Cash => InsufficientFunds,
            Low => GasTooLow,
            Huh => Refused,
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode { offset: error.offset }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Missing => "the item does not exist",
            Self::Unavailable => "the host does not offer this call here",
            Self::OutOfBounds => "the inner machine's memory is not accessible there",
            Self::Unknown => "there is no such service or machine",
            Self::Full => "storage is full, or the resource is already allocated",
            Self::NoSuchCore => "there is no such core",
            Self::InsufficientFunds => "funds are insufficient",
            Self::GasTooLow => "the gas limit is too low",
            Self::Refused => "the operation is invalid, or not this service's to do",
            Self::Overflow => "a number would be too large or below zero",
            Self::Unexpected(value) => return write!(f, "the host answered {value:#x}"),
            Self::Decode { offset } => {
                return write!(f, "cannot decode the item at octet {offset}");
            }
        };
        f.write_str(text)
    }
}

impl core::error::Error for Error {}
