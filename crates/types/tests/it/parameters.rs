//! Parameters against the paper and against the public traces.

use jambox_codec::{decode_all_with, encode_with};
use jambox_types::{
    Abi, Parameters, ParametersError, Preset, Protocol, Revision, data_shards, ticket_entries,
};

/// Another implementation's value of `fetch` kind 0 in the public host-call traces.
const TINY: &str = "\
0a00000000000000010000000000000064000000000000000200200000000c000000809698000000000080f0fa0200000\
00000ca9a3b00000000002d3101000000000800100008000300180000000300080006005000040080000500060000fa00\
008070d20000093d0004000000000c00000204000000c0000080000000000c00000a000000";

#[test]
fn tiny_is_what_the_public_traces_show() {
    let octets = const_hex::decode(TINY).expect("it is hexadecimal");
    assert_eq!(octets.len(), 134);
    assert_eq!(encode_with(&Parameters::TINY, &Revision::GrayPaper072), octets);
    assert_eq!(decode_all_with(&octets, &Revision::GrayPaper072), Ok(Parameters::TINY));
}

/// The encodings by `jam-types` 0.1.29 of the parameters of 0.8.0.
const ENCODED_080: [(Parameters, &str); 2] = [
    (
        Parameters::TINY,
        "\
         0a00000000000000010000000000000064000000000000000200200000000c000000809698000000\
         000080f0fa020000000000ca9a3b00000000002d3101000000000800100008000300180000000800\
         0600500004008000050000fa00008070d20000093d00000c000000c0000080000000000c00000a00\
         0000",
    ),
    (
        Parameters::FULL,
        "\
         0a00000000000000010000000000000064000000000000005501004b000058020000809698000000\
         000080f0fa020000000000f2052a0100000000c39dd0000000000800100008001000403800000800\
         060050000a008000050000fa00008070d20000093d00000c000000c0000080000000000c0000f401\
         0000",
    ),
];

#[test]
fn the_encoding_of_0_8_0_is_that_of_the_published_types() {
    let revision = Revision::GrayPaper080;
    for (parameters, hex) in ENCODED_080 {
        let octets = const_hex::decode(hex.replace(char::is_whitespace, "")).expect("hexadecimal");
        assert_eq!(octets.len(), 122);
        assert_eq!(encode_with(&parameters, &revision), octets);
        let decoded: Parameters = decode_all_with(&octets, &revision).expect("they are parameters");
        assert_eq!(decoded, parameters.under(revision));
        assert_eq!((decoded.check(), decoded.segment_size()), (Ok(()), 4104));
    }
    assert_eq!(Parameters::FULL.under(revision), Parameters::FULL);
    let tiny = Parameters::TINY.under(revision);
    assert_eq!((tiny.validators, tiny.ticket_entries), (6, 4));
    assert_eq!((tiny.erasure_piece_size, tiny.segment_pieces), (6, 684));
    let missing = Parameters::INFO.iter().filter(|info| !info.is_of(revision));
    let missing: Vec<_> = missing.map(|info| info.symbol).collect();
    assert_eq!(missing, ["N", "V", "W_E", "W_P"]);
    assert!(Parameters::INFO.iter().all(|info| info.is_of(Revision::GrayPaper072)));
}

/// The definitions of 0.8.0 by trial of every number of validators.
#[test]
fn what_follows_from_the_number_of_validators_is_as_defined() {
    for validators in (6..=1023).step_by(3) {
        let allowed = |d: &u16| 3 * d < validators + 6 && 4104 % (2 * d) == 0;
        let most = (1..=validators).filter(allowed).max().expect("one divides all");
        assert_eq!(data_shards(validators.into()), usize::from(most), "{validators}");
        let entries = ticket_entries(600, validators.into());
        let validators = u32::from(validators);
        assert!(entries * validators >= 1200 && (entries - 1) * validators < 1200);
    }
    assert_eq!((data_shards(6), data_shards(1023)), (3, 342));
}

#[test]
fn full_is_what_the_paper_says() {
    // sec:definitions, 0.7.2, in the order of fetch kind 0.
    let values = [
        10,
        1,
        100,
        341,
        19_200,
        600,
        10_000_000,
        50_000_000,
        5_000_000_000,
        3_500_000_000,
        8,
        16,
        8,
        16,
        14_400,
        2,
        8,
        6,
        80,
        10,
        128,
        5,
        1023,
        64_000,
        13_791_360,
        4_000_000,
        684,
        3072,
        6,
        48 << 10,
        128,
        3072,
        500,
    ];
    assert_eq!(Parameters::FULL.values(), values);
    assert_eq!(Parameters::INFO.len(), values.len());
    // Derived parameters, and the relations stated by the paper.
    let full = Parameters::FULL;
    assert_eq!(full.segment_size(), 4104);
    assert_eq!(full.segment_footprint(), 4488);
    assert_eq!(u64::from(full.max_bundle_size), 3072 * 4488 + 4096 + 64 + 64);
    assert_eq!(full.expunge_period, full.max_lookup_anchor_age + 4800);
    assert!(full.block_accumulate_gas >= full.report_accumulate_gas * u64::from(full.cores));
    assert_eq!(Parameters::TINY.segment_size(), 4104);
}

#[test]
fn both_presets_keep_the_rules() {
    for preset in Preset::ALL {
        assert_eq!(Parameters::preset(preset).check(), Ok(()));
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    let none = Parameters { cores: 0, ..Parameters::TINY };
    assert_eq!(
        none.check(),
        Err(ParametersError::Invalid { name: "cores", rule: "must not be zero" })
    );
    let tail = Parameters { epoch_tail_start: 13, ..Parameters::TINY };
    assert!(tail.check().is_err());
    for erasure_piece_size in [0, 1, 5, 12] {
        let pieces = Parameters { erasure_piece_size, ..Parameters::TINY };
        assert!(pieces.check().unwrap_err().to_string().contains("`erasure_piece_size`"));
    }
    let segments = Parameters { segment_pieces: u32::MAX, ..Parameters::TINY };
    assert!(segments.check().is_err());
    assert_eq!(segments.segment_size(), u32::MAX as usize, "no overflow, no panic");
}

#[test]
fn switches_have_names() {
    let protocol = Protocol::default();
    assert_eq!((protocol.revision, protocol.abi), (Revision::GrayPaper080, Abi::GrayPaper));
    assert_eq!(protocol.parameters, Parameters::FULL);
    for abi in Abi::ALL {
        assert_eq!(abi.to_string().parse(), Ok(abi));
    }
    assert!("gray".parse::<Abi>().is_err());
}
