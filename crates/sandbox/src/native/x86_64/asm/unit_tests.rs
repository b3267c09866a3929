//! Units: fitness to run, and code of the forms that the assembler puts together.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, NumberBase};

use super::{Condition, Gpr, Mem, Size};
use crate::native::asm::{Assembler, Jump, Place, Unfit};

/// The instructions of a unit, each with where it starts.
fn listed(asm: &Assembler) -> Vec<(usize, String)> {
    let octets = asm.octets();
    let mut decoder = Decoder::with_ip(64, octets, 0, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_number_base(NumberBase::Decimal);
    options.set_signed_immediate_operands(true);
    options.set_rip_relative_addresses(true);
    options.set_show_branch_size(false);
    options.set_branch_leading_zeros(false);
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let (at, mut text) = (decoder.position(), String::new());
        formatter.format(&decoder.decode(), &mut text);
        lines.push((at, text));
    }
    lines
}

#[test]
fn a_host_call_says_where_to_go_on() {
    let mut asm = Assembler::to_look_at(1);
    asm.exit_host_call(1234, -5);
    let end = asm.at();
    let texts: Vec<String> = listed(&asm).into_iter().map(|(_, text)| text).collect();
    let expected = [
        format!("lea rcx,[rip+{}]", end - 7),
        "mov [rsp+32],rcx".to_string(),
        "mov dword ptr [rsp+40],-5".to_string(),
        "mov ecx,1234".to_string(),
        "jmp qword ptr [rsp+8]".to_string(),
    ];
    assert_eq!(texts, expected);
    assert_eq!(asm.check(), Err(Unfit::NoEnd), "the host goes on after it");
    asm.exit_step(1);
    assert_eq!(asm.check(), Ok(()));
}

#[test]
fn ways_out_name_every_position() {
    for pc in [0, 1, 0x1234_5678, u32::MAX] {
        let mut asm = Assembler::to_look_at(1);
        asm.exit_step(pc);
        asm.exit_compile(pc);
        let texts: Vec<String> = listed(&asm).into_iter().map(|(_, text)| text).collect();
        let position = format!("mov ecx,{}", pc as i32);
        let expected = [&position, "jmp qword ptr [rsp]", &position, "jmp qword ptr [rsp+16]"];
        assert_eq!(texts, expected);
    }
}

#[test]
fn an_indirect_jump_is_checked_to_have_an_entry() {
    let mut asm = Assembler::to_look_at(100);
    let outside = asm.jmp_dispatch(7, Gpr::Rdi, -2, Some((Gpr::R14, 60)));
    assert_eq!(asm.check(), Err(Unfit::UnaimedJump));
    let out = asm.at();
    asm.aim_here(outside);
    asm.exit_step(7);
    assert_eq!(asm.check(), Ok(()));
    let texts: Vec<String> = listed(&asm).into_iter().map(|(_, text)| text).collect();
    let expected = [
        "mov dword ptr [rsp+40],7".to_string(),
        "lea ecx,[rdi-2]".to_string(),
        "rorx ecx,ecx,1".to_string(),
        "cmp ecx,99".to_string(),
        format!("ja {out}"),
        "shl ecx,3".to_string(),
        "add rcx,[rsp+24]".to_string(),
        "mov r14d,60".to_string(),
        "jmp qword ptr [rcx]".to_string(),
        "mov ecx,7".to_string(),
        "jmp qword ptr [rsp]".to_string(),
    ];
    assert_eq!(texts, expected);

    let mut asm = Assembler::to_look_at(100);
    let outside = asm.jmp_dispatch(7, Gpr::Rdi, 0, Some((Gpr::Rcx, 60)));
    asm.aim_here(outside);
    asm.exit_step(7);
    assert_eq!(asm.check(), Err(Unfit::Misused), "rcx holds the entry");
}

#[test]
fn a_unit_that_could_run_off_is_unfit() {
    let check = |write: &dyn Fn(&mut Assembler)| {
        let mut asm = Assembler::to_look_at(1);
        write(&mut asm);
        asm.check()
    };
    assert_eq!(check(&|_| {}), Err(Unfit::NoEnd));
    assert_eq!(check(&|asm| asm.add(Size::S64, Gpr::Rax, Gpr::Rax)), Err(Unfit::NoEnd));
    assert_eq!(check(&|asm| asm.exit_step(0)), Ok(()));
    let aimless = |asm: &mut Assembler| {
        let _ = asm.jump();
    };
    assert_eq!(check(&aimless), Err(Unfit::UnaimedJump));
    let to_the_end = |asm: &mut Assembler| {
        let jump = asm.jump();
        asm.aim_here(jump);
    };
    assert_eq!(check(&to_the_end), Err(Unfit::NoEnd));
    let place_at_the_end = |asm: &mut Assembler| {
        asm.exit_step(0);
        asm.here();
    };
    assert_eq!(check(&place_at_the_end), Err(Unfit::NoEnd));
    let slot_at_the_end = |asm: &mut Assembler| assert!(asm.jump_slot().is_some());
    assert_eq!(check(&slot_at_the_end), Err(Unfit::NoEnd));
    let far = |asm: &mut Assembler| {
        let jump = asm.jcc_short(Condition::Equal);
        for _ in 0..40 {
            asm.mov_u32(Gpr::Rax, 1);
        }
        asm.aim_here(jump);
        asm.exit_step(0);
    };
    assert_eq!(check(&far), Err(Unfit::Misused));
    let nowhere = |asm: &mut Assembler| {
        let jump = asm.jump();
        asm.aim(jump, Place::of_number(3));
    };
    assert_eq!(check(&nowhere), Err(Unfit::Misused));
}

fn pick<T: Copy>(from: &[T], draw: &mut impl FnMut(u64) -> u64) -> Option<T> {
    from.get(draw(from.len().max(1) as u64) as usize).copied()
}

/// Writes one of the forms that units are made of, or makes a place.
fn write_any(
    asm: &mut Assembler,
    draw: &mut impl FnMut(u64) -> u64,
    jumps: &mut Vec<Jump>,
    places: &mut Vec<Place>,
) {
    match draw(10) {
        0 => jumps.push(asm.jump()),
        1 => jumps.push(asm.jcc(Condition::Above)),
        2 => jumps.push(asm.jcc_short(Condition::Less)),
        3 => places.push(asm.here()),
        4 => asm.sub_amount(Size::S64, Gpr::R15, draw(2) == 0),
        5 => asm.mov_u64(Gpr::R9, 0xe9e9_e9e9_e9e9_e9e9),
        6 => asm.exit_host_call(1, 2),
        7 => jumps.push(asm.jmp_dispatch(3, Gpr::Rax, 0, None)),
        _ => asm.store_imm_u64(Mem::Guest(None, 0x1234), -1),
    }
}

/// Numbers of one assembler mean something else to another, but nothing that is not there: all
/// jumps of fit units lead to starts of instructions, within or before the unit.
#[test]
fn whatever_is_written_leads_to_starts_of_instructions() {
    let mut state = 7_u64;
    let mut draw = |limit: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let (mut fit, mut unfit, mut checked) = (0, 0, 0);
    // Numbers that other assemblers gave out.
    let mut others_jumps = Vec::new();
    for _ in 0..4000 {
        let mut asm = Assembler::to_look_at(9);
        let (mut jumps, mut places) = (Vec::new(), Vec::new());
        for _ in 0..=draw(12) {
            write_any(&mut asm, &mut draw, &mut jumps, &mut places);
            if draw(3) == 0
                && let Some(jump) = pick(&jumps, &mut draw)
            {
                asm.aim_here(jump);
            }
            if draw(40) == 0
                && let Some(jump) = pick(&others_jumps, &mut draw)
            {
                asm.aim(jump, Place::of_number(draw(3) as u32));
            }
            if draw(60) == 0 {
                asm.fill(draw(1 << 32) as u32);
            }
        }
        for &jump in &jumps {
            match pick(&places, &mut draw) {
                Some(place) if draw(12) > 0 => asm.aim(jump, place),
                _ => {}
            }
        }
        if draw(6) > 0 {
            asm.exit_step(0);
        }
        others_jumps = jumps;
        if asm.check().is_err() {
            unfit += 1;
            continue;
        }
        fit += 1;
        checked += check_jumps(&listed(&asm));
    }
    assert!(fit > 300 && unfit > 300 && checked > 300, "{fit} fit, {unfit} not, {checked} jumps");
}

/// Checks that jumps lead to starts of instructions, and the last elsewhere; how many there are.
fn check_jumps(lines: &[(usize, String)]) -> usize {
    let mut checked = 0;
    for (_, text) in lines {
        assert!(!text.contains("(bad)"), "{lines:?}");
        let target = text.split(' ').next_back().and_then(|last| last.parse::<usize>().ok());
        if text.starts_with('j')
            && let Some(target) = target
        {
            assert!(lines.iter().any(|(at, _)| *at == target), "{text}: {lines:?}");
            checked += 1;
        }
    }
    let last = &lines.last().expect("not empty").1;
    assert!(last.starts_with("jmp "), "{lines:?}");
    checked
}
