//! Recording the replay of a trace: the program runs, and the trace replaces the host.

use jambox_engine::{Engine, Exit, Instance};
use jambox_hostcall::{Context, Interface};
use jambox_invocation::{Machine, Observer};
use jambox_trace::{
    Action, Call, EndKind, Execution, Replayed, TracedState, Watch, replay_watched,
};
use jambox_types::Hash;

use crate::recorder::{Called, Recorder};
use crate::recording::{Answer, Recording};

impl Recorder<'_> {
    /// Replays an execution of a trace and records it. The context tells the names of its calls.
    ///
    /// The recording ends where the replay leaves the trace, which the comparison tells. Inner
    /// machines are not in it, since a trace has them only as their owner sees them.
    ///
    /// # Errors
    ///
    /// When the program is in no known form or the engine cannot set it up.
    pub fn record_trace(
        mut self,
        execution: &Execution,
        context: Context,
        engine: &Engine,
    ) -> Result<(Option<Recording>, Replayed), jambox_trace::Error> {
        self.start(Hash::blake2b(&execution.program), execution.start.gas);
        let interface = Interface::gray_paper(engine.config().revision);
        let mut traced = Traced { recorder: self, execution, interface, context, served: 0 };
        let replayed = replay_watched(execution, engine, &mut traced)?;
        Ok((traced.recorder.finish(), replayed))
    }
}

/// Passes the events of a replay to a recorder.
struct Traced<'a, 's> {
    recorder: Recorder<'s>,
    execution: &'a Execution,
    interface: Interface,
    context: Context,
    /// Number of calls served so far.
    served: usize,
}

impl Traced<'_, '_> {
    /// The answer to a call that was served.
    fn answer(&self, instance: &Instance, call: &Call) -> Answer {
        let served =
            TracedState { pc: instance.pc(), gas: instance.gas(), registers: *instance.regs() };
        let is_last = self.served == self.execution.calls.len();
        let end = self.execution.end.filter(|end| is_last && end.is_in_call(call, &served));
        end.map_or(Answer::Traced, |end| Answer::Stopped {
            reason: end.kind.to_string(),
            is_out_of_gas: end.kind == EndKind::OutOfGas,
        })
    }
}

impl Watch for Traced<'_, '_> {
    fn run(&mut self, instance: &mut Instance) -> Exit {
        if self.recorder.has_ended() {
            return instance.run();
        }
        let exit = self.recorder.run(Machine::Outer, instance);
        if !matches!(exit, Exit::HostCall(_)) || self.served == self.execution.calls.len() {
            self.recorder.stopped(instance, None);
        }
        exit
    }

    fn called(&mut self, instance: &Instance, call: &Call) {
        let form = self.interface.form(self.context, call.number);
        let registers = *instance.regs();
        let request = form.map(|it| it.decode(self.interface.abi, self.context, &registers));
        let (number, gas) = (call.number, instance.gas());
        self.recorder.begin_call(Called { number, form, request, registers, gas });
        for action in &call.actions {
            match action {
                Action::Read(it) => self.recorder.memory_read(it.address.into(), &it.octets),
                Action::Write(it) => self.recorder.memory_written(it.address.into(), &it.octets),
                Action::SetRegister { .. } | Action::SetGas(_) => {}
            }
        }
    }

    fn served(&mut self, instance: &Instance, call: &Call) {
        self.served += 1;
        let answer = self.answer(instance, call);
        let has_ended = matches!(answer, Answer::Stopped { .. });
        self.recorder.end_call(*instance.regs(), instance.gas(), answer);
        if has_ended {
            self.recorder.stopped(instance, None);
        }
    }
}
