//! `jambox merge`: one verdict from the results of many machines.

use std::path::PathBuf;

use clap::Args;

use jambox_vectors::Report as Checked;

use crate::campaign::Part;
use crate::checks::Checks;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::Output;

/// Join the results of every shard into one verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox vectors stf V/stf --shard 1/4 --results 1.jsonl      on four machines, and then
  jambox merge 1.jsonl 2.jsonl 3.jsonl 4.jsonl

Exit status: 0 when no case failed; 1 when one did; 2 when a shard is missing, incomplete, there \
twice or of another campaign.")]
pub struct Merge {
    /// Files that --results wrote, one for each shard
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Merge {
    pub fn run(&self, output: &Output) -> Result {
        let mut seen = Vec::new();
        let mut report = Checked::default();
        let mut what: Option<(String, u64)> = None;
        for path in &self.files {
            let part = Part::read(path)?;
            let wrong = |message: String, help: &str| {
                Diagnosis::new(message).in_file(path).help(help.to_owned())
            };
            let own = (part.what.clone(), part.shard.count());
            let (name, count) = what.get_or_insert(own.clone());
            if own != (name.clone(), *count) {
                let message = format!("the file has results of {}, in {} shards", own.0, own.1);
                let help =
                    format!("the files named before it have results of {name}, in {count} shards");
                return Err(wrong(message, &help).into());
            }
            if !part.is_complete {
                let message = format!("shard {} is not complete", part.shard);
                return Err(wrong(message, "run it again with the same --results").into());
            }
            if seen.contains(&part.shard) {
                let message = format!("shard {} is given twice", part.shard);
                return Err(wrong(message, "name each file once").into());
            }
            seen.push(part.shard);
            report.cases.extend(part.cases);
        }
        let all = seen.first().map(|shard| shard.all()).into_iter().flatten();
        let missing: Vec<_> = all.filter(|shard| !seen.contains(shard)).collect();
        if !missing.is_empty() {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            let message = format!("shards are missing: {}", missing.join(", "));
            return Err(Diagnosis::new(message).help("name the results of every shard").into());
        }
        report.cases.sort_by(|one, other| one.name.cmp(&other.name));
        let checks = Checks::new(report, output.verbosity > 0);
        output.emit(&checks)?;
        Ok(Verdict::failed_if(checks.failed()))
    }
}
