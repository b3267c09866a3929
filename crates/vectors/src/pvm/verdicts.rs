//! Verdicts on programs under 0.8.0: the validity of a blob with an entry position.

use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;
use serde::Deserialize;

use crate::Outcome;

/// A blob and its verdict, as in the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The program blob, in hexadecimal.
    pub blob: String,
    /// Entry position.
    pub pc: u64,
    /// True for a valid program.
    pub valid: bool,
}

/// Compares the verdict with the project's.
#[must_use]
pub fn check(verdict: &Verdict, set: InstructionSet) -> Outcome {
    let blob = match const_hex::decode(&verdict.blob) {
        Ok(blob) => blob,
        Err(error) => return Outcome::Failed(format!("not a case: {error}")),
    };
    let found = ProgramBlob::parse(&blob).map_err(|error| error.to_string()).and_then(|program| {
        let valid = program.validate(set).and_then(|()| program.validate_entry(set, verdict.pc));
        valid.map_err(|error| error.to_string())
    });
    match (verdict.valid, found) {
        (true, Err(error)) => Outcome::Failed(format!("valid, but refused: {error}")),
        (false, Ok(())) => Outcome::Failed("invalid, but accepted".to_owned()),
        _ => Outcome::Passed,
    }
}
