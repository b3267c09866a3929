//! Gas snapshots: figures in a file that a test holds itself to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jambox_sdk::types::Gas;

/// Set to anything, it makes tests write the figures that they find.
const BLESS: &str = "JAMBOX_BLESS";

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
    figures: BTreeMap<String, u64>,
}

impl GasSnapshot {
    /// Reads a file; one that is not there has no figures.
    ///
    /// # Panics
    ///
    /// When a line of the file is not of the form.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let figures = text.lines().map(|line| {
            let parts = line.split_once(" = ");
            let figure = parts.and_then(|(name, gas)| Some((name.to_owned(), gas.parse().ok()?)));
            figure.unwrap_or_else(|| panic!("{}: `{line}` is not `NAME = GAS`", path.display()))
        });
        Self { figures: figures.collect(), path }
    }

    /// Holds a figure against the file, up to a tolerance in percent. With `JAMBOX_BLESS` in the
    /// environment, the file takes over the figure instead.
    ///
    /// # Panics
    ///
    /// When the figure is not there, or is off by more than the tolerance.
    pub fn check(&mut self, name: &str, gas: Gas, tolerance: f64) {
        if std::env::var_os(BLESS).is_some() {
            self.bless(name, gas);
        } else if let Err(problem) = self.compare(name, gas, tolerance) {
            panic!("{problem}; to accept it, run again with {BLESS}=1");
        }
    }

    /// Writes a figure into the file, beside those that other tests have written by now.
    fn bless(&mut self, name: &str, gas: Gas) {
        static WRITING: Mutex<()> = Mutex::new(());
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        *self = Self::open(&self.path);
        self.figures.insert(name.to_owned(), gas.0);
        let mut text = String::new();
        for (name, gas) in &self.figures {
            let _ = writeln!(text, "{name} = {gas}");
        }
        fs::write(&self.path, text).expect("the snapshot can be written");
    }

    /// Holds a figure against the file, up to a tolerance in percent.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence.
    pub fn compare(&self, name: &str, gas: Gas, tolerance: f64) -> Result<(), String> {
        let Some(expected) = self.figures.get(name).copied() else {
            return Err(format!("{name}: {gas} gas, not in the snapshot"));
        };
        let off = (gas.0 as f64 - expected as f64) / (expected.max(1) as f64) * 100.0;
        if off.abs() <= tolerance {
            return Ok(());
        }
        Err(format!(
            "{name}: {gas} gas, {expected} in the snapshot ({off:+.1}%, {tolerance}% allowed)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Gas, GasSnapshot};

    #[test]
    fn two_tests_that_bless_one_file_keep_both_figures() {
        let file = std::env::temp_dir().join(format!("jambox-gas-{}.txt", std::process::id()));
        std::fs::write(&file, "a = 1\n").unwrap();
        let [mut first, mut second] = [GasSnapshot::open(&file), GasSnapshot::open(&file)];
        first.bless("b", Gas(2));
        second.bless("c", Gas(3));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text, "a = 1\nb = 2\nc = 3\n");
    }
}
