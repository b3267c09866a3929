//! Numbers, contexts and prices of the Gray Paper's calls, in both revisions.

use jambox_hostcall::{Context, FORMS, HostCall, Interface, Quantity, Registers, Revision};
use jambox_types::Parameters;

const OLD: Interface = Interface::gray_paper(Revision::GrayPaper072);
const NEW: Interface = Interface::gray_paper(Revision::GrayPaper080);

/// Call, number in 0.7.2, number in 0.8.0, contexts (i, r, a), price in 0.8.0 with 1, 2, .. 6
/// thousand in `r7`, `r8`, .. `r12`.
const CALLS: [(&str, u64, u64, &str, u64); 28] = [
    ("gas", 0, 0, "ira", 48),
    ("fetch", 1, 2, "ira", 80),        // of a kind that does not exist
    ("lookup", 2, 3, "a", 600 + 1211), // ceil(248 * 5000 / 1024)
    ("read", 3, 4, "a", 2407 + 5086 + 1454),
    ("write", 4, 5, "a", 2442 + 6559 + 844),
    ("info", 5, 6, "a", 703),
    ("historical_lookup", 6, 7, "r", 1125 + 1290),
    ("export", 7, 8, "r", 3521),
    ("machine", 8, 9, "r", 1862 + 219),
    ("peek", 9, 10, "r", 377 + 1313),
    ("poke", 10, 11, "r", 297 + 875),
    ("pages", 11, 12, "r", 80), // of a mode that does not exist
    ("invoke", 12, 13, "r", 968),
    ("expunge", 13, 14, "r", 335),
    ("bless", 14, 15, "a", 422 + 120_000),
    ("assign", 15, 16, "a", 1818),
    ("designate", 16, 17, "a", 1100 + 604_000),
    ("checkpoint", 17, 18, "a", 103),
    ("new", 18, 19, "a", 3855),
    ("upgrade", 19, 20, "a", 1028),
    ("transfer", 20, 21, "a", 575),
    ("eject", 21, 22, "a", 458),
    ("query", 22, 23, "a", 643),
    ("solicit", 23, 24, "a", 2193),
    ("forget", 24, 25, "a", 3250),
    ("yield", 25, 26, "a", 98),
    ("provide", 26, 27, "a", 3980 + 6633),
    ("log", 100, 100, "ira", 1000),
];

const REGISTERS: Registers = [0, 0, 0, 0, 0, 0, 0, 1000, 2000, 3000, 4000, 5000, 6000];

#[test]
fn every_call_has_its_numbers_contexts_and_prices() {
    for (name, old, new, contexts, price) in CALLS {
        let call = HostCall::from_name(name).expect(name);
        let letters =
            [(Context::IsAuthorized, 'i'), (Context::Refine, 'r'), (Context::Accumulate, 'a')];
        for (context, letter) in letters {
            let found = |interface: Interface, number| {
                let form = interface.form(context, number);
                form.is_some_and(|form| form.call == call)
            };
            assert_eq!(found(OLD, old), contexts.contains(letter), "{name} in {context}");
            assert_eq!(found(NEW, new), contexts.contains(letter), "{name} in {context}");
        }
        assert_eq!((OLD.number_of(name), NEW.number_of(name)), (Some(old), Some(new)));
        let form = NEW.forms().find(|form| form.call == call).expect(name);
        assert_eq!(
            form.price(NEW.revision).upfront(&REGISTERS, &Parameters::FULL),
            price,
            "{name}"
        );
        let form = OLD.forms().find(|form| form.call == call).expect(name);
        assert_eq!(form.price(OLD.revision).upfront(&REGISTERS, &Parameters::FULL), 10, "{name}");
    }
    // One call is in the seed document only, and one in 0.8.0 only.
    assert_eq!(HostCall::ALL.len(), CALLS.len() + 2);
    assert_eq!((OLD.number_of("grow_heap"), NEW.number_of("grow_heap")), (None, Some(1)));
    assert_eq!((OLD.unknown_call_price(), NEW.unknown_call_price()), (10, 1000));
    assert!(OLD.form(Context::Accumulate, 27).is_none());
    assert!(NEW.form(Context::Accumulate, 28).is_none());
}

#[test]
fn growing_the_heap_costs_by_the_page() {
    for context in Context::ALL {
        let form = NEW.form(context, 1).expect("every context has it");
        assert_eq!(form.call, HostCall::GrowHeap);
        let price = form.price(NEW.revision);
        assert_eq!(price.upfront(&REGISTERS, &Parameters::FULL), 275);
        assert_eq!(price.part(&REGISTERS, Quantity::PagesAdded, 0), 0);
        assert_eq!(price.part(&REGISTERS, Quantity::PagesAdded, 3), 363);
    }
}

#[test]
fn inner_gas_is_paid_for_in_0_8_0_only() {
    for (interface, number, expected) in [(OLD, 12, 0), (NEW, 13, u64::MAX)] {
        let form = interface.form(Context::Refine, number).expect("invoke");
        let price = form.price(interface.revision);
        assert_eq!(price.part(&REGISTERS, Quantity::InnerGas, u64::MAX), expected);
    }
}

#[test]
fn prices_by_kind_and_mode_are_those_of_0_8_0() {
    let price = |name: &str, register: usize, value: u64| {
        let form = NEW.forms().find(|form| form.call.name() == name).expect(name);
        let mut registers = REGISTERS;
        registers[register] = value;
        form.price(NEW.revision).upfront(&registers, &Parameters::FULL)
    };
    // Base prices, and prices of 1024 octets: 3000 octets are requested.
    let bases = [390, 103, 80, 85, 85, 171, 171, 85, 84, 88, 111, 317, 250, 95, 287, 355];
    let rates = [0, 0, 96, 96, 96, 0, 0, 96, 0, 0, 0, 0, 0, 96, 400, 344];
    for (kind, (base, rate)) in (0..).zip(bases.into_iter().zip(rates)) {
        assert_eq!(price("fetch", 10, kind), base + (rate * 3000u64).div_ceil(1024), "{kind}");
    }
    assert_eq!(price("fetch", 10, 16), 80);
    let modes = [212 + 118 * 3000, 275 + 121 * 3000, 275 + 121 * 3000, 130 + 29 * 3000];
    for (mode, expected) in (0..).zip(modes) {
        assert_eq!(price("pages", 10, mode), expected);
    }
    assert_eq!(price("pages", 10, 4), 130 + 29 * 3000);
    // Claims near 2^64 saturate.
    assert_eq!(price("provide", 9, u64::MAX), u64::MAX);
    assert_eq!(price("designate", 8, u64::MAX), u64::MAX);
}

#[test]
fn no_number_is_given_twice() {
    for interface in [OLD, NEW] {
        for context in Context::ALL {
            let offered = FORMS.iter().filter(|form| form.contexts.contains(context));
            let mut numbers: Vec<_> = offered.filter_map(|form| form.number(interface)).collect();
            numbers.sort_unstable();
            let count = numbers.len();
            numbers.dedup();
            assert_eq!(numbers.len(), count, "{context}");
        }
    }
}
