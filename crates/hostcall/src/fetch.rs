//! Kinds of data that `fetch` copies: the kind table.

use crate::{Abi, Context, ContextSet};

macro_rules! fetch_kinds {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $name:literal [$($index:literal),*]
            paper ($($paper:literal)?) in $paper_contexts:expr,
            seed ($($seed:literal)?) in $seed_contexts:expr;
    )*) => {
        /// A part of the invocation's environment, independent of its number in an ABI.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FetchKind { $( $(#[doc = $doc])+ $variant, )* }

        impl FetchKind {
            /// Every kind, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// A short name, for example `item payload`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Description of the data and its encoding.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// Meaning of the index registers that the kind reads: none, the first, or both.
            pub const fn indices(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($index),*],)* }
            }

            /// Number of this kind under `abi`; `None` if the ABI lacks it.
            pub const fn number(self, abi: Abi) -> Option<u64> {
                match (self, abi) {
                    $(
                        (Self::$variant, Abi::GrayPaper) => optional!($($paper)?),
                        (Self::$variant, Abi::SeedDoc { .. }) => optional!($($seed)?),
                    )*
                }
            }

            /// The contexts in which `abi` offers this kind.
            pub const fn contexts(self, abi: Abi) -> ContextSet {
                match (self, abi) {
                    $(
                        (Self::$variant, Abi::GrayPaper) => $paper_contexts,
                        (Self::$variant, Abi::SeedDoc { .. }) => $seed_contexts,
                    )*
                }
            }
        }
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

const ALL: ContextSet = ContextSet::ALL;
const NONE: ContextSet = ContextSet::NONE;
const REFINE: ContextSet = ContextSet::REFINE;
const ACCUMULATE: ContextSet = ContextSet::ACCUMULATE;
const IN_CORE: ContextSet = ContextSet::IS_AUTHORIZED.or(ContextSet::REFINE);

// The contexts follow from the arguments that the paper hands to `fetch` in each invocation
// (`eq:isauthorizedmutator`, `eq:refinemutator`, `eq:accinvocation`; 0.7.2).
fetch_kinds! {
    /// The protocol's constants, fixed width, in the paper's order.
    Constants "protocol constants" []
        paper (0) in ALL, seed (0) in ALL;
    /// 32 octets of entropy; zero in refine.
    Entropy "entropy" []
        paper (1) in REFINE.or(ACCUMULATE), seed (1) in REFINE.or(ACCUMULATE);
    /// Output of the authorizer.
    AuthorizerTrace "authorizer trace" []
        paper (2) in REFINE, seed (2) in REFINE;
    /// One extrinsic of any item.
    AnyExtrinsic "extrinsic of an item" ["item", "extrinsic"]
        paper (3) in REFINE, seed (3) in REFINE;
    /// One extrinsic of the item being refined.
    OwnExtrinsic "extrinsic" ["extrinsic"]
        paper (4) in REFINE, seed (4) in REFINE;
    /// One imported segment of any item.
    AnyImport "import of an item" ["item", "import"]
        paper (5) in REFINE, seed (5) in REFINE;
    /// One imported segment of the item being refined.
    OwnImport "import" ["import"]
        paper (6) in REFINE, seed (6) in REFINE;
    /// The encoded work package.
    WorkPackage "work package" []
        paper (7) in IN_CORE, seed (7) in REFINE;
    /// The authorizer's configuration.
    AuthorizerConfiguration "authorizer configuration" []
        paper (8) in IN_CORE, seed (8) in IN_CORE;
    /// The authorization token.
    AuthorizationToken "authorization token" []
        paper (9) in IN_CORE, seed (9) in IN_CORE;
    /// The encoded refinement context.
    RefineContext "refinement context" []
        paper (10) in IN_CORE, seed (10) in REFINE;
    /// All item summaries: their number, then 62 octets each.
    ItemSummaries "item summaries" []
        paper (11) in IN_CORE, seed (11) in REFINE;
    /// One item's summary, 62 octets.
    ItemSummary "item summary" ["item"]
        paper (12) in IN_CORE, seed (12) in REFINE;
    /// One item's payload.
    ItemPayload "item payload" ["item"]
        paper (13) in IN_CORE, seed (13) in REFINE;
    /// All accumulation inputs (operands and transfers): their number, then each.
    Inputs "accumulation inputs" []
        paper (14) in ACCUMULATE, seed () in NONE;
    /// One accumulation input.
    Input "accumulation input" ["input"]
        paper (15) in ACCUMULATE, seed () in NONE;
    /// All operands without the transfers: their number, then each.
    Operands "operands" []
        paper () in NONE, seed (14) in ACCUMULATE;
    /// One operand.
    Operand "operand" ["operand"]
        paper () in NONE, seed (15) in ACCUMULATE;
    /// All deferred transfers without the operands: their number, then each.
    Transfers "deferred transfers" []
        paper () in NONE, seed (16) in ACCUMULATE;
    /// One deferred transfer.
    Transfer "deferred transfer" ["transfer"]
        paper () in NONE, seed (17) in ACCUMULATE;
}

impl FetchKind {
    /// The kind with this number under `abi`, in any context.
    pub fn from_number(abi: Abi, number: u64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number(abi) == Some(number))
    }

    /// The kind with this number, if `context` offers it; any other number answers `NONE`.
    pub fn available(abi: Abi, context: Context, number: u64) -> Option<Self> {
        Self::from_number(abi, number).filter(|kind| kind.contexts(abi).contains(context))
    }
}
