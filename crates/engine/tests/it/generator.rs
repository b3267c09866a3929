//! Random programs and machines, for differential tests and fuzzing.

use jambox_engine::{Access, Instance, Module};
use jambox_isa::{Fields, Instruction, InstructionSet, Opcode, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob};

/// Every instruction takes this many octets, so that targets are known before what they lead to.
const SLOT: u32 = 12;

/// Pages that programs like to touch.
pub const PAGES: [u32; 5] = [16, 17, 18, 20, 0xf_ffff];

/// A source of randomness: octets that end in zeros. A clone gives the same again.
#[derive(Clone)]
pub struct Source<'a> {
    octets: &'a [u8],
}

impl<'a> Source<'a> {
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    fn octet(&mut self) -> u8 {
        let Some((&first, rest)) = self.octets.split_first() else { return 0 };
        self.octets = rest;
        first
    }

    fn below(&mut self, limit: usize) -> usize {
        let number = usize::from(self.octet()) | usize::from(self.octet()) << 8;
        number % limit.max(1)
    }

    fn number(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.octet()))
    }

    fn reg(&mut self) -> Reg {
        Reg::clipped(self.octet() % 13)
    }

    /// A number near something that matters.
    fn value(&mut self) -> u64 {
        let page = u64::from(PAGES[self.below(PAGES.len())]) * 4096;
        match self.below(8) {
            0 => self.number(),
            1 => u64::from(self.octet()),
            2 => u64::from(self.octet()).wrapping_neg(),
            3 => 0xffff_0000,
            4 => 1 << (self.octet() % 64),
            5 => 2 * u64::from(self.octet() % 16),
            6 => page + 4090 + u64::from(self.octet() % 12),
            _ => page + 8 * u64::from(self.octet()),
        }
    }
}

/// A program of instructions that are all valid, and mostly jump to where blocks start.
pub fn program(source: &mut Source<'_>, revision: Revision) -> ProgramBlob {
    let set = InstructionSet::of(revision);
    let all: Vec<Opcode> = set.iter().collect();
    let count = 1 + source.below(60);
    let mut opcodes: Vec<Opcode> = (0..count).map(|_| opcode(source, &all)).collect();
    // A revision may demand that programs end with one that ends a block.
    if let Some(last) = opcodes.last_mut().filter(|last| !last.is_terminator()) {
        *last = Opcode::Jump;
    }
    let mut blocks = vec![0];
    let after = |index| (index as u32 + 1) * SLOT;
    blocks.extend((0..count - 1).filter(|&at| opcodes[at].is_terminator()).map(after));
    let mut code = Vec::new();
    let mut starts = Vec::new();
    for opcode in opcodes {
        let pc = code.len() as u32;
        starts.push(pc);
        let fields = fields(source, &blocks, pc);
        let instruction = Instruction::from_fields(opcode, fields);
        let octets = instruction.encode(set, pc).expect("an instruction of the set");
        code.extend_from_slice(&octets);
        // The padding after an instruction extends its last immediate; keep that one's sign.
        let last = octets.last().copied().filter(|_| octets.len() > 2).unwrap_or(0);
        let sign = if last & 0x80 == 0 { 0 } else { 0xff };
        code.resize((pc + SLOT) as usize, sign);
    }
    let table: Vec<u64> = (0..source.below(8))
        .map(|_| u64::from(blocks[source.below(blocks.len())]) + u64::from(source.octet() == 77))
        .collect();
    ProgramBlob::from_parts(&code, starts, JumpTable::new(&table)).expect("a short program")
}

fn opcode(source: &mut Source<'_>, all: &[Opcode]) -> Opcode {
    const FREQUENT: [Opcode; 14] = [
        Opcode::LoadIndU64,
        Opcode::StoreIndU64,
        Opcode::AddImm64,
        Opcode::MoveReg,
        Opcode::LoadImm,
        Opcode::Add64,
        Opcode::LoadIndU8,
        Opcode::StoreIndU8,
        Opcode::BranchNeImm,
        Opcode::BranchLtU,
        Opcode::BranchEqImm,
        Opcode::Jump,
        Opcode::JumpInd,
        Opcode::ShloLImm64,
    ];
    match source.below(3) {
        0 => all[source.below(all.len())],
        _ => FREQUENT[source.below(FREQUENT.len())],
    }
}

fn fields(source: &mut Source<'_>, blocks: &[u32], pc: u32) -> Fields {
    let target = match source.below(12) {
        0 => pc.wrapping_add(source.number() as u32 % 64).wrapping_sub(32),
        _ => blocks[source.below(blocks.len())],
    };
    Fields {
        a: source.reg(),
        b: source.reg(),
        d: source.reg(),
        x: source.value() as i32,
        y: source.value() as i32,
        wide: source.value(),
        target,
    }
}

/// A machine at some position, with some registers, gas and pages.
pub fn instances<const N: usize>(source: &mut Source<'_>, modules: &[Module; N]) -> [Instance; N] {
    let regs: [u64; 13] = core::array::from_fn(|_| source.value());
    let gas = source.below(600) as u64;
    let slot = source.below(61) as u64;
    let pc = if source.octet() < 200 {
        0
    } else {
        slot * u64::from(SLOT) + u64::from(gas.is_multiple_of(9))
    };
    let accesses = PAGES.map(|_| [Access::ReadWrite, Access::ReadOnly][source.below(5) / 4]);
    modules.each_ref().map(|module| {
        let mut instance = Instance::new(module).expect("an instance");
        *instance.regs_mut() = regs;
        instance.set_gas(gas);
        instance.set_pc(pc);
        for (page, access) in PAGES.into_iter().zip(accesses) {
            instance.memory_mut().set_access(page, 1, access);
            instance.memory_mut().poke_raw(u64::from(page) * 4096 + 2000, &[page as u8; 200]);
        }
        instance
    })
}
