//! The recording of an invocation, for every door of the debugger.

use jambox_debug::Session;
use jambox_hostcall::Interface;

/// Debuggee, ready to be gone through.
pub struct Ready {
    pub session: Session,
    pub interface: Interface,
    /// A remark on the recording as a whole: it departs from the trace or step.
    pub note: Option<String>,
}
