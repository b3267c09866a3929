//! Payloads by the names of their fields, with the build's description of the service.

use jambox_package::ProblemKind;

use crate::memory::{FULL, files, load_from};

/// A description with one of everything.
const DESCRIPTION: &str = "enum { Clear (), SetOwner { key: [u8; 2], count: natural, note: text }, \
    Burn (u64, i8), Many { all: Vec<u16>, perhaps: Option<bool>, pairs: Map<u8, (u8, u8)>, \
    last: Result<u32, ()>, data: Vec<u8> } }\n";

fn octets(payload: &str) -> Result<Vec<u8>, Vec<(String, String)>> {
    let text = FULL.replacen("payload = \"text:payload\"", payload, 1);
    let memory = files(&text).with("dir/one.payload", DESCRIPTION);
    match load_from(&memory) {
        Ok(package) => Ok(package.work_package.items[0].payload.clone()),
        Err(invalid) => {
            let problem = |problem: &jambox_package::Problem| {
                let place = problem.place.clone().expect("a place");
                (problem.kind.to_string(), text[place].to_owned())
            };
            Err(invalid.problems.iter().map(problem).collect())
        }
    }
}

fn refusal(payload: &str) -> (String, String) {
    let problems = octets(payload).unwrap_err();
    let [one] = &problems[..] else { panic!("{problems:?}") };
    one.clone()
}

#[test]
fn payloads_become_the_encodings_of_their_types() {
    assert_eq!(octets("payload = { call = \"clear\" }"), Ok(vec![0]));
    let set = "payload = { call = \"set_owner\", note = \"hi\", count = 300, key = \"hex:0708\" }";
    assert_eq!(octets(set), Ok(vec![1, 7, 8, 0x81, 0x2c, 2, b'h', b'i']), "in the type's order");
    let listed = "payload = { call = \"SetOwner\", note = \"\", count = 0, key = [7, 0x8] }";
    assert_eq!(octets(listed), Ok(vec![1, 7, 8, 0, 0]));
    let burn = "payload = { call = \"burn\", arguments = [258, -2] }";
    assert_eq!(octets(burn), Ok(vec![2, 2, 1, 0, 0, 0, 0, 0, 0, 0xfe]));
    let many = "payload = { call = \"many\", all = [1, 2], pairs = [[1, [2, 3]]], \
        last = { ok = 5 }, data = \"file:data.bin\" }";
    let expected = [&[3, 2, 1, 0, 2, 0, 0, 1, 1, 2, 3, 0, 5, 0, 0, 0, 0x93, 0x88][..], &[7; 5000]];
    assert_eq!(octets(many), Ok(expected.concat()));
    let many = "payload = { call = \"many\", all = [], perhaps = true, pairs = [], \
        last = { err = [] }, data = [1, 2] }";
    assert_eq!(octets(many), Ok(vec![3, 0, 1, 1, 0, 1, 2, 1, 2]));
}

/// The hashes are from another implementation (Python's hashlib).
#[test]
fn hashes_are_taken_of_values() {
    let hash_of = |value: &str| {
        let text = FULL.replacen("text:payload", value, 1);
        let octets = load_from(&files(&text)).unwrap().work_package.items[0].payload.clone();
        octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>()
    };
    let abc = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    assert_eq!(hash_of("blake2b:text:abc"), abc);
    assert_eq!(hash_of("sized:blake2b:text:abc"), format!("20{abc}"));
    let file = "09fe3b9e86505f3f3440841b2b90ed8619b6b9b1f8775780de65eed85dec12cf";
    assert_eq!(hash_of("blake2b:file:data.bin"), file);
}

/// Blobs are of one revision, and so are their hashes. The package is of 0.7.2.
#[test]
fn a_field_can_depend_on_the_revision() {
    let set = |count: &str| {
        octets(&format!(
            "payload = {{ call = \"set_owner\", key = [7, 8], note = \"\", count = {count} }}"
        ))
    };
    let both = "{ \"gray-paper-0.8.0\" = 2, \"gray-paper-0.7.2\" = 1 }";
    assert_eq!(set(both), Ok(vec![1, 7, 8, 1, 0]));
    let problems = set("{ \"gray-paper-0.8.0\" = 2 }").unwrap_err();
    assert_eq!(problems[0].1, "{ \"gray-paper-0.8.0\" = 2 }");
    assert!(problems[0].0.contains("no value for gray-paper-0.7.2"), "{problems:?}");
    let problems = set("{}").unwrap_err();
    assert_eq!(problems[0].0, "`count` is a table, expected a number below 2^64");
}

#[test]
fn what_is_not_of_the_type_is_told_with_its_place() {
    let unknown = refusal("payload = { call = \"clean\" }");
    assert_eq!(unknown, ("`clean` is not a known call of this service".into(), "\"clean\"".into()));
    let (said, place) = refusal("payload = { key = 1 }");
    assert_eq!(place, "{ key = 1 }");
    let calls = "`clear`, `set_owner`, `burn`, `many`";
    assert_eq!(said, format!("`payload` is a table, expected a table with `call`, one of {calls}"));
    let set = |rest: &str| format!("payload = {{ call = \"set_owner\", {rest} }}");
    let cases = [
        (
            "key = \"hex:07\", count = 1, note = \"\"",
            "`key` has 1 octets, expected 2",
            "\"hex:07\"",
        ),
        (
            "key = [1, 256], count = 1, note = \"\"",
            "`key` is a number, expected a number of u8",
            "256",
        ),
        (
            "key = [1, 2], count = -1, note = \"\"",
            "`count` is a number, expected a number below 2^64",
            "-1",
        ),
        ("key = [1, 2], count = 1, note = 5", "`note` is a number, expected a string", "5"),
        ("key = [1, 2], count = 1, note = \"\", nose = 1", "`nose` is not a known field", "nose"),
        (
            "key = \"07\", count = 1, note = \"\"",
            "`key` has no `text:`, `hex:` or `file:` in front",
            "\"07\"",
        ),
        ("key = \"file:\", count = 1, note = \"\"", "`key` has no path after `file:`", "\"file:\""),
    ];
    for (rest, said, place) in cases {
        assert_eq!(refusal(&set(rest)), (said.to_owned(), place.to_owned()));
    }
    let (said, _) = refusal(&set("key = [1, 2], note = \"\""));
    assert_eq!(said, "`count` is missing, expected a number below 2^64");
    let two = octets(&set("key = 5, count = true, note = \"\"")).unwrap_err();
    assert_eq!(two.len(), 2, "all at once");
}

#[test]
fn nothing_is_guessed_where_no_description_is() {
    let text = FULL.replacen("payload = \"text:payload\"", "payload = { call = \"clear\" }", 1);
    let invalid = load_from(&files(&text)).unwrap_err();
    let [problem] = &invalid.problems[..] else { panic!("{invalid}") };
    assert_eq!(problem.kind, ProblemKind::NoDescription { service: "one".to_owned() });
    assert!(problem.kind.help().unwrap().contains("jambox build"));

    let broken = files(&text).with("dir/one.payload", "enum { Clear");
    let invalid = load_from(&broken).unwrap_err();
    assert!(matches!(&invalid.problems[0].kind, ProblemKind::Description { .. }), "{invalid}");

    let named = text.replacen("[services.one]\n", "[services.one]\npayload = \"file:x\"\n", 1);
    let memory = files(&named).with("dir/x", "enum { Other (), Clear () }");
    assert_eq!(load_from(&memory).unwrap().work_package.items[0].payload, [1]);
    assert!(load_from(&files(&named)).is_err(), "a file that is named has to be there");
}
