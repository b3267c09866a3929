//! Rules of the disputes extrinsic that the state decides, signatures aside (`sec:disputes`).

use std::collections::BTreeSet;
use std::fmt;

use jambox_types::{
    DisputeRecords, Disputes, Ed25519Key, Hash, Rules, ValidatorKey, Verdict, super_majority,
};

/// The rule of `sec:disputes` that a block's disputes break. Indices count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisputeError {
    /// Validators of the epoch before the block or of the last one judge.
    #[error(
        "verdict {index} is by the validators of epoch {epoch}: expected epoch {prior} or the one \
         before (sec:disputes)"
    )]
    Epoch {
        /// The verdict's index.
        index: usize,
        /// The epoch that it names.
        epoch: u32,
        /// The epoch of the state before the block.
        prior: u32,
    },
    /// Verdicts are in ascending order of reports.
    #[error("verdict {index} is out of order, or there twice (sec:disputes)")]
    VerdictOrder {
        /// The verdict's index.
        index: usize,
    },
    /// A report is judged once.
    #[error("verdict {index} is on a report that was judged before (sec:disputes)")]
    JudgedBefore {
        /// The verdict's index.
        index: usize,
    },
    /// Two thirds of the validators and one more judge.
    #[error("verdict {index} has {count} judgments: expected {expected} (sec:disputes)")]
    JudgmentCount {
        /// The verdict's index.
        index: usize,
        /// The number of its judgments.
        count: usize,
        /// The number that it must have.
        expected: usize,
    },
    /// Judgments are in ascending order of validators that exist.
    #[error(
        "judgment {judgment} of verdict {index} is out of order, there twice, or of no validator \
         (sec:disputes)"
    )]
    JudgmentOrder {
        /// The verdict's index.
        index: usize,
        /// The judgment's index.
        judgment: usize,
    },
    /// All judgments, none, or as many as a third of the validators are positive.
    #[error(
        "verdict {index} has {votes} positive judgments: expected 0, {third} or {all} (eq:verdicts)"
    )]
    Votes {
        /// The verdict's index.
        index: usize,
        /// The number of positive judgments.
        votes: usize,
        /// A third of the validators, rounded down.
        third: usize,
        /// All judgments.
        all: usize,
    },
    /// A verdict that a report is good comes with a judge who said otherwise.
    #[error("verdict {index} finds a report good, and there is no fault for it (eq:verdicts)")]
    NoFault {
        /// The verdict's index.
        index: usize,
    },
    /// A verdict that a report is bad comes with its guarantors (0.7.2).
    #[error(
        "verdict {index} finds a report bad, and there are {count} culprits for it: expected at \
         least {least} (eq:verdicts)"
    )]
    FewCulprits {
        /// The verdict's index.
        index: usize,
        /// The number of culprits for the report.
        count: usize,
        /// The least number of culprits.
        least: usize,
    },
    /// Culprits and faults are in ascending order of keys.
    #[error("{offense} {index} is out of order, or there twice (sec:disputes)")]
    OffenseOrder {
        /// Culprit or fault.
        offense: Offense,
        /// The offense's index.
        index: usize,
    },
    /// The report of a culprit is bad, that of a fault was judged otherwise than by the offender.
    #[error("{offense} {index} is of a report that has no verdict against it (sec:disputes)")]
    OffenseReport {
        /// Culprit or fault.
        offense: Offense,
        /// The offense's index.
        index: usize,
    },
    /// Offenders are validators of this epoch or of the last, and not known as offenders.
    #[error(
        "{offense} {index} names a key of no validator, or of one that has offended before \
         (sec:disputes)"
    )]
    Offender {
        /// Culprit or fault.
        offense: Offense,
        /// The offense's index.
        index: usize,
    },
}

/// The two ways of misbehaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offense {
    /// Guaranteeing a bad report.
    Culprit,
    /// Judging a report otherwise than its verdict.
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

/// The part of the state before a block that disputes are held against.
pub(super) struct DisputeRules<'a> {
    pub rules: &'static Rules,
    /// The epoch of the state before the block.
    pub epoch: u32,
    pub active: &'a [ValidatorKey],
    pub previous: &'a [ValidatorKey],
    pub records: &'a DisputeRecords,
}

impl DisputeRules<'_> {
    /// Fails on the first rule that the disputes break.
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

    /// The sum of a verdict's judgments (`eq:verdicts`).
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

    /// The offenses that must come with a verdict.
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

    /// The rules of culprits and faults, given the reports that are good and bad with the block.
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

    /// The keys of offenders, each with whether the verdict on the report is against them.
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

/// The meaning of a verdict.
enum Finding {
    Good,
    Bad,
    Wonky,
}
