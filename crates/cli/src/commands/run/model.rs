//! Model of a run's report, for the text and for JSON.

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
    /// Location of the state; `None` unless the run continued a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Kept>,
    /// Coverage of the sources; `None` unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Covered>,
    /// Failures, a line each; empty for a run without any.
    pub failures: Vec<String>,
}
