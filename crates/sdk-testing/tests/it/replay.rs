//! Native replay of traces of compiled runs.

use jambox_sdk_testing::{ReplayError, Replayed, replay};

/// The service of guests/token-authorizer, whose compiled run the trace is of.
mod authorizer {
    use jambox_sdk::prelude::*;

    fn is_authorized(ctx: &AuthorizeContext, _: AuthorizeArguments) -> Result<Vec<u8>, Error> {
        let expected = ctx.fetcher().authorizer_configuration()?;
        let shown = blake2b_256(&ctx.fetcher().authorization_token()?);
        if expected != shown.0 {
            warn!(target: "authorizer", "the token does not hash to the configuration");
            panic!("not authorized");
        }
        Ok(shown.0[..4].to_vec())
    }

    entry_points! { is_authorized = is_authorized }
}

/// As `jambox trace record guests/paste-bin` writes it under 0.8.0, but for the program, which
/// nothing here runs, and for registers that are no arguments.
const TRACE: &str = "\
comment is-authorized on core 0 (gray-paper-0.8.0)
program 0x0000059577050a0309
memwrite 0xfeff0000 len=2 <- 0x0000
start pc=0 gas=50000000 r00=0xffff0000 r01=0xfefe0000 r07=0xfeff0000 r08=0x2
ecalli=2 pc=60 gas=49999543 r07=0x30000 r09=0x100 r10=0x8 r12=0x99
memwrite 0x00030000 len=32 <- 0x928db2d7bd4e793d9cc22938b5a960aaf601d4409c2bafb096d95046f61f65ad
setreg r07 <- 0x20
setgas <- 49999459
ecalli=2 pc=212 gas=49998999 r07=0x30100 r09=0x100 r10=0x9
memwrite 0x00030100 len=11 <- 0x6f70656e20736573616d65
setreg r07 <- 0xb
setgas <- 49998911
HALT pc=714 gas=49981765 r07=0x30200 r08=0x4
";

/// The start of the last line.
const END: &str = "HALT pc=714 gas=49981765 r07=0x30200 r08=0x4";

fn replayed(trace: &str) -> Result<Replayed, ReplayError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.log");
    std::fs::write(&path, trace).unwrap();
    replay(authorizer::SERVICE, &path, 1)
}

#[test]
fn answers_of_the_compiled_run_lead_to_the_same_output() {
    let output = blake2b_of_the_token();
    assert_eq!(replayed(TRACE).unwrap(), Replayed::Returned(output));
}

fn blake2b_of_the_token() -> Vec<u8> {
    // The configuration is the token's hash, and the output its beginning.
    vec![0x92, 0x8d, 0xb2, 0xd7]
}

#[test]
fn a_panic_and_its_message_are_as_in_the_trace() {
    // Another token, and two lines of the log: the service's own, and the compiled panic's.
    let wrong = TRACE.replace("6f70656e", "6f70656f");
    let warn = "ecalli=100 pc=300 gas=40 r07=0x1 r08=0x40000 r09=REGISTER r10=0x40100 r11=0x2c
memread 0x00040100 len=44 -> 0x";
    let message: String =
        b"the token does not hash to the configuration".map(|it| format!("{it:02x}")).concat();
    let target: String = b"authorizer".map(|it| format!("{it:02x}")).concat();
    let warn = warn.replace("REGISTER", &format!("{:#x}", target.len() / 2));
    let warn =
        format!("{warn}{message}\nmemread 0x00040000 len={} -> 0x{target}\n", target.len() / 2);
    let panicking =
        "ecalli=100 pc=400 gas=30 r10=0x40200 r11=0x1\nmemread 0x00040200 len=1 -> 0x21\n";
    let end = "PANIC=0 pc=500 gas=20";
    let wrong = wrong.replace(END, &format!("{warn}{panicking}{end}"));
    assert_eq!(replayed(&wrong).unwrap(), Replayed::Panicked);
    // The recorded run halted, and this one panics.
    let error = replayed(&TRACE.replace("6f70656e", "6f70656f")).unwrap_err();
    assert!(error.to_string().contains("halt in the trace, and another host call here"), "{error}");
}

#[test]
fn a_run_that_went_no_further_is_replayed_up_to_there() {
    let second = TRACE.find("ecalli=2 pc=212").unwrap();
    let cut = &TRACE[..second];
    let stopped = |reason: &str| Replayed::Stopped(reason.to_owned());
    assert_eq!(replayed(cut).unwrap(), stopped("the trace is cut off here"));
    let out = format!("{cut}OOG pc=211 gas=0 r07=0x20\n");
    let reason = "the compiled run was out of gas before its next host call";
    assert_eq!(replayed(&out).unwrap(), stopped(reason));
    let first = TRACE.find("memwrite 0x00030000").unwrap();
    let in_call = format!(
        "{}PANIC=0 pc=60 gas=49999543 r07=0x30000 r09=0x100 r10=0x8 r12=0x99\n",
        &TRACE[..first]
    );
    let reason = "host call fetch stopped the service: panic";
    assert_eq!(replayed(&in_call).unwrap(), stopped(reason));
}

#[test]
fn another_service_is_told_from_the_one_of_the_trace() {
    for (was, is, told) in [
        ("r10=0x9", "r10=0x8", "r10 is 0x9 here, and 0x8"),
        ("ecalli=2 pc=212", "ecalli=4 pc=212", "the native service makes fetch"),
        (END, &format!("ecalli=0 pc=700 gas=9\n{END}"), "and the native service returns"),
        (END, "PANIC=0 pc=1 gas=1", "panic in the trace, and the native service returns"),
    ] {
        let error = replayed(&TRACE.replace(was, is)).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
    let error = replayed("").unwrap_err().to_string();
    assert!(error.contains("execution 1 does not exist: the trace has 0"), "{error}");
    assert!(matches!(replayed("program 0x0"), Err(ReplayError::Trace(_))));
}
