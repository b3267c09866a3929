//! The service natively and compiled.

use jambox_sdk::codec::decode_all;
use jambox_sdk_testing::{Chain, Code, Item, every_way};
use memory::{AREA, LENGTHS, PLACES};

#[test]
fn copies_and_fillings_are_what_they_should_be() {
    let output = every_way(|way| {
        let mut chain = Chain::new(way);
        let code = Code::native(memory::SERVICE)
            .with_blob(include_bytes!("../memory.jam"))
            .with_blob(include_bytes!("../memory-0.8.0.jam"));
        chain.service(7, &code);
        chain.refine(&Item::new(7).gas(100_000_000, 0)).result
    });
    let times = LENGTHS.len() * PLACES.len() * (PLACES.len() + 1);
    assert_eq!(decode_all(&output.unwrap()), Ok((times * AREA) as u32));
}
