//! Messages, places and advice of mistakes.

use jambox_package::{Invalid, ProblemKind, line_and_column};

use crate::memory::{FULL, files, load_from, load_text};

/// Replaces a text in the file and returns the problems.
fn mistakes(before: &str, after: &str) -> (String, Invalid) {
    assert!(FULL.contains(before), "{before} is not in the file");
    let text = FULL.replacen(before, after, 1);
    let invalid = load_text(&text).expect_err(after);
    (text, invalid)
}

/// Checks that there is one problem, at `at`, with `message`, `expected` and, somewhere in the
/// advice, `help`.
#[track_caller]
fn check(before: &str, after: &str, at: &str, message: &str, expected: &str, help: &str) {
    let (text, invalid) = mistakes(before, after);
    let [problem] = invalid.problems.as_slice() else { panic!("{invalid}") };
    assert_eq!(problem.kind.to_string(), message);
    assert_eq!(problem.kind.expected(), expected);
    let advice = problem.kind.help().unwrap_or_default();
    assert!(advice.contains(help), "{advice}");
    let place = problem.place.clone().expect("a place");
    assert_eq!(&text[place], at);
}

#[test]
fn an_unknown_key_is_an_error_with_a_suggestion() {
    check(
        "payload =",
        "paylaod =",
        "paylaod",
        "unknown key `paylaod` in `items[0]`",
        "did you mean `payload`?",
        "`refine_gas_limit`",
    );
    check(
        "[context]",
        "[contxt]",
        "contxt",
        "unknown key `contxt` in the package file",
        "did you mean `context`?",
        "`authorizer`",
    );
}

#[test]
fn a_missing_key_is_asked_for() {
    let (_, invalid) = mistakes("refine_gas_limit = 100\n", "");
    assert_eq!(invalid.problems[0].kind.to_string(), "`items[0]` has no `refine_gas_limit`");
    let invalid = load_text("").unwrap_err();
    let said: Vec<_> = invalid.problems.iter().map(|problem| problem.kind.to_string()).collect();
    let missing = |heading| format!("the package file has no section `{heading}`");
    assert_eq!(said, ["[authorizer]", "[[items]]"].map(missing));
}

#[test]
fn a_wrong_type_says_both_types() {
    check(
        "slot = 77",
        "slot = \"77\"",
        "\"77\"",
        "`slot` is a string, expected a whole number",
        "expected a whole number",
        "write a whole number",
    );
    check(
        "slot = 77",
        "slot = 4294967296",
        "4294967296",
        "`slot` is 4294967296, expected a number from 0 to 4294967295",
        "expected 0 to 4294967295",
        "in that range",
    );
    check(
        "slot = 77",
        "slot = -1",
        "-1",
        "`slot` is -1, expected a number from 0 to 4294967295",
        "expected 0 to 4294967295",
        "in that range",
    );
}

#[test]
fn a_value_says_how_it_is_written() {
    check(
        "\"text:payload\"",
        "\"payload\"",
        "\"payload\"",
        "`payload` has no `text:`, `hex:` or `file:` in front",
        "expected text:, hex: or file: in front",
        "\"text:payload\"",
    );
    let (_, invalid) = mistakes("\"hex:beef\"", "\"hex:bee\"");
    assert!(invalid.problems[0].kind.to_string().starts_with("`token` is not hexadecimal"));
    let (_, invalid) = mistakes("\"text:payload\"", "\"file:\"");
    assert_eq!(invalid.problems[0].kind.to_string(), "`payload` has no path after `file:`");
    let deep = format!("\"{}text:x\"", "sized:".repeat(100_000));
    let (_, invalid) = mistakes("\"text:payload\"", &deep);
    let said = "`payload` has more than 8 of `sized:` and `blake2b:` in front";
    assert_eq!(invalid.problems[0].kind.to_string(), said);
    let (_, invalid) = mistakes("hex:4444", "hex:44");
    assert_eq!(invalid.problems[0].kind.to_string(), "`anchor` has 31 octets, expected 32");
}

#[test]
fn a_value_by_revision_has_one_for_this_run() {
    let value = "\"hex:00ff\"";
    let other = "{ \"gray-paper-0.8.0\" = \"text:x\" }";
    check(
        value,
        other,
        other,
        "the table has no value for gray-paper-0.7.2, the revision of the run",
        "expected `gray-paper-0.7.2 = ..`",
        "for which there is one: `gray-paper-0.8.0`",
    );
    let nothing = "keys of such a table are revisions: `gray-paper-0.7.2`, `gray-paper-0.8.0`";
    let said = "the table has no value for gray-paper-0.7.2, the revision of the run";
    check(value, "{}", "{}", said, "expected `gray-paper-0.7.2 = ..`", nothing);
    check(
        value,
        "{ \"gray-paper-0.7.2\" = \"text:x\", \"gray-paper-0.7.3\" = \"text:y\" }",
        "\"gray-paper-0.7.3\"",
        "unknown key `gray-paper-0.7.3` in the table `value`",
        "did you mean `gray-paper-0.7.2`?",
        "`gray-paper-0.8.0`",
    );
}

#[test]
fn an_unknown_service_is_named_with_the_known_ones() {
    check(
        "service = \"one\"\npayload",
        "service = \"onne\"\npayload",
        "\"onne\"",
        "`onne` is not a known service",
        "did you mean `one`?",
        "`one`, `two`",
    );
    let (_, invalid) = mistakes("host = \"one\"", "host = 12");
    assert_eq!(invalid.problems[0].kind.to_string(), "`12` is not a known service");
}

#[test]
fn a_missing_file_is_named_as_it_was_looked_for() {
    check(
        "configuration = \"text:conf\"",
        "configuration = \"file:no/such\"",
        "\"file:no/such\"",
        "cannot read `dir/no/such`: there is no such file",
        "expected a readable file",
        "relative to the folder of the package file",
    );
}

#[test]
fn a_file_beyond_the_limit_is_not_loaded() {
    let text = FULL.replace("file:data.bin", "file:big.bin");
    let files = files(&text).with("dir/big.bin", vec![0; (32 << 20) + 1]);
    let invalid = load_from(&files).unwrap_err();
    assert!(invalid.to_string().contains("longer than the limit of 33554432 octets"), "{invalid}");
}

#[test]
fn code_that_is_no_program_says_what_is_wrong_in_each_form() {
    let text = FULL.replace("one.asm", "one.pvm");
    let invalid = load_from(&files(&text).with("dir/one.pvm", b"no program")).unwrap_err();
    let problem = &invalid.problems[0];
    assert_eq!(
        problem.kind.to_string(),
        "the code of service `one` is not a program of a known form"
    );
    let help = problem.kind.help().unwrap();
    for form in ["standard program with metadata", "standard program", "program blob"] {
        assert!(help.contains(form), "{help}");
    }
}

#[test]
fn a_mistake_in_assembly_is_shown_in_the_assembly() {
    let invalid = load_from(&files(FULL).with("dir/one.asm", ".code\n  trapp\n")).unwrap_err();
    let (path, text) = invalid.file(&invalid.problems[0]);
    assert_eq!(path.to_str(), Some("dir/one.asm"));
    let place = invalid.problems[0].place.clone().unwrap();
    assert_eq!(line_and_column(text, place.start), (2, 3));
}

#[test]
fn services_must_be_able_to_pay_for_their_state() {
    let (_, invalid) = mistakes("balance = 10_000", "balance = 1_000");
    let ProblemKind::Balance { balance: 1000, threshold, .. } = invalid.problems[0].kind else {
        panic!("{invalid}")
    };
    // 100 + 10 a item + 1 an octet, less the gratis 5. Items: one storage entry, and two for each
    // of four requests (code, "hello", data.bin, 0x22..). Octets: 34 + 1 + 2, and 81 + length each.
    let code = 1 + 11 + 4 + 5;
    assert_eq!(threshold, 100 + 10 * 9 + 37 + (81 + code) + (81 + 5) + (81 + 5000) + (81 + 8) - 5);
}

#[test]
fn words_of_the_protocol_are_checked() {
    check(
        "\"tiny\"",
        "\"tinny\"",
        "\"tinny\"",
        "`tinny` is not a known preset",
        "did you mean `tiny`?",
        "`full`, `tiny`",
    );
    let (_, invalid) = mistakes("gray-paper-0.7.2", "gray-paper-0.7.3");
    assert_eq!(invalid.problems[0].kind.expected(), "did you mean `gray-paper-0.7.2`?");
}

#[test]
fn one_mistake_is_told_once() {
    // The balance of the other service, which this one would be checked against, is no problem of
    // its own.
    let (_, invalid) = mistakes("id = 0x2_0000", "id = 1");
    let [problem] = invalid.problems.as_slice() else { panic!("{invalid}") };
    assert!(matches!(problem.kind, ProblemKind::Conflict(_)));
}

#[test]
fn conflicts_are_named() {
    for (before, after, message) in [
        ("id = 0x2_0000", "id = 1", "services `one` and `two` have the same id 1"),
        (
            "configuration =",
            "code_hash = \"hex:5555555555555555555555555555555555555555555555555555555555555555\"\n\
             configuration =",
            "`code` and `code_hash` exclude each other",
        ),
        (
            "package = \"hex:3333333333333333333333333333333333333333333333333333333333333333\"",
            "",
            "[segments.earlier] names no `package` to import by",
        ),
    ] {
        let (_, invalid) = mistakes(before, after);
        assert_eq!(invalid.problems[0].kind.to_string(), message);
    }
}

#[test]
fn imports_name_segments_that_are_given() {
    check(
        "{ from = \"earlier\", index = 1 }",
        "{ from = \"erlier\", index = 1 }",
        "\"erlier\"",
        "`erlier` is not a known [segments] section",
        "did you mean `earlier`?",
        "`earlier`",
    );
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_their_places() {
    let text = FULL.replace("slot = 77", "slto = 77").replace("index = 1", "index = true");
    let invalid = load_text(&text).unwrap_err();
    let found: Vec<_> = invalid.problems.iter().map(|problem| problem.kind.to_string()).collect();
    assert_eq!(
        found,
        ["unknown key `slto` in [chain]", "`index` is a boolean, expected a whole number"]
    );
    assert_eq!(
        invalid.to_string().lines().next(),
        Some("dir/package.toml:8:1: unknown key `slto` in [chain]")
    );
}

#[test]
fn a_thousand_mistakes_are_counted_not_listed() {
    let keys: String = (0..1000).map(|index| format!("key{index} = 1\n")).collect();
    let invalid = load_text(&format!("{keys}{FULL}")).unwrap_err();
    assert_eq!(invalid.problems.len(), 33);
    assert_eq!(invalid.problems[32].kind, ProblemKind::More(968));
}

#[test]
fn what_is_not_toml_is_pointed_at() {
    let invalid = load_text("[chain\nslot = 1").unwrap_err();
    assert!(
        invalid.to_string().starts_with("dir/package.toml:1:7: the file is not valid TOML"),
        "{invalid}"
    );
}

/// Reading, names, files, programs and balances: no phase waits for another.
#[test]
fn mistakes_of_all_phases_are_told_at_once() {
    let text = FULL
        .replace("slot = 77", "slot = \"77\"")
        .replace("balance = 10_000", "balance = 10")
        .replace("configuration = \"text:conf\"", "configuration = \"file:no/such\"")
        .replace("service = \"one\"\npayload", "service = \"onne\"\npayload");
    let invalid = load_from(&files(&text).with("dir/one.asm", ".code\n  trapp\n")).unwrap_err();
    let said: Vec<_> = invalid.problems.iter().map(|problem| problem.kind.to_string()).collect();
    assert_eq!(said.len(), 5, "{invalid}");
    let expected = [
        "`slot` is a string, expected a whole number",
        "balance",
        "cannot read `dir/no/such`: there is no such file",
        "`onne` is not a known service",
        "unknown instruction `trapp`",
    ];
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.contains(expected), "{said}: {expected}");
    }
    let partial = invalid.partial.expect("the protocol is known");
    assert_eq!(partial.work_package.items.len(), 1);
}

/// Nothing is concluded from the absence of what cannot be read.
#[test]
fn what_cannot_be_read_makes_no_other_mistake() {
    for (before, after) in [
        ("id = 1\n", "id = \"1\"\n"),
        ("id = 0x2_0000", "id = true"),
        ("balance = 10_000", "balance = \"10_000\""),
        ("slot = 77", "slot = 77\nstate = 5"),
        ("slot = 77", "slot = 77\nstate = \"file:none.json\""),
        ("data = [", "data = [5, "),
        ("data = [", "data = [\"file:none\", "),
        ("host = \"one\"", "host = true"),
        ("refine_gas_limit = 100\n", "refine_gas_limit = \"100\"\n"),
    ] {
        let (_, invalid) = mistakes(before, after);
        assert_eq!(invalid.problems.len(), 1, "{after}: {invalid}");
    }
    let invalid =
        load_text(&format!("services = 5\n{}", cut("[services.one]", "[segments"))).unwrap_err();
    assert_eq!(invalid.problems.len(), 1, "{invalid}");
    let invalid =
        load_text(&format!("segments = 5\n{}", cut("[segments", "[authorizer]"))).unwrap_err();
    assert_eq!(invalid.problems.len(), 1, "{invalid}");
    // Under an unknown protocol no limit can be held against a package.
    let (_, invalid) = mistakes("\"tiny\"", "\"tinny\"");
    assert!(invalid.partial.is_none());
}

/// The file without what is between two places.
fn cut(from: &str, to: &str) -> String {
    let (before, rest) = FULL.split_once(from).expect("it is there");
    let (_, after) = rest.split_once(to).expect("it is there");
    format!("{before}{to}{after}")
}
