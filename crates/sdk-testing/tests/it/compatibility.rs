//! Services made with another SDK, unmodified: `guests/compat`.

use jambox_sdk_testing::{Chain, Code, HostCall, Item, Mode, Revision};

/// One source, built with the version of the ecosystem's SDK for each revision.
#[test]
fn a_service_of_the_ecosystems_sdk_runs() {
    let old = include_bytes!("../../../../guests/compat/jam-pvm-common/ecosystem-service.jam");
    let new =
        include_bytes!("../../../../guests/compat/jam-pvm-common-0.8.0/ecosystem-service.jam");
    let code = Code::compiled(old).with_blob(new);
    for revision in Revision::ALL {
        let mut chain = Chain::new(Mode::Compiled.under(revision));
        chain.service(7, &code);
        let processed = chain.process(&Item::new(7).payload("shout").into()).unwrap();
        assert_eq!(processed.results(), [&Ok(b"SHOUT".to_vec())]);
        assert!(processed.failures.is_empty(), "{revision}: {:?}", processed.failures);
        // The SDK's storage functions put the length in front of keys and values.
        let stored = chain.storage(7, b"last").or_else(|| chain.storage(7, b"\x04last"));
        assert!(stored.is_some_and(|value| value.ends_with(b"SHOUT")));
        assert!(processed.record.logged("accumulating 1 at 1000"));
    }
}

#[test]
fn a_service_in_c_runs() {
    let old = include_bytes!("../../../../guests/compat/c/c.jam");
    let new = include_bytes!("../../../../guests/compat/c/c-0.8.0.jam");
    let code = Code::compiled(old).with_blob(new);
    for revision in Revision::ALL {
        let mut chain = Chain::new(Mode::Compiled.under(revision));
        chain.service(7, &code);
        let processed = chain.process(&Item::new(7).payload("as it is").into()).unwrap();
        assert_eq!(processed.results(), [&Ok(b"as it is".to_vec())]);
        // Slot 1000, service 7, one input, as naturals.
        assert_eq!(chain.storage(7, b"last").unwrap(), [0x83, 0xe8, 7, 1]);
        assert_eq!(processed.record.count(HostCall::Fetch), 1);
    }
}
