//! Opcodes, and which octets mean them.

use crate::Revision;
use crate::operands::{self, Format, Operands};
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
        /// What an instruction does, whichever octet stands for it in a revision.
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

            /// The octet that means this opcode in a revision, if the revision has it.
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

            /// The opcode with this name.
            #[must_use]
            pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
                match mnemonic {
                    $(stringify!($name) => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// One line on what it does, in the operand letters of the paper.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Self::$variant => $doc.trim_ascii(),)*
                }
            }

            /// How its operands are laid out.
            #[inline]
            #[must_use]
            pub const fn format(self) -> Format {
                match self {
                    $(Self::$variant => <operands::$format as Operands>::FORMAT,)*
                }
            }

            /// How its operands are written: letters are operands (see [`Slot`](crate::Slot)),
            /// the rest is punctuation.
            #[must_use]
            pub const fn syntax(self) -> &'static str {
                match self {
                    $(Self::$variant => $syntax,)*
                }
            }

            /// Whether it ends a basic block: the paper's set `T`.
            #[inline]
            #[must_use]
            pub const fn is_terminator(self) -> bool {
                match self {
                    $(Self::$variant => is_terminator!($($flag)?),)*
                }
            }

            /// Its row of the gas model (0.8.0, appendix A.10), if that has it.
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

/// The octets of one revision: which opcode each means, if any (the paper's set `U`).
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

    /// The revision whose set this is.
    #[must_use]
    pub const fn revision(self) -> Revision {
        self.revision
    }

    /// The opcode that an octet means.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "256 entries, indexed by an octet")]
    pub const fn opcode(self, octet: u8) -> Option<Opcode> {
        self.opcodes[octet as usize]
    }

    /// Whether an octet means an opcode that ends a basic block.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "256 entries, indexed by an octet")]
    pub const fn is_terminator(self, octet: u8) -> bool {
        self.terminators[octet as usize]
    }

    /// Which bits of the third octet of a three-register instruction are its register `D`.
    ///
    /// The text of 0.8.0 has all of them, as 0.7.2 does; the clarification that was made to it
    /// masks them as it does the first two registers (see `docs/readings.md`).
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
