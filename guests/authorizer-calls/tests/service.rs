//! Every host call of is-authorized through the SDK, natively and compiled.

use jambox_sdk_testing::{Chain, Code, Item, Package, Way, every_way_with};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(authorizer_calls::SERVICE)
        .with_blob(include_bytes!("../authorizer-calls.jam"))
        .with_blob(include_bytes!("../authorizer-calls-0.8.0.jam"));
    chain.service(7, &code);
    chain
}

fn lines(report: &[u8]) -> Vec<String> {
    String::from_utf8(report.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn is_authorized() {
    let package = Package::new().item(Item::new(7)).authorizer(7).configuration([1, 2]).token([3]);
    let trace = every_way_with(|way| {
        let run = chain(way).authorize(&package);
        (run.result, run.record)
    });
    let expected = [
        "core: 0",
        "gas: true",
        "cores: 2",
        "configuration: [1, 2]",
        "token: [3]",
        "items: 1",
        "same context: true",
        "storage: Err(Unavailable)",
    ];
    assert_eq!(lines(&trace.unwrap()), expected);
}
