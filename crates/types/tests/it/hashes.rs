//! Hashes and the text of octets.

use jambox_types::{Ed25519Signature, Hash};
use sha3::Digest as _;

#[test]
fn hash_functions_are_the_published_ones() {
    // BLAKE2b-256 and Keccak-256 of nothing and of "abc", as published with the algorithms.
    let cases = [
        (
            "",
            "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        ),
        (
            "abc",
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
        ),
    ];
    for (text, blake2b, keccak) in cases {
        assert_eq!(Hash::blake2b(text.as_bytes()), blake2b.parse().expect("a hash"));
        assert_eq!(Hash::keccak(text.as_bytes()), keccak.parse().expect("a hash"));
    }
    assert_eq!(Hash::blake2b_of(&[b"a", b"", b"bc"]), Hash::blake2b(b"abc"));
}

/// Every length of the last block, and several blocks, against another implementation.
#[test]
fn keccak_is_that_of_another_crate() {
    let octets: Vec<u8> = (0..=u8::MAX).cycle().take(700).collect();
    for length in 0..=octets.len() {
        let hash = Hash(sha3::Keccak256::digest(&octets[..length]).into());
        assert_eq!(Hash::keccak(&octets[..length]), hash, "{length} octets");
    }
}

#[test]
fn octets_have_a_text() {
    let hash = Hash::blake2b(b"abc");
    let text = "0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    assert_eq!((hash.to_string().as_str(), format!("{hash:?}").as_str()), (text, text));
    assert_eq!(format!("{hash:#}"), "0xbddd813c..");
    assert_eq!(text.parse(), Ok(hash));
    assert_eq!(Hash::default(), Hash::ZERO);
    let error = "0x00".parse::<Ed25519Signature>().unwrap_err();
    assert_eq!(error.expected, 64);
    assert!(error.to_string().contains("expected 64 octets"), "{error}");
    assert!("0xzz".parse::<Hash>().is_err());
}
