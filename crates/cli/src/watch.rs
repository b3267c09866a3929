//! `--watch`: doing a thing once more whenever the files that it depends on have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use jambox_types::Hash;

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;
use crate::output::Output;

/// Silence after which changes count as complete: editors write in several steps.
const QUIET: Duration = Duration::from_millis(80);

/// Longest wait for such a silence.
const PATIENCE: Duration = Duration::from_secs(2);

/// Files above this size, in octets, are compared by their times, and not read.
const MOST_READ: u64 = 16 << 20;

/// Folders and files to watch.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Folders with everything in them, but for cargo's output and hidden files.
    pub folders: BTreeSet<PathBuf>,
    /// Single files, which may be missing.
    pub files: BTreeSet<PathBuf>,
}

/// Does a round at once, and another whenever a watched file has other content than before the last
/// round. A round gets the watched paths, and may change them. A round that fails
/// is reported, and the next change starts another. Error: the output is JSON, or nothing can be
/// watched; otherwise this never returns.
pub fn watch(
    output: &Output,
    mut watched: Watched,
    mut round: impl FnMut(&mut Watched) -> Result,
) -> Result {
    if output.json {
        let help = "leave one of them out: with --watch the JSON document would never end";
        return Err(Diagnosis::new("--watch and --json exclude each other").help(help).into());
    }
    loop {
        let before = watched.fingerprints();
        if let Err(failure) = round(&mut watched) {
            output.fail(&failure);
        }
        // The content before the round counts for files that existed: it may have changed
        // meanwhile.
        let mut known = watched.fingerprints();
        for (path, fingerprint) in &mut known {
            if let Some(before) = before.get(path) {
                *fingerprint = *before;
            }
        }
        eprintln!("\nwaiting for changes; Ctrl-C ends");
        loop {
            // Listening starts before the comparison, and anew each time: there may be new folders.
            let changes = Changes::of(&watched)?;
            if watched.fingerprints() != known {
                break;
            }
            changes.wait();
        }
        clear()?;
    }
}

/// Clears the screen, if there is one.
fn clear() -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        out.write_all(b"\x1b[H\x1b[2J\x1b[3J")?;
        out.flush()?;
    }
    Ok(())
}

/// Identity of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fingerprint {
    Missing,
    Content(Hash),
    Changed(Option<SystemTime>),
}

impl Fingerprint {
    fn of(path: &Path) -> Self {
        let Ok(metadata) = fs::metadata(path) else { return Self::Missing };
        match jambox_files::read(path, MOST_READ) {
            Ok(content) => Self::Content(Hash::blake2b(&content)),
            Err(_) => Self::Changed(metadata.modified().ok()),
        }
    }
}

impl Watched {
    fn fingerprints(&self) -> BTreeMap<PathBuf, Fingerprint> {
        let mut paths = self.files.clone();
        for folder in self.all_folders() {
            paths.extend(entries(&folder).filter(|path| path.is_file()));
        }
        let fingerprint = |path: PathBuf| {
            let fingerprint = Fingerprint::of(&path);
            (path, fingerprint)
        };
        paths.into_iter().map(fingerprint).collect()
    }

    /// The watched folders, with all folders in them.
    fn all_folders(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut next: Vec<_> = self.folders.iter().cloned().collect();
        while let Some(folder) = next.pop() {
            // Links are not followed: they may form a cycle.
            let is_folder = |path: &PathBuf| path.is_dir() && !path.is_symlink();
            next.extend(entries(&folder).filter(is_folder));
            found.insert(folder);
        }
        found
    }
}

/// Paths in a folder, but for cargo's output and hidden ones; none if the folder cannot be read.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_watched = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name != "target" && !name.to_string_lossy().starts_with('.')
    };
    entries.filter(is_watched).map(|entry| entry.path())
}

/// Listens for changes in folders.
struct Changes {
    events: Receiver<()>,
    /// Watcher that ends when it is dropped.
    _watcher: RecommendedWatcher,
}

impl Changes {
    fn of(watched: &Watched) -> Result<Self> {
        let (sender, events) = channel();
        let told = move |event: notify::Result<Event>| {
            // Reading a file is no change, and the comparison itself reads the files.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                let _ = sender.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(told).map_err(|error| refused(&error))?;
        let mut folders = watched.all_folders();
        let parent = |file: &PathBuf| match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        folders.extend(watched.files.iter().map(parent));
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            let listens = watcher.watch(folder, RecursiveMode::NonRecursive);
            listens.map_err(|error| refused(&error))?;
        }
        Ok(Self { events, _watcher: watcher })
    }

    /// Waits until something happens, and then for silence.
    fn wait(&self) {
        let _ = self.events.recv();
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && self.events.recv_timeout(QUIET).is_ok() {}
    }
}

fn refused(error: &notify::Error) -> Diagnosis {
    let help = "on Linux, fs.inotify.max_user_watches says how many folders can be watched";
    Diagnosis::new(format!("changes of files cannot be watched: {error}")).help(help)
}
