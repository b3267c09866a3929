//! Computing work reports (`sec:computeworkreport`, 0.7.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::{
    BadSegment, Computed, ExportedSegments, PackageError, ReportCall, ReportError, compute_report,
};
use jambox_codec::encode_with;
use jambox_state::{Accounts, Blob, MemoryBase, RequestHistory};
use jambox_types::{
    CoreIndex, ExtrinsicSpec, Gas, Hash, ImportSource, ImportSpec, Parameters, Protocol,
    RefineContext, TimeSlot, WorkDigest, WorkError, WorkItem, WorkPackage,
};

use crate::backends::environment;
use crate::program::{
    DATA, HALT, LOOP, STACK, TRAP, ecalli, load_imm, load_imm_64, standard, with_metadata,
};
use crate::world::{OTHER, SELF, account, blob, preimage, segment};

/// Inputs of a report.
struct Job {
    protocol: Protocol,
    package: WorkPackage,
    core: CoreIndex,
    extrinsics: Vec<Vec<Blob>>,
    exported: BTreeMap<Hash, ExportedSegments>,
    segment_roots: BTreeMap<Hash, Hash>,
    accounts: Accounts,
}

impl Job {
    /// A package without items. The authorizer returns "trace" and uses 3 gas.
    fn new() -> Self {
        let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
        accounts.create(SELF, account(1_000_000)).unwrap();
        accounts.create(OTHER, account(1_000_000)).unwrap();
        let mut job = Self {
            protocol: Protocol::new(jambox_types::Revision::GrayPaper072, Parameters::FULL),
            package: WorkPackage {
                auth_code_host: OTHER,
                auth_code_hash: Hash::ZERO,
                context: RefineContext {
                    lookup_anchor_slot: TimeSlot(100),
                    ..RefineContext::default()
                },
                auth_token: b"token".to_vec(),
                auth_config: b"configuration".to_vec(),
                items: Vec::new(),
            },
            core: CoreIndex(3),
            extrinsics: Vec::new(),
            exported: BTreeMap::new(),
            segment_roots: BTreeMap::new(),
            accounts,
        };
        job.authorizer(&returning(b"trace"));
        job
    }

    fn authorizer(&mut self, code: &[u8]) {
        preimage(&mut self.accounts, OTHER, code, RequestHistory::Available(TimeSlot(0)));
        self.package.auth_code_hash = Hash::blake2b(code);
    }

    /// Adds an item that runs this code and declares this number of exports.
    fn item(mut self, code: &[u8], export_count: u16) -> Self {
        preimage(&mut self.accounts, SELF, code, RequestHistory::Available(TimeSlot(0)));
        self.package.items.push(WorkItem {
            service: SELF,
            code_hash: Hash::blake2b(code),
            refine_gas_limit: Gas(1_000_000),
            accumulate_gas_limit: Gas(5000),
            export_count,
            payload: b"payload".to_vec(),
            imports: Vec::new(),
            extrinsics: Vec::new(),
        });
        self.extrinsics.push(Vec::new());
        self
    }

    fn try_compute(&self) -> Result<Computed, ReportError> {
        let env = environment(self.protocol);
        let call = ReportCall {
            package: &self.package,
            core: self.core,
            extrinsics: &self.extrinsics,
            exported: &self.exported,
            segment_roots: &self.segment_roots,
            accounts: &self.accounts,
            validators: self.protocol.validator_counts().max,
        };
        compute_report(&env, call, &mut ())
    }

    fn compute(&self) -> Computed {
        self.try_compute().unwrap()
    }

    /// Reason for refusing the package.
    fn refused(&self) -> String {
        match self.try_compute() {
            Err(ReportError::Package(error)) => error.to_string(),
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// `move_reg`.
fn move_reg(to: u8, from: u8) -> [u8; 2] {
    [100, from << 4 | to]
}

/// A program that runs these steps and then returns these octets.
fn doing(steps: &[&[u8]], output: &[u8]) -> Vec<u8> {
    let ending = [&load_imm(7, DATA)[..], &load_imm(8, output.len() as u32), HALT];
    with_metadata(b"", &standard(output, &[steps, &ending].concat()))
}

fn returning(output: &[u8]) -> Vec<u8> {
    doing(&[], output)
}

/// A program that exports its output this number of times and returns it.
fn exporting(times: usize, output: &[u8]) -> Vec<u8> {
    let address = load_imm(7, DATA);
    let length = load_imm(8, output.len() as u32);
    let export = ecalli(7);
    let step: [&[u8]; 3] = [&address, &length, &export];
    doing(&step.repeat(times), output)
}

fn panicking() -> Vec<u8> {
    with_metadata(b"", &standard(b"", &[TRAP]))
}

fn result(digest: &WorkDigest) -> Result<&[u8], WorkError> {
    digest.result.0.as_deref().map_err(|error| *error)
}

fn hash(parts: &[&[u8]]) -> Hash {
    Hash::blake2b(&parts.concat())
}

fn leaf(segment: &Blob) -> Hash {
    hash(&[b"leaf", segment])
}

fn node(left: Hash, right: Hash) -> Hash {
    hash(&[b"node", &left.0, &right.0])
}

#[test]
fn a_report_says_what_came_of_the_package() {
    let first = exporting(2, b"first");
    let second = exporting(1, b"second");
    let job = Job::new().item(&first, 2).item(&second, 1);
    let computed = job.compute();
    let report = &computed.report;
    let encoded = encode_with(&job.package, &job.protocol);
    assert_eq!(report.availability.package_hash, Hash::blake2b(&encoded));
    assert_eq!(report.availability.bundle_length as usize, encoded.len());
    assert_eq!(computed.bundle, encoded);
    assert_ne!(report.availability.erasure_root, Hash::ZERO);
    let padded = |text: &[u8]| {
        let mut octets = text.to_vec();
        octets.resize(4104, 0);
        Blob::from(octets)
    };
    assert_eq!(computed.exports, [padded(b"first"), padded(b"first"), padded(b"second")]);
    let leaves: Vec<_> = computed.exports.iter().map(leaf).collect();
    let root = node(node(leaves[0], leaves[1]), node(leaves[2], Hash::ZERO));
    assert_eq!(report.availability.segment_root, root);
    assert_eq!(report.availability.segment_count, 3);
    assert_eq!(report.context, job.package.context);
    assert_eq!(report.core, CoreIndex(3));
    let authorizer = hash(&[&job.package.auth_code_hash.0, b"configuration"]);
    assert_eq!(report.authorizer, authorizer);
    assert_eq!((report.auth_trace.as_slice(), report.auth_gas_used), (&b"trace"[..], Gas(3)));
    assert!(report.segment_roots.is_empty());
    let [one, two] = report.digests.as_slice() else { panic!("two digests") };
    assert_eq!((one.service, one.code_hash), (SELF, Hash::blake2b(&first)));
    assert_eq!(one.payload_hash, Hash::blake2b(b"payload"));
    assert_eq!(one.accumulate_gas_limit, Gas(5000));
    assert_eq!((result(one), result(two)), (Ok(&b"first"[..]), Ok(&b"second"[..])));
    // Per export two registers, the call and its ten gas; then three instructions.
    assert_eq!((one.load.gas_used, two.load.gas_used), (Gas(29), Gas(16)));
    assert_eq!((one.load.exports, two.load.exports), (2, 1));
    assert_eq!((one.load.imports, one.load.extrinsic_count, one.load.extrinsic_size), (0, 0, 0));
}

#[test]
fn exports_count_on_through_the_package() {
    // An item that fails still takes its declared number of indices, with zero segments.
    let store_index = |times| exporting(times, b"x");
    let job = Job::new().item(&store_index(1), 1).item(&panicking(), 3).item(&store_index(2), 2);
    let computed = job.compute();
    let [_, _, _, _, fifth, sixth] = computed.exports.as_slice() else { panic!("six segments") };
    assert_eq!((fifth[0], sixth[0]), (b'x', b'x'));
    assert!(computed.exports[1..4].iter().all(|segment| **segment == [0; 4104]));
    assert_eq!(computed.report.availability.segment_count, 6);
    // The last item's first index is 4. It takes the result of `export` as a length.
    let steps: [&[u8]; 6] = [
        &load_imm(7, DATA),
        &load_imm(8, 1),
        &ecalli(7),
        &move_reg(8, 7),
        &load_imm(7, DATA),
        HALT,
    ];
    let halting = with_metadata(b"", &standard(b"12345678", &steps));
    let job = Job::new().item(&store_index(1), 1).item(&panicking(), 3).item(&halting, 1);
    assert_eq!(result(&job.compute().report.digests[2]), Ok(&b"1234"[..]));
}

#[test]
fn digests_carry_every_error() {
    let spinning = with_metadata(b"", &standard(b"", &[LOOP]));
    let mut job = Job::new()
        .item(&spinning, 0)
        .item(&panicking(), 0)
        .item(&exporting(1, b"x"), 2)
        .item(&exporting(1, b"x"), 0)
        .item(&returning(b"x"), 0)
        .item(&with_metadata(&[0; 100], &standard(&vec![0; 4_000_000], &[HALT])), 1);
    job.package.items[4].code_hash = Hash([9; 32]);
    let computed = job.compute();
    let results: Vec<_> = computed.report.digests.iter().map(result).collect();
    let expected = [
        Err(WorkError::OutOfGas),
        Err(WorkError::Panic),
        Err(WorkError::BadExports),
        Err(WorkError::BadExports),
        Err(WorkError::BadCode),
        // The code is too big, but the item declares an export that it cannot have made, which the
        // paper checks first. The outcome has the first reason.
        Err(WorkError::BadExports),
    ];
    assert_eq!(results, expected);
    assert_eq!(computed.items[5].refined, Err(WorkError::BigCode));
    assert_eq!((computed.items[2].refined, computed.items[2].exported), (Ok(1), 1));
    assert!(computed.items[1].failure.is_some());
    let gas: Vec<_> = computed.report.digests.iter().map(|digest| digest.load.gas_used.0).collect();
    assert_eq!(gas, [1_000_000, 1, 16, 16, 0, 0]);
    // Zero segments in place of the declared ones.
    assert_eq!(computed.exports.len(), 3);
    assert!(computed.exports.iter().all(|segment| **segment == [0; 4104]));
    job.package.items[5].export_count = 0;
    let big = job.compute();
    assert_eq!(result(&big.report.digests[5]), Err(WorkError::BigCode));
}

#[test]
fn outputs_share_the_room_of_the_report() {
    // 49,152 octets for the trace and all outputs.
    let job = Job::new()
        .item(&returning(&vec![1; 20_000]), 0)
        .item(&returning(&vec![2; 29_148]), 0)
        .item(&returning(&vec![3; 29_147]), 0)
        .item(&returning(&[4]), 0)
        .item(&returning(b""), 0);
    let computed = job.compute();
    let lengths: Vec<_> =
        computed.report.digests.iter().map(|digest| result(digest).map(<[u8]>::len)).collect();
    let oversize = Err(WorkError::Oversize);
    assert_eq!(lengths, [Ok(20_000), oversize, Ok(29_147), oversize, Ok(0)]);
    // Oversize is checked before bad exports.
    let job = Job::new().item(&returning(&vec![1; 49_148]), 1);
    assert_eq!(result(&job.compute().report.digests[0]), Err(WorkError::Oversize));
    let job = Job::new().item(&returning(&vec![1; 49_147]), 1);
    assert_eq!(result(&job.compute().report.digests[0]), Err(WorkError::BadExports));
}

#[test]
fn authorizers_decide() {
    let mut job = Job::new().item(&returning(b""), 0);
    job.authorizer(&panicking());
    let Err(ReportError::NotAuthorized { error, gas_used, failure }) = job.try_compute() else {
        panic!("authorized");
    };
    assert_eq!((error, gas_used, failure.is_some()), (WorkError::Panic, Gas(1), true));
    job.package.auth_code_hash = Hash([9; 32]);
    let error = job.try_compute().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the package is not authorized: bad code: the service's code is not available"
    );
    job.authorizer(&returning(&vec![0; 49_152]));
    assert_eq!(job.compute().report.auth_trace.len(), 49_152);
    job.authorizer(&returning(&vec![0; 49_153]));
    let Err(ReportError::TraceTooLong { length: 49_153, limit: 49_152 }) = job.try_compute() else {
        panic!("the trace is too long");
    };
}

/// Segments of 0, 1, .. with one more for each, and the job that imports the second and the third
/// from a root, and the first by the hash of its package.
fn importing() -> (Job, Vec<Blob>) {
    let segments: Vec<Blob> = (0..3).map(segment).collect();
    let exported = ExportedSegments::new(segments.clone(), &Parameters::FULL).unwrap();
    let root = exported.root();
    // Returns the first four octets of its own import 1.
    let steps: [&[u8]; 9] = [
        &load_imm_64(7, STACK),
        &load_imm(8, 0),
        &load_imm(9, 4),
        &load_imm(10, 6),
        &load_imm(11, 1),
        &ecalli(1),
        &load_imm_64(7, STACK),
        &load_imm(8, 4),
        HALT,
    ];
    let fetching = with_metadata(b"", &standard(b"", &steps));
    let mut job = Job::new().item(&fetching, 0).item(&returning(b"y"), 0);
    let by_root = ImportSource::SegmentRoot(root);
    let by_package = ImportSource::WorkPackage(Hash([0xdd; 32]));
    job.package.items[0].imports =
        vec![ImportSpec::new(by_root, 1).unwrap(), ImportSpec::new(by_root, 2).unwrap()];
    job.package.items[1].imports = vec![ImportSpec::new(by_package, 0).unwrap()];
    job.exported.insert(root, exported);
    job.segment_roots.insert(Hash([0xdd; 32]), root);
    job.segment_roots.insert(Hash([0xee; 32]), Hash([1; 32]));
    let extrinsic = blob(b"extrinsic");
    job.package.items[1].extrinsics =
        vec![ExtrinsicSpec { hash: Hash::blake2b(&extrinsic), length: 9 }];
    job.extrinsics[1] = vec![extrinsic];
    (job, segments)
}

#[test]
fn bundles_hold_what_auditors_need() {
    let (job, segments) = importing();
    let computed = job.compute();
    let roots = [(Hash([0xdd; 32]), *job.exported.keys().next().unwrap())];
    assert_eq!(computed.report.segment_roots, roots.into());
    let leaves: Vec<_> = segments.iter().map(leaf).collect();
    let root = node(node(leaves[0], leaves[1]), node(leaves[2], Hash::ZERO));
    assert_eq!(roots[0].1, root);
    let mut bundle = encode_with(&job.package, &job.protocol);
    bundle.extend(b"extrinsic");
    [1, 2, 0].into_iter().for_each(|index: usize| bundle.extend(&*segments[index]));
    // From the top: the other half, then the neighbour.
    let right = node(leaves[2], Hash::ZERO);
    let left = node(leaves[0], leaves[1]);
    for path in [[right, leaves[0]], [left, Hash::ZERO], [right, leaves[1]]] {
        bundle.push(2);
        path.iter().for_each(|hash| bundle.extend(hash.0));
    }
    assert!(computed.bundle == bundle);
    let loads = computed.report.digests.iter().map(|digest| digest.load);
    let loads: Vec<_> =
        loads.map(|load| (load.imports, load.extrinsic_count, load.extrinsic_size)).collect();
    assert_eq!(loads, [(2, 0, 0), (1, 1, 9)]);
}

#[test]
fn single_segments_need_no_justification() {
    let exported = ExportedSegments::new(vec![segment(7)], &Parameters::FULL).unwrap();
    assert_eq!(exported.root(), leaf(&segment(7)));
    assert_eq!(exported.justification(0), []);
    let none = ExportedSegments::new(Vec::new(), &Parameters::FULL).unwrap();
    assert_eq!((none.root(), none.is_empty()), (Hash::ZERO, true));
    let short = ExportedSegments::new(vec![segment(7), blob(b"x")], &Parameters::FULL);
    assert_eq!(short.unwrap_err(), BadSegment { index: 1, length: 1, expected: 4104 });
}

#[test]
fn packages_that_are_not_valid_are_refused() {
    let item = returning(b"");
    let one = || Job::new().item(&item, 0);
    let mut job = one();
    job.core = CoreIndex(341);
    assert_eq!(job.refused(), "core 341 does not exist: expected a core below 341");
    assert_eq!(Job::new().refused(), "the package has 0 items: expected 1 to 16");
    let seventeen = (0..17).fold(Job::new(), |job, _| job.item(&item, 0));
    assert_eq!(seventeen.refused(), "the package has 17 items: expected 1 to 16");

    let job = Job::new().item(&item, 3072).item(&item, 1);
    assert_eq!(job.refused(), "the package has 3073 exports: expected at most 3072");
    let mut job = one();
    let import = ImportSpec::new(ImportSource::SegmentRoot(Hash::ZERO), 0).unwrap();
    job.package.items[0].imports = vec![import; 3073];
    assert_eq!(job.refused(), "the package has 3073 imports: expected at most 3072");
    let mut job = one();
    let extrinsic = ExtrinsicSpec { hash: Hash::blake2b(b""), length: 0 };
    job.package.items[0].extrinsics = vec![extrinsic; 129];
    assert_eq!(job.refused(), "the package has 129 extrinsics: expected at most 128");

    let mut job = one();
    let sources = (0..8).map(|octet| ImportSource::WorkPackage(Hash([octet; 32])));
    let imports = sources.map(|source| ImportSpec::new(source, 0).unwrap());
    job.package.items[0].imports = imports.collect();
    assert!(job.refused().contains("of work package 0x0000"), "eight are not too many");
    job.package.context.prerequisites = [Hash([1; 32])].into();
    assert_eq!(
        job.refused(),
        "the package has 9 prerequisites and packages to import from: expected at most 8"
    );
}

#[test]
fn packages_that_are_too_large_are_refused() {
    let item = returning(b"");
    // Token 5 octets, configuration 13 octets, and the payload.
    let mut job = Job::new().item(&item, 0);
    job.package.items[0].payload = vec![0; 13_791_360 - 18];
    assert!(job.try_compute().is_ok());
    job.package.items[0].payload.push(0);
    let refused = job.refused();
    assert!(refused.contains("take 13791361 octets: expected at most 13791360"), "{refused}");
    // Imports count 4488 octets each, extrinsics their length.
    let mut job = Job::new().item(&item, 0);
    let import = ImportSpec::new(ImportSource::SegmentRoot(Hash::ZERO), 0).unwrap();
    job.package.items[0].imports = vec![import; 3072];
    let extrinsic = ExtrinsicSpec { hash: Hash::ZERO, length: 4224 };
    job.package.items[0].extrinsics = vec![extrinsic];
    job.package.items[0].payload.clear();
    assert!(job.refused().contains("take 13791378 octets"), "{}", job.refused());
}

#[test]
fn packages_that_ask_for_too_much_gas_are_refused() {
    let mut job = Job::new().item(&returning(b""), 0).item(&returning(b""), 0);
    let set = |job: &mut Job, accumulate: [u64; 2], refine: [u64; 2]| {
        for (index, item) in job.package.items.iter_mut().enumerate() {
            item.accumulate_gas_limit = Gas(accumulate[index]);
            item.refine_gas_limit = Gas(refine[index]);
        }
    };
    // Builders use the exact maximum, and reports may have it.
    set(&mut job, [9_999_999, 1], [4_999_999_999, 1]);
    assert!(job.try_compute().is_ok());
    set(&mut job, [10_000_000, 1], [1, 1]);
    let message = "the items ask for 10000001 gas to accumulate: expected at most 10000000";
    assert_eq!(job.refused(), message);
    set(&mut job, [u64::MAX, u64::MAX], [1, 1]);
    assert!(job.refused().contains("36893488147419103230 gas"));
    set(&mut job, [1, 1], [5_000_000_000, 1]);
    let message = "the items ask for 5000000001 gas to refine: expected at most 5000000000";
    assert_eq!(job.refused(), message);
}

#[test]
fn data_must_be_what_the_package_names() {
    let (mut job, _) = importing();
    job.extrinsics.pop();
    assert_eq!(
        job.refused(),
        "extrinsics are given for 1 items: expected 2, the items of the package"
    );
    let (mut job, _) = importing();
    job.extrinsics[1].clear();
    assert_eq!(job.refused(), "item 1: 0 extrinsics are given: expected 1, those that it names");
    let (mut job, _) = importing();
    job.extrinsics[1] = vec![blob(b"extrinsics")];
    assert_eq!(job.refused(), "item 1: extrinsic 0 has 10 octets: expected 9");
    job.extrinsics[1] = vec![blob(b"Extrinsic")];
    assert!(job.refused().starts_with("item 1: extrinsic 0 has the hash 0x"));
    let (mut job, _) = importing();
    job.segment_roots.clear();
    assert_eq!(
        job.refused(),
        format!(
            "item 1: the segments of import 0, of work package {}, are not given",
            Hash([0xdd; 32])
        )
    );
    let (mut job, _) = importing();
    job.exported.clear();
    assert!(job.refused().starts_with("item 0: the segments of import 0, of segment root 0x"));
    let (mut job, _) = importing();
    let source = job.package.items[0].imports[0].source();
    job.package.items[0].imports[1] = ImportSpec::new(source, 3).unwrap();
    let expected = PackageError::NoSuchSegment { item: 0, index: 1, segment: 3, count: 3 };
    assert_eq!(job.refused(), expected.to_string());
    assert_eq!(expected.to_string(), "item 0: import 1 is segment 3 of 3");
}

#[test]
fn items_see_their_imports() {
    let (job, _) = importing();
    // Its import 1 is segment 2.
    assert_eq!(result(&job.compute().report.digests[0]), Ok(&[2; 4][..]));
}
