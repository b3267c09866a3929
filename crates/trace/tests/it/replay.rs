//! Replay: agreement, and the first difference.

use jambox_engine::{Backend, Config, Engine};
use jambox_hostcall::Revision;
use jambox_program::{StandardProgram, join_metadata};
use jambox_trace::{Error, Replayed, replay};

use crate::{ENDINGS, SERVICE, read, read_one, with_line};

fn engines() -> Vec<Engine> {
    let engine = |backend| {
        Engine::new(Config { backend, revision: Revision::GrayPaper072, ..Config::default() })
    };
    Backend::all_here()
        .into_iter()
        .map(|backend| engine(backend).expect("it is supported"))
        .collect()
}

#[test]
fn our_own_traces_replay() {
    for engine in engines() {
        for (text, count) in [(SERVICE, 1), (ENDINGS, 4)] {
            let executions = read(text).expect("it is a trace");
            assert_eq!(executions.len(), count);
            for execution in executions {
                let replayed = replay(&execution, &engine).expect("the program is right");
                assert_eq!(replayed, Replayed::Same, "line {}", execution.line);
            }
        }
    }
}

#[test]
fn the_first_difference_is_named() {
    let halt = "HALT pc=4 gas=89 r00=0xffff0000 r01=0xfefe0000 r07=0x5 r08=0x2a";
    let call = "ecalli=3 pc=2 gas=98";
    let read = "memread 0xfeff0000 len=1 -> 0x2a";
    let cases = [
        (call, "ecalli=4 pc=2 gas=98", "line 10, call 1: host call 4 expected, host call 3 found"),
        (call, "ecalli=3 pc=3 gas=98", "line 10, call 1: pc 3 expected, 2 found"),
        (call, "ecalli=3 pc=2 gas=97", "line 10, call 1: gas 97 expected, 98 found"),
        (
            "r07=0xfeff0000 r08=0x2a",
            "r08=0x2a",
            "line 10, call 1: r7 0x0 expected, 0xfeff0000 found",
        ),
        (
            read,
            "memread 0xfeff0000 len=1 -> 0x2b",
            "line 10, serving call 1: the host reads at 0xfeff0000: 0x2b expected, 0x2a found",
        ),
        (
            read,
            "memread 0xfeff0ffe len=3 -> 0x000000",
            "line 10, serving call 1: the host reads at 0xfeff1000: 0x00 expected, inaccessible \
             memory found",
        ),
        (
            "memwrite 0xfefdf000",
            "memwrite 0x00010000",
            "line 10, serving call 1: the host writes 2 octets at 0x00010000, which is not \
             writable",
        ),
        (
            halt,
            "HALT pc=4 gas=88 r00=0xffff0000 r01=0xfefe0000 r07=0x5 r08=0x2a",
            "line 15, end: gas 88 expected, 89 found",
        ),
        (halt, "OOG pc=4 gas=0", "line 15, end: out of gas expected, halt found"),
        (halt, "ecalli=1 pc=4 gas=88", "line 15, call 2: host call 1 expected, halt found"),
    ];
    let engine = engines().remove(0);
    for (line, other, message) in cases {
        let changed = read_one(&with_line(SERVICE, line, other));
        match replay(&changed, &engine).expect("the program is right") {
            Replayed::Different(difference) => assert_eq!(difference.to_string(), message),
            replayed => panic!("{other}: {replayed:?}"),
        }
    }
}

#[test]
fn a_trace_that_leaves_out_its_last_call_is_known_by_it() {
    let text = "program 0x0000059577050a0309\nstart pc=0 gas=6\nOOG pc=3 gas=0 r07=0x5\n";
    for engine in engines() {
        let replayed = replay(&read_one(text), &engine).expect("the program is right");
        assert_eq!(replayed, Replayed::SameButForLastCall { number: 3, gas: 4 });
        // The omission is accepted only if the machine agrees in all else.
        let other = read_one(&with_line(text, "r07=0x5", "r07=0x6"));
        let replayed = replay(&other, &engine).expect("the program is right");
        assert!(matches!(replayed, Replayed::Different(_)), "{replayed:?}");
    }
}

#[test]
fn a_trace_cut_off_replays_as_far_as_it_goes() {
    let (cut, _) = SERVICE.split_once("HALT").expect("it is there");
    let engine = engines().remove(0);
    assert_eq!(replay(&read_one(cut), &engine).expect("the program is right"), Replayed::CutOff);
}

#[test]
fn a_program_in_no_known_form_is_an_error() {
    let text = "comment\nprogram 0xff\nstart pc=0 gas=6\n";
    let engine = engines().remove(0);
    let error = replay(&read_one(text), &engine).unwrap_err();
    assert!(matches!(error, Error::Program { line: 2, .. }), "{error}");
}

/// Another implementation omits the call but writes the gas left by it.
#[test]
fn a_last_call_of_which_only_the_gas_is_shown_is_left_out() {
    let one =
        "program 0x0000059577050a0309\nstart pc=0 gas=6\nsetgas <- 0\nOOG pc=3 gas=0 r07=0x5\n";
    let two = "program 0x0000050a020a030015\nstart pc=0 gas=20\necalli=2 pc=0 gas=19\n\
               setreg r07 <- 0x5\nsetgas <- 9\nsetgas <- 0\nOOG pc=2 gas=0 r07=0x5\n";
    for engine in engines() {
        let replayed = replay(&read_one(one), &engine).expect("the program is right");
        assert_eq!(replayed, Replayed::SameButForLastCall { number: 3, gas: 4 });
        let replayed = replay(&read_one(two), &engine).expect("the program is right");
        assert_eq!(replayed, Replayed::SameButForLastCall { number: 3, gas: 8 });
    }
    for end in ["PANIC=0 pc=3 gas=0 r07=0x5", "ecalli=4 pc=3 gas=0", "setgas <- 0"] {
        let error = read(&with_line(one, "OOG pc=3 gas=0 r07=0x5", end)).unwrap_err();
        assert!(error.to_string().ends_with("it belongs to an `ecalli`"), "{error}");
    }
}

/// A host call that panics its guest is charged; its host may show the charge in a line of its own
/// or not.
#[test]
fn the_price_of_a_call_that_panics_need_not_be_set() {
    let text = "program 0x0000059577050a0309\nstart pc=0 gas=60\necalli=3 pc=3 gas=58 r07=0x5\n\
                PANIC=0 pc=3 gas=48 r07=0x5\n";
    let engine = engines().remove(0);
    let replayed = |text: &str| replay(&read_one(text), &engine).expect("the program is right");
    assert_eq!(replayed(text), Replayed::Same);
    let set = with_line(text, "PANIC=0 pc=3 gas=48", "setgas <- 48\nPANIC=0 pc=3 gas=48");
    assert_eq!(replayed(&set), Replayed::Same);
    for wrong in ["setgas <- 47\nPANIC=0 pc=3 gas=48", "PANIC=0 pc=3 gas=59"] {
        let wrong = with_line(text, "PANIC=0 pc=3 gas=48", wrong);
        assert!(matches!(replayed(&wrong), Replayed::Different(_)), "{wrong}");
    }
}

/// JIP-7 has no line for pages made writable by `grow_heap`: they follow from `r7`.
#[test]
fn pages_that_grow_heap_adds_are_there() {
    // `ecalli 1`, `store_u8 r8` to 0x20123, `trap`: a standard program without data, whose heap
    // begins at page 0x20. Its block costs 100 gas.
    let code = [0, 0, 8, 10, 1, 59, 8, 0x23, 0x01, 0x02, 0, 0b1000_0101];
    let program = StandardProgram::new([], [], 0, 0, code).expect("the sizes fit").encode();
    let program = const_hex::encode(join_metadata(b"", &program));
    let registers = "r00=0xffff0000 r01=0xfefe0000";
    let text = |end: &str| {
        format!(
            "program 0x{program}\nstart pc=0 gas=500 {registers} r07=0x21\n\
             ecalli=1 pc=0 gas=400 {registers} r07=0x21\nsetreg r07 <- {end}\nsetgas <- 3\n\
             PANIC=0 pc=7 gas=3 {registers} r07={end}\n"
        )
    };
    for backend in Backend::all_here() {
        let config = Config { backend, revision: Revision::GrayPaper080, ..Config::default() };
        let engine = Engine::new(config).expect("it is supported");
        let replayed = |end| replay(&read_one(&text(end)), &engine).expect("the program is right");
        assert_eq!(replayed("0x21"), Replayed::Same);
        // Without growth the store faults.
        assert!(matches!(replayed("0x20"), Replayed::Different(_)));
    }
}
