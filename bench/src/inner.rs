//! Costs of an inner machine: a program that a service runs in a machine of its own.

use std::time::Duration;

use jambox_engine::{Access, Config, Engine, Exit, Instance, Module};

use crate::clock::Clock;
use crate::single;

/// The first page of data, and how many there are.
const PAGES: (u32, u32) = (16, 16);

/// Octets of data: all of the pages.
const DATA: usize = 1 << 16;

/// Rounds of the loop: three instructions each, 1,000 with the code around them.
const ROUNDS: u64 = 333;

/// The time of making a module and an instance, writing 64 KiB into it, running 1,000 instructions
/// and dropping both.
///
/// # Errors
/// When the platform has no such backend.
pub fn time(config: Config) -> Result<Duration, String> {
    let engine = Engine::new(config).map_err(|error| error.to_string())?;
    let data = vec![7; DATA];
    let address = u64::from(PAGES.0) * u64::from(jambox_engine::PAGE_SIZE);
    let code = single::code().encode();
    Ok(Clock::Processor.least(2000, Duration::from_millis(500), || {
        let code = jambox_program::ProgramBlob::parse(&code).expect("a program");
        let module = Module::new(&engine, code).expect("a module");
        let mut instance = Instance::new(&module).expect("an instance");
        instance.memory_mut().set_access(PAGES.0, PAGES.1, Access::ReadWrite);
        instance.memory_mut().write(address, &data).expect("writable");
        instance.regs_mut()[8] = address;
        instance.regs_mut()[9] = ROUNDS;
        instance.set_gas(u64::from(u32::MAX));
        assert_eq!(instance.run(), Exit::HostCall(single::NUMBER));
    }))
}
