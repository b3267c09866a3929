//! `cargo xtask sample`: functions and sections of the book, drawn at random for reading aloud.
//!
//! A review of a change reads the changed lines alone. A draw reads all the others in time. It
//! depends on the seed and on the sources only, so that two readers of one commit read the same.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::command::root;
use crate::tidy::{functions, sources};

/// Files outside of `docs` whose sections are drawn too.
const PAGES: &[&str] = &["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "bench/README.md"];

/// Options of `cargo xtask sample`.
#[derive(Args)]
pub struct Options {
    /// Seed of the draw: the same seed draws the same from the same sources.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of functions.
    #[arg(long, value_name = "N", default_value_t = 20)]
    functions: usize,
    /// Number of sections.
    #[arg(long, value_name = "N", default_value_t = 10)]
    sections: usize,
    /// Draw from another checkout of the project, such as that of an older commit.
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
}

/// Prints the draw.
pub fn run(options: &Options) -> Result<(), String> {
    let root = options.from.clone().unwrap_or_else(root);
    let mut random = Random(options.seed);
    for (title, candidates, count) in [
        ("function", all_functions(&root)?, options.functions),
        ("section", all_sections(&root)?, options.sections),
    ] {
        let all = candidates.len();
        for (index, piece) in draw(candidates, count, &mut random).into_iter().enumerate() {
            println!("==== {title} {} of {count}, from {all}: {}", index + 1, piece.place);
            println!("{}\n", piece.text.trim_end());
        }
    }
    Ok(())
}

/// A function or section, with its file and name.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    place: String,
    text: String,
}

/// Every function with a body in the crates' and the chores' sources; tests are left out.
fn all_functions(root: &Path) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    for path in sources(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if name.contains("/src/") {
            let text = read(&path)?;
            pieces.extend(functions_of(&name, text.split("#[cfg(test)]").next().unwrap_or("")));
        }
    }
    Ok(pieces)
}

/// The functions of a source, each with the comments and attributes above it.
fn functions_of(file: &str, text: &str) -> Vec<Piece> {
    let lines: Vec<&str> = text.lines().collect();
    let found = functions::of(text).into_iter().map(|function| {
        let first = function.line - 1;
        let is_above = |line: &&&str| {
            line.trim_start().starts_with("//") || line.trim_start().starts_with('#')
        };
        let above = lines[..first].iter().rev().take_while(is_above).count();
        let text = lines[first - above..first + function.lines].join("\n");
        Piece { place: format!("{file}: {}", function.name), text }
    });
    found.collect()
}

/// Every section of the book and of the pages beside it.
fn all_sections(root: &Path) -> Result<Vec<Piece>, String> {
    let docs = root.join("docs");
    let failed = |error| format!("{}: {error}", docs.display());
    let mut pages: Vec<PathBuf> = PAGES.iter().map(|page| root.join(page)).collect();
    for entry in fs::read_dir(&docs).map_err(failed)? {
        pages.push(entry.map_err(failed)?.path());
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let mut pieces = Vec::new();
    for page in pages {
        let name = page.strip_prefix(root).unwrap_or(&page).to_string_lossy().into_owned();
        pieces.extend(sections_of(&name, &read(&page)?));
    }
    Ok(pieces)
}

/// The sections of a page: from one heading to the next, a `#` within a block of code aside.
fn sections_of(file: &str, text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if line.starts_with('#') && !is_code {
            let heading = line.trim_start_matches('#').trim();
            pieces.push(Piece { place: format!("{file}: {heading}"), text: String::new() });
        }
        if let Some(piece) = pieces.last_mut() {
            piece.text.push_str(line);
            piece.text.push('\n');
        }
    }
    pieces
}

/// Some of all, none twice, in the order of the draw.
fn draw<T>(mut from: Vec<T>, count: usize, random: &mut Random) -> Vec<T> {
    let mut drawn = Vec::new();
    while drawn.len() < count && !from.is_empty() {
        drawn.push(from.swap_remove(random.below(from.len())));
    }
    drawn
}

/// The generator SplitMix64, whose numbers are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_again_and_nothing_twice() {
        let of = |seed| draw((0..100).collect(), 20, &mut Random(seed));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let mut once = of(1);
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), 20);
        assert_eq!(draw(vec![1, 2], 20, &mut Random(1)).len(), 2);
        // The first number of SplitMix64 with seed 1, as its authors' code computes it.
        assert_eq!(Random(1).below(usize::MAX), 0x910a_2dec_8902_5cc1);
    }

    #[test]
    fn a_piece_has_the_comments_above_it_and_ends_where_the_next_begins() {
        let text = "use x;\n\n/// One.\n#[must_use]\nfn one() {\n    1\n}\n\nfn two() {\n}\n";
        let found = functions_of("a.rs", text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].place, "a.rs: one");
        assert_eq!(found[0].text, "/// One.\n#[must_use]\nfn one() {\n    1\n}");
        let found = sections_of("a.md", "# A\none\n```sh\n# no heading\n```\n## B\ntwo\n");
        let places: Vec<_> = found.iter().map(|piece| &piece.place[..]).collect();
        assert_eq!(places, ["a.md: A", "a.md: B"]);
        assert!(found[0].text.ends_with("# no heading\n```\n"));
    }
}
