//! The JSON Schema of package files, which editors read, and the parser know the same keys.

use std::collections::BTreeSet;

use jambox_package::{Manifest, ProblemKind};
use jambox_types::{Abi, Revision};
use serde_json::Value;

use crate::memory::FULL;

/// Tables of a package file: a text of [`FULL`] with `@` in it, in place of a new key, and the
/// table's place in the schema.
const TABLES: &[(&str, &str)] = &[
    ("[protocol]@", "/properties/protocol"),
    ("[chain]@", "/properties/chain"),
    ("[privileges]@", "/properties/privileges"),
    ("[{@ service = \"one\"", "/$defs/always_accumulate"),
    ("[services.one]@", "/$defs/service"),
    ("[{@ key = ", "/$defs/storage_entry"),
    ("{@ data = ", "/$defs/preimage"),
    ("{@ hash = ", "/$defs/request"),
    ("[segments.earlier]@", "/$defs/segments"),
    ("[authorizer]@", "/properties/authorizer"),
    ("[context]@", "/properties/context"),
    ("[[items]]@", "/$defs/item"),
    ("[{@ from = \"earlier\"", "/$defs/import"),
    ("token = {@ \"gray-paper-0.8.0\" = ", "/$defs/by_revision"),
];

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas/package-file.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn full() -> String {
    FULL.replace("token = \"hex:beef\"", "token = { \"gray-paper-0.8.0\" = \"hex:beef\" }")
}

/// Keys of an object of the schema, all and those that are required.
fn keys(table: &Value) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let all = table["properties"].as_object().expect("a table has properties");
    let required = table["required"].as_array().into_iter().flatten();
    (all.keys().map(String::as_str).collect(), required.filter_map(Value::as_str).collect())
}

/// Keys that the parser knows in the table in which `text` has an unknown key.
fn known(text: &str) -> BTreeSet<&'static str> {
    let problems = Manifest::parse(text).unwrap_err();
    let known = problems.iter().find_map(|problem| match &problem.kind {
        ProblemKind::UnknownKey { key, known, .. } if key == "no_such_key" => Some(known.clone()),
        _ => None,
    });
    known.unwrap_or_else(|| panic!("{problems:?}\n{text}")).into_iter().collect()
}

#[test]
fn every_table_has_the_keys_of_the_parser() {
    let (schema, full) = (schema(), full());
    let (root, required) = keys(&schema);
    assert_eq!(known(&format!("no_such_key = 1\n{full}")), root);
    assert_eq!(required, BTreeSet::from(["authorizer", "items"]));
    for (place, pointer) in TABLES {
        let key = if place.ends_with('@') { "\nno_such_key = 1\n" } else { "no_such_key = 1, " };
        let place_of = place.replace('@', "");
        assert!(full.contains(&place_of), "{place}");
        let text = full.replacen(&place_of, &place.replace('@', key), 1);
        let table = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        assert_eq!(known(&text), keys(table).0, "{pointer}");
        assert_eq!(table["additionalProperties"], false, "{pointer}");
    }
}

/// An empty table lacks exactly the required keys.
#[test]
fn every_table_requires_the_keys_of_the_parser() {
    let schema = schema();
    let always = "items = []\nauthorizer = { host = 1 }\n";
    let empty = [
        ("protocol = {}", "/properties/protocol"),
        ("chain = {}", "/properties/chain"),
        ("privileges = {}", "/properties/privileges"),
        ("privileges = { always_accumulate = [{}] }", "/$defs/always_accumulate"),
        ("services.x = {}", "/$defs/service"),
        ("services.x = { id = 1, storage = [{}] }", "/$defs/storage_entry"),
        ("services.x = { id = 1, preimages = [{}] }", "/$defs/preimage"),
        ("services.x = { id = 1, requests = [{}] }", "/$defs/request"),
        ("segments.x = {}", "/$defs/segments"),
        ("authorizer = {}\nitems = []", "/properties/authorizer"),
        ("context = {}", "/properties/context"),
        ("items = [{}]\nauthorizer = { host = 1 }", "/$defs/item"),
        ("services.x = { id = 1, code = {} }", "/$defs/by_revision"),
        (
            "authorizer = { host = 1 }\nitems = [{ service = 1, refine_gas_limit = 1, \
             accumulate_gas_limit = 1, imports = [{}] }]",
            "/$defs/import",
        ),
    ];
    assert_eq!(empty.len(), TABLES.len());
    for (text, pointer) in empty {
        let is_whole = text.contains("authorizer");
        let text = if is_whole { text.to_owned() } else { format!("{always}{text}") };
        let problems = Manifest::parse(&text).err().unwrap_or_default();
        let missing = problems.iter().map(|problem| match &problem.kind {
            ProblemKind::MissingKey { key, .. } => *key,
            other => panic!("{text}: {other:?}"),
        });
        let table = schema.pointer(pointer).unwrap();
        assert_eq!(missing.collect::<BTreeSet<_>>(), keys(table).1, "{pointer}");
    }
}

/// Words that the protocol knows are those of the schema.
#[test]
fn revisions_and_abis_are_those_of_the_protocol() {
    let schema = schema();
    let words = |pointer: &str| -> BTreeSet<String> {
        let words = schema.pointer(pointer).unwrap().as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let revisions = Revision::ALL.iter().map(|it| it.name().to_owned()).collect();
    assert_eq!(words("/properties/protocol/properties/revision/enum"), revisions);
    let abis = Abi::ALL.iter().map(|it| it.name().to_owned()).collect();
    assert_eq!(words("/properties/protocol/properties/abi/enum"), abis);
}
