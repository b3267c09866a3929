//! What single things cost: a host call, a fault, an instance, an inner machine.

use std::time::{Duration, Instant};

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_program::{JumpTable, ProgramBlob};

/// Stores a counter at `[r8]` until it reaches `r9`, then makes host calls for ever.
fn program() -> ProgramBlob {
    let code = [
        1, // fallthrough
        149, 0x77, 1, // add_imm_64 r7, r7, 1
        123, 0x87, // store_ind_u64 [r8], r7
        172, 0x97, 0xfb, // branch_lt_u r7, r9, 1
        10, 3, // ecalli 3
        40, 0xfe, // jump 9
    ];
    ProgramBlob::from_parts(&code, [0, 1, 4, 6, 9, 11], JumpTable::default()).expect("short")
}

/// What single things cost on a backend.
pub struct Costs {
    /// From a host call to the next.
    pub host_call: Duration,
    /// From setting the position to the page fault.
    pub fault: Duration,
    /// Making an instance with 16 pages, running it to its first host call, and dropping it, with
    /// the module there.
    pub instance: Duration,
    /// Making a module and an instance, writing 64 KiB into it, running 1,000 instructions, and
    /// dropping both: what an inner machine costs.
    pub inner_machine: Duration,
}

const PAGE: u32 = 16;
const ADDRESS: u64 = 1 << 16;

/// Measures, taking the least of many times.
pub fn measure(backend: Backend) -> Result<Costs, String> {
    let config = Config { backend, ..Config::default() };
    let engine = Engine::new(config).map_err(|error| error.to_string())?;
    let program = program();
    let module = || Module::new(&engine, program.clone()).expect("a module");
    let data = vec![7; 1 << 16];
    let make = |module: &Module| {
        let mut instance = Instance::new(module).expect("an instance");
        instance.memory_mut().set_access(PAGE, 16, Access::ReadWrite);
        instance.regs_mut()[8] = ADDRESS;
        instance.set_gas(u64::MAX);
        instance
    };
    let inner_machine = least(2000, || {
        let mut instance = make(&module());
        instance.memory_mut().write(ADDRESS, &data).expect("writable");
        instance.regs_mut()[9] = 333;
        assert_eq!(instance.run(), Exit::HostCall(3));
    });
    let shared = module();
    let create = least(2000, || {
        let mut instance = make(&shared);
        instance.set_pc(9);
        assert_eq!(instance.run(), Exit::HostCall(3));
    });
    let mut instance = make(&shared);
    instance.set_pc(9);
    assert_eq!(instance.run(), Exit::HostCall(3));
    let host_call = least(50, || {
        for _ in 0..1000 {
            instance.skip_host_call();
            instance.run();
        }
    });
    instance.regs_mut()[8] = ADDRESS + (1 << 20);
    let fault = least(50, || {
        for _ in 0..1000 {
            instance.set_pc(0);
            instance.run();
        }
    });
    Ok(Costs { host_call: host_call / 1000, fault: fault / 1000, instance: create, inner_machine })
}

fn least(rounds: u32, mut what: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        what();
        start.elapsed()
    };
    (0..rounds).map(time).min().unwrap_or_default()
}
