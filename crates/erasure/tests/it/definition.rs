//! Chunks against polynomials over GF(2^16) in the paper's basis, evaluated directly.

use jambox_erasure::ErasureCode;
use proptest::prelude::*;

/// x^16 + x^5 + x^3 + x^2 + 1 (`sec:erasurecoding`, 0.7.2).
const POLYNOMIAL: u32 = 1 << 16 | 1 << 5 | 1 << 3 | 1 << 2 | 1;

/// Exponents of the elements of the Cantor basis, typed in from the paper's table.
const BASIS: [&[u32]; 16] = [
    &[0],
    &[15, 13, 11, 10, 7, 6, 3, 1],
    &[13, 12, 11, 10, 3, 2, 1],
    &[12, 10, 9, 5, 4, 3, 2, 1],
    &[15, 14, 10, 8, 7, 1],
    &[15, 14, 13, 11, 10, 8, 5, 3, 2, 1],
    &[15, 12, 8, 6, 3, 2],
    &[14, 4, 1],
    &[14, 13, 11, 10, 7, 4, 3],
    &[12, 7, 6, 4, 3],
    &[14, 13, 11, 9, 6, 5, 4, 1],
    &[15, 13, 12, 11, 8],
    &[15, 14, 13, 12, 11, 10, 8, 7, 5, 4, 3],
    &[15, 14, 13, 12, 11, 9, 8, 5, 4, 2],
    &[15, 14, 13, 12, 11, 10, 9, 8, 5, 4, 3],
    &[15, 12, 11, 8, 4, 3, 2, 1],
];

fn basis(bit: usize) -> u32 {
    BASIS[bit].iter().map(|exponent| 1 << exponent).sum()
}

/// Field element of a word or an index.
fn element(word: u16) -> u32 {
    (0..16).filter(|bit| word >> bit & 1 == 1).fold(0, |sum, bit| sum ^ basis(bit))
}

/// Word of a field element.
fn word(element: u32) -> u16 {
    // For each leading bit: an element of the basis' span with this bit, and the basis elements of
    // its sum.
    let mut rows: Vec<(u32, u16)> = Vec::new();
    for bit in 0..16 {
        let (mut value, mut mask) = (basis(bit), 1_u16 << bit);
        for (row, row_mask) in &rows {
            if value ^ row < value {
                (value, mask) = (value ^ row, mask ^ row_mask);
            }
        }
        rows.push((value, mask));
        rows.sort_unstable_by(|one, other| other.cmp(one));
    }
    let (rest, word) = rows.iter().fold((element, 0), |(rest, word), (value, mask)| {
        if rest ^ value < rest { (rest ^ value, word ^ mask) } else { (rest, word) }
    });
    assert_eq!(rest, 0, "the basis spans the field");
    word
}

fn product(mut one: u32, mut other: u32) -> u32 {
    let mut product = 0;
    while other > 0 {
        if other & 1 == 1 {
            product ^= one;
        }
        one <<= 1;
        if one >> 16 == 1 {
            one ^= POLYNOMIAL;
        }
        other >>= 1;
    }
    product
}

fn inverse(element: u32) -> u32 {
    // The multiplicative group has 2^16 - 1 elements.
    let (mut power, mut square) = (1, element);
    for bit in 0..16 {
        if (0xfffe_u32 >> bit) & 1 == 1 {
            power = product(power, square);
        }
        square = product(square, square);
    }
    power
}

/// Value at a point of the polynomial of lowest degree with these words at 0, 1, ..
fn interpolate(words: &[u16], point: u16) -> u16 {
    let points: Vec<u32> = (0..words.len()).map(|i| element(i as u16)).collect();
    let at = element(point);
    let sum = words.iter().enumerate().filter(|(_, word)| **word != 0).fold(0, |sum, (i, word)| {
        let others = points.iter().enumerate().filter(|(j, _)| *j != i);
        let (above, below) = others.fold((1, 1), |(above, below), (_, other)| {
            (product(above, at ^ other), product(below, points[i] ^ other))
        });
        sum ^ product(element(*word), product(above, inverse(below)))
    });
    word(sum)
}

#[test]
fn the_field_is_the_papers() {
    for number in [0, 1, 2, 0x5d61, 0x0017, u16::MAX] {
        assert_eq!(word(element(number)), number);
    }
    assert_eq!(product(element(77), inverse(element(77))), 1);
    // A published example: 0x615d17 under tiny parameters (davxy/jam-test-vectors, erasure/tiny).
    let words = [0x5d61, 0x0017];
    let further: Vec<u16> = (2..6).map(|point| interpolate(&words, point)).collect();
    assert_eq!(further, [0xc548, 0x983e, 0x7873, 0x2505]);
}

fn word_of(chunk: &[u8], index: usize) -> u16 {
    u16::from_le_bytes([chunk[2 * index], chunk[2 * index + 1]])
}

/// Checks some words of the chunks of data against the definition.
fn check(code: ErasureCode, data: &[u8], chunks_checked: &[usize], words_checked: &[usize]) {
    let chunks = code.encode(data).expect("it is supported");
    assert_eq!(chunks.len(), code.total());
    let padded: Vec<u8> = chunks[..code.originals()].concat();
    assert!(padded.starts_with(data) && padded.len() - data.len() < code.piece_size());
    assert!(padded[data.len()..].iter().all(|octet| *octet == 0));
    let after = code.originals().next_power_of_two();
    for index in words_checked {
        let words = chunks[..code.originals()].iter().map(|chunk| word_of(chunk, *index));
        let mut words: Vec<u16> = words.collect();
        words.resize(after, 0);
        for chunk in chunks_checked {
            let point = after + chunk - code.originals();
            let expected = interpolate(&words, point as u16);
            assert_eq!(word_of(&chunks[*chunk], *index), expected, "chunk {chunk}, word {index}");
        }
    }
}

#[test]
fn full_chunks_are_the_definitions() {
    let code = ErasureCode::new(342, 1023).expect("it is supported");
    let data: Vec<u8> =
        (0..684 * 35_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    // One whole block of 32 words and a block of three.
    check(code, &data, &[342, 343, 700, 1022], &[0, 31, 34]);
    check(code, b"short", &[342, 1022], &[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn tiny_chunks_are_the_definitions(data in proptest::collection::vec(any::<u8>(), 1..300)) {
        let code = ErasureCode::new(2, 6).expect("it is supported");
        let words: Vec<usize> = (0..data.len().div_ceil(4)).collect();
        check(code, &data, &[2, 3, 4, 5], &words);
    }

    #[test]
    fn other_sizes_too(
        data in proptest::collection::vec(any::<u8>(), 1..60), originals in 1..9_usize,
        others in 1..9_usize,
    ) {
        let code = ErasureCode::new(originals, originals + others).expect("it is supported");
        let further: Vec<usize> = (originals..originals + others).collect();
        check(code, &data, &further, &[0]);
    }
}
