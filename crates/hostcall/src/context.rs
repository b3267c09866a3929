//! Contexts: the three invocations of `sec:virtualmachineinvocations` (0.7.2).

use core::fmt;

/// The invocation of a guest. It decides which host calls are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Context {
    /// `eq:isauthinvocation`: decides whether a work package may use a core.
    IsAuthorized,
    /// `eq:refinvocation`: turns one work item into a result, in core.
    Refine,
    /// `eq:accinvocation`: changes the service's state, on chain.
    Accumulate,
}

impl Context {
    /// Every context, in the paper's order.
    pub const ALL: [Self; 3] = [Self::IsAuthorized, Self::Refine, Self::Accumulate];

    /// The name used in text and JSON output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IsAuthorized => "is-authorized",
            Self::Refine => "refine",
            Self::Accumulate => "accumulate",
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of contexts; a column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextSet(u8);

impl ContextSet {
    /// No context.
    pub const NONE: Self = Self(0);
    /// All three contexts.
    pub const ALL: Self = Self(0b111);
    /// Is-authorized only.
    pub const IS_AUTHORIZED: Self = Self(1 << Context::IsAuthorized as u8);
    /// Refine only.
    pub const REFINE: Self = Self(1 << Context::Refine as u8);
    /// Accumulate only.
    pub const ACCUMULATE: Self = Self(1 << Context::Accumulate as u8);

    /// Union of two sets.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True for a member of the set.
    pub const fn contains(self, context: Context) -> bool {
        self.0 & (1 << context as u8) != 0
    }

    /// The members in the paper's order.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::ALL.into_iter().filter(move |context| self.contains(*context))
    }
}
