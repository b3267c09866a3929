//! Making of blocks: the contents of the next one, and their results.

use std::collections::BTreeSet;
use std::sync::Arc;

use jambox_chain::block::{Applied, BlockError, Checks, Refusal, apply};
use jambox_inspect::account::{Detail, Recorded};
use jambox_invocation::{Env, HostError, Observer};
use jambox_state::{Accounts, Changes, Component, StateError};
use jambox_types::{
    AccumulatedQueue, Assurance, BandersnatchSignature, Block, CoreBits, CoreIndex, Credential,
    Ed25519Signature, Extrinsic, Guarantee, Hash, Header, PendingReport, PerCore, Preimage,
    Privileges, ReadyQueue, TimeSlot, ValidatorIndex,
};

use crate::account::{self, SymbolTable};
use crate::archive::read::ArchiveError;
use crate::ledger::{Entry, Ledger};
use crate::records::{Descriptor, Stage};

/// The reason why there is no next block.
#[derive(Debug, thiserror::Error)]
pub enum AuthoringError {
    /// The host cannot go on.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The block breaks a rule, as a block of the node's own never should.
    #[error("the next block would break a rule: {0}")]
    Refused(Refusal),
    /// There is no such slot.
    #[error(transparent)]
    Slot(#[from] jambox_chain::SlotError),
    /// The chain's file cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<jambox_codec::DecodeError> for AuthoringError {
    fn from(error: jambox_codec::DecodeError) -> Self {
        Self::State(StateError::Store(Arc::new(error)))
    }
}

/// A block that was made.
pub struct Authored {
    /// The block.
    pub entry: Arc<Entry>,
    /// The reports or services taken out of the state before, for people; `None` if none were.
    pub held_back: Option<String>,
}

/// Makes the next block, in this slot, with the packages and preimages that wait for it.
///
/// # Errors
///
/// The host cannot go on; the ledger is then as it was.
pub fn author(
    env: &Env,
    ledger: &mut Ledger,
    symbols: &Arc<SymbolTable>,
    slot: TimeSlot,
) -> Result<Authored, AuthoringError> {
    jambox_chain::check_slot(TimeSlot(ledger.head().descriptor.slot), slot)?;
    let mut passed_over = BTreeSet::new();
    // The most reports that the block makes available.
    let mut most = usize::MAX;
    let mut held_back = None;
    loop {
        let assured = assured(ledger, most)?;
        let block = assemble(ledger, slot, &passed_over, &assured)?;
        let before = ledger.clone();
        match import(env, ledger, symbols, block.clone()) {
            Err(AuthoringError::Host(error)) if error.is_limit() => {
                *ledger = before;
                let reason = format!("accumulating it costs this host too much: {error}");
                let alone = assemble(ledger, slot, &passed_over, &[])?;
                if is_too_costly(env, ledger, symbols, alone)? {
                    held_back = Some(hold_back(ledger, &reason)?.ok_or(error)?);
                } else if let [(_, package)] = assured.as_slice() {
                    fail(ledger, package, reason)?;
                } else {
                    // The report that costs too much shows when they come one at a time.
                    most = 1;
                }
            }
            Err(AuthoringError::Refused(refusal)) => {
                *ledger = before;
                let guarantee = refusal.guarantee();
                let guarantee = guarantee.and_then(|index| block.extrinsic.guarantees.get(index));
                let Some(guarantee) = guarantee else {
                    return Err(AuthoringError::Refused(refusal));
                };
                let package = guarantee.report.availability.package_hash;
                passed_over.insert(package);
                if !refusal.may_pass() {
                    fail(ledger, &package, refusal.to_string())?;
                }
            }
            result => return Ok(Authored { entry: result?, held_back }),
        }
    }
}

/// True if a block that makes nothing available reaches a limit of this host all the same.
fn is_too_costly(
    env: &Env,
    ledger: &Ledger,
    symbols: &Arc<SymbolTable>,
    block: Block,
) -> Result<bool, AuthoringError> {
    match import(env, &mut ledger.clone(), symbols, block) {
        Ok(_) | Err(AuthoringError::Refused(_)) => Ok(false),
        Err(AuthoringError::Host(error)) if error.is_limit() => Ok(true),
        Err(error) => Err(error),
    }
}

/// Takes out of the state, as if by hand, the work that would accumulate in every next block: the
/// reports that wait for others or for gas or, when there are none, the services that always
/// accumulate. Returns their names for people; `None` when there is neither.
fn hold_back(ledger: &mut Ledger, reason: &str) -> Result<Option<String>, AuthoringError> {
    let protocol = ledger.protocol;
    let values = Arc::clone(&ledger.head().world.values);
    let mut changes = Changes::default();
    let mut ready: ReadyQueue = Component::ReadyQueue.read(&*values, &protocol)?;
    let waiting = ready.iter_mut().flat_map(std::mem::take);
    let waiting: Vec<Hash> = waiting.map(|ready| ready.report.availability.package_hash).collect();
    let what = if waiting.is_empty() {
        let mut privileges: Privileges = Component::Privileges.read(&*values, &protocol)?;
        if privileges.always_accumulate.is_empty() {
            return Ok(None);
        }
        let services: Vec<String> = std::mem::take(&mut privileges.always_accumulate)
            .keys()
            .map(ToString::to_string)
            .collect();
        changes.set_component(Component::Privileges, &privileges, &protocol);
        format!("service {} always accumulates no more", services.join(", "))
    } else {
        changes.set_component(Component::ReadyQueue, &ready, &protocol);
        format!("{} reports that were ready are dropped", waiting.len())
    };
    for package in waiting {
        fail(ledger, &package, reason.to_owned())?;
    }
    ledger.amend(&changes)?;
    Ok(Some(format!("{what}: {reason}")))
}

/// Applies a block to the ledger's head.
///
/// # Errors
///
/// The block breaks a rule, or the host cannot go on.
pub fn import(
    env: &Env,
    ledger: &mut Ledger,
    symbols: &Arc<SymbolTable>,
    block: Block,
) -> Result<Arc<Entry>, AuthoringError> {
    let head = Arc::clone(ledger.head());
    let protocol = ledger.protocol;
    let mut recorder = account::recorder(&protocol, block.header.slot, symbols, Detail::KEPT);
    let applied = run(env, &head, &block, &mut recorder)?;
    let world = head.world.after(&applied.changes)?;
    let hash = block.header.hash(&protocol);
    let descriptor = Descriptor { hash, slot: block.header.slot.0 };
    let recorded = Recorded::new(recorder.finish());
    let (here, worlds) = ((&block, descriptor), (&head.world, &world));
    let account = account::of_block(here, worlds, &applied, recorded, &protocol)?;
    advance(ledger, &block, &applied, descriptor)?;
    let number = head.number.saturating_add(1);
    let header = block.header.clone();
    let entry = Entry { number, descriptor, header, block: Some(block), world, account };
    ledger.push(entry, &applied.changes);
    finish(ledger)?;
    Ok(Arc::clone(ledger.head()))
}

/// Runs a block upon the state after another, for somebody who watches.
///
/// # Errors
///
/// The block breaks a rule, or the host cannot go on.
pub fn run(
    env: &Env,
    upon: &Entry,
    block: &Block,
    observer: &mut dyn Observer,
) -> Result<Applied, AuthoringError> {
    let values = &upon.world.values;
    let entropy: [Hash; 4] = Component::Entropy.read(&**values, env.protocol())?;
    let [accumulator, ..] = entropy;
    let entropy = next_entropy(accumulator, &block.header);
    let applied = apply(env, values, block, Checks::WithoutConsensus, entropy, observer);
    applied.map_err(|error| match error {
        BlockError::Refused(refusal) => AuthoringError::Refused(refusal),
        BlockError::Host(error) => AuthoringError::Host(error),
    })
}

/// The entropy after a block. Headers of this node are not signed: the octets in the field of the
/// signature serve as the output of the verifiable random function.
fn next_entropy(accumulator: Hash, header: &Header) -> Hash {
    let output = header.entropy_source.0.get(..32).unwrap_or_default();
    Hash::blake2b(&[&accumulator.0[..], output].concat())
}

/// Takes note of how far a block brought packages and preimages.
fn advance(
    ledger: &mut Ledger,
    block: &Block,
    applied: &Applied,
    here: Descriptor,
) -> Result<(), AuthoringError> {
    for guarantee in &block.extrinsic.guarantees {
        let package = guarantee.report.availability.package_hash;
        ledger.update(&package, |record| record.stage = Stage::Reported(here))?;
    }
    for report in &applied.available {
        let package = report.availability.package_hash;
        ledger.update(&package, |record| {
            if let Stage::Reported(reported) = record.stage {
                record.stage = Stage::Ready { reported, ready: here };
            }
        })?;
    }
    let key = jambox_state::Meaning::Component(Component::Accumulated).key();
    let history = applied.changes.get(&key).and_then(|change| change.value.clone());
    let history = history.map(|octets| jambox_codec::decode_all_with(&octets, &ledger.protocol));
    let history: Option<AccumulatedQueue> = history.transpose()?;
    for package in history.iter().flat_map(|history| history.last()).flatten() {
        ledger.update(package, |record| record.accumulated = Some(here))?;
    }
    Ok(())
}

/// Removes from the queue the packages that the chain has taken, and those that it can no longer
/// take.
fn finish(ledger: &mut Ledger) -> Result<(), ArchiveError> {
    let head = Arc::clone(ledger.head());
    let mut lost = Vec::new();
    let mut waiting = ledger.waiting.clone();
    waiting.retain(|package| {
        let Some(record) = ledger.in_memory(package) else { return false };
        let (Stage::Submitted, Some(report)) = (&record.stage, &record.report) else {
            return false;
        };
        let is_lost = ledger.remaining(&head, &report.context.anchor).is_none();
        if is_lost {
            lost.push(*package);
        }
        !is_lost
    });
    ledger.waiting = waiting;
    for package in lost {
        fail(ledger, &package, "it was not reported before its anchor was too old".to_owned())?;
    }
    if let Some(block) = &head.block {
        for Preimage { service, data } in &block.extrinsic.preimages {
            ledger.take_preimage(*service, data.as_slice().into());
        }
    }
    Ok(())
}

fn fail(ledger: &mut Ledger, package: &Hash, reason: String) -> Result<(), ArchiveError> {
    ledger.update(package, |record| record.stage = Stage::Failed(reason))?;
    ledger.waiting.retain(|waiting| waiting != package);
    Ok(())
}

/// The next block, without those packages.
fn assemble(
    ledger: &Ledger,
    slot: TimeSlot,
    passed_over: &BTreeSet<Hash>,
    assured: &[(CoreIndex, Hash)],
) -> Result<Block, AuthoringError> {
    let head = ledger.head();
    let protocol = &ledger.protocol;
    let extrinsic = Extrinsic {
        preimages: preimages(ledger)?,
        guarantees: guarantees(ledger, slot, passed_over),
        assurances: assurances(ledger, assured),
        ..Extrinsic::default()
    };
    let parent = head.descriptor.hash;
    let validators = protocol.validator_counts().max;
    let author = usize::try_from(slot.0).unwrap_or(0).checked_rem(validators).unwrap_or(0);
    // No key signs here: the octets only differ from block to block, so that entropy does.
    let mut source = [0; BandersnatchSignature::LENGTH];
    let seed = Hash::blake2b(&[&parent.0[..], &slot.0.to_le_bytes()].concat());
    source.iter_mut().zip(seed.0).for_each(|(octet, seed)| *octet = seed);
    let header = Header {
        parent,
        parent_state_root: head.world.root,
        extrinsic_hash: extrinsic.hash(protocol),
        slot,
        epoch_mark: None,
        tickets_mark: None,
        author: ValidatorIndex(u16::try_from(author).unwrap_or(0)),
        entropy_source: BandersnatchSignature(source),
        offenders_mark: Vec::new(),
        seal: BandersnatchSignature([0; BandersnatchSignature::LENGTH]),
    };
    Ok(Block { header, extrinsic })
}

/// The preimages that services want by now.
fn preimages(ledger: &Ledger) -> Result<Vec<Preimage>, AuthoringError> {
    let values = Arc::clone(&ledger.head().world.values);
    let accounts = Accounts::new(values as Arc<dyn jambox_state::Base>);
    let mut wanted = Vec::new();
    for (service, data) in ledger.preimages() {
        if accounts.is_providable(*service, data)? {
            wanted.push(Preimage { service: *service, data: data.to_vec() });
        }
    }
    Ok(wanted)
}

/// A report for each core with a waiting one. The cores are free, because pending reports become
/// available in this very block; a report that is held back keeps its core, and the rules see to
/// that.
fn guarantees(ledger: &Ledger, slot: TimeSlot, passed_over: &BTreeSet<Hash>) -> Vec<Guarantee> {
    let waiting = || ledger.waiting.iter().filter(|package| !passed_over.contains(package));
    let guarantee = |core| {
        let of_core = |package: &&Hash| {
            ledger.in_memory(package).is_some_and(|record| record.core == CoreIndex(core))
        };
        let record = ledger.in_memory(waiting().find(of_core)?)?;
        let credential = |validator| Credential {
            validator: ValidatorIndex(validator),
            signature: Ed25519Signature([0; Ed25519Signature::LENGTH]),
        };
        Some(Guarantee {
            report: (**record.report.as_ref()?).clone(),
            slot,
            credentials: vec![credential(0), credential(1)],
        })
    };
    (0..ledger.protocol.parameters.cores).filter_map(guarantee).collect()
}

/// The reports that are pending and can become available, at most so many, each with its core. A
/// report that failed before costs too much to be accumulated: it is held back until it times out.
fn assured(ledger: &Ledger, most: usize) -> Result<Vec<(CoreIndex, Hash)>, AuthoringError> {
    let pending = Component::PendingReports.read(&*ledger.head().world.values, &ledger.protocol)?;
    let pending: PerCore<Option<PendingReport>> = pending;
    let mut packages = Vec::new();
    for (pending, core) in pending.iter().zip(0..) {
        let Some(pending) = pending else { continue };
        let package = pending.report.availability.package_hash;
        let record = ledger.package(&package)?;
        if !record.is_some_and(|record| matches!(record.stage, Stage::Failed(_))) {
            packages.push((CoreIndex(core), package));
        }
    }
    packages.truncate(most);
    Ok(packages)
}

/// Every validator's word that it has its part of these reports.
fn assurances(ledger: &Ledger, assured: &[(CoreIndex, Hash)]) -> Vec<Assurance> {
    let (head, protocol) = (ledger.head(), &ledger.protocol);
    if assured.is_empty() {
        return Vec::new();
    }
    let is_assured = |core: CoreIndex| assured.iter().any(|(of, _)| *of == core);
    let bits = CoreBits::from_fn(&protocol.parameters, is_assured);
    let validators = u16::try_from(protocol.validator_counts().max).unwrap_or(u16::MAX);
    let assurance = |assurer| Assurance {
        anchor: head.descriptor.hash,
        availabilities: bits.clone(),
        assurer: ValidatorIndex(assurer),
        signature: Ed25519Signature([0; Ed25519Signature::LENGTH]),
    };
    (0..validators).map(assurance).collect()
}
