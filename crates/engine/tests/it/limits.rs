//! Limits of engines, each with its own.

use jambox_engine::{
    Access, Config, Engine, EngineErrorKind, Exit, Instance, InvalidLimit, Module, PoolLimits,
    Revision,
};
use jambox_isa::{Instruction, InstructionSet};
use jambox_program::{JumpTable, ProgramBlob};

const LENGTH: u64 = 20_000;

/// Adds 1 to `r7` many times, stores it at `[r8]`, and makes a host call.
fn long_program() -> ProgramBlob {
    let set = InstructionSet::of(Revision::GrayPaper080);
    let lines = core::iter::repeat_n("add_imm_64 r7, r7, 1", LENGTH as usize);
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    for line in lines.chain(["store_ind_u64 [r8], r7", "ecalli 0", "trap"]) {
        starts.push(code.len() as u32);
        let instruction: Instruction = line.parse().expect("an instruction");
        code.extend_from_slice(&instruction.encode(set, 0).expect("it has a form"));
    }
    ProgramBlob::from_parts(&code, starts, JumpTable::default()).expect("a program")
}

fn config(pool: PoolLimits) -> Config {
    Config::default().with_revision(Revision::GrayPaper080).with_pool(pool)
}

fn start(engine: &Engine) -> Instance {
    let module = Module::new(engine, long_program()).expect("a module");
    let mut instance = Instance::new(&module).expect("an instance");
    instance.memory_mut().set_access(16, 1, Access::ReadWrite);
    instance.set_gas(1_000_000);
    instance.regs_mut()[8] = 1 << 16;
    instance
}

#[test]
fn two_engines_do_not_take_from_each_other() {
    let least = PoolLimits { memories: 1, spares: 0, runs: 2, code: 1 << 16 };
    let small = Engine::new(config(least)).expect("an engine");
    let large = Engine::new(config(PoolLimits::default())).expect("an engine");
    // Two at a time: what the limits do not allow is done in a slower way.
    let mut instances = [&small, &small, &large, &large].map(start);
    let mut left = Vec::new();
    for instance in &mut instances {
        assert_eq!(instance.run(), Exit::HostCall(0));
        assert_eq!(instance.memory().read_array(1 << 16), Ok(LENGTH.to_le_bytes()));
        left.push(instance.gas());
    }
    assert!(left.iter().all(|gas| *gas == left[0]), "{left:?}");
    let usage = [&small, &large].map(Engine::usage);
    assert!(usage[0].memories <= 1 && usage[0].runs <= 2 && usage[0].code <= 1 << 16, "{usage:?}");
    // Portable memories take no address space.
    if cfg!(all(target_os = "linux", target_pointer_width = "64", not(feature = "portable-memory")))
    {
        assert_eq!((usage[0].memories, usage[1].memories), (1, 2));
    }
    if large.no_native_code().is_none() {
        assert!(usage[0].code == 1 << 16 && usage[1].code > 2 << 16, "{usage:?}");
        assert_eq!((usage[0].runs, usage[1].runs), (2, 4), "a run, and one for the memory");
    }
    drop(instances);
    assert_eq!(small.usage().memories, 0, "it keeps no spare");
    assert_eq!(large.usage().memories, usage[1].memories, "it keeps both");
}

#[test]
fn a_module_has_no_more_code_than_its_engine_allows() {
    let of = |octets| {
        let config = config(PoolLimits::default()).with_module_code(octets);
        let mut instance = start(&Engine::new(config).expect("an engine"));
        assert_eq!(instance.run(), Exit::HostCall(0));
        assert_eq!(instance.regs()[7], LENGTH);
        (instance.module().native_octets(), instance.gas())
    };
    let (none, some, all) = (of(0), of(1 << 16), of(1 << 20));
    assert!(none.1 == some.1 && some.1 == all.1, "{none:?}, {some:?}, {all:?}");
    assert!(none.0 == 0 && some.0 <= 1 << 16, "{none:?}, {some:?}");
    assert!(all.0 == 0 || some.0 > 0 && all.0 > 1 << 16, "{some:?}, {all:?}");
}

#[test]
fn a_limit_that_is_none_is_named() {
    let limits = PoolLimits::default();
    let cases = [
        (PoolLimits { memories: 0, ..limits }, "memories"),
        (PoolLimits { memories: 9000, ..limits }, "memories"),
        (PoolLimits { memories: 10, spares: 11, ..limits }, "spares"),
        (PoolLimits { runs: 0, ..limits }, "runs"),
        (PoolLimits { runs: 1 << 20, ..limits }, "runs"),
        (PoolLimits { code: 4096, ..limits }, "code"),
        (PoolLimits { code: 2 << 30, ..limits }, "code"),
    ];
    for (limits, name) in cases {
        let error = Engine::new(config(limits)).expect_err("refused");
        assert!(error.to_string().contains(&format!("the limit `{name}` is ")), "{error}");
        let EngineErrorKind::Limit(InvalidLimit { setting, value, least, most }) = error.kind()
        else {
            panic!("{error}")
        };
        assert!(*setting == name && (value < least || value > most), "{error}");
    }
}
