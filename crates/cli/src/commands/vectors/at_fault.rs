//! Host calls of the service at fault in a step that differs.

use std::fmt::Write;

use jambox_hostcall::{Form, Interface, Registers};
use jambox_inspect::Octets;
use jambox_inspect::hostcalls::{self, MemoryDirection, MemoryEvent};
use jambox_invocation::{CallEnded, CallStarted, Env, Finished, Invocation, Observer, Started};
use jambox_types::ServiceId;
use jambox_vectors::steps::Step;
use jambox_vectors::traces::check_step;

/// Most lines that are shown; a differing value is mostly due to the last calls.
const SHOWN: usize = 60;

/// The host calls of a service in a step, a line each.
pub fn host_calls(step: &Step, env: &Env, service: ServiceId) -> String {
    let interface = env.interface();
    let (registers, memory) = ([0; 13], Vec::new());
    let mut lines = Lines { service, interface, lines: Vec::new(), form: None, registers, memory };
    // The step fails again, as for the caller; only its host calls matter here.
    let _ = check_step(step, env, &mut lines);
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
    interface: Interface,
    lines: Vec<String>,
    /// The current call; `None` if it is not offered.
    form: Option<&'static Form>,
    /// Registers before the call.
    registers: Registers,
    /// Memory that the call read and wrote.
    memory: Vec<MemoryEvent>,
}

impl Lines {
    fn add(&mut self, invocation: Invocation, line: String) {
        if invocation.service() == Some(self.service) {
            self.lines.push(line);
        }
    }

    fn touch(&mut self, access: MemoryDirection, address: u64, octets: &[u8]) {
        let length = octets.len();
        let octets = Octets::new(octets);
        self.memory.push(MemoryEvent { access, address, length, octets });
    }
}

impl Observer for Lines {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.add(started.invocation, format!("started with gas {}", started.gas_limit));
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.registers = *call.registers;
        self.form = call.form;
        self.memory.clear();
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.touch(MemoryDirection::Read, address, octets);
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.touch(MemoryDirection::Write, address, octets);
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        let [.., r7, _, _, _, _, _, _] = *call.registers;
        let result = hostcalls::result(call.reply, self.form, self.interface, r7);
        let line = match self.form {
            None => format!("call {}, which is not offered here -> {result}", call.number),
            Some(form) => {
                let abi = self.interface.abi;
                let arguments = hostcalls::arguments(form, &self.registers, &self.memory, abi);
                let arguments: Vec<_> =
                    arguments.iter().map(|it| format!("{}: {}", it.name, it.text)).collect();
                format!("{}({}) -> {result}", form.call.name(), arguments.join(", "))
            }
        };
        self.add(call.invocation, format!("{line} [gas {}]", call.gas));
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.add(finished.invocation, format!("ended, gas used {}", finished.gas_used));
    }
}
