//! A program for single operations: host calls, faults, making instances.

use jambox_program::{JumpTable, ProgramBlob, StandardProgram};

/// The position at which the program adds 1 to `r7` and stores it at `[r8]`, until it reaches `r9`;
/// then it makes host calls.
pub const STORE: u64 = 0;

/// The number of its host calls.
pub const NUMBER: u64 = 3;

/// An address where no engine has memory.
pub const INACCESSIBLE: u64 = 1 << 30;

/// `fallthrough`; `add_imm_64 r7, r7, 1`; `store_ind_u64 [r8], r7`; `branch_lt_u r7, r9, 1`;
/// `ecalli 3`; `jump 9`.
const CODE: [u8; 13] = [1, 149, 0x77, 1, 123, 0x87, 172, 0x97, 0xfb, 10, 3, 40, 0xfe];

/// The positions of these instructions.
const STARTS: [u32; 6] = [0, 1, 4, 6, 9, 11];

/// The program with 64 KiB of data and a page of stack.
pub struct Single {
    pub program: StandardProgram,
    /// The first address of the data.
    pub writable: u64,
}

impl Single {
    #[must_use]
    pub fn new() -> Self {
        let code = code().encode();
        let program = StandardProgram::new([], [], 16, 4096, code).expect("short");
        let writable = program.layout(0).expect("a layout").read_write.start.into();
        Self { program, writable }
    }
}

impl Default for Single {
    fn default() -> Self {
        Self::new()
    }
}

/// The program's code.
#[must_use]
pub fn code() -> ProgramBlob {
    ProgramBlob::from_parts(&CODE, STARTS, JumpTable::default()).expect("short")
}
