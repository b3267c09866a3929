//! Inner machines: `machine`, `peek`, `poke`, `pages`, `invoke` and `expunge`.

use std::collections::{BTreeMap, BTreeSet};

use jambox_engine::{Access, Exit, Instance, PAGE_COUNT, PAGE_SIZE};
use jambox_hostcall::{InnerExit, Quantity, Registers, Reply, Slice, code, outcome, request};
use jambox_program::ProgramBlob;
use jambox_types::Hash;

use super::code_cache::{CodeCache, NoModule};
use crate::guest::{Guest, chunks};
use crate::runner::run_within;
use crate::{Env, HostError, Machine, Stop};

/// The inner machines of one refinement, by handle (`eq:pvmguest`, 0.7.2).
///
/// Each is an ordinary instance of the engine. Machines of the same blob share one module.
#[derive(Default)]
pub(crate) struct Machines {
    machines: BTreeMap<u64, Inner>,
    /// Free handles below the highest one in use so far.
    free: BTreeSet<u64>,
    pub(super) code: CodeCache,
    /// Gas used by all machines.
    gas_used: u64,
    /// Accessible pages of all machines.
    pages: u64,
}

/// An inner machine.
struct Inner {
    instance: Instance,
    /// Name of its module.
    code: Hash,
    /// Number of its accessible pages.
    pages: u64,
}

/// Length of the part of a program blob with its lengths, in octets: two naturals and an octet
/// between.
const HEAD: u64 = 9 + 1 + 9;

/// Index of the lowest page that can be accessible, at 2^16.
const LOWEST_PAGE: u64 = 16;

/// End of a machine's memory.
const ADDRESS_SPACE: u64 = 1 << 32;

/// Length of the block read and written by `invoke`, in octets: gas and 13 registers.
const BLOCK: u64 = 8 + 13 * 8;

impl Machines {
    pub(crate) fn create(
        &mut self,
        env: &Env,
        guest: &mut Guest<'_>,
        request: &request::Machine,
    ) -> Result<Reply, Stop> {
        let rules = env.rules();
        let is_full = |most: u32| self.machines.len() >= most as usize;
        if rules.max_inner_machines.is_some_and(is_full) {
            return Ok(Reply::Code(code!(Machine, full)));
        }
        guest.require_readable("the program", request.program)?;
        let head = Slice { length: request.program.length.min(HEAD), ..request.program };
        let head = guest.look("the program", head)?;
        if ProgramBlob::length_of(&head) != Some(request.program.length) {
            return Ok(Reply::Code(code!(Machine, huh)));
        }
        let limits = env.limits();
        if self.machines.len() >= limits.inner_machines {
            return Err(HostError::TooManyMachines(limits.inner_machines).into());
        }
        if request.program.length > limits.inner_code as u64 {
            return Err(HostError::TooMuchInnerCode(limits.inner_code).into());
        }
        let octets = guest.read_to_keep("the program", request.program)?;
        let (code, module) = match self.code.acquire(env, &octets)? {
            Ok(acquired) => acquired,
            Err(NoModule::NoProgram) => return Ok(Reply::Code(code!(Machine, huh))),
            Err(NoModule::NotValid) => return Ok(Reply::Code(code!(Machine, huh_program))),
        };
        let set = env.engine().instruction_set();
        if module.program().validate_entry(set, request.pc).is_err() {
            self.code.release(&code);
            return Ok(Reply::Code(code!(Machine, huh_position)));
        }
        let mut instance = Instance::new(&module)?;
        instance.set_pc(request.pc);
        // Without a standard layout `sbrk` starts at 0 (0.7.2).
        instance.memory_mut().set_heap(0, ADDRESS_SPACE);
        let handle = self.free.pop_first().unwrap_or(self.machines.len() as u64);
        guest.observer.inner_created(handle, &octets);
        self.machines.insert(handle, Inner { instance, code, pages: 0 });
        Ok(Reply::Value(outcome!(Machine, created), handle))
    }

    fn get(&self, handle: u64) -> Option<&Instance> {
        self.machines.get(&handle).map(|inner| &inner.instance)
    }

    fn get_mut(&mut self, handle: u64) -> Option<&mut Instance> {
        self.machines.get_mut(&handle).map(|inner| &mut inner.instance)
    }

    pub(crate) fn peek(
        &self,
        guest: &mut Guest<'_>,
        request: &request::Peek,
    ) -> Result<Reply, Stop> {
        let (to, from, length) = (request.to.0, request.from, request.length);
        guest.require_writable("the destination", Slice { address: to, length })?;
        let Some(instance) = self.get(request.machine) else {
            return Ok(Reply::Code(code!(Peek, who)));
        };
        let memory = instance.memory();
        if !memory.is_readable(from, length) {
            return Ok(Reply::Code(code!(Peek, oob)));
        }
        for (offset, size) in chunks(length) {
            guest.meter.copy(size)?;
            let Ok(octets) = memory.read(from.saturating_add(offset), size) else {
                return Ok(Reply::Code(code!(Peek, oob)));
            };
            guest.write("the destination", to.saturating_add(offset), &octets)?;
        }
        Ok(Reply::Code(code!(Peek, ok)))
    }

    pub(crate) fn poke(
        &mut self,
        guest: &mut Guest<'_>,
        request: &request::Poke,
    ) -> Result<Reply, Stop> {
        let (from, to, length) = (request.from.0, request.to, request.length);
        guest.require_readable("the source", Slice { address: from, length })?;
        let Some(instance) = self.get_mut(request.machine) else {
            return Ok(Reply::Code(code!(Poke, who)));
        };
        let memory = instance.memory_mut();
        if !memory.is_writable(to, length) {
            return Ok(Reply::Code(code!(Poke, oob)));
        }
        for (offset, length) in chunks(length) {
            let slice = Slice { address: from.saturating_add(offset), length };
            let octets = guest.read("the source", slice)?;
            if memory.write(to.saturating_add(offset), &octets).is_err() {
                return Ok(Reply::Code(code!(Poke, oob)));
            }
        }
        Ok(Reply::Code(code!(Poke, ok)))
    }

    pub(crate) fn pages(
        &mut self,
        env: &Env,
        guest: &mut Guest<'_>,
        request: &request::Pages,
    ) -> Result<Reply, Stop> {
        let Some(Inner { instance, pages, .. }) = self.machines.get_mut(&request.machine) else {
            return Ok(Reply::Code(code!(Pages, who)));
        };
        let memory = instance.memory_mut();
        let out_of_range = Ok(Reply::Code(code!(Pages, huh_range)));
        let (access, keeps) = match request.mode {
            0 => (Access::Inaccessible, false),
            1 => (Access::ReadOnly, false),
            2 => (Access::ReadWrite, false),
            3 => (Access::ReadOnly, true),
            4 => (Access::ReadWrite, true),
            _ => return out_of_range,
        };
        let end = request.first.saturating_add(request.count);
        if request.first < LOWEST_PAGE || end >= u64::from(PAGE_COUNT) {
            return out_of_range;
        }
        // Both are below 2^20, as checked above.
        let (first, count) = (request.first as u32, request.count as u32);
        if keeps && !memory.is_readable(octets(request.first), octets(request.count)) {
            return Ok(Reply::Code(code!(Pages, huh_inaccessible)));
        }
        if !keeps {
            let before = memory.accessible_pages(first, count).into();
            let after = if access == Access::Inaccessible { 0 } else { request.count };
            let change = |pages: u64| pages.saturating_sub(before).saturating_add(after);
            let limit = env.limits().inner_pages;
            if change(self.pages) > limit {
                return Err(HostError::TooManyInnerPages(limit).into());
            }
            (self.pages, *pages) = (change(self.pages), change(*pages));
            guest.meter.set_inner(octets(self.pages))?;
            memory.zero(first, count);
        }
        memory.set_access(first, count, access);
        Ok(Reply::Code(code!(Pages, ok)))
    }

    pub(crate) fn invoke(
        &mut self,
        env: &Env,
        guest: &mut Guest<'_>,
        request: &request::Invoke,
    ) -> Result<Reply, Stop> {
        let block = Slice { address: request.block.0, length: BLOCK };
        guest.require_writable("the block of gas and registers", block)?;
        let limit = env.limits().inner_gas;
        let allowance = limit.saturating_sub(self.gas_used);
        let (gas, registers) = parse_block(&guest.read("the block of gas and registers", block)?);
        guest.charge_for(Quantity::InnerGas, gas)?;
        let Some(Inner { instance, pages, .. }) = self.machines.get_mut(&request.machine) else {
            if !env.rules().lost_invoke_keeps_gas {
                guest.refund_for(Quantity::InnerGas, gas);
            }
            return Ok(Reply::Code(code!(Invoke, who)));
        };
        let heap_end = instance.memory().heap_end();
        instance.set_gas(gas);
        *instance.regs_mut() = registers;
        guest.observer.inner_started(request.machine, instance);
        let given = gas.min(allowance);
        let withheld = gas.saturating_sub(given);
        instance.set_gas(given);
        let machine = Machine::Inner(request.machine);
        let exit = run_within(guest.meter, guest.observer, machine, instance)?;
        let left = instance.gas();
        self.gas_used = self.gas_used.saturating_add(given.saturating_sub(left));
        if exit == Exit::OutOfGas && withheld > 0 {
            return Err(HostError::TooMuchInnerGas(limit).into());
        }
        if instance.memory().heap_end() != heap_end {
            let after = instance.memory().accessible_pages(0, PAGE_COUNT).into();
            let limit = env.limits().inner_pages;
            self.pages = self.pages.saturating_sub(*pages).saturating_add(after);
            *pages = after;
            if self.pages > limit {
                return Err(HostError::TooManyInnerPages(limit).into());
            }
            guest.meter.set_inner(octets(self.pages))?;
        }
        instance.set_gas(left.saturating_add(withheld));
        guest.observer.inner_ended(request.machine, instance, exit);
        guest.refund_for(Quantity::InnerGas, instance.gas());
        let after = block_of(instance.gas(), instance.regs());
        guest.write("the block of gas and registers", block.address, &after)?;
        Ok(leave(instance, exit))
    }

    pub(crate) fn expunge(&mut self, request: &request::Expunge) -> Result<Reply, Stop> {
        let Some(Inner { instance, code, pages }) = self.machines.remove(&request.machine) else {
            return Ok(Reply::Code(code!(Expunge, who)));
        };
        self.pages = self.pages.saturating_sub(pages);
        self.code.release(&code);
        self.free.insert(request.machine);
        Ok(Reply::Value(outcome!(Expunge, removed), instance.pc()))
    }
}

/// Length of a number of pages, in octets.
fn octets(pages: u64) -> u64 {
    pages.saturating_mul(u64::from(PAGE_SIZE))
}

/// Sets the program counter for the next run, and returns the reply for this one. The next run
/// starts after a host call, at 0 after a halt or a panic, else at the instruction of the exit.
fn leave(instance: &mut Instance, exit: Exit) -> Reply {
    let (exit, detail) = match exit {
        Exit::HostCall(number) => {
            instance.skip_host_call();
            (InnerExit::Host, Some(number))
        }
        Exit::PageFault(address) => (InnerExit::Fault, Some(u64::from(address))),
        Exit::OutOfGas => (InnerExit::OutOfGas, None),
        Exit::Panic => {
            instance.set_pc(0);
            (InnerExit::Panic, None)
        }
        Exit::Halt => {
            instance.set_pc(0);
            (InnerExit::Halt, None)
        }
    };
    Reply::Ran { exit, detail }
}

fn parse_block(octets: &[u8]) -> (u64, Registers) {
    let mut numbers = octets.as_chunks::<8>().0.iter().copied().map(u64::from_le_bytes);
    let gas = numbers.next().unwrap_or(0);
    (gas, std::array::from_fn(|_| numbers.next().unwrap_or(0)))
}

fn block_of(gas: u64, registers: &Registers) -> Vec<u8> {
    std::iter::once(&gas).chain(registers).flat_map(|number| number.to_le_bytes()).collect()
}
