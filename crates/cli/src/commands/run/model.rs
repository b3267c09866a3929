//! What a run has to tell: one model for the text and for JSON.

use serde::Serialize;

use jambox_inspect::account::{InCore, OnChain, PackageSummary};

use crate::chain::Kept;
use crate::measuring::Covered;

/// The whole account of a run.
#[derive(Serialize)]
pub struct RunReport {
    pub package: PackageSummary,
    #[serde(flatten)]
    pub in_core: InCore,
    #[serde(flatten)]
    pub on_chain: OnChain,
    /// Where the state is kept; nothing unless the run went on with a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Kept>,
    /// How much of the sources ran; nothing unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Covered>,
    /// What went wrong, a line each; empty when all went well.
    pub failures: Vec<String>,
}
