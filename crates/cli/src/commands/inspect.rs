//! `jambox inspect`: contents of a program file, without running it.

mod folder;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_hostcall::Context;
use jambox_inspect::{Octets, count, of_another_revision, wide};
use jambox_invocation::entry_pc;
use jambox_isa::{Instruction, InstructionSet};
use jambox_package::host_calls;
use jambox_program::{CrateInfo, ProgramBlob, StandardProgram};
use jambox_types::{Hash, Protocol, Revision};

use crate::assembly::jumps_to_nowhere;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report, line};
use crate::plain::plain;
use crate::program::{FormArg, Program};
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, HEADING, NAME};

use folder::Folder;

/// Show the parts of a program file: container, metadata, sizes, hash, entry points, host calls,
/// validity
///
/// Of a folder, every program in it (*.jam, *.pvm) is shown on a line of its own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox inspect service.jam
  jambox inspect service.jam --json | jq '.host_calls[].name'
  jambox inspect target/jambox             every program in the folder, a line each

Exit status: 0 when nothing is wrong with the program; 1 when a check failed; 2 when it is none.")]
pub struct Inspect {
    /// The program: a blob with or without metadata, standard or bare, or assembly text (.asm);
    /// or a folder of programs; - for standard input
    program: PathBuf,

    /// The form of the blob
    #[arg(long, value_enum, default_value_t = FormArg::Auto)]
    form: FormArg,
}

impl Inspect {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if self.program.is_dir() {
            let report = Folder::of(&self.program, self.form, protocol)?;
            output.emit(&report)?;
            return Ok(Verdict::failed_if(report.has_problems()));
        }
        let program = Program::load(&self.program, self.form, protocol)?;
        let report = Inspection::of(&program);
        output.emit(&report)?;
        Ok(Verdict::failed_if(!report.problems.is_empty()))
    }
}

#[derive(Serialize)]
struct Inspection {
    file: String,
    form: String,
    octets: usize,
    /// The hash of all octets: a service's code hash when the form is the one of a service.
    hash: String,
    /// The revision that `--revision` names, or the program's metadata.
    revision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<MemoryLayout>,
    code: Code,
    entry_points: Vec<EntryPoint>,
    host_calls: Vec<HostCallUse>,
    /// Problems of a program that parses.
    problems: Vec<String>,
    /// A sign that the program was made for another revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Metadata {
    octets: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<String>,
    /// Revision that the program was built for; `None` if the builder does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'static str>,
    /// The octets, when they are not of the known kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Octets>,
}

#[derive(Serialize)]
struct MemoryLayout {
    read_only: Region,
    read_write: Region,
    heap_pages: u16,
    stack: Region,
}

/// A region of memory: its place, and the octets that the program gives for it.
#[derive(Serialize)]
struct Region {
    #[serde(serialize_with = "wide::number")]
    start: u32,
    #[serde(serialize_with = "wide::number")]
    end: u32,
    octets: usize,
}

#[derive(Serialize)]
struct Code {
    octets: u32,
    instructions: usize,
    basic_blocks: usize,
    jump_table_entries: u64,
}

#[derive(Serialize)]
struct EntryPoint {
    name: &'static str,
    #[serde(serialize_with = "wide::number")]
    pc: u32,
    /// The instruction there; `None` if execution cannot start there.
    instruction: Option<String>,
}

#[derive(Serialize)]
struct HostCallUse {
    #[serde(serialize_with = "wide::number")]
    number: u64,
    /// `None` for a number that no call has.
    name: Option<&'static str>,
    /// Number of instructions that make the call.
    uses: usize,
}

impl Inspection {
    fn of(program: &Program) -> Self {
        let protocol = &program.protocol;
        let (blob, set) = (program.blob(), InstructionSet::of(protocol.revision));
        Self {
            file: program.path.display().to_string(),
            form: program.container.form().to_string(),
            octets: program.octets.len(),
            hash: Hash::blake2b(&program.octets).to_string(),
            revision: protocol.revision.name(),
            metadata: program.container.metadata.as_deref().map(metadata),
            memory: program.standard().and_then(memory_layout),
            code: Code {
                octets: blob.code_len(),
                instructions: blob.instructions(set).count(),
                basic_blocks: blob.basic_blocks(set).count(),
                jump_table_entries: blob.jump_table().len(),
            },
            entry_points: entry_points(blob, set),
            host_calls: host_calls_used(blob, set, protocol),
            problems: problems(program, set, protocol),
            hint: of_another_revision(&program.container, protocol),
        }
    }
}

fn metadata(octets: &[u8]) -> Metadata {
    let info = CrateInfo::parse(octets).ok();
    Metadata {
        octets: octets.len(),
        license: info.as_ref().map(|info| info.license.clone()).filter(|text| !text.is_empty()),
        authors: info.as_ref().map(|info| info.authors.clone()).unwrap_or_default(),
        revision: info.as_ref().and_then(|info| info.revision).map(Revision::name),
        raw: (info.is_none() && !octets.is_empty()).then(|| Octets::new(octets)),
        info: info.map(|info| info.to_string()),
    }
}

fn memory_layout(program: &StandardProgram) -> Option<MemoryLayout> {
    let layout = program.layout(0)?;
    let region =
        |range: std::ops::Range<u32>, octets| Region { start: range.start, end: range.end, octets };
    Some(MemoryLayout {
        read_only: region(layout.read_only, program.read_only().len()),
        read_write: region(layout.read_write, program.read_write().len()),
        heap_pages: program.heap_pages(),
        stack: region(layout.stack, program.stack_size() as usize),
    })
}

/// Entry points of the invocations.
fn entry_points(blob: &ProgramBlob, set: InstructionSet) -> Vec<EntryPoint> {
    let entry = |(name, pc)| EntryPoint {
        name,
        pc,
        instruction: blob
            .opcode(set, pc)
            .map(|_| blob.instruction(set, pc).instruction.to_string()),
    };
    let entries = [
        ("is-authorized or refine", entry_pc(Context::Refine)),
        ("accumulate", entry_pc(Context::Accumulate)),
    ];
    entries.into_iter().map(entry).collect()
}

fn host_calls_used(
    blob: &ProgramBlob,
    set: InstructionSet,
    protocol: &Protocol,
) -> Vec<HostCallUse> {
    let mut uses: BTreeMap<u64, usize> = BTreeMap::new();
    for located in blob.instructions(set) {
        if let Instruction::Ecalli(operands) = located.instruction {
            *uses.entry(i64::from(operands.x) as u64).or_default() += 1;
        }
    }
    let names = host_calls(protocol);
    let name = |number| names.iter().find(|(_, other)| *other == number).map(|(name, _)| *name);
    uses.into_iter()
        .map(|(number, uses)| HostCallUse { number, name: name(number), uses })
        .collect()
}

/// Problems that show without running the program.
fn problems(program: &Program, set: InstructionSet, protocol: &Protocol) -> Vec<String> {
    let blob = program.blob();
    let mut problems = Problems::default();
    for located in blob.instructions(set) {
        let pc = located.pc;
        let octet = blob.code().get(pc as usize).copied();
        if let Some(octet) = octet.filter(|octet| set.opcode(*octet).is_none()) {
            let revision = protocol.revision;
            problems.add(|| {
                format!("at pc {pc} the octet {octet} is no opcode of {revision}: it traps")
            });
        }
    }
    for located in jumps_to_nowhere(blob, set) {
        let (pc, instruction) = (located.pc, located.instruction);
        problems.add(|| {
            format!(
                "at pc {pc} `{instruction}` goes where no basic block starts: it panics when taken"
            )
        });
    }
    jump_table_problems(blob, set, &mut problems);
    problems.finish()
}

/// Most jump table entries that are examined: a blob can claim any number of entries without
/// octets.
const ENTRIES_LIMIT: u64 = 1 << 24;

fn jump_table_problems(blob: &ProgramBlob, set: InstructionSet, problems: &mut Problems) {
    let table = blob.jump_table();
    for index in 0..table.len().min(ENTRIES_LIMIT) {
        let Some(target) = table.get(index) else { break };
        if !u32::try_from(target).is_ok_and(|pc| blob.is_block_start(set, pc)) {
            problems.add(|| {
                format!(
                    "jump table entry {index} leads to {target}, where no basic block starts: it \
                     panics when taken"
                )
            });
        }
    }
}

/// Collects problems, the first of them in full.
#[derive(Default)]
struct Problems {
    kept: Vec<String>,
    more: usize,
}

impl Problems {
    const KEPT: usize = 20;

    fn add(&mut self, problem: impl FnOnce() -> String) {
        if self.kept.len() < Self::KEPT {
            self.kept.push(problem());
        } else {
            self.more += 1;
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.kept.push(format!("and {} more", self.more));
        }
        self.kept
    }
}

impl Report for Inspection {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let octets = count(self.octets as u64, "octet");
        writeln!(out, "{HEADING}{}{HEADING:#}: {}, {octets}", self.file, self.form)?;
        line(out, "hash", &self.hash)?;
        if let Some(metadata) = &self.metadata {
            metadata.write(out)?;
        }
        if let Some(MemoryLayout { read_only, read_write, heap_pages, stack }) = &self.memory {
            let region = |Region { start, end, octets }: &Region| {
                format!("{start:#x}..{end:#x}, {}", count(*octets as u64, "octet"))
            };
            line(out, "read-only", &region(read_only))?;
            let heap = count(*heap_pages, "heap page");
            line(out, "read-write", &format!("{}, {heap}", region(read_write)))?;
            line(out, "stack", &region(stack))?;
        }
        let Code { octets, instructions, basic_blocks, jump_table_entries } = &self.code;
        let code = [
            count(*octets, "octet"),
            count(*instructions as u64, "instruction"),
            count(*basic_blocks as u64, "basic block"),
            match jump_table_entries {
                1 => "1 jump table entry".to_owned(),
                entries => format!("{entries} jump table entries"),
            },
        ];
        let code = code.join(", ");
        line(out, "code", &code)?;
        for EntryPoint { name, pc, instruction } in &self.entry_points {
            let at = instruction.as_deref().unwrap_or("nothing: would panic");
            line(out, "entry", &format!("pc {pc} for {name}: {at}"))?;
        }
        for HostCallUse { number, name, uses } in &self.host_calls {
            let name = name.unwrap_or("unknown");
            let times = if *uses == 1 { "once".to_owned() } else { format!("{uses} times") };
            line(out, "host call", &format!("{NAME}{name}{NAME:#} ({number}), {times}"))?;
        }
        for problem in &self.problems {
            line(out, "problem", &format!("{BAD}{problem}{BAD:#}"))?;
        }
        if let Some(hint) = &self.hint {
            line(out, "hint", hint)?;
        }
        Ok(())
    }
}

impl Metadata {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = |out: &mut dyn Write, text: &str| line(out, "metadata", text);
        let Self { octets, info, license, authors, revision, raw } = self;
        match (info, raw) {
            (Some(info), _) => {
                let license = license.as_ref().map(|it| format!(", {it}")).unwrap_or_default();
                let authors = authors.iter().map(|author| format!(", {author}"));
                let authors = authors.collect::<String>();
                let revision = revision.map(|it| format!(", for {it}")).unwrap_or_default();
                line(out, &plain(&format!("{info}{license}{authors}{revision}")))
            }
            (None, Some(raw)) => line(out, &format!("{octets} octets of another kind: {raw}")),
            (None, None) => line(out, "empty"),
        }
    }
}
