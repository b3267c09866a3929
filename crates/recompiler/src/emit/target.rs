//! The seam between the plan and a processor.
//!
//! The plan decides which segments, jumps, charges and exits there are. A processor writes them: in
//! a folder of its own, which has two implementations and nothing else that the plan uses.
//!
//! - [`Target`] of the assembler: the code that is no instruction of the guest's.
//! - `jambox_isa::Visitor` of [`Emitter`](super::Emitter): the code of each instruction. The rows
//!   of control flow are one call each: of a method in `emit/control.rs`.
//!
//! Places, jumps to be aimed later, slots and exits do not depend on where the guest's registers
//! are. They are the assembler's own, under the same names for every processor.

use jambox_isa::Reg;
use jambox_sandbox::native::asm::Jump;

/// Code that the plan asks for, written for one processor.
pub(crate) trait Target {
    /// The outcome of a comparison, on which a jump can depend.
    type Condition: Copy;

    /// The most octets of code that an instruction becomes, ways out included.
    const MAX_INSTRUCTION: usize;

    /// The most gas that the short form of a charge can take.
    const SHORT_CHARGE: u32;

    /// Takes gas, and jumps if there was less. The amount is
    /// [filled in](jambox_sandbox::native::asm::Assembler::fill) when it is known; it may exceed
    /// [`SHORT_CHARGE`](Self::SHORT_CHARGE) only if `is_long`.
    fn charge(&mut self, is_long: bool) -> Jump;

    /// Gives gas back.
    fn refund(&mut self, gas: u32);

    /// Sets a register of the guest's.
    fn set_register(&mut self, reg: Reg, value: u64);

    /// Jumps if the condition holds.
    fn jump_if(&mut self, condition: Self::Condition) -> Jump;

    /// Jumps unless the condition holds.
    fn jump_unless(&mut self, condition: Self::Condition) -> Jump;

    /// Jumps from `pc` through the dispatch table to the address that a register and a displacement
    /// sum up to. A register, if one is given, takes a value before, but the address is computed
    /// first. The jump that is returned is taken where the table has no entry for the address.
    fn jump_indirect(&mut self, pc: u32, address: (Reg, i32), link: Option<(Reg, u64)>) -> Jump;

    /// The text of each instruction in octets of code that start at a distance, with its own
    /// distance from the first octet.
    #[cfg(feature = "listing")]
    fn disassemble(octets: &[u8], start: u32) -> Vec<(u32, String)>;
}
