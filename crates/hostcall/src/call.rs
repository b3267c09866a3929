//! The calls, their typed requests and their register forms, as the table expands to them.

use crate::argument::{Argument, ArgumentInfo, Decoder};
use crate::gas::{Price, Sum, Term};
use crate::{
    Abi, Context, ContextSet, FetchKind, FixedKey, HashPointer, InnerExit, Interface, LowHigh,
    Output, Pointer, Registers, ResultCode, Revision, ServiceRef, Slice, Window,
};

/// Effect of an outcome on the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// The guest panics.
    Panic,
    /// The guest is out of gas, although it paid the base price.
    OutOfGas,
    /// `r7` holds a result code.
    Code(ResultCode),
    /// `r7` holds a number.
    Value,
    /// `r7` holds an inner machine's exit.
    Exit(InnerExit),
    /// No register changes.
    Nothing,
}

/// One possible outcome of a call. Outcomes are listed in the order in which their conditions are
/// checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Name of the outcome, unique in its call; tests are named after it.
    pub name: &'static str,
    /// Effect on the guest.
    pub kind: OutcomeKind,
    /// Condition of the outcome, or meaning of the number.
    pub when: &'static str,
    revisions: [bool; 2],
}

impl Outcome {
    /// True for a revision with the outcome.
    pub const fn is_in(&self, revision: Revision) -> bool {
        let [first, second] = self.revisions;
        if column(revision) == 0 { first } else { second }
    }
}

/// A form of a call: its number, contexts, price and registers under one ABI.
pub struct Form {
    /// The call.
    pub call: HostCall,
    pub(crate) family: Family,
    pub(crate) numbers: [Option<u64>; 2],
    /// Contexts that offer the call.
    pub contexts: ContextSet,
    pub(crate) prices: [Price; 2],
    /// The arguments in register order, from `r7` on.
    pub arguments: &'static [ArgumentInfo],
    outcomes: &'static [Outcome],
    pub(crate) reply: ReplyStyle,
    decode: fn(&mut Decoder<'_>) -> Request,
}

/// The ABIs of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// The Gray Paper's.
    Paper,
    /// The seed document's own.
    Seed,
    /// The seed document's, for calls that it leaves to the Gray Paper.
    Deferred,
}

impl Family {
    const fn serves(self, abi: Abi) -> bool {
        match (self, abi) {
            (Self::Paper, Abi::GrayPaper) | (Self::Seed, Abi::SeedDoc { .. }) => true,
            (Self::Deferred, Abi::SeedDoc { strict }) => !strict,
            _ => false,
        }
    }
}

/// Translation of a reply to registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyStyle {
    /// The Gray Paper's.
    Paper,
    /// A status without details: OK, or the code; FULL becomes LOW.
    Status,
    /// Numbers in pairs of registers, low and high 32 bits.
    Halves,
    /// No register is written.
    Nothing,
}

const fn column(revision: Revision) -> usize {
    match revision {
        Revision::GrayPaper072 => 0,
        Revision::GrayPaper080 => 1,
    }
}

impl Form {
    /// Number of the call; `None` if the interface lacks the call in this form.
    pub const fn number(&self, interface: Interface) -> Option<u64> {
        if !self.family.serves(interface.abi) {
            return None;
        }
        let [first, second] = self.numbers;
        if column(interface.revision) == 0 { first } else { second }
    }

    /// True if the seed document leaves the call to the Gray Paper's description.
    pub(crate) const fn is_deferred(&self) -> bool {
        matches!(self.family, Family::Deferred)
    }

    /// Gas of the call.
    pub const fn price(&self, revision: Revision) -> &Price {
        let [first, second] = &self.prices;
        if column(revision) == 0 { first } else { second }
    }

    /// Outcomes other than a lack of gas for the base price, in the order of the checks.
    pub fn outcomes(&self, revision: Revision) -> impl Iterator<Item = &'static Outcome> {
        self.outcomes.iter().filter(move |outcome| outcome.is_in(revision))
    }

    pub(crate) const fn own_outcomes(&self) -> &'static [Outcome] {
        self.outcomes
    }

    /// Outcomes of all revisions; [`Outcome::is_in`] tells the revisions of each.
    pub fn every_outcome(&self) -> impl Iterator<Item = &'static Outcome> {
        self.outcomes.iter()
    }

    /// Reads the request from the registers.
    pub fn decode(&self, abi: Abi, context: Context, registers: &Registers) -> Request {
        (self.decode)(&mut Decoder::new(registers, abi, context))
    }

    /// Each argument with the index of its first register.
    pub fn arguments_with_registers(&self) -> impl Iterator<Item = (usize, &'static ArgumentInfo)> {
        let mut next = 7usize;
        self.arguments.iter().map(move |argument| {
            let first = next;
            next = next.saturating_add(argument.kind.parts().len());
            (first, argument)
        })
    }
}

impl core::fmt::Debug for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Form").field("call", &self.call).field("numbers", &self.numbers).finish()
    }
}

// Short names for the table's columns.
const ALL: ContextSet = ContextSet::ALL;
const REFINE: ContextSet = ContextSet::REFINE;
const ACCUMULATE: ContextSet = ContextSet::ACCUMULATE;

/// Revisions of an outcome: all, or from 0.8.0 on.
const ALWAYS: [bool; 2] = [true, true];
const SINCE_080: [bool; 2] = [false, true];

const fn flat(gas: u64) -> Price {
    Price::flat(gas)
}

const fn of(base: u64, terms: &'static [Term]) -> Price {
    Price::of(base, terms)
}

/// `fetch` in 0.8.0: a price by kind, with a part for the octets requested.
const FETCH_080: Price = Price::ByRegister {
    register: 10,
    rows: &[
        Sum::flat(390),
        Sum::flat(103),
        Sum::of(80, &[Term::per_kib(9, 96)]),
        Sum::of(85, &[Term::per_kib(9, 96)]),
        Sum::of(85, &[Term::per_kib(9, 96)]),
        Sum::flat(171),
        Sum::flat(171),
        Sum::of(85, &[Term::per_kib(9, 96)]),
        Sum::flat(84),
        Sum::flat(88),
        Sum::flat(111),
        Sum::flat(317),
        Sum::flat(250),
        Sum::of(95, &[Term::per_kib(9, 96)]),
        Sum::of(287, &[Term::per_kib(9, 400)]),
        Sum::of(355, &[Term::per_kib(9, 344)]),
    ],
    otherwise: Sum::flat(80),
};

/// `pages` in 0.8.0: a price by mode and number of pages.
const PAGES_080: Price = Price::ByRegister {
    register: 10,
    rows: &[
        Sum::of(212, &[Term::per_unit(9, 118)]),
        Sum::of(275, &[Term::per_unit(9, 121)]),
        Sum::of(275, &[Term::per_unit(9, 121)]),
        Sum::of(130, &[Term::per_unit(9, 29)]),
        Sum::of(130, &[Term::per_unit(9, 29)]),
    ],
    otherwise: Sum::flat(80),
};

macro_rules! number {
    (-) => {
        None
    };
    ($number:literal) => {
        Some($number)
    };
}

macro_rules! family {
    (paper) => {
        Family::Paper
    };
    (seed) => {
        Family::Seed
    };
    (deferred) => {
        Family::Deferred
    };
}

macro_rules! reply_style {
    () => {
        ReplyStyle::Paper
    };
    ($style:ident) => {
        ReplyStyle::$style
    };
}

macro_rules! outcome_kind {
    (Panic) => {
        OutcomeKind::Panic
    };
    (OutOfGas) => {
        OutcomeKind::OutOfGas
    };
    (Value) => {
        OutcomeKind::Value
    };
    (Nothing) => {
        OutcomeKind::Nothing
    };
    (Exit($exit:ident)) => {
        OutcomeKind::Exit(InnerExit::$exit)
    };
    ($code:ident) => {
        OutcomeKind::Code(ResultCode::$code)
    };
}

macro_rules! outcome_revisions {
    () => {
        ALWAYS
    };
    ($revisions:ident) => {
        $revisions
    };
}

macro_rules! outcome_list {
    ($(
        $outcome:ident: $kind:ident $(($kind_argument:ident))? $when:literal $($revisions:ident)?,
    )*) => {
        &[$(Outcome {
            name: stringify!($outcome),
            kind: outcome_kind!($kind $(($kind_argument))?),
            when: $when,
            revisions: outcome_revisions!($($revisions)?),
        }),*]
    };
}

/// The outcomes of a form: its own, or the row's.
macro_rules! form_outcomes {
    ($call:ident) => {
        HostCall::$call.row_outcomes()
    };
    ($call:ident { $($outcomes:tt)* }) => {
        outcome_list!($($outcomes)*)
    };
}

/// The arguments of a form: its own, or the row's.
macro_rules! form_arguments {
    ($call:ident) => {
        request::$call::ARGUMENTS
    };
    ($call:ident ($($name:ident: $type:ty => $doc:literal),*) => $request:expr) => {
        &[$(ArgumentInfo {
            name: stringify!($name),
            kind: <$type as Argument>::KIND,
            doc: $doc,
        }),*]
    };
}

/// The decoder of a form: its own, or the row's.
macro_rules! form_decode {
    ($call:ident) => {
        |from| Request::$call(request::$call::from_registers(from))
    };
    ($call:ident ($($name:ident: $type:ty => $doc:literal),*) => $request:expr) => {
        |_from| {
            use request::*;
            $(let $name: $type = _from.argument();)*
            Request::$call($request)
        }
    };
}

macro_rules! define {
    ($(
        $(#[doc = $doc:literal])+
        $call:ident $name:literal
        ($($field:ident: $type:ty => $field_doc:literal,)*)
        + ($($extra:ident: $extra_type:ty = $default:expr,)*)
        { $($outcomes:tt)* }
        [ $(
            $family:ident [$first:tt, $second:tt] in $contexts:expr,
            gas [$first_price:expr, $second_price:expr]
            $(,
                ($($argument:ident: $argument_type:ty => $argument_doc:literal),*)
                => $request:expr
            )?
            $(, reply $style:ident)?
            $(, outcomes { $($form_outcomes:tt)* })?;
        )+ ]
    )*) => {
        /// A host call, independent of its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum HostCall { $( $(#[doc = $doc])+ $call, )* }

        impl HostCall {
            /// Every call, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$call,)*];

            /// The paper's name, for example `historical_lookup`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$call => $name,)* }
            }

            /// Documentation of the call, in a sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$call => concat!($($doc),+).trim_ascii(),)* }
            }

            /// Outcomes in the call's row, for forms without outcomes of their own.
            pub(crate) const fn row_outcomes(self) -> &'static [Outcome] {
                match self {
                    $(Self::$call => outcome_list!($($outcomes)*),)*
                }
            }

            /// The call with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|call| call.name() == name)
            }
        }

        /// A call with its arguments, read from registers but not yet checked against memory.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Request { $( $(#[doc = $doc])+ $call(request::$call), )* }

        impl Request {
            /// The call.
            pub const fn call(&self) -> HostCall {
                match self { $(Self::$call(_) => HostCall::$call,)* }
            }
        }

        /// The arguments of each call.
        pub mod request {
            use super::*;

            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                pub struct $call {
                    $(#[doc = concat!("Argument: ", $field_doc, ".")] pub $field: $type,)*
                    $(
                        #[doc = concat!("`", stringify!($default), "` in most register forms.")]
                        pub $extra: $extra_type,
                    )*
                }

                impl $call {
                    pub(super) const ARGUMENTS: &[ArgumentInfo] = &[$(ArgumentInfo {
                        name: stringify!($field),
                        kind: <$type as Argument>::KIND,
                        doc: $field_doc,
                    }),*];

                    pub(super) fn from_registers(_from: &mut Decoder<'_>) -> Self {
                        Self {
                            $($field: _from.argument(),)*
                            $($extra: $default,)*
                        }
                    }
                }
            )*
        }

        /// Every form of every call.
        pub static FORMS: &[Form] = &[$($(
            Form {
                call: HostCall::$call,
                family: family!($family),
                numbers: [number!($first), number!($second)],
                contexts: $contexts,
                prices: [$first_price, $second_price],
                arguments: form_arguments!(
                    $call $(($($argument: $argument_type => $argument_doc),*) => $request)?
                ),
                outcomes: form_outcomes!($call $({ $($form_outcomes)* })?),
                reply: reply_style!($($style)?),
                decode: form_decode!(
                    $call $(($($argument: $argument_type => $argument_doc),*) => $request)?
                ),
            },
        )+)*];
    };
}

crate::for_each_host_call!(define);
