//! For which revision a program was made, as far as it shows.
//!
//! An invocation never asks this: its revision is fixed by whoever runs it. A person whose program
//! fails in ways that make no sense is helped by it.

use core::fmt;

use jambox_isa::{Instruction, InstructionSet, Opcode, Revision};

use crate::{Container, ProgramBlob};

/// A sign that a program was made for another revision than the one it is taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherRevision {
    /// The revision that it fits.
    pub made_for: Revision,
    /// What shows that.
    pub sign: Sign,
}

/// What shows for which revision a program was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// The builder said so.
    Metadata,
    /// An octet that is an opcode in that revision only.
    Opcode {
        /// Where it stands.
        pc: u32,
        /// What it means there.
        opcode: Opcode,
    },
    /// A host call that only that revision has.
    HostCall {
        /// Where it is made.
        pc: u32,
        /// Its number.
        number: u32,
    },
    /// An octet that is an opcode in both, and in that revision one that nearly every program has.
    Likely {
        /// Where it stands.
        pc: u32,
        /// What it means there.
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

/// Opcodes that nearly every program of their revision has and that mean something else in others.
const TELLING: &[Opcode] = &[Opcode::Sbrk];

impl Container {
    /// Whether the program was made for another revision than `taken_for`, and what shows it.
    /// `offers` tells whether a revision has a host call of a number.
    ///
    /// Signs are looked for in the order of [`Sign`]; the first decides.
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

/// The places that the bitmask marks.
fn starts(program: &ProgramBlob) -> impl Iterator<Item = u32> + '_ {
    (0..program.code_len()).filter(|pc| program.is_instruction_start(*pc))
}

/// An opcode that only `other` has, in a program all of whose opcodes `other` has.
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
