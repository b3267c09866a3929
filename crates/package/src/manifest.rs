//! Model of a package file: values with their places, nothing resolved.

use crate::placed::{Place, Placed};
use crate::value::Value;
use crate::written::Written;

/// A package file as written. Parsing reads no other file.
///
/// ```
/// use jambox_package::Manifest;
///
/// let problems = Manifest::parse("items = []\n[chain]\nslto = 5").unwrap_err();
/// let unknown = problems.last().unwrap();
/// assert_eq!(unknown.kind.to_string(), "unknown key `slto` in [chain]");
/// assert_eq!(unknown.kind.expected(), "did you mean `slot`?");
/// assert_eq!(unknown.place, Some(19..23));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// `[protocol]`: the three switches.
    pub protocol: Protocol,
    /// `[chain]`: the block that accumulates the report.
    pub chain: Chain,
    /// `[privileges]`: the privileged services.
    pub privileges: Privileges,
    /// `[services.<name>]`, in the order of the file.
    pub services: Vec<(Placed<String>, Service)>,
    /// `[segments.<name>]`, in the order of the file.
    pub segments: Vec<(Placed<String>, Segments)>,
    /// `[authorizer]`.
    pub authorizer: Authorizer,
    /// `[context]`: the refinement context.
    pub context: Context,
    /// `[[items]]`, in the order of the package.
    pub items: Vec<Item>,
}

/// `[protocol]`. Names are resolved when the package is loaded; the command line takes precedence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    /// `revision`, for instance `gray-paper-0.7.2`.
    pub revision: Option<Placed<String>>,
    /// `abi`, for instance `gray-paper`.
    pub abi: Option<Placed<String>>,
    /// `parameters`, for instance `tiny`.
    pub parameters: Option<Placed<String>>,
}

/// `[chain]`: the core the package runs on and the block that accumulates its report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// `slot`: the block's time slot; 0 if omitted.
    pub slot: Option<Placed<u32>>,
    /// `entropy`: the entropy accumulator after the block; zero if omitted.
    pub entropy: Option<Placed<[u8; 32]>>,
    /// `core`: index of the core; 0 if omitted.
    pub core: Option<Placed<u16>>,
    /// `state`: a state file to start from. The services of this file replace services in it.
    pub state: Option<Placed<Value>>,
}

/// `[privileges]`. Omitted privileges are service 0's, and no service always accumulates by
/// default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// `manager`: the service that may bless.
    pub manager: Option<Placed<ServiceName>>,
    /// `assigners`: the service that may assign each core's authorizer queue; one for all cores, or
    /// one a core.
    pub assigners: Option<Vec<Placed<ServiceName>>>,
    /// `delegator`: the service that may designate validators.
    pub delegator: Option<Placed<ServiceName>>,
    /// `registrar`: the service that may create services with low ids.
    pub registrar: Option<Placed<ServiceName>>,
    /// `always_accumulate`: services that accumulate in every block, with their gas.
    pub always_accumulate: Vec<(Placed<ServiceName>, Placed<u64>)>,
}

/// A service, by its name in this file or by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceName {
    /// The name of a `[services.<name>]` section.
    Name(String),
    /// The id.
    Id(u32),
}

/// `[services.<name>]`: a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Place of the section, for problems of the whole section.
    pub place: Place,
    /// `id`.
    pub id: Placed<u32>,
    /// `code`: a `.jam` or `.pvm` blob, or assembly text.
    pub code: Option<Placed<Value>>,
    /// `code_hash`: instead of `code`, for code that is already a preimage, or missing.
    pub code_hash: Option<Placed<[u8; 32]>>,
    /// `payload`: description of payloads; the file beside the code if omitted.
    pub payload: Option<Placed<Value>>,
    /// `balance`.
    pub balance: Option<Placed<u64>>,
    /// `min_accumulate_gas`.
    pub min_accumulate_gas: Option<Placed<u64>>,
    /// `min_memo_gas`.
    pub min_memo_gas: Option<Placed<u64>>,
    /// `gratis`: waived part of the threshold balance.
    pub gratis: Option<Placed<u64>>,
    /// `created`: slot of creation.
    pub created: Option<Placed<u32>>,
    /// `last_accumulation`: slot of the latest accumulation.
    pub last_accumulation: Option<Placed<u32>>,
    /// `parent`: the service's creator.
    pub parent: Option<Placed<ServiceName>>,
    /// `storage`: storage entries.
    pub storage: Vec<StorageEntry>,
    /// `preimages`: preimages that the service has solicited and received.
    pub preimages: Vec<Preimage>,
    /// `requests`: preimages that it has solicited and does not have.
    pub requests: Vec<Request>,
}

/// An entry of a service's storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageEntry {
    /// `key`.
    pub key: Placed<Value>,
    /// `value`.
    pub value: Placed<Value>,
}

/// A preimage of a service with its request's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preimage {
    /// `data`, or the whole entry if it is a string.
    pub data: Placed<Value>,
    /// `history`: slots at which it became available, was forgotten, and was solicited again;
    /// available since slot 0 if omitted.
    pub history: Option<Vec<Placed<u32>>>,
}

/// A preimage request of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `hash`.
    pub hash: Placed<[u8; 32]>,
    /// `length`.
    pub length: Placed<u32>,
    /// `history`: as in [`Preimage`]; empty if omitted.
    pub history: Vec<Placed<u32>>,
}

/// `[segments.<name>]`: segments exported by an earlier package, for imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// `data`: the segments. Shorter values are padded with zeros, a longer value is cut into
    /// several.
    pub data: Vec<Placed<Value>>,
    /// `package`: hash of the package that exported them.
    pub package: Option<Placed<[u8; 32]>>,
}

/// `[authorizer]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    /// `host`: the service whose preimages hold the code.
    pub host: Placed<ServiceName>,
    /// `code`: the program; it becomes a preimage of the host.
    pub code: Option<Placed<Value>>,
    /// `code_hash`: instead of `code`, for a preimage that the host already has.
    pub code_hash: Option<Placed<[u8; 32]>>,
    /// `configuration`; empty if omitted.
    pub configuration: Option<Placed<Value>>,
    /// `token`; empty if omitted.
    pub token: Option<Placed<Value>>,
    /// Place of the section.
    pub place: Place,
}

/// `[context]`: the refinement context; omitted fields are zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// `anchor`: header hash of a recent block.
    pub anchor: Option<Placed<[u8; 32]>>,
    /// `anchor_slot`: slot of the anchor (from 0.8.0 on); the chain's slot if omitted.
    pub anchor_slot: Option<Placed<u32>>,
    /// `state_root`: state root after the anchor.
    pub state_root: Option<Placed<[u8; 32]>>,
    /// `accumulation_root`: root of the accumulation-output log after the anchor.
    pub accumulation_root: Option<Placed<[u8; 32]>>,
    /// `lookup_anchor`: header hash of the block as of which historical lookups are made.
    pub lookup_anchor: Option<Placed<[u8; 32]>>,
    /// `lookup_anchor_slot`: slot of the lookup anchor; the chain's slot if omitted.
    pub lookup_anchor_slot: Option<Placed<u32>>,
    /// `lookup_anchor_state_root`: state root after the lookup anchor (from 0.8.0 on).
    pub lookup_anchor_state_root: Option<Placed<[u8; 32]>>,
    /// `prerequisites`: hashes of the packages to be accumulated before.
    pub prerequisites: Vec<Placed<[u8; 32]>>,
}

/// One of `[[items]]`: a work item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Place of the section.
    pub place: Place,
    /// `service`.
    pub service: Placed<ServiceName>,
    /// `code_hash`; the service's own if omitted.
    pub code_hash: Option<Placed<[u8; 32]>>,
    /// `payload`; empty if omitted.
    pub payload: Option<Placed<Payload>>,
    /// `refine_gas_limit`.
    pub refine_gas_limit: Placed<u64>,
    /// `accumulate_gas_limit`.
    pub accumulate_gas_limit: Placed<u64>,
    /// `export_count`; 0 if omitted.
    pub export_count: Option<Placed<u16>>,
    /// `imports`.
    pub imports: Vec<Import>,
    /// `extrinsics`: the data of each.
    pub extrinsics: Vec<Placed<Value>>,
}

/// A payload as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Octets.
    Octets(Value),
    /// A table, encoded by the service's description.
    Typed(Written),
}

/// A segment that an item imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// `from`: the name of a `[segments.<name>]` section.
    pub from: Placed<String>,
    /// `index`.
    pub index: Placed<u16>,
    /// `by`: `root` (default) identifies the segments by their root, `package` by their package's
    /// hash.
    pub by: Option<Placed<String>>,
}
