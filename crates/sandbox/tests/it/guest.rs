//! A guest that reads and writes where it is told, as native code.

use std::sync::Arc;

use jambox_sandbox::native::x86_64::{Gpr, Mem};
use jambox_sandbox::native::{CodeAddress, NativeExit, NativeProgram, Room};
use jambox_sandbox::{Pool, ReservedMemory};

/// Code that loads an octet at `r7` into `r0`, and code that stores one there.
pub struct Guest {
    program: NativeProgram,
    load: CodeAddress,
    store: CodeAddress,
}

impl Guest {
    pub fn new(pool: &Arc<Pool>) -> Self {
        let program = NativeProgram::new(pool, 4, 1 << 20).expect("a platform for native code");
        let mut asm = program.assembler();
        assert!(program.begin(&mut asm, Room { octets: 256, slots: 0 }), "room");
        let load = asm.here();
        asm.load_u8(Gpr::R14, Mem::Guest(Some(Gpr::Rdi), 0));
        asm.exit_step(1);
        let store = asm.here();
        asm.store_u8(Mem::Guest(Some(Gpr::Rdi), 0), Gpr::R14);
        asm.exit_step(2);
        program.append(&mut asm).expect("it is fit");
        let [load, store] =
            [load, store].map(|place| program.address(&asm, place).expect("it is code"));
        Self { program, load, store }
    }

    /// The octet that the guest reads at an address, if it may.
    pub fn load(&self, memory: &mut ReservedMemory, at: u32) -> Option<u8> {
        let mut regs = [0; 13];
        regs[7] = u64::from(at);
        match self.program.run(&mut regs, &mut 0, memory, self.load) {
            NativeExit::Step { pc: 1 } => Some(regs[0] as u8),
            NativeExit::Fault { at } if at == self.load => None,
            other => panic!("{other:?}"),
        }
    }

    /// True if the guest may write to an address, which it does then.
    pub fn store(&self, memory: &mut ReservedMemory, at: u32) -> bool {
        let mut regs = [0x55; 13];
        regs[7] = u64::from(at);
        match self.program.run(&mut regs, &mut 0, memory, self.store) {
            NativeExit::Step { pc: 2 } => true,
            NativeExit::Fault { at } if at == self.store => false,
            other => panic!("{other:?}"),
        }
    }
}
