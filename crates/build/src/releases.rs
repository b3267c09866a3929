//! The releases of the linker library: each knows the instructions of one revision.
//!
//! The releases have the same functions under the same names but no type in common, so the code
//! that calls them is one macro, expanded for each.

use jambox_types::Revision;

use crate::BuildError;

/// The target file for compilers, of the later release: it allows unaligned words, which hold for
/// either revision, and its instructions are those that the linkers of both know.
pub(crate) use polkavm_linker_0_37::TARGET_JSON_64_BIT_NEW as TARGET_FILE;

/// Names of functions.
pub(crate) type Names = Vec<Vec<u8>>;

/// Settings of a linking.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The entry points: the program begins with a jump to each of these functions, in order.
    pub entries: Names,
    /// Leaves out names and line tables.
    pub strip: bool,
    /// The smallest stack, in octets.
    pub stack: u32,
}

/// A linked program, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Read-only data, without the zeros at its end.
    pub read_only: Vec<u8>,
    /// Size of read-only data with those zeros, in octets.
    pub read_only_size: u32,
    /// Read-write data, without the zeros at its end.
    pub read_write: Vec<u8>,
    /// Size of read-write data with those zeros, in octets.
    pub read_write_size: u32,
    /// Size of the stack, in octets.
    pub stack_size: u32,
    /// Instructions, bitmask and jump table.
    pub code: Vec<u8>,
}

/// A range of linked code and the name of its function.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// Offset of the first octet in the code.
    pub start: u32,
    /// Offset after the last octet.
    pub end: u32,
    /// Name of the function.
    pub function: String,
}

/// The functions of a release that a build uses.
pub(crate) struct Release {
    /// Translates an ELF into the linker's own form of a program.
    pub translate: fn(&[u8], &Settings) -> Result<Vec<u8>, BuildError>,
    /// The exported names of a program in the linker's form.
    pub exports: fn(&[u8]) -> Result<Names, BuildError>,
    /// The parts of a program in the linker's form.
    pub parts: fn(&[u8]) -> Result<Parts, BuildError>,
    /// The functions of a program's code by its line tables, the program in the linker's form.
    pub regions: fn(&[u8]) -> Result<Vec<Region>, BuildError>,
}

impl Release {
    /// The release whose `JamV1` has exactly the instructions of a revision.
    pub const fn of(revision: Revision) -> &'static Self {
        match revision {
            Revision::GrayPaper072 => &release_0_30::RELEASE,
            Revision::GrayPaper080 => &release_0_37::RELEASE,
        }
    }
}

fn failed(error: impl ToString) -> BuildError {
    BuildError::Link(error.to_string())
}

macro_rules! release {
    ($module:ident, $linker:ident, $common:ident) => {
        mod $module {
            use $common::program::ProgramCounter;
            use $linker::{
                Config, OptLevel, ProgramBlob, ProgramParts, TargetInstructionSet, program_from_elf,
            };

            use super::{Names, Parts, Region, Release, Settings, failed};
            use crate::BuildError;

            pub const RELEASE: Release = Release { translate, exports, parts, regions };

            fn translate(elf: &[u8], settings: &Settings) -> Result<Vec<u8>, BuildError> {
                let mut config = Config::default();
                // From O2 on, the linker treats a host call as a call of a C function, and removes
                // a write before it to a register that such a call may change (t0 to t2, a0 to
                // a5). Host calls change r7 and r8 only, as the SDK and the C header tell the
                // compiler: it keeps values in the others. Code is hardly smaller at O2.
                config.set_opt_level(OptLevel::O1).set_strip(settings.strip);
                // A read may be volatile, and may fault: only the compiler knows which reads are
                // superfluous, and it has removed them.
                config.set_elide_unnecessary_loads(false);
                config.set_dispatch_table(settings.entries.clone());
                config.set_min_stack_size(settings.stack);
                program_from_elf(config, TargetInstructionSet::JamV1, elf).map_err(failed)
            }

            fn parse(octets: &[u8]) -> Result<ProgramBlob, BuildError> {
                ProgramBlob::parse(octets.into()).map_err(failed)
            }

            fn exports(octets: &[u8]) -> Result<Names, BuildError> {
                let blob = parse(octets)?;
                Ok(blob.exports().map(|export| export.symbol().as_bytes().to_vec()).collect())
            }

            fn parts(octets: &[u8]) -> Result<Parts, BuildError> {
                let parts = ProgramParts::from_bytes(octets.into()).map_err(failed)?;
                Ok(Parts {
                    read_only: parts.ro_data.to_vec(),
                    read_only_size: parts.ro_data_size,
                    read_write: parts.rw_data.to_vec(),
                    read_write_size: parts.rw_data_size,
                    stack_size: parts.stack_size,
                    code: parts.code_and_jump_table.to_vec(),
                })
            }

            fn regions(octets: &[u8]) -> Result<Vec<Region>, BuildError> {
                let blob = parse(octets)?;
                let code_end = u32::try_from(blob.code().len()).unwrap_or(u32::MAX);
                let (mut regions, mut pc) = (Vec::new(), 0);
                while pc < code_end {
                    let first = pc;
                    let program = blob.get_debug_line_program_at(ProgramCounter(pc));
                    if let Some(mut program) = program.map_err(failed)? {
                        while let Some(region) = program.run().map_err(failed)? {
                            let covered = region.instruction_range();
                            let (start, end) = (covered.start.0, covered.end.0);
                            pc = pc.max(end);
                            let Some(frame) = region.frames().next() else { continue };
                            let function = frame.full_name().map_err(failed)?.to_string();
                            regions.push(Region { start, end, function });
                        }
                    }
                    pc = pc.max(first + 1);
                }
                Ok(regions)
            }
        }
    };
}

release!(release_0_30, polkavm_linker_0_30, polkavm_common_0_30);
release!(release_0_37, polkavm_linker_0_37, polkavm_common_0_37);
