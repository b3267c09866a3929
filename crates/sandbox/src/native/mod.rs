//! Running machine code that was generated for a guest, inside this process.
//!
//! Four parts: the [assembler](asm), the only way to write code, which has no form that could
//! harm; the code space, where the code of [programs](NativeProgram) lives; entry and exit, which
//! swap the guest's registers in and out; and the signal handler, which turns a forbidden memory
//! access of generated code into an ordinary return value.
//!
//! Each processor has a folder with all that names its instructions and registers: [`x86_64`]. The
//! rest reaches it as `target`.
//!
//! A safe program cannot make other octets run than those an assembler wrote, and none of them
//! elsewhere than the program that they were written for:
//!
//! ```compile_fail,E0308
//! use jambox_sandbox::native::NativeProgram;
//! use jambox_sandbox::{Pool, PoolLimits};
//!
//! let program = NativeProgram::new(&Pool::new(PoolLimits::default()), 1, 1 << 20).unwrap();
//! program.append(&mut [0xc3_u8][..]); // only an assembler
//! ```
//!
//! ```compile_fail,E0451
//! use jambox_sandbox::native::CodeAddress;
//!
//! // Only a program says where its code is.
//! let address = CodeAddress { program: 1.try_into().unwrap(), offset: 1.try_into().unwrap() };
//! ```
//!
//! ```compile_fail,E0505
//! use jambox_sandbox::native::{CodeAddress, NativeProgram};
//! use jambox_sandbox::ReservedMemory;
//!
//! fn run(program: NativeProgram, memory: &mut ReservedMemory, entry: CodeAddress) {
//!     std::thread::scope(|scope| {
//!         let running = &program;
//!         scope.spawn(move || running.run(&mut [0; 13], &mut 9, memory, entry));
//!         drop(program); // not while it is run
//!     });
//! }
//! ```
//!
//! ```compile_fail,E0599
//! use jambox_sandbox::native::asm::Assembler;
//! use jambox_sandbox::native::x86_64::{Gpr, Size};
//!
//! fn move_the_stack(asm: &mut Assembler) {
//!     asm.add_imm(Size::S64, Gpr::Rsp, 8); // no form names it
//! }
//! ```
//!
//! ```compile_fail,E0624
//! use jambox_sandbox::native::asm::Assembler;
//! use jambox_sandbox::native::x86_64::Gpr;
//!
//! fn jump_anywhere(asm: &mut Assembler) {
//!     asm.jmp_at(Gpr::Rax); // only within what checks where it leads
//! }
//! ```

pub mod asm;
mod code_space;
mod context;
mod enter;
mod program;
mod signals;
mod support;
#[cfg(target_arch = "x86_64")]
pub mod x86_64;

#[cfg(target_arch = "x86_64")]
use x86_64 as target;

pub use code_space::{CHUNK_CODE, CHUNK_SLOTS, Room};
pub use enter::NativeExit;
pub use program::{CodeAddress, NativeProgram};
pub use support::Unsupported;

/// Makes this process ready to run generated code, once; later calls return the first's result.
///
/// # Errors
/// When the platform cannot do it. Everything else of this crate works all the same.
pub fn prepare() -> Result<(), Unsupported> {
    code_space::space().map(|_| ())
}

/// True if this process is a forked child of one that was ready to run generated code, so that it
/// runs none. A thread that would wait for a lock to make code asks first: in a child, a lock that
/// another thread held is never released. Costs two loads.
#[inline]
#[must_use]
pub fn is_forked() -> bool {
    code_space::is_forked()
}
