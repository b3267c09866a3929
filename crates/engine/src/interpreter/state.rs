//! State that ops change.

use jambox_sandbox::{DefaultMemory, GuestMemory};

/// Guest memory as handlers pass it along.
pub(super) type View<'m> = <DefaultMemory as GuestMemory>::View<'m>;

/// State that handlers change.
pub(crate) struct State {
    /// The registers.
    pub regs: [u64; 13],
    /// The position of the next instruction; while ops run, only set when they stop.
    pub pc: u64,
    /// Gas left when the ops stopped.
    pub(super) gas: i64,
    /// The reason why they stopped.
    pub(super) stop: Stop,
}

impl State {
    pub(crate) fn new() -> Self {
        Self { regs: [0; 13], pc: 0, gas: 0, stop: Stop::Step }
    }
}

/// The reason why ops stopped. `pc` is at the instruction in question, which has not been charged.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// An instruction that needs the stepper.
    Step,
    /// The segment that begins there cannot be paid.
    Unpaid,
    /// An `ecalli`, which has been charged.
    HostCall(i32),
}
