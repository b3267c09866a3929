//! Serving one host call: price, request, handler, delivery. The only place that knows the ABI.

use jambox_hostcall::{Context, Delivery, Form, Interface, Registers, Reply, Request, ResultCode};
use jambox_types::{Parameters, Protocol};

use crate::guest::{Guest, charge};
use crate::{CallEnded, CallStarted, GuestMemory, Invocation, Observer, Stop};

/// What an invocation's handlers work on: one of the three context structs.
pub(crate) trait HostContext {
    /// Which invocation this is.
    fn invocation(&self) -> Invocation;

    /// Does what the request asks. A call that the table does not offer in this context never
    /// comes here.
    fn handle(&mut self, request: &Request, guest: &mut Guest<'_>) -> Result<Reply, Stop>;
}

impl Invocation {
    /// The column of the host-call table that this invocation reads.
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
    parameters: &'a Parameters,
    context: &'a mut dyn HostContext,
    observer: &'a mut dyn Observer,
}

/// A guest at a host call.
pub struct CallSite<'a> {
    /// Where the call is, if the guest has such a place.
    pub pc: Option<u64>,
    /// The guest's registers.
    pub registers: &'a mut Registers,
    /// The guest's gas.
    pub gas: &'a mut u64,
    /// The guest's memory.
    pub memory: &'a mut dyn GuestMemory,
}

impl<'a> Host<'a> {
    pub(crate) fn new(
        protocol: &'a Protocol,
        context: &'a mut dyn HostContext,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let interface = Interface { abi: protocol.abi, revision: protocol.revision };
        Self { interface, parameters: &protocol.parameters, context, observer }
    }

    /// Which invocation this is the host of.
    #[must_use]
    pub fn invocation(&self) -> Invocation {
        self.context.invocation()
    }

    /// Who watches.
    pub fn observer(&mut self) -> &mut dyn Observer {
        self.observer
    }

    /// The table's row for a call of this guest.
    #[must_use]
    pub fn form(&self, number: u64) -> Option<&'static Form> {
        self.interface.form(self.invocation().context(), number)
    }

    /// Serves host call `number`: charges it, does it, and leaves its results in the guest's
    /// registers and memory. The guest may then go on behind the call.
    ///
    /// # Errors
    ///
    /// [`Stop`] when the guest may not go on. Registers and memory are then as they were, the
    /// contexts too, and gas is what the paper leaves of it.
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
        let result = match form.zip(request.as_ref()) {
            Some((form, request)) => self.perform(form, request, registers, gas, memory).map(Some),
            None => self.refuse(registers, gas).map(|()| None),
        };
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

    fn perform(
        &mut self,
        form: &Form,
        request: &Request,
        registers: &mut Registers,
        gas: &mut u64,
        memory: &mut dyn GuestMemory,
    ) -> Result<Reply, Stop> {
        let price = form.price(self.interface.revision);
        charge(gas, price.upfront(registers, self.parameters))?;
        let mut guest = Guest { memory, gas, observer: self.observer };
        let reply = self.context.handle(request, &mut guest)?;
        let delivery = form.deliver(self.interface, request, &reply);
        if let Some(write) = &delivery.memory {
            let octets = write.octets();
            guest.charge(price.for_copying(registers, octets.len() as u64))?;
            guest.write("the destination", write.address, octets)?;
        }
        delivery.apply(registers);
        Ok(reply)
    }
}
