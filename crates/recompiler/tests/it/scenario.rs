//! Random programs with something to do, and what their host does in between.
//!
//! Everything is drawn from a [`Source`], which starts with given octets (a fuzzer's) and goes on
//! with pseudo-random ones, so that a seed is enough to get a scenario again.

use jambox_isa::{Fields, Format, Instruction, InstructionSet, Opcode, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob};

/// A source of choices.
pub struct Source<'a> {
    given: &'a [u8],
    state: u64,
}

impl<'a> Source<'a> {
    pub fn new(given: &'a [u8], seed: u64) -> Self {
        Self { given, state: seed }
    }

    pub fn u64(&mut self) -> u64 {
        if let Some((octets, rest)) = self.given.split_first_chunk() {
            self.given = rest;
            return u64::from_le_bytes(*octets);
        }
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.u64() >> 8) as usize % limit.max(1)
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn reg(&mut self) -> Reg {
        Reg::clipped(self.below(13) as u8)
    }
}

/// The pages that scenarios play on, each the first of a few; the rest is never accessible.
pub const PAGES: [u32; 5] = [16, 17, 0x20, 0x8_0000, 0xf_fffe];

/// The pages from each of [`PAGES`] on that may be accessible.
pub const PAGES_EACH: u32 = 2;

/// An address that is likely to matter: on a page of the scenario, near an edge of it, or where
/// arithmetic on addresses goes wrong.
pub fn address(source: &mut Source<'_>) -> u64 {
    let page = u64::from(source.pick(&PAGES)) << 12;
    let edge = page + [0, 0x1000, 0x2000, 0x3000][source.below(4)];
    match source.below(10) {
        0 => source.u64(),
        1 => edge.wrapping_add(source.u64() << 32),
        2 => source.below(0x1_0010) as u64,
        3 | 4 => edge.wrapping_add(source.below(17) as u64).wrapping_sub(8),
        _ => page + source.below(0x2000) as u64,
    }
}

/// A value that is likely to matter.
pub fn value(source: &mut Source<'_>) -> u64 {
    const EDGES: [u64; 16] = [
        0,
        1,
        2,
        31,
        32,
        63,
        64,
        u64::MAX,
        u64::MAX - 1,
        1 << 63,
        (1 << 63) - 1,
        1 << 31,
        (1 << 31) - 1,
        0xffff_ffff,
        0xffff_ffff_8000_0000,
        0xffff_0000,
    ];
    match source.below(4) {
        0 => source.u64(),
        1 => source.pick(&EDGES),
        _ => address(source),
    }
}

pub fn immediate(source: &mut Source<'_>) -> i32 {
    match source.below(4) {
        0 => source.u64() as i32,
        1 => source.pick(&[0, 1, -1, 31, 32, 63, 64, -64, i32::MAX, i32::MIN, 127, 128, -129]),
        2 => address(source) as i32,
        _ => source.below(64) as i32 - 32,
    }
}

/// A program with its blocks where jumps are likely to lead.
pub struct Program {
    pub blob: ProgramBlob,
    pub blocks: Vec<u32>,
}

/// A program under construction.
pub struct Builder {
    pub set: InstructionSet,
    code: Vec<u8>,
    pub starts: Vec<u32>,
    /// Distances of four octets: their place, the instruction they count from, and the target.
    jumps: Vec<(usize, u32, usize)>,
    pub blocks: Vec<u32>,
}

impl Builder {
    pub fn new(revision: Revision) -> Self {
        let set = InstructionSet::of(revision);
        let (code, starts, jumps, blocks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { set, code, starts, jumps, blocks }
    }

    /// A block to jump to, which is put somewhere later.
    pub fn reserve(&mut self) -> usize {
        self.blocks.push(0);
        self.blocks.len() - 1
    }

    /// Puts a block here.
    pub fn place(&mut self, block: usize) {
        self.blocks[block] = self.pc();
    }

    fn pc(&self) -> u32 {
        self.code.len() as u32
    }

    pub fn instruction(&mut self, opcode: Opcode, fields: Fields) {
        let instruction = Instruction::from_fields(opcode, fields);
        let octets = instruction.encode(self.set, self.pc()).expect("of the set");
        self.starts.push(self.pc());
        self.code.extend_from_slice(&octets);
    }

    /// An instruction that ends with a distance of four octets, to a block.
    pub fn jump(&mut self, opcode: Opcode, middle: &[u8], block: usize) {
        self.starts.push(self.pc());
        let pc = self.pc();
        self.code.push(opcode.octet(self.set.revision()).expect("of the set"));
        self.code.extend_from_slice(middle);
        self.jumps.push((self.code.len(), pc, block));
        self.code.extend([0; 4]);
    }

    /// The program, so many percent of its jumps leading anywhere.
    pub fn finish(mut self, source: &mut Source<'_>, wrong: usize, entries: &[u64]) -> Program {
        for &(at, pc, block) in &self.jumps {
            let target = match self.blocks.get(block) {
                Some(target) if !source.chance(wrong) => *target,
                _ => source.below(self.code.len() + 4) as u32,
            };
            let distance = target.wrapping_sub(pc);
            self.code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        let table = JumpTable::new(entries);
        let blob = ProgramBlob::from_parts(&self.code, self.starts, table).expect("short");
        Program { blob, blocks: self.blocks }
    }
}

/// Draws a program. It may not be valid as a whole.
pub fn program(source: &mut Source<'_>, revision: Revision) -> Program {
    let count = 1 + source.below(12);
    let entries = source.below(6);
    let mut builder = Builder::new(revision);
    for _ in 0..count {
        builder.blocks.push(builder.pc());
        let longest = if source.chance(3) { 300 } else { 12 };
        for _ in 0..source.below(longest) {
            plain(source, &mut builder);
        }
        terminator(source, &mut builder, count, entries);
    }
    if source.chance(10) {
        // Octets that may be no instruction, and instructions longer or shorter than they look.
        for _ in 0..1 + source.below(4) {
            let at = source.below(builder.code.len());
            match source.below(3) {
                0 => builder.code[at] = source.u64() as u8,
                1 => builder.starts.push(at as u32),
                _ => builder.starts.retain(|&start| start != at as u32),
            }
        }
    }
    let entries: Vec<u64> = (0..entries)
        .map(|_| match source.below(10) {
            0 => source.below(builder.code.len() + 2) as u64,
            1 => source.u64(),
            _ => source.pick(&builder.blocks).into(),
        })
        .collect();
    builder.finish(source, 3, &entries)
}

fn plain(source: &mut Source<'_>, builder: &mut Builder) {
    let fields = Fields {
        a: source.reg(),
        b: source.reg(),
        d: source.reg(),
        x: immediate(source),
        y: immediate(source),
        wide: value(source),
        target: 0,
    };
    let is_wanted =
        |opcode: Opcode| opcode.octet(builder.set.revision()).is_some() && !opcode.is_terminator();
    let opcode = match source.below(20) {
        0 => Opcode::Ecalli,
        1 | 2 => Opcode::LoadImm64,
        3..=9 => source.pick(&[
            Opcode::LoadIndU8,
            Opcode::LoadIndI8,
            Opcode::LoadIndU16,
            Opcode::LoadIndI16,
            Opcode::LoadIndU32,
            Opcode::LoadIndI32,
            Opcode::LoadIndU64,
            Opcode::StoreIndU8,
            Opcode::StoreIndU16,
            Opcode::StoreIndU32,
            Opcode::StoreIndU64,
            Opcode::StoreImmIndU64,
            Opcode::StoreImmIndU8,
        ]),
        _ => {
            let opcode = source.pick(&Opcode::ALL);
            if is_wanted(opcode) { opcode } else { Opcode::Add64 }
        }
    };
    if opcode == Opcode::Ecalli {
        builder.instruction(opcode, Fields { x: source.below(40) as i32 - 4, ..fields });
    } else if opcode == Opcode::Sbrk && !source.chance(20) {
        builder.instruction(Opcode::LoadImm, Fields { x: source.below(0x2800) as i32, ..fields });
        builder.instruction(opcode, Fields { a: fields.a, ..fields });
    } else {
        builder.instruction(opcode, fields);
    }
}

fn terminator(source: &mut Source<'_>, builder: &mut Builder, blocks: usize, entries: usize) {
    let block = source.below(blocks);
    let (a, b) = (source.reg(), source.reg());
    let pair = a as u8 | (b as u8) << 4;
    let fields = Fields { a, b, x: immediate(source), y: 0, ..Fields::default() };
    // Usually one of the table's addresses.
    let address = match source.below(12) {
        0 => 0xffff_0000_u32 as i32,
        1 => immediate(source),
        _ => 2 * (1 + source.below(entries)) as i32,
    };
    match source.below(12) {
        0 => builder.instruction(Opcode::Fallthrough, fields),
        1 if source.chance(50) => builder.instruction(Opcode::Trap, fields),
        1 | 2 => builder.jump(Opcode::Jump, &[], block),
        3 => {
            builder.instruction(Opcode::LoadImm, Fields { a, x: address, ..fields });
            builder.instruction(Opcode::JumpInd, Fields { x: 0, ..fields });
        }
        4 => {
            builder.instruction(
                Opcode::LoadImm,
                Fields { a: b, x: address.wrapping_sub(2), ..fields },
            );
            builder.instruction(Opcode::LoadImmJumpInd, Fields { y: 2, ..fields });
        }
        5 => {
            let x = immediate(source).to_le_bytes();
            let middle = [a as u8 | 4 << 4, x[0], x[1], x[2], x[3]];
            builder.jump(Opcode::LoadImmJump, &middle, block);
        }
        6..=8 => {
            let opcode = branch(source, Format::RegRegOffset);
            builder.jump(opcode, &[pair], block);
        }
        _ => {
            let opcode = branch(source, Format::RegImmOffset);
            let x = immediate(source).to_le_bytes();
            builder.jump(opcode, &[a as u8 | 4 << 4, x[0], x[1], x[2], x[3]], block);
        }
    }
}

pub fn branch(source: &mut Source<'_>, format: Format) -> Opcode {
    let is_branch = |opcode: &Opcode| opcode.is_terminator() && opcode.format() == format;
    let branches: Vec<Opcode> = Opcode::ALL.into_iter().filter(is_branch).collect();
    source.pick(&branches)
}
