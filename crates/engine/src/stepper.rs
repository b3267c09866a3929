//! The exact interpreter: one instruction at a time, straight from the code.
//!
//! It does exactly what the paper's single-step function says. Inspected runs use it, and the fast
//! interpreter hands over to it whenever the rest of a run has to be exact to the instruction, as
//! when gas runs out in the middle of a block.

use jambox_isa::operands::{
    Imm, ImmImm, NoOperands, Offset, RegExtImm, RegImm, RegImmImm, RegImmOffset, RegReg, RegRegImm,
    RegRegImmImm, RegRegOffset, RegRegReg,
};
use jambox_isa::{Reg, Visitor, arith};
use jambox_sandbox::Access;

use crate::semantics::for_each_semantics;
use crate::{Exit, Inspector, Instance, fault};

/// Runs until something ends the run.
pub(crate) fn run<I: Inspector>(instance: &mut Instance, inspector: &mut I) -> Exit {
    loop {
        if let Some(exit) = step(instance, inspector) {
            return exit;
        }
    }
}

/// Runs until something ends the run, or the inspector stops it.
pub(crate) fn run_until<I: Inspector>(instance: &mut Instance, inspector: &mut I) -> Option<Exit> {
    while !inspector.stops(instance) {
        if let Some(exit) = step(instance, inspector) {
            return Some(exit);
        }
    }
    None
}

/// Runs one instruction (`sec:virtualmachine`, the single-step state transition; for 0.7.2 with the
/// later rule that an instruction which faults is charged). Returns how the run ended, if it did.
pub(crate) fn step<I: Inspector>(instance: &mut Instance, inspector: &mut I) -> Option<Exit> {
    let exit = try_step(instance, inspector);
    inspector.after_instruction(instance, exit);
    exit
}

fn try_step<I: Inspector>(instance: &mut Instance, inspector: &mut I) -> Option<Exit> {
    if !instance.module.is_entry(instance.state.pc) {
        return Some(Exit::Panic);
    }
    let plan = instance.module.gas_plan();
    if !instance.is_charged {
        let cost = instance.module.entry_cost(instance.state.pc);
        let Some(gas) = instance.gas.checked_sub(cost.into()) else {
            if plan.takes_the_rest() {
                instance.gas = 0;
            }
            return Some(Exit::OutOfGas);
        };
        instance.gas = gas;
    }
    let instruction = instance.module.instruction_at(instance.state.pc);
    instance.is_charged = plan.stays_paid();
    inspector.before_instruction(instance, &instruction);
    match instruction.visit(&mut Step { instance, inspector }) {
        Flow::Next => instance.state.pc = instance.next_pc(),
        Flow::Jump(target) => instance.state.pc = target,
        Flow::Exit(exit) => return Some(exit),
    }
    instance.is_charged = plan.pays_for_next(instruction.opcode());
    None
}

/// Control flow after an instruction.
enum Flow {
    Next,
    Jump(u64),
    Exit(Exit),
}

struct Step<'a, I> {
    instance: &'a mut Instance,
    inspector: &'a mut I,
}

impl<I: Inspector> Step<'_, I> {
    fn reg(&self, reg: Reg) -> u64 {
        self.instance.reg(reg)
    }

    fn set(&mut self, reg: Reg, value: u64) -> Flow {
        self.instance.set_reg(reg, value);
        Flow::Next
    }

    /// The paper's static jump, `sjump` in 0.8.0.
    fn jump_to(&self, target: u32) -> Flow {
        if self.instance.module.is_block_start(u64::from(target)) {
            Flow::Jump(u64::from(target))
        } else {
            Flow::Exit(Exit::Panic)
        }
    }

    /// Control flow on to the next block.
    fn fall_through(&self) -> Flow {
        let Instance { module, state, .. } = &*self.instance;
        let is_block = || module.is_block_start(module.next_pc(state.pc));
        if module.rules().checks_next_block && !is_block() {
            return Flow::Exit(Exit::Panic);
        }
        Flow::Next
    }

    /// The paper's `branch`.
    fn branch(&self, condition: bool, target: u32) -> Flow {
        let [taken, not_taken] = [self.jump_to(target), self.fall_through()];
        let checks_both = self.instance.module.rules().checks_next_block;
        match (taken, not_taken) {
            (Flow::Exit(exit), _) | (_, Flow::Exit(exit)) if checks_both => Flow::Exit(exit),
            (taken, _) if condition => taken,
            (_, not_taken) => not_taken,
        }
    }

    /// The paper's `djump`.
    fn jump_indirect(&self, address: u64) -> Flow {
        match self.instance.module.resolve_jump(address as u32) {
            Ok(target) => Flow::Jump(u64::from(target)),
            Err(exit) => Flow::Exit(exit),
        }
    }

    fn load<const N: usize>(
        &mut self,
        to: Reg,
        address: u64,
        extend: impl FnOnce([u8; N]) -> u64,
    ) -> Flow {
        let address = address as u32;
        match self.instance.memory.load::<N>(address) {
            Some(octets) => {
                self.inspector.memory_read(self.instance, address, &octets);
                self.set(to, extend(octets))
            }
            None => self.fault(address, N, Access::ReadOnly),
        }
    }

    fn store<const N: usize>(&mut self, address: u64, octets: [u8; N]) -> Flow {
        let address = address as u32;
        if !self.instance.memory.store(address, octets) {
            return self.fault(address, N, Access::ReadWrite);
        }
        self.inspector.memory_written(self.instance, address, &octets);
        Flow::Next
    }

    fn fault(&self, address: u32, length: usize, access: Access) -> Flow {
        Flow::Exit(fault::exit(&self.instance.memory, address, length, access))
    }
}

/// The paper's sign extension of an immediate to 64 bits.
fn wide(x: i32) -> u64 {
    x as u64
}

macro_rules! step {
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
        $(fn $binary(&mut self, RegRegReg { a, b, d }: RegRegReg) -> Flow {
            self.set(d, arith::$binary(self.reg(a), self.reg(b)))
        })*
        $(fn $imm(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
            self.set(a, arith::$imm_f(self.reg(b), wide(x)))
        })*
        $(fn $first(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
            self.set(a, arith::$first_f(wide(x), self.reg(b)))
        })*
        $(fn $unary(&mut self, RegReg { d, a }: RegReg) -> Flow {
            self.set(d, arith::$unary(self.reg(a)))
        })*
        $(fn $cmov(&mut self, RegRegReg { a, b, d }: RegRegReg) -> Flow {
            self.set(d, arith::$cmov(self.reg(a), self.reg(b), self.reg(d)))
        })*
        $(fn $cmov_imm(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
            self.set(a, arith::$cmov_imm_f(wide(x), self.reg(b), self.reg(a)))
        })*
        $(fn $branch(&mut self, RegRegOffset { a, b, target }: RegRegOffset) -> Flow {
            self.branch(arith::$branch_f(self.reg(a), self.reg(b)), target)
        })*
        $(fn $branch_imm(&mut self, RegImmOffset { a, x, target }: RegImmOffset) -> Flow {
            self.branch(arith::$branch_imm_f(self.reg(a), wide(x)), target)
        })*
        $(
            fn $load(&mut self, RegImm { a, x }: RegImm) -> Flow {
                self.load(a, wide(x), |octets| <$load_type>::from_le_bytes(octets) as u64)
            }

            fn $load_ind(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
                let address = self.reg(b).wrapping_add(wide(x));
                self.load(a, address, |octets| <$load_type>::from_le_bytes(octets) as u64)
            }
        )*
        $(
            fn $store(&mut self, RegImm { a, x }: RegImm) -> Flow {
                self.store(wide(x), (self.reg(a) as $store_type).to_le_bytes())
            }

            fn $store_ind(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
                let address = self.reg(b).wrapping_add(wide(x));
                self.store(address, (self.reg(a) as $store_type).to_le_bytes())
            }

            fn $store_imm(&mut self, ImmImm { x, y }: ImmImm) -> Flow {
                self.store(wide(x), (wide(y) as $store_type).to_le_bytes())
            }

            fn $store_imm_ind(&mut self, RegImmImm { a, x, y }: RegImmImm) -> Flow {
                let address = self.reg(a).wrapping_add(wide(x));
                self.store(address, (wide(y) as $store_type).to_le_bytes())
            }
        )*
    };
}

impl<I: Inspector> Visitor for Step<'_, I> {
    type Output = Flow;

    for_each_semantics!(step);

    fn trap(&mut self, _: NoOperands) -> Flow {
        Flow::Exit(Exit::Panic)
    }

    fn fallthrough(&mut self, _: NoOperands) -> Flow {
        self.fall_through()
    }

    fn unlikely(&mut self, _: NoOperands) -> Flow {
        Flow::Next
    }

    fn ecalli(&mut self, Imm { x }: Imm) -> Flow {
        Flow::Exit(Exit::HostCall(wide(x)))
    }

    fn load_imm_64(&mut self, operands: RegExtImm) -> Flow {
        self.set(operands.a, operands.wide)
    }

    fn load_imm(&mut self, RegImm { a, x }: RegImm) -> Flow {
        self.set(a, wide(x))
    }

    fn move_reg(&mut self, RegReg { d, a }: RegReg) -> Flow {
        self.set(d, self.reg(a))
    }

    fn jump(&mut self, Offset { target }: Offset) -> Flow {
        self.jump_to(target)
    }

    fn load_imm_jump(&mut self, RegImmOffset { a, x, target }: RegImmOffset) -> Flow {
        self.set(a, wide(x));
        self.jump_to(target)
    }

    fn jump_ind(&mut self, RegImm { a, x }: RegImm) -> Flow {
        self.jump_indirect(self.reg(a).wrapping_add(wide(x)))
    }

    fn load_imm_jump_ind(&mut self, RegRegImmImm { a, b, x, y }: RegRegImmImm) -> Flow {
        let address = self.reg(b).wrapping_add(wide(y));
        self.set(a, wide(x));
        self.jump_indirect(address)
    }

    fn sbrk(&mut self, RegReg { d, a }: RegReg) -> Flow {
        let size = self.reg(a);
        let start = self.instance.memory.grow_heap(size).unwrap_or(0);
        self.set(d, start)
    }
}
