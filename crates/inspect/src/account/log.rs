//! A guest's log lines, in the two formats of JIP-1.

use std::fmt;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_invocation::{Invocation, LogLine};
use jambox_types::{Parameters, TimeSlot};

/// A log line, serialised in the JSON format of JIP-1 and displayed in its console format.
/// Its texts are as the guest gave them; a program that shows them escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct JipLog {
    time: String,
    level: &'static str,
    message: String,
    target: Option<String>,
    service: Option<String>,
    core: Option<String>,
}

impl JipLog {
    /// A line logged at a slot. Its time is the start of the slot instead of the clock's, so that
    /// runs of the same package log the same lines.
    #[must_use]
    pub fn new(line: &LogLine<'_>, slot: TimeSlot, parameters: &Parameters) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Self {
            time: time(slot, parameters),
            level: line.level.name(),
            message: text(line.message),
            target: line.target.map(text),
            service: line.invocation.service().map(|service| service.to_string()),
            core: Invocation::core(line.invocation).map(|core| core.to_string()),
        }
    }
}

/// `<YYYY-MM-DD hh-mm-ss> <LEVEL>[@<CORE>]?[#<SERVICE_ID>]? [<TARGET>]? <MESSAGE>`
impl fmt::Display for JipLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.time, self.level)?;
        if let Some(core) = &self.core {
            write!(f, "@{core}")?;
        }
        if let Some(service) = &self.service {
            write!(f, "#{service}")?;
        }
        if let Some(target) = &self.target {
            write!(f, " {target}")?;
        }
        write!(f, " {}", self.message)
    }
}

const SECONDS_PER_DAY: u64 = 86_400;
/// The Jam Common Era starts at 12:00 on 1 January 2025, UTC (`sec:commonera`, 0.7.2).
const ERA_START_SECOND: u64 = 12 * 3600;
const ERA_START_YEAR: u64 = 2025;

/// The UTC time at which a slot starts.
fn time(slot: TimeSlot, parameters: &Parameters) -> String {
    let seconds = u64::from(slot.0)
        .saturating_mul(u64::from(parameters.slot_seconds))
        .saturating_add(ERA_START_SECOND);
    let (mut day, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let mut year = ERA_START_YEAR;
    while let Some(rest) = day.checked_sub(days_of_year(year)) {
        (day, year) = (rest, year.saturating_add(1));
    }
    let february = if days_of_year(year) == 366 { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1_u32;
    for days in months {
        let Some(rest) = day.checked_sub(days) else { break };
        (day, month) = (rest, month.saturating_add(1));
    }
    let day = day.saturating_add(1);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}-{minute:02}-{second:02}")
}

fn days_of_year(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if is_leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(slot: u32) -> String {
        time(TimeSlot(slot), &Parameters::FULL)
    }

    // Expected values: `date -u -d @$((1735732800 + 6 * slot))`.
    #[test]
    fn slots_become_dates() {
        assert_eq!(at(0), "2025-01-01 12-00-00");
        assert_eq!(at(107), "2025-01-01 12-10-42");
        assert_eq!(at(7_200), "2025-01-02 00-00-00");
        assert_eq!(at(16_682_400), "2028-03-05 00-00-00");
        assert_eq!(at(u32::MAX), "2841-08-13 02-49-30");
    }
}
