//! The section that describes payloads: read, and hidden from the linker.

use std::borrow::Cow;

use object::LittleEndian;
use object::elf::{FileHeader64, SHF_ALLOC};
use object::read::elf::{FileHeader, SectionHeader};

/// The section that `jambox_sdk::entry_points!` makes.
const SECTION: &[u8] = b".note.jambox.payload";

/// Offset of the flags in a section header (ELF64), in octets.
const FLAGS: usize = 8;

/// The ELF with its description section no longer marked as loaded (the linker does not know the
/// section, and the blob should not carry it), and the description of the payloads. Without such a
/// section: the ELF as it is, and `None`.
pub(crate) fn take(elf: &[u8]) -> (Cow<'_, [u8]>, Option<String>) {
    match find(elf) {
        Some((text, hidden)) => (Cow::Owned(hidden), Some(text)),
        None => (Cow::Borrowed(elf), None),
    }
}

fn find(elf: &[u8]) -> Option<(String, Vec<u8>)> {
    let header = FileHeader64::<LittleEndian>::parse(elf).ok()?;
    let sections = header.sections(LittleEndian, elf).ok()?;
    let is_it =
        |section| sections.section_name(LittleEndian, section).is_ok_and(|it| it == SECTION);
    let (index, section) = sections.enumerate().find(|(_, section)| is_it(section))?;
    let text = String::from_utf8(section.data(LittleEndian, elf).ok()?.to_vec()).ok()?;
    let table = usize::try_from(header.e_shoff(LittleEndian)).ok()?;
    let place =
        table.checked_add(index.0.checked_mul(size_of_val(section))?)?.checked_add(FLAGS)?;
    let flags = section.sh_flags(LittleEndian).0 & !SHF_ALLOC.0;
    let mut hidden = elf.to_vec();
    hidden.get_mut(place..place.checked_add(8)?)?.copy_from_slice(&flags.to_le_bytes());
    Some((text, hidden))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_no_elf_has_no_description() {
        for octets in [&b""[..], b"nonsense", b"\x7fELF\x02\x01\x01"] {
            let (elf, payload) = super::take(octets);
            assert_eq!((&*elf, payload), (octets, None));
        }
    }
}
