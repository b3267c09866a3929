//! Host calls as the command shows them.

use std::io::{self, Write};

use jambox_inspect::hostcalls::{Argument, MemoryDirection, MemoryEvent};

use crate::style::{FAINT, NAME};

/// Writes a call as a line.
pub fn write(
    out: &mut dyn Write,
    name: &str,
    arguments: &[Argument],
    result: &str,
    gas: &str,
) -> io::Result<()> {
    let argument = |Argument { name, text, .. }: &Argument| format!("{name}: {text}");
    let arguments: Vec<_> = arguments.iter().map(argument).collect();
    let arguments = arguments.join(", ");
    writeln!(
        out,
        "  {FAINT}{:<12}{FAINT:#}{NAME}{name}{NAME:#}({arguments}) -> {result} \
         {FAINT}[{gas}]{FAINT:#}",
        "host call"
    )
}

/// Writes the memory that a call read and wrote, a line each.
pub fn write_memory(out: &mut dyn Write, memory: &[MemoryEvent]) -> io::Result<()> {
    memory.iter().try_for_each(|event| {
        let verb = match event.access {
            MemoryDirection::Read => "read",
            MemoryDirection::Write => "write",
        };
        let MemoryEvent { address, length, octets, .. } = event;
        writeln!(out, "  {:<14}{FAINT}{verb} {address:#x}+{length}{FAINT:#} {octets}", "")
    })
}
