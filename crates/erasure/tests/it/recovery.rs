//! Recovery of data, and its refusals.

use jambox_erasure::{ErasureCode, Error};
use proptest::prelude::*;
use proptest::sample::subsequence;

fn tiny() -> ErasureCode {
    ErasureCode::new(2, 6).expect("it is supported")
}

proptest! {
    #[test]
    fn any_two_of_six_give_the_data_back(
        data in proptest::collection::vec(any::<u8>(), 0..300),
        chosen in subsequence((0..6).collect::<Vec<usize>>(), 2..=6).prop_shuffle(),
    ) {
        let chunks = tiny().encode(&data).expect("it is supported");
        let given = chosen.iter().map(|index| (*index, &chunks[*index]));
        let mut padded = data.clone();
        padded.resize(data.len().next_multiple_of(4), 0);
        prop_assert_eq!(tiny().recover(given), Ok(padded));
    }

    #[test]
    fn no_chunks_panic(
        chunks in proptest::collection::vec((0..8_usize, any::<Vec<u8>>()), 0..8)
    ) {
        let _ = tiny().recover(chunks);
    }
}

#[test]
fn any_third_of_a_full_set_gives_a_segment_back() {
    let code = ErasureCode::new(342, 1023).expect("it is supported");
    let segment: Vec<u8> = (0..4104_u32).map(|i| ((i * 31) >> 3) as u8).collect();
    let chunks = code.encode(&segment).expect("it is supported");
    assert!(chunks.iter().all(|chunk| chunk.len() == 12));
    for first in [0, 100, 342, 681] {
        let given = (first..first + 342).map(|index| (index, &chunks[index]));
        assert_eq!(code.recover(given).as_ref(), Ok(&segment), "from {first} on");
    }
    let scattered = (0..1023).step_by(3).chain([1]).map(|index| (index, &chunks[index]));
    assert_eq!(code.recover(scattered), Ok(segment));
}

#[test]
fn every_mistake_is_named() {
    let chunks = tiny().encode(b"data to share").expect("it is supported");
    let recover = |given: &[(usize, &[u8])]| tiny().recover(given.iter().copied());
    let (zero, one) = (chunks[0].as_slice(), chunks[1].as_slice());
    assert_eq!(recover(&[]), Err(Error::TooFew { given: 0, needed: 2 }));
    assert_eq!(recover(&[(0, zero), (0, zero)]), Err(Error::TooFew { given: 1, needed: 2 }));
    assert_eq!(recover(&[(0, zero), (0, one)]), Err(Error::Contradiction(0)));
    assert_eq!(recover(&[(0, zero), (6, one)]), Err(Error::NoSuchChunk { index: 6, total: 6 }));
    assert_eq!(
        recover(&[(0, zero), (1, &one[2..])]),
        Err(Error::BadLength { index: 1, length: 6, expected: 8 })
    );
    assert_eq!(
        recover(&[(0, &[1]), (1, &[2])]),
        Err(Error::BadLength { index: 0, length: 1, expected: 1 })
    );
    for (originals, total) in [(0, 6), (6, 6), (7, 6), (1, 1 << 20)] {
        let error = ErasureCode::new(originals, total).unwrap_err();
        assert_eq!(error, Error::Unsupported { originals, total });
    }
}
