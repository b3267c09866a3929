//! Rules of a block's header, except for signatures, seals and the proofs of tickets: block
//! production (`sec:blockproduction`), markers (`sec:markers`) and disputes.

use std::collections::BTreeSet;

use jambox_state::{Component, StateError, Values};
use jambox_types::{
    BandersnatchKey, Block, DisputeRecords, Ed25519Key, EpochMark, EpochMarkKeys, Hash,
    PerValidator, Protocol, Safrole, SlotSealers, Ticket, TimeSlot, ValidatorKey,
};

use super::disputes::DisputeRules;
use super::refusal::Refusal;
use crate::components::read_any;

/// The state components of block production, if the state has them.
pub(super) struct Consensus {
    prior: TimeSlot,
    entropy: [Hash; 4],
    safrole: Safrole,
    active: PerValidator<ValidatorKey>,
    previous: PerValidator<ValidatorKey>,
    staging: PerValidator<ValidatorKey>,
    records: DisputeRecords,
}

/// Sizes of validator sets.
#[derive(Clone, Copy)]
pub(super) struct ValidatorCounts {
    /// Before the block: the set of the assurers.
    pub before: usize,
    /// With the block: the set of the author, and of this epoch's guarantors.
    pub after: usize,
    /// With the block: the set of the last epoch.
    pub last: usize,
}

impl ValidatorCounts {
    /// The largest sizes, for a state without consensus.
    pub const fn without_consensus(protocol: &Protocol) -> Self {
        let count = protocol.validator_counts().max;
        Self { before: count, after: count, last: count }
    }
}

/// Epoch of a slot, and the slot's index in the epoch.
fn place(slot: TimeSlot, protocol: &Protocol) -> (u32, u32) {
    let length = protocol.parameters.epoch_length;
    let place = slot.0.checked_div(length).zip(slot.0.checked_rem(length));
    // Epochs have at least one slot.
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

    /// Sizes of the validator sets before and with a block.
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

    /// Fails on the first broken rule.
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

    /// `eq:validatorkeys` ff.: in a new epoch the pending validators become active.
    fn active_after(&self, block: &Block, protocol: &Protocol) -> &[ValidatorKey] {
        let is_first = self.is_first_of_epoch(block, protocol);
        if is_first { &self.safrole.pending } else { &self.active }
    }

    /// The author is one of the validators; in the fallback, it is the owner of the slot's key
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

    /// The fallback key of the block's slot; `None` if a ticket seals it (`eq:slotkeysequence`).
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

    /// The tickets that seal the next epoch, in outside-in order (function `Z` of
    /// `sec:slotkeysequence`); `None` if there are too few.
    fn winners(&self, protocol: &Protocol) -> Option<Vec<Ticket>> {
        let tickets = &self.safrole.tickets;
        if tickets.len() != protocol.parameters.slot_count() {
            return None;
        }
        let outside_in = tickets.iter().zip(tickets.iter().rev());
        let both = outside_in.flat_map(|(first, last)| [*first, *last]);
        Some(both.take(tickets.len()).collect())
    }

    /// The markers agree with the state (`eq:epochmarker`, `eq:winningticketsmarker`) and with the
    /// offenders of the disputes (`sec:judgmentmarker`).
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

    /// Tickets are submitted within the submission period and the limit, and have valid entry
    /// indices (`eq:ticketsextrinsic`, `eq:enforceticketlimit`).
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

/// Keys of the offenders in a block's disputes, in the order of the header.
fn offenders(block: &Block) -> impl Iterator<Item = Ed25519Key> {
    let disputes = &block.extrinsic.disputes;
    let culprits = disputes.culprits.iter().map(|culprit| culprit.key);
    culprits.chain(disputes.faults.iter().map(|fault| fault.key))
}
