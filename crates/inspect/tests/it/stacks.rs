//! Call stacks of programs in assembly, whose calls are known.

use jambox_asm::{Dialect, assemble};
use jambox_engine::{Config, Engine, Exit, Instance, StandardModule};
use jambox_inspect::stack::{self, End, Found};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::StandardProgram;
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

/// `outer` calls `middle`, that calls `leaf`, which traps. `middle` saves ra, `leaf` need not.
const CALLS: &str = "
.stack_size 4096
.jump_table after_middle, after_leaf
.code
    add_imm_64 sp, sp, -16
    store_ind_u64 [sp + 8], ra
    load_imm_jump ra, 2, middle
after_middle:
    load_ind_u64 ra, [sp + 8]
    add_imm_64 sp, sp, 16
    jump_ind ra
middle:
    add_imm_64 sp, sp, -32
    store_ind_u64 [sp + 24], ra
    store_ind_u64 [sp], s0
    load_imm_jump ra, 4, leaf
after_leaf:
    load_ind_u64 ra, [sp + 24]
    add_imm_64 sp, sp, 32
    jump_ind ra
leaf:
    load_imm a0, 7
    trap
";

/// The machine of a program after its trap.
fn trapped(text: &str) -> Instance {
    trapped_under(Revision::GrayPaper080, text)
}

fn trapped_under(revision: Revision, text: &str) -> Instance {
    let dialect = Dialect { set: InstructionSet::of(revision), host_calls: &[] };
    let assembly = assemble(text, &dialect).unwrap_or_else(|error| panic!("{error}"));
    let standard: &StandardProgram = assembly.container.standard().expect("a standard program");
    let config = Config { revision, ..Config::default() };
    let ready = StandardModule::new(&Engine::new(config).unwrap(), standard.clone()).unwrap();
    let mut instance = ready.instance(&[]).unwrap();
    instance.set_gas(10_000);
    assert_eq!(instance.run(), Exit::Panic);
    instance
}

/// The positions of all calls and of the trap, in the order of the text.
fn places(instance: &Instance) -> Vec<u64> {
    let program = instance.module().program();
    let all = program.instructions(instance.module().engine().instruction_set());
    let matters = all.filter(|it| {
        let text = it.instruction.to_string();
        text.starts_with("load_imm_jump") || text == "trap"
    });
    matters.map(|it| u64::from(it.pc)).collect()
}

/// Symbols of functions, each from its start to the next one's.
fn symbols(starts: &[(&str, u32)], end: u32) -> Symbols {
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([end]);
    let ranges = starts.iter().zip(ends).map(|((name, start), end)| Range {
        start: *start,
        end,
        frames: vec![Frame { function: (*name).into(), file: "a.rs".into(), line: *start }],
    });
    Symbols::new(Hash::ZERO, ranges.collect()).unwrap()
}

/// The symbols of [`CALLS`] and of programs with the same calls.
fn named(instance: &Instance) -> Symbols {
    let calls = places(instance);
    // `middle` begins four instructions after the first call, `leaf` after the second.
    let fourth = |pc: u64| (0..4).fold(pc, |pc, _| instance.module().next_pc(pc)) as u32;
    let end = instance.module().program().code_len();
    symbols(&[("outer", 0), ("middle", fourth(calls[0])), ("leaf", fourth(calls[1]))], end)
}

#[test]
fn callers_are_found_with_and_without_symbols() {
    let instance = trapped(CALLS);
    let [outer, middle, trap] = places(&instance)[..] else { panic!() };
    let named = named(&instance);

    let stack = stack::of(&instance, Some(&named));
    let found: Vec<_> = stack.frames.iter().map(|it| (it.pc, it.found)).collect();
    let by_address = Found::ReturnAddress;
    assert_eq!(found, [(trap, Found::Here), (middle, by_address), (outer, by_address)]);
    let functions: Vec<_> =
        stack.frames.iter().map(|it| it.source[0].function.to_string()).collect();
    assert_eq!(functions, ["leaf", "middle", "outer"]);
    assert_eq!(stack.end, End::Entry);
    assert_eq!(stack.frames[2].sp, stack.frames[1].sp + 32);

    let without = stack::of(&instance, None);
    let pcs: Vec<_> = without.frames.iter().map(|it| it.pc).collect();
    assert!(pcs.ends_with(&[outer]), "{pcs:?}");
    assert_eq!(without.end, End::Entry);
}

#[test]
fn a_lost_frame_is_searched_for_and_marked() {
    // The leaf has used ra for something else, and two places call it.
    let lost = CALLS.replace("load_imm a0, 7", "load_imm ra, 7");
    let lost = lost.replace("after_middle, after_leaf", "after_middle, after_leaf, after_again");
    let again = "after_leaf:\n    load_imm_jump ra, 6, leaf\nafter_again:";
    let instance = trapped(&lost.replace("after_leaf:", again));
    let [outer, _, _, trap] = places(&instance)[..] else { panic!() };
    let stack = stack::of(&instance, Some(&named(&instance)));
    let found: Vec<_> = stack.frames.iter().map(|it| (it.pc, it.found)).collect();
    // The return address of `middle`'s call was in ra alone: its frame is missing, and the mark
    // says that frames may be.
    assert_eq!(found, [(trap, Found::Here), (outer, Found::Searching)], "{stack}");
    assert!(stack.to_string().contains("found by searching"), "{stack}");
}

#[test]
fn where_no_frame_is_found_the_words_are_shown() {
    let text = "
.stack_size 4096
.code
    load_imm ra, 7
    add_imm_64 sp, sp, -24
    store_imm_ind_u64 [sp], 0x1234
    trap
";
    let instance = trapped(text);
    let stack = stack::of(&instance, None);
    let End::NotFound(words) = &stack.end else { panic!("{stack}") };
    let sp = instance.regs()[1];
    assert_eq!(words[..], [(sp, 0x1234), (sp + 8, 0), (sp + 16, 0)]);
    let shown = stack.to_string();
    assert!(shown.contains("no frame found") && shown.contains("0x0000000000001234"), "{shown}");
}

/// A program as compilers make it: functions that never return keep no return address, and neither
/// do functions that call only such functions. `check` compares `FIRST` and `SECOND` with 5.
const PANICS: &str = "
.stack_size 4096
.ro
message_one: .ascii \"one\"
message_two: .ascii \"two\"
place_one: .ascii \"1\"
place_two: .ascii \"2\"
.rw
.jump_table after_middle, after_check, after_one, after_two, after_handler
.code
    add_imm_64 sp, sp, -16
    store_ind_u64 [sp + 8], ra
    load_imm a0, FIRST
    load_imm a1, SECOND
    load_imm_jump ra, 2, middle
after_middle:
    load_ind_u64 ra, [sp + 8]
    add_imm_64 sp, sp, 16
    jump_ind ra
middle:
    add_imm_64 sp, sp, -8
    store_ind_u64 [sp], ra
    load_imm_jump ra, 4, check
after_check:
    load_ind_u64 ra, [sp]
    add_imm_64 sp, sp, 8
    jump_ind ra
check:
    branch_eq_imm a0, 5, fails_one
    branch_eq_imm a1, 5, fails_two
    jump_ind ra
fails_one:
    load_imm a0, message_one
    load_imm a2, place_one
    load_imm_jump ra, 6, panic
after_one:
    trap
fails_two:
    load_imm a0, message_two
    load_imm a2, place_two
    load_imm_jump ra, 8, panic
after_two:
    trap
panic:
    add_imm_64 sp, sp, -40
    store_ind_u64 [sp], a0
    store_ind_u64 [sp + 24], a2
    load_imm_jump ra, 10, handler
after_handler:
    trap
handler:
    add_imm_64 sp, sp, -64
    trap
";

#[test]
fn callers_that_keep_no_return_address_are_found_where_one_way_leads_there() {
    for revision in Revision::ALL {
        for (first, second, failing) in [("5", "6", 2), ("6", "5", 3)] {
            let text = PANICS.replace("FIRST", first).replace("SECOND", second);
            let instance = trapped_under(revision, &text);
            let calls: Vec<_> = places(&instance);
            let [outer, middle] = [calls[0], calls[1]];
            // Of each of the two that fail there is the call and a trap behind it.
            let panics = calls[2 + 2 * (failing - 2)];
            let handler = calls[6];
            let stack = stack::of(&instance, None);
            let found: Vec<_> = stack.frames.iter().map(|it| (it.pc, it.found)).collect();
            let expected = [
                (calls[8], Found::Here),
                (handler, Found::ReturnAddress),
                (panics, Found::OnlyWay),
                (middle, Found::OnlyWay),
                (outer, Found::ReturnAddress),
            ];
            assert_eq!(found, expected, "{stack}");
            assert_eq!(stack.end, End::Entry);
        }
    }
}

#[test]
fn of_two_ways_that_nothing_tells_apart_none_is_taken() {
    let text = PANICS.replace("FIRST", "5").replace("SECOND", "6");
    // Both fail with the same message and place.
    let text = text.replace("a0, message_two", "a0, message_one");
    let text = text.replace("a2, place_two", "a2, place_one");
    let instance = trapped_under(Revision::GrayPaper080, &text);
    let stack = stack::of(&instance, None);
    let [.., last] = &stack.frames[..] else { panic!() };
    assert_eq!((last.pc, last.found), (places(&instance)[0], Found::Searching), "{stack}");
}
