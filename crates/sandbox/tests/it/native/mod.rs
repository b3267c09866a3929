//! Native code: units, entry, exit and faults.

mod forks;
mod signals;

use std::sync::{Arc, LazyLock};

use jambox_sandbox::native::asm::{Assembler, Place, Unfit};
use jambox_sandbox::native::x86_64::{Condition, Gpr, Mem, Size};
use jambox_sandbox::native::{CHUNK_CODE, CodeAddress, NativeExit, NativeProgram, Room};
use jambox_sandbox::{Access, GuestMemory, Pool, PoolLimits, ReservedMemory};

/// The pool of all memories here.
static POOL: LazyLock<Arc<Pool>> = LazyLock::new(|| Pool::new(PoolLimits::default()));

/// Code that reads guest memory at `r7` into `r8`, adds 1 to `r0`, and leaves with position 77.
fn reader() -> (NativeProgram, CodeAddress) {
    let program = program();
    let mut asm = program.assembler();
    let entry = append(&program, &mut asm, |asm| {
        asm.load_u64(Gpr::Rsi, Mem::Guest(Some(Gpr::Rdi), 0));
        asm.add_imm(Size::S64, Gpr::R14, 1);
        asm.exit_step(77);
    });
    (program, entry)
}

fn program() -> NativeProgram {
    NativeProgram::new(&POOL, 4, 1 << 20).expect("a platform that runs native code")
}

/// Makes a unit code, and returns its address.
fn append(
    program: &NativeProgram,
    asm: &mut Assembler,
    write: impl FnOnce(&mut Assembler),
) -> CodeAddress {
    assert!(program.begin(asm, Room { octets: 4096, slots: 8 }), "room");
    let entry = asm.here();
    write(asm);
    program.append(asm).expect("it is fit");
    program.address(asm, entry).expect("it is code")
}

/// Runs code that touches no memory; returns the stop and `r0`.
fn run(program: &NativeProgram, entry: CodeAddress) -> (NativeExit, u64) {
    let mut regs = [0; 13];
    let stop = program.run(&mut regs, &mut 0, &mut armed(), entry);
    (stop, regs[0])
}

fn armed() -> ReservedMemory {
    let mut memory = ReservedMemory::new(&POOL).expect("address space");
    memory.set_access(16, 1, Access::ReadOnly);
    memory.write_raw(0x1_0000, &0x1122_3344_5566_7788_u64.to_le_bytes());
    assert!(memory.arm());
    memory
}

/// Runs the reader at an address.
fn read(at: u64, memory: &mut ReservedMemory) -> (NativeExit, [u64; 13], CodeAddress) {
    let (program, entry) = reader();
    let mut regs: [u64; 13] = core::array::from_fn(|index| 100 + index as u64);
    regs[7] = at;
    let mut gas = 1 << 63;
    let stop = program.run(&mut regs, &mut gas, memory, entry);
    assert_eq!(gas, 1 << 63);
    (stop, regs, entry)
}

#[test]
fn code_says_that_its_gas_is_not_there() {
    let program = program();
    let entry = append(&program, &mut program.assembler(), |asm| {
        asm.sub_amount(Size::S64, Gpr::R15, false);
        asm.fill(3);
        let unpaid = asm.jcc(Condition::Below);
        asm.exit_step(1);
        asm.aim_here(unpaid);
        asm.add_imm(Size::S64, Gpr::R15, 3);
        asm.exit_unpaid(2);
    });
    let run = |mut gas| (program.run(&mut [0; 13], &mut gas, &mut armed(), entry), gas);
    assert_eq!(run(3), (NativeExit::Step { pc: 1 }, 0));
    assert_eq!(run(2), (NativeExit::Unpaid { pc: 2 }, 2));
}

#[test]
fn registers_go_in_and_come_out() {
    // The upper half of the address must not matter.
    let (stop, regs, _) = read(0xffff_ffff_0001_0000, &mut armed());
    assert_eq!(stop, NativeExit::Step { pc: 77 });
    let mut expected: [u64; 13] = core::array::from_fn(|index| 100 + index as u64);
    (expected[0], expected[7]) = (101, 0xffff_ffff_0001_0000);
    expected[8] = 0x1122_3344_5566_7788;
    assert_eq!(regs, expected);
}

#[test]
fn a_fault_comes_back_with_the_state_before_it() {
    // Inaccessible, straddling into the next page, below 2^16, and around the end of the space.
    for at in [0x5_0000, 0x1_0ffc, 0xfffc, 0, 0xffff_fffc, u64::MAX] {
        let (stop, regs, entry) = read(at, &mut armed());
        assert_eq!(stop, NativeExit::Fault { at: entry }, "{at:#x}");
        assert_eq!((regs[0], regs[7], regs[8]), (100, at, 108), "{at:#x}");
    }
}

#[test]
fn an_unarmed_memory_is_refused() {
    let mut memory = ReservedMemory::new(&POOL).expect("address space");
    assert_eq!(read(0x1_0000, &mut memory).0, NativeExit::Refused);
}

#[test]
fn no_page_is_writable_and_executable() {
    let _ = read(0x1_0000, &mut armed());
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    let mut code = 0;
    for line in maps.lines() {
        let rights = line.split(' ').nth(1).expect("rights");
        assert!(!(rights.contains('w') && rights.contains('x')), "{line}");
        code += usize::from(line.contains("jambox-code") && rights.starts_with("r-x"));
    }
    assert_eq!(code, 1);
}

#[test]
fn a_program_has_no_more_code_than_it_may_and_no_unit_more_than_a_chunk() {
    let program =
        NativeProgram::new(&POOL, 1, 2 * CHUNK_CODE).expect("a platform that runs native code");
    let mut asm = program.assembler();
    let room = Room { octets: CHUNK_CODE, slots: 0 };
    let fill = |asm: &mut Assembler, octets: usize| {
        while asm.at() + 32 < octets {
            asm.mov_u64(Gpr::Rax, 7);
        }
        asm.exit_step(1);
    };
    for _ in 0..2 {
        assert!(program.begin(&mut asm, room));
        fill(&mut asm, CHUNK_CODE);
        assert_eq!(program.append(&mut asm), Ok(()));
    }
    assert!(!program.begin(&mut asm, room), "two chunks are all there may be");
    let small = Room { octets: 8, slots: 0 };
    assert!(program.begin(&mut asm, small), "what is left of the second");
    fill(&mut asm, 100);
    assert_eq!(program.append(&mut asm), Err(Unfit::TooLong));
    assert!(asm.octets_finished() > 2 * CHUNK_CODE - 100);
}

#[test]
fn code_runs_in_its_own_program_only() {
    let ((one, entry), (other, _)) = (reader(), reader());
    assert_eq!(run(&other, entry).0, NativeExit::Refused);
    drop(one);
    let (third, of_third) = reader();
    assert_eq!(run(&third, entry).0, NativeExit::Refused, "even in the place of its own program");
    // Nor does a table take it.
    other.set_entry(1, of_third);
    let mut asm = other.assembler();
    let jump = append(&other, &mut asm, |asm| {
        asm.mov_u32(Gpr::Rax, 2);
        let outside = asm.jmp_dispatch(5, Gpr::Rax, 0, None);
        asm.aim_here(outside);
        asm.exit_step(6);
    });
    assert_eq!(run(&other, jump).0, NativeExit::Dispatch { index: 1, pc: 5 });
}

#[test]
fn a_unit_becomes_code_only_where_it_was_begun() {
    let (one, other) = (program(), program());
    let room = Room { octets: 100, slots: 1 };
    let mut asm = one.assembler();
    assert_eq!(one.append(&mut asm), Err(Unfit::NotBegun), "nothing was begun");
    asm.exit_step(1);
    assert_eq!(one.append(&mut asm), Err(Unfit::NotBegun));
    assert!(one.begin(&mut asm, room));
    let entry = asm.here();
    asm.exit_step(1);
    assert!(one.address(&asm, entry).is_none(), "it is not code yet");
    // Another assembler's units go elsewhere.
    append(&one, &mut one.assembler(), |asm| asm.exit_step(2));
    assert_eq!(one.append(&mut asm), Ok(()));
    assert!(one.address(&asm, entry).is_some());
    assert_eq!(one.append(&mut asm), Err(Unfit::NotBegun), "once");
    assert!(!other.begin(&mut asm, room), "the assembler is of another program");
    assert_eq!(other.append(&mut asm), Err(Unfit::NotBegun));
    assert!(other.address(&asm, Place::of_number(0)).is_none());
    let mut looked_at = Assembler::to_look_at(1);
    looked_at.exit_step(1);
    assert_eq!(one.append(&mut looked_at), Err(Unfit::NotBegun));
}

#[test]
fn slots_lead_out_until_they_are_set() {
    let program = program();
    let mut asm = program.assembler();
    let mut slot = None;
    let from = append(&program, &mut asm, |asm| {
        slot = asm.jump_slot();
        asm.exit_compile(5);
    });
    let slot = slot.expect("room for it");
    assert_eq!(run(&program, from).0, NativeExit::Compile { pc: 5 });
    let mut target = Place::of_number(9);
    program.set_slot(&asm, slot, target);
    assert_eq!(run(&program, from).0, NativeExit::Compile { pc: 5 }, "there is no such place");
    append(&program, &mut asm, |asm| {
        asm.mov_u32(Gpr::R14, 9);
        target = asm.here();
        asm.add_imm(Size::S64, Gpr::R14, 1);
        asm.exit_step(6);
    });
    program.set_slot(&program.assembler(), slot, target);
    assert_eq!(
        run(&program, from).0,
        NativeExit::Compile { pc: 5 },
        "no place of that assembler's"
    );
    program.set_slot(&asm, slot, target);
    assert_eq!(run(&program, from), (NativeExit::Step { pc: 6 }, 1));
    // Slots of a chunk that was another program's lead nowhere but out.
    drop(program);
    for _ in 0..3 {
        let next = self::program();
        let mut asm = next.assembler();
        let from = append(&next, &mut asm, |asm| {
            assert!(asm.jump_slot().is_some());
            asm.exit_compile(7);
        });
        assert_eq!(run(&next, from).0, NativeExit::Compile { pc: 7 });
    }
}

#[test]
fn a_host_call_goes_on_after_itself() {
    let program = program();
    let mut asm = program.assembler();
    let entry = append(&program, &mut asm, |asm| {
        asm.mov_u32(Gpr::R14, 3);
        asm.exit_host_call(10, -4);
        asm.add_imm(Size::S64, Gpr::R14, 1);
        asm.exit_step(11);
    });
    let (stop, r0) = run(&program, entry);
    let NativeExit::HostCall { pc: 10, number: -4, resume } = stop else { panic!("{stop:?}") };
    assert_eq!(r0, 3);
    assert_eq!(run(&program, resume), (NativeExit::Step { pc: 11 }, 1));
}
