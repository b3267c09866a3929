//! Accepted traces, and the faults of other texts.

use jambox_trace::{Action, Block, EndKind, Error, Limits, Reader, SyntaxError, TracedState};

use crate::{SERVICE, read, read_one, with_line};

#[test]
fn everything_in_the_text_is_read() {
    let execution = read_one(SERVICE);
    assert_eq!(execution.line, 7);
    assert_eq!(execution.comments.len(), 6);
    assert_eq!(execution.program.len(), 26);
    let arguments = Block { address: 0xfeff_0000, octets: vec![0x2a] };
    assert_eq!(execution.writes, std::slice::from_ref(&arguments));
    let mut registers = [0; 13];
    (registers[0], registers[1]) = (0xffff_0000, 0xfefe_0000);
    (registers[7], registers[8]) = (0xfeff_0000, 1);
    assert_eq!(execution.start, TracedState { pc: 0, gas: 100, registers });
    let [call] = execution.calls.as_slice() else { panic!("{:?}", execution.calls) };
    registers[8] = 0x2a;
    assert_eq!((call.line, call.number), (10, 3));
    assert_eq!(call.state, TracedState { pc: 2, gas: 98, registers });
    let actions = [
        Action::Read(arguments),
        Action::Write(Block { address: 0xfefd_f000, octets: vec![1, 2] }),
        Action::SetRegister { register: 7, value: 5 },
        Action::SetGas(90),
    ];
    assert_eq!(call.actions, actions);
    registers[7] = 5;
    let end = execution.end.expect("it is there");
    assert_eq!((end.line, end.kind), (15, EndKind::Halt));
    assert_eq!(end.state, TracedState { pc: 4, gas: 89, registers });
}

#[test]
fn a_logger_may_write_around_the_lines() {
    let logged: String =
        SERVICE.lines().map(|line| format!("12:00:00 [trace] {line} (thread 7)\r\n")).collect();
    let (logged, plain) = (read_one(&logged), read_one(SERVICE));
    assert_eq!(logged.calls, plain.calls);
    assert_eq!((logged.program, logged.writes), (plain.program, plain.writes));
    assert_eq!((logged.start, logged.end), (plain.start, plain.end));
}

#[test]
fn lines_that_say_nothing_are_passed_over() {
    let noise =
        "program finished\nstart of epoch\necalli\nthe memread failed\nHALT\nPANIC at 5\n\n";
    let text = SERVICE.lines().fold(String::new(), |text, line| format!("{text}{noise}{line}\n"));
    assert_eq!(read_one(&text).calls[0].actions, read_one(SERVICE).calls[0].actions);
    assert!(read(noise).expect("there is nothing to be wrong").is_empty());
}

#[test]
fn a_trace_may_be_cut_off_between_lines() {
    let lines: Vec<_> = SERVICE.lines().collect();
    let cut = lines[..13].join("\n");
    let execution = read_one(&cut);
    assert_eq!((execution.calls.len(), execution.end), (1, None));
    // The next execution begins where this one is cut off.
    let two = read(&format!("{cut}\n{SERVICE}")).expect("it is a trace");
    assert_eq!((two.len(), two[0].end, two[1].line), (2, None, 20));
}

/// Place and message of the error in a text.
fn error(text: &str) -> (usize, usize, String) {
    match read(text) {
        Err(Error::Syntax { line, column, kind }) => (line, column, kind.to_string()),
        other => panic!("{other:?}"),
    }
}

/// Line of the service's trace, its replacement, column of the mistake, message.
const MISTAKES: &[(&str, &str, usize, &str)] = &[
    (
        "memread 0xfeff0000 len=1 -> 0x2a",
        "memread 0xfeff0000 len=2 -> 0x2a",
        20,
        "`len=2`, but 1 octets follow",
    ),
    (
        "memread 0xfeff0000 len=1 -> 0x2a",
        "memread 0x1feff0000 len=1 -> 0x2a",
        9,
        "the number is larger than 4294967295",
    ),
    ("memread 0xfeff0000 len=1 -> 0x2a", "memread 0xfeff0000 len=1 <- 0x2a", 26, "expected ->"),
    (
        "memread 0xfeff0000 len=1 -> 0x2a",
        "memread 0xfeff0000 len=1 -> 0x2",
        31,
        "expected an even number of hexadecimal digits",
    ),
    (
        "memread 0xfeff0000 len=1 -> 0x2a",
        "memread 0xfeff0000 len=1 -> 0x2ag",
        33,
        "expected a hexadecimal digit or a space",
    ),
    (
        "memread 0xfeff0000 len=1 -> 0x2a",
        "memread 0xffffffff len=2 -> 0x2a2a",
        9,
        "the octets reach beyond the end of memory",
    ),
    ("memread 0xfeff0000 len=1 -> 0x2a", "memread 0xfeff0000", 19, "expected len="),
    ("setreg r07 <- 0x5", "setreg r13 <- 0x5", 9, "the number is larger than 12"),
    ("setreg r07 <- 0x5", "setreg r07 <- 5", 15, "expected a hexadecimal number with `0x`"),
    (
        "setreg r07 <- 0x5",
        "setreg r07 <- 0x10000000000000000",
        15,
        "the number is larger than 18446744073709551615",
    ),
    ("setgas <- 90", "setgas <- -1", 11, "expected a decimal number"),
    (
        "setgas <- 90",
        "setgas <- 18446744073709551616",
        11,
        "the number is larger than 18446744073709551615",
    ),
    ("HALT pc=4 gas=89", "HALT pc=4", 30, "expected gas="),
    (
        "start pc=0 gas=100 r00=0xffff0000",
        "start pc=0 gas=100 r01=0x1 r00=0xffff0000",
        43,
        "register 1 is given twice",
    ),
    ("ecalli=3 pc=2", "ecalli=3", 10, "expected pc="),
];

#[test]
fn every_mistake_in_a_line_is_found_where_it_is() {
    for (line, other, column, message) in MISTAKES.iter().copied() {
        let wrong = with_line(SERVICE, line, other);
        let (found_line, found_column, found) = error(&wrong);
        let expected_line =
            1 + SERVICE[..SERVICE.find(line).expect("it is there")].matches('\n').count();
        let expected_column = if line.starts_with("HALT") { 11 } else { column };
        assert_eq!(
            (found_line, found_column),
            (expected_line, expected_column),
            "{other}: {found}"
        );
        assert_eq!(found, message, "{other}");
    }
}

#[test]
fn lines_out_of_place_are_refused() {
    let start = "start pc=0 gas=1\n";
    let program = "program 0x00\n";
    let cases = [
        (start.to_owned(), 1, "unexpected `start`: an execution begins with `program`"),
        (
            format!("{program}{program}"),
            2,
            "unexpected `program`: `memwrite` or `start` is expected",
        ),
        (
            format!("{program}memread 0x0 len=0 -> 0x\n"),
            2,
            "unexpected `memread`: `memwrite` or `start` is expected",
        ),
        (format!("{program}{start}{start}"), 3, "unexpected `start`: the execution has started"),
        (
            format!("{program}{start}setgas <- 1\n"),
            3,
            "unexpected `setgas`: it belongs to an `ecalli`",
        ),
        (program.to_owned(), 1, "expected `memwrite` or `start`"),
    ];
    for (text, line, message) in cases {
        assert_eq!(error(&text), (line, 1, message.to_owned()), "{text}");
    }
}

#[test]
fn nothing_beyond_the_limits_is_held() {
    let limits = Limits { line: 100, execution: 1000 };
    let read =
        |text: &str| Reader::with_limits(text.as_bytes(), limits).collect::<Result<Vec<_>, _>>();
    assert_eq!(read(SERVICE).expect("it is within the limits").len(), 1);
    let long = format!("program 0x{}", "00".repeat(1 << 20));
    let kind = SyntaxError::LineTooLong(100);
    assert!(
        matches!(read(&long), Err(Error::Syntax { line: 1, kind: found, .. }) if found == kind)
    );
    let many = format!("{SERVICE}{}", "setgas <- 5\n".repeat(100));
    let lines =
        many.lines().filter(|line| !line.starts_with("HALT")).collect::<Vec<_>>().join("\n");
    let kind = SyntaxError::ExecutionTooLong(1000);
    assert!(matches!(read(&lines), Err(Error::Syntax { kind: found, .. }) if found == kind));
    // The limit is for each execution alone.
    assert_eq!(read(&SERVICE.repeat(5)).expect("each is within the limits").len(), 5);
}

#[test]
fn no_octets_make_the_reader_panic() {
    for end in 0..SERVICE.len() {
        let _ = read(&SERVICE[..end]);
        let mut broken = SERVICE.as_bytes().to_vec();
        broken[end] ^= 0x80;
        let _ = Reader::new(broken.as_slice()).count();
    }
}
