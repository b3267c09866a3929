//! Rules of the protocol that differ between revisions of the paper: one row per revision.
//!
//! A handler or an encoding that depends on the revision reads a field here and never compares
//! revisions. A new revision is a new row, and a new difference a new field. Opcodes and gas plans
//! have tables of their own (`isa`, `program`), as have the numbers and prices of host calls
//! (`hostcall`).

use jambox_isa::Revision;

/// The rules of one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// True if only the manager may call `bless` (`HUH` for others).
    ///
    /// The tag 0.8.0 has this rule; the public vectors of 0.8.0 let every service call it, as 0.7.2
    /// does (see `docs/readings.md`).
    pub bless_needs_manager: bool,

    /// True if a refine context has the slot of its anchor (`eq:workcontext`).
    pub anchor_slot_in_context: bool,
    /// True if a refine context has the state root after its lookup anchor (`eq:workcontext`).
    pub lookup_state_root_in_context: bool,
    /// True if an availability specification has the number of chunks (`eq:avspec`).
    pub shards_in_availability: bool,
    /// True if the recent history has the slots of its blocks (`eq:recenthistoryspec`).
    pub slot_in_history: bool,
    /// True if a report that is pending availability is kept with its whole guarantee
    /// (`eq:reportingstate`).
    pub guarantees_in_pending: bool,
    /// True if a service's statistics count the transfers it received (`sec:bookkeeping`).
    pub transfers_in_statistics: bool,
    /// True if the extrinsic's hash covers the hashes of preimages rather than the preimages
    /// (`sec:header`).
    pub preimages_hashed_in_extrinsic: bool,
    /// Gas accounting of a round of accumulation (`eq:accseq`).
    ///
    /// True if the limit of a round covers transfers and always-accumulating services, and the gas
    /// of transfers is added in the round that makes them. Otherwise the limit covers reports only,
    /// and the gas of transfers is added in the round that takes them.
    pub gas_covers_whole_rounds: bool,
    /// True if validators are counted rather than fixed by a parameter. A sequence with an item for
    /// each validator, or for each of a super-majority, is then encoded with its length
    /// (`eq:valcount`, 0.8.0).
    pub validators_counted: bool,
    /// True if the number of validators, their ticket entries, and the sizes of erasure-coded
    /// pieces are parameters (`sec:definitions`); otherwise they follow from other parameters and
    /// from data.
    pub validator_parameters: bool,
    /// Largest number of verdicts, of culprits and of faults in a block; `None` for no limit
    /// (`eq:disputesextrinsics`).
    pub max_disputes: Option<u32>,
    /// The fewest culprits that come with a verdict that a report is bad (after `eq:verdicts`).
    pub bad_verdict_culprits: usize,
    /// Gas of a host call that is unknown or not offered in the context (`F` in
    /// `eq:refinemutator`).
    pub unknown_call_price: u64,
    /// Largest number of inner machines of one refinement; `None` leaves the limit to the host's
    /// configuration.
    pub max_inner_machines: Option<u32>,
    /// Smallest length that `query`, `solicit`, `forget` and `provide` refuse (`HUH`) before they
    /// read memory; `None` for no limit. By the paper's letter every length below `2^32` is
    /// allowed, even `2^32 - 2` and `2^32 - 1`, which mark other state keys.
    pub request_length_bound: Option<u64>,
    /// True if invoking an inner machine that does not exist consumes the gas meant for the
    /// machine. By the letter of 0.8.0 all of the call's gas is charged first; in 0.7.2 a call has
    /// no such gas.
    pub lost_invoke_keeps_gas: bool,
    /// True if `forget` of a request that was never met also removes a preimage that is stored
    /// under the same hash for a request of another length.
    pub forget_drops_unmet_preimage: bool,
    /// Unit of rounding, in octets, for the stack's size where `grow_heap` (or `sbrk`) computes the
    /// heap's limit.
    ///
    /// The tag 0.8.0 rounds to pages, as 0.7.2 does for `sbrk`; a change made after it and the
    /// public vectors round to zones of 64 KiB.
    pub heap_limit_rounding: u32,
    /// True if a guest that cannot pay for `grow_heap` is left without gas, as in every other call.
    ///
    /// By the tag 0.8.0 it keeps its gas; by a change made after it and the public vectors it loses
    /// it.
    pub grow_heap_drains: bool,
}

/// The size of a page, in octets (`Cpvmpagesize`).
const PAGE: u32 = 1 << 12;

/// The size of a zone of initial memory, in octets (`Cpvminitzonesize`).
const ZONE: u32 = 1 << 16;

impl Rules {
    /// The row of a revision.
    #[must_use]
    pub const fn of(revision: Revision) -> &'static Self {
        match revision {
            Revision::GrayPaper072 => &GRAY_PAPER_072,
            Revision::GrayPaper080 => &GRAY_PAPER_080,
        }
    }
}

const GRAY_PAPER_072: Rules = Rules {
    bless_needs_manager: false,
    anchor_slot_in_context: false,
    lookup_state_root_in_context: false,
    shards_in_availability: false,
    slot_in_history: false,
    guarantees_in_pending: false,
    transfers_in_statistics: false,
    preimages_hashed_in_extrinsic: false,
    gas_covers_whole_rounds: false,
    validators_counted: false,
    validator_parameters: true,
    max_disputes: None,
    bad_verdict_culprits: 2,
    unknown_call_price: 10,
    max_inner_machines: None,
    request_length_bound: None,
    lost_invoke_keeps_gas: false,
    forget_drops_unmet_preimage: true,
    heap_limit_rounding: PAGE,
    grow_heap_drains: true,
};

const GRAY_PAPER_080: Rules = Rules {
    bless_needs_manager: false,
    anchor_slot_in_context: true,
    lookup_state_root_in_context: true,
    shards_in_availability: true,
    slot_in_history: true,
    guarantees_in_pending: true,
    transfers_in_statistics: true,
    preimages_hashed_in_extrinsic: true,
    gas_covers_whole_rounds: true,
    validators_counted: true,
    validator_parameters: false,
    max_disputes: Some(16),
    bad_verdict_culprits: 0,
    unknown_call_price: 1000,
    max_inner_machines: Some(63),
    request_length_bound: Some(1 << 32),
    lost_invoke_keeps_gas: true,
    forget_drops_unmet_preimage: true,
    heap_limit_rounding: ZONE,
    grow_heap_drains: true,
};
