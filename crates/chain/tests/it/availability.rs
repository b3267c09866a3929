//! The availability specification against the paper's formulas, one by one
//! (`sec:availabiltyspecifier` and `sec:merklization`, 0.7.2).

use jambox_chain::{ExportedSegments, specify_availability};
use jambox_codec::encode;
use jambox_erasure::ErasureCode;
use jambox_state::Blob;
use jambox_types::{Hash, Parameters, Protocol, Revision};

/// `eq:merklenode`.
fn node(items: &[Vec<u8>]) -> Vec<u8> {
    match items {
        [] => vec![0; 32],
        [item] => item.clone(),
        _ => {
            let (left, right) = items.split_at(items.len().div_ceil(2));
            let text = [b"node".to_vec(), node(left), node(right)].concat();
            Hash::blake2b(&text).0.to_vec()
        }
    }
}

/// `eq:simplemerkleroot`.
fn well_balanced(items: &[Vec<u8>]) -> Vec<u8> {
    match items {
        [item] => Hash::blake2b(item).0.to_vec(),
        _ => node(items),
    }
}

/// The constancy preprocessor.
fn constant(segments: &[Blob]) -> Vec<Vec<u8>> {
    let leaf = |segment: &Blob| Hash::blake2b(&[b"leaf", &segment[..]].concat()).0.to_vec();
    let mut leaves: Vec<_> = segments.iter().map(leaf).collect();
    let mut length = 1;
    while length < leaves.len() {
        length *= 2;
    }
    leaves.resize(length, vec![0; 32]);
    leaves
}

/// The trace function: the opposite nodes of an item, from the top down.
fn opposites(items: &[Vec<u8>], index: usize) -> Vec<Vec<u8>> {
    if items.len() < 2 {
        return Vec::new();
    }
    let half = items.len().div_ceil(2);
    let (left, right) = items.split_at(half);
    let (path, opposite, index) =
        if index < half { (left, right, index) } else { (right, left, index - half) };
    [vec![node(opposite)], opposites(path, index)].concat()
}

/// `eq:pagedproofs` with `eq:constantdepthsubtreemerklejust` and `..leafpage`, pages of 2^6.
fn pages(segments: &[Blob]) -> Vec<Blob> {
    let leaves = constant(segments);
    let depth = leaves.len().ilog2() as usize;
    (0..segments.len().div_ceil(64))
        .map(|page| {
            let mut path = opposites(&leaves, page * 64);
            path.truncate(depth.saturating_sub(6));
            let end = segments.len().min(page * 64 + 64);
            let hashes = &leaves[page * 64..end];
            let hash = |octets: &Vec<u8>| Hash(octets.as_slice().try_into().unwrap());
            let [path, hashes] = [&path[..], hashes].map(|s| s.iter().map(hash).collect());
            let (path, hashes): (Vec<Hash>, Vec<Hash>) = (path, hashes);
            let mut octets = [encode(&path), encode(&hashes)].concat();
            assert!(octets.len() <= 4104);
            octets.resize(4104, 0);
            Blob::from(octets)
        })
        .collect()
}

fn erasure_root(bundle: &[u8], segments: &[Blob], code: ErasureCode) -> Hash {
    let bundle_hashes = code.encode(bundle).unwrap();
    let bundle_hashes = bundle_hashes.iter().map(|chunk| Hash::blake2b(chunk));
    let all = [segments, &pages(segments)].concat();
    let chunks: Vec<_> = all.iter().map(|segment| code.encode(segment).unwrap()).collect();
    let of_validator = |validator: usize| {
        let chunks: Vec<_> = chunks.iter().map(|chunks| chunks[validator].clone()).collect();
        well_balanced(&chunks)
    };
    let leaves = bundle_hashes
        .enumerate()
        .map(|(validator, hash)| [hash.0.to_vec(), of_validator(validator)].concat());
    Hash(well_balanced(&leaves.collect::<Vec<_>>()).try_into().unwrap())
}

fn segments(count: usize) -> Vec<Blob> {
    let segment = |index: usize| (0..4104).map(|i| (i * 7 + index * 31) as u8).collect();
    (0..count).map(segment).collect()
}

fn check(protocol: &Protocol, originals: usize, bundle: &[u8], count: usize) {
    let segments = segments(count);
    let parameters = &protocol.parameters;
    let exports = ExportedSegments::new(segments.clone(), parameters).unwrap();
    let validators = usize::from(parameters.validators);
    let package = Hash([7; 32]);
    let spec = specify_availability(package, bundle, &exports, validators, protocol).unwrap();
    let code = ErasureCode::new(originals, validators).unwrap();
    assert_eq!(spec.package_hash, package);
    assert_eq!(spec.bundle_length as usize, bundle.len());
    assert_eq!(usize::from(spec.segment_count), count);
    assert_eq!(spec.segment_root.0.to_vec(), node(&constant(&segments)));
    assert_eq!(spec.erasure_root, erasure_root(bundle, &segments, code), "{count} segments");
}

#[test]
fn specifiers_are_the_papers() {
    let tiny = Protocol::new(Revision::GrayPaper072, Parameters::TINY);
    let full = Protocol::new(Revision::GrayPaper072, Parameters::FULL);
    for count in [0, 1, 2, 3, 63, 64, 65, 130] {
        check(&tiny, 2, b"a bundle of some octets", count);
    }
    check(&full, 342, &[5; 2000], 3);
}

#[test]
fn parameters_without_a_code_are_refused() {
    let parameters = Parameters { validators: 2, ..Parameters::TINY };
    let protocol = Protocol::new(Revision::GrayPaper072, parameters);
    let exports = ExportedSegments::new(Vec::new(), &parameters).unwrap();
    assert!(specify_availability(Hash::ZERO, b"bundle", &exports, 2, &protocol).is_err());
}
