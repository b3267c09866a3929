//! Rules of the disputes extrinsic that the state decides, signatures aside (`sec:disputes`).

use std::collections::BTreeSet;
use std::fmt;

use jambox_types::{
    DisputeRecords, Disputes, Ed25519Key, Hash, Rules, ValidatorKey, Verdict, super_majority,
};

/// The rule of `sec:disputes` broken by a block's disputes. Indices count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisputeError {
    /// Validators of the prior state's epoch or of the one before judge.
    #[error(
        "verdict {index} is by the validators of epoch {epoch}: expected epoch {prior} or the one \
         before (sec:disputes)"
    )]
    Epoch {
        /// Index of the verdict.
        index: usize,
        /// Epoch of the verdict.
        epoch: u32,
        /// Epoch of the state before the block.
        prior: u32,
    },
    /// Verdicts are in ascending order of reports.
    #[error(
        "verdict {index} is out of order: expected ascending reports, none twice (sec:disputes)"
    )]
    VerdictOrder {
        /// Index of the verdict.
        index: usize,
    },
    /// A report is judged once.
    #[error("verdict {index} is on a report that was judged before (sec:disputes)")]
    JudgedBefore {
        /// Index of the verdict.
        index: usize,
    },
    /// More than two thirds of the validators judge.
    #[error("verdict {index} has {count} judgments: expected {expected} (sec:disputes)")]
    JudgmentCount {
        /// Index of the verdict.
        index: usize,
        /// Number of its judgments.
        count: usize,
        /// Number of judgments required.
        expected: usize,
    },
    /// Judgments are in ascending order of validators that exist.
    #[error(
        "judgment {judgment} of verdict {index} is out of order: expected ascending indices of \
         validators, none twice (sec:disputes)"
    )]
    JudgmentOrder {
        /// Index of the verdict.
        index: usize,
        /// Index of the judgment.
        judgment: usize,
    },
    /// All judgments, none, or a third of the validators' number are positive.
    #[error(
        "verdict {index} has {votes} positive judgments: expected 0, {third} or {all} (eq:verdicts)"
    )]
    Votes {
        /// Index of the verdict.
        index: usize,
        /// Number of positive judgments.
        votes: usize,
        /// A third of the validators, rounded down.
        third: usize,
        /// Number of all judgments.
        all: usize,
    },
    /// A verdict that a report is good comes with a fault: a judge with a negative judgment.
    #[error("verdict {index} finds a report good, and the block has no fault for it (eq:verdicts)")]
    NoFault {
        /// Index of the verdict.
        index: usize,
    },
    /// A verdict that a report is bad comes with its guarantors as culprits (0.7.2).
    #[error(
        "verdict {index} finds a report bad, and the block has {count} culprits for it: expected \
         at least {least} (eq:verdicts)"
    )]
    FewCulprits {
        /// Index of the verdict.
        index: usize,
        /// Number of culprits for the report.
        count: usize,
        /// Least number of culprits.
        least: usize,
    },
    /// Culprits and faults are in ascending order of keys.
    #[error(
        "{offense} {index} is out of order: expected ascending keys, none twice (sec:disputes)"
    )]
    OffenseOrder {
        /// Kind of offense.
        offense: Offense,
        /// Index of the offense.
        index: usize,
    },
    /// A culprit's report is bad; a fault's report has a verdict against its judgment.
    #[error("{offense} {index} is of a report that has no verdict against it (sec:disputes)")]
    OffenseReport {
        /// Kind of offense.
        offense: Offense,
        /// Index of the offense.
        index: usize,
    },
    /// Offenders are validators of this epoch or of the last, and not yet known as offenders.
    #[error(
        "{offense} {index} has a key of no validator, or of one that offended before \
         (sec:disputes)"
    )]
    Offender {
        /// Kind of offense.
        offense: Offense,
        /// Index of the offense.
        index: usize,
    },
}

/// Kind of offense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offense {
    /// A guarantee of a bad report.
    Culprit,
    /// A judgment contradicted by the verdict.
    Fault,
}

impl fmt::Display for Offense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Culprit => "culprit",
            Self::Fault => "fault",
        })
    }
}

/// The state components before a block that disputes are checked against.
pub(super) struct DisputeRules<'a> {
    pub rules: &'static Rules,
    /// The epoch of the state before the block.
    pub epoch: u32,
    pub active: &'a [ValidatorKey],
    pub previous: &'a [ValidatorKey],
    pub records: &'a DisputeRecords,
}

impl DisputeRules<'_> {
    /// Fails on the first broken rule.
    pub fn check(&self, disputes: &Disputes) -> Result<(), DisputeError> {
        let (mut good, mut bad) = (self.records.good.clone(), self.records.bad.clone());
        let mut before = None;
        for (index, verdict) in disputes.verdicts.iter().enumerate() {
            let report = verdict.report_hash;
            if before >= Some(report) {
                return Err(DisputeError::VerdictOrder { index });
            }
            before = Some(report);
            let records = self.records;
            if [&records.good, &records.bad, &records.wonky].iter().any(|it| it.contains(&report)) {
                return Err(DisputeError::JudgedBefore { index });
            }
            match self.finding(index, verdict)? {
                Finding::Good => good.insert(report),
                Finding::Bad => bad.insert(report),
                Finding::Wonky => false,
            };
            self.check_offenses_for(index, verdict, disputes)?;
        }
        self.check_offenses(disputes, &good, &bad)
    }

    /// Finding of a verdict: the sum of its judgments (`eq:verdicts`).
    fn finding(&self, index: usize, verdict: &Verdict) -> Result<Finding, DisputeError> {
        let (epoch, prior) = (verdict.epoch, self.epoch);
        let judges = match prior.checked_sub(epoch) {
            Some(0) => self.active.len(),
            Some(1) => self.previous.len(),
            _ => return Err(DisputeError::Epoch { index, epoch, prior }),
        };
        let (count, expected) = (verdict.judgments.len(), super_majority(judges));
        if count != expected {
            return Err(DisputeError::JudgmentCount { index, count, expected });
        }
        let mut before = None;
        for (judgment, it) in verdict.judgments.iter().enumerate() {
            if before >= Some(it.judge) || usize::from(it.judge.0) >= judges {
                return Err(DisputeError::JudgmentOrder { index, judgment });
            }
            before = Some(it.judge);
        }
        let votes = verdict.judgments.iter().filter(|it| it.is_valid).count();
        let third = judges / 3;
        match votes {
            0 => Ok(Finding::Bad),
            votes if votes == expected => Ok(Finding::Good),
            votes if votes == third => Ok(Finding::Wonky),
            votes => Err(DisputeError::Votes { index, votes, third, all: expected }),
        }
    }

    /// Checks that a verdict comes with the offenses it requires.
    fn check_offenses_for(
        &self,
        index: usize,
        verdict: &Verdict,
        disputes: &Disputes,
    ) -> Result<(), DisputeError> {
        let report = verdict.report_hash;
        if verdict.judgments.iter().all(|it| it.is_valid)
            && !disputes.faults.iter().any(|fault| fault.report_hash == report)
        {
            return Err(DisputeError::NoFault { index });
        }
        let count = disputes.culprits.iter().filter(|it| it.report_hash == report).count();
        let least = self.rules.bad_verdict_culprits;
        if count < least && !verdict.judgments.iter().any(|it| it.is_valid) {
            return Err(DisputeError::FewCulprits { index, count, least });
        }
        Ok(())
    }

    /// Checks culprits and faults, given the reports judged good and bad, with the block's verdicts
    /// included.
    fn check_offenses(
        &self,
        disputes: &Disputes,
        good: &BTreeSet<Hash>,
        bad: &BTreeSet<Hash>,
    ) -> Result<(), DisputeError> {
        let culprits = disputes.culprits.iter().map(|it| (it.key, bad.contains(&it.report_hash)));
        self.check_offenders(Offense::Culprit, culprits)?;
        let faults = disputes.faults.iter().map(|it| {
            let (is_good, is_bad) = (good.contains(&it.report_hash), bad.contains(&it.report_hash));
            (it.key, is_bad != is_good && is_bad == it.is_valid)
        });
        self.check_offenders(Offense::Fault, faults)
    }

    /// Checks the keys of offenders. Each comes with true if the verdict on the report is against
    /// it.
    fn check_offenders(
        &self,
        offense: Offense,
        offenders: impl Iterator<Item = (Ed25519Key, bool)>,
    ) -> Result<(), DisputeError> {
        let mut before = None;
        for (index, (key, is_judged)) in offenders.enumerate() {
            if before >= Some(key) {
                return Err(DisputeError::OffenseOrder { offense, index });
            }
            before = Some(key);
            if !is_judged {
                return Err(DisputeError::OffenseReport { offense, index });
            }
            let mut validators = self.active.iter().chain(self.previous);
            let is_validator = validators.any(|validator| validator.ed25519 == key);
            if !is_validator || self.records.offenders.contains(&key) {
                return Err(DisputeError::Offender { offense, index });
            }
        }
        Ok(())
    }
}

/// Finding of a verdict.
enum Finding {
    Good,
    Bad,
    Wonky,
}
