//! Gas snapshots: figures in a file that a test compares with its own.

use std::fs;
use std::path::{Path, PathBuf};

use jambox_inspect::{FigureChange, FiguresError, GasFigures};
use jambox_sdk::types::Gas;

use crate::blessed;

/// Figures of gas by name, in a file of lines `NAME = GAS`.
///
/// ```
/// use jambox_sdk::types::Gas;
/// use jambox_sdk_testing::GasSnapshot;
///
/// let file = std::env::temp_dir().join(format!("gas-{}.txt", std::process::id()));
/// std::fs::write(&file, "fibonacci refine = 1000\n")?;
/// let snapshot = GasSnapshot::open(&file);
/// assert!(snapshot.compare("fibonacci refine", Gas(1010), 1.0).is_ok());
/// let problem = snapshot.compare("fibonacci refine", Gas(1011), 1.0).unwrap_err();
/// assert_eq!(problem, "fibonacci refine: 1011 gas, 1000 in the snapshot (+1.1%, 1% allowed)");
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GasSnapshot {
    path: PathBuf,
    figures: GasFigures,
}

impl GasSnapshot {
    /// Reads a file; a missing file has no figures.
    ///
    /// # Panics
    ///
    /// When a line of the file is not of this form.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let figures = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { figures, path }
    }

    /// Compares a figure with the file, up to a tolerance in percent. With `JAMBOX_BLESS` in the
    /// environment, writes the figure to the file instead.
    ///
    /// # Panics
    ///
    /// When the figure is missing, or off by more than the tolerance.
    pub fn check(&mut self, name: &str, gas: Gas, tolerance: f64) {
        if blessed::is_asked_for() {
            self.bless(name, gas);
        } else if let Err(problem) = self.compare(name, gas, tolerance) {
            panic!("{problem}; to accept it, run again with {}=1", blessed::BLESS);
        }
    }

    /// Writes a figure into the file, beside those that other tests, in other processes, too, have
    /// written so far.
    fn bless(&mut self, name: &str, gas: Gas) {
        let figures = &mut self.figures;
        blessed::update(&self.path, |before| {
            *figures = before.parse().map_err(|error: FiguresError| error.to_string())?;
            figures.0.insert(name.to_owned(), gas.0);
            Ok(figures.to_string())
        });
    }

    /// Compares a figure with the file, up to a tolerance in percent.
    ///
    /// # Errors
    ///
    /// The fault, as a sentence.
    pub fn compare(&self, name: &str, gas: Gas, tolerance: f64) -> Result<(), String> {
        let expected = self.figures.0.get(name).copied();
        match FigureChange::of(expected, Some(gas.0)) {
            Some(change @ FigureChange::Other { .. }) if !change.is_within(tolerance) => {
                let told = change.to_string();
                let told = told.trim_end_matches(')');
                Err(format!("{name}: {told}, {tolerance}% allowed)"))
            }
            Some(change @ (FigureChange::New { .. } | FigureChange::Gone { .. })) => {
                Err(format!("{name}: {change}"))
            }
            Some(FigureChange::Other { .. }) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Gas, GasSnapshot};

    /// Environment variable: the file to bless, for a process started by the test below.
    const FILE: &str = "JAMBOX_GAS_TEST_FILE";

    /// Number of figures that each process writes.
    const FIGURES: u64 = 20;

    #[test]
    fn tests_that_bless_one_file_keep_all_figures_whatever_process_they_run_in() {
        if let Some(file) = std::env::var_os(FILE) {
            let mut snapshot = GasSnapshot::open(file);
            for nth in 0..FIGURES {
                snapshot.bless(&format!("{} {nth:02}", std::process::id()), Gas(nth));
            }
            return;
        }
        let file = std::env::temp_dir().join(format!("jambox-gas-{}.txt", std::process::id()));
        std::fs::write(&file, "a = 1\n").unwrap();
        let name = std::thread::current().name().unwrap().to_owned();
        let start = |_| {
            let mut test = Command::new(std::env::current_exe().unwrap());
            test.args(["--exact", &name, "--quiet"]).env(FILE, &file).spawn().unwrap()
        };
        for process in (0..4).map(start).collect::<Vec<_>>() {
            assert!(process.wait_with_output().unwrap().status.success());
        }
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(text.starts_with("a = 1\n") || text.ends_with("a = 1\n"), "{text}");
        assert_eq!(text.lines().count() as u64, 1 + 4 * FIGURES, "{text}");
    }
}
