//! Running a part of many cases, and telling of each as it is done.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::{Case, Outcome, Report};

/// A part of all cases: those whose names fall to it. Which do depends on nothing else, so that
/// machines that know nothing of each other share the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0 on.
    index: u64,
    /// Of how many.
    count: u64,
}

/// A text that names no [`Shard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a part of all, such as 1/4 for the first of four")]
pub struct NoShard;

impl Shard {
    /// All cases.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// A part, by its index from 0 on.
    ///
    /// # Errors
    ///
    /// When there are not so many parts.
    pub const fn new(index: u64, count: u64) -> Result<Self, NoShard> {
        if index < count { Ok(Self { index, count }) } else { Err(NoShard) }
    }

    /// Of how many parts this is one.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// Every part of the same division.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (0..self.count).map(move |index| Self { index, count: self.count })
    }

    /// Whether a case falls to this part (FNV-1a of its name, modulo the number of parts).
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        // The lowest bits alone mix little.
        (hash ^ (hash >> 32)) % self.count == self.index
    }
}

/// `M/N`, from 1 on.
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

/// Which cases are run, and what came of them.
pub struct Campaign<'a> {
    /// What came of those that were run.
    pub report: Report,
    shard: Shard,
    /// How many cases of a name have been run before and are passed over.
    before: BTreeMap<String, usize>,
    told: &'a mut dyn FnMut(&Case),
}

impl<'a> Campaign<'a> {
    /// A campaign over a part, without the cases of these names, which have been run before. `told`
    /// is called for each case when it is done.
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

    /// Whether a case is to be run; asked once for each.
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

    /// Adds what came of a case.
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
