//! `cargo xtask check-dispatch`: tests that the interpreter's ops pass control by jumps.
//!
//! In the engine's threaded dispatch each op ends with a call of the next. The stack stays flat
//! only if the compiler turns these calls into jumps, which the language does not promise. So this
//! reads the machine code in the release build of `jambox`.

use std::process::Command;

use crate::command::{cargo, root, succeed};

/// Module of the engine's functions that pass control, within their names.
const MODULE: &str = "jambox_engine::interpreter::control::";

/// Smallest number of jumping handlers; with fewer, the check has read the wrong functions.
const EXPECTED_HANDLERS: usize = 1000;

/// Builds `jambox` and fails if a handler calls another.
pub fn run() -> Result<(), String> {
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        println!("check-dispatch: skipped, ops are dispatched by a loop on this target");
        return Ok(());
    }
    succeed(cargo().args(["build", "--quiet", "--release", "--package", "jambox-cli"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map(Into::into);
    let binary = target.unwrap_or_else(|| root().join("target")).join("release/jambox");
    let mut objdump = Command::new("objdump");
    objdump.args(["--disassemble", "--demangle", "--no-show-raw-insn"]).arg(&binary);
    let output = objdump.output().map_err(|error| {
        format!("objdump: {error}. It comes with binutils, for instance: apt-get install binutils")
    })?;
    if !output.status.success() {
        return Err(format!("{objdump:?}: {}", output.status));
    }
    let disassembly = String::from_utf8_lossy(&output.stdout);
    let (jumping, calling) = count(&disassembly);
    if let Some(name) = calling.first() {
        return Err(format!("{} handlers call the next op, the first is {name}", calling.len()));
    }
    if jumping < EXPECTED_HANDLERS {
        return Err(format!("only {jumping} handlers jump to the next op: wrong symbols?"));
    }
    println!("check-dispatch: {jumping} handlers pass control by jumps, none by calls");
    Ok(())
}

/// Number of the engine's functions that jump through a register, and names of those that call
/// through one.
fn count(disassembly: &str) -> (usize, Vec<&str>) {
    let (mut jumping, mut calling) = (0, Vec::new());
    for function in disassembly.split("\n\n") {
        let Some((header, body)) = function.trim_start().split_once('\n') else { continue };
        if !header.contains(MODULE) {
            continue;
        }
        let mut instructions =
            body.lines().filter_map(|line| Some(line.split_once('\t')?.1.trim()));
        if instructions.clone().any(is_indirect_call) {
            calling.push(header);
        }
        jumping += usize::from(instructions.any(is_indirect_jump));
    }
    (jumping, calling)
}

fn is_indirect_call(instruction: &str) -> bool {
    mnemonic_through_register(instruction, "call", "blr")
}

fn is_indirect_jump(instruction: &str) -> bool {
    mnemonic_through_register(instruction, "jmp", "br")
}

/// Calls and jumps through a place relative to the program counter are no dispatch: by the linker's
/// table they go to one constant function.
fn mnemonic_through_register(instruction: &str, x86: &str, arm: &str) -> bool {
    let (mnemonic, operands) = instruction.split_once(char::is_whitespace).unwrap_or_default();
    let is_indirect = operands.trim_start().starts_with('*') && !operands.contains("(%rip)");
    mnemonic == arm || (mnemonic.starts_with(x86) && is_indirect)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
0000000000001000 <<jambox_engine::interpreter::control::Onward<S,R> as \
jambox_engine::interpreter::control::Handled<D>>::ENTRY::op_handler>:
    1000:\tmov    (%rdi),%rax
    1003:\tjmp    *%rax

0000000000001010 <jambox_engine::interpreter::control::enter>:
    1010:\tcall   2000 <jambox_engine::interpreter::code::Code<D>::prepare>
    1012:\tcall   *0xd119c(%rip)        # 13bbc0 <_DYNAMIC+0x4b8>
    1015:\tcall   *(%rax)
    1017:\tret

0000000000001020 <jambox_engine::interpreter::control::decode_next>:
    1020:\tcall   *0xd119c(%rip)        # 13bbc0 <_DYNAMIC+0x4b8>
    1026:\tjmp    *%rax

0000000000001030 <somebody::else>:
    1030:\tcall   *%rax";

    #[test]
    fn calls_and_jumps_are_told_apart() {
        let (jumping, calling) = count(LISTING);
        assert_eq!(jumping, 2);
        assert_eq!(calling.len(), 1);
        assert!(calling[0].contains("control::enter"));
    }
}
