//! Entry points, on real ELF files made by clang from the C header.

use std::fs;

use jambox_build::{
    BuildError, Built, DEFAULT_STACK, Kind, Messages, Options, Settings, Toolchain, build,
    c_header, link,
};
use jambox_isa::{InstructionSet, Opcode};
use jambox_program::Container;
use jambox_sdk_testing::{Chain, Code, Item, Mode, Refinement};
use jambox_types::{Hash, Revision};

/// A toolchain for guests in Rust; `None`, with a message that the test is skipped, without one.
pub fn toolchain() -> Option<Toolchain> {
    let found = Toolchain::find();
    if let Err(error) = &found {
        eprintln!("skipped, for it takes a guest toolchain: {error}");
    }
    found.ok()
}

/// Builds C code; `None`, with a message, where there is no clang.
fn c(code: &str) -> Option<Result<Built, BuildError>> {
    c_with(code, Settings::default())
}

pub fn c_with(code: &str, settings: Settings) -> Option<Result<Built, BuildError>> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.c"), format!("#include \"jambox.h\"\n{code}")).unwrap();
    match build(folder.path(), &Options { settings, messages: Messages::Keep }) {
        Err(error @ BuildError::NoClang) => {
            eprintln!("skipped, for it takes clang: {error}");
            None
        }
        other => Some(other),
    }
}

const FUNCTIONS: &str = "
    struct jambox_pair f(uint64_t a, uint64_t n) { return (struct jambox_pair){a, n}; }
    struct jambox_pair g(uint64_t a, uint64_t n) { return (struct jambox_pair){n, a}; }
";

#[test]
fn the_entry_points_decide_what_a_blob_is() {
    let cases = [
        ("JAMBOX_REFINE(f); JAMBOX_ACCUMULATE(g);", Kind::Service),
        ("JAMBOX_IS_AUTHORIZED(f);", Kind::Authorizer),
    ];
    for (entries, kind) in cases {
        let Some(built) = c(&format!("{FUNCTIONS}{entries}")) else { return };
        let built = built.unwrap();
        assert_eq!(built.kind, kind);
        assert!(built.sizes.blob < 400, "{}", built.sizes);
    }
}

#[test]
fn none_and_too_many_entry_points_are_refused() {
    let Some(none) = c(FUNCTIONS) else { return };
    assert!(matches!(none, Err(BuildError::NoEntryPoint)), "{none:?}");
    let all = "JAMBOX_REFINE(f); JAMBOX_ACCUMULATE(g); JAMBOX_IS_AUTHORIZED(f);";
    let Some(all) = c(&format!("{FUNCTIONS}{all}")) else { return };
    assert!(matches!(all, Err(BuildError::ConflictingEntryPoints)));
}

/// A refinement with the function `f`.
pub fn refined(built: &Built, payload: &[u8]) -> Refinement {
    let mut chain = Chain::new(Mode::Compiled.under(built.revision));
    chain.service(7, &Code::compiled(&built.blob));
    chain.refine(&Item::new(7).payload(payload).gas(1 << 40, 1 << 20))
}

/// Output of `f` for this payload.
pub fn output(built: &Built, payload: &[u8]) -> Vec<u8> {
    let run = refined(built, payload);
    assert!(run.failure.is_none(), "{:?}", run.failure);
    run.result.unwrap()
}

#[test]
fn a_service_in_c_may_have_one_entry_point_and_traps_at_the_other() {
    for (entry, refines) in [("JAMBOX_REFINE(f);", true), ("JAMBOX_ACCUMULATE(f);", false)] {
        let Some(built) = c(&format!("{FUNCTIONS}{entry}")) else { return };
        let built = built.unwrap();
        assert_eq!(built.kind, Kind::Service);
        let mut chain = Chain::new(Mode::Compiled.under(built.revision));
        chain.service(7, &Code::compiled(&built.blob));
        assert_eq!(chain.refine(&Item::new(7)).failure.is_none(), refines);
        assert_eq!(chain.accumulate(7, Vec::new()).failure.is_none(), !refines);
    }
}

/// Compilers call these functions on their own: for copies of structures, for 128 bits.
#[test]
fn what_compilers_call_is_there() {
    let code = r"
        static unsigned char area[600];
        static unsigned char out[64];
        struct large { unsigned char octets[200]; };
        void *memcpy(void *, const void *, size_t);
        void *memmove(void *, const void *, size_t);
        void *memset(void *, int, size_t);
        int memcmp(const void *, const void *, size_t);
        static void put(int at, uint64_t value) { memcpy(out + at, &value, 8); }
        struct jambox_pair f(uint64_t a, uint64_t n) {
            for (int i = 0; i < 600; i++) area[i] = (unsigned char)i;
            *(struct large *)(area + 300) = *(volatile struct large *)(area + 1);
            put(0, area[300] | area[499] << 8);
            memmove(area + 3, area, 100);
            put(8, area[3] | area[102] << 8 | area[103] << 16);
            volatile int five = 0x105;
            memset(area, five, 13);
            put(16, area[0] | area[12] << 8 | area[13] << 16);
            put(24, (uint64_t)memcmp(area, area + 1, 12) << 8 | (memcmp(area, area + 10, 9) < 0));
            volatile unsigned __int128 large = (unsigned __int128)7 << 100 | 12345;
            volatile unsigned __int128 divisor = (unsigned __int128)1 << 70 | 3;
            put(32, (uint64_t)(large / divisor));
            put(40, (uint64_t)(large % divisor));
            volatile __int128 minus = -(__int128)large;
            volatile __int128 thousand = 1000;
            put(48, (uint64_t)(minus / thousand));
            put(56, (uint64_t)(minus % thousand));
            return (struct jambox_pair){(uint64_t)out, 64};
        }
        JAMBOX_REFINE(f);";
    let (large, divisor) = ((7u128 << 100) | 12345, (1u128 << 70) | 3);
    let minus = -(large as i128);
    let expected: Vec<u8> = [
        // 1 and 200; the octets that were at 0 and 99, and 103 unchanged.
        1 | 200 << 8,
        99 << 8 | 103 << 16,
        5 | 5 << 8 | 10 << 16,
        // Equal, and 5 is less than 8.
        1,
        (large / divisor) as u64,
        (large % divisor) as u64,
        (minus / 1000) as u64,
        (minus % 1000) as u64,
    ]
    .iter()
    .flat_map(|number: &u64| number.to_le_bytes())
    .collect();
    for revision in Revision::ALL {
        let settings = Settings { revision: Some(revision), ..Settings::default() };
        let Some(built) = c_with(code, settings) else { return };
        assert_eq!(output(&built.unwrap(), b""), expected, "{revision}");
    }
}

/// The example service `library` takes a library in C as a preimage, like those in Rust.
#[test]
fn a_library_in_c_runs_in_an_inner_machine() {
    let code = "static unsigned char out[64];
        struct jambox_pair f(uint64_t a, uint64_t n) {
            for (uint64_t i = 0; i < n; i++) out[n - 1 - i] = ((const unsigned char *)a)[i];
            return (struct jambox_pair){(uint64_t)out, n}; }
        JAMBOX_LIBRARY(f);";
    let guests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/library");
    for (revision, service) in Revision::ALL.into_iter().zip(["library.jam", "library-0.8.0.jam"]) {
        let settings = Settings { revision: Some(revision), ..Settings::default() };
        let Some(built) = c_with(code, settings) else { return };
        let built = built.unwrap();
        assert_eq!(built.kind, Kind::Library);
        let mut chain = Chain::new(Mode::Compiled.under(revision));
        let service = Code::compiled(&fs::read(guests.join(service)).unwrap());
        chain.service(7, &service).has_preimage(&built.blob, 0);
        // `Command::Call`: hash, gas, not packed, arguments. Then `Outcome::Called`: hash, output.
        let (hash, gas) = (Hash::blake2b(&built.blob).0, 10_000u64.to_le_bytes());
        let payload = [&[1][..], &hash, &gas, &[0, 5], b"hello"].concat();
        let run = chain.refine(&Item::new(7).payload(payload));
        assert_eq!(run.result.unwrap(), [&[1][..], &hash, &[0, 5], b"olleh"].concat());
    }
}

#[test]
fn symbols_name_functions_and_lines() {
    let code = format!("{FUNCTIONS}\nJAMBOX_REFINE(f); JAMBOX_ACCUMULATE(g);");
    let Some(built) = c(&code) else { return };
    let symbols = built.unwrap().symbols;
    let functions: Vec<_> =
        symbols.ranges().iter().map(|range| range.frames[0].function.to_string()).collect();
    assert!(functions.contains(&"g".to_owned()), "{symbols}");
    let frame = &symbols.ranges()[0].frames[0];
    assert!(frame.file.ends_with("s.c") && frame.line > 0, "{frame}");
    assert!(!frame.file.starts_with('/'), "paths of this machine stay out: {frame}");
}

#[test]
fn symbols_name_inlined_functions_with_the_line_of_each() {
    let code = "static inline uint64_t deep(uint64_t a) {
            return *(volatile uint64_t *)a; }
        static inline uint64_t wrap(uint64_t a) { return
            deep(a) + 1; }
        struct jambox_pair f(uint64_t a, uint64_t n) {
            return (struct jambox_pair){
                wrap(a), n}; }
        JAMBOX_IS_AUTHORIZED(f);";
    let Some(built) = c(code) else { return };
    let symbols = built.unwrap().symbols;
    // The first line of the file includes the header.
    let expected = [("deep", 3), ("wrap", 5), ("f", 8)];
    let found = symbols.ranges().iter().find(|range| range.frames.len() == expected.len());
    let frames: Vec<_> = found.expect("two functions are inlined into one").frames.to_vec();
    let frames = frames.iter().map(|frame| (&*frame.function, frame.line));
    assert_eq!(frames.collect::<Vec<_>>(), expected, "{symbols}");
}

/// The linker's next level of optimisation treats a host call as a call of a C function, and drops
/// values kept over it in registers that such a call may change. A host call changes r7 and r8
/// only, as the header tells compilers.
#[test]
fn what_is_kept_over_a_host_call_in_any_register_is_there_afterwards() {
    // The book shows this function.
    let code = r#"
        struct jambox_pair f(uint64_t a, uint64_t n) {
            register uint64_t kept __asm__("t0") = 0x123;
            __asm__ volatile("" : "+r"(kept));
            jambox_gas(a, n, 0, 0, 0, 0);
            __asm__ volatile("" : "+r"(kept));
            return (struct jambox_pair){kept, 0};
        }
        JAMBOX_IS_AUTHORIZED(f);
    "#;
    let Some(built) = c(code) else { return };
    // `load_imm r2, 0x123`: t0 is r2.
    let load = [51, 2, 0x23, 0x01];
    let blob = built.unwrap().blob;
    assert!(blob.windows(load.len()).any(|octets| octets == load), "{blob:?}");
}

#[test]
fn octets_that_are_no_elf_are_refused() {
    for octets in [&b""[..], b"nonsense", b"\x7fELF\x02\x01\x01"] {
        for revision in Revision::ALL {
            let linked = link(octets, revision, DEFAULT_STACK);
            assert!(matches!(linked, Err(BuildError::Link(_))), "{octets:?}");
        }
    }
}

/// One text gets the numbers and opcodes of either revision: the opcode of `__builtin_popcountll`'s
/// instruction differs, and so does the number of `fetch`.
#[test]
fn one_source_is_built_for_either_revision() {
    let code = "struct jambox_pair f(uint64_t a, uint64_t n) {
            jambox_fetch(a, 0, 0, 0, 0, 0);
            return (struct jambox_pair){__builtin_popcountll(n), 0}; }
        JAMBOX_IS_AUTHORIZED(f);";
    // Numbers as in `sec:generalfunctions`, and octets as in `sec:instructiontables`, of either.
    let cases = [(Revision::GrayPaper072, 1, 102), (Revision::GrayPaper080, 2, 101)];
    for (revision, fetch, octet) in cases {
        let settings = Settings { revision: Some(revision), ..Settings::default() };
        let Some(built) = c_with(code, settings) else { return };
        let built = built.unwrap();
        assert_eq!(built.revision, revision);
        let container = Container::parse(&built.blob).unwrap();
        let (program, set) = (container.program(), InstructionSet::of(revision));
        let text: Vec<_> = program.instructions(set).map(|i| i.instruction.to_string()).collect();
        assert!(text.contains(&format!("ecalli {fetch}")), "{text:?}");
        let counts = |octet: u8| {
            let mut starts = (0..program.code_len()).filter(|pc| program.is_instruction_start(*pc));
            starts.any(|pc| program.code()[pc as usize] == octet)
        };
        assert!(counts(octet), "{text:?}");
        assert_eq!(set.opcode(octet), Some(Opcode::CountSetBits64));
    }
}

#[test]
fn the_stack_is_as_large_as_it_is_asked_for() {
    let code = format!("{FUNCTIONS}JAMBOX_IS_AUTHORIZED(f);");
    for revision in Revision::ALL.map(Some) {
        for (stack, expected) in [(None, DEFAULT_STACK), (Some(1 << 20), 1 << 20), (Some(1), 4096)]
        {
            let settings = Settings { revision, stack, ..Settings::default() };
            let Some(built) = c_with(&code, settings) else { return };
            assert_eq!(built.unwrap().sizes.stack, expected, "{stack:?}");
        }
    }
}

#[test]
fn the_header_has_every_host_call_with_its_number() {
    // Numbers as in `sec:generalfunctions` and those after it, and JIP-1's.
    let old =
        ["(gas, 0)", "(fetch, 1)", "(write, 4)", "(invoke, 12)", "(provide, 26)", "(log, 100)"];
    let new =
        ["(gas, 0)", "(fetch, 2)", "(write, 5)", "(invoke, 13)", "(provide, 27)", "(log, 100)"];
    for (revision, lines) in [(Revision::GrayPaper072, old), (Revision::GrayPaper080, new)] {
        let header = c_header(revision);
        for line in lines {
            assert!(header.contains(&format!("JAMBOX_HOST_CALL{line}")), "{line}");
        }
        assert!(header.contains("#define JAMBOX_HUH 18446744073709551607ull"));
    }
}
