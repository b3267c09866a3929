//! Standard programs made ready, and the memory that they start with (0.7.2,
//! `sec:standardprograminit`).

use core::ops::Range;
use std::sync::Arc;

use jambox_program::{Container, Layout, MAX_ARGUMENTS, ProgramBlob, ProgramKind, StandardProgram};
use jambox_sandbox::{Access, PAGE_SIZE, ReadOnly};

use crate::{Engine, EngineError, EngineErrorKind, Instance, Memory, Module};

/// Octets that stay free between the heap and the stack (`Cpvminitzonesize`).
const ZONE_SIZE: u64 = 1 << 16;

/// A standard program made ready to run: a [`Module`], and the data, heap and stack that its
/// instances start with. Cheap to clone.
///
/// Holding one is the proof that the module is of the program's code.
#[derive(Clone)]
pub struct StandardModule {
    module: Module,
    program: StandardProgram,
    /// The read-only pages, if instances can take them over from each other.
    read_only: Option<Arc<ReadOnly>>,
}

impl StandardModule {
    /// Makes a standard program ready.
    ///
    /// # Errors
    /// When its code is no program blob, or when the engine's revision does not run it.
    pub fn new(engine: &Engine, program: StandardProgram) -> Result<Self, EngineError> {
        let module = Module::new(engine, program.program()?)?;
        Ok(Self::of(module, program))
    }

    /// Joins a program with a module of its code that is there already, at the cost of comparing
    /// the two.
    ///
    /// # Errors
    /// When the module is of other code.
    pub fn from_parts(module: Module, program: StandardProgram) -> Result<Self, EngineError> {
        match ProgramBlob::parse(program.code()) {
            Ok(code) if code == *module.program() => Ok(Self::of(module, program)),
            _ => Err(EngineErrorKind::OtherCode.into()),
        }
    }

    fn of(module: Module, program: StandardProgram) -> Self {
        let start = program.layout(0).map_or(0, |layout| layout.read_only.start);
        let read_only = module.engine().pool().read_only(start / PAGE_SIZE, program.read_only());
        Self { module, program, read_only }
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &StandardProgram {
        &self.program
    }

    /// An instance with the memory and registers of the program given arguments (the paper's `Y`,
    /// 0.7.2, `sec:standardprograminit`); pc and gas 0.
    ///
    /// # Errors
    /// When the arguments do not fit the argument area.
    pub fn instance(&self, arguments: &[u8]) -> Result<Instance, EngineError> {
        let mut instance = Instance::new(&self.module)?;
        self.initialize(&mut instance, arguments)?;
        Ok(instance)
    }

    /// Gives a fresh instance the program's memory and registers.
    fn initialize(&self, instance: &mut Instance, arguments: &[u8]) -> Result<(), EngineError> {
        let length = arguments.len() as u64;
        let layout = self
            .program
            .layout(length)
            .ok_or(EngineErrorKind::ArgumentsTooLong { length, limit: MAX_ARGUMENTS })?;
        let Layout { read_only, read_write, stack, arguments: argument_area } = layout;
        let heap_end = u64::from(read_write.end);
        let heap_limit = u64::from(stack.start).saturating_sub(ZONE_SIZE);
        let memory = &mut instance.memory;
        if !self.read_only.as_ref().is_some_and(|section| memory.start_with(section)) {
            section(memory, read_only, self.program.read_only(), Access::ReadOnly);
        }
        section(memory, read_write, self.program.read_write(), Access::ReadWrite);
        section(memory, stack, &[], Access::ReadWrite);
        section(memory, argument_area, arguments, Access::ReadOnly);
        memory.set_heap(heap_end, heap_limit);
        instance.state.regs = StandardProgram::registers(length);
        Ok(())
    }
}

impl Module {
    /// Makes ready the standard program that octets are, with metadata in front (as services have
    /// it) or without.
    ///
    /// # Errors
    /// When the octets are no standard program, or when the engine's revision does not run it.
    pub fn from_standard(engine: &Engine, octets: &[u8]) -> Result<StandardModule, EngineError> {
        match Container::parse(octets)?.kind {
            ProgramKind::Standard(program, _) => StandardModule::new(engine, program),
            ProgramKind::Bare(_) => Err(EngineErrorKind::NotStandard.into()),
        }
    }
}

/// Makes whole pages accessible and fills them from their start.
fn section(memory: &mut Memory, range: Range<u32>, octets: &[u8], access: Access) {
    memory.set_access(range.start / PAGE_SIZE, range.len() as u32 / PAGE_SIZE, access);
    if !octets.is_empty() {
        memory.poke_raw(u64::from(range.start), octets);
    }
}
