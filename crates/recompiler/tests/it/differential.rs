//! Scenarios on every backend, step for step the same.

use std::time::{Duration, Instant};

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};

use crate::scenario::{self, PAGES, PAGES_EACH, Program, Source};

/// How often a scenario goes on after its program came back.
const ROUNDS: usize = 12;

const BACKENDS: [Backend; 4] = [
    Backend::Recompiler,
    Backend::Auto { threshold: 0 },
    Backend::Auto { threshold: 1 },
    Backend::Auto { threshold: 37 },
];

fn engine(backend: Backend) -> Option<Engine> {
    Engine::new(Config { backend, ..Config::default() }).ok()
}

fn instances(program: &Program) -> Option<Vec<(Backend, Instance)>> {
    let backends = [Backend::Stepper, Backend::Interpreter].into_iter().chain(BACKENDS);
    backends
        .map(|backend| {
            let module = Module::new(&engine(backend)?, program.blob.clone()).ok()?;
            Some((backend, Instance::new(&module).ok()?))
        })
        .collect()
}

/// Does to every instance what the source says.
fn prepare(source: &mut Source<'_>, program: &Program, instances: &mut [(Backend, Instance)]) {
    for page in PAGES.into_iter().flat_map(|page| page..page + PAGES_EACH) {
        let access = source.pick(&[
            Access::Inaccessible,
            Access::ReadOnly,
            Access::ReadWrite,
            Access::ReadWrite,
        ]);
        let octets: Vec<u8> = (0..64).flat_map(|_| source.u64().to_le_bytes()).collect();
        for (_, instance) in &mut *instances {
            instance.memory_mut().set_access(page, 1, access);
            instance.memory_mut().poke_raw(u64::from(page) << 12, &octets);
            instance.memory_mut().poke_raw((u64::from(page) << 12) + 4096 - 512, &octets);
        }
    }
    let regs: [u64; 13] = core::array::from_fn(|_| scenario::value(source));
    let pc = match source.below(20) {
        0 => source.u64() >> source.below(64),
        1 => source.below(program.blob.code().len() + 1) as u64,
        2..8 => source.pick(&program.blocks).into(),
        _ => 0,
    };
    let gas = gas(source);
    let heap = 0x2_0000 + source.below(0x1800) as u64;
    for (_, instance) in instances {
        *instance.regs_mut() = regs;
        instance.set_pc(pc);
        instance.set_gas(gas);
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

/// What a host may do between runs; false if it gives up.
fn serve(source: &mut Source<'_>, exit: Exit, instances: &mut [(Backend, Instance)]) -> bool {
    let (reg, value) = (source.below(13), scenario::value(source));
    let (page, access) = (
        source.pick(&PAGES) + source.below(PAGES_EACH as usize) as u32,
        source.pick(&[Access::Inaccessible, Access::ReadOnly, Access::ReadWrite]),
    );
    let (octets, more) = (source.u64().to_le_bytes(), gas(source));
    let deed = source.below(8);
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
            _ => {}
        }
    }
    true
}

/// What a guest can see of an instance, and its pages' accesses.
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
    (instance.pc(), instance.gas(), *instance.regs(), memory.heap_end(), accesses, hash)
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

/// Runs a scenario on every backend; returns how many exits were compared.
pub fn check(given: &[u8], seed: u64) -> usize {
    let mut source = Source::new(given, seed);
    let program = scenario::program(&mut source);
    let Some(mut instances) = instances(&program) else { return 0 };
    prepare(&mut source, &program, &mut instances);
    let mut exits = 0;
    for round in 0..ROUNDS {
        let mut first = None;
        for (backend, instance) in &mut instances {
            let exit = instance.run();
            let found = (exit, state(instance));
            let expected = first.get_or_insert_with(|| (exit, state(instance)));
            assert_eq!(found, *expected, "seed {seed:#x}, round {round}, {backend:?}");
        }
        exits += 1;
        let Some((exit, _)) = first else { break };
        if !serve(&mut source, exit, &mut instances) {
            break;
        }
    }
    let mut contents = instances.iter().map(|(_, instance)| contents(instance));
    let first = contents.next();
    assert!(contents.all(|hash| Some(hash) == first), "seed {seed:#x}: memory differs");
    exits
}

/// `JAMBOX_FUZZ_SECONDS` makes it run longer, `JAMBOX_FUZZ_SEED` start elsewhere.
#[test]
fn backends_agree() {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    let time = Duration::from_secs(number("JAMBOX_FUZZ_SECONDS").unwrap_or(2));
    let first: u64 = number("JAMBOX_FUZZ_SEED").unwrap_or(0);
    let start = Instant::now();
    let (mut seed, mut exits) = (first, 0);
    while start.elapsed() < time {
        exits += check(&[], seed);
        seed += 1;
    }
    println!("{} programs, {exits} exits compared", seed - first);
}
