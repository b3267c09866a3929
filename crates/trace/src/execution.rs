//! What a trace says.

use std::fmt;

use jambox_hostcall::Revision;

/// Octets and where they are in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// The address of the first octet.
    pub address: u32,
    /// The octets.
    pub octets: Vec<u8>,
}

/// Where a machine is: what the trace shows of it at the start, at each host call and at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// The program counter.
    pub pc: u64,
    /// The gas left, 0 if it ran out.
    pub gas: u64,
    /// The registers.
    pub registers: [u64; 13],
}

/// Something that the host did while it served a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read from memory.
    Read(Block),
    /// Wrote to memory.
    Write(Block),
    /// Set a register.
    SetRegister {
        /// Which, 0 to 12.
        register: u8,
        /// To what.
        value: u64,
    },
    /// Set the gas left.
    SetGas(u64),
}

/// A host call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The line of the trace that shows it, from 1.
    pub line: usize,
    /// Its number.
    pub number: u64,
    /// The machine at the `ecalli` instruction, which is charged already.
    pub state: State,
    /// What the host did, in the order of the trace.
    pub actions: Vec<Action>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// Regularly.
    Halt,
    /// By a panic or a page fault. What the argument means is up to who recorded the trace.
    Panic(u64),
    /// Because gas ran out.
    OutOfGas,
}

/// The end of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The line of the trace that shows it, from 1.
    pub line: usize,
    /// How the program ended.
    pub kind: EndKind,
    /// The machine at the instruction that ended it.
    pub state: State,
}

/// One execution of a program: all that is needed to replay it without its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The line of the trace that shows the program, from 1.
    pub line: usize,
    /// Comments before the program.
    pub comments: Vec<String>,
    /// The program, with its metadata if it has any.
    pub program: Vec<u8>,
    /// Memory written before the start: a standard program's arguments.
    pub writes: Vec<Block>,
    /// The machine at the start.
    pub start: State,
    /// The host calls.
    pub calls: Vec<Call>,
    /// The end, unless the trace is cut off before.
    pub end: Option<End>,
}

impl Execution {
    /// The revision that a comment names, as [`Recording`](crate::Recorder) leaves one.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        let named = |comment: &String| {
            Revision::ALL.into_iter().find(|revision| comment.contains(revision.name()))
        };
        self.comments.iter().find_map(named)
    }
}

impl Call {
    /// Whether the trace shows the gas that the call left.
    #[must_use]
    pub fn sets_gas(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::SetGas(_)))
    }
}

impl Block {
    /// The address after the last octet.
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

/// As a line of a trace.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pc={} gas={}", self.pc, self.gas)?;
        let non_zero = self.registers.iter().enumerate().filter(|(_, value)| **value != 0);
        for (register, value) in non_zero {
            write!(f, " r{register:02}={value:#x}")?;
        }
        Ok(())
    }
}

/// As a line of a trace; `{:#}` shortens octets to those that fit a terminal's line.
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
