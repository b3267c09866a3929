//! PVM invocations, host-call handlers, work reports and accumulation.
