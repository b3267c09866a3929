//! Recording an invocation, and revisiting any point of it, forwards and backwards.
//!
//! **Contents.** A [`Recorder`] watches one invocation and keeps snapshots of the machine at
//! intervals, and the effects of each host call: enough to compute any point of it again. A
//! [`Session`] goes through that [`Recording`]: by instructions, to breakpoints and watchpoints, in
//! either direction.
//!
//! **Not here.** A user interface, and decisions about a run: the terminal and the protocols of
//! editors are thin doors in front of this crate.
//!
//! # Invariants
//!
//! - A recorded run has the results of a run without a recorder, at the speed of its backend.
//! - A session computes every shown state by the exact stepper, from the snapshot before it. Host
//!   calls are not served again: their recorded effects are put in place.
//! - Going back is going to the last snapshot and forward again, so it costs at most the distance
//!   between two snapshots.
//! - Memory is bounded by [`Bounds`]: snapshots get rarer before it is reached, and where that does
//!   not help the recording ends early and says so.
//!
//! # Example
//!
//! A program alone: two instructions and a trap, forwards and back again.
//!
//! ```
//! use std::collections::BTreeMap;
//! use jambox_debug::{Bounds, Recorder, Session, Target};
//! use jambox_engine::{Config, Engine, Instance, Module};
//! use jambox_isa::Revision;
//! use jambox_program::ProgramBlob;
//! use jambox_types::Hash;
//!
//! // add_imm_64 r7, r7, 5; ecalli 3; trap.
//! let blob = ProgramBlob::parse(&[0, 0, 6, 149, 0x77, 5, 10, 3, 0, 0b10_1001])?;
//! let config = Config { revision: Revision::GrayPaper080, ..Config::default() };
//! let mut instance = Instance::new(&Module::new(&Engine::new(config)?, blob)?)?;
//! instance.set_gas(1000);
//! let symbols = BTreeMap::new();
//! let recorder = Recorder::new(Target::Refine(0), Bounds::default(), &symbols);
//! let recording = recorder.record_program(&mut instance, Hash::ZERO).expect("it ran");
//!
//! let mut session = Session::new(recording).expect("it has a start");
//! assert_eq!(session.instance().regs()[7], 0);
//! session.seek_end();
//! assert_eq!((session.instance().regs()[7], session.instructions()), (5, 2));
//! session.seek_instruction(0);
//! assert_eq!(session.instance().regs()[7], 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod condition;
mod effects;
mod line;
mod recorder;
mod recording;
mod session;
mod source;
mod stops;
mod traced;
mod walk;

pub use condition::{Condition, ConditionError};
pub use effects::{Before, Entry, Kept, Logged, When};
pub use line::{Located, locate_function, locate_line};
pub use recorder::{Bounds, Recorder, Target};
pub use recording::{Answer, Call, CallMemory, Ending, Position, RanProgram, Recording, Stretch};
pub use session::Session;
pub use source::Over;
pub use stops::{Direction, Failing, Kind, StopPoint, Stopped, Stops};
