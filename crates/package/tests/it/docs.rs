//! `docs/package-file.md` is complete, and its example works.

use jambox_package::ProblemKind;

use crate::memory::{FULL, Memory, load_from, load_text};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/package-file.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_key_is_described() {
    let page = page();
    // The message for an unknown key lists all keys of a section.
    let headings = FULL.lines().filter(|line| line.starts_with('['));
    let mut sections = 0;
    for heading in headings {
        let text = FULL.replacen(heading, &format!("{heading}\nno_such_key = 1"), 1);
        let invalid = load_text(&text).unwrap_err();
        let ProblemKind::UnknownKey { known, .. } = &invalid.problems[0].kind else {
            panic!("{invalid}")
        };
        for key in known {
            assert!(page.contains(&format!("`{key}`")), "{heading} `{key}` is not described");
        }
        sections += 1;
    }
    assert_eq!(sections, 9);
}

#[test]
fn the_example_is_a_package() {
    let page = page();
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let files = Memory::default()
        .with("dir/package.toml", example)
        .with("dir/greeter.asm", ".code\n trap\n")
        .with("dir/authorizer.asm", ".code\n trap\n");
    let package = load_from(&files).unwrap();
    assert_eq!(package.work_package.items[0].payload, b"hello");
}
