//! Many instances of one program over threads. They share the module, and with it the code that
//! any thread had decoded or compiled.
//!
//! `cargo run --release --package jambox-engine --example threads`

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use jambox_engine::{Engine, Exit, Instance, Module, ProgramBlob};

/// Instances to run.
const INSTANCES: u64 = 10_000;

/// Counts r7 down to zero, adding to r8 on the way:
///
/// ```text
/// again: add_64 r8, r8, r7
///        add_imm_64 r7, r7, -1
///        branch_ne_imm r7, 0, again
///        ecalli 0
///        trap
/// ```
const SUM: &[u8] = &[
    0,
    0,
    13, // no jump table; 13 octets of code
    200,
    0x87,
    8,
    149,
    0x77,
    0xff,
    82,
    0x07,
    0xfa,
    10,
    0,
    0,
    0, // code
    0b0100_1001,
    0b0000_1010, // which octets start an instruction
];

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let module = Module::new(&Engine::new(Default::default())?, ProgramBlob::parse(SUM)?)?;
    let (next, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let count @ 0..INSTANCES = next.fetch_add(1, Ordering::Relaxed) {
                    let mut instance = Instance::new(&module).expect("an instance");
                    instance.set_gas(1 << 32);
                    instance.regs_mut()[7] = count + 1;
                    assert_eq!(instance.run(), Exit::HostCall(0));
                    total.fetch_add(instance.regs()[8], Ordering::Relaxed);
                }
            });
        }
    });
    println!("{INSTANCES} instances on {threads} threads: {}", total.into_inner());
    Ok(())
}
