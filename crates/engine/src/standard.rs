//! The start of a standard program (0.7.2, `sec:standardprograminit`).

use core::ops::Range;

use jambox_program::{Layout, MAX_ARGUMENTS, StandardProgram};
use jambox_sandbox::{Access, PAGE_SIZE};

use crate::{EngineError, Instance, Memory};

/// Octets that stay free between the heap and the stack (`Cpvminitzonesize`).
const ZONE_SIZE: u64 = 1 << 16;

/// Gives a fresh instance the program's memory and registers.
pub(crate) fn initialize(
    instance: &mut Instance,
    program: &StandardProgram,
    arguments: &[u8],
) -> Result<(), EngineError> {
    let length = arguments.len() as u64;
    let layout = program
        .layout(length)
        .ok_or(EngineError::ArgumentsTooLong { length, limit: MAX_ARGUMENTS })?;
    let Layout { read_only, read_write, stack, arguments: argument_area } = layout;
    let heap_end = u64::from(read_write.end);
    let heap_limit = u64::from(stack.start).saturating_sub(ZONE_SIZE);
    let memory = &mut instance.memory;
    section(memory, read_only, program.read_only(), Access::ReadOnly);
    section(memory, read_write, program.read_write(), Access::ReadWrite);
    section(memory, stack, &[], Access::ReadWrite);
    section(memory, argument_area, arguments, Access::ReadOnly);
    memory.set_heap(heap_end, heap_limit);
    instance.state.regs = StandardProgram::registers(length);
    Ok(())
}

/// Makes whole pages accessible and fills them from their start.
fn section(memory: &mut Memory, range: Range<u32>, octets: &[u8], access: Access) {
    memory.set_access(range.start / PAGE_SIZE, range.len() as u32 / PAGE_SIZE, access);
    if !octets.is_empty() {
        memory.poke_raw(u64::from(range.start), octets);
    }
}
