//! Decoding against the paper's definitions, transcribed here in their own terms.

use jambox_isa::operands::{Operands, RegRegReg};
use jambox_isa::{Fields, Format, Instruction, InstructionSet, Opcode, Reg, Revision, Window};
use proptest::prelude::*;

/// Operands as the paper has them: register numbers, 64-bit immediates, integer positions.
#[derive(Debug, PartialEq, Eq, Default)]
struct Paper {
    a: u8,
    b: u8,
    d: u8,
    x: u64,
    y: u64,
    target: i128,
}

/// The equations of each table in `sec:instructiontables`, 0.7.2.
fn by_the_paper(revision: Revision, format: Format, code: &[u8], pc: u32, skip: u8) -> Paper {
    let l = i128::from(skip);
    let zeta = |n: i128| {
        let at = usize::try_from(i128::from(pc) + n).unwrap();
        i128::from(code.get(at).copied().unwrap_or(0))
    };
    let number =
        |from: i128, length: i128| (0..length).map(|n| zeta(from + n) << (8 * n)).sum::<i128>();
    let signed = |from, length: i128| {
        let value = number(from, length);
        if length > 0 && value >= 1 << (8 * length - 1) {
            value - (1 << (8 * length))
        } else {
            value
        }
    };
    let sext = |from, length| signed(from, length).rem_euclid(1 << 64) as u64;
    let reg = |n: i128| n.min(12) as u8;
    let position = |offset: i128| i128::from(pc) + offset;
    let low = reg(zeta(1) % 16);
    let high = reg(zeta(1) / 16);
    match format {
        Format::NoOperands => Paper::default(),
        Format::Imm => Paper { x: sext(1, 4.min(l)), ..Paper::default() },
        Format::RegExtImm => Paper { a: low, x: number(2, 8) as u64, ..Paper::default() },
        Format::ImmImm => {
            let lx = 4.min(zeta(1) % 8);
            let ly = 4.min(0.max(l - lx - 1));
            Paper { x: sext(2, lx), y: sext(2 + lx, ly), ..Paper::default() }
        }
        Format::Offset => Paper { target: position(signed(1, 4.min(l))), ..Paper::default() },
        Format::RegImm => Paper { a: low, x: sext(2, 4.min(0.max(l - 1))), ..Paper::default() },
        Format::RegImmImm | Format::RegImmOffset => {
            let lx = 4.min(zeta(1) / 16 % 8);
            let ly = 4.min(0.max(l - lx - 1));
            let common = Paper { a: low, x: sext(2, lx), ..Paper::default() };
            if format == Format::RegImmImm {
                Paper { y: sext(2 + lx, ly), ..common }
            } else {
                Paper { target: position(signed(2 + lx, ly)), ..common }
            }
        }
        Format::RegReg => Paper { d: low, a: high, ..Paper::default() },
        Format::RegRegImm => {
            Paper { a: low, b: high, x: sext(2, 4.min(0.max(l - 1))), ..Paper::default() }
        }
        Format::RegRegOffset => {
            let target = position(signed(2, 4.min(0.max(l - 1))));
            Paper { a: low, b: high, target, ..Paper::default() }
        }
        Format::RegRegImmImm => {
            let lx = 4.min(zeta(2) % 8);
            let ly = 4.min(0.max(l - lx - 2));
            Paper { a: low, b: high, x: sext(3, lx), y: sext(3 + lx, ly), ..Paper::default() }
        }
        Format::RegRegReg => {
            let third = match revision {
                Revision::GrayPaper072 => reg(zeta(2)),
                // The reading that `docs/readings.md` gives.
                Revision::GrayPaper080 => reg(zeta(2) % 16),
            };
            Paper { a: low, b: high, d: third, ..Paper::default() }
        }
    }
}

fn has_target(format: Format) -> bool {
    matches!(format, Format::Offset | Format::RegImmOffset | Format::RegRegOffset)
}

fn in_the_papers_terms(instruction: Instruction) -> Paper {
    let Fields { a, b, d, x, y, wide, target } = instruction.fields();
    let x = if wide == 0 { x as u64 } else { wide };
    Paper { a: a as u8, b: b as u8, d: d as u8, x, y: y as u64, target: target.into() }
}

fn assert_as_in_the_paper(code: &[u8], pc: u32, skip: u8) {
    for (revision, opcode) in
        Revision::ALL.into_iter().flat_map(|it| Opcode::ALL.map(|op| (it, op)))
    {
        let window = Window::new(InstructionSet::of(revision), code, pc, skip);
        let instruction = Instruction::from_window(opcode, window);
        let mut expected = by_the_paper(revision, opcode.format(), code, pc, skip);
        if has_target(opcode.format()) {
            expected.target = expected.target.rem_euclid(1 << 32);
        }
        assert_eq!(instruction.opcode(), opcode);
        assert_eq!(in_the_papers_terms(instruction), expected, "{opcode:?} {code:?} {pc} {skip}");
    }
}

#[test]
fn every_length_of_every_format() {
    let octets = [0x93, 0x24, 0x81, 0x7f, 0xfe, 0x80, 0x01, 0xff, 0x55, 0xaa, 0x80, 0x7f];
    for selector in 0..=u8::MAX {
        let mut code = vec![7, selector];
        code.extend(octets);
        for skip in 0..=24 {
            assert_as_in_the_paper(&code, 0, skip);
            code[2] ^= skip;
        }
    }
}

#[test]
fn past_the_end_of_the_code_there_are_zeros() {
    let code = [0xff; 20];
    for pc in 0..24 {
        for skip in 0..=24 {
            assert_as_in_the_paper(&code, pc, skip);
        }
    }
    assert_as_in_the_paper(&[], u32::MAX, 0);
}

proptest! {
    #[test]
    fn any_octets_decode_as_in_the_paper(
        code in prop::collection::vec(any::<u8>(), 0..40),
        pc in 0_u32..40,
        skip in 0_u8..=24,
    ) {
        assert_as_in_the_paper(&code, pc, skip);
    }

    #[test]
    fn what_is_encoded_decodes_to_itself(
        instruction in instruction(),
        pc in any::<u32>(),
        revision in prop::sample::select(&Revision::ALL[..]),
    ) {
        let set = InstructionSet::of(revision);
        let Some(octets) = instruction.encode(set, pc) else {
            prop_assert_eq!(instruction.opcode().octet(revision), None);
            return Ok(());
        };
        let skip = octets.len() as u8 - 1;
        let mut followed = octets.to_vec();
        followed.extend([0xff; 16]);
        let window = Window::from_octets(set, &followed, pc, skip);
        prop_assert_eq!(Instruction::decode(set, window), instruction);
    }
}

/// Any instruction of either revision.
pub fn instruction() -> impl Strategy<Value = Instruction> {
    let reg = || prop::sample::select(&Reg::ALL[..]);
    let imm = || prop_oneof![any::<i32>(), any::<i16>().prop_map(i32::from), -129_i32..129];
    let fields = (reg(), reg(), reg(), imm(), imm(), any::<u64>(), any::<u32>());
    (prop::sample::select(&Opcode::ALL[..]), fields).prop_map(
        |(opcode, (a, b, d, x, y, wide, target))| {
            Instruction::from_fields(opcode, Fields { a, b, d, x, y, wide, target })
        },
    )
}

#[test]
fn the_third_register_octet_is_masked_since_0_8_0() {
    let third = |revision, octet| {
        RegRegReg::decode(Window::new(InstructionSet::of(revision), &[200, 0, octet], 0, 2)).d
    };
    for octet in [0x10, 0x23, 0xfc] {
        assert_eq!(third(Revision::GrayPaper072, octet), Reg::R12);
        assert_eq!(third(Revision::GrayPaper080, octet), Reg::clipped(octet % 16));
    }
}

#[test]
fn immediates_are_as_short_as_can_be() {
    let set = InstructionSet::of(Revision::GrayPaper072);
    let length = |x: i32| {
        let fields = Fields { x, ..Fields::default() };
        Instruction::from_fields(Opcode::Ecalli, fields).encode(set, 0).unwrap().len() - 1
    };
    let by_length: [&[i32]; 5] = [
        &[0],
        &[1, -1, 127, -128],
        &[128, -129, 32767, -32768],
        &[32768, -32769, 0x7f_ffff, -0x80_0000],
        &[0x80_0000, -0x80_0001, i32::MAX, i32::MIN],
    ];
    for (expected, values) in by_length.into_iter().enumerate() {
        for value in values {
            assert_eq!(length(*value), expected, "{value}");
        }
    }
}

#[test]
fn registers_above_12_are_12() {
    for revision in Revision::ALL {
        let decode = |octets: &[u8]| {
            RegRegReg::decode(Window::new(InstructionSet::of(revision), octets, 0, 2))
        };
        let all = RegRegReg { a: Reg::R12, b: Reg::R12, d: Reg::R12 };
        assert_eq!(decode(&[200, 0xfd, 0xff]), all);
        assert_eq!(decode(&[200, 0x0c, 13]), RegRegReg { b: Reg::R0, ..all });
    }
    assert_eq!(Reg::new(12), Some(Reg::R12));
    assert_eq!(Reg::new(13), None);
}
