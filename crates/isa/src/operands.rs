//! The thirteen operand formats (`sec:instructiontables`, 0.7.2).
//!
//! Operands are named by the paper's letters: registers `a`, `b`, `d`; immediates `x`, `y`, held as
//! the `i32` whose sign extension is the paper's 64-bit value; `wide` is the one 64-bit immediate;
//! `target` is a jump's destination.
//!
//! A target is an absolute position in the code, modulo 2^32. The reduction loses nothing: code is
//! shorter than 2^31 octets, so a position below 0 or above 2^32 wraps to one past the end of the
//! code. No basic block starts there, and a jump there panics before and after the reduction.

use crate::Reg;
use crate::format::{Fields, Format};
use crate::window::{Encoder, Window, minimal_length};

/// A set of operands laid out in one [`Format`].
pub trait Operands: Copy {
    /// The layout.
    const FORMAT: Format;

    /// Reads the operands of the instruction in the window. The opcode's octet is not looked at.
    #[inline(always)]
    fn decode(window: Window) -> Self {
        Self::from_fields(window.fields(Self::FORMAT))
    }

    /// Takes the format's operands from `fields`.
    fn from_fields(fields: Fields) -> Self;

    /// The operands by name.
    fn fields(self) -> Fields;
}

macro_rules! formats {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($field:ident: $type:ty),* }
        encode($this:ident, $pc:ident, $to:ident) $encode:block
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name {
            $(
                #[doc = concat!("See [`Fields::", stringify!($field), "`].")]
                pub $field: $type,
            )*
        }

        impl Operands for $name {
            const FORMAT: Format = Format::$name;

            #[inline]
            fn from_fields(fields: Fields) -> Self {
                let Fields { $($field,)* .. } = fields;
                Self { $($field),* }
            }

            #[inline]
            fn fields(self) -> Fields {
                Fields { $($field: self.$field,)* ..Fields::default() }
            }
        }

        impl $name {
            /// Writes the octets after the opcode of an instruction that starts at `pc`.
            pub(crate) const fn encode($this, $pc: u32, $to: Encoder) -> Encoder $encode
        }
    )*};
}

formats! {
    /// Without operands.
    NoOperands {}
    encode(self, _pc, to) { to }

    /// One immediate.
    Imm { x: i32 }
    encode(self, _pc, to) { to.imm(self.x) }

    /// One register and one 64-bit immediate.
    RegExtImm { a: Reg, wide: u64 }
    encode(self, _pc, to) { to.octet(self.a as u8).wide(self.wide) }

    /// Two immediates.
    ImmImm { x: i32, y: i32 }
    encode(self, _pc, to) { to.octet(minimal_length(self.x)).imm(self.x).imm(self.y) }

    /// One offset.
    Offset { target: u32 }
    encode(self, pc, to) { to.target(self.target, pc) }

    /// One register and one immediate.
    RegImm { a: Reg, x: i32 }
    encode(self, _pc, to) { to.octet(self.a as u8).imm(self.x) }

    /// One register and two immediates.
    RegImmImm { a: Reg, x: i32, y: i32 }
    encode(self, _pc, to) {
        to.octet(pair(self.a as u8, minimal_length(self.x))).imm(self.x).imm(self.y)
    }

    /// One register, one immediate and one offset.
    RegImmOffset { a: Reg, x: i32, target: u32 }
    encode(self, pc, to) {
        to.octet(pair(self.a as u8, minimal_length(self.x))).imm(self.x).target(self.target, pc)
    }

    /// Two registers.
    RegReg { d: Reg, a: Reg }
    encode(self, _pc, to) { to.octet(pair(self.d as u8, self.a as u8)) }

    /// Two registers and one immediate.
    RegRegImm { a: Reg, b: Reg, x: i32 }
    encode(self, _pc, to) { to.octet(pair(self.a as u8, self.b as u8)).imm(self.x) }

    /// Two registers and one offset.
    RegRegOffset { a: Reg, b: Reg, target: u32 }
    encode(self, pc, to) { to.octet(pair(self.a as u8, self.b as u8)).target(self.target, pc) }

    /// Two registers and two immediates.
    RegRegImmImm { a: Reg, b: Reg, x: i32, y: i32 }
    encode(self, _pc, to) {
        to.octet(pair(self.a as u8, self.b as u8))
            .octet(minimal_length(self.x))
            .imm(self.x)
            .imm(self.y)
    }

    /// Three registers.
    RegRegReg { a: Reg, b: Reg, d: Reg }
    encode(self, _pc, to) { to.octet(pair(self.a as u8, self.b as u8)).octet(self.d as u8) }
}

const fn pair(low: u8, high: u8) -> u8 {
    low | high << 4
}
