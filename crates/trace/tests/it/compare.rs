//! Comparing two traces.

use jambox_trace::compare;

use crate::{ENDINGS, SERVICE, read, read_one, with_line};

#[test]
fn a_trace_equals_itself_in_whatever_order_the_host_is_told_of() {
    assert_eq!(compare(&read_one(SERVICE), &read_one(SERVICE)), None);
    let (before, rest) = SERVICE.split_once("memread").expect("it is there");
    let (actions, end) = rest.split_once("HALT").expect("it is there");
    let reversed: Vec<_> = actions.lines().rev().collect();
    let (last, others) = reversed.split_last().expect("there are some");
    let other = format!("{before}{}\nmemread{last}\nHALT{end}", others.join("\n"));
    assert_ne!(other, SERVICE);
    assert_eq!(compare(&read_one(SERVICE), &read_one(&other)), None);
    let panic = with_line(ENDINGS, "PANIC=0 pc=5", "PANIC=7 pc=5");
    let (ours, theirs) = (read(ENDINGS).expect("a trace"), read(&panic).expect("a trace"));
    assert_eq!(compare(&ours[0], &theirs[0]), None);
}

#[test]
fn the_first_difference_is_named() {
    let cases = [
        ("033200", "033201", "line 7, start: the programs differ from octet 24 on"),
        (
            "memwrite 0xfeff0000 len=1 <- 0x2a\n",
            "",
            "line 7, start: initial memory: memwrite 0xfeff0000 len=1 <- 0x2a expected, nothing \
             found",
        ),
        ("start pc=0", "start pc=5", "line 7, start: pc 0 expected, 5 found"),
        ("ecalli=3 pc=2", "ecalli=3 pc=4", "line 10, call 1: pc 2 expected, 4 found"),
        ("ecalli=3", "ecalli=4", "line 10, call 1: host call 3 expected, host call 4 found"),
        (
            "memwrite 0xfefdf000 len=2 <- 0x0102",
            "memwrite 0xfefdf000 len=2 <- 0x0103",
            "line 10, serving call 1: `memwrite 0xfefdf000 len=2 <- 0x0102` expected, `memwrite \
             0xfefdf000 len=2 <- 0x0103` found",
        ),
        ("setgas <- 90\n", "", "line 10, serving call 1: `setgas <- 90` expected, nothing found"),
        ("HALT pc=4 gas=89", "HALT pc=4 gas=88", "line 15, end: gas 89 expected, 88 found"),
        ("HALT pc=4", "PANIC=0 pc=4", "line 15, end: halt expected, panic found"),
        ("HALT pc=4", "ecalli=9 pc=4", "line 15, end: halt expected, host call 9 found"),
        ("HALT pc=4", "halt", "line 15, end: halt expected, nothing found"),
    ];
    for (line, other, message) in cases {
        let changed = read_one(&with_line(SERVICE, line, other));
        let difference = compare(&read_one(SERVICE), &changed).expect("they differ");
        assert_eq!(difference.to_string(), message, "{other}");
    }
    let (cut, _) = SERVICE.split_once("ecalli=").expect("it is there");
    let difference = compare(&read_one(SERVICE), &read_one(cut)).expect("they differ");
    assert_eq!(difference.to_string(), "line 10, call 1: host call 3 expected, nothing found");
}
