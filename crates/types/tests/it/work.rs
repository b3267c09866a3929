//! Work packages and what is derived from them.

use jambox_codec::{decode_all, encode};
use jambox_types::{
    ExtrinsicSpec, Gas, Hash, ImportSource, ImportSpec, RefineContext, ServiceId, WorkItem,
    WorkPackage,
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
    assert_eq!(package.hash(), Hash::blake2b(&encode(&package)));
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
    let octets = encode(&package());
    assert_eq!(decode_all(&octets), Ok(package()));
    for end in 0..octets.len() {
        let error = decode_all::<WorkPackage>(&octets[..end]).unwrap_err();
        assert!(error.offset <= end, "{error}");
    }
}
