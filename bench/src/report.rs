//! The comparison for readers: a page, a picture, numbers for machines.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use jambox_isa::Revision;

use crate::aims::Aim;
use crate::chart;
use crate::table::{self, Row};

/// The place and date of a comparison.
pub struct Place {
    date: String,
    processor: String,
    processors: usize,
    system: String,
    compilers: String,
}

impl Place {
    /// Here and now.
    #[must_use]
    pub fn here() -> Self {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = information.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let unknown = || "unknown".to_owned();
        let ids = ["cpu family", "model\t", "stepping"].map(|name| field(name).unwrap_or_default());
        let name = field("model name").unwrap_or_else(unknown);
        let [family, model, stepping] = ids;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let release =
            fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| unknown());
        let release: Vec<_> = release.trim().split('.').take(2).collect();
        Self {
            date: date(),
            processor: format!("{name} (family {family}, model {model}, stepping {stepping})"),
            processors,
            system: format!("{} {}", std::env::consts::OS, release.join(".")),
            compilers: [version("rustc"), version(&crate::native::compiler())].join("; "),
        }
    }
}

/// The first line that a program says of its version.
fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().next().unwrap_or("unknown").to_owned()
}

/// Today in UTC, as year, month and day.
fn date() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut day = since.as_secs() / 86_400;
    let mut year = 1970;
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", day + 1)
}

/// The aims, a line for each.
#[must_use]
pub fn outcomes(aims: &[Aim]) -> String {
    let mut text = String::new();
    for Aim { what, outcome, is_met } in aims {
        let word = if *is_met { "met   " } else { "MISSED" };
        let _ = writeln!(text, "  {word}  {what}: {outcome}");
    }
    text
}

/// Everything as JSON: numbers in seconds, octets and counts.
#[must_use]
pub fn json(revision: Revision, rows: &[Row], aims: &[Aim], place: &Place) -> String {
    let mut engines = Vec::new();
    for row in rows {
        let head = format!(
            "{{\"name\":{},\"gas\":{},\"clock\":{}",
            text(row.entry.name),
            text(row.entry.gas),
            text(row.entry.clock.name())
        );
        engines.push(match &row.figures {
            Ok(figures) => {
                let pairs =
                    figures.iter().map(|(name, number)| format!("{}:{number:e}", text(name)));
                let pairs: Vec<_> = pairs.collect();
                format!("{head},\"figures\":{{{}}}}}", pairs.join(","))
            }
            Err(problem) => format!("{head},\"problem\":{}}}", text(problem)),
        });
    }
    let aims = aims.iter().map(|Aim { what, outcome, is_met }| {
        format!("{{\"aim\":{},\"outcome\":{},\"met\":{is_met}}}", text(what), text(outcome))
    });
    format!(
        "{{\"revision\":{},\"date\":{},\"processor\":{},\"processors\":{},\"system\":{},\"compilers\":{},\n\
         \"engines\":[\n{}\n],\n\"aims\":[\n{}\n]}}\n",
        text(revision.name()),
        text(&place.date),
        text(&place.processor),
        place.processors,
        text(&place.system),
        text(&place.compilers),
        engines.join(",\n"),
        aims.collect::<Vec<_>>().join(",\n")
    )
}

/// A JSON string.
fn text(value: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes the page, the picture and the numbers.
///
/// # Errors
/// When one cannot be written.
pub fn save(
    folder: &Path,
    revision: Revision,
    rows: &[Row],
    aims: &[Aim],
    place: &Place,
) -> io::Result<()> {
    let Place { date, processor, processors, system, compilers } = place;
    let mut page = format!(
        "# Results, {revision}\n\n`cargo xtask bench --revision {revision} --save` on {date}: {processors} of {processor}, {system}; \
         {compilers}.\nWhat the figures mean: [the comparison](../../README.md). Every number of \
         every kernel and log:\n[results.json](results.json).\n\n![The same as a picture]\
         (results.svg)\n\n{}\n## Aims\n\n",
        table::render(rows, true)
    );
    for Aim { what, outcome, is_met } in aims {
        let word = if *is_met { "met" } else { "**missed**" };
        let _ = writeln!(page, "- {word}: {what}: {outcome}");
    }
    let _ = write!(page, "\n## Kernels: time by native code's\n\n{}", table::kernels(rows));
    fs::create_dir_all(folder)?;
    fs::write(folder.join("README.md"), page)?;
    fs::write(folder.join("results.svg"), chart::svg(rows))?;
    fs::write(folder.join("results.json"), json(revision, rows, aims, place))
}
