//! Typed storage on the real host: its entries, events, deposits and host calls.

use jambox_sdk_testing::{Chain, Code, HostCall, Mode, Record, ResultCode, operand};

/// A service that keeps one item of each kind; its only input selects the action.
mod keeper {
    use jambox_sdk::prelude::*;

    layout! {
        /// A text.
        pub TITLE: Value<String> = 0;
        /// A number.
        pub COUNT: Counter = 1;
        /// Numbers by owner and kind.
        pub OWNED: Map<(ServiceId, u8), u64> = 2;
        /// Names.
        pub NAMES: Set<str> = 3;
        /// Numbers.
        pub LIST: List<u16> = 4;
        /// Texts by number.
        pub TEXTS: IndexedMap<u32, String> = 5;
    }

    fn value_and_counter(storage: &Storage) -> Result<(), Placed> {
        assert_eq!(TITLE.get(storage)?, None);
        TITLE.set(storage, &"jam".to_string())?;
        assert_eq!(TITLE.update(storage, |title| title.push_str(" jar"))?, "jam jar");
        assert_eq!(TITLE.get(storage)?.as_deref(), Some("jam jar"));
        assert!(TITLE.remove(storage)? && !TITLE.remove(storage)?);
        assert_eq!(COUNT.get(storage)?, 0);
        assert_eq!(COUNT.subtract(storage, 1), Err(Error::Overflow));
        assert_eq!(COUNT.add(storage, 5)?, 5);
        assert_eq!(COUNT.subtract(storage, 2)?, 3);
        assert_eq!(COUNT.add(storage, u64::MAX), Err(Error::Overflow));
        assert_eq!(COUNT.get(storage)?, 3);
        Ok(())
    }

    fn map_and_set(storage: &Storage) -> Result<(), Placed> {
        let key = (ServiceId(7), 1);
        assert_eq!(OWNED.entry(storage, &key)?.get(), None);
        let mut slot = OWNED.entry(storage, &key)?.and_modify(|it| *it = 99).or_insert(5);
        assert!(!OWNED.contains(storage, &key)?, "nothing is stored before `save`");
        *slot += 1;
        slot.save()?;
        assert_eq!(OWNED.get(storage, &key)?, Some(6));
        OWNED.entry(storage, &key)?.and_modify(|it| *it *= 2).or_default().save()?;
        assert_eq!(OWNED.get(storage, &key)?, Some(12));
        assert_eq!(OWNED.get(storage, &(ServiceId(7), 2))?, None);
        OWNED.entry(storage, &(ServiceId(8), 0))?.set(&1)?;
        assert_eq!(OWNED.entry(storage, &(ServiceId(8), 0))?.remove()?, Some(1));
        assert!(!OWNED.remove(storage, &(ServiceId(8), 0))?);
        assert!(NAMES.insert(storage, "ann")? && !NAMES.insert(storage, "ann")?);
        assert!(NAMES.contains(storage, "ann")? && !NAMES.contains(storage, "bob")?);
        assert!(NAMES.remove(storage, "ann")? && !NAMES.remove(storage, "ann")?);
        Ok(())
    }

    fn list(storage: &Storage) -> Result<(), Placed> {
        assert!(LIST.is_empty(storage)? && LIST.pop(storage)?.is_none());
        for item in 0..200 {
            assert_eq!(LIST.push(storage, &item)?, u64::from(item));
        }
        LIST.set(storage, 3, &333)?;
        assert_eq!(LIST.set(storage, 200, &0), Err(Error::Missing));
        assert_eq!(LIST.swap_remove(storage, 1)?, 1);
        assert_eq!(LIST.swap_remove(storage, 198)?, 198, "the last, with nothing to put there");
        assert_eq!(LIST.swap_remove(storage, 198), Err(Error::Missing));
        let items: Vec<u16> = LIST.iter(storage)?.collect::<Result<_, _>>()?;
        assert_eq!((items.len(), &items[..5]), (198, &[0, 199, 2, 333, 4][..]));
        while LIST.pop(storage)?.is_some() {}
        assert_eq!(LIST.len(storage)?, 0);
        Ok(())
    }

    fn indexed(storage: &Storage) -> Result<(), Placed> {
        for key in 0..150u32 {
            TEXTS.set(storage, &key, &format!("text {key}"))?;
        }
        TEXTS.set(storage, &140, &"another".to_string())?;
        assert_eq!(TEXTS.len(storage)?, 150);
        assert_eq!(TEXTS.get(storage, &140)?.as_deref(), Some("another"));
        assert_eq!(TEXTS.remove(storage, &1)?.as_deref(), Some("text 1"));
        assert_eq!(TEXTS.remove(storage, &1)?, None);
        assert_eq!(TEXTS.remove(storage, &148)?.as_deref(), Some("text 148"));
        let entries: Vec<(u32, String)> = TEXTS.iter(storage)?.collect::<Result<_, _>>()?;
        assert_eq!(entries.len(), 148);
        assert_eq!(entries[1], (149, "text 149".to_string()), "the last took its place");
        assert!(entries.iter().all(|(key, text)| *key == 140 || *text == format!("text {key}")));
        for (key, _) in entries {
            assert!(TEXTS.remove(storage, &key)?.is_some());
        }
        assert!(TEXTS.is_empty(storage)?);
        Ok(())
    }

    /// One of each, to be counted.
    fn one_of_each(storage: &Storage) -> Result<(), Placed> {
        TITLE.set(storage, &"jam".to_string())?;
        COUNT.set(storage, 1)?;
        OWNED.set(storage, &(ServiceId(7), 1), &5)?;
        NAMES.insert(storage, "ann")?;
        LIST.push(storage, &9)?;
        TEXTS.set(storage, &7, &"seven".to_string())?;
        Ok(())
    }

    fn push(storage: &Storage) -> Result<(), Placed> {
        let _ = LIST.push(storage, &9);
        let _ = TEXTS.set(storage, &7, &"seven".to_string());
        Ok(())
    }

    fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Placed> {
        let AccumulateInput::Operand(operand) = ctx.fetcher().input(0)? else { return Ok(()) };
        let storage = ctx.storage();
        match &operand.result.0.unwrap()[..] {
            b"value" => value_and_counter(&storage),
            b"map" => map_and_set(&storage),
            b"list" => list(&storage),
            b"indexed" => indexed(&storage),
            b"push" => push(&storage),
            _ => one_of_each(&storage),
        }
    }

    entry_points! { accumulate = accumulate }
}

fn chain() -> Chain {
    let mut chain = Chain::new(Mode::Native);
    chain.service(7, &Code::native(keeper::SERVICE));
    chain
}

fn run(chain: &mut Chain, what: &[u8]) -> Record {
    let inputs = vec![operand(Ok(what)).into()];
    let run = chain.accumulate_with_gas(7, inputs, 1_000_000_000);
    assert!(run.failure.is_none(), "{:?}", run.record.log);
    run.record
}

#[test]
fn everything_is_kept_and_leaves_nothing_behind() {
    let mut chain = chain();
    let before = chain.account(7).unwrap().footprint;
    for what in [b"map".as_slice(), b"list", b"indexed"] {
        run(&mut chain, what);
    }
    // The entry of the map is left.
    let after = chain.account(7).unwrap().footprint;
    assert_eq!(after.items, before.items + 1);
    run(&mut chain, b"value");
    assert_eq!(chain.stored::<u64>(7, keeper::COUNT.key()), Some(3));
}

/// The table in the documentation of `jambox_sdk::stored`.
#[test]
fn the_deposit_is_what_the_documentation_says() {
    let mut chain = chain();
    let before = chain.account(7).unwrap().footprint;
    run(&mut chain, b"");
    let after = chain.account(7).unwrap().footprint;
    let items = [
        (1, 4),         // value: prefix; text of three letters with its length
        (1, 8),         // counter
        (1 + 5, 8),     // entry of the map
        (1 + 3, 1),     // member
        (1, 1),         // length of the list
        (1 + 1, 2),     // its item
        (2 + 4, 1 + 6), // entry of the indexed map
        (1, 1),         // its length
        (2 + 1, 4),     // place of the entry's key
    ];
    assert_eq!(after.items - before.items, items.len() as u32);
    let octets: u64 = items.iter().map(|(key, value)| 34 + key + value).sum();
    assert_eq!(after.octets - before.octets, octets);
}

#[test]
fn a_test_reads_an_entry_of_an_indexed_map() {
    let mut chain = chain();
    run(&mut chain, b"");
    let stored = chain.storage(7, keeper::TEXTS.key(&7)).unwrap();
    assert_eq!(keeper::TEXTS.decode(&stored).as_deref(), Ok("seven"));
    assert!(keeper::TEXTS.decode(&stored[..3]).is_err());
    assert!(keeper::TEXTS.decode(&[]).is_err());
}

#[test]
fn what_does_not_fit_leaves_no_half() {
    for nth in 1..=5 {
        let mut chain = chain();
        chain.answer(HostCall::Write, nth, ResultCode::Full);
        run(&mut chain, b"push");
        let list = [&keeper::LIST.key(0)[..], &[4]].map(|key| chain.storage(7, key).is_some());
        assert!(list == [false; 2] || list == [true; 2], "{nth}: {list:?}");
        let keys = [&keeper::TEXTS.key(&7)[..], &[5, 1, 0], &[5]];
        let indexed = keys.map(|key| chain.storage(7, key).is_some());
        assert!(indexed == [false; 3] || indexed == [true; 3], "{nth}: {indexed:?}");
    }
}

/// A service that emits events.
mod teller {
    use jambox_sdk::prelude::*;

    #[derive(Debug, PartialEq, Encode, Decode, Event)]
    pub struct Moved {
        pub from: ServiceId,
        pub amount: u64,
    }

    #[derive(Debug, PartialEq, Encode, Decode, Event)]
    pub enum Other {
        Nothing,
    }

    fn accumulate(_: &AccumulateContext, _: AccumulateArguments) {
        emit(&Moved { from: ServiceId(1), amount: 0xfe });
        info!("between");
        emit(&Other::Nothing);
        emit(&Moved { from: ServiceId(2), amount: 1 });
    }

    entry_points! { accumulate = accumulate }
}

#[test]
fn events_arrive_as_the_types_that_were_sent() {
    use jambox_sdk::types::ServiceId;
    use teller::{Moved, Other};

    let mut chain = Chain::new(Mode::Native);
    chain.service(7, &Code::native(teller::SERVICE));
    let record = chain.accumulate(7, vec![]).record;
    let moved = [(1, 0xfe), (2, 1)];
    let moved = moved.map(|(from, amount)| Moved { from: ServiceId(from), amount });
    assert_eq!(record.events::<Moved>(), moved);
    assert_eq!(record.events::<Other>(), [Other::Nothing]);
}
