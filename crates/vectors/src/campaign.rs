//! Runs of a part of many cases, with a report of each case when it is done.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::{Case, Outcome, Report};

/// A part of all cases. The part of a case depends on its name only, so machines can share the work
/// without communication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Index of the part, from 0.
    index: u64,
    /// Number of parts.
    count: u64,
}

/// Error: a text that is no [`Shard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a part of all, such as 1/4 for the first of four")]
pub struct NoShard;

impl Shard {
    /// All cases.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The part with this index, from 0.
    ///
    /// # Errors
    ///
    /// When the index is not below the number of parts.
    pub const fn new(index: u64, count: u64) -> Result<Self, NoShard> {
        if index < count { Ok(Self { index, count }) } else { Err(NoShard) }
    }

    /// Number of parts.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// All parts of the same division.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (0..self.count).map(move |index| Self { index, count: self.count })
    }

    /// True for a case of this part (FNV-1a of its name, modulo the number of parts).
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        // The lowest bits alone are mixed too little.
        (hash ^ (hash >> 32)) % self.count == self.index
    }
}

/// `M/N`, with M from 1 on.
impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (index, count) = text.split_once('/').ok_or(NoShard)?;
        let [index, count] = [index, count].map(str::parse::<u64>);
        let index = index.ok().and_then(|index| index.checked_sub(1)).ok_or(NoShard)?;
        Self::new(index, count.map_err(|_| NoShard)?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index.saturating_add(1), self.count)
    }
}

/// The cases to run, and the outcomes of those that have run.
pub struct Campaign<'a> {
    /// Outcomes so far.
    pub report: Report,
    shard: Shard,
    /// Number of earlier runs by name; as many cases of the name are skipped.
    before: BTreeMap<String, usize>,
    told: &'a mut dyn FnMut(&Case),
}

impl<'a> Campaign<'a> {
    /// A campaign over a part, without the cases with these names, which have been run before.
    /// `told` is called for each case when it is done.
    pub fn new(
        shard: Shard,
        before: impl IntoIterator<Item = String>,
        told: &'a mut dyn FnMut(&Case),
    ) -> Self {
        let mut counts = BTreeMap::new();
        for name in before {
            *counts.entry(name).or_default() += 1;
        }
        Self { report: Report::default(), shard, before: counts, told }
    }

    /// True if a case is to be run. Must be called once for each case.
    pub fn wants(&mut self, name: &str) -> bool {
        if !self.shard.has(name) {
            return false;
        }
        match self.before.get_mut(name) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        }
    }

    /// Adds the outcome of a case.
    pub fn add(&mut self, name: impl Into<String>, outcome: Outcome) {
        let case = Case { name: name.into(), outcome };
        (self.told)(&case);
        self.report.cases.push(case);
    }
}

/// Runs all cases.
pub(crate) fn whole<E>(run: impl FnOnce(&mut Campaign<'_>) -> Result<(), E>) -> Result<Report, E> {
    let told = &mut |_: &Case| {};
    let mut campaign = Campaign::new(Shard::WHOLE, [], told);
    run(&mut campaign)?;
    Ok(campaign.report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_falls_to_one_part() {
        let names: Vec<_> = (0..1000).map(|nth| format!("storage/{nth:08}")).collect();
        for count in [1, 2, 3, 4, 16] {
            let shards: Vec<_> = Shard::new(0, count).unwrap().all().collect();
            let owners = |name: &String| shards.iter().filter(|shard| shard.has(name)).count();
            assert!(names.iter().all(|name| owners(name) == 1));
            let sizes =
                shards.iter().map(|shard| names.iter().filter(|name| shard.has(name)).count());
            let fair = names.len() / count as usize;
            assert!(sizes.min().unwrap() > fair / 2, "the parts are about equal");
        }
    }

    #[test]
    fn parts_are_written_from_one_on() {
        assert_eq!("3/4".parse(), Shard::new(2, 4));
        assert_eq!("3/4".parse::<Shard>().unwrap().to_string(), "3/4");
        for text in ["", "0/4", "5/4", "1/0", "1", "a/b", "1/4/2"] {
            assert_eq!(text.parse::<Shard>(), Err(NoShard), "{text}");
        }
    }

    #[test]
    fn what_was_run_before_is_passed_over_as_often() {
        let mut told = Vec::new();
        let mut keep = |case: &Case| told.push(case.name.clone());
        let before = ["a", "a", "b"].map(str::to_owned);
        let mut campaign = Campaign::new(Shard::WHOLE, before, &mut keep);
        for name in ["a", "b", "a", "a", "c", "b"] {
            if campaign.wants(name) {
                campaign.add(name, Outcome::Passed);
            }
        }
        assert_eq!(campaign.report.passed(), 3);
        assert_eq!(told, ["a", "c", "b"]);
    }
}
