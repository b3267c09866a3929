//! The book in `docs`: every block of it is held against something, and every link leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::jambox::{line, root};
use crate::pages::{self, Block, Page};

/// Folders of crates that take the Rust blocks of a page as documentation tests, each with the
/// folder of its links to pages: a package reads no file from outside of its folder.
const DOC_TESTS: &[(&str, &str)] =
    &[("crates/sdk-testing/src", "../book/"), ("crates/asm/src", "")];

/// Blocks of `text`: a page, how a block starts, and the file of which it is an excerpt, if it is
/// not a drawing.
const TEXTS: &[(&str, &str, Option<&str>)] = &[
    ("docs/package-file.md", "enum { Open", Some("guests/ledger/ledger-0.8.0.payload")),
    ("docs/adding-an-abi.md", "number, registers", None),
    ("docs/adding-an-abi.md", "seed [20, 20]", Some("crates/hostcall/src/table.rs")),
    // Settings of the debugger in editors and GDB, which speak to it in tests of their own.
    ("docs/debugger.md", "{\n  \"type\": \"jambox\"", None),
    ("docs/debugger.md", "local dap", None),
    ("docs/debugger.md", "[[language]]", None),
    ("docs/debugger.md", "set architecture", None),
    // The tests of `jambox-sdk-testing` hold it against what they get.
    ("docs/testing.md", "refine of service 7", None),
    // Output of a service built here, in which `stacks` checks the functions and their lines.
    ("docs/debugger.md", "source      __rustc", None),
    // `cargo xtask debuggers` has this session with the debugger.
    ("docs/debugger.md", "$ jambox trace record package.toml -o run.log\n$ jambox debug", None),
    ("docs/failures.md", "accumulate of deep (7)", None),
    // Figures of `cargo xtask bench debug`.
    ("docs/debugger.md", "gray-paper-0.7.2, interpreter", None),
    // The form of what `bisect` tests for.
    ("docs/measuring.md", "failed traces/", None),
    // Output about a service that is built here, which `measured_tests` holds against what it gets.
    ("docs/measuring.md", "$ jambox test --coverage", None),
    ("docs/measuring.md", "$ jambox gas check package.toml --tests", None),
];

/// The service of which blocks of C are excerpts.
const C_SERVICE: &str = "guests/compat/c/keeper.c";

/// C that tests build.
const C_TESTS: &str = "crates/build/tests/it/links.rs";

/// Commands in blocks of `sh` that are not ours, by how they begin.
const OTHERS: &[&str] = &[
    "cargo test",
    "cargo install --profile dist --path crates/cli",
    "cd ",
    "rustup ",
    "apt-get install ",
];

/// Problem of a block; `None` if it is right. A language that nothing checks is a problem.
fn problem(page: &Page, block: &Block) -> Option<String> {
    match block.language.as_str() {
        // `transcripts` runs them all.
        "console" => None,
        "rust" => rust(page),
        "toml" => toml(block),
        "asm" => assembly(block),
        "sh" => block.text.lines().find_map(shell),
        "text" => text(page, block),
        // Its blob is committed and tested.
        "c" => excerpt(block, C_SERVICE).and(excerpt(block, C_TESTS)),
        other => Some(format!("nothing checks blocks of `{other}`")),
    }
}

fn rust(page: &Page) -> Option<String> {
    let path = root().join(&page.path);
    let name = Path::new(&page.path).file_name().unwrap().to_str().unwrap();
    let included = DOC_TESTS.iter().any(|(folder, links)| {
        let source = fs::read_to_string(root().join(folder).join("lib.rs")).unwrap();
        let link = format!("{links}{name}");
        source.contains(&format!("include_str!(\"{link}\")"))
            && fs::canonicalize(root().join(folder).join(link)).unwrap()
                == fs::canonicalize(&path).unwrap()
    });
    (!included).then(|| format!("none of {DOC_TESTS:?} includes this page"))
}

/// A block is TOML, and each of its keys is one that the page on package files describes, or one of
/// a manifest. (A whole package has to load: `jambox-package` tests the one of that page.)
fn toml(block: &Block) -> Option<String> {
    let value: toml::Table = match block.text.parse() {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    if let Some(problem) = setting(&value) {
        return Some(problem);
    }
    let reference = Page::read("docs/package-file.md").text;
    let is_manifest = ["package", "dependencies", "dev-dependencies"];
    let known = |key: &str| {
        is_manifest.contains(&key)
            || reference.contains(&format!("`{key}`"))
            || reference.contains(&format!("[{key}"))
    };
    let mut keys = value.iter().flat_map(|(section, value)| match value {
        _ if is_manifest.contains(&section.as_str()) => vec![section.as_str()],
        toml::Value::Table(table) if section == "services" || section == "segments" => {
            let inner = table.values().filter_map(toml::Value::as_table);
            inner.flat_map(|table| table.keys().map(String::as_str)).collect()
        }
        toml::Value::Table(table) => table.keys().map(String::as_str).collect(),
        toml::Value::Array(items) if section == "items" => {
            let items = items.iter().filter_map(toml::Value::as_table);
            items.flat_map(|table| table.keys().map(String::as_str)).collect()
        }
        _ => vec![section.as_str()],
    });
    keys.find(|key| !known(key)).map(|key| format!("docs/package-file.md has no `{key}`"))
}

/// Problem of a manifest: a setting that does not exist; `None` if all exist.
fn setting(manifest: &toml::Table) -> Option<String> {
    let at = |path: &[&str]| {
        let mut keys = path.iter();
        let first = manifest.get(*keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    };
    let panics = at(&["package", "metadata", "jambox", "panics"]);
    if let Some(how) = panics.filter(|how| !matches!(how.as_str(), Some("log" | "trap"))) {
        return Some(format!("panics do not {how}"));
    }
    let sdk = fs::read_to_string(root().join("crates/sdk/Cargo.toml")).unwrap();
    let sdk: toml::Table = sdk.parse().unwrap();
    let wanted = at(&["dependencies", "jambox-sdk", "features"]).and_then(toml::Value::as_array);
    let known = |name: &str| sdk["features"].get(name).is_some();
    let mut wanted = wanted.into_iter().flatten().filter_map(toml::Value::as_str);
    let unknown = wanted.find(|name| !known(name));
    unknown.map(|feature| format!("the SDK has no feature {feature}"))
}

fn assembly(block: &Block) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("block.asm");
    fs::write(&file, &block.text).unwrap();
    let ran = line(&format!("asm {} -o {}.jam", file.display(), file.display()));
    (ran.code != 0).then_some(ran.stderr)
}

/// Our commands have to be understood; nothing is run here.
fn shell(text: &str) -> Option<String> {
    let text = text.split('#').next().unwrap_or_default().trim();
    for command in text.split(" && ").filter(|command| !command.is_empty()) {
        let ours = ["jambox ", "cargo run --release -- "];
        if let Some(arguments) = ours.into_iter().find_map(|ours| command.strip_prefix(ours)) {
            let ran = line(&format!("{arguments} --help"));
            if ran.code != 0 {
                return Some(ran.stderr);
            }
        } else if let Some(chore) = command.strip_prefix("cargo xtask ") {
            let chore = chore.split(' ').next().unwrap_or_default();
            if !root().join(format!("xtask/src/{chore}.rs")).is_file() {
                return Some(format!("there is no chore `{chore}`"));
            }
        } else if !OTHERS.iter().any(|other| command.starts_with(other)) {
            return Some(format!("nobody knows `{command}`"));
        }
    }
    None
}

/// A block is in a file, but for blanks and for what two dots stand for.
fn excerpt(block: &Block, file: &str) -> Option<String> {
    let bare = |text: &str| text.split_whitespace().collect::<String>().replace(",}", "}");
    let source = bare(&fs::read_to_string(root().join(file)).unwrap());
    let excerpt = bare(&block.text);
    let found = excerpt.split("..").try_fold(source.as_str(), |rest, part| {
        rest.find(part).and_then(|at| rest.get(at + part.len()..))
    });
    found.is_none().then(|| format!("{file} has no such lines"))
}

fn text(page: &Page, block: &Block) -> Option<String> {
    let known = TEXTS
        .iter()
        .find(|(path, start, _)| *path == page.path && block.text.trim_start().starts_with(start));
    match known {
        None => Some("a block of text that no one accounts for".to_owned()),
        Some((.., None)) => None,
        Some((.., Some(file))) => excerpt(block, file),
    }
}

#[test]
fn something_checks_every_block() {
    let mut problems = Vec::new();
    for page in pages::all() {
        for block in page.blocks() {
            if let Some(problem) = problem(&page, &block) {
                problems.push(format!("{}:{}: {problem}", page.path, block.line));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The targets of a page's links.
fn links(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a page: its headings in lower case, with `-` for blanks, without punctuation.
fn anchors(page: &Page) -> BTreeSet<String> {
    let prose = page.prose();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let kept = heading.trim_start_matches('#').trim().chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then(|| c.to_ascii_lowercase()),
        });
        kept.collect()
    };
    headings.map(anchor).collect()
}

/// Pages outside of the book whose links are checked too.
const BESIDE: &[&str] = &["ARCHITECTURE.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md"];

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for page in pages::all().into_iter().chain(BESIDE.iter().map(|path| Page::read(path))) {
        let folder = Path::new(&page.path).parent().unwrap();
        for link in links(&page) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = if file.is_empty() {
                page.path.clone()
            } else {
                folder.join(file).to_str().unwrap().to_owned()
            };
            // The book is made of `docs` alone.
            let leaves = page.path.starts_with("docs/") && path.contains("..");
            let leads = !leaves
                && root().join(&path).exists()
                && (anchor.is_empty() || anchors(&Page::read(&path)).contains(anchor));
            if !leads {
                problems.push(format!("{}: {link}", page.path));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_summary_names_every_page_once() {
    let summary = Page::read("docs/SUMMARY.md");
    let mut named = links(&summary);
    named.sort_unstable();
    let pages = pages::all().into_iter().filter_map(|page| {
        let name = page.path.strip_prefix("docs/")?.to_owned();
        (name != "SUMMARY.md").then_some(name)
    });
    assert_eq!(named, pages.collect::<Vec<_>>());
    let settings: toml::Table =
        fs::read_to_string(root().join("book.toml")).unwrap().parse().unwrap();
    assert_eq!(settings["book"]["src"].as_str(), Some("docs"));
}

/// The right column of the table for users of `jam-pvm-common` names functions that the SDK has.
#[test]
fn names_for_newcomers_exist() {
    let mut sources = String::new();
    for entry in fs::read_dir(root().join("crates/sdk/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            sources += &fs::read_to_string(path).unwrap();
        }
    }
    let page = Page::read("docs/coming-from.md");
    let rows = page.text.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = rows
        .take_while(|line| line.starts_with('|'))
        .filter_map(|row| row.split('|').nth(2))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let names: Vec<_> =
        cells.filter(|name| name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')).collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<_> =
        names.iter().filter(|name| !sources.contains(&format!("fn {name}"))).collect();
    assert!(missing.is_empty(), "the SDK has no {missing:?}");
}

/// The tutorial's service is the one that `jambox new` writes, and so is the one whose blob stands
/// in for the tutorial's build.
#[test]
fn the_tutorial_shows_what_new_writes() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    assert_eq!(line(&format!("new {}", demo.display())).code, 0);
    for file in ["src/lib.rs", "tests/service.rs"] {
        let written = fs::read_to_string(demo.join(file)).unwrap();
        let kept = fs::read_to_string(root().join("guests/demo").join(file)).unwrap();
        assert!(written == kept, "guests/demo/{file} is not what `jambox new demo` writes");
    }
    let tutorial = Page::read("docs/first-service.md");
    let shown = tutorial.blocks().into_iter().find(|block| block.language == "rust").unwrap();
    let source = fs::read_to_string(demo.join("src/lib.rs")).unwrap();
    for shown in shown.text.lines().filter(|line| !line.starts_with('#')) {
        assert!(source.lines().any(|line| line == shown), "`{shown}` is not in the template");
    }
}
