//! Every point of a recording is as it was when it ran: against an observer that steps through the
//! same packages and notes every state.

use std::path::Path;

use jambox_chain::accumulation::{AccumulationState, BlockContext};
use jambox_chain::{ReportCall, accumulate_alone, compute_report};
use jambox_debug::{
    Bounds, Condition, Direction, Kind, Over, Position, Recorder, Recording, Session,
};
use jambox_debug::{StopPoint, Stopped, Stops, Target};
use jambox_engine::{Backend, Exit, Inspector, Instance};
use jambox_invocation::{Env, Invocation, Machine, Observer, Started};
use jambox_package::{Disk, Package, Switches, load};
use jambox_types::ServiceId;

/// The visible state of a machine, and a hundred octets of its stack.
#[derive(Clone, Debug, PartialEq)]
struct State {
    machine: Machine,
    pc: u64,
    regs: [u64; 13],
    gas: u64,
    stack: Option<Vec<u8>>,
}

fn state(machine: Machine, instance: &Instance) -> State {
    let (regs, gas) = (*instance.regs(), instance.gas());
    let stack = instance.memory().read(regs[1], 100).ok();
    State { machine, pc: instance.pc(), regs, gas, stack }
}

/// Steps through one invocation and notes the state before each instruction.
struct Oracle {
    wanted: Invocation,
    is_active: bool,
    states: Vec<State>,
}

struct Noted<'a>(Machine, &'a mut Vec<State>);

impl Inspector for Noted<'_> {
    fn stops(&mut self, instance: &Instance) -> bool {
        self.1.push(state(self.0, instance));
        false
    }
}

impl Observer for Oracle {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.is_active = started.invocation == self.wanted && self.states.is_empty();
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        if !self.is_active {
            return instance.run();
        }
        instance.run_until(&mut Noted(machine, &mut self.states)).expect("it is never stopped")
    }
}

pub fn package(path: &str) -> Package {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let path = root.join("guests").join(path).join("package.toml");
    load(&Disk, &path, &Switches::default(), None).unwrap_or_else(|it| panic!("{it:?}"))
}

fn run(package: &Package, backend: Backend, observer: &mut dyn Observer) {
    let env = Env::with_backend(package.protocol, backend).unwrap();
    let call = ReportCall {
        package: &package.work_package,
        core: package.core,
        extrinsics: &package.extrinsics,
        exported: &Default::default(),
        segment_roots: &package.segment_roots,
        accounts: &package.state.accounts,
        validators: package.protocol.validator_counts().max,
    };
    let report = compute_report(&env, call, observer).unwrap().report;
    let parameters = &package.protocol.parameters;
    let prior = AccumulationState::without_history(package.state.clone(), package.slot, parameters);
    let block = BlockContext { slot: package.slot, entropy: package.entropy };
    accumulate_alone(&env, prior, block, &report, observer).unwrap();
}

pub fn record(package: &Package, target: Target, bounds: Bounds, backend: Backend) -> Recording {
    let mut recorder = Recorder::new(target, bounds, &package.symbols);
    run(package, backend, &mut recorder);
    recorder.finish().expect("it ran")
}

const PACKAGES: [(&str, Target); 6] = [
    ("asm/counter", Target::Refine(0)),
    ("asm/counter", Target::Accumulate(ServiceId(42))),
    ("asm/inner", Target::Refine(0)),
    ("nested", Target::Refine(0)),
    ("paste-bin", Target::Accumulate(ServiceId(7))),
    ("paste-bin", Target::IsAuthorized),
];

fn spaced(spacing: u64) -> Bounds {
    Bounds { spacing, ..Bounds::default() }
}

/// The states of a session from its start to its end.
fn states(session: &mut Session) -> Vec<State> {
    let mut all = Vec::new();
    while !session.is_at_end() {
        all.push(state(session.machine(), session.instance()));
        assert!(session.step());
    }
    assert!(!session.step(), "nothing comes after the end");
    all
}

#[test]
fn what_a_session_shows_is_what_ran() {
    for (path, target) in PACKAGES {
        let package = package(path);
        for (backend, spacing) in [(Backend::default(), 60), (Backend::Interpreter, 1_000_000)] {
            let recording = record(&package, target, spaced(spacing), backend);
            let wanted = recording.invocation.unwrap();
            let mut oracle = Oracle { wanted, is_active: false, states: Vec::new() };
            run(&package, Backend::Stepper, &mut oracle);
            let mut session = Session::new(recording).unwrap();
            let seen = states(&mut session);
            assert!(!seen.is_empty());
            let differs = seen.iter().zip(&oracle.states).position(|(seen, ran)| seen != ran);
            assert_eq!((differs, seen.len()), (None, oracle.states.len()), "{path} {target:?}");
            assert_eq!(session.instructions(), seen.len() as u64);
            let end = session.recording().end.as_ref().expect("it was recorded to its end");
            let here = session.outer().snapshot(None);
            // A host call that stops its machine is told by the recording alone.
            let is_same = here.is_same(end) || session.recording().failure.is_some();
            assert!(is_same, "{path} {target:?}");
        }
    }
}

#[test]
fn going_back_shows_what_was_there() {
    for (path, target) in PACKAGES {
        let recording = record(&package(path), target, spaced(300), Backend::default());
        let mut session = Session::new(recording).unwrap();
        let seen = states(&mut session);
        session.seek_end();
        for expected in seen.iter().rev().take(700) {
            assert!(session.step_back());
            assert_eq!(state(session.machine(), session.instance()), *expected);
        }
        for instruction in (0..seen.len()).rev().step_by(97) {
            session.seek_instruction(instruction as u64);
            assert_eq!(session.instructions(), instruction as u64);
            let here = state(session.machine(), session.instance());
            assert_eq!(here, seen[instruction], "{path} {target:?} {instruction}");
        }
        session.seek(Position::default());
        assert!(!session.step_back(), "nothing comes before the start");
    }
}

/// All positions at which a session stops, until the end.
fn stopped_at(session: &mut Session, direction: Direction, stops: &Stops) -> Vec<Position> {
    let mut all = Vec::new();
    while session.run(direction, stops) != Stopped::End {
        all.push(session.position());
    }
    all
}

fn stops(kind: Kind, condition: Option<&str>) -> Stops {
    let condition = condition.map(|text| Condition::parse(text).unwrap());
    let mut stops = Stops::default();
    assert_eq!(stops.add(StopPoint { kind, condition }), 1);
    stops
}

#[test]
fn places_are_the_same_in_both_directions() {
    let recording = record(&package("nested"), Target::Refine(0), spaced(200), Backend::default());
    let mut session = Session::new(recording).unwrap();
    let seen = states(&mut session);
    let pc = seen[seen.len() / 2].pc;
    let counted = seen.iter().skip(1).filter(|it| it.pc == pc && it.machine == Machine::Outer);
    let places = stops(Kind::Places([(0, pc)].into()), None);
    session.seek(Position::default());
    let mut forwards = stopped_at(&mut session, Direction::Forwards, &places);
    assert_eq!(forwards.len(), counted.count());
    assert!(!forwards.is_empty());
    session.seek_end();
    let backwards = stopped_at(&mut session, Direction::Backwards, &places);
    forwards.reverse();
    assert_eq!(forwards, backwards);
}

#[test]
fn calls_writes_and_keys_are_found_in_both_directions() {
    let target = Target::Accumulate(ServiceId(7));
    let recording = record(&package("paste-bin"), target, spaced(500), Backend::default());
    let mut session = Session::new(recording).unwrap();
    let queue = stops(Kind::Storage(b"queue".to_vec()), None);
    let key = |session: &Session| {
        session.last_call().and_then(|call| call.written_key().map(<[u8]>::to_vec))
    };
    assert_eq!(session.run(Direction::Forwards, &queue), Stopped::At(vec![1]));
    assert_eq!(key(&session).as_deref(), Some(&b"queue"[..]));
    let behind = session.position();
    assert_eq!(session.run(Direction::Forwards, &queue), Stopped::End);
    assert_eq!(session.run(Direction::Backwards, &queue), Stopped::At(vec![1]));
    assert!(session.position() < behind);
    let call = session.instance().module().instruction_at(session.instance().pc());
    assert!(call.to_string().starts_with("ecalli"), "{call}: before the call");
    assert!(session.step());
    assert_eq!(session.position(), behind);

    // Look for the writer of the first octets of the value that was stored.
    let write = session.last_call().unwrap();
    let (address, expected) = (write.before[9], write.before[10]);
    assert!(expected > 0);
    let writes = stops(Kind::Memory(address, 1), None);
    assert_eq!(session.run(Direction::Backwards, &writes), Stopped::At(vec![1]));
    let before = session.instance().memory().read(address, 1).unwrap();
    session.step();
    let after = session.instance().memory().read(address, 1).unwrap();
    assert_ne!(before, after, "the instruction at which it stopped wrote there");

    session.seek(Position::default());
    let any = stops(Kind::Call(None), None);
    let calls = stopped_at(&mut session, Direction::Forwards, &any).len();
    let ended = session.recording().stretches.iter().filter(|it| it.ending.call().is_some());
    assert_eq!(calls, ended.count());
    let few = stops(Kind::Call(None), Some("gas < 100"));
    session.seek(Position::default());
    assert!(stopped_at(&mut session, Direction::Forwards, &few).len() < calls);
}

#[test]
fn inner_machines_and_gas_are_stopped_for() {
    let recording =
        record(&package("asm/inner"), Target::Refine(0), spaced(500), Backend::default());
    let runs = recording.stretches.iter().filter(|it| it.is_first && it.machine != Machine::Outer);
    let runs = runs.count();
    assert!(runs > 0);
    let mut session = Session::new(recording).unwrap();
    let inner = stops(Kind::InnerStart, None);
    let started = stopped_at(&mut session, Direction::Forwards, &inner);
    assert_eq!(started.len(), runs);
    session.seek(started[0]);
    assert!(session.machine() != Machine::Outer);
    let exits = stops(Kind::Exit, None);
    session.seek(Position::default());
    assert_eq!(stopped_at(&mut session, Direction::Forwards, &exits).len(), runs + 1);

    session.seek(Position::default());
    let gas = session.instance().gas() - 100;
    let below = stops(Kind::GasBelow(gas), None);
    assert_eq!(session.run(Direction::Forwards, &below), Stopped::At(vec![1]));
    assert!(session.instance().gas() < gas);
    session.step_back();
    assert!(session.instance().gas() >= gas);

    // From the end, the same events are met in the other order: an exit is met before the
    // instruction that exits, and a start where it starts.
    for (kind, steps) in [(Kind::InnerStart, 0), (Kind::Exit, 1)] {
        let stops = stops(kind, None);
        session.seek(Position::default());
        let forwards = stopped_at(&mut session, Direction::Forwards, &stops);
        session.seek_end();
        let mut backwards = stopped_at(&mut session, Direction::Backwards, &stops);
        for position in &mut backwards {
            session.seek(*position);
            (0..steps).for_each(|_| assert!(session.step()));
            *position = session.position();
        }
        backwards.reverse();
        assert_eq!(forwards, backwards, "{steps}");
    }
    session.seek_end();
    assert_eq!(session.run(Direction::Backwards, &below), Stopped::At(vec![1]));
    assert!(session.instance().gas() >= gas, "before the instruction that pays");
    session.step();
    assert!(session.instance().gas() < gas);
}

#[test]
fn memory_is_bounded() {
    let target = Target::Accumulate(ServiceId(7));
    let package = package("paste-bin");
    let roomy = record(&package, target, spaced(10), Backend::default());
    let bounds = Bounds { octets: roomy.octets() / 2, spacing: 10 };
    let tight = record(&package, target, bounds, Backend::default());
    assert!(!tight.is_cut && tight.octets() <= bounds.octets, "{}", tight.octets());
    let [mut all, mut same] = [roomy, tight].map(|it| states(&mut Session::new(it).unwrap()));
    assert_eq!(all.len(), same.len());
    assert_eq!(all.pop(), same.pop());

    // The recording ends early where host calls alone take more, and the session with it.
    let cut = record(&package, target, Bounds { octets: 12_000, spacing: 10 }, Backend::default());
    assert!(cut.is_cut && cut.end.is_none());
    let seen = states(&mut Session::new(cut).unwrap());
    assert!(seen.len() < all.len());
    assert_eq!(seen[..], all[..seen.len()]);
}

#[test]
fn what_is_written_changes_the_run_up_to_a_host_call_and_is_undone_by_going_back() {
    for (path, target) in PACKAGES {
        let recording = record(&package(path), target, spaced(300), Backend::default());
        let mut session = Session::new(recording).unwrap();
        let seen = states(&mut session);
        // A place with a stack in use: its words are changed, so that the run is another.
        let place = seen.len() / 2;
        session.seek_instruction(place as u64);
        let at = session.position();
        let sp = session.instance().regs()[1];
        let Ok(before) = session.instance().memory().read(sp, 64) else { continue };
        let inverted: Vec<u8> = before.iter().map(|octet| !octet).collect();
        if session.write(sp, &inverted).is_err() {
            continue;
        }
        assert!(session.is_changed() && session.exit_of_changed().is_none());
        assert_eq!(session.instance().memory().read(sp, 64).unwrap(), inverted);
        assert_eq!(session.instructions(), place as u64, "asking does not move");
        assert_eq!(session.instance().memory().read(sp, 64).unwrap(), inverted);
        assert_eq!(session.run(Direction::Forwards, &Stops::new()), Stopped::End);
        assert!(session.is_at_end() && session.exit_of_changed().is_some(), "{path} {target:?}");
        assert!(!session.step(), "nothing comes after its exit");

        // Each way back goes to where it was written, and is the recorded run again.
        for way in 0..3 {
            if way > 0 {
                session.seek(at);
                session.write(sp, &inverted).unwrap();
                session.step();
            }
            match way {
                0 => assert!(session.step_back()),
                1 => drop(session.run(Direction::Backwards, &Stops::new())),
                _ => drop(session.step_line(Direction::Backwards, Over::Nothing, &Stops::new())),
            }
            assert!(!session.is_changed());
            assert_eq!(session.position(), at);
            assert_eq!(state(session.machine(), session.instance()), seen[place]);
        }
        let rest: Vec<_> = states(&mut session);
        assert_eq!(rest[..], seen[place..], "{path} {target:?}");
    }
    // Memory that the guest cannot write stays as it is.
    let recording = record(&package("nested"), Target::Refine(0), spaced(9), Backend::default());
    let mut session = Session::new(recording).unwrap();
    assert!(session.write(0, &[1]).is_err());
    assert!(!session.is_changed());
}
