//! Services written for the ecosystem's SDK, which has a version for each revision.

use std::fs;
use std::path::Path;

use jambox_types::Revision;
use serde_json::Value;

use crate::manifest::depends_on;

/// The SDK's crates that number host calls.
const CRATES: &[&str] = &["jam-pvm-common"];

/// The revision that each version of these crates speaks.
const VERSIONS: &[(&str, Revision)] =
    &[("0.1.28", Revision::GrayPaper072), ("0.1.29", Revision::GrayPaper080)];

/// A dependency that fixes the revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    /// The revision.
    pub revision: Revision,
    /// The crate with its version.
    pub by: String,
}

/// True for a package that depends on the ecosystem's SDK directly.
pub(crate) fn is_used_by(package: &Value) -> bool {
    CRATES.iter().any(|name| depends_on(package, name))
}

/// The revision that the versions in a `Cargo.lock` speak; `None` where no version is known.
pub(crate) fn fixed_by(lock: &Path) -> Option<Fixed> {
    fixed_in(&fs::read_to_string(lock).ok()?)
}

fn fixed_in(lock: &str) -> Option<Fixed> {
    let field = |entry: &str, name: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
        Some(line.trim_matches('"').to_owned())
    };
    lock.split("[[package]]").find_map(|entry| {
        let (name, version) = (field(entry, "name")?, field(entry, "version")?);
        let known = VERSIONS.iter().find(|(known, _)| *known == version);
        let (_, revision) = known.filter(|_| CRATES.contains(&name.as_str()))?;
        Some(Fixed { revision: *revision, by: format!("{name} {version}") })
    })
}

#[cfg(test)]
mod tests {
    use super::{Revision, fixed_in};

    #[test]
    fn the_version_of_the_ecosystems_sdk_tells_the_revision() {
        let lock = |version: &str| {
            format!(
                "version = 4\n\n[[package]]\nname = \"jam-types\"\nversion = \"0.1.28\"\n\n\
                 [[package]]\nname = \"jam-pvm-common\"\nversion = \"{version}\"\nsource = \"x\"\n"
            )
        };
        let fixed = |version: &str| fixed_in(&lock(version)).map(|fixed| fixed.revision);
        assert_eq!(fixed("0.1.28"), Some(Revision::GrayPaper072));
        assert_eq!(fixed("0.1.29"), Some(Revision::GrayPaper080));
        assert_eq!(fixed("0.1.30"), None, "what it speaks is not known yet");
        assert_eq!(fixed_in("version = 4\n"), None);
    }
}
