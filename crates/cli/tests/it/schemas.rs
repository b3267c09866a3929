//! JSON output of commands keeps to the schemas in `docs/schemas`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value};

use crate::jambox::{binary, jambox, root};

/// Holds a value against a schema: everything that is wrong, with its place.
///
/// Knows the words of JSON Schema that the schemas here use, and refuses any other: a word that is
/// not understood would check nothing.
struct Checker<'a> {
    definitions: Option<&'a Map<String, Value>>,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = schema.as_object().expect("a schema is an object");
        let mut wrong = Vec::new();
        for (word, said) in schema {
            match word.as_str() {
                "$schema" | "$defs" | "title" | "description" => {}
                "$ref" => {
                    let name = said.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    let referred = self.definitions.and_then(|all| all.get(name));
                    wrong.extend(self.check(referred.expect(name), value, at));
                }
                "type" => wrong.extend(is_of_type(value, said.as_str().unwrap(), at)),
                "const" if value == said => {}
                "const" => wrong.push(format!("{at}: {value} is not {said}")),
                "enum" if said.as_array().unwrap().contains(value) => {}
                "enum" => wrong.push(format!("{at}: {value} is none of {said}")),
                "pattern" => wrong.extend(matches(value, said.as_str().unwrap(), at)),
                "minimum" if value.as_u64() >= said.as_u64() => {}
                "maximum" if value.as_u64() <= said.as_u64() => {}
                "maxItems" if value.as_array().map(|it| it.len() as u64) <= said.as_u64() => {}
                "minimum" | "maximum" | "maxItems" => {
                    wrong.push(format!("{at}: {value} is beyond the {word} of {said}"));
                }
                "anyOf" => wrong.extend(self.any(said, value, at)),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        wrong.extend(self.check(said, item, &format!("{at}/{index}")));
                    }
                }
                "required" => {
                    let Some(members) = value.as_object() else { continue };
                    let names = said.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    let missing = names.filter(|name| !members.contains_key(*name));
                    wrong.extend(missing.map(|name| format!("{at}: there is no {name}")));
                }
                "properties" => {
                    for (name, schema) in said.as_object().unwrap() {
                        let member = value.get(name);
                        let check = |it| self.check(schema, it, &format!("{at}/{name}"));
                        wrong.extend(member.map(check).unwrap_or_default());
                    }
                }
                "additionalProperties" => wrong.extend(self.others(schema, said, value, at)),
                other => panic!("the checker does not know {other}"),
            }
        }
        wrong
    }

    fn any(&self, schemas: &Value, value: &Value, at: &str) -> Vec<String> {
        let tried: Vec<_> = schemas.as_array().unwrap().iter().collect();
        let tried: Vec<_> = tried.iter().map(|schema| self.check(schema, value, at)).collect();
        match tried.iter().any(Vec::is_empty) {
            true => Vec::new(),
            false => vec![format!("{at}: nothing fits: {tried:?}")],
        }
    }

    /// Members that the schema does not name.
    fn others(
        &self,
        schema: &Map<String, Value>,
        said: &Value,
        value: &Value,
        at: &str,
    ) -> Vec<String> {
        let named = schema.get("properties").and_then(Value::as_object);
        let is_named = |name: &str| named.is_some_and(|named| named.contains_key(name));
        let others = value.as_object().into_iter().flatten().filter(|(name, _)| !is_named(name));
        let check = |(name, value): (&String, &Value)| match said {
            Value::Bool(false) => vec![format!("{at}: {name} is not in the schema")],
            schema => self.check(schema, value, &format!("{at}/{name}")),
        };
        others.flat_map(check).collect()
    }
}

fn is_of_type(value: &Value, name: &str, at: &str) -> Option<String> {
    let fits = match name {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the checker does not know the type {other}"),
    };
    // The largest integer that every reader of JSON takes exactly.
    let fits = fits && value.as_u64().is_none_or(|number| number < 1 << 53);
    (!fits).then(|| format!("{at}: {value} is no {name}"))
}

fn matches(value: &Value, pattern: &str, at: &str) -> Option<String> {
    let text = value.as_str()?;
    let fits = regex_lite::Regex::new(pattern).expect(pattern).is_match(text);
    (!fits).then(|| format!("{at}: {text} does not match {pattern}"))
}

fn schema(name: &str) -> Value {
    let path = root().join("docs/schemas").join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(&path).expect(name)).expect(name)
}

fn wrong(schema: &Value, value: &Value) -> Vec<String> {
    let checker = Checker { definitions: schema["$defs"].as_object() };
    checker.check(schema, value, "")
}

/// Command lines with the schemas of what they say. `@` stands for a folder, in which they leave
/// their files for those after them.
const LINES: &[(&str, &str)] = &[
    ("run", "run guests/asm/counter -v"),
    ("run", "run guests/asm/every-call -vv --revision gray-paper-0.7.2"),
    ("run", "run guests/asm/inner -v --profile --coverage @run.info"),
    ("run", "run guests/asm/panics"),
    ("run", "run guests/asm/out-of-gas"),
    ("run", "run guests/asm/authorizer"),
    ("run", "run guests/asm/seed-doc -v"),
    ("run", "run guests/asm/seed-doc --abi gray-paper -v"),
    ("run", "run guests/library"),
    ("run-compare-revisions", "run guests/asm/every-call --compare-revisions"),
    ("run-compare-revisions", "run guests/asm/counter --compare-revisions"),
    ("exec", "exec guests/asm/counter/counter.asm -vv --gas 1000"),
    ("exec", "exec guests/asm/inner/inner.asm --memory 0x10000+16 --memory 0+1"),
    ("exec", "exec guests/asm/panics/panics.asm -v"),
    ("new", "new @demo --sdk copy"),
    ("new", "init @ --name tally --sdk registry"),
    ("asm", "asm guests/asm/counter/counter.asm -o @counter.jam"),
    ("disasm", "disasm @counter.jam"),
    ("disasm", "disasm @counter.jam -o @counter.asm"),
    ("inspect", "inspect @counter.jam"),
    ("inspect", "inspect guests/fibonacci"),
    ("explain", "explain"),
    ("explain", "explain 100"),
    ("trace-record", "trace record guests/asm/counter -o @run.log"),
    ("trace-show", "trace show @run.log -v"),
    ("checks", "trace replay @run.log -v"),
    ("checks", "trace replay @run.log --results @all.jsonl"),
    ("checks", "merge @all.jsonl -v"),
    ("bisect", "bisect @run.log @run.log"),
    ("bisect", "bisect guests/asm/counter guests/asm/panics"),
    ("gas-kept", "gas snapshot guests/asm/counter --file @gas.txt"),
    ("gas-compared", "gas check guests/asm/counter guests/asm/panics --file @gas.txt"),
    ("run", "run guests/asm/counter --capsule @run.capsule"),
    ("explain-capsule", "explain @run.capsule"),
    ("state-made", "state init @chain.redb"),
    ("run", "run guests/asm/counter --state @chain.redb"),
    ("trace-record", "trace record guests/asm/inner --state @chain.redb -o @on.log"),
    ("state-made", "state export @chain.redb -o @before.json"),
    ("run", "run guests/asm/inner --state @chain.redb"),
    ("state-show", "state show @chain.redb"),
    ("state-show", "state show @chain.redb counter"),
    ("state-get", "state get @chain.redb counter storage count"),
    ("state-get", "state get @chain.redb counter storage nothing"),
    ("state-root", "state root @chain.redb"),
    ("state-diff", "state diff @before.json @chain.redb"),
    ("state-verify", "state verify @chain.redb"),
    ("completions", "completions bash"),
    ("man", "man @man1"),
    ("errors", "run no/such/package.toml"),
    ("errors", "run --no-such-flag"),
    ("errors", "inspect README.md"),
];

/// Schemas that other tests check, with [`fits`]: they take a node, a block that
/// fits a chain, or a compiler for services. What begins with `node-` a node says by RPC.
const ELSEWHERE: &[&str] =
    &["build", "block-apply", "node", "node-package", "node-block", "deploy", "verdict", PACKAGE];

/// The schema of package files, for editors.
const PACKAGE: &str = "package-file";

/// Holds a command's output against the schema of a name.
#[track_caller]
pub fn fits(name: &str, said: &Value) {
    assert!(ELSEWHERE.contains(&name), "{name} is held here");
    assert_eq!(wrong(&schema(name), said), [""; 0], "{name}: {said}");
}

#[test]
fn what_commands_say_is_what_the_schemas_say() {
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/", folder.path().display());
    for (name, line) in LINES {
        let line = format!("{} --json", line.replace('@', &place));
        let ran = jambox(line.split_whitespace());
        assert_eq!(wrong(&schema(name), &ran.json()), [""; 0], "{line}");
    }
}

#[test]
fn every_schema_is_of_some_command_and_refuses_what_is_not_its_own() {
    let folder = root().join("docs/schemas");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    let held: BTreeSet<_> = LINES.iter().map(|(name, _)| *name).chain(ELSEWHERE.to_vec()).collect();
    let names: BTreeSet<_> = names.collect();
    assert!(names.iter().map(String::as_str).eq(held), "{names:?}");
    for name in &names {
        let schema = schema(name);
        assert!(!wrong(&schema, &serde_json::json!({ "format": 1 })).is_empty(), "{name}");
        assert!(!wrong(&schema, &serde_json::json!({})).is_empty(), "{name}");
    }
    let root = schema("state-root");
    let of = |root: &str| serde_json::json!({ "format": 1, "root": root });
    assert!(wrong(&root, &of("0x00ff")).is_empty());
    assert!(!wrong(&root, &of("0x00f")).is_empty() && !wrong(&root, &of("00ff")).is_empty());
}

/// The package files of the examples, and that of a new service, keep to the schema that editors
/// read. `jambox-package` holds the schema's keys against the parser's.
#[test]
fn package_files_are_what_their_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let sdk = root();
    let ran = jambox(["new", demo.to_str().unwrap(), "--sdk", sdk.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let below = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.collect::<Vec<_>>()
    };
    let guests = [root().join("guests"), root().join("guests/asm")];
    let folders = guests.iter().flat_map(|folder| below(folder)).filter(|path| path.is_dir());
    let files = folders.chain([demo.clone()]).flat_map(|folder| below(&folder));
    let texts = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| fs::read_to_string(path).unwrap());
    let packages: Vec<toml::Value> = texts
        .filter(|text| text.contains("\n[authorizer]\n"))
        .map(|text| toml::Value::Table(text.parse().unwrap()))
        .collect();
    assert!(packages.len() > 20, "only {} packages", packages.len());
    let schema = schema(PACKAGE);
    for package in &packages {
        let package = serde_json::to_value(package).unwrap();
        assert_eq!(wrong(&schema, &package), [""; 0], "{package}");
        for (place, value) in [
            ("/authorizer/host", serde_json::json!([7])),
            ("/items/0/service", serde_json::json!(-1)),
            ("/items/0/refine_gas_limit", serde_json::json!("1000")),
            ("/authorizer/token", serde_json::json!("open sesame")),
        ] {
            let mut damaged = package.clone();
            let Some(part) = damaged.pointer_mut(place) else { continue };
            *part = value;
            assert!(!wrong(&schema, &damaged).is_empty(), "{place} of {damaged}");
        }
    }
    // The file names its schema where editors look for it, and has it beside it.
    let first = fs::read_to_string(demo.join("package.toml")).unwrap();
    assert!(first.starts_with("#:schema ./package.schema.json\n"), "{first}");
    let beside = fs::read_to_string(demo.join("package.schema.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&beside).unwrap(), schema);
}

/// Compiles a service, where there is what that takes; else says so.
#[test]
fn a_build_says_what_its_schema_says() {
    if let Err(error) = jambox_build::Toolchain::find() {
        eprintln!("skipped, for it takes a guest toolchain: {error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary());
    command.args(["build", "guests/counter", "--json", "-o"]).arg(folder.path());
    let output = command.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fits("build", &serde_json::from_slice(&output.stdout).unwrap());
}
