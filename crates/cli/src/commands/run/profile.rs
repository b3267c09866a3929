//! Where an invocation's gas goes: by function for instructions, by name for host calls.

use std::collections::BTreeMap;

use serde::Serialize;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_isa::Instruction;
use jambox_symbols::{Frame, Symbols};

/// What instructions count as whose place in the source is not known.
const UNKNOWN: &str = "code without symbols";

/// How the compiler names files of the standard library.
const STANDARD_LIBRARY: &str = "/rust/";

/// Counts the gas of one invocation's outer machine.
#[derive(Default)]
pub struct Profiler {
    /// The gas left before the instruction that comes next.
    left: u64,
    /// By program counter.
    instructions: BTreeMap<u64, u64>,
    /// By name.
    calls: BTreeMap<String, u64>,
}

/// What took gas, and how much.
#[derive(Serialize)]
pub struct Spent {
    pub what: String,
    pub gas: u64,
}

impl Inspector for Profiler {
    fn before_instruction(&mut self, instance: &Instance, _: &Instruction) {
        let spent = self.left.saturating_sub(instance.gas());
        self.left = instance.gas();
        *self.instructions.entry(instance.pc()).or_default() += spent;
    }
}

impl Profiler {
    /// Runs a machine instruction by instruction.
    pub fn run(&mut self, instance: &mut Instance) -> Exit {
        self.left = instance.gas();
        instance.run_with(self)
    }

    /// Takes account of a host call.
    pub fn called(&mut self, name: Option<&str>, gas: u64) {
        let name = format!("host call {}", name.unwrap_or("of no known number"));
        *self.calls.entry(name).or_default() += gas;
    }

    /// What took gas, the most first. Inlined functions count for themselves, but for those of the
    /// standard library.
    pub fn finish(self, symbols: Option<&Symbols>) -> Vec<Spent> {
        let mut spent = self.calls;
        for (pc, gas) in self.instructions {
            let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(pc));
            // Many small functions of the standard library are inlined into each that counts.
            let inner = frames.iter().find(|frame| !frame.file.starts_with(STANDARD_LIBRARY));
            // As a frame shows itself, without its line: a row is for a whole function.
            let what = inner
                .or(frames.last())
                .map(|frame| Frame { line: 0, ..frame.clone() }.to_string())
                .unwrap_or_else(|| UNKNOWN.to_owned());
            *spent.entry(what).or_default() += gas;
        }
        let mut rows: Vec<Spent> =
            spent.into_iter().map(|(what, gas)| Spent { what, gas }).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.gas));
        rows
    }
}
