//! Chain specifications.

use jambox_package::{ChainSpec, ChainSpecError};
use jambox_state::StateKey;
use jambox_types::{Parameters, Protocol, Revision};

/// A specification with a key of 31 octets `05`, followed by `rest`.
fn spec(rest: &str) -> Result<ChainSpec, ChainSpecError> {
    let key = "05".repeat(31);
    let text = format!(r#"{{"id": "net", "genesis_state": {{"{key}": "0xabcd"}}{rest}}}"#);
    ChainSpec::parse(text.as_bytes())
}

#[test]
fn a_specification_reads_and_writes() {
    let read = spec(r#", "bootnodes": ["a@b:1"], "genesis_header": "0102", "other": [1, {}]"#);
    let mut read = read.expect("it is one");
    assert_eq!((&*read.id, &read.bootnodes[..]), ("net", &["a@b:1".to_owned()][..]));
    assert_eq!(read.genesis_header, [1, 2]);
    let values: Vec<_> = read.genesis_state.iter().map(|(key, value)| (*key, &**value)).collect();
    assert_eq!(values, [(StateKey([5; 31]), &[0xab, 0xcd][..])]);
    assert_eq!(read.protocol().expect("none are said"), None);
    for (revision, length) in [(Revision::GrayPaper072, 134), (Revision::GrayPaper080, 122)] {
        let protocol = Protocol::new(revision, Parameters::TINY);
        read.set_protocol(&protocol);
        assert_eq!(read.protocol_parameters.len(), length);
        assert_eq!(read.protocol().expect("they are right"), Some(protocol));
    }
    assert_eq!(ChainSpec::parse(read.to_json().as_bytes()).expect("it was written so"), read);
}

#[track_caller]
fn refused(result: Result<impl std::fmt::Debug, ChainSpecError>) -> String {
    result.expect_err("it is wrong").to_string()
}

#[test]
fn what_is_no_specification_is_refused_with_the_reason() {
    assert!(
        refused(ChainSpec::parse(b"{")).starts_with("the file is not a chain specification: EOF")
    );
    assert!(
        refused(ChainSpec::parse(b"[]")).starts_with("the file is not a chain specification: ")
    );
    let no_state = refused(ChainSpec::parse(br#"{"id": "net"}"#));
    assert!(
        no_state
            .starts_with("the file is not a chain specification: missing field `genesis_state`")
    );
    assert!(refused(spec(r#", "genesis_header": "0""#)).contains("number of digits"));
    assert!(refused(spec(r#", "genesis_header": 1"#)).contains("invalid type: integer `1`"));
    let key = |key: &str| {
        let text = format!(r#"{{"id": "net", "genesis_state": {{{key}}}}}"#);
        refused(ChainSpec::parse(text.as_bytes()))
    };
    assert_eq!(key(r#""0102": """#), "`genesis_state` has a key of 2 octets: expected 31");
    let (plain, prefixed) = ("05".repeat(31), format!("0x{}", "05".repeat(31)));
    let twice = key(&format!(r#""{plain}": "", "{prefixed}": """#));
    assert_eq!(twice, format!("`genesis_state` has key {plain} twice"));
}

#[test]
fn parameters_are_those_of_a_chain_that_can_be() {
    let parameters = |octets: &[u8]| {
        let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        spec(&format!(r#", "protocol_parameters": "{hex}""#)).expect("it is one").protocol()
    };
    let short = refused(parameters(&[0; 133]));
    assert!(short.starts_with("`protocol_parameters` are not valid: at octet"), "{short}");
    let zeros = refused(parameters(&[0; 134]));
    assert!(zeros.starts_with("`protocol_parameters` are not valid: "), "{zeros}");
}
