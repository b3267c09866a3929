//! Functions, files and lines of the addresses of a linked ELF, read from its DWARF.

use std::collections::BTreeMap;
use std::sync::Arc;

use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian};
use jambox_symbols::Frame;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

type Octets<'e> = EndianSlice<'e, LittleEndian>;

/// Source locations of an ELF's code.
pub(crate) struct Lines<'e> {
    /// DWARF of each object that was linked: the linker does not merge their sections.
    objects: Vec<Context<Octets<'e>>>,
    /// Functions by address, with the address after their last instruction.
    functions: BTreeMap<u64, (u64, String)>,
}

impl<'e> Lines<'e> {
    /// Reads the DWARF and the symbol table; parts that cannot be parsed are left out.
    pub fn read(elf: &'e [u8]) -> Self {
        let Ok(file) = ElfFile64::<object::LittleEndian>::parse(elf) else {
            return Self { objects: Vec::new(), functions: BTreeMap::new() };
        };
        let objects = debug_sections(&file).iter().filter_map(context).collect();
        let functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text);
        let functions = functions.filter_map(|symbol| {
            let end = symbol.address().checked_add(symbol.size())?;
            Some((symbol.address(), (end, readable(symbol.name().ok()?))))
        });
        Self { objects, functions: functions.collect() }
    }

    /// The functions at an address, the innermost first. Without DWARF: the function of the symbol
    /// table, or none.
    pub fn frames_at(&self, address: u64) -> Vec<Frame> {
        let found = self.objects.iter().map(|object| frames(object, address));
        if let Some(frames) = found.into_iter().find(|frames| !frames.is_empty()) {
            return frames;
        }
        let symbol = self.functions.range(..=address).next_back();
        let symbol = symbol.filter(|(_, (end, _))| address < *end);
        let frame =
            |name: &String| Frame { function: name.as_str().into(), file: "".into(), line: 0 };
        symbol.map(|(_, (_, name))| frame(name)).into_iter().collect()
    }
}

/// The debug sections of one object by name.
type Sections<'e> = BTreeMap<&'e str, &'e [u8]>;

/// The debug sections of each object. The linker keeps an object's sections together: where a name
/// comes again, the next object begins.
fn debug_sections<'e>(file: &ElfFile64<'e, object::LittleEndian>) -> Vec<Sections<'e>> {
    let mut objects: Vec<Sections<'e>> = Vec::new();
    for section in file.sections() {
        let (Ok(name), Ok(data)) = (section.name_bytes(), section.data()) else { continue };
        let Ok(name) = str::from_utf8(name) else { continue };
        if !name.starts_with(".debug_") {
            continue;
        }
        match objects.last_mut() {
            Some(sections) if !sections.contains_key(name) => drop(sections.insert(name, data)),
            _ => objects.push(Sections::from([(name, data)])),
        }
    }
    objects
}

fn context<'e>(sections: &Sections<'e>) -> Option<Context<Octets<'e>>> {
    let section = |id: addr2line::gimli::SectionId| {
        let data = sections.get(id.name()).copied().unwrap_or_default();
        Ok::<_, addr2line::gimli::Error>(EndianSlice::new(data, LittleEndian))
    };
    Context::from_dwarf(Dwarf::load(section).ok()?).ok()
}

fn frames(object: &Context<Octets<'_>>, address: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    let Ok(mut found) = object.find_frames(address).skip_all_loads() else { return frames };
    while let Ok(Some(frame)) = found.next() {
        let function = frame.function.as_ref().and_then(|function| function.raw_name().ok());
        let location = frame.location.as_ref();
        let file = location.and_then(|location| location.file).unwrap_or_default();
        frames.push(Frame {
            function: function.map_or_else(Arc::default, |name| readable(&name).into()),
            file: file.strip_prefix("./").unwrap_or(file).into(),
            line: location.and_then(|location| location.line).unwrap_or(0),
        });
    }
    frames
}

/// A function's name, demangled and without its hash.
fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
