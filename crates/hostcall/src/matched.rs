//! The outcome of a call that has been served.

use crate::{
    FORMS, Form, History, HostCall, Interface, Outcome, OutcomeKind, Reply, ResultCode, Revision,
    Told,
};

/// An outcome of the table whose condition a handler has found to hold. Made by
/// [`outcome!`](crate::outcome).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched(&'static Outcome);

/// An outcome of the table with a result code. Made by [`code!`](crate::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodedOutcome(&'static Outcome, ResultCode);

/// The outcome of a call, by its name in the table: `outcome!(New, created)`. An unknown name does
/// not compile.
#[macro_export]
macro_rules! outcome {
    ($call:ident, $name:ident) => {
        const { $crate::Matched::named($crate::HostCall::$call, stringify!($name)) }
    };
}

/// The result code of a call's outcome, by the outcome's name in the table. An unknown name, or an
/// outcome without a code, does not compile.
///
/// ```
/// use jambox_hostcall::{Reply, ResultCode, code};
///
/// let reply = Reply::Code(code!(Eject, huh_early));
/// let Reply::Code(code) = reply else { unreachable!() };
/// assert_eq!(code.result(), ResultCode::Huh);
/// assert_eq!(code.outcome().when, "the request was not forgotten, or not long enough ago");
/// ```
///
/// ```compile_fail
/// jambox_hostcall::code!(Eject, huh_late);
/// ```
#[macro_export]
macro_rules! code {
    ($call:ident, $name:ident) => {
        const { $crate::CodedOutcome::named($crate::HostCall::$call, stringify!($name)) }
    };
}

impl Matched {
    /// The outcome of a call with this name, in its row or else in one of its forms.
    ///
    /// # Panics
    ///
    /// When there is none. In constants, this is a compile error.
    #[must_use]
    pub const fn named(call: HostCall, name: &str) -> Self {
        if let Some(outcome) = find(call.row_outcomes(), name) {
            return Self(outcome);
        }
        let mut forms: &[Form] = FORMS;
        while let [form, rest @ ..] = forms {
            forms = rest;
            if form.call as usize == call as usize
                && let Some(outcome) = find(form.own_outcomes(), name)
            {
                return Self(outcome);
            }
        }
        panic!("the table has no such outcome of the call")
    }

    /// The row of the table.
    #[must_use]
    pub const fn outcome(self) -> &'static Outcome {
        self.0
    }
}

impl CodedOutcome {
    /// [`Matched::named`] for an outcome with a result code.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub const fn named(call: HostCall, name: &str) -> Self {
        let outcome = Matched::named(call, name).0;
        match outcome.kind {
            OutcomeKind::Code(code) => Self(outcome, code),
            _ => panic!("the outcome gives no result code"),
        }
    }

    /// The row of the table.
    #[must_use]
    pub const fn outcome(self) -> &'static Outcome {
        self.0
    }

    /// The result code.
    #[must_use]
    pub const fn result(self) -> ResultCode {
        self.1
    }
}

const fn find(mut outcomes: &'static [Outcome], name: &str) -> Option<&'static Outcome> {
    while let [outcome, rest @ ..] = outcomes {
        if is(outcome.name.as_bytes(), name.as_bytes()) {
            return Some(outcome);
        }
        outcomes = rest;
    }
    None
}

const fn is(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([first, rest @ ..], [second, others @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

impl Form {
    /// The outcome of this form that a reply stands for; `None` if it is ambiguous.
    ///
    /// Handlers name outcomes of the call's row. A form with outcomes of its own (an ABI may fold
    /// several into one) has the outcome of the same name, or else the only outcome with the same
    /// effect.
    #[must_use]
    pub fn matched(&self, interface: Interface, reply: &Reply) -> Option<&'static Outcome> {
        let said = match reply {
            Reply::Code(code) => Some(code.outcome()),
            Reply::Value(matched, _) => Some(matched.outcome()),
            Reply::History(Some(history)) => Some(of_history(*history).outcome()),
            _ => None,
        };
        let mut own = self.outcomes(interface.revision);
        if let Some(said) = said
            && let Some(outcome) = own.find(|outcome| outcome.name == said.name)
        {
            return Some(outcome);
        }
        let kind = self.leaves(interface, reply);
        self.only(interface.revision, kind).or(said)
    }

    /// Effect of a reply on the guest under this form.
    fn leaves(&self, interface: Interface, reply: &Reply) -> OutcomeKind {
        let code = |code: ResultCode| OutcomeKind::Code(code.under(interface.abi));
        match self.told(reply) {
            Told::Nothing => OutcomeKind::Nothing,
            Told::Code(answer) => code(answer),
            Told::All(Reply::Code(answer)) => code(answer.result()),
            Told::All(
                Reply::Data(None)
                | Reply::Account(None)
                | Reply::Replaced(None)
                | Reply::History(None),
            ) => code(ResultCode::None),
            Told::All(Reply::Ran { exit, .. } | Reply::Child { exit, .. }) => {
                OutcomeKind::Exit(*exit)
            }
            Told::All(_) | Told::Halves(_) => OutcomeKind::Value,
        }
    }

    /// The outcome with this effect; `None` if there are several or none.
    pub fn only(&self, revision: Revision, kind: OutcomeKind) -> Option<&'static Outcome> {
        let mut alike = self.outcomes(revision).filter(|outcome| outcome.kind == kind);
        alike.next().filter(|_| alike.next().is_none())
    }
}

const fn of_history(history: History) -> Matched {
    match history {
        History::Requested => outcome!(Query, requested),
        History::Available(..) => outcome!(Query, available),
        History::Unavailable(..) => outcome!(Query, unavailable),
        History::AvailableAgain(..) => outcome!(Query, available_again),
    }
}
