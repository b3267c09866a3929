//! The figures as a table, and their limit.

use std::process::ExitCode;

use jambox_types::Revision;

/// A measured item.
pub struct Row {
    pub revision: Revision,
    pub what: String,
    /// Shortest time, in nanoseconds.
    pub nanoseconds: f64,
    /// Gas charged.
    pub gas: u64,
}

impl Row {
    /// Nanoseconds per unit of gas.
    fn rate(&self) -> f64 {
        self.nanoseconds / self.gas.max(1) as f64
    }
}

/// Longest time of a unit of gas, in nanoseconds, except for the rows listed below.
const LIMIT: f64 = 1000.0;

/// Rows that may take longer, by the beginning of their names, with the reason.
const REASONS: [(Revision, &str, &str); 14] = [
    (Revision::GrayPaper072, "fetch", FLAT),
    (Revision::GrayPaper072, "lookup", FLAT),
    (Revision::GrayPaper072, "historical_lookup", FLAT),
    (Revision::GrayPaper072, "read", FLAT),
    (Revision::GrayPaper072, "write", FLAT),
    (Revision::GrayPaper072, "provide", FLAT),
    (Revision::GrayPaper072, "bless", FLAT),
    (Revision::GrayPaper072, "designate", FLAT),
    (Revision::GrayPaper072, "machine", FLAT),
    (Revision::GrayPaper072, "peek", FLAT),
    (Revision::GrayPaper072, "poke", FLAT),
    (Revision::GrayPaper072, "pages", FLAT),
    (Revision::GrayPaper072, "invoke", "0.7.2 does not charge inner gas; `inner_gas` bounds it"),
    (Revision::GrayPaper072, "sbrk", "1 gas, whatever the size; `memory` bounds it"),
];

const FLAT: &str = "0.7.2 charges 10, whatever the size; `copied` and `memory` bound it";

fn reason(row: &Row) -> Option<&'static str> {
    let mut listed = REASONS.iter();
    let is_meant = |begin: &str| row.what.split([' ', ',']).next() == Some(begin);
    let found = listed.find(|(revision, begin, _)| *revision == row.revision && is_meant(begin));
    found.map(|(.., reason)| *reason)
}

/// Prints all rows, the slowest first. Fails if a row exceeds its limit.
pub fn print(rows: &mut [Row]) -> ExitCode {
    rows.sort_by(|a, b| b.rate().total_cmp(&a.rate()));
    println!("{:>12} {:>14} {:>12}  what", "ns per gas", "ns", "gas");
    let mut beyond = 0;
    for row in rows.iter() {
        let note = match reason(row).filter(|_| row.rate() > LIMIT) {
            Some(reason) => format!("  ({reason})"),
            None if row.rate() > LIMIT => {
                beyond += 1;
                "  <- more than a microsecond".to_string()
            }
            None => String::new(),
        };
        println!(
            "{:>12.1} {:>14.0} {:>12}  {} {}{note}",
            row.rate(),
            row.nanoseconds,
            row.gas,
            row.revision,
            row.what
        );
    }
    if beyond == 0 {
        println!("no unit of gas takes more than a microsecond but where a reason is listed");
        ExitCode::SUCCESS
    } else {
        println!(
            "{beyond} take more than a microsecond for a unit of gas, without a reason listed"
        );
        ExitCode::FAILURE
    }
}
