//! Disassembly of a program to a text that assembles to it.
//!
//! The code is cut at the octets marked in the bitmask. A piece that equals the encoding of its
//! instruction is written as that instruction; any other piece is written as `.raw` octets, with
//! the instruction as a comment.
//! `.raw` octets, with their meaning as a comment.

use std::fmt::{self, Write};

use jambox_program::{
    Container, CrateInfo, GasPlan, JumpTable, ProgramBlob, ProgramKind, StandardProgram,
};

use crate::dialect::Dialect;
use crate::pieces::{Form, Piece, pieces};
use crate::print::{DialectNames, Hex, Label, Printable, Quoted};

/// Number of octets of data in a line.
const LINE: usize = 16;

/// Writes a program as a text that [`assemble`](crate::assemble)s to the same octets.
///
/// If the revision charges basic blocks as a whole (0.8.0), the gas of each block is beside its
/// label. With `comments`, the position of each instruction and the characters of data are beside
/// them.
#[must_use]
pub fn disassemble(container: &Container, dialect: &Dialect<'_>, comments: bool) -> String {
    write_all(container, dialect, comments, &|_| Vec::new())
}

/// [`disassemble`] with comments and notes. The notes on the instruction at a position are above
/// it, one comment a line, unless they equal the notes on the instruction before.
#[must_use]
pub fn disassemble_with_notes(
    container: &Container,
    dialect: &Dialect<'_>,
    notes: &dyn Fn(u32) -> Vec<String>,
) -> String {
    write_all(container, dialect, true, notes)
}

fn write_all(
    container: &Container,
    dialect: &Dialect<'_>,
    comments: bool,
    notes: &dyn Fn(u32) -> Vec<String>,
) -> String {
    let names = DialectNames(dialect);
    let mut writer = Writer { dialect, names, comments, notes, text: String::new() };
    // Writing to a string never fails.
    let _ = writer.container(container);
    writer.text
}

struct Writer<'a> {
    dialect: &'a Dialect<'a>,
    names: DialectNames<'a>,
    comments: bool,
    notes: &'a dyn Fn(u32) -> Vec<String>,
    text: String,
}

impl Writer<'_> {
    fn container(&mut self, container: &Container) -> fmt::Result {
        let kind = if container.standard().is_some() { "standard" } else { "bare" };
        writeln!(self.text, ".program {kind}")?;
        if let Some(metadata) = &container.metadata {
            self.metadata(metadata)?;
        }
        if let ProgramKind::Standard(standard, _) = &container.kind {
            self.memory(standard)?;
        }
        self.jump_table(container.program())?;
        self.code(container.program())
    }

    fn metadata(&mut self, metadata: &[u8]) -> fmt::Result {
        let info = CrateInfo::parse(metadata).ok().filter(|info| info.encode() == metadata);
        let Some(info) = info else {
            return writeln!(self.text, ".metadata{}", Hex(metadata));
        };
        for (directive, text) in
            [("name", &info.name), ("version", &info.version), ("license", &info.license)]
        {
            writeln!(self.text, ".{directive} {}", Quoted(text))?;
        }
        for author in &info.authors {
            writeln!(self.text, ".author {}", Quoted(author))?;
        }
        match info.revision {
            Some(revision) => writeln!(self.text, ".revision {}", Quoted(revision.name())),
            None => Ok(()),
        }
    }

    fn memory(&mut self, standard: &StandardProgram) -> fmt::Result {
        writeln!(self.text, ".heap_pages {}", standard.heap_pages())?;
        writeln!(self.text, ".stack_size {}", standard.stack_size())?;
        for (directive, data) in [("ro", standard.read_only()), ("rw", standard.read_write())] {
            if !data.is_empty() {
                writeln!(self.text, "\n.{directive}")?;
                self.data(data)?;
            }
        }
        Ok(())
    }

    fn data(&mut self, mut data: &[u8]) -> fmt::Result {
        while !data.is_empty() {
            let zeros = data.iter().take_while(|octet| **octet == 0).count();
            let zero_lines = zeros.saturating_sub(zeros % LINE);
            if zero_lines > 0 || zeros == data.len() {
                let count = if zeros == data.len() { zeros } else { zero_lines };
                writeln!(self.text, "    .zero {count}")?;
                data = data.get(count..).unwrap_or_default();
                continue;
            }
            let (line, rest) = data.split_at(LINE.min(data.len()));
            write!(self.text, "    .hex{}", Hex(line))?;
            if self.comments {
                let width = LINE.saturating_sub(line.len()).saturating_mul(3);
                write!(self.text, "{:width$} ; {}", "", Printable(line))?;
            }
            writeln!(self.text)?;
            data = rest;
        }
        Ok(())
    }

    fn jump_table(&mut self, program: &ProgramBlob) -> fmt::Result {
        let table = program.jump_table();
        if *table == JumpTable::default() {
            return Ok(());
        }
        writeln!(self.text)?;
        if table.entry_size() == 0 {
            return writeln!(self.text, ".zero_entries {}", table.len());
        }
        let entries: Vec<u64> = (0..table.len()).map_while(|index| table.get(index)).collect();
        if *table != JumpTable::new(&entries) {
            writeln!(self.text, ".entry_size {}", table.entry_size())?;
        }
        for line in entries.chunks(8) {
            self.text.push_str(".jump_table");
            for (index, entry) in line.iter().enumerate() {
                let separator = if index == 0 { " " } else { ", " };
                let label = u32::try_from(*entry).ok().filter(|pc| self.has_label(program, *pc));
                match label {
                    Some(pc) => write!(self.text, "{separator}{}", Label(pc))?,
                    None => write!(self.text, "{separator}@{entry}")?,
                }
            }
            writeln!(self.text)?;
        }
        Ok(())
    }

    /// Every basic block has a label.
    fn has_label(&self, program: &ProgramBlob, pc: u32) -> bool {
        program.is_block_start(self.dialect.set, pc)
    }

    fn code(&mut self, program: &ProgramBlob) -> fmt::Result {
        writeln!(self.text, "\n.code")?;
        let mut above = Vec::new();
        for piece in pieces(program, self.dialect.set) {
            if self.has_label(program, piece.octets.start) {
                self.label(program, piece.octets.start)?;
            }
            let notes = (self.notes)(piece.octets.start);
            if notes != above {
                for note in &notes {
                    let note: String = note.chars().filter(|c| !c.is_control()).collect();
                    writeln!(self.text, "    ; {note}")?;
                }
                above = notes;
            }
            self.piece(program, &piece)?;
        }
        Ok(())
    }

    /// Label of a block, with the block's gas if it is charged as a whole.
    fn label(&mut self, program: &ProgramBlob, pc: u32) -> fmt::Result {
        write!(self.text, "{}:", Label(pc))?;
        let plan = GasPlan::of(self.dialect.set);
        if plan.flat_cost().is_none() {
            write!(self.text, " ; {} gas", plan.cost_at(program, pc))?;
        }
        writeln!(self.text)
    }

    fn piece(&mut self, program: &ProgramBlob, piece: &Piece) -> fmt::Result {
        let start = self.text.len();
        self.text.push_str("    ");
        match piece.form {
            Form::Instruction(instruction) => {
                write!(self.text, "{}", instruction.display(&self.names))?;
            }
            Form::Raw(_) => write!(self.text, ".raw{}", Hex(piece.code(program)))?,
            Form::Unmarked => write!(self.text, ".unmarked{}", Hex(piece.code(program)))?,
        }
        if self.comments {
            let width = 48_usize.saturating_sub(self.text.len().saturating_sub(start));
            write!(self.text, "{:width$} ; {}", "", piece.octets.start)?;
            if let Form::Raw(instruction) = piece.form {
                write!(self.text, ": {}", instruction.display(&self.names))?;
            }
        }
        writeln!(self.text)
    }
}
