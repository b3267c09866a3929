//! Entry points, on real ELF files made by clang from the C header.

use std::fs;

use jambox_build::{
    BuildError, Built, DEFAULT_STACK, Kind, Messages, Options, Settings, Toolchain, build,
    c_header, link,
};
use jambox_isa::{InstructionSet, Opcode};
use jambox_program::Container;
use jambox_types::Revision;

/// A toolchain for guests in Rust; says that the test is skipped if there is none.
pub fn toolchain() -> Option<Toolchain> {
    let found = Toolchain::find();
    if let Err(error) = &found {
        eprintln!("skipped, for it takes a guest toolchain: {error}");
    }
    found.ok()
}

/// Builds C code; nothing (and it says so) where there is no clang.
fn c(code: &str) -> Option<Result<Built, BuildError>> {
    c_with(code, Settings::default())
}

fn c_with(code: &str, settings: Settings) -> Option<Result<Built, BuildError>> {
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
fn missing_entry_points_are_named() {
    let Some(none) = c(FUNCTIONS) else { return };
    assert!(matches!(none, Err(BuildError::NoEntryPoint)), "{none:?}");
    let Some(refine) = c(&format!("{FUNCTIONS}JAMBOX_REFINE(f);")) else { return };
    let message = refine.unwrap_err().to_string();
    assert!(message.contains("has `refine` but no `accumulate`"), "{message}");
    let Some(accumulate) = c(&format!("{FUNCTIONS}JAMBOX_ACCUMULATE(f);")) else { return };
    let message = accumulate.unwrap_err().to_string();
    assert!(message.contains("has `accumulate` but no `refine`"), "{message}");
    let all = "JAMBOX_REFINE(f); JAMBOX_ACCUMULATE(g); JAMBOX_IS_AUTHORIZED(f);";
    let Some(all) = c(&format!("{FUNCTIONS}{all}")) else { return };
    assert!(matches!(all, Err(BuildError::ConflictingEntryPoints)));
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

/// The linker's next level of optimisation takes a host call for a call of a C function, and drops
/// what is kept over it in registers that those may change. A host call changes r7 and r8 only, and
/// compilers are told so.
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

/// One text, the numbers and opcodes of either revision: `__builtin_popcountll` is one instruction,
/// whose octet differs, and so does the number of `fetch`.
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
