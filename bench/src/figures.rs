//! Figures measured of one engine: names and numbers, lines of text between processes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Prefix of the names of counted differences.
pub const DIFFERENCES: &str = "differences.";

/// Numbers by name: seconds, octets or counts.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Sets a number; of several the least counts, of [`DIFFERENCES`] the greatest.
    pub fn set(&mut self, name: impl Into<String>, number: f64) {
        let name = name.into();
        let keep = if name.starts_with(DIFFERENCES) { f64::max } else { f64::min };
        let kept = self.0.entry(name).or_insert(number);
        *kept = keep(*kept, number);
    }

    /// Sets a time.
    pub fn set_time(&mut self, name: impl Into<String>, time: Duration) {
        self.set(name, time.as_secs_f64());
    }

    /// A number, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Names and numbers, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, number)| (name.as_str(), *number))
    }

    /// Names that begin with a prefix, without it, and their numbers.
    pub fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, f64)> {
        self.iter().filter_map(move |(name, number)| Some((name.strip_prefix(prefix)?, number)))
    }

    /// The sum of the numbers whose names start so, if there are any.
    #[must_use]
    pub fn sum(&self, prefix: &str) -> Option<f64> {
        self.under(prefix).map(|(_, number)| number).reduce(|sum, number| sum + number)
    }

    /// Takes over the lines that [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    /// When a line is none.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        for line in text.lines() {
            let (name, number) = line.rsplit_once(' ').ok_or_else(|| line.to_owned())?;
            self.set(name, number.parse().map_err(|_| line.to_owned())?);
        }
        Ok(())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, number)| writeln!(f, "{name} {number:e}"))
    }
}
