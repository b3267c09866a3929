//! Result codes: values of `r7` after a host call without a result.

use core::fmt;

use crate::Abi;

macro_rules! result_codes {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal = $paper:expr, $seed:expr; )*) => {
        /// A result code; its value depends on the ABI.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ResultCode { $( $(#[doc = $doc])+ $variant, )* }

        impl ResultCode {
            /// Every code, in the paper's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as the paper writes it, for example `NONE`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Meaning of the code to the guest.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// The register value under `abi`. Under the seed-doc ABI several codes share a value.
            pub const fn value(self, abi: Abi) -> u64 {
                match (self, abi) {
                    $(
                        (Self::$variant, Abi::GrayPaper) => $paper,
                        (Self::$variant, Abi::SeedDoc { .. }) => $seed,
                    )*
                }
            }
        }
    };
}

/// `2^64 - n`.
const fn minus(n: u64) -> u64 {
    0u64.wrapping_sub(n)
}

// Values under the Gray Paper ABI, then under the seed-doc ABI. The seed document lacks CASH, CORE
// and OOB: they fold into its LOW, WHO and HUH.
result_codes! {
    /// An item does not exist.
    None "NONE" = minus(1), minus(1);
    /// The host call is unknown, or this context does not offer it.
    What "WHAT" = minus(2), minus(3);
    /// The inner machine's memory is not accessible there.
    Oob "OOB" = minus(3), minus(4);
    /// An index (a service, a machine) is unknown.
    Who "WHO" = minus(4), minus(2);
    /// Storage is full or the resource is already allocated.
    Full "FULL" = minus(5), minus(6);
    /// The core index is unknown.
    Core "CORE" = minus(6), minus(2);
    /// Funds are insufficient.
    Cash "CASH" = minus(7), minus(5);
    /// The gas limit is too low.
    Low "LOW" = minus(8), minus(5);
    /// The operation is invalid: already solicited, cannot be forgotten, or not privileged.
    Huh "HUH" = minus(9), minus(4);
    /// Success.
    Ok "OK" = 0, 0;
}

impl ResultCode {
    /// The code under `abi`: another code if the ABI lacks this one.
    #[must_use]
    pub fn under(self, abi: Abi) -> Self {
        Self::from_value(abi, self.value(abi)).unwrap_or(self)
    }

    /// The code with this value; `None` if there is none. `0` reads as [`ResultCode::Ok`].
    ///
    /// Of several codes folded into one value, the code in the ABI's document is returned.
    pub fn from_value(abi: Abi, value: u64) -> Option<Self> {
        let preferred = [Self::Ok, Self::None, Self::Who, Self::What, Self::Huh, Self::Low];
        let all = preferred.iter().chain(Self::ALL);
        all.copied().find(|code| code.value(abi) == value)
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! inner_exits {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal = $value:literal; )*) => {
        /// Exit of an inner machine: the value of `r7` after `invoke`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u64)]
        pub enum InnerExit { $( $(#[doc = $doc])+ $variant = $value, )* }

        impl InnerExit {
            /// Every exit, by value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as the paper writes it, for example `FAULT`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Meaning of the exit to the guest.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// The register value.
            pub const fn value(self) -> u64 {
                self as u64
            }

            /// The exit with this register value; `None` if there is none.
            pub const fn from_value(value: u64) -> Option<Self> {
                match value { $($value => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

inner_exits! {
    /// The machine halted normally.
    Halt "HALT" = 0;
    /// The machine panicked.
    Panic "PANIC" = 1;
    /// The machine touched an inaccessible page; `r8` is the page's address.
    Fault "FAULT" = 2;
    /// The machine asks for a host call; `r8` is its number.
    Host "HOST" = 3;
    /// The machine ran out of gas.
    OutOfGas "OOG" = 4;
}

impl fmt::Display for InnerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
