//! A log of every instruction of one invocation, written while it runs.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_invocation::{Invocation, Machine};
use jambox_isa::Instruction;
use jambox_symbols::Symbols;

/// The choice of one invocation of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The authorizer's.
    IsAuthorized,
    /// The refinement of a work item, by its index.
    Refine(usize),
    /// The accumulation of a service, by its index; the first accumulation if `None`.
    Accumulate(Option<u32>),
}

/// A text that names no invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected is-authorized, refine, refine:ITEM, accumulate or accumulate:SERVICE")]
pub struct UnknownInvocation;

impl Which {
    /// True for the chosen invocation.
    #[must_use]
    pub fn is(self, invocation: Invocation) -> bool {
        match (self, invocation) {
            (Self::IsAuthorized, Invocation::IsAuthorized { .. }) => true,
            (Self::Refine(index), Invocation::Refine { item, .. }) => index == item,
            (Self::Accumulate(meant), Invocation::Accumulate { service, .. }) => {
                meant.is_none_or(|meant| meant == service.0)
            }
            _ => false,
        }
    }
}

impl FromStr for Which {
    type Err = UnknownInvocation;

    fn from_str(text: &str) -> Result<Self, UnknownInvocation> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number.parse().map_err(|_| UnknownInvocation)?)),
            None => (text, None::<u32>),
        };
        match (name, number) {
            ("is-authorized", None) => Ok(Self::IsAuthorized),
            ("refine", item) => Ok(Self::Refine(item.unwrap_or(0) as usize)),
            ("accumulate", service) => Ok(Self::Accumulate(service)),
            _ => Err(UnknownInvocation),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsAuthorized => f.write_str("is-authorized"),
            Self::Refine(item) => write!(f, "refine:{item}"),
            Self::Accumulate(None) => f.write_str("accumulate"),
            Self::Accumulate(Some(service)) => write!(f, "accumulate:{service}"),
        }
    }
}

/// The changed registers by name, with their new values.
pub fn changed_registers(
    before: &[u64; 13],
    after: &[u64; 13],
) -> impl Iterator<Item = (String, u64)> {
    let pairs = before.iter().zip(after).enumerate();
    let changed = pairs.filter(|(_, (before, after))| before != after);
    changed.map(|(index, (_, after))| (format!("r{index}"), *after))
}

/// A log with a line for every instruction of one invocation, inner machines included: the pc, the
/// instruction, the gas left after it and the registers that it changed. Where the source place
/// changes from one line to the next, it is written above.
pub struct InstructionLog {
    out: Box<dyn Write>,
    which: Which,
    /// The number of lines that may still be written.
    left: u64,
    /// The number of instructions beyond the limit.
    unwritten: u64,
    /// The chosen invocation runs.
    is_on: bool,
    has_run: bool,
    registers: [u64; 13],
    line: String,
    source: String,
    machine: Option<Machine>,
    failure: Option<io::Error>,
}

impl fmt::Debug for InstructionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstructionLog").field("which", &self.which).finish_non_exhaustive()
    }
}

impl InstructionLog {
    /// A log of an invocation; `limit` is the largest number of instructions.
    #[must_use]
    pub fn new(out: Box<dyn Write>, which: Which, limit: u64) -> Self {
        Self {
            out,
            which,
            left: limit,
            unwritten: 0,
            is_on: false,
            has_run: false,
            registers: [0; 13],
            line: String::new(),
            source: String::new(),
            machine: None,
            failure: None,
        }
    }

    /// An invocation starts.
    pub fn started(&mut self, invocation: Invocation) {
        // A service may accumulate twice: the first accumulation is logged.
        self.is_on = !self.has_run && self.which.is(invocation);
        self.has_run |= self.is_on;
        if self.is_on {
            self.write(&format!("{invocation}\n"));
        }
    }

    /// True while the chosen invocation runs.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.is_on
    }

    /// A machine is about to run.
    pub fn enter(&mut self, machine: Machine) {
        if self.machine.replace(machine) != Some(machine) {
            match machine {
                Machine::Outer => self.write("in the outer machine\n"),
                Machine::Inner(Machine::CHILD) => self.write("in the child\n"),
                Machine::Inner(handle) => self.write(&format!("in inner machine {handle}\n")),
            }
        }
    }

    /// Notes an instruction that is about to run.
    pub fn before(
        &mut self,
        instance: &Instance,
        instruction: &Instruction,
        symbols: Option<&Symbols>,
    ) {
        if !self.is_on {
            return;
        }
        let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(instance.pc()));
        let source = frames.first().map(ToString::to_string).unwrap_or_default();
        if source != self.source && self.left > 0 {
            self.write(&format!("; {source}\n"));
        }
        self.source = source;
        self.registers = *instance.regs();
        self.line = format!("{:>8}  {instruction}", instance.pc());
    }

    /// Writes the line of the instruction after it ran.
    pub fn after(&mut self, instance: &Instance, exit: Option<Exit>) {
        if !self.is_on {
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        if self.left == 0 {
            self.unwritten = self.unwritten.saturating_add(u64::from(!line.is_empty()));
            return;
        }
        if line.is_empty() {
            // The gas did not suffice for the instruction.
            line = format!("{:>8}  not run", instance.pc());
        }
        line = format!("{line:<56}  gas {}", instance.gas());
        for (name, value) in changed_registers(&self.registers, instance.regs()) {
            line.push_str(&format!("  {name} {value:#x}"));
        }
        if let Some(exit) = exit {
            line.push_str(&format!("  {exit}"));
        }
        line.push('\n');
        self.left = self.left.saturating_sub(1);
        self.write(&line);
    }

    /// An invocation ended.
    pub fn ended(&mut self) {
        if self.is_on && self.unwritten > 0 {
            let text = format!("and {} more instructions, not written\n", self.unwritten);
            self.write(&text);
        }
        self.is_on = false;
    }

    /// Completes the output. True if the chosen invocation ran.
    ///
    /// # Errors
    ///
    /// When writing failed, now or before.
    pub fn finish(mut self) -> io::Result<bool> {
        match self.failure {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.has_run),
        }
    }

    fn write(&mut self, text: &str) {
        if self.failure.is_none() {
            self.failure = self.out.write_all(text.as_bytes()).err();
        }
    }
}

/// The log without symbols.
impl Inspector for InstructionLog {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        self.before(instance, instruction, None);
    }

    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        self.after(instance, exit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_are_named_as_they_are_shown() {
        for text in ["is-authorized", "refine:3", "accumulate", "accumulate:42"] {
            assert_eq!(text.parse::<Which>().map(|which| which.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("refine".parse(), Ok(Which::Refine(0)));
        for text in ["", "refine:x", "is-authorized:1", "transfer"] {
            assert_eq!(text.parse::<Which>(), Err(UnknownInvocation), "{text}");
        }
    }
}
