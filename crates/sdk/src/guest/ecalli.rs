//! The instruction that calls the host, in the form that the linker recognises: a marker, then the
//! address of a description of the call.

use core::arch::asm;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::revision::interface;
use crate::row::{inputs, number};

/// Contents of one register.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'a>(MaybeUninit<u64>, PhantomData<&'a mut [u8]>);

impl<'a> Argument<'a> {
    /// A number.
    #[inline(always)]
    pub fn number(number: u64) -> Self {
        Self(MaybeUninit::new(number), PhantomData)
    }

    /// The address of octets that the host reads.
    #[inline(always)]
    pub fn input(octets: &'a [u8]) -> Self {
        Self::number(octets.as_ptr() as u64)
    }

    /// The address of octets that the host writes.
    #[inline(always)]
    pub fn output(octets: &'a mut [u8]) -> Self {
        Self::number(octets.as_mut_ptr() as u64)
    }
}

/// Makes host call `CALL` (a variant of `HostCall`); gives `r7` and `r8`.
#[inline(always)]
pub(crate) fn call<const CALL: u8, const COUNT: usize>(
    arguments: [Argument<'_>; COUNT],
) -> (u64, u64) {
    // Registers that the call does not read are left unset. (Not a loop: when optimising for size,
    // the compiler would keep it.)
    let register = |index: usize| {
        if index < COUNT { arguments[index].0 } else { MaybeUninit::uninit() }
    };
    let (out7, out8);
    // SAFETY: the host reads and writes only memory that the arguments lend it: each pointer comes
    // from a slice that lives until the call returns, and the lengths are those slices' (upheld by
    // the functions of this crate that name the call). The description is data of this program.
    unsafe {
        asm!(
            ".pushsection .polkavm_metadata,\"aw\",@progbits",
            "771:",
            ".byte 2",        // version
            ".4byte 0",       // flags
            ".4byte 4",       // length of the symbol
            ".8byte 772f",    // the symbol: no one reads it, but it tells calls apart
            ".byte {inputs}", // registers read
            ".byte 2",        // registers written
            ".byte 1",        // the number follows
            "772:",
            ".4byte {number}",
            ".popsection",
            ".insn r 0xb, 0, 0, zero, zero, zero",
            "auipc zero, %pcrel_hi(771b)",
            ".4byte 0",
            inputs = const inputs(CALL, interface()),
            number = const number(CALL, interface()),
            inlateout("a0") register(0) => out7,
            inlateout("a1") register(1) => out8,
            in("a2") register(2),
            in("a3") register(3),
            in("a4") register(4),
            in("a5") register(5),
        );
    }
    (out7, out8)
}
