//! From an instruction to an op.

use jambox_isa::operands::{
    Imm, ImmImm, NoOperands, Offset, RegExtImm, RegImm, RegImmImm, RegImmOffset, RegReg, RegRegImm,
    RegRegImmImm, RegRegOffset, RegRegReg,
};
use jambox_isa::{Opcode, Reg, Visitor};
use jambox_program::Located;

use super::control::{Action, Branch, BranchNowhere, Stepped, handler};
use super::dispatch::Dispatch;
use super::op::{Handler, Named, Operands};
use super::ops;
use crate::semantics::for_each_semantics;

/// An instruction on its way to an op.
pub(crate) struct Translated<D: Dispatch> {
    /// Where it stands in the code.
    pub pc: u32,
    pub kind: Kind,
    pub handler: Handler<D>,
    pub operands: Operands,
    /// The index of the op that control may be transferred to, besides the next.
    pub target: Option<usize>,
    /// What executing it costs.
    pub cost: u32,
}

/// How an op goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To the next in its segment.
    Simple(Opcode),
    /// Elsewhere: it ends its segment.
    Ending(Opcode),
    /// As `Ending`, but never fused.
    BranchNowhere,
    /// To the stepper.
    Stepped,
}

impl<D: Dispatch> Translated<D> {
    /// An op that leaves the instruction at `pc` to the stepper.
    pub(crate) fn stepped(pc: u32) -> Self {
        let operands = Operands::default();
        let handler = handler::<D, Stepped, Named>();
        Self { pc, kind: Kind::Stepped, handler, operands, target: None, cost: 0 }
    }
}

/// Translates an instruction that costs `cost`. `index_at` gives the index of a block's start.
pub(crate) fn translate<D: Dispatch>(
    located: Located,
    cost: u32,
    index_at: impl Fn(u32) -> Option<usize>,
) -> Translated<D> {
    let opcode = located.instruction.opcode();
    let mut translation =
        Translation { translated: Translated::stepped(located.pc), index_at, opcode };
    located.instruction.visit(&mut translation);
    if translation.translated.kind != Kind::Stepped {
        translation.translated.cost = cost;
    }
    translation.translated
}

struct Translation<D: Dispatch, F> {
    translated: Translated<D>,
    index_at: F,
    opcode: Opcode,
}

impl<D: Dispatch, F: Fn(u32) -> Option<usize>> Translation<D, F> {
    fn put<A: Action>(&mut self, kind: Kind, x: i32, y: i32, regs: &[Reg]) {
        let operands = &mut self.translated.operands;
        (operands.x, operands.y) = (x, y);
        for (place, reg) in operands.regs.iter_mut().zip(regs) {
            *place = *reg;
        }
        self.translated.kind = kind;
        self.translated.handler = handler::<D, A, Named>();
    }

    fn simple<A: Action>(&mut self, x: i32, y: i32, regs: &[Reg]) {
        self.put::<A>(Kind::Simple(self.opcode), x, y, regs);
    }

    fn ending<A: Action>(&mut self, x: i32, y: i32, regs: &[Reg]) {
        self.put::<A>(Kind::Ending(self.opcode), x, y, regs);
    }

    fn branch<C: ops::Condition>(&mut self, target: u32, x: i32, regs: &[Reg]) {
        self.translated.target = (self.index_at)(target);
        if self.translated.target.is_some() {
            self.ending::<Branch<C>>(x, 0, regs);
        } else {
            self.put::<BranchNowhere<C>>(Kind::BranchNowhere, x, 0, regs);
        }
    }
}

macro_rules! translate {
    (
        registers { $($binary:ident,)* }
        immediate { $($imm:ident: $imm_f:ident,)* }
        immediate_first { $($first:ident: $first_f:ident,)* }
        unary { $($unary:ident,)* }
        conditional_move { $($cmov:ident,)* }
        conditional_move_immediate { $($cmov_imm:ident: $cmov_imm_f:ident,)* }
        branch { $($branch:ident: $branch_f:ident,)* }
        branch_immediate { $($branch_imm:ident: $branch_imm_f:ident,)* }
        load { $($load:ident $load_ind:ident: $load_type:ty,)* }
        store { $($store:ident $store_ind:ident $store_imm:ident $store_imm_ind:ident: $store_type:ty,)* }
    ) => {
        $(fn $binary(&mut self, RegRegReg { a, b, d }: RegRegReg) {
            self.simple::<ops::$binary>(0, 0, &[d, a, b]);
        })*
        $(fn $imm(&mut self, RegRegImm { a, b, x }: RegRegImm) {
            self.simple::<ops::$imm>(x, 0, &[a, b]);
        })*
        $(fn $first(&mut self, RegRegImm { a, b, x }: RegRegImm) {
            self.simple::<ops::$first>(x, 0, &[a, b]);
        })*
        $(fn $unary(&mut self, RegReg { d, a }: RegReg) {
            self.simple::<ops::$unary>(0, 0, &[d, a]);
        })*
        $(fn $cmov(&mut self, RegRegReg { a, b, d }: RegRegReg) {
            self.simple::<ops::$cmov>(0, 0, &[d, a, b]);
        })*
        $(fn $cmov_imm(&mut self, RegRegImm { a, b, x }: RegRegImm) {
            self.simple::<ops::$cmov_imm>(x, 0, &[a, b]);
        })*
        $(fn $branch(&mut self, RegRegOffset { a, b, target }: RegRegOffset) {
            self.branch::<ops::$branch>(target, 0, &[a, b]);
        })*
        $(fn $branch_imm(&mut self, RegImmOffset { a, x, target }: RegImmOffset) {
            self.branch::<ops::$branch_imm>(target, x, &[a]);
        })*
        $(
            fn $load(&mut self, RegImm { a, x }: RegImm) {
                self.simple::<ops::$load>(x, 0, &[a]);
            }

            fn $load_ind(&mut self, RegRegImm { a, b, x }: RegRegImm) {
                self.simple::<ops::$load_ind>(x, 0, &[a, b]);
            }
        )*
        $(
            fn $store(&mut self, RegImm { a, x }: RegImm) {
                self.simple::<ops::$store>(x, 0, &[a]);
            }

            fn $store_ind(&mut self, RegRegImm { a, b, x }: RegRegImm) {
                self.simple::<ops::$store_ind>(x, 0, &[a, b]);
            }

            fn $store_imm(&mut self, ImmImm { x, y }: ImmImm) {
                self.simple::<ops::$store_imm>(x, y, &[]);
            }

            fn $store_imm_ind(&mut self, RegImmImm { a, x, y }: RegImmImm) {
                self.simple::<ops::$store_imm_ind>(x, y, &[a]);
            }
        )*
    };
}

impl<D: Dispatch, F: Fn(u32) -> Option<usize>> Visitor for Translation<D, F> {
    type Output = ();

    for_each_semantics!(translate);

    // What is left as it was is the stepper's.

    fn trap(&mut self, _: NoOperands) {}

    fn sbrk(&mut self, _: RegReg) {}

    fn fallthrough(&mut self, _: NoOperands) {
        self.ending::<ops::fallthrough>(0, 0, &[]);
    }

    fn unlikely(&mut self, _: NoOperands) {
        self.simple::<ops::unlikely>(0, 0, &[]);
    }

    fn ecalli(&mut self, Imm { x }: Imm) {
        self.ending::<ops::ecalli>(x, 0, &[]);
    }

    fn load_imm_64(&mut self, RegExtImm { a, wide }: RegExtImm) {
        let (x, y) = Operands::from_both(wide);
        self.simple::<ops::load_imm_64>(x, y, &[a]);
    }

    fn load_imm(&mut self, RegImm { a, x }: RegImm) {
        self.simple::<ops::load_imm>(x, 0, &[a]);
    }

    fn move_reg(&mut self, RegReg { d, a }: RegReg) {
        self.simple::<ops::move_reg>(0, 0, &[d, a]);
    }

    fn jump(&mut self, Offset { target }: Offset) {
        self.translated.target = (self.index_at)(target);
        if self.translated.target.is_some() {
            self.ending::<ops::jump>(0, 0, &[]);
        }
    }

    fn load_imm_jump(&mut self, RegImmOffset { a, x, target }: RegImmOffset) {
        self.translated.target = (self.index_at)(target);
        if self.translated.target.is_some() {
            self.ending::<ops::load_imm_jump>(x, 0, &[a]);
        }
    }

    fn jump_ind(&mut self, RegImm { a, x }: RegImm) {
        self.ending::<ops::jump_ind>(x, 0, &[a]);
    }

    fn load_imm_jump_ind(&mut self, RegRegImmImm { a, b, x, y }: RegRegImmImm) {
        self.ending::<ops::load_imm_jump_ind>(x, y, &[a, b]);
    }
}
