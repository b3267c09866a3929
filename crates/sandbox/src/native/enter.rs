//! Entering generated code, and how it comes back.

use super::context::{
    Context, REASON_COMPILE, REASON_DISPATCH, REASON_HOST_CALL, REASON_STEP, REASON_UNPAID,
};
use super::program::{CodeAddress, NativeProgram};
use super::{signals, target};
use crate::ReservedMemory;

/// The reason why generated code came back.
///
/// Registers and gas are then as before the instruction at the position, except where said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeExit {
    /// The instruction at this position has to be executed exactly.
    Step {
        /// The position in the program.
        pc: u32,
    },
    /// The gas that code takes at this position is not there; none of it is taken.
    Unpaid {
        /// The position in the program.
        pc: u32,
    },
    /// An `ecalli`, whose gas is charged.
    HostCall {
        /// The position of the `ecalli`.
        pc: u32,
        /// Number of the host call.
        number: i32,
        /// The address at which to go on after it.
        resume: CodeAddress,
    },
    /// There is no code yet for this position; its gas is not charged.
    Compile {
        /// The position in the program.
        pc: u32,
    },
    /// There is no code yet for this entry of the dispatch table. The jump is done but for that:
    /// its gas is charged, its register (if it sets one) is set.
    Dispatch {
        /// The index in the dispatch table.
        index: usize,
        /// The position of the jump.
        pc: u32,
    },
    /// An access to guest memory that the page does not allow, by the instruction of generated
    /// code at this address. Gas is charged up to the end of the segment.
    Fault {
        /// The instruction's address in the code space.
        at: CodeAddress,
    },
    /// Nothing was run: the address is another program's, the memory is not armed, or the process
    /// is a forked child.
    Refused,
}

impl NativeProgram {
    /// Enters this program's code at `entry` with the registers, gas and memory of a guest, and
    /// returns when it comes back.
    ///
    /// Nothing is run if the address is another program's, the memory is not
    /// [armed](ReservedMemory::arm), or the process is a forked child. From the first run of a
    /// memory on a thread on, `SIGSEGV` is not blocked there.
    #[inline]
    pub fn run(
        &self,
        regs: &mut [u64; 13],
        gas: &mut u64,
        memory: &mut ReservedMemory,
        entry: CodeAddress,
    ) -> NativeExit {
        let space = self.space();
        if !self.owns(entry) || !memory.is_armed() || !space.is_alive() {
            return NativeExit::Refused;
        }
        // Once for each thread that a memory is run by: asking the kernel at every entry would
        // cost more than the entry.
        if memory.note_thread(signals::thread_token()) {
            signals::unblock();
        }
        let mut context = Context {
            regs,
            gas: *gas,
            entry: space.address(entry.offset()),
            memory: memory.guest_base(),
            table: self.table(),
            value: 0,
            resume: 0,
            detail: 0,
        };
        // SAFETY: `entry` is the start of an instruction of this program, all of which is code
        // that keeps the rules of `Assembler`; the program is borrowed, so its code, slots and
        // table stay. The context and what it points to outlive the call. The memory is armed, so
        // what the code may touch of it is what the page protection says, and nobody else has it;
        // the handler is installed, and its signal not blocked.
        let reason = unsafe { target::enter(&raw mut context) };
        *gas = context.gas;
        self.stop(reason, &context)
    }

    #[inline]
    fn stop(&self, reason: u32, context: &Context) -> NativeExit {
        let pc = context.value as u32;
        // Both kinds of addresses are those of instructions of this program: the one that faulted
        // in it, and the one after a host call, which only its form of code sets.
        let address =
            |value| self.space().offset(value).map(|offset| CodeAddress::new(self.id(), offset));
        match reason {
            REASON_STEP => NativeExit::Step { pc },
            REASON_UNPAID => NativeExit::Unpaid { pc },
            REASON_COMPILE => NativeExit::Compile { pc },
            REASON_HOST_CALL => match address(context.resume) {
                Some(resume) => NativeExit::HostCall { pc, number: context.detail as i32, resume },
                None => NativeExit::Refused,
            },
            REASON_DISPATCH => {
                let index = (context.value.wrapping_sub(context.table) / 8) as usize;
                NativeExit::Dispatch { index, pc: context.detail as u32 }
            }
            _ => match address(context.value) {
                Some(at) => NativeExit::Fault { at },
                None => NativeExit::Refused,
            },
        }
    }
}
