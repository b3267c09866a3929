//! Measurements of compiled services under `jambox test --coverage` and `--profile`.
//!
//! The command names a folder. Every thread that runs tests has a file there for the counts of
//! instructions and one for profiles, and writes them anew after each invocation: no test waits for
//! another, no process has to know that it ends, and the command adds everything up.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use jambox_inspect::Instruments;
use jambox_inspect::coverage::Counts;
use jambox_inspect::profile::{Profile, Profiles};
use jambox_symbols::Symbols;
use jambox_types::Hash;

use crate::blessed::replace;
use crate::symbols::KnownSymbols;
use crate::{Mode, Revision, revision_under_test};

/// Environment variable: the folder for the measurements of tests. `jambox test` sets it, and reads
/// what it finds there afterwards.
const FOLDER_VARIABLE: &str = "JAMBOX_MEASURED";

static FOLDER: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from));

thread_local! {
    static REPEATS: Cell<bool> = const { Cell::new(false) };
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Measurements of one thread.
#[derive(Default)]
struct Kept {
    /// Name of the files, without an ending; empty before the first invocation.
    name: String,
    counts: Counts,
    profiles: Profiles,
}

/// Runs a test once more, on another backend, without measuring it again.
pub(crate) fn again<T>(test: impl FnOnce() -> T) -> T {
    /// Ends the repetition, also when the test panics.
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            REPEATS.set(self.0);
        }
    }
    let _end = End(REPEATS.replace(true));
    test()
}

/// Instruments for an invocation, if it is to be measured: a compiled one, and no repetition.
pub(crate) fn instruments(mode: Mode) -> Option<Instruments<'static>> {
    let measures = FOLDER.is_some() && mode != Mode::Native && !REPEATS.get();
    let instruments = || Instruments::new(&KnownSymbols).with_profiles(true).with_coverage(true);
    measures.then(instruments)
}

/// Keeps the measurements of a revision.
///
/// # Panics
///
/// When it cannot be written.
pub(crate) fn keep(measured: &Instruments<'_>, revision: Revision) {
    let Some(folder) = &*FOLDER else { return };
    let written = KEPT.with_borrow_mut(|kept| {
        kept.add(measured, revision);
        kept.write(folder)
    });
    written
        .unwrap_or_else(|error| panic!("{}: {}", folder.display(), jambox_files::reason(&error)));
}

impl Kept {
    fn add(&mut self, measured: &Instruments<'_>, revision: Revision) {
        if let Some(counts) = measured.counts() {
            self.counts.add(&counts);
        }
        for profile in measured.profiles() {
            self.profiles
                .add(&Profile { title: titled(&profile.title, revision), ..profile.clone() });
        }
    }

    fn write(&mut self, folder: &Path) -> io::Result<()> {
        if self.name.is_empty() {
            self.name = unused_name();
        }
        for program in self.counts.programs() {
            copy_symbols(folder, program)?;
        }
        replace(&folder.join(format!("{}.counts", self.name)), &self.counts.to_string())?;
        replace(&folder.join(format!("{}.profiles", self.name)), &self.profiles.to_string())
    }
}

/// Title of a test's invocation: the harness names threads after their tests. A test may run under
/// other revisions than the one under test.
fn titled(invocation: &str, revision: Revision) -> String {
    let under = match revision {
        revision if revision.is(revision_under_test()) => String::new(),
        revision => format!(" under {revision}"),
    };
    match std::thread::current().name() {
        Some(test) if test != "main" => format!("{test}: {invocation}{under}"),
        _ => format!("{invocation}{under}"),
    }
}

/// A name that no other thread has, in this process or in another.
fn unused_name() -> String {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    // A later process may have the number of an earlier one.
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    format!("{}-{since}-{thread}", std::process::id())
}

/// Copies the symbols of a program, without which counts say nothing.
fn copy_symbols(folder: &Path, program: Hash) -> io::Result<()> {
    let to = folder.join(Symbols::file_name(program));
    match KnownSymbols::file(program) {
        Some(file) if !to.exists() => replace(&to, &fs::read_to_string(file)?),
        _ => Ok(()),
    }
}
