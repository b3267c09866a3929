//! Parameters against the paper and against what public traces show of them.

use jambox_codec::{decode_all, encode};
use jambox_types::{Abi, Parameters, ParametersError, Preset, Protocol, Revision};

/// What another implementation gave guests for fetch kind 0 in the public host-call traces.
const TINY: &str = "\
0a00000000000000010000000000000064000000000000000200200000000c000000809698000000000080f0fa0200000\
00000ca9a3b00000000002d3101000000000800100008000300180000000300080006005000040080000500060000fa00\
008070d20000093d0004000000000c00000204000000c0000080000000000c00000a000000";

#[test]
fn tiny_is_what_the_public_traces_show() {
    let octets = const_hex::decode(TINY).expect("it is hexadecimal");
    assert_eq!(octets.len(), 134);
    assert_eq!(encode(&Parameters::TINY), octets);
    assert_eq!(decode_all(&octets), Ok(Parameters::TINY));
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
    // Derived ones, and the relations that the paper states between them.
    let full = Parameters::FULL;
    assert_eq!(full.segment_size(), 4104);
    assert_eq!(full.segment_footprint(), 4488);
    assert_eq!(u64::from(full.max_bundle_size), 3072 * 4488 + 4096 + 64 + 64);
    assert_eq!(full.expunge_period, full.max_lookup_anchor_age + 4800);
    assert!(full.block_accumulate_gas >= full.report_accumulate_gas * u64::from(full.cores));
    // The public schema names these for both presets.
    assert_eq!(full.super_majority(), 683);
    assert_eq!(Parameters::TINY.super_majority(), 5);
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
    assert_eq!((protocol.revision, protocol.abi), (Revision::GrayPaper072, Abi::GrayPaper));
    assert_eq!(protocol.parameters, Parameters::FULL);
    for abi in Abi::ALL {
        assert_eq!(abi.to_string().parse(), Ok(abi));
    }
    assert!("gray".parse::<Abi>().is_err());
}
