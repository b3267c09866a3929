//! The outcomes of the calls in a thread's invocations.

use std::cell::RefCell;

use jambox_hostcall::{Form, HostCall, Interface};
use jambox_invocation::{CallEnded, CallStarted, Observer};

thread_local! {
    /// The calls so far.
    static MATCHED: RefCell<Vec<(HostCall, &'static str)>> = const { RefCell::new(Vec::new()) };
}

/// Records the outcome of each call.
pub struct Matches {
    interface: Interface,
    form: Option<&'static Form>,
}

impl Matches {
    pub fn new(interface: Interface) -> Self {
        Self { interface, form: None }
    }
}

impl Observer for Matches {
    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.form = call.form;
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        let reply = call.reply.ok().flatten();
        let (Some(form), Some(reply)) = (self.form, reply) else { return };
        let matched = form.matched(self.interface, reply).expect("an outcome of the call");
        MATCHED.with_borrow_mut(|all| all.push((form.call, matched.name)));
    }
}

/// The calls since the last time this was called, each with the name of its outcome.
pub fn taken() -> Vec<(HostCall, &'static str)> {
    MATCHED.take()
}
