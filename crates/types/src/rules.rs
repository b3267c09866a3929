//! Rules of the protocol that differ between revisions of the paper: one row per revision.
//!
//! A handler or an encoding that depends on the revision reads a field here; it never compares
//! revisions. A new revision is a new row, and a new difference a new field. Opcodes and gas plans
//! have tables of their own (`isa`, `program`), as have the numbers and prices of host calls
//! (`hostcall`).

use jambox_isa::Revision;

/// The rules of one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether only the manager may call `bless` (`HUH` for others).
    ///
    /// The tag 0.8.0 says so; the public vectors of 0.8.0 let every service call it, as 0.7.2 does
    /// (see `docs/readings.md`).
    pub bless_needs_manager: bool,

    /// Whether a refine context names the slot of its anchor (`eq:workcontext`).
    pub anchor_slot_in_context: bool,
    /// Whether a refine context names the state root after its lookup anchor (`eq:workcontext`).
    pub lookup_state_root_in_context: bool,
    /// Whether an availability specification says how many chunks there are (`eq:avspec`).
    pub shards_in_availability: bool,
    /// Whether the recent history knows the slots of its blocks (`eq:recenthistoryspec`).
    pub slot_in_history: bool,
    /// Whether a report that is pending availability is kept with its whole guarantee
    /// (`eq:reportingstate`).
    pub guarantees_in_pending: bool,
    /// Whether a service's statistics count the transfers that it received (`sec:bookkeeping`).
    pub transfers_in_statistics: bool,
    /// Whether the extrinsic's hash covers the hashes of preimages rather than the preimages
    /// (`sec:header`).
    pub preimages_hashed_in_extrinsic: bool,
    /// Whether the gas of a round of accumulation covers transfers and the services that always
    /// accumulate, and the gas of transfers is added where they are made; otherwise gas covers
    /// reports alone, and that of transfers is added where they are taken (`eq:accseq`).
    pub gas_covers_whole_rounds: bool,
    /// Whether validators are counted rather than fixed by a parameter: a sequence with an item for
    /// each of them, or for each of a super-majority, has its length in front (`eq:valcount`,
    /// 0.8.0).
    pub validators_counted: bool,
    /// Whether the number of validators, their ticket entries, and the sizes of erasure-coded
    /// pieces are parameters (`sec:definitions`); otherwise they follow from others and from data.
    pub validator_parameters: bool,
    /// The most verdicts, and the most culprits and faults each, in a block, where there is a bound
    /// (`eq:disputesextrinsics`).
    pub max_disputes: Option<u32>,
    /// What a host call costs that is unknown or that the context does not offer, in gas (`F` in
    /// `eq:refinemutator`).
    pub unknown_call_price: u64,
    /// The most inner machines that one refinement may hold; where there is no such bound, that of
    /// the host's own limits applies.
    pub max_inner_machines: Option<u32>,
    /// The least length that `query`, `solicit`, `forget` and `provide` refuse (`HUH`) before they
    /// look at memory, if there is one. Of the lengths below `2^32` every one is allowed by the
    /// letter, those among them that mark other state keys (`2^32 - 2` and `2^32 - 1`) included.
    pub request_length_bound: Option<u64>,
    /// Whether a guest that invokes a machine which is not there loses the gas that it meant for
    /// it. By the letter of 0.8.0 all of the call's gas is charged before; in 0.7.2 a call has no
    /// such gas.
    pub lost_invoke_keeps_gas: bool,
    /// Whether `forget` of a request that was never met takes along a preimage that stands under
    /// the same hash, for a request of another length.
    pub forget_drops_unmet_preimage: bool,
    /// The size in octets to a multiple of which the stack is rounded up where `grow_heap` (or
    /// `sbrk`) looks for the end of the room that the heap has.
    ///
    /// The tag 0.8.0 rounds to pages, as 0.7.2 does for `sbrk`; a change made after it and the
    /// public vectors round to zones of 64 KiB.
    pub heap_limit_rounding: u32,
    /// Whether a guest that cannot pay `grow_heap` is left without gas, as in every other call.
    ///
    /// By the tag 0.8.0 its gas stays; a change made after it and the public vectors take it.
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
    unknown_call_price: 1000,
    max_inner_machines: Some(63),
    request_length_bound: Some(1 << 32),
    lost_invoke_keeps_gas: true,
    forget_drops_unmet_preimage: true,
    heap_limit_rounding: ZONE,
    grow_heap_drains: true,
};
