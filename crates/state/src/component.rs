//! Components of the state, each the value of one key.

use std::fmt;

use crate::StateKey;

macro_rules! components {
    ($($(#[$doc:meta])* $name:ident = $chapter:literal, $words:literal;)*) => {
        /// A component of the state, numbered by its chapter (`sec:statemerklization`, 0.7.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Component {
            $($(#[$doc])* $name = $chapter,)*
        }

        impl Component {
            /// All of them, by chapter.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Name for people.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

components! {
    /// For each core, the authorizers allowed for its packages.
    AuthorizerPools = 1, "authorizer pools";
    /// For each core, the authorizers queued for its pool.
    AuthorizerQueues = 2, "authorizer queues";
    /// The recent history and the accumulation-output log.
    RecentBlocks = 3, "recent blocks";
    /// State of block production.
    Safrole = 4, "safrole";
    /// Results of disputes, and offenders.
    Disputes = 5, "disputes";
    /// The entropy accumulator and its values at the ends of the last epochs.
    Entropy = 6, "entropy";
    /// Keys of the validators of the epoch after the next.
    StagingSet = 7, "validator staging set";
    /// Validators of this epoch.
    ActiveSet = 8, "active validators";
    /// Validators of the last epoch.
    PreviousSet = 9, "previous validators";
    /// Reports that are pending availability, core by core.
    PendingReports = 10, "pending reports";
    /// Slot of the block that left the state.
    Slot = 11, "time slot";
    /// Privileged services.
    Privileges = 12, "privileges";
    /// Activity of validators, cores and services.
    Statistics = 13, "statistics";
    /// Reports with unmet dependencies.
    ReadyQueue = 14, "accumulation queue";
    /// Packages accumulated within the last epoch.
    Accumulated = 15, "accumulation history";
    /// Outputs (`yield`) of the last block's accumulation.
    Outputs = 16, "last accumulation outputs";
}

impl Component {
    /// The component of a chapter.
    #[must_use]
    pub fn of_chapter(chapter: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|component| component.chapter() == chapter)
    }

    /// The chapter's number.
    #[must_use]
    pub const fn chapter(self) -> u8 {
        self as u8
    }

    /// The state key.
    #[must_use]
    pub fn key(self) -> StateKey {
        StateKey::component(self.chapter())
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
