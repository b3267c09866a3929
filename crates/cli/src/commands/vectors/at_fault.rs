//! What the service at fault did in a step that differs.

use std::fmt::Write;

use jambox_invocation::{CallEnded, CallStarted, Finished, Invocation, Observer, Started};
use jambox_types::{Protocol, ServiceId};
use jambox_vectors::steps::Step;
use jambox_vectors::traces::check_step;

/// The most lines that are shown; a differing value is mostly due to the last calls.
const SHOWN: usize = 60;

/// The host calls of a service in a step, a line each.
pub fn host_calls(step: &Step, protocol: Protocol, service: ServiceId) -> String {
    let mut lines = Lines { service, lines: Vec::new() };
    // It differs, as it did when the caller found out.
    let _ = check_step(step, protocol, &mut lines);
    let Lines { lines, .. } = lines;
    if lines.is_empty() {
        return format!("\n  service {service} did not run in this block");
    }
    let hidden = lines.len().saturating_sub(SHOWN);
    let mut text = format!("\n  host calls of service {service}:");
    if hidden > 0 {
        let _ = write!(text, "\n    .. {hidden} more before");
    }
    for line in lines.iter().skip(hidden) {
        let _ = write!(text, "\n    {line}");
    }
    text
}

/// Writes down the calls of one service.
struct Lines {
    service: ServiceId,
    lines: Vec<String>,
}

impl Lines {
    fn add(&mut self, invocation: Invocation, line: impl FnOnce() -> String) {
        if invocation.service() == Some(self.service) {
            self.lines.push(line());
        }
    }
}

impl Observer for Lines {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.add(started.invocation, || format!("started with gas {}", started.gas_limit));
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.add(call.invocation, || match call.request {
            Some(request) => format!("{request:?}"),
            None => format!("call {}, which is not offered here", call.number),
        });
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        self.add(call.invocation, || match call.reply {
            Ok(Some(reply)) => format!("  -> {reply:?}, gas left {}", call.gas),
            Ok(None) => format!("  -> gas left {}", call.gas),
            Err(stop) => format!("  -> {stop}"),
        });
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.add(finished.invocation, || format!("ended, gas used {}", finished.gas_used));
    }
}
