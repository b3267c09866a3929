//! A deterministic PVM: modules, instances, exits, gas and the interpreter.
//!
//! What it is not: it knows nothing of JAM. A host call comes back as [`Exit::HostCall`] with its
//! number; whoever runs the instance serves it and runs on.
//!
//! # Invariants
//!
//! - The same module, state and gas always give the same exit, registers, memory, gas and pc, on
//!   every backend and target.
//! - Gas is what the revision's [`GasPlan`](jambox_program::GasPlan) says at every exit. An
//!   instruction that faults or panics on a memory access is charged, and changes nothing else.
//! - No program, and nothing a program does, panics the host or costs it more memory than the
//!   pages that the program was given.
//! - A run without an [`Inspector`] pays nothing for the possibility of one.
//! - What was [restored](Instance::restore) runs on as it ran on the first time.
//!
//! # Example
//!
//! ```
//! use jambox_engine::{Config, Engine, Exit, Instance, Module};
//! use jambox_program::ProgramBlob;
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
mod semantics;
mod snapshot;
mod standard;
mod stepper;

pub use engine::{Backend, Config, Engine, UnknownBackend};
pub use error::EngineError;
pub use exit::Exit;
pub use inspector::Inspector;
pub use instance::Instance;
pub use jambox_isa::Revision;
pub use jambox_sandbox::{Access, PAGE_COUNT, PAGE_SIZE};
pub use memory::{Inaccessible, Memory};
pub use module::Module;
pub use snapshot::Snapshot;
