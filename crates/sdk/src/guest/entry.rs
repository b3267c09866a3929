//! Entry from the host: the arguments as octets, and the output as address and length.

use alloc::vec::Vec;
use core::slice;

/// Two registers, `r7` and `r8`.
#[repr(C)]
pub struct Registers(u64, u64);

/// Runs an entry point on the arguments that the host has put into memory.
#[inline(always)]
pub fn enter(address: u64, length: u64, entry: impl FnOnce(&[u8]) -> Vec<u8>) -> Registers {
    let arguments = if length == 0 {
        &[]
    } else {
        // SAFETY: the host starts a program with the address and length of its arguments, which
        // are readable and never written (`sec:standardprograminit`, 0.7.2).
        unsafe { slice::from_raw_parts(address as *const u8, length as usize) }
    };
    let output = entry(arguments).leak();
    Registers(output.as_ptr() as u64, output.len() as u64)
}

/// As [`enter`], with the address of the output in the low half of `r7` and its length in the high
/// one.
#[inline(always)]
pub fn enter_packed(address: u64, length: u64, entry: impl FnOnce(&[u8]) -> Vec<u8>) -> Registers {
    let Registers(address, length) = enter(address, length, entry);
    Registers(address | length << 32, 0)
}

/// Exports a function under a name, in the form that the linker recognises.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_symbol {
    ($symbol:literal, $function:path) => {
        ::core::arch::global_asm!(
            ".pushsection .polkavm_metadata,\"aw\",@progbits",
            "771:",
            ".byte 1",
            ".4byte 0",
            ".4byte 773f - 772f",
            ".8byte 772f",
            ".byte 2",
            ".byte 2",
            "772:",
            concat!(".ascii \"", $symbol, "\""),
            "773:",
            ".popsection",
            ".pushsection .polkavm_exports,\"Ra\",@note",
            ".byte 1",
            "auipc zero, %pcrel_hi(771b)",
            ".4byte 0",
            "auipc zero, %pcrel_hi({function})",
            ".4byte 0",
            ".popsection",
            function = sym $function,
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (service) => {
        mod __jambox_exports {
            use super::SERVICE;
            extern "C" fn refine(address: u64, length: u64) -> $crate::__entry::Registers {
                $crate::__entry::enter(address, length, |octets| SERVICE.start(octets))
            }
            extern "C" fn accumulate(address: u64, length: u64) -> $crate::__entry::Registers {
                $crate::__entry::enter(address, length, |octets| SERVICE.accumulate(octets))
            }
            $crate::__export_symbol!("refine_ext", refine);
            $crate::__export_symbol!("accumulate_ext", accumulate);
        }
    };
    (library $enter:ident) => {
        mod __jambox_exports {
            use super::LIBRARY;
            extern "C" fn library(address: u64, length: u64) -> $crate::__entry::Registers {
                $crate::__entry::$enter(address, length, LIBRARY)
            }
            $crate::__export_symbol!("library_ext", library);
        }
    };
    (authorizer) => {
        mod __jambox_exports {
            use super::SERVICE;
            extern "C" fn authorize(address: u64, length: u64) -> $crate::__entry::Registers {
                $crate::__entry::enter(address, length, |octets| SERVICE.start(octets))
            }
            $crate::__export_symbol!("is_authorized_ext", authorize);
        }
    };
}
