//! Instructions, each repeated in a loop, on every backend that users may choose.

use std::time::Instant;

use jambox_asm::{Dialect, assemble};
use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::{InstructionSet, Opcode, Reg};
use jambox_program::{ProgramBlob, ProgramKind};
use jambox_types::Revision;

use crate::table::Row;

/// Number of copies of an instruction in the loop.
const TIMES: usize = 64;

/// Gas of a run, and number of timings.
const GAS: u64 = 400_000;
const ROUNDS: usize = 4;

/// Address of the memory.
const DATA: u64 = 0x2_0000;

/// Measures the instructions of a revision.
pub fn measure(revision: Revision) -> Vec<Row> {
    let mut rows = Vec::new();
    for backend in [Backend::Interpreter, Backend::Recompiler] {
        let Ok(engine) = Engine::new(Config { revision, backend, ..Config::default() }) else {
            continue;
        };
        for opcode in InstructionSet::of(revision).iter() {
            rows.extend(row(&engine, backend, revision, opcode));
        }
    }
    rows
}

fn row(engine: &Engine, backend: Backend, revision: Revision, opcode: Opcode) -> Option<Row> {
    let module = Module::new(engine, circle(revision, opcode)?).expect("a valid program");
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let mut instance = Instance::new(&module).expect("an instance");
        instance.memory_mut().set_access((DATA / 4096) as u32, 4, Access::ReadWrite);
        instance.memory_mut().set_heap(DATA + 4 * 4096, 0xf000_0000);
        // The first round compiles; the second runs like all that follow.
        for _ in 0..2 {
            set_registers(&mut instance, opcode);
            instance.set_pc(0);
            instance.set_gas(GAS);
            let start = Instant::now();
            let exit = instance.run();
            let time = start.elapsed().as_secs_f64() * 1e9;
            assert_eq!(exit, Exit::OutOfGas, "{}", opcode.mnemonic());
            least = least.min(time);
        }
    }
    let what = format!("{} on {backend:?}", opcode.mnemonic());
    Some(Row { revision, what, nanoseconds: least, gas: GAS })
}

/// Addresses for instructions that access memory, and numbers that take long to divide for the
/// others.
fn set_registers(instance: &mut Instance, opcode: Opcode) {
    let is_memory = opcode.syntax().contains('[');
    let (a, b) = match opcode {
        Opcode::Sbrk => (4096, 0),
        _ if is_memory => (DATA, DATA),
        _ => (0x8123_4567_89ab_cdef, 3),
    };
    instance.set_reg(Reg::R2, a);
    instance.set_reg(Reg::R7, b);
}

/// A loop of one instruction; `None` if it cannot be in a loop.
fn circle(revision: Revision, opcode: Opcode) -> Option<ProgramBlob> {
    let mut text = String::from(".program bare\n.code\n");
    let mut line = |line: &str| text.extend([line, "\n"]);
    line("again:");
    for index in 0..TIMES {
        let next = format!("next_{index}");
        let operands: String = match opcode {
            Opcode::Trap | Opcode::Ecalli => return None,
            Opcode::JumpInd => {
                line(&format!("load_imm t0, table({next})"));
                "t0".to_string()
            }
            Opcode::LoadImmJumpInd => {
                line(&format!("load_imm a0, table({next})"));
                "t0, 7, a0".to_string()
            }
            _ => opcode.syntax().chars().map(|operand| operand_text(operand, &next)).collect(),
        };
        line(&format!("{} {operands}", opcode.mnemonic()));
        // Only instructions that end a block get a label after them, so that all other blocks are
        // long.
        if opcode.is_terminator() {
            line(&format!("{next}:"));
        }
    }
    line("jump again");
    let dialect = Dialect { set: InstructionSet::of(revision), host_calls: &[] };
    let assembly = assemble(&text, &dialect).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    match assembly.container.kind {
        ProgramKind::Bare(program) => Some(program),
        _ => None,
    }
}

fn operand_text(operand: char, next: &str) -> String {
    match operand {
        'a' => "t0".to_string(),
        'b' => "a0".to_string(),
        'd' => "t1".to_string(),
        'x' => "0".to_string(),
        'y' | 'w' => "1".to_string(),
        'm' => DATA.to_string(),
        't' => next.to_string(),
        other => other.to_string(),
    }
}
