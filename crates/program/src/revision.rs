//! Signs of the revision that a program was made for.
//!
//! An invocation never reads them, since its revision is fixed by its caller. They help people
//! whose program fails for no visible reason.

use core::fmt;

use jambox_isa::{Instruction, InstructionSet, Opcode, Revision};

use crate::{Container, ProgramBlob};

/// A sign that a program was made for a revision other than the assumed one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherRevision {
    /// The revision that fits.
    pub made_for: Revision,
    /// The sign.
    pub sign: Sign,
}

/// A sign of a program's revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// The builder's note in the metadata.
    Metadata,
    /// An octet that is an opcode in that revision only.
    Opcode {
        /// Position of the octet.
        pc: u32,
        /// The opcode in that revision.
        opcode: Opcode,
    },
    /// A host call that exists in that revision only.
    HostCall {
        /// Position of the call.
        pc: u32,
        /// Number of the call.
        number: u32,
    },
    /// An octet that is an opcode in both, and in that revision one that nearly every program has.
    Likely {
        /// Position of the octet.
        pc: u32,
        /// The opcode in that revision.
        opcode: Opcode,
    },
}

impl fmt::Display for OtherRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made_for, sign } = self;
        match sign {
            Sign::Metadata => write!(f, "its metadata say that it was built for {made_for}"),
            Sign::Opcode { pc, opcode } => {
                let name = opcode.mnemonic();
                write!(f, "the octet at {pc} is an opcode in {made_for} only (`{name}`)")
            }
            Sign::HostCall { pc, number } => {
                write!(f, "host call {number}, made at {pc}, exists in {made_for} only")
            }
            Sign::Likely { pc, opcode } => {
                write!(f, "the octet at {pc} would be `{}` in {made_for}", opcode.mnemonic())
            }
        }
    }
}

/// Opcodes that nearly every program of their revision has, with octets of another meaning in
/// others.
const TELLING: &[Opcode] = &[Opcode::Sbrk];

impl Container {
    /// A sign that the program was made for a revision other than `taken_for`; `None` if there is
    /// none. `offers` is true for a revision and the number of a host call in it.
    ///
    /// Signs are tried in the order of [`Sign`]; the first found is returned.
    pub fn other_revision(
        &self,
        taken_for: Revision,
        offers: impl Fn(Revision, u32) -> bool,
    ) -> Option<OtherRevision> {
        if let Some(made_for) = self.named_revision() {
            let sign = Sign::Metadata;
            return (made_for != taken_for).then_some(OtherRevision { made_for, sign });
        }
        let program = self.program();
        let others = Revision::ALL.into_iter().filter(|other| *other != taken_for);
        let mut found = others.filter_map(|made_for| {
            let sign = opcode_only_in(program, taken_for, made_for)
                .or_else(|| host_call_only_in(program, taken_for, made_for, &offers))
                .or_else(|| telling_opcode(program, taken_for, made_for))?;
            Some(OtherRevision { made_for, sign })
        });
        found.next()
    }
}

/// The marked positions.
fn starts(program: &ProgramBlob) -> impl Iterator<Item = u32> + '_ {
    (0..program.code_len()).filter(|pc| program.is_instruction_start(*pc))
}

/// The first opcode that only `other` has, if `other` has all opcodes of the program.
fn opcode_only_in(program: &ProgramBlob, taken_for: Revision, other: Revision) -> Option<Sign> {
    let (set, other) = (InstructionSet::of(taken_for), InstructionSet::of(other));
    if starts(program).any(|pc| program.opcode(other, pc).is_none()) {
        return None;
    }
    let pc = starts(program).find(|pc| program.opcode(set, *pc).is_none())?;
    Some(Sign::Opcode { pc, opcode: program.opcode(other, pc)? })
}

fn host_call_only_in(
    program: &ProgramBlob,
    taken_for: Revision,
    other: Revision,
    offers: &impl Fn(Revision, u32) -> bool,
) -> Option<Sign> {
    let made = program.instructions(InstructionSet::of(other));
    let mut calls = made.filter_map(|located| match located.instruction {
        Instruction::Ecalli(operands) => Some((located.pc, operands.x as u32)),
        _ => None,
    });
    let (pc, number) =
        calls.find(|(_, number)| offers(other, *number) && !offers(taken_for, *number))?;
    Some(Sign::HostCall { pc, number })
}

fn telling_opcode(program: &ProgramBlob, taken_for: Revision, other: Revision) -> Option<Sign> {
    let set = InstructionSet::of(other);
    let mut telling = TELLING.iter().filter(|opcode| opcode.octet(taken_for).is_none());
    telling.find_map(|opcode| {
        let pc = starts(program).find(|pc| program.opcode(set, *pc) == Some(*opcode))?;
        Some(Sign::Likely { pc, opcode: *opcode })
    })
}
