//! Loading of a package file with the files it names.

use std::path::Path;

use jambox_files::without_mark;

use jambox_types::{CoreIndex, Hash, Protocol, Revision, TimeSlot};

use crate::accounts::Builder;
use crate::draft::Draft;
use crate::files::Files;
use crate::package::{Package, Source};
use crate::problem::{Problem, ProblemKind};
use crate::problems::{Invalid, Problems};
use crate::sources::Sources;
use crate::state_file::Snapshot;
use crate::switches::{self, Switches};
use crate::work::{self, ExportsByHash, NoExports, Surroundings};

/// Largest package file, in octets.
const LIMIT: u64 = 64 << 20;

/// Loads a package file and every file it names.
///
/// `state` is a state file to start from, instead of the file named in the package file.
///
/// # Errors
///
/// All problems of the file and of the files it names. The protocol's limits are not checked here;
/// they are the first check when the package is evaluated.
pub fn load(
    files: &dyn Files,
    path: &Path,
    switches: &Switches,
    state: Option<&Path>,
) -> Result<Package, Invalid> {
    load_from(files, path, switches, state.map_or(Start::AsWritten, Start::File))
}

/// Loads a package file for a run on a chain: over the chain's state, with exports of its packages.
///
/// # Errors
///
/// The errors of [`load`].
pub fn load_on_chain(
    files: &dyn Files,
    path: &Path,
    switches: &Switches,
    snapshot: Snapshot,
    exports: &dyn ExportsByHash,
) -> Result<Package, Invalid> {
    load_from(files, path, switches, Start::Chain(Box::new(snapshot), exports))
}

/// Initial state of a package.
enum Start<'a> {
    /// The state in its file.
    AsWritten,
    /// A state file, instead of the state in the package file.
    File(&'a Path),
    /// A chain's state, instead of the state in the package file.
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
    let problems = Problems::default();
    let Some(draft) = Draft::read(&text, &problems) else {
        return Err(Invalid::new(path, &text, problems.into_vec()));
    };
    let base = path.parent().unwrap_or(Path::new(""));
    // A chain has one revision, which a package on it may omit.
    let unsaid = match &start {
        Start::Chain(snapshot, _) => {
            Protocol { revision: snapshot.revision, ..Protocol::default() }
        }
        Start::AsWritten | Start::File(_) => Protocol::default(),
    };
    let manifest = &draft.manifest.protocol;
    let (written, is_spoilt) =
        problems.watch(|| switches::protocol(manifest, unsaid, files, base, &problems));
    let is_sure = !is_spoilt && !draft.gaps.protocol;
    let protocol = switches.over(written);
    let sources = Sources::new(files, base, protocol.revision, &problems);
    let package = resolve((path, &text), draft, protocol, &sources, start);
    match package {
        Some(package) if problems.is_empty() => Ok(package),
        package => {
            let mut invalid = Invalid::new(path, &text, problems.into_vec());
            invalid.partial = package.filter(|_| is_sure).map(Box::new);
            Err(invalid)
        }
    }
}

/// Sets the state that the package starts from, and gives the exports that it can import; `None`
/// for a chain of another revision.
fn set_start<'a>(
    builder: &mut Builder<'_>,
    start: Start<'a>,
    draft: &Draft,
    revision: Revision,
    sources: &Sources<'_>,
) -> Option<&'a dyn ExportsByHash> {
    match (start, &draft.manifest.chain.state) {
        (Start::File(path), _) => builder.start_from_file(path),
        (Start::Chain(snapshot, exports), _) => {
            if !snapshot.revision.is(revision) {
                let written = draft.manifest.protocol.revision.as_ref();
                let (what, found) = ("the chain".to_owned(), snapshot.revision);
                let kind = ProblemKind::Revision { what, found, wanted: revision };
                sources.problems.add(written.map(|written| written.place.clone()), kind);
                return None;
            }
            builder.start_from(*snapshot);
            return Some(exports);
        }
        (Start::AsWritten, Some(written)) => builder.start_from_value(written),
        (Start::AsWritten, None) if draft.gaps.chain => builder.start_from_unknown(),
        (Start::AsWritten, None) => {}
    }
    Some(&NoExports)
}

fn resolve(
    (path, text): (&Path, &str),
    draft: Draft,
    protocol: Protocol,
    sources: &Sources<'_>,
    start: Start<'_>,
) -> Option<Package> {
    let manifest = &draft.manifest;
    let chain = &manifest.chain;
    let mut builder = Builder::new(protocol, sources, &draft.gaps);
    let exports = set_start(&mut builder, start, &draft, protocol.revision, sources)?;
    let slot = chain.slot.as_ref().map(|slot| TimeSlot(slot.value));
    let slot = slot.unwrap_or(builder.next_slot());
    builder.name_services(&manifest.services);
    for (name, service) in &manifest.services {
        // A failure is a problem of its own.
        let _ = builder.add_service(&name.value, service);
    }
    builder.set_privileges(&manifest.privileges);
    let authorizer = match draft.gaps.authorizer {
        true => None,
        false => builder.add_authorizer(&manifest.authorizer),
    };
    builder.check_balances(&manifest.services);

    // Items are checked even if the authorizer has a problem.
    let (auth_code_host, auth_code_hash) = authorizer.unwrap_or_default();
    let surroundings = Surroundings { auth_code_host, auth_code_hash, slot, protocol };
    let work = work::build(&draft, &builder, &surroundings, (sources, exports));
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
        source: Source { path: path.to_owned(), text: text.into(), manifest: draft.manifest },
    })
}
