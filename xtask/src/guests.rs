//! The committed blobs of `guests/`: builds them, and checks that they are up to date.
//!
//! Every guest has a blob for each revision of the paper. The table holds a hash of each blob and
//! one of all the blob's sources, which can be checked without a guest toolchain. With the compiler
//! of the table, the blobs are built again and compared octet by octet; the folder of the build
//! makes no difference.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use jambox_build::{Messages, Options as BuildOptions, Settings, Toolchain, build_with};
use jambox_types::{Hash, Revision};

use crate::sources::Sources;

/// The table of the committed blobs: the compiler, then for each guest and revision the size of the
/// blob, its hash and that of its sources.
const TABLE: &str = "guests/blobs.txt";

/// The guests' workspace.
const MANIFEST: &str = "guests/Cargo.toml";

/// The page with a table of the sizes, and the first lines of that table.
const PAGE: &str = "docs/sdk.md";
const HEADING: &str = "| Example | 0.7.2 | 0.8.0 |\n|---|---|---|\n";

/// Largest sizes of some blobs, in octets.
const LIMITS: &[(&str, usize)] =
    &[("fibonacci", 6 * 1024), ("paste-bin", 16 * 1024), ("library", 24 * 1024)];

/// Options of `cargo xtask guests`.
#[derive(Args)]
pub struct Options {
    /// Write nothing: check the committed blobs and their sources against the table, the blobs'
    /// limits, and, where the compiler of the table is installed, that building them again gives
    /// the same.
    #[arg(long)]
    check: bool,
    /// With `--check`: fail where the compiler of the table is not installed.
    #[arg(long, requires = "check")]
    rebuild: bool,
}

/// One line of the table.
struct Row {
    size: usize,
    hash: Hash,
    sources: Hash,
}

/// Builds or checks the blobs.
pub fn run(options: &Options) -> Result<(), String> {
    if options.check { check(options.rebuild) } else { bless() }
}

fn bless() -> Result<(), String> {
    let toolchain = Toolchain::find().map_err(|error| error.to_string())?;
    let mut table = format!("compiler {}\n", compiler(&toolchain));
    let sources = Sources::of(MANIFEST)?;
    // One revision after the other, so that its standard library is built once.
    let guests = guests()?;
    let mut rows = BTreeMap::new();
    for revision in Revision::ALL {
        for (name, folder) in &guests {
            let (blob, payload) = build(&toolchain, folder, revision)?;
            let path = blob_path(name, folder, revision);
            fs::write(&path, &blob).map_err(|error| format!("{}: {error}", path.display()))?;
            if let Some(text) = payload {
                let path = path.with_extension("payload");
                let written = fs::write(&path, format!("{text}\n"));
                written.map_err(|error| format!("{}: {error}", path.display()))?;
            }
            within_limit(name, blob.len())?;
            let row =
                Row { size: blob.len(), hash: Hash::blake2b(&blob), sources: sources.hash(name)? };
            rows.insert((name.as_str(), revision), row);
        }
    }
    let (_, page) = page(&rows)?;
    fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))?;
    for ((name, revision), Row { size, hash, sources }) in rows {
        let _ = writeln!(table, "{name} {revision} {size} {hash} {sources}");
    }
    fs::write(TABLE, &table).map_err(|error| format!("{TABLE}: {error}"))?;
    print!("{table}");
    Ok(())
}

fn check(rebuild: bool) -> Result<(), String> {
    let text = fs::read_to_string(TABLE).map_err(|error| format!("{TABLE}: {error}"))?;
    let (compiled_by, rows) = parse(&text).ok_or(format!("{TABLE} is not a table of blobs"))?;
    let (found, renewed) = page(&rows)?;
    if found != renewed {
        return Err(format!("{PAGE} has other sizes than {TABLE}: run `cargo xtask guests`"));
    }
    let found = Toolchain::find().ok();
    let here = found.filter(|toolchain| compiler(toolchain) == compiled_by);
    if rebuild && here.is_none() {
        return Err(format!("building the blobs again takes {compiled_by}"));
    }
    let sources = Sources::of(MANIFEST)?;
    let guests = guests()?;
    let all =
        Revision::ALL.into_iter().flat_map(|revision| guests.iter().map(move |g| (revision, g)));
    for (revision, (name, folder)) in all {
        let row = rows.get(&(name.as_str(), revision));
        let row = row.ok_or(format!("{TABLE} has no line for {name} under {revision}"))?;
        let path = blob_path(name, folder, revision);
        let blob = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if (blob.len(), Hash::blake2b(&blob)) != (row.size, row.hash) {
            return Err(format!("{} is not the blob of {TABLE}", path.display()));
        }
        if sources.hash(name)? != row.sources {
            let path = path.display();
            return Err(format!("what {path} is made of has changed: run `cargo xtask guests`"));
        }
        within_limit(name, blob.len())?;
        if let Some(toolchain) = &here
            && build(toolchain, folder, revision)?.0 != blob
        {
            return Err(format!("{} is stale: run `cargo xtask guests`", path.display()));
        }
    }
    match here {
        Some(_) => println!("{} blobs are fresh", rows.len()),
        None => println!(
            "{} blobs and their sources match the table; without {compiled_by} they were not built \
             again",
            rows.len()
        ),
    }
    Ok(())
}

/// The part of a compiler's description that differs where blobs may differ.
fn compiler(toolchain: &Toolchain) -> String {
    format!("rustc {} {}", toolchain.release, toolchain.commit)
}

fn within_limit(name: &str, size: usize) -> Result<(), String> {
    match LIMITS.iter().find(|(limited, _)| *limited == name) {
        Some((_, limit)) if size > *limit => {
            Err(format!("{name} takes {size} octets, and may take at most {limit}"))
        }
        _ => Ok(()),
    }
}

/// The guests that are Rust crates, by name.
fn guests() -> Result<BTreeMap<String, PathBuf>, String> {
    let mut guests = BTreeMap::new();
    for entry in fs::read_dir("guests").map_err(|error| format!("guests: {error}"))? {
        let folder = entry.map_err(|error| error.to_string())?.path();
        if folder.join("src/lib.rs").is_file() {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            guests.insert(name, folder);
        }
    }
    Ok(guests)
}

/// The page with the sizes: as it is, and with those of the rows.
fn page(rows: &Rows<'_>) -> Result<(String, String), String> {
    let found = fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let parts = found.split_once(HEADING);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once("\n\n")?.1)));
    let (before, after) = parts.ok_or(format!("{PAGE} has no table of sizes"))?;
    let mut sizes: BTreeMap<&str, String> = BTreeMap::new();
    for ((name, _), row) in rows {
        let _ = write!(sizes.entry(name).or_default(), " {} |", grouped(row.size));
    }
    let sizes = sizes.iter().map(|(name, sizes)| format!("| `{name}` |{sizes}\n"));
    let renewed = format!("{before}{HEADING}{}\n{after}", sizes.collect::<String>());
    Ok((found, renewed))
}

/// A number with a comma before each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Path of a guest's blob; its name has the revision, except for the first revision.
fn blob_path(name: &str, folder: &Path, revision: Revision) -> PathBuf {
    let [first, ..] = Revision::ALL;
    let number = revision.name().trim_start_matches("gray-paper");
    folder.join(if revision == first {
        format!("{name}.jam")
    } else {
        format!("{name}{number}.jam")
    })
}

/// Builds a guest's blob, and the description of its payloads, if it has one.
fn build(
    toolchain: &Toolchain,
    folder: &Path,
    revision: Revision,
) -> Result<(Vec<u8>, Option<String>), String> {
    let settings = Settings { revision: Some(revision), ..Settings::default() };
    let options = BuildOptions { settings, messages: Messages::Keep };
    let built = build_with(toolchain, &folder.join("Cargo.toml"), &options);
    built
        .map(|built| (built.blob, built.payload))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

type Rows<'t> = BTreeMap<(&'t str, Revision), Row>;

fn parse(text: &str) -> Option<(&str, Rows<'_>)> {
    let mut lines = text.lines();
    let compiler = lines.next()?.strip_prefix("compiler ")?;
    let rows = lines.map(|line| {
        let mut words = line.split(' ');
        let key = (words.next()?, words.next()?.parse().ok()?);
        let row = Row {
            size: words.next()?.parse().ok()?,
            hash: words.next()?.parse().ok()?,
            sources: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some((key, row))
    });
    Some((compiler, rows.collect::<Option<_>>()?))
}
