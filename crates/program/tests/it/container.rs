//! Programs of any form, and metadata.

use jambox_isa::Revision;
use jambox_program::{
    Container, CrateInfo, ErrorKind, Form, Part, ProgramError, StandardProgram, join_metadata,
    split_metadata,
};
use proptest::prelude::*;

use crate::blob::program;

const INFO: &[u8] = b"\0\x07counter\x050.1.0\x03MIT\x02\x03Ada\x05Grace";

fn info() -> CrateInfo {
    CrateInfo {
        name: "counter".into(),
        version: "0.1.0".into(),
        license: "MIT".into(),
        authors: vec!["Ada".into(), "Grace".into()],
        revision: None,
    }
}

#[test]
fn metadata_comes_first_with_its_length() {
    assert_eq!(split_metadata(&[2, 8, 9, 5, 6]), Ok((&[8, 9][..], &[5, 6][..])));
    assert_eq!(split_metadata(&[0]), Ok((&[][..], &[][..])));
    let kind = ErrorKind::TooShort { what: Part::Metadata, expected: 3, found: 2 };
    assert_eq!(split_metadata(&[3, 8, 9]), Err(ProgramError { offset: 1, kind }));
    assert_eq!(join_metadata(&[8, 9], &[5, 6]), [2, 8, 9, 5, 6]);
}

#[test]
fn crate_information_is_parsed_as_written() {
    assert_eq!(CrateInfo::parse(INFO), Ok(info()));
    assert_eq!(info().encode(), INFO);
    assert_eq!(info().to_string(), "counter 0.1.0");
    for length in 0..INFO.len() {
        assert!(CrateInfo::parse(&INFO[..length]).is_err());
    }
    let kind = ErrorKind::UnknownMetadata { found: 1 };
    assert_eq!(CrateInfo::parse(&[1]), Err(ProgramError { offset: 0, kind }));
    let kind = ErrorKind::NotText { what: Part::Name };
    assert_eq!(CrateInfo::parse(b"\0\x02a\xff"), Err(ProgramError { offset: 3, kind }));
    let many = [&b"\0\0\0\0"[..], &[0xff; 9]].concat();
    assert!(CrateInfo::parse(&many).is_err());
}

/// Other tools read as far as the authors, and skip the rest.
#[test]
fn a_revision_follows_the_metadata_of_other_tools() {
    let info = CrateInfo { revision: Some(Revision::GrayPaper080), ..info() };
    let octets = info.encode();
    assert_eq!(octets, [INFO, b"\x10gray-paper-0.8.0"].concat());
    assert_eq!(CrateInfo::parse(&octets), Ok(info));
    let unknown = [INFO, b"\x0bgray-paper-"].concat();
    let kind = ErrorKind::UnknownRevision;
    assert_eq!(CrateInfo::parse(&unknown), Err(ProgramError { offset: INFO.len(), kind }));
}

#[test]
fn what_fits_no_form_says_why_for_each() {
    let error = Container::parse(b"nothing of the kind").unwrap_err();
    assert_eq!(error.errors.iter().map(|(form, _)| *form).collect::<Vec<_>>(), Form::ALL);
    let text = error.to_string();
    assert!(text.starts_with("not a program in any form\n  as standard program with metadata: at"));
    assert_eq!(text.lines().count(), 5);
}

proptest! {
    #[test]
    fn each_form_is_recognized(
        program in program(),
        data in prop::collection::vec(any::<u8>(), 0..9),
        metadata in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let bare = program.encode();
        let standard = StandardProgram::new(data.clone(), data, 2, 4096, bare.clone()).unwrap();
        let encoded = standard.encode();
        for (form, octets) in [
            (Form::Service, join_metadata(&metadata, &encoded)),
            (Form::Standard, encoded),
            (Form::BareWithMetadata, join_metadata(&metadata, &bare)),
            (Form::Bare, bare),
        ] {
            let container = Container::parse_as(form, &octets).unwrap();
            prop_assert_eq!(container.form(), form);
            prop_assert_eq!(container.program(), &program);
            prop_assert_eq!(container.encode(), octets.clone());
            let has_metadata = matches!(form, Form::Service | Form::BareWithMetadata);
            let expected = has_metadata.then_some(&metadata[..]);
            prop_assert_eq!(container.metadata.as_deref(), expected);
            let is_standard = matches!(form, Form::Service | Form::Standard);
            prop_assert_eq!(container.standard(), is_standard.then_some(&standard));
            // Another form may be found for tiny programs, but no octet is lost.
            prop_assert_eq!(Container::parse(&octets).unwrap().encode(), octets);
        }
    }

    #[test]
    fn parsing_never_panics(octets in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(container) = Container::parse(&octets) {
            prop_assert_eq!(container.encode(), octets);
        }
    }
}
