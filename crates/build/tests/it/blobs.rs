//! The chain's limits on blobs.

use jambox_build::{BuildError, Built, Kind, Linked};
use jambox_program::{Container, CrateInfo, ProgramKind, StandardProgram};
use jambox_types::{Hash, Parameters, Revision};

/// A program of one `trap`, padded with data.
fn linked(kind: Kind, data: usize) -> Linked {
    let code = [0u8, 0, 1, 0, 1];
    let program = StandardProgram::new(vec![7; data], &[][..], 0, 0, &code[..]).unwrap();
    Linked { kind, revision: Revision::GrayPaper080, program, ranges: Vec::new(), payload: None }
}

#[test]
fn a_blob_is_metadata_and_a_standard_program() {
    let info = CrateInfo { name: "x".to_owned(), ..CrateInfo::default() };
    let built = Built::new(linked(Kind::Service, 5), &info).unwrap();
    assert_eq!(built.code_hash, Hash::blake2b(&built.blob));
    let container = Container::parse(&built.blob).unwrap();
    let written = CrateInfo { revision: Some(Revision::GrayPaper080), ..info };
    assert_eq!(CrateInfo::parse(container.metadata.as_deref().unwrap()), Ok(written));
    assert_eq!(built.symbols.revision(), Some(Revision::GrayPaper080));
    assert!(matches!(container.kind, ProgramKind::Standard(..)));
    let sizes = built.sizes;
    assert_eq!((sizes.code, sizes.bitmask, sizes.read_only), (1, 1, 5));
}

#[test]
fn a_blob_over_the_chains_limit_is_refused() {
    let limits = [
        (Kind::Service, Parameters::FULL.max_service_code_size),
        (Kind::Authorizer, Parameters::FULL.max_authorizer_code_size),
    ];
    for (kind, limit) in limits {
        let most = limit as usize;
        assert!(Built::new(linked(kind, most - 100), &CrateInfo::default()).is_ok());
        let error = Built::new(linked(kind, most), &CrateInfo::default()).unwrap_err();
        assert!(matches!(error, BuildError::BlobTooBig { .. }), "{error}");
    }
}

#[test]
fn code_that_is_no_program_is_refused() {
    let program = StandardProgram::new(&[][..], &[][..], 0, 0, &b"nonsense"[..]).unwrap();
    let (kind, revision) = (Kind::Service, Revision::GrayPaper080);
    let linked = Linked { kind, revision, program, ranges: Vec::new(), payload: None };
    assert!(matches!(Built::new(linked, &CrateInfo::default()), Err(BuildError::Link(_))));
}
