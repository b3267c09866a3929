//! Entry points, on real ELF files made by clang from the C header.

use std::fs;

use jambox_build::{BuildError, Built, Kind, Messages, Options, Toolchain, build, c_header, link};

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
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.c"), format!("#include \"jambox.h\"\n{code}")).unwrap();
    match build(folder.path(), &Options { panics: None, messages: Messages::Keep }) {
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
        assert!(matches!(link(octets), Err(BuildError::Link(_))), "{octets:?}");
    }
}

#[test]
fn the_header_has_every_host_call_with_its_number() {
    let header = c_header();
    // Numbers as in `sec:generalfunctions` and those after it (0.7.2), and JIP-1's.
    for line in
        ["(gas, 0)", "(fetch, 1)", "(write, 4)", "(invoke, 12)", "(provide, 26)", "(log, 100)"]
    {
        assert!(header.contains(&format!("JAMBOX_HOST_CALL{line}")), "{line}");
    }
    assert!(header.contains("#define JAMBOX_HUH 18446744073709551607ull"));
}
