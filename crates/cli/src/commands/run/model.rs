//! What a run has to tell: one model for the text and for JSON.

use serde::Serialize;

use jambox_inspect::account::{Change, Invocation, Service, Transfer, Yielded};
use jambox_inspect::{Octets, wide};

use crate::chain::Kept;
use crate::measuring::Covered;

/// The whole account of a run.
#[derive(Serialize)]
pub struct RunReport {
    pub package: PackageSummary,
    pub is_authorized: Option<Invocation>,
    pub refine: Vec<Invocation>,
    /// Nothing when the package was not authorized.
    pub work_report: Option<WorkReport>,
    pub accumulate: Vec<Invocation>,
    pub transfers: Vec<Transfer>,
    pub outputs: Vec<Yielded>,
    /// The commitment to the outputs; nothing when there are none.
    pub output_root: Option<String>,
    pub state: Vec<Change>,
    /// Where the state is kept; nothing unless the run went on with a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Kept>,
    /// How much of the sources ran; nothing unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Covered>,
    /// What went wrong, a line each; empty when all went well.
    pub failures: Vec<String>,
}

/// The package and what it runs under.
#[derive(Serialize)]
pub struct PackageSummary {
    pub file: String,
    pub hash: String,
    pub octets: usize,
    pub items: usize,
    pub core: u16,
    pub slot: u32,
    pub revision: &'static str,
    pub abi: &'static str,
    /// Whether nodes agree on the ABI.
    pub consensus: bool,
    pub parameters: String,
}

/// The work report.
#[derive(Serialize)]
pub struct WorkReport {
    pub hash: String,
    pub package_hash: String,
    pub authorizer: String,
    pub authorizer_trace: Octets,
    pub bundle_octets: usize,
    pub erasure_root: String,
    pub segment_root: String,
    pub segments: usize,
    pub digests: Vec<Digest>,
}

/// What came of an item.
#[derive(Serialize)]
pub struct Digest {
    pub service: Service,
    pub code_hash: String,
    pub payload_hash: String,
    pub result: DigestResult,
    #[serde(serialize_with = "wide::number")]
    pub gas_used: u64,
    pub imports: u64,
    pub extrinsics: u64,
    pub extrinsic_octets: u64,
    pub exports: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestResult {
    Output(Octets),
    Error(String),
}
