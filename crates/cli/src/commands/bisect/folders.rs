//! Two folders of host-call traces, compared file by file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jambox_inspect::difference::first_difference;
use jambox_vectors::{Campaign, Outcome};

use crate::diagnosis::Diagnosis;
use crate::outcome::Result;
use crate::output::Report as _;
use crate::protocol::ProtocolArgs;

use super::report::{Bisected, Found};
use super::{Rules, sides};

/// True if both are folders of traces.
pub fn are_traces(first: &Path, second: &Path) -> bool {
    [first, second].iter().all(|path| path.is_dir() && !path.join("package.toml").is_file())
}

/// Compares the traces of the same name in two folders. A trace in only one of them is a
/// difference.
pub fn compare(
    [first, second]: [&Path; 2],
    args: &ProtocolArgs,
    campaign: &mut Campaign<'_>,
) -> Result<()> {
    let [ours, theirs] = [names(first)?, names(second)?];
    for name in ours.union(&theirs) {
        let title = name.display().to_string();
        if !campaign.wants(&title) {
            continue;
        }
        let outcome = match (ours.contains(name), theirs.contains(name)) {
            (true, true) => pair([&first.join(name), &second.join(name)], args)?,
            (true, false) => Outcome::Failed(format!("no such trace in {}", second.display())),
            _ => Outcome::Failed(format!("no such trace in {}", first.display())),
        };
        campaign.add(title, outcome);
    }
    Ok(())
}

/// The traces under a folder, by their paths in it.
fn names(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let files = jambox_files::under(folder, &["log"])
        .map_err(|(path, error)| Diagnosis::new(error.to_string()).in_file(&path))?;
    if files.is_empty() {
        let diagnosis = Diagnosis::new("no traces (*.log) here").in_file(folder);
        return Err(diagnosis.help("`jambox trace record` makes some").into());
    }
    let within = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).to_owned();
    Ok(files.iter().map(within).collect())
}

fn pair(paths: [&Path; 2], args: &ProtocolArgs) -> Result<Outcome> {
    let [mut one, mut other] = sides::traces(paths, args)?;
    let rules = Rules { gas: true, code: true };
    let Some(difference) = first_difference(&mut one, &mut other, rules)? else {
        return Ok(Outcome::Passed);
    };
    let found = Some(Found::new(difference, [&one, &other]));
    let mut text = Vec::new();
    Bisected { first: one.label(), second: other.label(), found: &found }.write(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Outcome::Failed(anstream::adapter::strip_str(text.trim_end()).to_string()))
}
