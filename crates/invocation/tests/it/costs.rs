//! Resources of the host used by a guest: no memory is allocated for lengths that are only claimed,
//! and the host's limits end runs that the protocol does not end.

use std::process::{Command, Stdio};
use std::time::Duration;

use jambox_engine::Access;
use jambox_invocation::{HostError, Limits, RefineCall, Refined, refine};
use jambox_types::{CoreIndex, Gas, Hash, WorkError};

use crate::backends::environment;
use crate::guest::{FULL, Guest, HUH, NONE, OK, OWN, PLENTY};
use crate::program::{DATA, HALT, LOOP, ecalli, load_imm, load_imm_64, standard, with_metadata};
use crate::world::{Block, SELF, Work, blob, preimage};
use jambox_state::RequestHistory;
use jambox_types::TimeSlot;

/// Marks the process whose memory is measured.
const VARIABLE: &str = "JAMBOX_TEST_CLAIMS";

/// Start of 3.5 GiB of zeros in guests: none of their pages is in memory.
const ZEROS: u64 = 0x10_0000;
const ZERO_PAGES: u64 = 0xe_0000;

/// A length within them.
const HUGE: u64 = 0xd000_0000;

/// Largest memory of the process, in KiB, while its guests claim such lengths.
const MOST: u64 = 256 << 10;

fn with_zeros(guest: &mut Guest<'_, '_>) {
    let (first, count) = ((ZEROS / 4096) as u32, ZERO_PAGES as u32);
    guest.memory.set_access(first, count, Access::ReadWrite);
    guest.gas = PLENTY;
}

/// Peak memory of this process, in KiB; `None` if the system does not report it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn no_claim_of_a_length_takes_memory() {
    let test = "costs::claims_of_huge_lengths";
    let mut child = Command::new(std::env::current_exe().expect("a program"));
    child.env(VARIABLE, "1").args(["--exact", test, "--nocapture"]).stdin(Stdio::null());
    let output = child.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn claims_of_huge_lengths() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    // Keys and values that the account lacks and cannot pay for.
    Block::new().run_in_vain(|guest| {
        with_zeros(guest);
        guest.answers(3, &[OWN, ZEROS, HUGE, ZEROS, 0, 9], NONE);
        guest.answers(4, &[ZEROS, HUGE, ZEROS, 9], FULL);
        guest.answers(4, &[ZEROS, 9, ZEROS, HUGE], FULL);
        guest.answers(4, &[ZEROS, HUGE, ZEROS, 0], NONE);
    });
    // A preimage without a request, and entries of one and the same service.
    Block::new().run_in_vain(|guest| {
        with_zeros(guest);
        guest.answers(26, &[OWN, ZEROS, 48 << 20], HUH);
    });
    let after = Block::new().run(|guest| {
        with_zeros(guest);
        guest.answers(14, &[1, ZEROS, 2, 3, ZEROS, (320 << 20) / 12], OK);
    });
    assert_eq!(after.state.privileges.always_accumulate.len(), 1);
    // A program blob shorter than its own length field; memory between two machines.
    Work::new().refine(|guest| {
        with_zeros(guest);
        guest.answers(8, &[ZEROS, HUGE, 0], HUH);
        let program = crate::program::blob(&[HALT]);
        guest.put(ZEROS, &program);
        guest.answers(8, &[ZEROS, program.len() as u64, 0], 0);
        guest.answers(11, &[0, 16, 0xe_0000, 2], OK);
        guest.answers(10, &[0, ZEROS, 0x1_0000, 16 << 20], OK);
    });
    // An output of all memory that `sbrk` gave.
    let limits = Limits { memory: 1 << 30, ..Limits::default() };
    let (size, start) = (load_imm_64(2, HUGE), load_imm(7, 0x2_0000));
    let ending = work_of(b"", &[&size, &[101, 0x29], &start, &load_imm_64(8, HUGE), HALT]);
    let ended = refined_within(limits, &ending);
    assert!(matches!(ended, Err(HostError::TooMuchMemory(_))), "{ended:?}");
    if let Some(peak) = peak() {
        assert!(peak < MOST, "{peak} KiB");
    }
}

/// Work for a service with this code and these read-only data.
fn work_of(data: &[u8], instructions: &[&[u8]]) -> Work {
    let code = with_metadata(b"", &standard(data, instructions));
    let mut work = Work::new();
    preimage(&mut work.accounts, SELF, &code, RequestHistory::Available(TimeSlot(0)));
    for item in &mut work.package.items {
        item.code_hash = Hash::blake2b(&code);
    }
    work
}

fn refined_within(limits: Limits, work: &Work) -> Result<Refined, HostError> {
    let env = environment(work.protocol).with_limits(limits);
    let (data, trace) = (work.data(), blob(b""));
    let call = RefineCall {
        package: &data,
        item: 1,
        core: CoreIndex(3),
        trace: &trace,
        export_offset: 0,
        accounts: &work.accounts,
    };
    refine(&env, call, &mut ())
}

#[test]
fn a_guest_is_stopped_when_its_time_is_over() {
    let mut work = work_of(b"", &[LOOP]);
    work.package.items[1].refine_gas_limit = Gas(u64::MAX >> 1);
    let time = Some(Duration::from_millis(30));
    let ended = refined_within(Limits { time, ..Limits::default() }, &work);
    assert!(matches!(ended, Err(HostError::TooLong(_))), "{ended:?}");
    assert!(ended.unwrap_err().is_limit());
}

/// Reading the clock does not change a guest's run.
#[test]
fn a_limit_of_time_that_is_not_reached_changes_nothing() {
    let mut work = work_of(b"", &[LOOP]);
    work.package.items[1].refine_gas_limit = Gas(20_000_001);
    let hour = Some(Duration::from_secs(3600));
    for time in [None, hour] {
        let ended = refined_within(Limits { time, ..Limits::default() }, &work).unwrap();
        assert_eq!((ended.result, ended.gas_used), (Err(WorkError::OutOfGas), Gas(20_000_001)));
    }
}

#[test]
fn what_the_host_keeps_and_copies_is_limited() {
    // Two exports of four octets each, which are two segments of 4104.
    let export: [&[u8]; 3] = [&load_imm(7, DATA), &load_imm(8, 4), &ecalli(7)];
    let work = work_of(b"data", &[&export.repeat(2)[..], &[&load_imm(8, 0), HALT]].concat());
    // The heap of a program with less than 64 KiB of data begins, and here ends, at 0x30000.
    let memory = |kept: u64| Limits { memory: 0x3_0000 + kept, ..Limits::default() };
    let copied = |copied| Limits { copied, ..Limits::default() };
    for limits in [memory(2 * 4104), copied(2 * 4)] {
        assert_eq!(refined_within(limits, &work).unwrap().exports.len(), 2);
    }
    let ended = refined_within(memory(2 * 4104 - 1), &work);
    assert!(matches!(ended, Err(HostError::TooMuchMemory(_))), "{ended:?}");
    let ended = refined_within(copied(2 * 4 - 1), &work);
    assert!(matches!(ended, Err(HostError::TooMuchCopied(7))), "{ended:?}");
    assert!(ended.unwrap_err().is_limit());
}
