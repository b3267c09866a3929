//! Code for x86-64: the only folder of the crate that names registers and instructions of a
//! processor.
//!
//! The [visitor] has a row for each instruction of the guest. [`Target`] has the code between
//! them, which the plan asks for.

mod arithmetic;
mod branch;
#[cfg(feature = "listing")]
mod disassembly;
mod divide;
mod memory;
mod multiply;
mod registers;
mod visitor;

use jambox_isa::Reg;
use jambox_sandbox::native::asm::{Assembler, Jump};
use jambox_sandbox::native::x86_64::{Condition, Size};

use crate::emit::Target;
use registers::{GAS, host};

impl Target for Assembler {
    type Condition = Condition;

    const MAX_INSTRUCTION: usize = 96;

    /// An immediate of one octet is a signed number.
    const SHORT_CHARGE: u32 = i8::MAX as u32;

    #[inline]
    fn charge(&mut self, is_long: bool) -> Jump {
        self.sub_amount(Size::S64, GAS, is_long);
        self.jcc(Condition::Below)
    }

    #[inline]
    fn refund(&mut self, gas: u32) {
        self.add_imm(Size::S64, GAS, gas as i32);
    }

    #[inline]
    fn set_register(&mut self, reg: Reg, value: u64) {
        self.load_immediate(host(reg), value);
    }

    #[inline]
    fn jump_if(&mut self, condition: Condition) -> Jump {
        self.jcc(condition)
    }

    #[inline]
    fn jump_unless(&mut self, condition: Condition) -> Jump {
        self.jcc(condition.negated())
    }

    #[inline]
    fn jump_indirect(
        &mut self,
        pc: u32,
        (base, displacement): (Reg, i32),
        link: Option<(Reg, u64)>,
    ) -> Jump {
        let link = link.map(|(reg, value)| (host(reg), value));
        self.jmp_dispatch(pc, host(base), displacement, link)
    }

    #[cfg(feature = "listing")]
    fn disassemble(octets: &[u8], start: u32) -> Vec<(u32, String)> {
        disassembly::disassemble(octets, start)
    }
}
