//! The content of a trace.

use std::fmt;

use jambox_hostcall::Revision;

/// Octets with their address in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// Address of the first octet.
    pub address: u32,
    /// The octets.
    pub octets: Vec<u8>,
}

/// TracedState of the machine, shown at the start, at each host call and at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TracedState {
    /// The program counter.
    pub pc: u64,
    /// Gas left; 0 if it ran out.
    pub gas: u64,
    /// The registers.
    pub registers: [u64; 13],
}

/// An action of the host in the service of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A read of memory.
    Read(Block),
    /// A write to memory.
    Write(Block),
    /// A change of a register.
    SetRegister {
        /// Number of the register, 0 to 12.
        register: u8,
        /// The new value.
        value: u64,
    },
    /// A change of the gas left, to this value.
    SetGas(u64),
}

/// A host call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Line of the call in the trace, from 1.
    pub line: usize,
    /// Number of the call.
    pub number: u64,
    /// The machine at the `ecalli` instruction, whose gas is charged already.
    pub state: TracedState,
    /// The host's actions, in the order of the trace.
    pub actions: Vec<Action>,
}

/// Exit of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// A halt.
    Halt,
    /// A panic or a page fault. The meaning of the argument is up to the recorder of the trace.
    Panic(u64),
    /// Out of gas.
    OutOfGas,
}

/// The end of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Line of the end in the trace, from 1.
    pub line: usize,
    /// Exit of the program.
    pub kind: EndKind,
    /// The machine at the last instruction.
    pub state: TracedState,
}

/// One execution of a program, replayable without its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Line of the program in the trace, from 1.
    pub line: usize,
    /// Comments before the program.
    pub comments: Vec<String>,
    /// The program, with metadata if the trace has them.
    pub program: Vec<u8>,
    /// Memory written before the start: arguments of a standard program.
    pub writes: Vec<Block>,
    /// The machine at the start.
    pub start: TracedState,
    /// The host calls.
    pub calls: Vec<Call>,
    /// The end; `None` if the trace is cut off.
    pub end: Option<End>,
}

impl Execution {
    /// The revision in a comment, as `Recording` writes it.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        let named = |comment: &String| {
            Revision::ALL.into_iter().find(|revision| comment.contains(revision.name()))
        };
        self.comments.iter().find_map(named)
    }
}

impl Call {
    /// True if the trace has the gas left by the call.
    #[must_use]
    pub fn sets_gas(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::SetGas(_)))
    }
}

impl Block {
    /// Address after the last octet.
    #[must_use]
    pub fn end(&self) -> u64 {
        u64::from(self.address).saturating_add(self.octets.len() as u64)
    }
}

impl fmt::Display for EndKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halt => f.write_str("halt"),
            Self::Panic(_) => f.write_str("panic"),
            Self::OutOfGas => f.write_str("out of gas"),
        }
    }
}

/// Formats as a line of a trace.
impl fmt::Display for TracedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pc={} gas={}", self.pc, self.gas)?;
        let non_zero = self.registers.iter().enumerate().filter(|(_, value)| **value != 0);
        for (register, value) in non_zero {
            write!(f, " r{register:02}={value:#x}")?;
        }
        Ok(())
    }
}

/// Formats as a line of a trace; `{:#}` shortens octets to the width of a terminal.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(block) => write_block(f, "memread", "->", block),
            Self::Write(block) => write_block(f, "memwrite", "<-", block),
            Self::SetRegister { register, value } => {
                write!(f, "setreg r{register:02} <- {value:#x}")
            }
            Self::SetGas(gas) => write!(f, "setgas <- {gas}"),
        }
    }
}

fn write_block(f: &mut fmt::Formatter<'_>, word: &str, arrow: &str, block: &Block) -> fmt::Result {
    const SHOWN: usize = 32;
    let Block { address, octets } = block;
    let shown = if f.alternate() { octets.get(..SHOWN).unwrap_or(octets) } else { octets };
    let hex = const_hex::encode_prefixed(shown);
    let rest = if shown.len() < octets.len() { ".." } else { "" };
    write!(f, "{word} {address:#010x} len={} {arrow} {hex}{rest}", octets.len())
}
