//! From a package file to what the protocol runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jambox_files::without_mark;
use jambox_state::{Blob, PartialState};
use jambox_symbols::Symbols;
use jambox_types::{CoreIndex, Hash, Protocol, ServiceId, TimeSlot, WorkPackage};

use crate::accounts::Builder;
use crate::files::Files;
use crate::manifest::Manifest;
use crate::problem::{Invalid, Problem, ProblemKind, Problems};
use crate::sources::Sources;
use crate::state_file::Snapshot;
use crate::switches::{self, Switches};
use crate::work::{self, ExportsByHash, NoExports, Surroundings};

/// The most octets of a package file.
const LIMIT: u64 = 64 << 20;

/// A package file, resolved: everything that a run needs.
#[derive(Clone, Debug)]
pub struct Package {
    /// The switches: the caller's over the file's.
    pub protocol: Protocol,
    /// The core that the package is evaluated on.
    pub core: CoreIndex,
    /// The slot of the block that accumulates the report.
    pub slot: TimeSlot,
    /// The slot of the block before it; none unless the package starts from a state.
    pub prior_slot: Option<TimeSlot>,
    /// The entropy accumulator after that block.
    pub entropy: Hash,
    /// The state before that block.
    pub state: PartialState,
    /// The services' names in the file, for people to read.
    pub names: BTreeMap<ServiceId, String>,
    /// The work package.
    pub work_package: WorkPackage,
    /// For each item, its extrinsics.
    pub extrinsics: Vec<Vec<Blob>>,
    /// The segments that items may import from, by segment root.
    pub exported: BTreeMap<Hash, Vec<Blob>>,
    /// The segment roots of the packages that items may import from by hash.
    pub segment_roots: BTreeMap<Hash, Hash>,
    /// Where the programs' instructions come from, by code hash; for people to read.
    pub symbols: BTreeMap<Hash, Symbols>,
    /// The file, to point into.
    pub source: Source,
}

/// The package file as it was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// What is written there, with places.
    pub manifest: Manifest,
}

/// Loads a package file and every file it names.
///
/// `state` is a state file to start from, instead of the one that the package file may name.
///
/// # Errors
///
/// Everything that is wrong with the file or with what it names. The protocol's limits are not
/// checked: that is the first thing that working on the package does.
pub fn load(
    files: &dyn Files,
    path: &Path,
    switches: &Switches,
    state: Option<&Path>,
) -> Result<Package, Invalid> {
    load_from(files, path, switches, state.map_or(Start::AsWritten, Start::File))
}

/// Loads a package file to run on a chain: over its state, with what its packages exported at hand.
///
/// # Errors
///
/// As [`load`].
pub fn load_on_chain(
    files: &dyn Files,
    path: &Path,
    switches: &Switches,
    snapshot: Snapshot,
    exports: &dyn ExportsByHash,
) -> Result<Package, Invalid> {
    load_from(files, path, switches, Start::Chain(Box::new(snapshot), exports))
}

/// What a package starts from.
enum Start<'a> {
    /// What its file says.
    AsWritten,
    /// A state file, whatever its file says.
    File(&'a Path),
    /// A chain's state, whatever its file says.
    Chain(Box<Snapshot>, &'a dyn ExportsByHash),
}

fn load_from(
    files: &dyn Files,
    path: &Path,
    switches: &Switches,
    start: Start<'_>,
) -> Result<Package, Invalid> {
    let unreadable = |reason: String| {
        let kind = ProblemKind::Unreadable(reason);
        Invalid::new(path, "", vec![Problem { file: None, place: None, kind }])
    };
    let octets = files.read(path, LIMIT).map_err(unreadable)?;
    let text = String::from_utf8(without_mark(&octets).to_vec())
        .map_err(|_| unreadable("it is not text".to_owned()))?;
    let invalid = |problems| Invalid::new(path, &text, problems);

    let manifest = Manifest::parse(&text).map_err(invalid)?;
    let problems = Problems::default();
    let base = path.parent().unwrap_or(Path::new(""));
    // A chain is of one revision, which a package on it need not repeat.
    let unsaid = match &start {
        Start::Chain(snapshot, _) => {
            Protocol { revision: snapshot.revision, ..Protocol::default() }
        }
        Start::AsWritten | Start::File(_) => Protocol::default(),
    };
    let written = switches::protocol(&manifest.protocol, unsaid, files, base, &problems);
    let protocol = switches.over(written);
    let sources = Sources::new(files, base, protocol.revision, &problems);
    let source = Source { path: path.to_owned(), text: text.as_str().into(), manifest };
    let package = resolve(source, protocol, &sources, start);
    match package {
        Some(package) if problems.is_empty() => Ok(package),
        _ => Err(invalid(problems.into_vec())),
    }
}

fn resolve(
    source: Source,
    protocol: Protocol,
    sources: &Sources<'_>,
    start: Start<'_>,
) -> Option<Package> {
    let manifest = &source.manifest;
    let chain = &manifest.chain;
    let mut builder = Builder::new(protocol, sources);
    let mut exports: &dyn ExportsByHash = &NoExports;
    match (start, &chain.state) {
        (Start::File(path), _) => builder.start_from_file(path)?,
        (Start::Chain(snapshot, found), _) => {
            if !snapshot.revision.is(protocol.revision) {
                let written = manifest.protocol.revision.as_ref();
                let (what, found) = ("the chain".to_owned(), snapshot.revision);
                let kind = ProblemKind::Revision { what, found, wanted: protocol.revision };
                sources.problems.add(written.map(|written| written.place.clone()), kind);
                return None;
            }
            builder.start_from(*snapshot);
            exports = found;
        }
        (Start::AsWritten, Some(written)) => builder.start_from_value(written)?,
        (Start::AsWritten, None) => {}
    }
    let slot = chain.slot.as_ref().map(|slot| TimeSlot(slot.value));
    let slot = slot.unwrap_or(builder.next_slot());
    builder.name_services(&manifest.services);
    for (name, service) in &manifest.services {
        builder.add_service(&name.value, service)?;
    }
    builder.set_privileges(&manifest.privileges);
    let authorizer = builder.add_authorizer(&manifest.authorizer);
    builder.check_balances(&manifest.services);

    // A problem with the authorizer must not hide those of the items.
    let (auth_code_host, auth_code_hash) = authorizer.unwrap_or_default();
    let surroundings = Surroundings { auth_code_host, auth_code_hash, slot, protocol };
    let work = work::build(manifest, &builder, &surroundings, (sources, exports))?;
    let core = chain.core.as_ref().map_or(0, |core| core.value);
    let entropy = chain.entropy.as_ref().map_or(builder.entropy(), |entropy| Hash(entropy.value));
    let prior_slot = builder.prior_slot();
    let (state, names) = builder.finish();
    Some(Package {
        protocol,
        core: CoreIndex(core),
        slot,
        prior_slot,
        entropy,
        state,
        names,
        work_package: work.package,
        extrinsics: work.extrinsics,
        exported: work.exported,
        segment_roots: work.segment_roots,
        symbols: sources.symbols(),
        source,
    })
}
