//! Labels that carry each instruction's address in the ELF through the linker.
//!
//! The linker reports the origin of its output only by names of functions and by line tables, and
//! it cannot read the line tables of newer compilers (LLVM 22: it refuses two of their operations,
//! and so the whole of the debug information). So its input is an ELF without debug information
//! whose every instruction is a function of its own, named after its address.

use object::elf::{
    FileHeader64, SHF_EXECINSTR, SHN_LORESERVE, SHT_SYMTAB, STB_LOCAL, STT_FUNC, STT_NOTYPE,
    SymbolInfo, SymbolOther, SymbolSection,
};
use object::read::elf::{FileHeader, SectionHeader};
use object::{LittleEndian, U16, U32, U64};

use crate::mend::Mended;

/// Offsets in a section header (ELF64), in octets.
const NAME: usize = 0;
pub(crate) const OFFSET: usize = 0x18;
pub(crate) const SIZE: usize = 0x20;
/// Size of a section header, in octets.
pub(crate) const HEADER: usize = 64;

/// The shortest instruction, in octets; all start at multiples of it.
const STEP: u64 = 2;

/// The address in a name made by [`labelled`]; `None` for other names.
pub(crate) fn address(name: &str) -> Option<u64> {
    u64::from_str_radix(name.strip_prefix('@')?, 16).ok()
}

/// The ELF with a name for every address where an instruction may start, and without debug
/// information; `None` if it cannot be parsed. A replacement is named after the instruction that it
/// replaces.
pub(crate) fn labelled(mended: &Mended<'_>) -> Option<Vec<u8>> {
    let elf = &mended.elf[..];
    let header = FileHeader64::<LittleEndian>::parse(elf).ok()?;
    let sections = header.sections(LittleEndian, elf).ok()?;
    let table = usize::try_from(header.e_shoff(LittleEndian)).ok()?;
    let place = |index: usize, field: usize| table.checked_add(index.checked_mul(HEADER)? + field);
    let mut out = elf.to_vec();
    let mut added = Vec::new();
    let mut symbols = None;
    for (index, section) in sections.enumerate() {
        let (address, size) = (section.sh_addr(LittleEndian), section.sh_size(LittleEndian));
        if section.sh_type(LittleEndian) == SHT_SYMTAB {
            symbols = Some((index, section));
        } else if section.sh_flags(LittleEndian).contains(SHF_EXECINSTR) {
            let number = u16::try_from(index.0).ok().filter(|number| *number < SHN_LORESERVE)?;
            let ends = address.checked_add(size)?.checked_sub(STEP - 1)?;
            added.extend((address..ends).step_by(2).map(|address| (address, number)));
        } else if sections.section_name(LittleEndian, section).ok()? == b".debug_info" {
            // The linker does not find the section under a name without the dot.
            let name = section.sh_name(LittleEndian).checked_add(1)?;
            put(&mut out, place(index.0, NAME)?, &name.to_le_bytes())?;
        }
    }
    let (index, section) = symbols?;
    let names =
        sections.section(object::SectionIndex(section.sh_link(LittleEndian) as usize)).ok()?;
    let mut table = section.data(LittleEndian, elf).ok()?.to_vec();
    let mut strings = names.data(LittleEndian, elf).ok()?.to_vec();
    for symbol in table.chunks_exact_mut(size_of::<Symbol>()) {
        let kind = symbol.get_mut(4)?;
        let info = SymbolInfo(*kind);
        if info.st_type() == STT_FUNC {
            *kind = SymbolInfo::new(info.st_bind(), STT_NOTYPE).0;
        }
    }
    for (address, number) in added {
        let named = mended.origins.get(&(usize::from(number), address)).copied();
        let name = format!("@{:x}\0", named.unwrap_or(address));
        append(&mut table, &mut strings, address, number, &name)?;
    }
    for (index, contents) in [(index.0, table), (section.sh_link(LittleEndian) as usize, strings)] {
        let offset = out.len() as u64;
        put(&mut out, place(index, OFFSET)?, &offset.to_le_bytes())?;
        put(&mut out, place(index, SIZE)?, &(contents.len() as u64).to_le_bytes())?;
        out.extend_from_slice(&contents);
    }
    Some(out)
}

type Symbol = object::elf::Sym64<LittleEndian>;

/// Adds a function at an address of a section.
fn append(
    table: &mut Vec<u8>,
    strings: &mut Vec<u8>,
    address: u64,
    section: u16,
    name: &str,
) -> Option<()> {
    let symbol = Symbol {
        st_name: U32::new(LittleEndian, u32::try_from(strings.len()).ok()?),
        st_info: SymbolInfo::new(STB_LOCAL, STT_FUNC),
        st_other: SymbolOther(0),
        st_shndx: U16::new(LittleEndian, SymbolSection(section)),
        st_value: U64::new(LittleEndian, address),
        st_size: U64::new(LittleEndian, STEP),
    };
    table.extend_from_slice(object::pod::bytes_of(&symbol));
    strings.extend_from_slice(name.as_bytes());
    Some(())
}

pub(crate) fn put(octets: &mut [u8], at: usize, value: &[u8]) -> Option<()> {
    octets.get_mut(at..at.checked_add(value.len())?)?.copy_from_slice(value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{address, labelled};
    use crate::mend::mended;

    #[test]
    fn names_stand_for_addresses() {
        assert_eq!(address("@12ab"), Some(0x12ab));
        assert_eq!(address("refine"), None);
        assert_eq!(address("@refine"), None);
    }

    #[test]
    fn what_is_no_elf_has_no_labels() {
        for octets in [&b""[..], b"nonsense", b"\x7fELF\x02\x01\x01"] {
            assert_eq!(labelled(&mended(octets).unwrap()), None);
        }
    }
}
