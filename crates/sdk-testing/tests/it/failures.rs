//! Failures in tests: the same text as that of the command.

use jambox_sdk::prelude::*;
use jambox_sdk_testing::{Cause, Chain, Code, Exit, Failed, Item, Mode, Package, Revision};
use jambox_symbols::{Frame, Range, Symbols};

use crate::overhead::assemble_text;

/// Fails in each of its entry points.
mod failing {
    use jambox_sdk::prelude::*;

    fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<(), Error> {
        info!("refining");
        assert!(arguments.payload != b"panic", "as {} asked", "you");
        if arguments.payload == b"export" {
            ctx.export_segment(&[1])?;
        }
        Ok(())
    }

    fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        for input in ctx.fetcher().inputs()? {
            if let AccumulateInput::Transfer(_) = input {
                ctx.transfer(ServiceId(9), 1, Gas(1000), &Memo::ZERO)?;
            }
        }
        Ok(())
    }

    fn is_authorized(_: &AuthorizeContext, _: AuthorizeArguments) {
        panic!("nobody may");
    }

    entry_points! { refine = refine, accumulate = accumulate, is_authorized = is_authorized }
}

fn chain() -> Chain {
    let mut chain = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    chain.service(7, &Code::native(failing::SERVICE));
    chain
}

/// The first line of this file that contains a text.
fn line_of(text: &str) -> usize {
    include_str!("failures.rs").lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn a_native_failure_tells_what_the_service_said_and_where() {
    let failed = chain().refine(&Item::new(7).payload("panic")).failure.unwrap();
    assert!(matches!(failed.why.as_ref().unwrap().cause, Cause::Exit(Exit::Panic)));
    let text = failed.to_string();
    let place = format!("failures.rs:{}: as you asked", line_of("assert!(arguments.payload"));
    assert!(text.starts_with("refine of service 7, item 0: panic\n"), "{text}");
    assert!(text.contains(&place) && text.contains("refining"), "{text}");
    assert!(text.ends_with("the guest panicked"), "{text}");
    assert_eq!(format!("{failed:?}"), text, "what `unwrap` prints");
}

/// Loads from an inaccessible page, in the middle of a block.
const FAULTING: &str = ".program standard\n.name \"faulting\"\n.stack_size 4096\n.code\n\
                        load_imm r3, 0x30000\nload_ind_u8 r1, [r3 + 2]\njump_ind ra\n";

/// A folder with a blob and its symbols, as a build writes them.
fn built() -> (tempfile::TempDir, Code) {
    let folder = tempfile::tempdir().unwrap();
    let blob = assemble_text(FAULTING);
    let frame = |function: &str, line| Frame {
        function: function.into(),
        file: "src/faulting.rs".into(),
        line,
    };
    let frames = vec![frame("read_there", 3), frame("refine", 9)];
    let ranges = vec![Range { start: 0, end: 1 << 20, frames }];
    let symbols = Symbols::new(Hash::blake2b(&blob), ranges).unwrap();
    let path = folder.path().join("faulting.jam");
    std::fs::write(&path, &blob).unwrap();
    let beside = Symbols::folder_of(&path);
    std::fs::create_dir_all(&beside).unwrap();
    let file = beside.join(Symbols::file_name(Hash::blake2b(&blob)));
    std::fs::write(file, symbols.to_string()).unwrap();
    (folder, Code::native(failing::SERVICE).with_blob_file(path))
}

#[test]
fn a_compiled_failure_tells_rule_function_line_and_registers_on_every_backend() {
    let (_folder, code) = built();
    for backend in jambox_sdk_testing::Backend::all_here() {
        let mut chain = Chain::new(Mode::CompiledOn(backend).under(Revision::GrayPaper072));
        chain.service(7, &code);
        let failed = chain.refine(&Item::new(7)).failure.unwrap();
        let text = failed.to_string();
        for expected in [
            "refine of service 7, item 0: panic",
            "why         the instruction reads a page that does not allow it: page fault at 0x30000",
            "instruction load_ind_u8 r1, [r3 + 2]",
            "source      read_there (src/faulting.rs:3)",
            "source      refine (src/faulting.rs:9)",
            "address     ",
            "block       ",
            "registers   r0",
        ] {
            assert!(text.contains(expected), "{backend:?}: {expected:?} is missing in\n{text}");
        }
        assert_eq!(failed.explanation().unwrap().registers[3], 0x30000);
        assert_eq!(shown_in_the_book().trim_end(), text.trim_end(), "{backend:?}");
    }
}

/// The failure that the chapter on testing shows.
fn shown_in_the_book() -> &'static str {
    let page = include_str!("../../../../docs/testing.md");
    let (_, block) = page.split_once("```text\nrefine of service").expect("the block is there");
    let start = page.len() - block.len() - "refine of service".len();
    page[start..].split("```").next().unwrap()
}

/// As in the command, refused results and services without code are failures, too.
#[test]
fn failures_without_a_guest_that_failed_are_told() {
    let mut chain = chain();
    chain.service(9, &Code::native(failing::SERVICE));
    chain.state_mut().accounts.update(ServiceId(9), |it| it.code_hash = Hash::ZERO).unwrap();
    let package = Package::new()
        .item(Item::new(7).payload("export").exports(2))
        .item(Item::new(9))
        .item(Item::new(7).payload("panic"));
    let processed = chain.process(&package).unwrap();
    let told: Vec<_> = processed.failures.iter().map(first_line).collect();
    assert!(told[0].starts_with("refine of service 7, item 0: refused: bad exports"), "{told:?}");
    assert!(told[1].starts_with("refine of service 9, item 1: not run: "), "{told:?}");
    assert_eq!(told[2], "refine of service 7, item 2: panic");
    assert_eq!(told[3], "accumulate of service 9: not run: the service's code is not available");
    assert_eq!(told.len(), 4, "{told:?}");
    let indices = processed.failures.iter().map(|it| (it.service.map(|it| it.0), it.item));
    let expected = [(Some(7), Some(0)), (Some(9), Some(1)), (Some(7), Some(2)), (Some(9), None)];
    assert!(indices.eq(expected), "{:?}", processed.failures);
}

fn first_line(failed: &Failed) -> String {
    failed.to_string().lines().next().unwrap().to_owned()
}

#[test]
fn who_refuses_a_package_says_why() {
    let package = Package::new().authorizer(7).item(Item::new(7));
    let refused = chain().process(&package).unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with("the package is not authorized: panic\n"), "{text}");
    assert!(text.contains("is-authorized: panic\n") && text.contains("nobody may"), "{text}");
    let failed = chain().authorize(&package).failure.unwrap();
    assert_eq!(failed.to_string(), refused.failed.unwrap().to_string());
}
