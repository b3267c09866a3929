//! The gas model's parameters of each instruction (0.8.0): a column of the instruction table.
//!
//! The model itself, a processor that decodes, waits and executes, is `jambox-program`'s.

use crate::{Fields, Reg};

/// Treatment of an opcode by the gas model's processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pipeline {
    /// Execution time.
    pub latency: Latency,
    /// Execution units occupied until the instruction has executed.
    pub units: Units,
    /// Operands whose registers are read.
    sources: Roles,
    /// Operand whose register is written; empty if none is.
    destination: Roles,
    /// Operands that save decode slots when one of them is also the destination's register.
    reusable: Roles,
    /// Decode slots with and without such an operand.
    slots: [u8; 2],
}

/// Execution time of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Latency {
    /// A fixed number of cycles.
    Cycles(u8),
    /// Time of a branch: depends on the opcode at its destination.
    Branch,
    /// None: the decoder renames a register and the instruction is done.
    Move,
}

impl Latency {
    /// Latency of a load from memory.
    pub(crate) const MEMORY: Self = Self::Cycles(25);
}

/// Decode slots of an instruction, of the four in a cycle, as the table writes them.
#[derive(Clone, Copy)]
pub(crate) enum DecodeSlots {
    /// A fixed number.
    Always(u8),
    /// The first number if the destination is also a source, else the second.
    Reusing(u8, u8),
    /// The first number if the destination is the first source, else the second.
    ReusingFirst(u8, u8),
}

/// Number of execution units of each kind, packed four bits a kind so that one subtraction compares
/// all of them.
///
/// No field exceeds 7 in any sum that the model makes: there are at most four units of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Units(u32);

impl Units {
    /// No units.
    pub const NONE: Self = Self(0);
    pub(crate) const ALU: Self = Self(0x0_0001);
    pub(crate) const TWO_ALUS: Self = Self(0x0_0002);
    pub(crate) const LOAD: Self = Self(0x0_0011);
    pub(crate) const STORE: Self = Self(0x0_0101);
    pub(crate) const MULTIPLY: Self = Self(0x0_1001);
    pub(crate) const DIVIDE: Self = Self(0x1_0001);

    /// All units of the processor: four arithmetic, four load, four store, one multiplication and
    /// one division unit.
    pub const ALL: Self = Self(0x1_1444);

    /// One guard bit above each kind's field.
    const GUARDS: u32 = 0x8_8888;

    /// True if `self` has at least as many units of each kind as `wanted`.
    #[inline]
    #[must_use]
    pub const fn cover(self, wanted: Self) -> bool {
        // A field that is too small borrows from its guard bit.
        (self.0 | Self::GUARDS).wrapping_sub(wanted.0) & Self::GUARDS == Self::GUARDS
    }

    /// Difference of two numbers of units. `self` must [cover](Self::cover) `taken`.
    #[inline]
    #[must_use]
    pub const fn without(self, taken: Self) -> Self {
        Self(self.0.wrapping_sub(taken.0))
    }

    /// Sum of two numbers of units.
    #[inline]
    #[must_use]
    pub const fn with(self, returned: Self) -> Self {
        Self(self.0.wrapping_add(returned.0))
    }
}

/// An operand that is a register: `A`, `B` or `D`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    A = 1,
    B = 2,
    D = 4,
}

/// Operands that are registers: a set of [`Role`]s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Roles(u8);

impl Roles {
    const fn of(mut roles: &[Role]) -> Self {
        let mut set = 0;
        while let [role, rest @ ..] = roles {
            set |= *role as u8;
            roles = rest;
        }
        Self(set)
    }

    const fn has(self, role: Role) -> bool {
        self.0 & role as u8 != 0
    }

    /// Registers of these operands, as a bit set.
    #[inline]
    const fn registers(self, fields: &Fields) -> u32 {
        let Fields { a, b, d, .. } = *fields;
        self.union([bit(a), bit(b), bit(d)])
    }

    /// Union of the bit sets of those operands among `a`, `b` and `d` that are members of `self`.
    /// Branchless: a branch on the operands of an instruction would be unpredictable.
    #[inline]
    const fn union(self, [a, b, d]: [u32; 3]) -> u32 {
        self.if_has(Role::A, a) | self.if_has(Role::B, b) | self.if_has(Role::D, d)
    }

    #[inline]
    const fn if_has(self, role: Role, set: u32) -> u32 {
        if self.has(role) { set } else { 0 }
    }
}

/// Bit set of one register.
#[inline]
const fn bit(reg: Reg) -> u32 {
    1_u32.wrapping_shl(reg as u32)
}

impl Pipeline {
    pub(crate) const fn new(
        latency: Latency,
        slots: DecodeSlots,
        units: Units,
        sources: &[Role],
        destination: &[Role],
    ) -> Self {
        let (sources, destination) = (Roles::of(sources), Roles::of(destination));
        assert!(!destination.has(Role::B), "`destination` looks at `a` and `d` only");
        let (reusable, slots) = match slots {
            DecodeSlots::Always(slots) => (Roles::of(&[]), [slots, slots]),
            DecodeSlots::Reusing(x, y) => (sources, [x, y]),
            DecodeSlots::ReusingFirst(x, y) => (Roles::of(&[Role::A]), [x, y]),
        };
        Self { latency, units, sources, destination, reusable, slots }
    }

    /// Union of the sets of those operands among `a`, `b` and `d` that are registers read by the
    /// instruction.
    #[inline]
    #[must_use]
    pub const fn union_of_sources(&self, sets: [u32; 3]) -> u32 {
        self.sources.union(sets)
    }

    /// The register written by an instruction with these operands; `None` if it writes none.
    #[inline]
    #[must_use]
    pub const fn destination(&self, fields: &Fields) -> Option<Reg> {
        let Self { destination, .. } = self;
        if destination.has(Role::A) {
            Some(fields.a)
        } else if destination.has(Role::D) {
            Some(fields.d)
        } else {
            None
        }
    }

    /// Decode slots of an instruction with these operands.
    #[inline]
    #[must_use]
    pub const fn decode_slots(&self, fields: &Fields) -> u8 {
        let [reusing, otherwise] = self.slots;
        let destination = self.destination.registers(fields);
        if destination & self.reusable.registers(fields) != 0 { reusing } else { otherwise }
    }
}

/// Parses a row of the table's pipeline column.
macro_rules! pipeline {
    () => {
        None
    };
    (
        $latency:tt, $slots:tt, $units:ident,
        $($source:ident)* => $($destination:ident)?
    ) => {
        Some($crate::pipeline::Pipeline::new(
            $crate::pipeline::latency!($latency),
            $crate::pipeline::slots!($slots),
            $crate::Units::$units,
            &[$($crate::pipeline::role!($source)),*],
            &[$($crate::pipeline::role!($destination))?],
        ))
    };
}

macro_rules! latency {
    (BRANCH) => {
        $crate::Latency::Branch
    };
    (MEMORY) => {
        $crate::Latency::MEMORY
    };
    (MOVE) => {
        $crate::Latency::Move
    };
    ($cycles:literal) => {
        $crate::Latency::Cycles($cycles)
    };
}

macro_rules! slots {
    ($slots:literal) => {
        $crate::pipeline::DecodeSlots::Always($slots)
    };
    ([$reusing:literal, $otherwise:literal]) => {
        $crate::pipeline::DecodeSlots::Reusing($reusing, $otherwise)
    };
    ([$reusing:literal, $otherwise:literal first]) => {
        $crate::pipeline::DecodeSlots::ReusingFirst($reusing, $otherwise)
    };
}

macro_rules! role {
    (a) => {
        $crate::pipeline::Role::A
    };
    (b) => {
        $crate::pipeline::Role::B
    };
    (d) => {
        $crate::pipeline::Role::D
    };
}

pub(crate) use {latency, pipeline, role, slots};
