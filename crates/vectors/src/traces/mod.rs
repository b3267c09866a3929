//! The traces (`traces/*/NNNNNNNN.bin`): state changes by blocks.
//!
//! Compared are the components that a block changes without consensus, every key of every service,
//! and the root of the whole state. Components changed by consensus only are taken from the
//! expected state.

mod difference;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jambox_chain::block::{self, Applied, BlockError, Checks};
use jambox_invocation::{Env, Observer};
use jambox_state::{Blob, Component, KeyKind, KeyedBase, Meaning, StateKey, trie};
use jambox_types::{Block, Hash, Protocol, Statistics};

use crate::campaign::whole;
use crate::environments::Environments;
use crate::steps::{self, RawState, Step};
use crate::{Campaign, Error, Outcome, Report, files};

pub use difference::{Difference, Place};

/// Options of a run over a folder of traces.
pub struct Run<'a> {
    /// Start of the run: the number of a step, for every trace, or `trace/number`.
    pub from: Option<String>,
    /// Called before each step with the number of steps done, the number of all steps, and the
    /// step's name.
    pub progress: &'a mut dyn FnMut(usize, usize, &str),
    /// Called for a step that differs, with its environment; the result is added to the report.
    pub explain: &'a mut dyn FnMut(&Env, &Step, &Difference) -> Option<String>,
}

/// Omitted comparison for a step composed of parts of different steps.
const PUT_TOGETHER: &str = "the block's rules, recent history and pools: its header names another \
extrinsic than its own or another prior state, and yet it is applied";

/// The components omitted for such a step.
const OF_OTHERS: [Component; 2] = [Component::AuthorizerPools, Component::RecentBlocks];

/// Known meanings of keys.
pub type Names = BTreeMap<StateKey, Meaning>;

/// Runs every step under a folder, each from the state before it in its file, and under the step's
/// own revision. The environment chooses the backend and the parameters.
///
/// A step that changes nothing is a refused block. It passes if the block is refused here;
/// otherwise it is skipped, since signatures are among the reasons for refusal.
///
/// A step that changes the state although its header commits to another extrinsic or names another
/// prior state is composed of parts of different steps. Its block is then not checked against
/// rules, and recent history and authorizer pools are not compared. The step passes with that
/// exception.
///
/// # Errors
///
/// When the folder cannot be read or holds no step.
pub fn run(folder: &Path, env: &Env) -> Result<Report, Error> {
    let (progress, explain) =
        (&mut |_, _, _: &str| {}, &mut |_: &Env, _: &Step, _: &Difference| None);
    whole(|campaign| run_with(folder, env, Run { from: None, progress, explain }, campaign))
}

/// [`run`] as a part of a campaign, with an observer, from a given step on.
///
/// # Errors
///
/// As [`run`].
pub fn run_with(
    folder: &Path,
    env: &Env,
    run: Run<'_>,
    campaign: &mut Campaign<'_>,
) -> Result<(), Error> {
    let mut names = Names::new();
    let environments = Environments::like(env);
    let files = steps::files(folder)?;
    for (done, file) in files.iter().enumerate() {
        let trace = file.parent().map(files::stem).unwrap_or_default();
        let number = files::stem(file);
        let name = format!("{trace}/{number}");
        if run.from.as_ref().is_some_and(|from| is_before(from, &name, &number)) {
            continue;
        }
        if !campaign.wants(&name) {
            continue;
        }
        (run.progress)(done, files.len(), &name);
        let octets = files::read(file)?;
        let outcome = match environments.find(|protocol| steps::decode_whole(&octets, protocol)) {
            Err(error) => Outcome::Failed(error),
            Ok((env, step)) => {
                campaign.report.revisions.insert(env.protocol().revision);
                match check(&step, env, &mut (), &mut names) {
                    Ok(outcome) => outcome,
                    Err(difference) => {
                        let more = (run.explain)(env, &step, &difference).unwrap_or_default();
                        Outcome::Failed(format!("{difference}{more}"))
                    }
                }
            }
        };
        campaign.add(name, outcome);
    }
    Ok(())
}

fn is_before(from: &str, name: &str, number: &str) -> bool {
    if from.contains('/') {
        return name < from;
    }
    match (from.parse::<u64>(), number.parse::<u64>()) {
        (Ok(from), Ok(number)) => number < from,
        _ => number < from,
    }
}

/// Runs one step with an observer.
///
/// # Errors
///
/// The first difference, or the reason for a missing state after.
pub fn check_step(step: &Step, env: &Env, observer: &mut dyn Observer) -> Result<(), Difference> {
    check(step, env, observer, &mut Names::new()).map(drop)
}

fn check(
    step: &Step,
    env: &Env,
    observer: &mut dyn Observer,
    names: &mut Names,
) -> Result<Outcome, Difference> {
    let (mut prior, after) = (keyed(&step.pre_state), keyed(&step.post_state));
    let found = trie::root(prior.iter());
    if found != step.pre_state.root {
        return Err(Difference::none(format!(
            "the state before has the root {found}, not {}",
            step.pre_state.root
        )));
    }
    let is_refused = step.pre_state.root == step.post_state.root;
    let entropies: [Hash; 4] = Component::Entropy
        .read(&after, env.protocol())
        .map_err(|error| Difference::none(error.to_string()))?;
    let [entropy, ..] = entropies;
    let header = &step.block.header;
    let is_linked = header.parent_state_root == step.pre_state.root
        && header.extrinsic_hash == step.block.extrinsic.hash(env.protocol());
    let is_put_together = !is_refused && !is_linked;
    let checks = if is_put_together {
        OF_OTHERS.iter().for_each(|component| prior.set(component.key(), None));
        Checks::None
    } else {
        Checks::All { prior_root: step.pre_state.root }
    };
    let prior = Arc::new(prior);
    match block::apply(env, &prior, &step.block, checks, entropy, observer) {
        Err(BlockError::Refused(_)) if is_refused => Ok(Outcome::Passed),
        Err(error) => Err(Difference::none(error.to_string())),
        Ok(_) if is_refused => Ok(Outcome::Skipped(left_to_signatures(&step.block))),
        Ok(applied) => {
            let changes = applied.changes.iter();
            let meanings =
                changes.filter_map(|(key, change)| Some((*key, change.meaning.clone()?)));
            names.extend(meanings);
            compare(step, &prior, &after, &applied, (env.protocol(), names))?;
            Ok(if is_put_together {
                Outcome::PassedExcept(PUT_TOGETHER.into())
            } else {
                Outcome::Passed
            })
        }
    }
}

/// Reason for applying a block that is to be refused: its fault is beyond the rules about header
/// and state.
fn left_to_signatures(block: &Block) -> String {
    let extrinsic = &block.extrinsic;
    let proofs = if extrinsic.tickets.is_empty() { "" } else { ", the proofs of tickets" };
    let disputes = &extrinsic.disputes;
    let signed = [
        extrinsic.guarantees.len(),
        extrinsic.assurances.len(),
        disputes.verdicts.len(),
        disputes.culprits.len(),
        disputes.faults.len(),
    ];
    let has_signatures = signed.iter().any(|count| *count > 0);
    let others = if has_signatures { "; and signatures, which need Ed25519" } else { "" };
    format!(
        "nothing that header and state say refuses the block; that leaves the seal, the entropy\
         {proofs}, which need Bandersnatch{others}"
    )
}

/// The state as a base to read from.
#[must_use]
pub fn keyed(state: &RawState) -> KeyedBase {
    let leaves = state.leaves.iter();
    leaves.map(|leaf| (StateKey(leaf.key), Blob::from(leaf.value.as_slice()))).collect()
}

/// Compares every key of the expected and the computed state, then the root.
fn compare(
    step: &Step,
    prior: &KeyedBase,
    after: &KeyedBase,
    applied: &Applied,
    (protocol, names): (&Protocol, &Names),
) -> Result<(), Difference> {
    // A composed step has none of these in its state before.
    let is_put_together = OF_OTHERS.iter().all(|it| prior.get(&it.key()).is_none());
    let mut found = prior.clone();
    found.change(&applied.changes);
    // The statistics are compared in two parts; the first part is changed by consensus.
    let read = |values: &KeyedBase| Component::Statistics.read(values, protocol);
    let none = |error: jambox_state::StateError| Difference::none(error.to_string());
    let (ours, theirs): (Statistics, Statistics) =
        (read(&found).map_err(none)?, read(after).map_err(none)?);
    difference::statistics(&ours, &theirs)?;

    let keys = found.iter().chain(after.iter()).map(|(key, _)| key);
    for key in keys.collect::<std::collections::BTreeSet<_>>() {
        let is_ours = match key.kind() {
            KeyKind::Component(chapter) => {
                Component::of_chapter(chapter).is_some_and(|component| {
                    component != Component::Statistics
                        && block::COMPONENTS.contains(&component)
                        && !(is_put_together && OF_OTHERS.contains(&component))
                })
            }
            KeyKind::Account(_) | KeyKind::Entry(_) => true,
        };
        let (expected, got) = (after.get(&key), found.get(&key));
        if !is_ours {
            found.set(key, expected.cloned());
        } else if expected != got {
            let place = Place { key, meaning: names.get(&key).cloned().or(Meaning::of(&key)) };
            return Err(Difference::at(place, expected, got));
        }
    }
    let root = trie::root(found.iter());
    if root == step.post_state.root {
        return Ok(());
    }
    Err(Difference::of_roots(step.post_state.root, root))
}
