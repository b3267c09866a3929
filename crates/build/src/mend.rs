//! Replacements of the instructions that the linker mistranslates.
//!
//! Each line has the linker's fault (polkavm-linker 0.30 and 0.37; only the last has an error
//! message) and then the replacement:
//!
//! - a read into the zero register (compilers write one for a volatile read with an unused result)
//!   is dropped and so never faults: a read into a register whose value is put back;
//! - 0 (the zero register) divided by 0 gives 0, where it should be -1: a comparison with 0, whose
//!   result is negated;
//! - a 32-bit remainder by the zero register is not cut to 32 bits: `sext.w`;
//! - `min` and `max` of the zero register and the destination are 0: the operands exchanged;
//! - `orc.b` into another register destroys its operand: a move, and `orc.b` in place;
//! - a read or write at an address within 2 KiB of 0 is refused: the address goes into a register.
//!
//! A replacement of more than one instruction goes to the end of its section, with a jump there
//! and one back. Sections overlap then; the linker tells them apart by number.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use object::LittleEndian;
use object::elf::{FileHeader64, Rela64, SHF_EXECINSTR, SHT_PROGBITS, SHT_RELA};
use object::read::elf::{FileHeader, SectionHeader};

use crate::BuildError;
use crate::labels::{HEADER, OFFSET, SIZE, put};

/// An ELF without instructions that the linker mistranslates.
pub(crate) struct Mended<'e> {
    /// The ELF.
    pub elf: Cow<'e, [u8]>,
    /// Address of the replaced instruction, by section and address of each instruction that was
    /// added for it at a section's end.
    pub origins: BTreeMap<(usize, u64), u64>,
}

/// Replaces the instructions that the linker mistranslates, in all sections of code. An ELF that
/// cannot be parsed stays as it is: the linker reports its fault.
///
/// # Errors
///
/// When a section is too long to jump to its end.
pub(crate) fn mended(elf: &[u8]) -> Result<Mended<'_>, BuildError> {
    let mut mended = Mended { elf: Cow::Borrowed(elf), origins: BTreeMap::new() };
    for section in code(elf).unwrap_or_default() {
        let mut text = section.text.to_vec();
        for place in instructions(section.text) {
            let Some(word) = word_at(section.text, place) else { continue };
            let address = section.address.saturating_add(place as u64);
            let Some(mend) = mend(word, section.relocated.contains(&address)) else { continue };
            match mend {
                Mend::InPlace(word) => set(&mut text, place, word),
                Mend::Elsewhere(words) => {
                    let first = text.len();
                    let jumps = words.len() * 4 + first;
                    let (there, back) = (jump(place, first), jump(jumps, place + 4));
                    let (Some(there), Some(back)) = (there, back) else {
                        let name = &section.name;
                        return Err(BuildError::Link(format!(
                            "{name}: an instruction at {address:#x} must be written otherwise, \
                             and functions of more than a megabyte have no place for that"
                        )));
                    };
                    set(&mut text, place, there);
                    for word in words.into_iter().chain([back]) {
                        let moved = section.address.saturating_add(text.len() as u64);
                        mended.origins.insert((section.index, moved), address);
                        text.extend_from_slice(&word.to_le_bytes());
                    }
                }
            }
        }
        if text != section.text {
            let elf = mended.elf.to_mut();
            let (start, size) = (elf.len() as u64, text.len() as u64);
            elf.extend_from_slice(&text);
            let header = section.header;
            let written = put(elf, header + OFFSET, &start.to_le_bytes())
                .and_then(|()| put(elf, header + SIZE, &size.to_le_bytes()));
            written.ok_or_else(|| BuildError::Link("its section table is cut off".to_owned()))?;
        }
    }
    Ok(mended)
}

/// A section of code.
struct Code<'e> {
    index: usize,
    name: String,
    /// Offset of its section header in the file, in octets.
    header: usize,
    address: u64,
    text: &'e [u8],
    /// The addresses of its relocations.
    relocated: BTreeSet<u64>,
}

fn code(elf: &[u8]) -> Option<Vec<Code<'_>>> {
    let header = FileHeader64::<LittleEndian>::parse(elf).ok()?;
    let sections = header.sections(LittleEndian, elf).ok()?;
    let table = usize::try_from(header.e_shoff(LittleEndian)).ok()?;
    let mut code: BTreeMap<usize, Code<'_>> = BTreeMap::new();
    for (index, section) in sections.enumerate() {
        let executed = section.sh_flags(LittleEndian).contains(SHF_EXECINSTR);
        if executed && section.sh_type(LittleEndian) == SHT_PROGBITS {
            let name = sections.section_name(LittleEndian, section).ok()?;
            let found = Code {
                index: index.0,
                name: String::from_utf8_lossy(name).into_owned(),
                header: table.checked_add(index.0.checked_mul(HEADER)?)?,
                address: section.sh_addr(LittleEndian),
                text: section.data(LittleEndian, elf).ok()?,
                relocated: BTreeSet::new(),
            };
            code.insert(index.0, found);
        }
    }
    for section in sections.iter() {
        let of = usize::try_from(section.sh_info(LittleEndian)).ok()?;
        let Some(code) = code.get_mut(&of) else { continue };
        if section.sh_type(LittleEndian) == SHT_RELA {
            let relocations: &[Rela64<LittleEndian>] =
                section.data_as_array(LittleEndian, elf).ok()?;
            let places = relocations.iter().map(|relocation| relocation.r_offset.get(LittleEndian));
            code.relocated.extend(places);
        }
    }
    Some(code.into_values().collect())
}

/// A host call's instruction; the address of the call's description follows.
const HOST_CALL: u32 = 0xb;
const HOST_CALL_SIZE: usize = 4 + 8;

/// Offsets of the instructions of four octets.
fn instructions(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            let place = next;
            let first = text.get(place)?;
            if first & 3 != 3 {
                next = place + 2;
                continue;
            }
            let called = word_at(text, place) == Some(HOST_CALL);
            next = place + if called { HOST_CALL_SIZE } else { 4 };
            return Some(place);
        }
    })
}

fn word_at(text: &[u8], place: usize) -> Option<u32> {
    text.get(place..)?.first_chunk().map(|octets| u32::from_le_bytes(*octets))
}

fn set(text: &mut [u8], place: usize, word: u32) {
    if let Some(octets) = text.get_mut(place..).and_then(<[u8]>::first_chunk_mut) {
        *octets = word.to_le_bytes();
    }
}

/// The replacement of an instruction: one in its place, or several at the section's end.
#[derive(Debug, PartialEq, Eq)]
enum Mend {
    InPlace(u32),
    Elsewhere(Vec<u32>),
}

/// The fields of an instruction, as in the RISC-V specification, section 2.2.
struct Fields {
    opcode: u32,
    rd: u32,
    funct3: u32,
    rs1: u32,
    rs2: u32,
    funct7: u32,
}

const ZERO: u32 = 0;
const SP: u32 = 2;
const T0: u32 = 5;
const T1: u32 = 6;

const LOAD: u32 = 0x03;
const OP_IMM: u32 = 0x13;
const OP_IMM_32: u32 = 0x1b;
const STORE: u32 = 0x23;
const OP: u32 = 0x33;
const OP_32: u32 = 0x3b;

/// `funct3` of `ld` and `sd`: the width of 64 bits.
const DOUBLE: u32 = 3;

/// `funct7` of multiplications and divisions.
const MULDIV: u32 = 1;
/// `funct7` of minimum and maximum.
const MINMAX: u32 = 5;

/// `funct3` of `addi` and `addiw`.
const ADD: u32 = 0;
const SLTIU: u32 = 3;

/// `orc.b`, the numbers of its registers 0.
const ORC_B: u32 = 0x2870_5013;

fn mend(word: u32, relocated: bool) -> Option<Mend> {
    let field = |at: u32, bits: u32| word >> at & ((1 << bits) - 1);
    let fields = Fields {
        opcode: field(0, 7),
        rd: field(7, 5),
        funct3: field(12, 3),
        rs1: field(15, 5),
        rs2: field(20, 5),
        funct7: field(25, 7),
    };
    let Fields { opcode, rd, funct3, rs1, rs2, funct7 } = fields;
    let set = |rd, rs1, rs2| {
        Mend::InPlace(opcode | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25)
    };
    match (opcode, funct7) {
        // The relocation gives the whole address; the linker never reads the base register.
        (LOAD, _) if rd == ZERO && relocated && rs1 != ZERO => Some(set(rs1, rs1, rs2)),
        (LOAD, _) if !relocated => load(&fields, (word.cast_signed() >> 20).cast_unsigned()),
        (STORE, _) if !relocated && rs1 == ZERO => {
            let high = (word.cast_signed() >> 25).cast_unsigned();
            let address = high << 5 | rd;
            // This one traps.
            let traps = address == 0 && rs2 == ZERO;
            let with = if rs2 == T0 { T1 } else { T0 };
            let words = [immediate(ADD, with, ZERO, address), store(funct3, rs2, with, 0)];
            (!traps).then(|| Mend::Elsewhere(borrowing(with, &words)))
        }
        (OP | OP_32, MULDIV) if rd != ZERO => division(&fields),
        (OP, MINMAX) if funct3 & 1 == 0 && rs1 == ZERO && rs2 == rd && rd != ZERO => {
            Some(set(rd, rs2, rs1))
        }
        _ if word & 0xfff0_707f == ORC_B && rd != rs1 && rd != ZERO && rs1 != ZERO => {
            let in_place = ORC_B | rd << 7 | rd << 15;
            Some(Mend::Elsewhere(vec![immediate(ADD, rd, rs1, 0), in_place]))
        }
        _ => None,
    }
}

/// A read into or from the zero register. The address is cut to twelve bits where it is used.
fn load(fields: &Fields, address: u32) -> Option<Mend> {
    let Fields { rd, funct3, rs1, .. } = *fields;
    let read = |rd, rs1, address| LOAD | rd << 7 | funct3 << 12 | rs1 << 15 | address << 20;
    let with = if rs1 == T0 { T1 } else { T0 };
    match (rd, rs1) {
        // This one traps.
        (ZERO, ZERO) if address == 0 => None,
        (ZERO, ZERO) => {
            let words = [immediate(ADD, with, ZERO, address), read(with, with, 0)];
            Some(Mend::Elsewhere(borrowing(with, &words)))
        }
        (ZERO, _) => Some(Mend::Elsewhere(borrowing(with, &[read(with, rs1, address)]))),
        (_, ZERO) => {
            Some(Mend::Elsewhere(vec![immediate(ADD, rd, ZERO, address), read(rd, rd, 0)]))
        }
        _ => None,
    }
}

/// A division or remainder with the zero register.
fn division(fields: &Fields) -> Option<Mend> {
    let Fields { opcode, rd, funct3, rs1, rs2, .. } = *fields;
    let remainder = match funct3 {
        4 | 5 => false,
        6 | 7 => true,
        _ => return None,
    };
    match (remainder, rs1, rs2) {
        // 0 / x: -1 if x is 0, else 0.
        (false, ZERO, by) if by != ZERO => {
            let negative = OP | rd << 7 | rd << 20 | 0x20 << 25;
            let mut words = vec![immediate(SLTIU, rd, by, 1), negative];
            if opcode == OP_32 {
                let [compared, _] = [immediate(SLTIU, rd, rd, 1), negative];
                words = vec![OP_IMM_32 | rd << 7 | by << 15, compared, negative];
            }
            Some(Mend::Elsewhere(words))
        }
        (true, of, ZERO) if opcode == OP_32 => Some(Mend::InPlace(OP_IMM_32 | rd << 7 | of << 15)),
        _ => None,
    }
}

/// Code around `words` that keeps the register's value below the stack pointer, where no other
/// data lies, and puts it back.
fn borrowing(register: u32, words: &[u32]) -> Vec<u32> {
    let below = 8u32.wrapping_neg();
    let kept = store(DOUBLE, register, SP, below);
    let back = LOAD | register << 7 | DOUBLE << 12 | SP << 15 | below << 20;
    [&[kept], words, &[back]].concat()
}

fn immediate(funct3: u32, rd: u32, rs1: u32, number: u32) -> u32 {
    OP_IMM | rd << 7 | funct3 << 12 | rs1 << 15 | number << 20
}

fn store(funct3: u32, rs2: u32, rs1: u32, offset: u32) -> u32 {
    let (low, high) = (offset & 0x1f, offset >> 5 & 0x7f);
    STORE | low << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | high << 25
}

/// `jal zero` from one offset to another, in octets; `None` beyond a megabyte.
fn jump(from: usize, to: usize) -> Option<u32> {
    let offset = i32::try_from(to.checked_signed_diff(from)?).ok()?;
    let bits = |value: i32, at: u32, bits: u32| value.cast_unsigned() >> at & ((1 << bits) - 1);
    let word = bits(offset, 20, 1) << 31
        | bits(offset, 1, 10) << 21
        | bits(offset, 11, 1) << 20
        | bits(offset, 12, 8) << 12
        | 0x6f;
    (-(1 << 20)..1 << 20).contains(&offset).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::{Mend, instructions, jump, mend};

    /// Encodings as clang writes them.
    #[test]
    fn what_the_linker_gets_right_is_left_alone() {
        let right = [
            0x0000_2003, // lw zero, 0(zero): a trap
            0x0000_2023, // sw zero, 0(zero)
            0x0085_3503, // ld a0, 8(a0)
            0x02b5_4533, // div a0, a0, a1
            0x0205_4533, // div a0, a0, zero
            0x0205_6533, // rem a0, a0, zero
            0x0ab5_6533, // max a0, a0, a1
            0x2875_5513, // orc.b a0, a0
        ];
        for word in right {
            assert_eq!(mend(word, false), None, "{word:#x}");
        }
        // lw zero, 4(zero), where the linker puts an address in.
        assert_eq!(mend(0x0040_2003, true), None);
    }

    #[test]
    fn one_instruction_stays_in_its_place() {
        let cases = [
            (0x0205_e53b, 0x0005_851b, false), // remw a0, a1, zero; addiw a0, a1, 0
            (0x0aa0_6533, 0x0a05_6533, false), // max a0, zero, a0; max a0, a0, zero
            (0x0045_2003, 0x0045_2503, true),  // lw zero, 4(a0), of a symbol; lw a0, 4(a0)
        ];
        for (word, expected, relocated) in cases {
            assert_eq!(mend(word, relocated), Some(Mend::InPlace(expected)), "{word:#x}");
        }
    }

    #[test]
    fn jumps_reach_a_megabyte() {
        assert_eq!(jump(0, 8), Some(0x0080_006f));
        assert_eq!(jump(8, 0), Some(0xff9f_f06f));
        assert_eq!(jump(0, (1 << 20) - 2), Some(0x7fff_f06f));
        assert_eq!(jump(0, 1 << 20), None);
    }

    #[test]
    fn the_address_after_a_host_call_is_no_instruction() {
        let text = [&[0x0b, 0, 0, 0][..], &[0x03; 8], &[1, 0], &[0x13, 0, 0, 0]].concat();
        assert_eq!(instructions(&text).collect::<Vec<_>>(), [0, 14]);
    }
}
