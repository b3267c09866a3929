//! Interfaces: the ABI and the revision together give numbers their calls.

use core::fmt;

use jambox_types::Rules;

use crate::{Abi, Context, FORMS, FetchKind, Form, HostCall, ResultCode, Revision};

/// Gas of a call that the seed document does not describe, in every revision.
const UNKNOWN_CALL_OF_SEED: u64 = 10;

/// The host-call interface that a guest sees; fixed for a whole invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Chooses numbers, registers and result codes.
    pub abi: Abi,
    /// Chooses numbers and prices within the ABI.
    pub revision: Revision,
}

/// The name of the ABI, with a warning if it is not consensus.
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

    /// True for an interface that nodes agree on.
    #[must_use]
    pub const fn is_consensus(self) -> bool {
        matches!(self.abi, Abi::GrayPaper)
    }

    /// The form of call `number` in `context`; `None` for an unknown call, which answers `WHAT`.
    pub fn form(self, context: Context, number: u64) -> Option<&'static Form> {
        let revision = Revision::ALL.iter().position(|revision| revision.is(self.revision))?;
        let offered = DISPATCH.get(self.column())?.get(revision)?.get(context as usize)?;
        let place = offered.get(usize::try_from(number).ok()?)?;
        FORMS.get(usize::from(place.checked_sub(1)?))
    }

    /// Index of the ABI in [`Abi::ALL`].
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

    /// Number of the call with this name, in any context; for assemblers.
    pub fn number_of(self, name: &str) -> Option<u64> {
        let call = HostCall::from_name(name)?;
        self.forms().find(|form| form.call == call)?.number(self)
    }

    /// Names of all calls with their numbers, for assemblers and disassemblers. If contexts use a
    /// number for different calls, the call described by the ABI itself is first.
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

    /// The form of an unknown call in another ABI: evidence that the program was written for that
    /// ABI. `None` if no other ABI offers the call in `context`.
    pub fn offered_elsewhere(self, context: Context, number: u64) -> Option<(Abi, &'static Form)> {
        if self.form(context, number).is_some() {
            return None;
        }
        let others = Abi::ALL.into_iter().filter(|abi| *abi != self.abi);
        let mut offered =
            others.filter_map(|abi| Some((abi, Self { abi, ..self }.form(context, number)?)));
        offered.next()
    }

    /// Gas of a call that is unknown or not offered in the context.
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

    /// The kinds of `fetch` under the ABI, with their numbers.
    pub fn fetch_kinds(self) -> impl Iterator<Item = (u64, FetchKind)> {
        FetchKind::ALL.iter().filter_map(move |kind| Some((kind.number(self.abi)?, *kind)))
    }
}

/// One more than the highest call number.
const NUMBERS: usize = 101;

/// Index in [`FORMS`] plus 1 by ABI, revision, context and number; 0 for an unknown call.
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
