//! Source files that symbols name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jambox_symbols::{Frame, Symbols};

/// The most octets of a source file.
const LIMIT: u64 = 16 << 20;

/// Source files: those that a capsule keeps, and those in folders of this machine.
pub struct Sources {
    kept: BTreeMap<String, String>,
    roots: Vec<PathBuf>,
}

impl Sources {
    /// Sources in a folder and its parents, and in other folders.
    pub fn new(folder: &Path, others: &[PathBuf]) -> Self {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let around = folder.ancestors().take(4).map(Path::to_owned);
        let roots = others.iter().cloned().chain(around).collect();
        Self { kept: BTreeMap::new(), roots }
    }

    /// The same with the texts of a capsule, by the names that compilers gave the files. They win
    /// over files of this machine, which may be newer than the program.
    pub fn with_kept(self, kept: BTreeMap<String, String>) -> Self {
        Self { kept, ..self }
    }

    /// Path of the file that a compiler named so, if it is on this machine. Compilers name files of
    /// a package `NAME-VERSION/src/lib.rs`.
    pub fn path(&self, file: &str) -> Option<PathBuf> {
        let whole = Path::new(file);
        let within: PathBuf = whole.components().skip(1).collect();
        let package = whole.components().next().and_then(|it| it.as_os_str().to_str());
        let name = package.and_then(|package| Some(package.rsplit_once('-')?.0.to_owned()));
        let folders = |root: &Path| {
            let mut all = vec![root.join(whole)];
            if let Some(name) = &name {
                let short = name.strip_prefix("jambox-").unwrap_or(name);
                for folder in ["", "guests", "crates"] {
                    all.push(root.join(folder).join(name).join(&within));
                    all.push(root.join(folder).join(short).join(&within));
                }
                let is_own = root.file_name().is_some_and(|folder| folder == name.as_str());
                if is_own {
                    all.push(root.join(&within));
                }
            }
            all
        };
        let mut candidates = self.roots.iter().flat_map(|root| folders(root));
        candidates
            .find(|path| path.is_file())
            .or_else(|| Some(whole.to_owned()).filter(|it| it.is_file()))
    }

    /// The innermost of these frames whose line is at hand, or else the innermost: functions of the
    /// standard library are inlined in a user's, and only the latter's source is here.
    pub fn nearest<'f>(&self, frames: &'f [Frame]) -> Option<&'f Frame> {
        let is_here = |frame: &&Frame| !self.lines(&frame.file, frame.line, 1).is_empty();
        frames.iter().find(is_here).or_else(|| frames.first())
    }

    /// Some lines of a file, with their numbers.
    pub fn lines(&self, file: &str, first: u32, count: usize) -> Vec<(u32, String)> {
        let text = self.text(file).unwrap_or_default();
        let lines = (1..).zip(text.lines().map(str::to_owned));
        lines.skip_while(|(number, _)| *number < first).take(count).collect()
    }

    /// The texts of all files that symbols name, by those names; without those that are not found.
    pub fn named_by<'s>(
        &self,
        symbols: impl Iterator<Item = &'s Symbols>,
    ) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for frame in symbols.flat_map(Symbols::ranges).flat_map(|range| &range.frames) {
            if !texts.contains_key(&frame.file) {
                texts.insert(frame.file.clone(), self.text(&frame.file));
            }
        }
        texts.into_iter().filter_map(|(name, text)| Some((name.to_string(), text?))).collect()
    }

    fn text(&self, file: &str) -> Option<String> {
        if let Some(text) = self.kept.get(file) {
            return Some(text.clone());
        }
        let octets = jambox_files::read(&self.path(file)?, LIMIT).ok()?;
        Some(String::from_utf8_lossy(&octets).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_at_hand_is_that_of_the_caller_where_a_library_is_inlined() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "one\ntwo\n").unwrap();
        let sources = Sources::new(folder.path(), &[]);
        let frame = |file: &str, line| Frame { function: "f".into(), file: file.into(), line };
        let inlined = frame("/rust/library/alloc/src/vec/mod.rs", 464);
        let own = frame("src/lib.rs", 2);
        assert_eq!(sources.nearest(&[inlined.clone(), own.clone()]), Some(&own));
        assert_eq!(sources.nearest(&[inlined.clone(), frame("src/lib.rs", 9)]), Some(&inlined));
        assert_eq!(sources.nearest(&[]), None);
    }
}
