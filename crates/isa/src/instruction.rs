//! Decoded instructions, and visitors of them.

use crate::format::Fields;
use crate::operands::Operands;
use crate::window::{Encoded, Encoder};
use crate::{InstructionSet, Opcode, Window, operands};

macro_rules! define_instruction {
    ($(
        #[doc = $doc:literal]
        [$old:tt, $new:tt] $name:ident $variant:ident($format:ident) $syntax:literal $($flag:ident)?
            ($($pipeline:tt)*);
    )*) => {
        /// An instruction with its operands.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Instruction {
            $(#[doc = $doc] $variant(operands::$format),)*
        }

        /// A backend: one method for each kind of instruction.
        ///
        /// There are no default methods, so that a row added to the table fails to compile every
        /// backend that has not handled it.
        pub trait Visitor {
            /// Result of a visit.
            type Output;

            $(#[doc = $doc] fn $name(&mut self, operands: operands::$format) -> Self::Output;)*
        }

        impl Instruction {
            /// Calls the visitor's method for this instruction.
            #[inline]
            pub fn visit<V: Visitor>(self, visitor: &mut V) -> V::Output {
                match self {
                    $(Self::$variant(operands) => visitor.$name(operands),)*
                }
            }

            /// The opcode.
            #[inline]
            #[must_use]
            pub const fn opcode(self) -> Opcode {
                match self {
                    $(Self::$variant(_) => Opcode::$variant,)*
                }
            }

            /// The operands by name.
            #[must_use]
            pub fn fields(self) -> Fields {
                match self {
                    $(Self::$variant(operands) => operands.fields(),)*
                }
            }

            /// Reads the operands of `opcode` from the window. The window's first octet is not
            /// looked at.
            #[inline]
            #[must_use]
            pub fn from_window(opcode: Opcode, window: Window) -> Self {
                match opcode {
                    $(Opcode::$variant => Self::$variant(Operands::decode(window)),)*
                }
            }

            /// The instruction of `opcode`. Fields that its format lacks are ignored.
            #[must_use]
            pub fn from_fields(opcode: Opcode, fields: Fields) -> Self {
                match opcode {
                    $(Opcode::$variant => Self::$variant(Operands::from_fields(fields)),)*
                }
            }

            fn encode_operands(self, pc: u32, to: Encoder) -> Encoder {
                match self {
                    $(Self::$variant(operands) => operands.encode(pc, to),)*
                }
            }
        }

        impl Window {
            /// Reads the operands of `opcode` and calls the visitor's method for it, at once.
            #[inline]
            pub fn visit<V: Visitor>(self, opcode: Opcode, visitor: &mut V) -> V::Output {
                match opcode {
                    $(Opcode::$variant => visitor.$name(Operands::decode(self)),)*
                }
            }
        }
    };
}

for_each_instruction!(define_instruction);

impl Instruction {
    /// Decodes the instruction in the window; an octet that is no opcode of the set is a `trap`.
    ///
    /// The caller has checked that the bitmask marks an instruction at the window's position.
    #[inline]
    #[must_use]
    pub fn decode(set: InstructionSet, window: Window) -> Self {
        match set.opcode(window.opcode_octet()) {
            Some(opcode) => Self::from_window(opcode, window),
            None => Self::Trap(operands::NoOperands {}),
        }
    }

    /// The shortest octets that decode to this instruction at `pc`, if the set has it.
    #[must_use]
    pub fn encode(self, set: InstructionSet, pc: u32) -> Option<Encoded> {
        let octet = self.opcode().octet(set.revision())?;
        Some(self.encode_operands(pc, Encoder::default().octet(octet)).finish())
    }
}
