//! The service on the real host: natively under `cargo test`, and compiled too under `jambox test`.

use jambox_sdk::blake2b_256;
use jambox_sdk_testing::{Chain, Code, Item, Package, Way, both_ways_if_built};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    chain.service(7, &Code::native(demo::SERVICE).with_built_blob());
    chain
}

#[test]
fn texts_are_counted() {
    let counts = both_ways_if_built(|way| {
        let mut chain = chain(way);
        let package = Package::new().authorizer(7).token("open sesame");
        let package = package.item(Item::new(7).payload("hello")).item(Item::new(7).payload("jam"));
        for _ in 0..3 {
            chain.process(&package).expect("the package is authorized");
        }
        let package = Package::new().authorizer(7).token("open sesame");
        chain.process(&package.item(Item::new(7).payload("jam"))).unwrap();
        ["hello", "jam", "toast"].map(|text| chain.stored::<u64>(7, blake2b_256(text.as_bytes())))
    });
    assert_eq!(counts, [Some(3), Some(4), None]);
}

#[test]
fn the_token_must_be_right() {
    let package = Package::new().authorizer(7).item(Item::new(7)).token("please");
    let failed = both_ways_if_built(|way| chain(way).authorize(&package).result.is_err());
    assert!(failed);
}
