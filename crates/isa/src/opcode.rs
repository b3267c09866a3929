//! Opcodes, and the octets that stand for them in each revision.

use crate::Revision;
use crate::format::Format;
use crate::operands::{self, Operands};
use crate::pipeline::{Pipeline, pipeline};

macro_rules! octet {
    (_) => {
        None
    };
    ($octet:literal) => {
        Some($octet)
    };
}

macro_rules! is_terminator {
    () => {
        false
    };
    (terminator) => {
        true
    };
}

macro_rules! define_opcode {
    ($(
        #[doc = $doc:literal]
        [$old:tt, $new:tt] $name:ident $variant:ident($format:ident) $syntax:literal $($flag:ident)?
            ($($pipeline:tt)*);
    )*) => {
        /// An instruction's meaning, independent of the octet that stands for it in a revision.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Opcode {
            $(#[doc = $doc] $variant,)*
        }

        impl Opcode {
            /// Every opcode of either revision, in table order.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$variant,)*];

            /// The number of rows in the table.
            pub const COUNT: usize = [$($doc,)*].len();

            /// The octet that stands for this opcode in a revision; `None` if the revision lacks
            /// it.
            #[must_use]
            pub const fn octet(self, revision: Revision) -> Option<u8> {
                let (old, new) = match self {
                    $(Self::$variant => (octet!($old), octet!($new)),)*
                };
                match revision {
                    Revision::GrayPaper072 => old,
                    Revision::GrayPaper080 => new,
                }
            }

            /// The name, as the paper writes it.
            #[must_use]
            pub const fn mnemonic(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)*
                }
            }

            /// The opcode with this name; `None` if there is none.
            #[must_use]
            pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
                match mnemonic {
                    $(stringify!($name) => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// One line of documentation, in the operand letters of the paper.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Self::$variant => $doc.trim_ascii(),)*
                }
            }

            /// Operand format.
            #[inline]
            #[must_use]
            pub const fn format(self) -> Format {
                match self {
                    $(Self::$variant => <operands::$format as Operands>::FORMAT,)*
                }
            }

            /// Text syntax of the operands: letters are operands (see [`Slot`](crate::Slot)), the
            /// rest is punctuation.
            #[must_use]
            pub const fn syntax(self) -> &'static str {
                match self {
                    $(Self::$variant => $syntax,)*
                }
            }

            /// True for an opcode that ends a basic block: a member of the paper's set `T`.
            #[inline]
            #[must_use]
            pub const fn is_terminator(self) -> bool {
                match self {
                    $(Self::$variant => is_terminator!($($flag)?),)*
                }
            }

            /// Row of the gas model (0.8.0, appendix A.10); `None` for an opcode that 0.8.0 lacks.
            #[inline]
            #[must_use]
            #[expect(clippy::indexing_slicing, reason = "a row for each opcode")]
            pub const fn pipeline(self) -> Option<&'static Pipeline> {
                static ROWS: [Option<Pipeline>; Opcode::COUNT] = [$(pipeline!($($pipeline)*),)*];
                ROWS[self as usize].as_ref()
            }
        }
    };
}

for_each_instruction!(define_opcode);

/// Opcodes of one revision by octet (the paper's set `U`).
///
/// ```
/// use jambox_isa::{InstructionSet, Opcode, Revision};
///
/// let old = InstructionSet::of(Revision::GrayPaper072);
/// let new = InstructionSet::of(Revision::GrayPaper080);
/// assert_eq!(old.opcode(101), Some(Opcode::Sbrk));
/// assert_eq!(new.opcode(101), Some(Opcode::CountSetBits64));
/// assert_eq!(old.opcode(255), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct InstructionSet {
    revision: Revision,
    opcodes: &'static [Option<Opcode>; 256],
    terminators: &'static [bool; 256],
    third_register: u8,
}

impl InstructionSet {
    /// The instruction set of a revision.
    #[must_use]
    pub const fn of(revision: Revision) -> Self {
        match revision {
            Revision::GrayPaper072 => Self {
                revision,
                opcodes: &const { opcodes(Revision::GrayPaper072) },
                terminators: &const { terminators(Revision::GrayPaper072) },
                third_register: 0xff,
            },
            Revision::GrayPaper080 => Self {
                revision,
                opcodes: &const { opcodes(Revision::GrayPaper080) },
                terminators: &const { terminators(Revision::GrayPaper080) },
                third_register: 0x0f,
            },
        }
    }

    /// The revision of this set.
    #[must_use]
    pub const fn revision(self) -> Revision {
        self.revision
    }

    /// The opcode that an octet stands for; `None` if the octet is no opcode.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "256 entries, indexed by an octet")]
    pub const fn opcode(self, octet: u8) -> Option<Opcode> {
        self.opcodes[octet as usize]
    }

    /// True for the octet of an opcode that ends a basic block.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "256 entries, indexed by an octet")]
    pub const fn is_terminator(self, octet: u8) -> bool {
        self.terminators[octet as usize]
    }

    /// Mask of register `D` in the third octet of a three-register instruction.
    ///
    /// The text of 0.8.0 takes all eight bits, as 0.7.2 does; a later clarification of 0.8.0 masks
    /// them as the first two registers are masked (see `docs/readings.md`).
    #[inline]
    #[must_use]
    pub(crate) const fn third_register_mask(self) -> u8 {
        self.third_register
    }

    /// The opcodes of this set, in table order.
    pub fn iter(self) -> impl Iterator<Item = Opcode> {
        Opcode::ALL.into_iter().filter(move |opcode| opcode.octet(self.revision).is_some())
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "runs at compile time"
)]
const fn opcodes(revision: Revision) -> [Option<Opcode>; 256] {
    let mut table = [None; 256];
    let mut row = 0;
    while row < Opcode::COUNT {
        let opcode = Opcode::ALL[row];
        if let Some(octet) = opcode.octet(revision) {
            assert!(table[octet as usize].is_none(), "two opcodes share an octet");
            table[octet as usize] = Some(opcode);
        }
        row += 1;
    }
    table
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "runs at compile time"
)]
const fn terminators(revision: Revision) -> [bool; 256] {
    let opcodes = opcodes(revision);
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        if let Some(opcode) = opcodes[octet] {
            table[octet] = opcode.is_terminator();
        }
        octet += 1;
    }
    table
}
