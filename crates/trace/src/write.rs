//! Writing of traces in a canonical form, for textual diffs.

use std::io::{self, Write};

use crate::{Action, Block, End, EndKind, Execution, TracedState};

/// Writes an execution.
///
/// The host's actions in a call are put into JIP-7's order: reads by address, then writes by
/// address, then registers, then gas. Overlapping writes are merged into one with the same effect.
///
/// # Errors
///
/// When writing fails.
pub fn write_execution(out: &mut impl Write, execution: &Execution) -> io::Result<()> {
    for comment in &execution.comments {
        write_comment(out, comment)?;
    }
    write_prelude(out, &execution.program, &execution.writes, &execution.start)?;
    for call in &execution.calls {
        write_call(out, call.number, &call.state, &call.actions)?;
    }
    execution.end.as_ref().map_or(Ok(()), |end| write_end(out, end))
}

pub(crate) fn write_comment(out: &mut impl Write, comment: &str) -> io::Result<()> {
    comment.lines().try_for_each(|line| writeln!(out, "comment {line}"))
}

pub(crate) fn write_prelude(
    out: &mut impl Write,
    program: &[u8],
    writes: &[Block],
    start: &TracedState,
) -> io::Result<()> {
    writeln!(out, "program {}", const_hex::encode_prefixed(program))?;
    for block in writes {
        writeln!(out, "{}", Action::Write(block.clone()))?;
    }
    writeln!(out, "start {start}")
}

pub(crate) fn write_call(
    out: &mut impl Write,
    number: u64,
    state: &TracedState,
    actions: &[Action],
) -> io::Result<()> {
    writeln!(out, "ecalli={number} {state}")?;
    in_order(actions).iter().try_for_each(|action| writeln!(out, "{action}"))
}

pub(crate) fn write_end(out: &mut impl Write, end: &End) -> io::Result<()> {
    match end.kind {
        EndKind::Halt => writeln!(out, "HALT {}", end.state),
        EndKind::Panic(argument) => writeln!(out, "PANIC={argument} {}", end.state),
        EndKind::OutOfGas => writeln!(out, "OOG {}", end.state),
    }
}

/// The host's actions in JIP-7's order. Of several values for one register, or for gas, the last is
/// kept.
pub(crate) fn in_order(actions: &[Action]) -> Vec<Action> {
    let mut reads = Vec::new();
    let mut writes = Vec::new();
    let mut registers = [const { None }; 13];
    let mut gas = None;
    for action in actions {
        match action {
            Action::Read(block) => reads.push(block.clone()),
            Action::Write(block) => merge(&mut writes, block.clone()),
            Action::SetRegister { register, value } => {
                if let Some(to) = registers.get_mut(usize::from(*register)) {
                    *to = Some(Action::SetRegister { register: *register, value: *value });
                }
            }
            Action::SetGas(value) => gas = Some(Action::SetGas(*value)),
        }
    }
    reads.sort();
    writes.sort();
    let reads = reads.into_iter().map(Action::Read);
    let writes = writes.into_iter().map(Action::Write);
    reads.chain(writes).chain(registers.into_iter().flatten()).chain(gas).collect()
}

/// Adds a write to writes that do not overlap, and merges it with those that it overlaps.
fn merge(writes: &mut Vec<Block>, new: Block) {
    let overlaps =
        |old: &Block| u64::from(old.address) < new.end() && u64::from(new.address) < old.end();
    let (old, apart): (Vec<_>, Vec<_>) = writes.drain(..).partition(overlaps);
    *writes = apart;
    let parts = || old.iter().chain(Some(&new));
    let address = parts().map(|block| block.address).min().unwrap_or(new.address);
    let end = parts().map(Block::end).max().unwrap_or(new.end());
    let length = usize::try_from(end.saturating_sub(address.into())).unwrap_or_default();
    let mut octets = vec![0; length];
    for block in parts() {
        let start = block.address.saturating_sub(address) as usize;
        let into = octets.iter_mut().skip(start);
        into.zip(&block.octets).for_each(|(to, from)| *to = *from);
    }
    writes.push(Block { address, octets });
}
