//! Random programs that are built like compiled ones, so that they run long: functions that call
//! each other and return, counted loops, conditions, addresses that are mostly good.
//!
//! Registers have the roles that compilers give them: `ra` and `sp`, a base of data, counters of
//! the loops; the others take whatever comes. What the host does in between may still break it all.

use jambox_isa::{Fields, Format, Opcode, Reg, Revision};

use crate::scenario::{self, Builder, Program, Source, immediate};

/// Addresses of the stack, where calls save what they return to, and of data.
const STACK: u64 = 0x8000_0000;
const DATA: u64 = 0x1_0000;

const RA: Reg = Reg::R0;
const SP: Reg = Reg::R1;
const BASE: Reg = Reg::R5;
/// The counters of loops, by how deep they are nested in their function.
const COUNTERS: [Reg; 2] = [Reg::R6, Reg::R12];
const ADDRESS: Reg = Reg::R4;
const FREE: [Reg; 7] = [Reg::R2, Reg::R3, Reg::R7, Reg::R8, Reg::R9, Reg::R10, Reg::R11];

/// The most instructions that a program gets from statements.
const LONGEST: usize = 400;

struct Writer<'s, 'o> {
    source: &'s mut Source<'o>,
    builder: Builder,
    /// The blocks that calls return to, in the order of the jump table.
    returns: Vec<usize>,
    /// The first block of each function.
    functions: Vec<usize>,
}

/// Draws a program.
pub fn program(source: &mut Source<'_>, revision: Revision) -> Program {
    let count = 1 + source.below(4);
    let builder = Builder::new(revision);
    let mut writer = Writer { source, builder, returns: Vec::new(), functions: Vec::new() };
    writer.functions = (0..count).map(|_| writer.builder.reserve()).collect();
    for function in 0..count {
        writer.function(function);
    }
    let Writer { source, builder, returns, .. } = writer;
    let entries: Vec<u64> = returns.iter().map(|&block| builder.blocks[block].into()).collect();
    // One in twenty programs has a jump that leads astray.
    let wrong = usize::from(source.chance(5));
    builder.finish(source, wrong, &entries)
}

impl Writer<'_, '_> {
    fn function(&mut self, index: usize) {
        self.builder.place(self.functions[index]);
        if index == 0 {
            self.set(SP, STACK);
            self.set(BASE, DATA);
            self.set(RA, 0xffff_0000);
        }
        let slot = 8 * index as i32;
        let saved = Fields { a: RA, b: SP, x: slot, ..Fields::default() };
        self.builder.instruction(Opcode::StoreIndU64, saved);
        if index == 0 {
            self.counted(0, 0);
        }
        self.body(index, 0);
        self.builder.instruction(Opcode::LoadIndU64, saved);
        self.builder.instruction(Opcode::JumpInd, Fields { a: RA, ..Fields::default() });
    }

    fn set(&mut self, a: Reg, wide: u64) {
        self.builder.instruction(Opcode::LoadImm64, Fields { a, wide, ..Fields::default() });
    }

    /// Statements of a function, inside of so many loops.
    fn body(&mut self, function: usize, depth: usize) {
        for _ in 0..2 + self.source.below(7) {
            if self.builder.starts.len() > LONGEST {
                return;
            }
            match self.source.below(16) {
                0..=4 => self.computation(),
                5..=8 => self.access(),
                9..=11 if depth < COUNTERS.len() => self.counted(function, depth),
                12 => self.condition(function, depth),
                13 | 14 if function + 1 < self.functions.len() => self.call(function),
                15 if depth == 0 || self.source.chance(20) => self.host_call(),
                _ => self.computation(),
            }
        }
    }

    fn free(&mut self) -> Reg {
        self.source.pick(&FREE)
    }

    fn computation(&mut self) {
        for _ in 0..1 + self.source.below(6) {
            let opcode = self.source.pick(&Opcode::ALL);
            let is_plain = opcode.octet(self.builder.set.revision()).is_some()
                && !opcode.is_terminator()
                && opcode != Opcode::Ecalli
                // Those with an address of their own mostly fault.
                && (!is_access(opcode) || self.source.chance(1));
            let opcode = if is_plain { opcode } else { Opcode::Add64 };
            let fields = Fields {
                a: self.free(),
                b: self.free(),
                d: self.free(),
                x: immediate(self.source),
                y: immediate(self.source),
                wide: scenario::value(self.source),
                target: 0,
            };
            self.builder.instruction(opcode, fields);
        }
    }

    /// A load or store at an address made of the base and of a register's lowest bits.
    fn access(&mut self) {
        let based: Vec<Opcode> = Opcode::ALL.into_iter().filter(|it| is_indirect(*it)).collect();
        let (opcode, index) = (self.source.pick(&based), self.free());
        // Now and then the page after the second, which is mostly not there.
        let mask = if self.source.chance(3) { 0x2fff } else { 0x1ff8 };
        let masked = Fields { a: ADDRESS, b: index, x: mask, ..Fields::default() };
        self.builder.instruction(Opcode::AndImm, masked);
        let sum = Fields { d: ADDRESS, a: ADDRESS, b: BASE, ..Fields::default() };
        self.builder.instruction(Opcode::Add64, sum);
        let near = if self.source.chance(2) { immediate(self.source) } else { 0 };
        let fields = match opcode.format() {
            Format::RegImmImm => {
                Fields { a: ADDRESS, x: near, y: immediate(self.source), ..Fields::default() }
            }
            _ => Fields { a: self.free(), b: ADDRESS, x: near, ..Fields::default() },
        };
        self.builder.instruction(opcode, fields);
    }

    fn counted(&mut self, function: usize, depth: usize) {
        let counter = COUNTERS[depth];
        let rounds = 1 + self.source.below(40) as u64;
        self.set(counter, rounds);
        self.builder.instruction(Opcode::Fallthrough, Fields::default());
        let start = self.builder.reserve();
        self.builder.place(start);
        self.body(function, depth + 1);
        let less = Fields { a: counter, b: counter, x: -1, ..Fields::default() };
        self.builder.instruction(Opcode::AddImm64, less);
        // Compared with an immediate of one octet.
        self.builder.jump(Opcode::BranchNeImm, &[counter as u8 | 1 << 4, 0], start);
    }

    fn condition(&mut self, function: usize, depth: usize) {
        let after = self.builder.reserve();
        let pair = self.free() as u8 | (self.free() as u8) << 4;
        let opcode = scenario::branch(self.source, Format::RegRegOffset);
        self.builder.jump(opcode, &[pair], after);
        self.body(function, depth.max(1));
        self.builder.instruction(Opcode::Fallthrough, Fields::default());
        self.builder.place(after);
    }

    /// Only functions further down are called, so all calls end.
    fn call(&mut self, function: usize) {
        let further = self.functions.len() - function - 1;
        let callee = self.functions[function + 1 + self.source.below(further)];
        let after = self.builder.reserve();
        self.returns.push(after);
        let link = 2 * self.returns.len() as i32;
        let x = link.to_le_bytes();
        // The counters are the callee's too.
        for (slot, counter) in COUNTERS.into_iter().enumerate() {
            let saved = Self::saved(function, slot, counter);
            self.builder.instruction(Opcode::StoreIndU64, saved);
        }
        self.builder.jump(Opcode::LoadImmJump, &[4 << 4, x[0], x[1], x[2], x[3]], callee);
        self.builder.place(after);
        for (slot, counter) in COUNTERS.into_iter().enumerate() {
            let saved = Self::saved(function, slot, counter);
            self.builder.instruction(Opcode::LoadIndU64, saved);
        }
    }

    fn saved(function: usize, slot: usize, counter: Reg) -> Fields {
        let x = 0x100 + 16 * function as i32 + 8 * slot as i32;
        Fields { a: counter, b: SP, x, ..Fields::default() }
    }

    fn host_call(&mut self) {
        let x = self.source.below(40) as i32 - 4;
        self.builder.instruction(Opcode::Ecalli, Fields { x, ..Fields::default() });
    }
}

fn is_access(opcode: Opcode) -> bool {
    let name = format!("{opcode:?}");
    name.starts_with("Store") || name.starts_with("Load") && !name.starts_with("LoadImm")
}

fn is_indirect(opcode: Opcode) -> bool {
    is_access(opcode) && format!("{opcode:?}").contains("Ind")
}
