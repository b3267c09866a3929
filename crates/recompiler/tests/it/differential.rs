//! Scenarios on every backend, step for step the same.

use std::sync::LazyLock;

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::Revision;

use crate::scenario::{self, PAGES, PAGES_EACH, Program, Source};
use crate::structured;

/// Number of times that a scenario goes on after its program came back.
const ROUNDS: usize = 16;

const BACKENDS: [Backend; 7] = [
    Backend::Recompiler,
    Backend::Traces { threshold: 0 },
    Backend::Traces { threshold: 100 },
    Backend::Traces { threshold: 1000 },
    Backend::Auto { threshold: 0 },
    Backend::Auto { threshold: 1 },
    Backend::Auto { threshold: 37 },
];

/// An engine of each backend, if there is one here.
type Engines = Vec<(Backend, Option<Engine>)>;

/// The engines of each revision, kept: so that instances get memory that others had before.
static ENGINES: LazyLock<Vec<(Revision, Engines)>> = LazyLock::new(|| {
    let backends = || [Backend::Stepper, Backend::Interpreter].into_iter().chain(BACKENDS);
    let engines = |revision| {
        let engine = |backend| {
            let config = Config { revision, backend, ..Config::default() };
            (backend, Engine::new(config).ok())
        };
        (revision, backends().map(engine).collect())
    };
    Revision::ALL.into_iter().map(engines).collect()
});

/// None where there is no native code, and of a program that the revision does not run.
fn instances(program: &Program, revision: Revision) -> Option<Vec<(Backend, Instance)>> {
    let (_, engines) = ENGINES.iter().find(|(of, _)| *of == revision)?;
    let instance = |(backend, engine): &(Backend, Option<Engine>)| {
        let module = Module::new(engine.as_ref()?, program.blob.clone()).ok()?;
        Some((*backend, Instance::new(&module).ok()?))
    };
    engines.iter().map(instance).collect()
}

/// Does to every instance what the source says.
fn prepare(
    source: &mut Source<'_>,
    (program, is_structured): (&Program, bool),
    instances: &mut [(Backend, Instance)],
) {
    for page in PAGES.into_iter().flat_map(|page| page..page + PAGES_EACH) {
        let access = match source.below(4) {
            _ if is_structured && !source.chance(3) => Access::ReadWrite,
            0 => Access::Inaccessible,
            1 => Access::ReadOnly,
            _ => Access::ReadWrite,
        };
        let octets: Vec<u8> = (0..64).flat_map(|_| source.u64().to_le_bytes()).collect();
        for (_, instance) in &mut *instances {
            instance.memory_mut().set_access(page, 1, access);
            instance.memory_mut().poke_raw(u64::from(page) << 12, &octets);
            instance.memory_mut().poke_raw((u64::from(page) << 12) + 4096 - 512, &octets);
        }
    }
    let regs: [u64; 13] = core::array::from_fn(|_| scenario::value(source));
    let pc = match source.below(20) {
        _ if is_structured && !source.chance(5) => 0,
        0 => source.u64() >> source.below(64),
        1 => source.below(program.blob.code().len() + 1) as u64,
        2..8 => source.pick(&program.blocks).into(),
        _ => 0,
    };
    let gas = if is_structured { source.below(10_000) as u64 } else { gas(source) };
    let is_charged = source.chance(5);
    let heap = 0x2_0000 + source.below(0x1800) as u64;
    for (_, instance) in instances {
        *instance.regs_mut() = regs;
        instance.set_pc(pc);
        instance.set_gas(gas);
        instance.set_charged(is_charged);
        instance.memory_mut().set_heap(heap, 0x2_4000);
    }
}

fn gas(source: &mut Source<'_>) -> u64 {
    match source.below(10) {
        0 => source.below(4000) as u64,
        1 => source.below(8) as u64,
        _ => source.below(600) as u64,
    }
}

/// Actions that a host may take between runs; false if it gives up.
fn serve(
    source: &mut Source<'_>,
    (program, is_structured): (&Program, bool),
    exit: Exit,
    instances: &mut [(Backend, Instance)],
) -> bool {
    let (reg, value) = (source.below(13), scenario::value(source));
    let (page, access) = (
        source.pick(&PAGES) + source.below(PAGES_EACH as usize) as u32,
        source.pick(&[Access::Inaccessible, Access::ReadOnly, Access::ReadWrite]),
    );
    let (octets, more) = (source.u64().to_le_bytes(), gas(source));
    let more = if is_structured { 2 * more } else { more };
    let (block, is_charged) = (source.pick(&program.blocks), source.chance(50));
    let deed = source.below(if is_structured { 50 } else { 10 });
    for (_, instance) in instances {
        match exit {
            Exit::HostCall(_) => instance.skip_host_call(),
            Exit::PageFault(address) => {
                instance.memory_mut().set_access(address >> 12, 1, Access::ReadWrite);
            }
            Exit::OutOfGas => instance.set_gas(more),
            Exit::Halt | Exit::Panic => return false,
        }
        match deed {
            0 => instance.regs_mut()[reg] = value,
            1 => instance.memory_mut().set_access(page, 1, access),
            2 => instance.memory_mut().zero(page, 1),
            3 => instance.memory_mut().poke_raw((u64::from(page) << 12) + 4092, &octets),
            4 => instance.set_gas(more),
            5 => instance.set_charged(is_charged),
            6 => instance.set_pc(block.into()),
            _ => {}
        }
    }
    true
}

/// State of an instance that a guest can see, and its pages' accesses.
fn state(instance: &Instance) -> impl PartialEq + std::fmt::Debug + use<> {
    let memory = instance.memory();
    let pages = PAGES.into_iter().flat_map(|page| page..page + PAGES_EACH + 3);
    let mut octets = [0; 4096];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut accesses = Vec::new();
    for page in pages {
        accesses.push(memory.access(page));
        if memory.read_into(u64::from(page) << 12, &mut octets).is_ok() {
            hash = hashed(hash, &octets);
        }
    }
    let paid = (instance.gas(), instance.is_charged());
    (instance.pc(), paid, *instance.regs(), memory.heap_end(), accesses, hash)
}

/// All that the pages hold, accessible or not.
fn contents(instance: &Instance) -> u64 {
    let mut octets = vec![0; 4096 * (PAGES_EACH as usize + 3)];
    PAGES.into_iter().fold(0, |hash, page| {
        instance.memory().peek(u64::from(page) << 12, &mut octets);
        hashed(hash, &octets)
    })
}

fn hashed(hash: u64, octets: &[u8]) -> u64 {
    octets.chunks_exact(8).fold(hash, |hash, word| {
        let word = u64::from_le_bytes(word.try_into().expect("eight octets"));
        (hash ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(29)
    })
}

/// Amount of work that was compared.
#[derive(Clone, Copy, Default)]
pub struct Compared {
    /// Number of runs that ended.
    pub exits: usize,
    /// Gas used, by each backend.
    pub gas: u64,
}

/// Runs a scenario on every backend.
pub fn check(given: &[u8], seed: u64) -> Compared {
    let mut source = Source::new(given, seed);
    let revision = source.pick(&Revision::ALL);
    let is_structured = source.chance(70);
    let draw = if is_structured { structured::program } else { scenario::program };
    let program = draw(&mut source, revision);
    let mut compared = Compared::default();
    let Some(mut instances) = instances(&program, revision) else { return compared };
    prepare(&mut source, (&program, is_structured), &mut instances);
    for round in 0..ROUNDS {
        let mut first = None;
        let before = instances.first().map_or(0, |(_, instance)| instance.gas());
        for (backend, instance) in &mut instances {
            let exit = instance.run();
            let found = (exit, state(instance));
            let expected = first.get_or_insert_with(|| (exit, state(instance)));
            assert_eq!(found, *expected, "seed {seed:#x}, {revision}, round {round}, {backend:?}");
        }
        let after = instances.first().map_or(0, |(_, instance)| instance.gas());
        compared.exits += 1;
        compared.gas += before - after;
        let Some((exit, _)) = first else { break };
        if !serve(&mut source, (&program, is_structured), exit, &mut instances) {
            break;
        }
    }
    let mut contents = instances.iter().map(|(_, instance)| contents(instance));
    let first = contents.next();
    assert!(contents.all(|hash| Some(hash) == first), "seed {seed:#x}: memory differs");
    compared
}

/// `JAMBOX_FUZZ_SECONDS` makes it run longer, `JAMBOX_FUZZ_SEED` start elsewhere.
#[test]
fn backends_agree() {
    use std::time::{Duration, Instant};

    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    let time = Duration::from_secs(number("JAMBOX_FUZZ_SECONDS").unwrap_or(2));
    let first: u64 = number("JAMBOX_FUZZ_SEED").unwrap_or(100);
    let start = Instant::now();
    let (mut seed, mut all) = (first, Compared::default());
    while start.elapsed() < time {
        let Compared { exits, gas } = check(&[], seed);
        all.exits += exits;
        all.gas += gas;
        seed += 1;
    }
    let Compared { exits, gas } = all;
    println!("{} programs, {gas} gas used, {exits} exits compared", seed - first);
}

/// Programs that die at once would find nothing.
#[test]
fn most_programs_run_long() {
    let mut counts: Vec<u64> = (0..100).map(|seed| check(&[], seed).gas).collect();
    counts.sort_unstable();
    let shares = [counts[10], counts[30], counts[50], counts[70], counts[90]];
    println!("gas used, deciles 1, 3, 5, 7, 9: {shares:?}");
    assert!(shares[2] >= 300 && shares[3] >= 3000, "{shares:?}");
}
