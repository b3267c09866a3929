//! Rules that the header of a block can break, signatures, seals and the proofs of tickets aside:
//! those of block production (`sec:blockproduction`), of the markers (`sec:markers`) and of
//! disputes.

use std::collections::BTreeSet;

use jambox_state::{Component, StateError, Values};
use jambox_types::{
    BandersnatchKey, Block, DisputeRecords, Ed25519Key, EpochMark, EpochMarkKeys, Hash,
    PerValidator, Protocol, Safrole, SlotSealers, Ticket, TimeSlot, ValidatorKey,
};

use super::disputes::DisputeRules;
use super::{Refusal, read_any};

/// The part of the state that block production has to do with, if the state has it.
pub(super) struct Consensus {
    prior: TimeSlot,
    entropy: [Hash; 4],
    safrole: Safrole,
    active: PerValidator<ValidatorKey>,
    previous: PerValidator<ValidatorKey>,
    staging: PerValidator<ValidatorKey>,
    records: DisputeRecords,
}

/// How many validators there are.
#[derive(Clone, Copy)]
pub(super) struct ValidatorCounts {
    /// Before the block: those who assure.
    pub before: usize,
    /// With the block: those who author, and guarantee in the epoch.
    pub after: usize,
    /// With the block, those of the last epoch.
    pub last: usize,
}

impl ValidatorCounts {
    /// A state without consensus is taken to have as many as there can be.
    pub const fn without_consensus(protocol: &Protocol) -> Self {
        let count = protocol.validator_counts().max;
        Self { before: count, after: count, last: count }
    }
}

/// Where a slot stands: its epoch, and how many slots of it come before.
fn place(slot: TimeSlot, protocol: &Protocol) -> (u32, u32) {
    let length = protocol.parameters.epoch_length;
    let place = slot.0.checked_div(length).zip(slot.0.checked_rem(length));
    // There is no protocol with epochs of no slot.
    place.unwrap_or_default()
}

impl Consensus {
    pub fn read(
        state: &impl Values,
        prior: TimeSlot,
        protocol: &Protocol,
    ) -> Result<Option<Self>, StateError> {
        let safrole = read_any(state, Component::Safrole, protocol)?;
        let active: Option<PerValidator<_>> = read_any(state, Component::ActiveSet, protocol)?;
        let (Some(safrole), Some(active)) = (safrole, active) else { return Ok(None) };
        let previous: Option<PerValidator<ValidatorKey>> =
            read_any(state, Component::PreviousSet, protocol)?;
        let records: Option<DisputeRecords> = read_any(state, Component::Disputes, protocol)?;
        Ok(Some(Self {
            prior,
            entropy: Component::Entropy.read(state, protocol)?,
            safrole,
            previous: previous.unwrap_or_else(|| active.clone()),
            active,
            staging: Component::StagingSet.read(state, protocol)?,
            records: records.unwrap_or_default(),
        }))
    }

    /// The numbers of validators before and with a block.
    pub fn validators(&self, block: &Block, protocol: &Protocol) -> ValidatorCounts {
        ValidatorCounts {
            before: self.active.len(),
            after: self.active_after(block, protocol).len(),
            last: if self.is_first_of_epoch(block, protocol) {
                self.active.len()
            } else {
                self.previous.len()
            },
        }
    }

    /// Fails on the first rule that the header breaks.
    pub fn check(
        &self,
        prior_root: Hash,
        block: &Block,
        protocol: &Protocol,
    ) -> Result<(), Refusal> {
        if prior_root != block.header.parent_state_root {
            return Err(Refusal::PriorStateRoot);
        }
        self.check_author(block, protocol)?;
        self.check_marks(block, protocol)?;
        let disputes = DisputeRules {
            rules: protocol.rules(),
            epoch: place(self.prior, protocol).0,
            active: &self.active,
            previous: &self.previous,
            records: &self.records,
        };
        disputes.check(&block.extrinsic.disputes)?;
        self.check_tickets(block, protocol)
    }

    fn is_first_of_epoch(&self, block: &Block, protocol: &Protocol) -> bool {
        place(block.header.slot, protocol).0 > place(self.prior, protocol).0
    }

    /// `eq:validatorkeys` ff.: in a new epoch those become active that were pending.
    fn active_after(&self, block: &Block, protocol: &Protocol) -> &[ValidatorKey] {
        let is_first = self.is_first_of_epoch(block, protocol);
        if is_first { &self.safrole.pending } else { &self.active }
    }

    /// The author is one of the validators, and in the fallback the one whose key has the slot
    /// (`eq:ticketconditionfalse`).
    fn check_author(&self, block: &Block, protocol: &Protocol) -> Result<(), Refusal> {
        let author = block.header.author;
        let validators = self.active_after(block, protocol);
        let count = validators.len();
        let Some(own) = validators.get(usize::from(author.0)) else {
            return Err(Refusal::NoSuchAuthor { author, count });
        };
        let expected = self.fallback_key(block, protocol);
        if expected.is_some_and(|expected| expected != own.bandersnatch) {
            return Err(Refusal::Author { author, slot: block.header.slot });
        }
        Ok(())
    }

    /// The key that seals in the block's slot, if no ticket does (`eq:slotkeysequence`).
    fn fallback_key(&self, block: &Block, protocol: &Protocol) -> Option<BandersnatchKey> {
        let (epoch, phase) = place(block.header.slot, protocol);
        let (prior_epoch, prior_phase) = place(self.prior, protocol);
        if epoch == prior_epoch {
            return match &self.safrole.sealers {
                SlotSealers::Tickets(_) => None,
                SlotSealers::Keys(keys) => keys.get(phase as usize).copied(),
            };
        }
        let is_next = prior_epoch.checked_add(1) == Some(epoch);
        let was_closed = prior_phase >= protocol.parameters.epoch_tail_start;
        if is_next && was_closed && self.winners(protocol).is_some() {
            return None;
        }
        // `eq:fallbackkeysequence`, with the entropy at the end of the epoch before the last.
        let [_, entropy, ..] = self.entropy;
        let Hash([a, b, c, d, ..]) =
            Hash::blake2b_of(&[entropy.as_ref(), phase.to_le_bytes().as_slice()]);
        let validators = &self.safrole.pending;
        let index = (u32::from_le_bytes([a, b, c, d]) as usize).checked_rem(validators.len())?;
        validators.get(index).map(|key| key.bandersnatch)
    }

    /// The tickets that seal the next epoch if there are enough of them, from outside in (function
    /// `Z` of `sec:slotkeysequence`).
    fn winners(&self, protocol: &Protocol) -> Option<Vec<Ticket>> {
        let tickets = &self.safrole.tickets;
        if tickets.len() != protocol.parameters.slot_count() {
            return None;
        }
        let outside_in = tickets.iter().zip(tickets.iter().rev());
        let both = outside_in.flat_map(|(first, last)| [*first, *last]);
        Some(both.take(tickets.len()).collect())
    }

    /// The markers say what the state says (`eq:epochmarker`, `eq:winningticketsmarker`), and who
    /// the disputes find to misbehave (`sec:judgmentmarker`).
    fn check_marks(&self, block: &Block, protocol: &Protocol) -> Result<(), Refusal> {
        let header = &block.header;
        let expected = self.epoch_mark(block, protocol);
        let given = header.epoch_mark.as_ref().map(parts);
        if given != expected {
            return Err(match (given, expected) {
                (None, _) => Refusal::EpochMarkMissing,
                (_, None) => Refusal::EpochMarkUnexpected,
                _ => Refusal::EpochMarkWrong,
            });
        }
        let expected = self.tickets_mark(block, protocol);
        if header.tickets_mark.as_deref() != expected.as_deref() {
            return Err(match (&header.tickets_mark, expected) {
                (None, _) => Refusal::TicketsMarkMissing,
                (_, None) => Refusal::TicketsMarkUnexpected,
                _ => Refusal::TicketsMarkWrong,
            });
        }
        if !header.offenders_mark.iter().copied().eq(offenders(block)) {
            return Err(Refusal::OffendersMark);
        }
        Ok(())
    }

    fn epoch_mark(&self, block: &Block, protocol: &Protocol) -> Option<Mark> {
        if !self.is_first_of_epoch(block, protocol) {
            return None;
        }
        let [entropy, tickets_entropy, ..] = self.entropy;
        // Offenders, the block's own among them, lose their keys (`eq:blacklistfilter`).
        let mut offenders: BTreeSet<Ed25519Key> = offenders(block).collect();
        offenders.extend(&self.records.offenders);
        let keys = self.staging.iter().map(|key| {
            let is_out = offenders.contains(&key.ed25519);
            let ValidatorKey { bandersnatch, ed25519, .. } =
                if is_out { ValidatorKey::default() } else { *key };
            EpochMarkKeys { bandersnatch, ed25519 }
        });
        Some((entropy, tickets_entropy, keys.collect()))
    }

    fn tickets_mark(&self, block: &Block, protocol: &Protocol) -> Option<Vec<Ticket>> {
        let (epoch, phase) = place(block.header.slot, protocol);
        let (prior_epoch, prior_phase) = place(self.prior, protocol);
        let end = protocol.parameters.epoch_tail_start;
        let ends_now = epoch == prior_epoch && prior_phase < end && end <= phase;
        if ends_now { self.winners(protocol) } else { None }
    }

    /// Tickets come while they may, not too many, and are of entries that there are
    /// (`eq:ticketsextrinsic`, `eq:enforceticketlimit`).
    fn check_tickets(&self, block: &Block, protocol: &Protocol) -> Result<(), Refusal> {
        let tickets = &block.extrinsic.tickets;
        let (_, phase) = place(block.header.slot, protocol);
        let is_open = phase < protocol.parameters.epoch_tail_start;
        let most = if is_open { protocol.parameters.max_block_tickets.into() } else { 0 };
        if tickets.len() > most {
            return Err(Refusal::TicketCount { count: tickets.len(), most });
        }
        let is_first = self.is_first_of_epoch(block, protocol);
        let next = if is_first { &self.staging } else { &self.safrole.pending };
        let entries = protocol.ticket_entries(next.len());
        let too_high = tickets.iter().position(|ticket| u32::from(ticket.entry) >= entries);
        match too_high {
            Some(index) => Err(Refusal::TicketAttempt { index, entries }),
            None => Ok(()),
        }
    }
}

/// An epoch mark's parts.
type Mark = (Hash, Hash, Vec<EpochMarkKeys>);

fn parts(mark: &EpochMark) -> Mark {
    (mark.entropy, mark.tickets_entropy, mark.validators.to_vec())
}

/// The keys of those whom a block's disputes find to misbehave, as its header names them.
fn offenders(block: &Block) -> impl Iterator<Item = Ed25519Key> {
    let disputes = &block.extrinsic.disputes;
    let culprits = disputes.culprits.iter().map(|culprit| culprit.key);
    culprits.chain(disputes.faults.iter().map(|fault| fault.key))
}
