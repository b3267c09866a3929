//! Reading a package file as far as it can be read.

use std::collections::BTreeSet;

use toml::de::DeTable;

use crate::manifest::{
    Authorizer, Chain, Context, Import, Item, Manifest, Payload, Preimage, Privileges, Protocol,
    Request, Segments, Service, ServiceName, StorageEntry,
};
use crate::placed::Placed;
use crate::problem::{Problem, ProblemKind};
use crate::problems::Problems;
use crate::reader::{Entry, Section};

impl Manifest {
    /// Reads the text of a package file.
    ///
    /// # Errors
    ///
    /// All problems, in the order of their places.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let problems = Problems::default();
        match Draft::read(text, &problems) {
            Some(draft) if problems.is_empty() => Ok(draft.manifest),
            _ => Err(problems.into_vec()),
        }
    }
}

/// Package file as far as it can be read.
pub(crate) struct Draft {
    /// The readable part. Unreadable services, segments and items are left out, other unreadable
    /// values are omitted ones.
    pub(crate) manifest: Manifest,
    pub(crate) gaps: Gaps,
}

/// Unreadable parts of a package file: no mistake may be concluded from their absence.
#[derive(Default)]
pub(crate) struct Gaps {
    /// Services with a problem, by name.
    pub(crate) services: BTreeSet<String>,
    /// True if there may be services of any name.
    pub(crate) any_service: bool,
    /// Segments with a problem, by name.
    pub(crate) segments: BTreeSet<String>,
    /// True if there may be segments of any name.
    pub(crate) any_segments: bool,
    /// True if there is no authorizer that can be read.
    pub(crate) authorizer: bool,
    /// True if a state to start from may be named that cannot be read.
    pub(crate) chain: bool,
    /// True if the protocol has a problem.
    pub(crate) protocol: bool,
}

impl Draft {
    /// Reads the text of a package file; `None` and a problem if it is not TOML.
    pub(crate) fn read(text: &str, problems: &Problems) -> Option<Self> {
        match DeTable::parse(text) {
            Ok(root) => Some(read_manifest(root.get_ref(), problems)),
            Err(error) => {
                let reason = error.message().to_owned();
                problems.add(error.span(), ProblemKind::Syntax(reason));
                None
            }
        }
    }
}

fn read_manifest(root: &DeTable<'_>, problems: &Problems) -> Draft {
    // The root has no text of its own to point at: its place is the start of the file.
    let mut root = Section::new(root, 0..0, "the package file", problems);
    let mut gaps = Gaps::default();
    let (protocol, is_spoilt) = problems.watch(|| root.optional("protocol", read_protocol));
    gaps.protocol = is_spoilt;
    let (chain, is_spoilt) =
        problems.watch(|| root.optional("chain", |entry| read_chain(entry, &mut gaps.chain)));
    gaps.chain |= is_spoilt && chain.is_none();
    let chain = chain.unwrap_or_default();
    let privileges = root.optional("privileges", read_privileges).unwrap_or_default();
    let (services, is_spoilt) = problems.watch(|| {
        root.optional("services", |entry| {
            named(entry, "services", read_service, (problems, &mut gaps.services))
        })
    });
    gaps.any_service = is_spoilt && services.is_none();
    let (segments, is_spoilt) = problems.watch(|| {
        root.optional("segments", |entry| {
            named(entry, "segments", read_segments, (problems, &mut gaps.segments))
        })
    });
    gaps.any_segments = is_spoilt && segments.is_none();
    let authorizer = root.required_section("authorizer", "[authorizer]", read_authorizer);
    gaps.authorizer = authorizer.is_none();
    let context = root.optional("context", read_context).unwrap_or_default();
    let items = root.required_section("items", "[[items]]", |entry| entry.list(read_item));
    root.finish();
    let manifest = Manifest {
        protocol: protocol.unwrap_or_default(),
        chain,
        privileges,
        services: services.unwrap_or_default(),
        segments: segments.unwrap_or_default(),
        authorizer: authorizer.unwrap_or_else(no_authorizer),
        context,
        items: items.unwrap_or_default(),
    };
    Draft { manifest, gaps }
}

/// Stand-in for an authorizer that cannot be read.
fn no_authorizer() -> Authorizer {
    let place = 0..0;
    Authorizer {
        host: Placed { value: ServiceName::Id(0), place: place.clone() },
        code: None,
        code_hash: None,
        configuration: None,
        token: None,
        place,
    }
}

/// Reads `[<section>.<name>]` tables. Tables with problems are omitted, the problems recorded.
fn named<'a, T>(
    entry: Entry<'a>,
    section: &str,
    read: impl Fn(Entry<'a>, String) -> Option<T>,
    (problems, spoilt): (&Problems, &mut BTreeSet<String>),
) -> Option<Vec<(Placed<String>, T)>> {
    let names = entry.section(format!("[{section}]"))?.names();
    let mut all = Vec::new();
    for (name, entry) in names {
        let heading = format!("[{section}.{}]", name.value);
        let (value, is_spoilt) = problems.watch(|| read(entry, heading));
        if is_spoilt {
            spoilt.insert(name.value.clone());
        }
        all.extend(value.map(|value| (name, value)));
    }
    Some(all)
}

fn read_protocol(entry: Entry<'_>) -> Option<Protocol> {
    entry.table("[protocol]", |section| {
        Some(Protocol {
            revision: section.optional("revision", Entry::text),
            abi: section.optional("abi", Entry::text),
            parameters: section.optional("parameters", Entry::text),
        })
    })
}

/// Reads `[chain]`; notes whether it names a state in a way that cannot be read.
fn read_chain(entry: Entry<'_>, is_state_lost: &mut bool) -> Option<Chain> {
    entry.table("[chain]", |section| {
        let chain = Chain {
            slot: section.optional("slot", Entry::natural),
            entropy: section.optional("entropy", Entry::hash),
            core: section.optional("core", Entry::natural),
            state: section.optional("state", Entry::value),
        };
        *is_state_lost = chain.state.is_none() && section.has("state");
        Some(chain)
    })
}

fn read_privileges(entry: Entry<'_>) -> Option<Privileges> {
    entry.table("[privileges]", |section| {
        Some(Privileges {
            manager: section.optional("manager", service_name),
            assigners: section.optional("assigners", |entry| entry.list(service_name)),
            delegator: section.optional("delegator", service_name),
            registrar: section.optional("registrar", service_name),
            always_accumulate: section
                .optional("always_accumulate", |entry| entry.list(read_always_accumulate))
                .unwrap_or_default(),
        })
    })
}

fn read_always_accumulate(entry: Entry<'_>) -> Option<(Placed<ServiceName>, Placed<u64>)> {
    entry.table("an entry of `always_accumulate`", |section| {
        let service = section.required("service", service_name);
        let gas = section.required("gas", Entry::natural);
        Some((service?, gas?))
    })
}

fn service_name(entry: Entry<'_>) -> Option<Placed<ServiceName>> {
    if entry.is_number() {
        Some(entry.natural()?.map(ServiceName::Id))
    } else {
        Some(entry.text()?.map(ServiceName::Name))
    }
}

fn read_service(entry: Entry<'_>, heading: String) -> Option<Service> {
    entry.table(heading, |section| {
        let place = section.place();
        let id = section.required("id", Entry::natural);
        let code = section.optional("code", Entry::value);
        let code_hash = section.optional("code_hash", Entry::hash);
        let payload = section.optional("payload", Entry::value);
        let balance = section.optional("balance", Entry::natural);
        let min_accumulate_gas = section.optional("min_accumulate_gas", Entry::natural);
        let min_memo_gas = section.optional("min_memo_gas", Entry::natural);
        let gratis = section.optional("gratis", Entry::natural);
        let created = section.optional("created", Entry::natural);
        let last_accumulation = section.optional("last_accumulation", Entry::natural);
        let parent = section.optional("parent", service_name);
        let storage = section.optional("storage", |entry| entry.list(read_storage_entry));
        let preimages = section.optional("preimages", |entry| entry.list(read_preimage));
        let requests = section.optional("requests", |entry| entry.list(read_request));
        Some(Service {
            place,
            id: id?,
            code,
            code_hash,
            payload,
            balance,
            min_accumulate_gas,
            min_memo_gas,
            gratis,
            created,
            last_accumulation,
            parent,
            storage: storage.unwrap_or_default(),
            preimages: preimages.unwrap_or_default(),
            requests: requests.unwrap_or_default(),
        })
    })
}

fn read_storage_entry(entry: Entry<'_>) -> Option<StorageEntry> {
    entry.table("an entry of `storage`", |section| {
        let key = section.required("key", Entry::value);
        let value = section.required("value", Entry::value);
        Some(StorageEntry { key: key?, value: value? })
    })
}

fn read_preimage(entry: Entry<'_>) -> Option<Preimage> {
    if !entry.is_table() {
        return Some(Preimage { data: entry.value()?, history: None });
    }
    entry.table("an entry of `preimages`", |section| {
        let data = section.required("data", Entry::value);
        let history = section.optional("history", |entry| entry.list(Entry::natural));
        Some(Preimage { data: data?, history })
    })
}

fn read_request(entry: Entry<'_>) -> Option<Request> {
    entry.table("an entry of `requests`", |section| {
        let hash = section.required("hash", Entry::hash);
        let length = section.required("length", Entry::natural);
        let history = section.optional("history", |entry| entry.list(Entry::natural));
        Some(Request { hash: hash?, length: length?, history: history.unwrap_or_default() })
    })
}

fn read_segments(entry: Entry<'_>, heading: String) -> Option<Segments> {
    entry.table(heading, |section| {
        let data = section.required("data", |entry| entry.list(Entry::value));
        let package = section.optional("package", Entry::hash);
        Some(Segments { data: data?, package })
    })
}

fn read_authorizer(entry: Entry<'_>) -> Option<Authorizer> {
    entry.table("[authorizer]", |section| {
        let place = section.place();
        let host = section.required("host", service_name);
        let code = section.optional("code", Entry::value);
        let code_hash = section.optional("code_hash", Entry::hash);
        let configuration = section.optional("configuration", Entry::value);
        let token = section.optional("token", Entry::value);
        Some(Authorizer { host: host?, code, code_hash, configuration, token, place })
    })
}

fn read_context(entry: Entry<'_>) -> Option<Context> {
    entry.table("[context]", |section| {
        Some(Context {
            anchor: section.optional("anchor", Entry::hash),
            anchor_slot: section.optional("anchor_slot", Entry::natural),
            state_root: section.optional("state_root", Entry::hash),
            accumulation_root: section.optional("accumulation_root", Entry::hash),
            lookup_anchor: section.optional("lookup_anchor", Entry::hash),
            lookup_anchor_slot: section.optional("lookup_anchor_slot", Entry::natural),
            lookup_anchor_state_root: section.optional("lookup_anchor_state_root", Entry::hash),
            prerequisites: section
                .optional("prerequisites", |entry| entry.list(Entry::hash))
                .unwrap_or_default(),
        })
    })
}

fn read_item(entry: Entry<'_>) -> Option<Item> {
    let heading = format!("`{}`", entry.key());
    entry.table(heading, |section| {
        let place = section.place();
        let service = section.required("service", service_name);
        let code_hash = section.optional("code_hash", Entry::hash);
        let payload = section.optional("payload", read_payload);
        let refine_gas_limit = section.required("refine_gas_limit", Entry::natural);
        let accumulate_gas_limit = section.required("accumulate_gas_limit", Entry::natural);
        let export_count = section.optional("export_count", Entry::natural);
        let imports = section.optional("imports", |entry| entry.list(read_import));
        let extrinsics = section.optional("extrinsics", |entry| entry.list(Entry::value));
        Some(Item {
            place,
            service: service?,
            code_hash,
            payload,
            refine_gas_limit: refine_gas_limit?,
            accumulate_gas_limit: accumulate_gas_limit?,
            export_count,
            imports: imports.unwrap_or_default(),
            extrinsics: extrinsics.unwrap_or_default(),
        })
    })
}

fn read_payload(entry: Entry<'_>) -> Option<Placed<Payload>> {
    match entry.is_table() && !entry.is_by_revision() {
        true => Some(entry.written().map(Payload::Typed)),
        false => Some(entry.value()?.map(Payload::Octets)),
    }
}

fn read_import(entry: Entry<'_>) -> Option<Import> {
    entry.table("an entry of `imports`", |section| {
        let from = section.required("from", Entry::text);
        let index = section.required("index", Entry::natural);
        let by = section.optional("by", Entry::text);
        Some(Import { from: from?, index: index?, by })
    })
}
