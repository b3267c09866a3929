//! Figures of gas by name, in the form of a file.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Figures of gas by name: a text of lines `NAME = GAS`, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GasFigures(pub BTreeMap<String, u64>);

/// A line that is no figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is not `NAME = GAS`")]
pub struct FiguresError {
    /// Number of the line, from 1 on.
    pub line: usize,
    /// Text of the line.
    pub text: String,
}

/// Change of a figure of gas.
#[derive(Clone, Debug, PartialEq)]
pub enum FigureChange {
    /// A new figure.
    New {
        /// The figure now.
        found: u64,
    },
    /// A figure that no longer exists.
    Gone {
        /// The figure before.
        expected: u64,
    },
    /// Another value.
    Other {
        /// The figure before.
        expected: u64,
        /// The figure now.
        found: u64,
        /// Increase in percent; negative for a decrease.
        percent: f64,
    },
}

impl FigureChange {
    /// The change from one figure to another; `None` if they are equal.
    #[must_use]
    pub fn of(expected: Option<u64>, found: Option<u64>) -> Option<Self> {
        match (expected, found) {
            (Some(expected), Some(found)) if expected == found => None,
            (Some(expected), Some(found)) => {
                let percent = (found as f64 - expected as f64) / expected.max(1) as f64 * 100.0;
                Some(Self::Other { expected, found, percent })
            }
            (None, Some(found)) => Some(Self::New { found }),
            (Some(expected), None) => Some(Self::Gone { expected }),
            (None, None) => None,
        }
    }

    /// True for a change within a tolerance in percent.
    #[must_use]
    pub fn is_within(&self, tolerance: f64) -> bool {
        matches!(self, Self::Other { percent, .. } if percent.abs() <= tolerance)
    }
}

impl fmt::Display for FigureChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { found } => write!(f, "{found} gas, not in the snapshot"),
            Self::Gone { expected } => {
                write!(f, "{expected} gas in the snapshot, not measured now")
            }
            Self::Other { expected, found, percent } => {
                write!(f, "{found} gas, {expected} in the snapshot ({percent:+.1}%)")
            }
        }
    }
}

impl GasFigures {
    /// The changes from these figures to `found`, by name.
    #[must_use]
    pub fn changes(&self, found: &Self) -> Vec<(String, FigureChange)> {
        let names: std::collections::BTreeSet<&String> =
            self.0.keys().chain(found.0.keys()).collect();
        let change = |name: &String| {
            let change = FigureChange::of(self.0.get(name).copied(), found.0.get(name).copied())?;
            Some((name.clone(), change))
        };
        names.into_iter().filter_map(change).collect()
    }
}

impl FromStr for GasFigures {
    type Err = FiguresError;

    fn from_str(text: &str) -> Result<Self, FiguresError> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let figures = lines.map(|(line, text)| {
            let figure = text.rsplit_once(" = ");
            let figure =
                figure.and_then(|(name, gas)| Some((name.to_owned(), gas.trim().parse().ok()?)));
            figure.ok_or_else(|| FiguresError { line, text: text.to_owned() })
        });
        figures.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for GasFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, gas)| writeln!(f, "{name} = {gas}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_back_and_are_told_apart() {
        let before: GasFigures = "a = 100\nb = c = 7\n\n".parse().unwrap();
        assert_eq!(before.to_string(), "a = 100\nb = c = 7\n");
        let after: GasFigures = "a = 103\nd = 1\n".parse().unwrap();
        let changes = before.changes(&after);
        let told: Vec<_> = changes.iter().map(|(name, it)| format!("{name}: {it}")).collect();
        let expected = [
            "a: 103 gas, 100 in the snapshot (+3.0%)",
            "b = c: 7 gas in the snapshot, not measured now",
            "d: 1 gas, not in the snapshot",
        ];
        assert_eq!(told, expected);
        assert!(changes[0].1.is_within(3.0) && !changes[0].1.is_within(2.9));
        assert!(!changes[1].1.is_within(1e9) && !changes[2].1.is_within(1e9));
        let refused = "a = 1\nb: 2".parse::<GasFigures>().unwrap_err();
        assert_eq!(refused.to_string(), "line 2: `b: 2` is not `NAME = GAS`");
    }
}
