//! Host-call traces: a trace that reads is the same once written and read again; replaying it never
//! panics.
#![no_main]

use jambox_engine::{Config, Engine};
use jambox_trace::{Limits, Reader, compare, replay, write_execution};
use libfuzzer_sys::fuzz_target;

/// Replays with more gas than this would only show how fast the machine is.
const MOST_GAS: u64 = 1 << 16;

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { line: 1 << 12, execution: 1 << 14 };
    let engine = Engine::new(Config { revision: jambox_engine::Revision::GrayPaper072, ..Config::default() }).expect("the defaults are supported");
    for execution in Reader::with_limits(octets, limits).map_while(Result::ok) {
        let mut text = Vec::new();
        write_execution(&mut text, &execution).expect("memory takes all");
        // Writes that overlap are written as one, which can be larger than all of them.
        let again = Reader::new(text.as_slice()).next().expect("there is one").expect("it is right");
        assert_eq!(compare(&execution, &again), None);
        assert_eq!(compare(&again, &execution), None);
        let gas = execution.calls.iter().flat_map(|call| &call.actions).filter_map(|action| {
            if let jambox_trace::Action::SetGas(gas) = action { Some(*gas) } else { None }
        });
        if gas.chain([execution.start.gas]).all(|gas| gas <= MOST_GAS) {
            let _ = replay(&execution, &engine);
        }
    }
});
