//! Which number means which call: the ABI and the revision together.

use core::fmt;

use jambox_types::Rules;

use crate::{Abi, Context, FORMS, FetchKind, Form, HostCall, ResultCode, Revision};

/// What a call costs that the seed document does not know, in every revision.
const UNKNOWN_CALL_OF_SEED: u64 = 10;

/// The host-call interface that a guest sees; fixed for a whole invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Numbers, registers, result codes.
    pub abi: Abi,
    /// Numbers and prices within the ABI.
    pub revision: Revision,
}

/// The ABI, with a word of warning where it is not consensus.
impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = if self.is_consensus() { "" } else { " (non-consensus)" };
        write!(f, "{}{warning}", self.abi)
    }
}

impl Interface {
    /// The Gray Paper's interface at a revision.
    pub const fn gray_paper(revision: Revision) -> Self {
        Self { abi: Abi::GrayPaper, revision }
    }

    /// Whether nodes agree on it.
    #[must_use]
    pub const fn is_consensus(self) -> bool {
        matches!(self.abi, Abi::GrayPaper)
    }

    /// The form in which `context` offers call `number`; `None` answers `WHAT`.
    pub fn form(self, context: Context, number: u64) -> Option<&'static Form> {
        let revision = Revision::ALL.iter().position(|revision| revision.is(self.revision))?;
        let offered = DISPATCH.get(self.column())?.get(revision)?.get(context as usize)?;
        let place = offered.get(usize::try_from(number).ok()?)?;
        FORMS.get(usize::from(place.checked_sub(1)?))
    }

    /// The place of the ABI among [`Abi::ALL`].
    const fn column(self) -> usize {
        match self.abi {
            Abi::GrayPaper => 0,
            Abi::SeedDoc { strict: false } => 1,
            Abi::SeedDoc { strict: true } => 2,
        }
    }

    /// Every form of the interface, in the table's order.
    pub fn forms(self) -> impl Iterator<Item = &'static Form> {
        FORMS.iter().filter(move |form| form.number(self).is_some())
    }

    /// The number that a call's name stands for, in whichever context has it; for assemblers.
    pub fn number_of(self, name: &str) -> Option<u64> {
        let call = HostCall::from_name(name)?;
        self.forms().find(|form| form.call == call)?.number(self)
    }

    /// Every call's name with the number that it stands for, for assemblers and disassemblers.
    /// Where contexts use a number differently, what the ABI itself describes comes first.
    pub fn names(self) -> impl Iterator<Item = (&'static str, u64)> {
        let named = move |deferred: bool| {
            HostCall::ALL.iter().filter_map(move |call| {
                let form = self.forms().find(|form| form.call == *call)?;
                let is_wanted = form.is_deferred() == deferred;
                Some((call.name(), form.number(self)?)).filter(|_| is_wanted)
            })
        };
        named(false).chain(named(true))
    }

    /// The form in which another ABI offers a call that this one does not have in `context`: a
    /// sign that a program which makes it was written for that ABI.
    pub fn offered_elsewhere(self, context: Context, number: u64) -> Option<(Abi, &'static Form)> {
        if self.form(context, number).is_some() {
            return None;
        }
        let others = Abi::ALL.into_iter().filter(|abi| *abi != self.abi);
        let mut offered =
            others.filter_map(|abi| Some((abi, Self { abi, ..self }.form(context, number)?)));
        offered.next()
    }

    /// What a call costs that is unknown or that the context does not offer.
    pub const fn unknown_call_price(self) -> u64 {
        match self.abi {
            Abi::GrayPaper => Rules::of(self.revision).unknown_call_price,
            Abi::SeedDoc { .. } => UNKNOWN_CALL_OF_SEED,
        }
    }

    /// The register value of a result code.
    pub const fn code(self, code: ResultCode) -> u64 {
        code.value(self.abi)
    }

    /// The kinds of `fetch` that the interface has, with their numbers.
    pub fn fetch_kinds(self) -> impl Iterator<Item = (u64, FetchKind)> {
        FetchKind::ALL.iter().filter_map(move |kind| Some((kind.number(self.abi)?, *kind)))
    }
}

/// One more than the highest number of a call.
const NUMBERS: usize = 101;

/// For each ABI, revision, context and number the place in [`FORMS`], counted from 1; 0 for none.
static DISPATCH: [[[[u8; NUMBERS]; Context::ALL.len()]; Revision::ALL.len()]; Abi::ALL.len()] =
    dispatch();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time, where a mistake is an error"
)]
const fn dispatch() -> [[[[u8; NUMBERS]; Context::ALL.len()]; Revision::ALL.len()]; Abi::ALL.len()]
{
    let mut table = [[[[0; NUMBERS]; Context::ALL.len()]; Revision::ALL.len()]; Abi::ALL.len()];
    let mut index = 0;
    while index < FORMS.len() * Abi::ALL.len() * Revision::ALL.len() * Context::ALL.len() {
        let (place, rest) = (index % FORMS.len(), index / FORMS.len());
        let (abi, rest) = (rest % Abi::ALL.len(), rest / Abi::ALL.len());
        let (revision, context) = (rest % Revision::ALL.len(), rest / Revision::ALL.len());
        index += 1;
        let interface = Interface { abi: Abi::ALL[abi], revision: Revision::ALL[revision] };
        let form = &FORMS[place];
        if let Some(number) = form.number(interface)
            && form.contexts.contains(Context::ALL[context])
        {
            let entry = &mut table[interface.column()][revision][context][number as usize];
            assert!(*entry == 0, "a number names two calls");
            *entry = place as u8 + 1;
        }
    }
    table
}
