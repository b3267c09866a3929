//! Work packages and the values derived from them.

use jambox_codec::{decode_all, decode_all_with, encode, encode_with};
use jambox_types::{
    AvailabilitySpec, ExtrinsicSpec, Gas, Hash, ImportSource, ImportSpec, RefineContext, Revision,
    ServiceId, TimeSlot, WorkDigest, WorkItem, WorkPackage,
};

fn item() -> WorkItem {
    let import = ImportSpec::new(ImportSource::SegmentRoot(Hash([2; 32])), 7).expect("in range");
    WorkItem {
        service: ServiceId(0x0102_0304),
        code_hash: Hash([1; 32]),
        refine_gas_limit: Gas(5),
        accumulate_gas_limit: Gas(6),
        export_count: 7,
        payload: vec![0; 300],
        imports: vec![import; 3],
        extrinsics: vec![ExtrinsicSpec { hash: Hash::ZERO, length: 1 }],
    }
}

fn package() -> WorkPackage {
    WorkPackage {
        auth_code_host: ServiceId(9),
        auth_code_hash: Hash([9; 32]),
        context: RefineContext::default(),
        auth_token: vec![1],
        auth_config: vec![2, 3],
        items: vec![item(), item()],
    }
}

#[test]
fn summaries_have_the_layout_of_fetch() {
    // `fetch`, 0.7.2: S(w) = E(E4(s), c, E8(g, a), E2(e, |i|, |x|), E4(|y|)).
    let mut expected = vec![4, 3, 2, 1];
    expected.extend([1; 32]);
    expected.extend([5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([7, 0, 3, 0, 1, 0]);
    expected.extend([0x2c, 1, 0, 0]);
    assert_eq!(item().summary(), expected);
    assert_eq!(expected.len(), 62);
    let all = [&[2], expected.as_slice(), &expected].concat();
    assert_eq!(package().summaries(), all);
}

#[test]
fn hashes_are_over_what_the_paper_says() {
    let package = package();
    for revision in Revision::ALL {
        let hash = Hash::blake2b(&encode_with(&package, &revision));
        assert_eq!(package.hash(&revision), hash);
    }
    let authorizer = [&[9; 32][..], &[2, 3]].concat();
    assert_eq!(package.authorizer(), Hash::blake2b(&authorizer));
}

#[test]
fn import_indices_leave_room_for_the_mark() {
    let hash = Hash([3; 32]);
    for source in [ImportSource::SegmentRoot(hash), ImportSource::WorkPackage(hash)] {
        assert_eq!(ImportSpec::new(source, 1 << 15), None);
        let spec = ImportSpec::new(source, (1 << 15) - 1).expect("in range");
        assert_eq!((spec.source(), spec.index()), (source, 0x7fff));
        assert_eq!(decode_all(&encode(&spec)), Ok(spec));
    }
}

#[test]
fn octets_that_are_no_package_are_refused_with_their_place() {
    for revision in Revision::ALL {
        let octets = encode_with(&package(), &revision);
        assert_eq!(decode_all_with(&octets, &revision), Ok(package()));
        for end in 0..octets.len() {
            let error = decode_all_with::<WorkPackage, _>(&octets[..end], &revision).unwrap_err();
            assert!(error.offset <= end, "{error}");
        }
    }
}

#[test]
fn a_refine_context_has_the_fields_of_its_revision() {
    // `sec:serialization`: in 0.8.0 the anchor's slot follows the anchor, and the lookup anchor's
    // state root follows its slot.
    let context = RefineContext {
        anchor: Hash([1; 32]),
        anchor_slot: TimeSlot(0x0202_0202),
        state_root: Hash([3; 32]),
        accumulation_root: Hash([4; 32]),
        lookup_anchor: Hash([5; 32]),
        lookup_anchor_slot: TimeSlot(0x0606_0606),
        lookup_anchor_state_root: Hash([7; 32]),
        prerequisites: [Hash([8; 32])].into(),
    };
    let octets = |parts: &[(u8, usize)]| -> Vec<u8> {
        parts.iter().flat_map(|&(octet, count)| vec![octet; count]).collect()
    };
    let new =
        octets(&[(1, 32), (2, 4), (3, 32), (4, 32), (5, 32), (6, 4), (7, 32), (1, 1), (8, 32)]);
    assert_eq!(encode_with(&context, &Revision::GrayPaper080), new);
    assert_eq!(decode_all_with(&new, &Revision::GrayPaper080), Ok(context.clone()));

    let old = octets(&[(1, 32), (3, 32), (4, 32), (5, 32), (6, 4), (1, 1), (8, 32)]);
    assert_eq!(encode_with(&context, &Revision::GrayPaper072), old);
    let of_old =
        RefineContext { anchor_slot: TimeSlot(0), lookup_anchor_state_root: Hash::ZERO, ..context };
    assert_eq!(decode_all_with(&old, &Revision::GrayPaper072), Ok(of_old));
}

#[test]
fn an_availability_specification_counts_its_chunks_since_0_8_0() {
    let availability = AvailabilitySpec {
        package_hash: Hash([1; 32]),
        bundle_length: 0x0202_0202,
        erasure_root: Hash([3; 32]),
        erasure_shards: 0x0404,
        segment_root: Hash([5; 32]),
        segment_count: 0x0606,
    };
    let new = encode_with(&availability, &Revision::GrayPaper080);
    assert_eq!((new.len(), &new[68..70]), (104, &[4, 4][..]));
    let old = encode_with(&availability, &Revision::GrayPaper072);
    assert_eq!(old, [&new[..68], &new[70..]].concat());
}

/// A digest's counts are naturals without a bound in the paper; 70,000 imports decode.
#[test]
fn a_digest_may_tell_of_more_than_16_bits_can() {
    let mut octets = vec![0; 4 + 32 + 32 + 8];
    octets.extend([1, 0]); // out of gas; no gas used
    octets.extend([0xc1, 0x70, 0x11]); // 70,000
    octets.extend([0xc1, 0x70, 0x11, 0xf1, 0, 0, 0, 0, 0xc1, 0x70, 0x11]);
    let digest: WorkDigest = decode_all(&octets).expect("these are naturals");
    assert_eq!((digest.load.imports, digest.load.extrinsic_count), (70_000, 70_000));
    assert_eq!((digest.load.extrinsic_size, digest.load.exports), (1 << 32, 70_000));
    assert_eq!(encode(&digest), octets);
}
