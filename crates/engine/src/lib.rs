//! A deterministic PVM: modules, instances, exits, gas and the interpreter.
//!
//! The engine knows nothing of JAM. A host call is an [`Exit::HostCall`] with its number; the
//! caller serves it and runs the instance again.
//!
//! # Invariants
//!
//! - The same module, state and gas always give the same exit, registers, memory, gas and pc, on
//!   every backend and target.
//! - At every exit, gas is exact by the revision's [`GasPlan`]. An instruction that faults or
//!   panics on a memory access is charged, and changes nothing else.
//! - No program can panic the host, or cost it more memory than the program's accessible pages.
//! - A run without an [`Inspector`] pays nothing for the possibility of one.
//! - A [restored](Instance::restore) instance continues exactly as it did the first time.
//!
//! # From octets to a result
//!
//! An [`Engine`] is a configuration: the revision of the paper, and the [`Backend`] that executes.
//! A process has one, or one for each revision. A [`Module`] is a program made ready. Threads share
//! it, along with the code that any instance had decoded or compiled. An [`Instance`] is one
//! machine of it, made in microseconds and dropped after use.
//!
//! ```
//! use jambox_engine::{Engine, Exit, Module, Parts};
//!
//! let octets = std::fs::read("../../guests/fibonacci/fibonacci-0.8.0.jam")?;
//! let engine = Engine::new(Default::default())?;
//! let module = Module::from_standard(&engine, &octets)?;
//! let mut instance = module.instance(&[0, 0, 7, 0, 0])?;
//! instance.set_gas(1_000_000);
//! while let Exit::HostCall(number) = instance.run() {
//!     let Parts { regs, .. } = instance.parts_mut();
//!     regs[7] = if number == 0 { 0 } else { u64::MAX };
//!     instance.skip_host_call();
//! }
//! # assert!(instance.gas() < 1_000_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`StandardModule`] starts its instances with the paper's standard layout: data, heap, stack and
//! arguments. A bare program has none of these; the caller sets its memory up by
//! [`memory_mut`](Instance::memory_mut):
//!
//! ```
//! use jambox_engine::{Config, Engine, Exit, Instance, Module, ProgramBlob};
//!
//! // add_imm_64 r7, r7, 5; ecalli 3; trap: no jump table, six octets of code, three instructions.
//! let blob = ProgramBlob::parse(&[0, 0, 6, 149, 0x77, 5, 10, 3, 0, 0b10_1001])?;
//! let module = Module::new(&Engine::new(Config::default())?, blob)?;
//! let mut instance = Instance::new(&module)?;
//! instance.set_gas(200);
//! instance.regs_mut()[7] = 37;
//! assert_eq!(instance.run(), Exit::HostCall(3));
//! // The three are one block, which is paid at its start: 101 cycles.
//! assert_eq!((instance.regs()[7], instance.pc(), instance.gas()), (42, 3, 99));
//!
//! instance.skip_host_call();
//! assert_eq!(instance.run(), Exit::Panic);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run can continue after a host call, behind the `ecalli`; after a page fault, once the page is
//! accessible; and after running out of gas, with more gas. The folder `examples` has a host of
//! plugins that has nothing to do with JAM (`plugins`) and many instances over threads (`threads`);
//! the loop in which a node executes services is `service_loop` of `jambox-chain`.
//!
//! An engine owns the resources that its modules and instances share: spare memories, budgets of
//! address space and page protection, space for native code. [`Config`] sets how much of each, and
//! [`Engine::usage`] shows the use; engines do not take from each other. Three things exist once in
//! a process: the handler of faults, the reservation for native code, by whose addresses the
//! handler recognises it, and the limits [`PoolLimits::OF_PROCESS`], which all engines share.
//!
//! To look into a run, hand an [`Inspector`] to [`run_with`](Instance::run_with); to go back,
//! take a [`Snapshot`].

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing,))]

mod engine;
mod error;
mod exit;
mod fault;
mod gas;
mod inspector;
mod instance;
mod interpreter;
mod memory;
mod module;
#[cfg(native)]
mod native;
mod run;
mod semantics;
mod snapshot;
mod standard;
mod stepper;
#[cfg(native)]
mod tiers;

pub use engine::{Backend, CacheLimits, Config, Engine, UnknownBackend};
pub use error::{EngineError, EngineErrorKind};
pub use exit::Exit;
pub use inspector::Inspector;
pub use instance::{Instance, Parts};
pub use jambox_isa::{Instruction, InstructionSet, Reg, Revision};
pub use jambox_program::{
    GasPlan, InvalidProgram, ProgramBlob, ProgramError, StandardProgram, UnknownForm,
};
pub use jambox_sandbox::{Access, InvalidLimit, PAGE_COUNT, PAGE_SIZE, PoolLimits, PoolUsage};
pub use memory::{Inaccessible, Memory};
pub use module::Module;
pub use snapshot::Snapshot;
pub use standard::StandardModule;
