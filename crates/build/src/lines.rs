//! Makes the debug information of an ELF readable to the linker, as far as it goes.
//!
//! Compilers from LLVM 22 on advance the address of a line table with operations that the pinned
//! linker refuses, and the whole of the debug information with them. Their line tables are emptied
//! here, so that functions at least can be named.
//!
//! What cannot be understood is left as it is: the worst that can come of it is a blob without
//! symbols.

/// Offsets in the ELF header and in a section header (ELF64, little-endian).
mod elf {
    pub const SECTION_TABLE: usize = 0x28;
    pub const SECTION_COUNT: usize = 0x3c;
    pub const NAMES_INDEX: usize = 0x3e;
    pub const SECTION_SIZE: usize = 64;
    pub const NAME: usize = 0;
    pub const OFFSET: usize = 0x18;
    pub const SIZE: usize = 0x20;
}

/// `DW_LNS_negate_stmt`: an operation without arguments that changes nothing that is looked at.
const NOTHING: u8 = 6;

/// The ELF with empty line tables, and with the debug information of one object only.
pub(crate) fn without_lines(elf: &[u8]) -> Option<Vec<u8>> {
    let mut out = elf.to_vec();
    let sections = sections(elf)?;
    hide_all_but_largest(&sections, &mut out)?;
    for lines in sections.iter().filter(|section| section.name == ".debug_line") {
        empty(out.get_mut(lines.range.clone())?)?;
    }
    Some(out)
}

/// The linker looks at the first section of each name only. The object with the most to say is
/// the service's (the other is the compiler's runtime): the sections of all others lose the dot of
/// their names, so that nobody finds them. Every object has its sections in the same order.
fn hide_all_but_largest(sections: &[Section], out: &mut [u8]) -> Option<()> {
    let named = |name: &str| {
        let alike = sections.iter().filter(|section| section.name == name);
        alike.map(|section| section.header).collect::<Vec<_>>()
    };
    let infos = sections.iter().filter(|section| section.name == ".debug_info");
    let (kept, _) = infos.clone().enumerate().max_by_key(|(_, info)| info.range.len())?;
    for section in sections.iter().filter(|section| section.name.starts_with(".debug_")) {
        let alike = named(&section.name);
        if alike.len() == infos.clone().count() && alike.get(kept) != Some(&section.header) {
            let place = section.header + elf::NAME;
            let name = u32::try_from(number(out, place, 4)?.checked_add(1)?).ok()?;
            out.get_mut(place..place + 4)?.copy_from_slice(&name.to_le_bytes());
        }
    }
    Some(())
}

/// Overwrites the programs of all line tables in a section, leaving their headers.
fn empty(tables: &mut [u8]) -> Option<()> {
    let mut at = 0;
    while at < tables.len() {
        let length = usize::try_from(number(tables, at, 4)?).ok()?;
        let end = at.checked_add(4)?.checked_add(length)?;
        // Version 5 put two octets more before the length of the header.
        let field = at + if number(tables, at + 4, 2)? >= 5 { 8 } else { 6 };
        let header = usize::try_from(number(tables, field, 4)?).ok()?;
        let program = field.checked_add(4)?.checked_add(header)?;
        tables.get_mut(program..end)?.fill(NOTHING);
        at = end;
    }
    Some(())
}

/// A section of the ELF.
struct Section {
    name: String,
    /// Where its header is in the file.
    header: usize,
    /// Where its contents are.
    range: std::ops::Range<usize>,
}

fn sections(elf: &[u8]) -> Option<Vec<Section>> {
    if elf.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = usize::try_from(number(elf, elf::SECTION_TABLE, 8)?).ok()?;
    let count = usize::try_from(number(elf, elf::SECTION_COUNT, 2)?).ok()?;
    let header = |index: usize| table.checked_add(index.checked_mul(elf::SECTION_SIZE)?);
    let range = |header: usize| {
        let start = usize::try_from(number(elf, header + elf::OFFSET, 8)?).ok()?;
        let size = usize::try_from(number(elf, header + elf::SIZE, 8)?).ok()?;
        Some(start..start.checked_add(size)?)
    };
    let names_index = usize::try_from(number(elf, elf::NAMES_INDEX, 2)?).ok()?;
    let names = elf.get(range(header(names_index)?)?)?;
    (0..count)
        .map(|index| {
            let header = header(index)?;
            let name = usize::try_from(number(elf, header + elf::NAME, 4)?).ok()?;
            let name = names.get(name..)?.split(|octet| *octet == 0).next()?;
            let name = String::from_utf8_lossy(name).into_owned();
            Some(Section { name, header, range: range(header)? })
        })
        .collect()
}

fn number(octets: &[u8], at: usize, width: usize) -> Option<u64> {
    let octets = octets.get(at..at.checked_add(width)?)?;
    Some(octets.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}
