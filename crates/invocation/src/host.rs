//! Service of one host call: price, request, handler, delivery. No other module depends on the ABI.

use std::sync::Arc;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{
    Context, Delivery, Form, HostCall, Interface, Quantity, Registers, Reply, Request, ResultCode,
};
use jambox_types::{Parameters, Protocol, Rules};

use crate::guest::{Guest, charge};
use crate::limits::Meter;
use crate::runner::{output, run_within};
use crate::{
    CallEnded, CallStarted, CallerMemory, HostError, Invocation, Limits, Machine, Observer, Stop,
};

/// The context of an invocation's handlers: one of the three context structs.
pub(crate) trait HostContext {
    /// The invocation.
    fn invocation(&self) -> Invocation;

    /// Handles a request. The call is in the host-call table for this context.
    fn handle(&mut self, request: &Request, guest: &mut Guest<'_>) -> Result<Reply, Stop>;
}

impl Invocation {
    /// Column of the host-call table for this invocation.
    #[must_use]
    pub const fn context(self) -> Context {
        match self {
            Self::IsAuthorized { .. } => Context::IsAuthorized,
            Self::Refine { .. } => Context::Refine,
            Self::Accumulate { .. } => Context::Accumulate,
        }
    }
}

/// The host of one running guest.
pub struct Host<'a> {
    interface: Interface,
    rules: &'a Rules,
    parameters: &'a Parameters,
    context: &'a mut dyn HostContext,
    observer: &'a mut dyn Observer,
    answers: Option<Arc<dyn Answers>>,
    meter: Meter,
}

/// Answers in place of the handlers', for tests of services: a host around the host.
pub trait Answers: Send + Sync {
    /// The code that the guest gets for a call that it can make here, which then does nothing;
    /// `None` leaves the call to its handler. Asked once for each call.
    fn answer(&self, call: HostCall) -> Option<ResultCode>;
}

/// A guest at a host call.
pub struct CallSite<'a> {
    /// Position of the call; `None` for a guest without positions.
    pub pc: Option<u64>,
    /// The guest's registers.
    pub registers: &'a mut Registers,
    /// The guest's gas.
    pub gas: &'a mut u64,
    /// The guest's memory.
    pub memory: &'a mut dyn CallerMemory,
}

impl<'a> Host<'a> {
    pub(crate) fn new(
        protocol: &'a Protocol,
        limits: Limits,
        context: &'a mut dyn HostContext,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let interface = Interface { abi: protocol.abi, revision: protocol.revision };
        let rules = Rules::of(protocol.revision);
        let parameters = &protocol.parameters;
        let (answers, meter) = (None, Meter::new(limits));
        Self { interface, rules, parameters, context, observer, answers, meter }
    }

    /// Runs the outer machine until it exits.
    pub(crate) fn run(&mut self, instance: &mut Instance) -> Result<Exit, HostError> {
        let exit = run_within(&mut self.meter, self.observer, Machine::Outer, instance)?;
        self.meter.set_outer(accessible_octets(instance))?;
        Ok(exit)
    }

    /// Output of a guest that halted, see [`output`].
    pub(crate) fn output(&mut self, instance: &Instance) -> Result<Vec<u8>, HostError> {
        output(&mut self.meter, instance)
    }

    /// Gives answers in place of the handlers' from now on. A call that is answered costs the base
    /// price of its handler.
    pub fn answer_by(&mut self, answers: Arc<dyn Answers>) {
        self.answers = Some(answers);
    }

    /// The invocation.
    #[must_use]
    pub fn invocation(&self) -> Invocation {
        self.context.invocation()
    }

    /// The observer.
    pub fn observer(&mut self) -> &mut dyn Observer {
        self.observer
    }

    /// Host-call interface of the guest.
    #[must_use]
    pub const fn interface(&self) -> Interface {
        self.interface
    }

    /// Row of the table for a call of this guest; `None` for an unknown call.
    #[must_use]
    pub fn form(&self, number: u64) -> Option<&'static Form> {
        self.interface.form(self.invocation().context(), number)
    }

    /// Serves host call `number`: charges it, handles it, and delivers its results to the guest's
    /// registers and memory. The guest may then continue after the call.
    ///
    /// # Errors
    ///
    /// [`Stop`] when the guest may not continue. Registers, memory and contexts are then unchanged,
    /// and gas is the paper's.
    pub fn serve(&mut self, number: u64, site: CallSite<'_>) -> Result<(), Stop> {
        let CallSite { pc, registers, gas, memory } = site;
        let invocation = self.invocation();
        let form = self.form(number);
        let request =
            form.map(|form| form.decode(self.interface.abi, invocation.context(), registers));
        self.observer.host_call_started(&CallStarted {
            invocation,
            number,
            form,
            request: request.as_ref(),
            pc,
            registers,
            gas: *gas,
        });
        let before = *gas;
        let answer = |form: &Form| self.answers.as_ref()?.answer(form.call);
        let answered = form.and_then(|form| Some((form, answer(form)?)));
        let result = match (answered, form.zip(request.as_ref())) {
            (Some((form, code)), _) => self.answer(form, code, registers, gas).map(|()| None),
            (None, Some((form, request))) => {
                self.perform(form, request, registers, gas, memory).map(Some)
            }
            (None, None) => self.refuse(registers, gas).map(|()| None),
        };
        if let (Some(Request::GrowHeap(_)), Err(Stop::OutOfGas { .. })) = (&request, &result)
            && !self.rules.grow_heap_drains
        {
            *gas = before;
        }
        self.observer.host_call_ended(&CallEnded {
            invocation,
            number,
            reply: result.as_ref().map(Option::as_ref),
            registers,
            gas: *gas,
        });
        result.map(|_| ())
    }

    /// Answers a call that is unknown or not offered here (`F` in `eq:refinemutator`, 0.7.2).
    fn refuse(&self, registers: &mut Registers, gas: &mut u64) -> Result<(), Stop> {
        charge(gas, self.interface.unknown_call_price())?;
        Delivery::r7(self.interface.code(ResultCode::What)).apply(registers);
        Ok(())
    }

    /// Gives a guest the code that stands in place of the handler's reply.
    fn answer(
        &self,
        form: &Form,
        code: ResultCode,
        registers: &mut Registers,
        gas: &mut u64,
    ) -> Result<(), Stop> {
        charge(gas, form.price(self.interface.revision).upfront(registers, self.parameters))?;
        Delivery::r7(self.interface.code(code)).apply(registers);
        Ok(())
    }

    fn perform(
        &mut self,
        form: &Form,
        request: &Request,
        registers: &mut Registers,
        gas: &mut u64,
        memory: &mut dyn CallerMemory,
    ) -> Result<Reply, Stop> {
        let price = form.price(self.interface.revision);
        charge(gas, price.upfront(registers, self.parameters))?;
        let observer = &mut *self.observer;
        let meter = &mut self.meter;
        meter.check_time()?;
        let mut guest = Guest { memory, gas, observer, price, registers: *registers, meter };
        let reply = self.context.handle(request, &mut guest)?;
        let delivery = form.deliver(self.interface, request, &reply);
        if let Some(write) = &delivery.memory {
            let octets = write.octets();
            guest.charge_for(Quantity::Copied, octets.len() as u64)?;
            guest.write("the destination", write.address, octets)?;
        }
        delivery.apply(registers);
        Ok(reply)
    }
}

/// Accessible memory of a machine with a standard program, in octets. `sbrk` and `grow_heap` move
/// the end of its heap.
fn accessible_octets(instance: &Instance) -> u64 {
    instance.memory().heap_end()
}

#[cfg(test)]
mod tests {
    use jambox_engine::Memory;
    use jambox_types::{Revision, ServiceId, TimeSlot};

    use super::*;
    use crate::handlers::heap;

    /// Serves `grow_heap` only.
    struct Grower;

    impl HostContext for Grower {
        fn invocation(&self) -> Invocation {
            Invocation::Accumulate { slot: TimeSlot(1), service: ServiceId(2) }
        }

        fn handle(&mut self, request: &Request, guest: &mut Guest<'_>) -> Result<Reply, Stop> {
            match request {
                Request::GrowHeap(request) => heap::grow(guest, request),
                request => panic!("{request:?}"),
            }
        }
    }

    /// Gas left if three pages cannot be paid for.
    fn left_of(mut gas: u64, rules: &Rules) -> u64 {
        let protocol = Protocol { revision: Revision::GrayPaper080, ..Protocol::default() };
        let (mut context, mut observer) = (Grower, ());
        let mut host =
            Host { rules, ..Host::new(&protocol, Limits::default(), &mut context, &mut observer) };
        let (mut memory, mut registers) = (Memory::new(), [0; 13]);
        memory.set_heap(0x80_000, 0x90_000);
        registers[7] = 0x83;
        let site =
            CallSite { pc: None, registers: &mut registers, gas: &mut gas, memory: &mut memory };
        assert!(matches!(host.serve(1, site), Err(Stop::OutOfGas { .. })));
        assert!(!memory.is_readable(0x80_000, 1));
        gas
    }

    #[test]
    fn whether_a_heap_that_is_not_paid_for_takes_the_gas_is_a_rule() {
        let rules = Rules::of(Revision::GrayPaper080);
        let tag = Rules { grow_heap_drains: false, ..*rules };
        // 275 and 121 for each of three pages.
        for gas in [0, 274, 275, 637] {
            assert_eq!((left_of(gas, rules), left_of(gas, &tag)), (0, gas));
        }
    }
}
