//! The program that tests measure: two functions, of which `main` calls `double` three times.

use jambox_asm::{Dialect, Place};
use jambox_engine::{Backend, Config, Engine, Instance, Module, Revision};
use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

/// The code. By its symbols, `add` is inlined into both functions.
pub const TEXT: &str = "
.program bare
.jump_table back
.code
main:
    load_imm s0, 3
    fallthrough
again:
    load_imm_jump ra, table(back), double
back:
    add_imm_64 s1, s1, 1
    add_imm_64 s0, s0, -1
    branch_ne_imm s0, 0, again
after:
    ecalli 7
    load_imm t0, -0x10000
    jump_ind t0
double:
    load_imm t1, 2
add:
    add_64 s1, s1, t1
    add_64 s1, s1, t1
returns:
    jump_ind ra
";

/// A program with its symbols.
pub struct Program {
    pub blob: ProgramBlob,
    pub symbols: Symbols,
}

/// The program, with symbols as a build would leave them.
pub fn program(revision: Revision) -> Program {
    let set = InstructionSet::of(revision);
    let assembly =
        jambox_asm::assemble(TEXT, &Dialect { set, host_calls: &[] }).expect("a program");
    let label = |name: &str| match assembly.labels.iter().find(|(label, _)| *label == name) {
        Some((_, Place::Code(pc))) => *pc,
        other => panic!("{name}: {other:?}"),
    };
    let blob = assembly.container.program().clone();
    let frame =
        |function: &str, line| Frame { function: function.into(), file: "src/lib.rs".into(), line };
    let range =
        |start: &str, end: u32, frames: Vec<Frame>| Range { start: label(start), end, frames };
    let ranges = vec![
        range("main", label("again"), vec![frame("main", 1)]),
        range("again", label("back"), vec![frame("main", 2)]),
        range("back", label("after"), vec![frame("add", 20), frame("main", 3)]),
        range("after", label("double"), vec![frame("main", 4)]),
        range("double", label("add"), vec![frame("double", 10)]),
        range("add", label("returns"), vec![frame("add", 20), frame("double", 11)]),
        range("returns", blob.code_len(), vec![frame("double", 12)]),
    ];
    let symbols = Symbols::new(Hash([1; 32]), ranges).expect("ranges");
    Program { blob, symbols }
}

/// A machine at the start of the program.
pub fn instance(program: &Program, revision: Revision) -> Instance {
    let engine =
        Engine::new(Config { revision, backend: Backend::Interpreter, ..Config::default() })
            .expect("an engine");
    let module = Module::new(&engine, program.blob.clone()).expect("a valid program");
    let mut instance = Instance::new(&module).expect("an instance");
    instance.set_gas(100_000);
    instance
}
