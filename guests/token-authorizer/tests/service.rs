//! The authorizer natively and compiled.

use jambox_sdk::blake2b_256;
use jambox_sdk_testing::{Chain, Code, Package, Way, every_way};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(token_authorizer::SERVICE)
        .with_blob(include_bytes!("../token-authorizer.jam"))
        .with_blob(include_bytes!("../token-authorizer-0.8.0.jam"));
    chain.service(9, &code);
    chain
}

#[test]
fn the_right_token_is_authorized_and_leaves_the_start_of_its_hash() {
    let hash = blake2b_256(b"open sesame");
    let package = Package::new().authorizer(9).configuration(hash.0).token("open sesame");
    let trace = every_way(|way| {
        let run = chain(way).authorize(&package);
        (run.result, run.record)
    });
    assert_eq!(trace.0.unwrap(), hash.0[..4]);
    assert_eq!(trace.1.names(), ["fetch", "fetch"]);
}

#[test]
fn any_other_token_is_refused_with_a_warning() {
    for token in ["", "open sesam", "open sesame!"] {
        let hash = blake2b_256(b"open sesame");
        let package = Package::new().authorizer(9).configuration(hash.0).token(token);
        let (failed, warned) = every_way(|way| {
            let run = chain(way).authorize(&package);
            (run.result.is_err(), run.record.logged("does not hash to the configuration"))
        });
        assert!(failed && warned, "{token}");
    }
}
