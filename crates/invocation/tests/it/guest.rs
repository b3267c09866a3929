//! A guest made of test code. It enters the host like the engine's host-call loop, with registers,
//! gas and an engine's memory, and checks everything that a call must leave unchanged.

use std::sync::Mutex;

use jambox_engine::{Access, Memory};
use jambox_hostcall::{Abi, Context, Registers};
use jambox_invocation::{
    CallSite, End, Host, HostError, Job, Needed, PanicReason, Ran, Runner, Stop,
};
use jambox_types::Revision;

use crate::prices::price;
use crate::world::revision;

/// Start of four read-only pages.
pub const READ_ONLY: u64 = 0x1_0000;
/// The start of the writable memory.
pub const WRITABLE: u64 = 0x2_0000;
/// The end of the writable memory.
pub const WRITABLE_END: u64 = 0x8_0000;
/// An address of inaccessible memory.
pub const NOWHERE: u64 = 0x9_0000;

/// The paper's result codes.
pub const NONE: u64 = u64::MAX;
pub const WHAT: u64 = u64::MAX - 1;
pub const OOB: u64 = u64::MAX - 2;
pub const WHO: u64 = u64::MAX - 3;
pub const FULL: u64 = u64::MAX - 4;
pub const CORE: u64 = u64::MAX - 5;
pub const CASH: u64 = u64::MAX - 6;
pub const LOW: u64 = u64::MAX - 7;
pub const HUH: u64 = u64::MAX - 8;
pub const OK: u64 = 0;

/// "This service" in a register.
pub const OWN: u64 = u64::MAX;

/// Number of `grow_heap` in tests, since it has none in 0.7.2.
pub const GROW_HEAP: u64 = 1 << 40;

/// First page of the guests' heap, its end, and its limit.
pub const HEAP: [u64; 2] = [0x80, 0x88];

/// More gas than any affordable call costs.
pub const PLENTY: u64 = 1 << 62;

/// A length longer than any memory, whose price is affordable in the revision in force.
pub fn too_long() -> u64 {
    match revision() {
        Revision::GrayPaper072 => u64::MAX,
        Revision::GrayPaper080 => 1 << 40,
    }
}

/// A guest at host calls.
pub struct Guest<'g, 'h> {
    host: &'g mut Host<'h>,
    pub gas: u64,
    pub memory: Memory,
}

/// The steps of a scripted guest.
pub type Script = Box<dyn FnOnce(&mut Guest<'_, '_>) + Send>;

/// Runs a script in place of a program, and halts without output.
pub struct Scripted(pub Mutex<Option<Script>>);

impl Runner for Scripted {
    fn run(&self, job: &Job<'_>, host: &mut Host<'_>) -> Result<Ran, HostError> {
        let mut memory = Memory::new();
        memory.set_access(0x10, 4, Access::ReadOnly);
        memory.set_access(0x20, 0x60, Access::ReadWrite);
        memory.set_heap(HEAP[0] * 4096, HEAP[1] * 4096);
        let mut guest = Guest { host, gas: job.gas_limit, memory };
        let script = self.0.lock().unwrap().take().expect("a script runs once");
        script(&mut guest);
        Ok(Ran { end: End::Halt(Vec::new()), gas_left: guest.gas })
    }
}

/// Registers with the arguments from `r7` on and a recognizable value in all others.
fn registers(arguments: &[u64]) -> Registers {
    let mut registers: Registers = std::array::from_fn(|index| 0x5e_0000 + index as u64);
    registers[7..7 + arguments.len()].copy_from_slice(arguments);
    registers
}

impl Guest<'_, '_> {
    /// Writes octets to memory, regardless of its access.
    pub fn put(&mut self, address: u64, octets: &[u8]) {
        self.memory.poke_raw(address, octets);
    }

    /// Octets of memory.
    pub fn get(&self, address: u64, length: u64) -> Vec<u8> {
        self.memory.read(address, length).expect("the test reads what it mapped")
    }

    fn all_memory(&self) -> Vec<u8> {
        self.get(WRITABLE, WRITABLE_END - WRITABLE)
    }

    /// Number of a call in the revision in force, by its number in 0.7.2.
    fn number(&self, number: u64) -> u64 {
        let interface = self.host.interface();
        match (interface.abi, interface.revision, number) {
            (Abi::GrayPaper, Revision::GrayPaper080, 1..=26) => number + 1,
            (Abi::GrayPaper, Revision::GrayPaper080, GROW_HEAP) => 1,
            _ => number,
        }
    }

    /// Price of a call, before its outcome is known.
    pub fn price(&self, number: u64, arguments: &[u64]) -> u64 {
        let interface = self.host.interface();
        let context = self.host.invocation().context();
        // The seed document's own calls cost ten gas, unless a test names a price.
        let is_papers = match interface.abi {
            Abi::GrayPaper => true,
            Abi::SeedDoc { strict } => {
                let calls = if context == Context::Refine { 6..=13 } else { 20..=26 };
                !strict && context != Context::IsAuthorized && calls.contains(&number)
            }
        };
        if is_papers { price(interface.revision, number, &registers(arguments)) } else { 10 }
    }

    fn serve(&mut self, number: u64, registers: &mut Registers) -> Result<(), Stop> {
        self.host.serve(
            self.number(number),
            CallSite { pc: None, registers, gas: &mut self.gas, memory: &mut self.memory },
        )
    }

    /// Makes a call that must return for its price. Returns `r7` and `r8`; every other register
    /// must be unchanged.
    pub fn call(&mut self, number: u64, arguments: &[u64]) -> (u64, u64) {
        self.call_for(self.price(number, arguments), number, arguments)
    }

    /// [`Self::call`] with another price.
    pub fn call_for(&mut self, price: u64, number: u64, arguments: &[u64]) -> (u64, u64) {
        let before = registers(arguments);
        let (mut after, gas) = (before, self.gas);
        self.serve(number, &mut after).expect("the call returns");
        assert_eq!(after[..7], before[..7], "registers before r7");
        assert_eq!(after[9..], before[9..], "registers after r8");
        assert_eq!(self.gas, gas - price, "gas");
        (after[7], after[8])
    }

    /// Makes a call that must return for this price and leave these values from `r7` on. Argument
    /// registers beyond them must be unchanged.
    pub fn pays_for(&mut self, price: u64, number: u64, arguments: &[u64], left: &[u64]) {
        let mut expected = registers(arguments);
        expected[7..7 + left.len()].copy_from_slice(left);
        let (mut after, gas) = (registers(arguments), self.gas);
        self.serve(number, &mut after).expect("the call returns");
        assert_eq!(after, expected, "registers of call {number}");
        assert_eq!(gas - self.gas, price, "price of call {number}");
    }

    /// Makes a call with any outcome, except for a failure of the host.
    pub fn attempt(&mut self, number: u64, arguments: [u64; 6]) {
        let before = registers(&arguments);
        let mut after = before;
        match self.serve(number, &mut after) {
            Ok(()) => {}
            Err(Stop::Panic(_) | Stop::OutOfGas { .. }) => assert_eq!(after, before, "registers"),
            Err(Stop::Host(error)) => panic!("the host failed: {error}"),
        }
    }

    /// The call returns this in `r7`, for a price other than [`Self::price`].
    pub fn pays(&mut self, price: u64, number: u64, arguments: &[u64], r7: u64) {
        let r8 = registers(arguments)[8];
        assert_eq!(self.call_for(price, number, arguments), (r7, r8), "r7 and r8");
    }

    /// The call returns this in `r7`, and `r8` is unchanged.
    pub fn returns(&mut self, number: u64, arguments: &[u64], r7: u64) {
        let r8 = registers(arguments)[8];
        assert_eq!(self.call(number, arguments), (r7, r8), "r7 and r8 of call {number}");
    }

    /// The call returns this in `r7` and changes neither `r8` nor memory.
    pub fn answers(&mut self, number: u64, arguments: &[u64], r7: u64) {
        let memory = self.all_memory();
        self.returns(number, arguments, r7);
        assert!(self.all_memory() == memory, "memory changed");
    }

    fn stops(&mut self, number: u64, arguments: &[u64]) -> Stop {
        let before = registers(arguments);
        let (mut after, memory) = (before, self.all_memory());
        let stop = self.serve(number, &mut after).expect_err("the call does not return");
        assert_eq!(after, before, "registers");
        assert!(self.all_memory() == memory, "memory changed");
        stop
    }

    /// The call panics because it would read this range. Its price is spent.
    pub fn panics_reading(&mut self, number: u64, arguments: &[u64], address: u64, length: u64) {
        self.panics_over(number, arguments, (address, length, Needed::Readable));
    }

    /// The call panics because it would write this range. Its price is spent.
    pub fn panics_writing(&mut self, number: u64, arguments: &[u64], address: u64, length: u64) {
        self.panics_over(number, arguments, (address, length, Needed::Writable));
    }

    fn panics_over(&mut self, number: u64, arguments: &[u64], range: (u64, u64, Needed)) {
        match self.panics(number, arguments) {
            PanicReason::Memory { address, length, access, .. } => {
                assert_eq!((address, length, access), range, "the range at fault");
            }
            reason => panic!("another reason: {reason}"),
        }
    }

    /// The call panics. Its price is spent.
    pub fn panics(&mut self, number: u64, arguments: &[u64]) -> PanicReason {
        self.panics_for(self.price(number, arguments), number, arguments)
    }

    /// The call panics after this price has been paid.
    pub fn panics_for(&mut self, price: u64, number: u64, arguments: &[u64]) -> PanicReason {
        let gas = self.gas;
        let stop = self.stops(number, arguments);
        assert_eq!(self.gas, gas - price, "gas");
        match stop {
            Stop::Panic(reason) => reason,
            stop => panic!("no panic: {stop}"),
        }
    }

    /// With less gas than its price the call runs out of it, see [`Self::runs_out_below`].
    pub fn runs_out(&mut self, number: u64, arguments: &[u64]) {
        self.runs_out_below(self.price(number, arguments), number, arguments);
    }

    /// With less than `needed` gas the call runs out of gas, and with that much it does not. The
    /// first try leaves everything unchanged except for gas, of which none is left.
    pub fn runs_out_below(&mut self, needed: u64, number: u64, arguments: &[u64]) {
        self.gas = needed - 1;
        match self.stops(number, arguments) {
            Stop::OutOfGas { .. } => assert_eq!(self.gas, 0, "gas"),
            stop => panic!("not out of gas: {stop}"),
        }
    }
}
