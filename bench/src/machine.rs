//! The engines under comparison, behind one interface.

use jambox_program::StandardProgram;

/// The reason why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Halt,
    /// A panic or a page fault: peers do not tell one from the other.
    Panic,
    OutOfGas,
    HostCall(u64),
}

/// An engine: makes modules of programs.
pub trait Peer {
    /// A program as the engine takes it.
    type Program;
    type Module;
    type Machine: Machine;

    /// The program in the engine's own form, for runs with so many octets of arguments. Not timed.
    ///
    /// # Errors
    /// When there is no such form.
    fn adapt(&self, program: &StandardProgram, arguments: usize) -> Result<Self::Program, String>;

    /// Makes a program ready to run.
    ///
    /// # Errors
    /// When the engine refuses the program.
    fn compile(&self, program: &Self::Program) -> Result<Self::Module, String>;

    /// A machine at the start of the program.
    ///
    /// # Errors
    /// When the engine cannot make one.
    fn instantiate(
        &self,
        module: &Self::Module,
        program: &Self::Program,
        arguments: &[u8],
    ) -> Result<Self::Machine, String>;

    /// Makes the whole program ready at once. An engine whose [`compile`](Self::compile) is lazy
    /// makes its code here.
    ///
    /// # Errors
    /// When the engine refuses the program.
    fn compile_all(&self, program: &Self::Program) -> Result<(), String> {
        self.compile(program).map(drop)
    }
}

/// A machine that runs between host calls. Addresses, also those in registers, are the paper's,
/// wherever the engine keeps its stack and its arguments.
pub trait Machine {
    fn start(&mut self, pc: u64, gas: u64);
    fn run(&mut self) -> Stop;
    /// Goes on after a host call.
    fn skip_host_call(&mut self);
    /// The position, of engines that have the paper's.
    fn pc(&self) -> Option<u64>;
    fn gas(&self) -> u64;
    fn set_gas(&mut self, gas: u64);
    fn reg(&self, reg: usize) -> u64;
    fn set_reg(&mut self, reg: usize, value: u64);
    fn write(&mut self, address: u64, octets: &[u8]);
    fn read_u64(&mut self, address: u64) -> Option<u64>;
}

/// An engine's addresses of the stack and the arguments, which the paper has below 2^32: most peers
/// can only have them there by clearing the 16 MiB of the argument area for every instance, so they
/// are given somewhere cheaper.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    areas: [Area; 2],
}

/// Addresses in the paper, and their distance from the engine's.
#[derive(Clone, Copy, Debug, Default)]
struct Area {
    start: u64,
    end: u64,
    distance: u64,
}

impl Moved {
    /// The arguments' first octet and the stack's end are at these addresses.
    #[must_use]
    pub fn new(program: &StandardProgram, arguments: usize, at: u32, stack_end: u32) -> Self {
        let layout = program.layout(arguments as u64).expect("a layout");
        // The stack pointer starts at the stack's end, which is therefore part of it.
        let stack = Area {
            start: layout.stack.start.into(),
            end: u64::from(layout.stack.end) + 1,
            distance: u64::from(stack_end).wrapping_sub(layout.stack.end.into()),
        };
        let arguments = Area {
            start: layout.arguments.start.into(),
            end: layout.arguments.end.into(),
            distance: u64::from(at).wrapping_sub(layout.arguments.start.into()),
        };
        Self { areas: [stack, arguments] }
    }

    /// Translates an address of the paper's layout into the engine's; other values stay.
    #[must_use]
    pub fn to_engine(&self, value: u64) -> u64 {
        let area = self.areas.iter().find(|area| (area.start..area.end).contains(&value));
        area.map_or(value, |area| value.wrapping_add(area.distance))
    }

    /// The paper's address for one of the engine's; anything else as it is.
    #[must_use]
    pub fn to_paper(&self, value: u64) -> u64 {
        let paper = |area: &Area| {
            let value = value.wrapping_sub(area.distance);
            (area.start..area.end).contains(&value).then_some(value)
        };
        self.areas.iter().find_map(paper).unwrap_or(value)
    }
}
