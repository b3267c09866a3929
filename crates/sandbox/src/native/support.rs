//! The means that running generated code needs of the processor and the kernel.

/// The reason why this process cannot run generated code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The processor lacks an extension.
    #[error("the processor has no {0}")]
    Processor(&'static str),
    /// The kernel does not let programs set the `gs` base.
    #[error("the kernel does not enable rdgsbase and wrgsbase for programs")]
    SegmentBase,
    /// The kernel refuses memory that is executable through one mapping and writable through
    /// another, or the address space for it.
    #[error("no executable memory: {0}")]
    ExecutableMemory(String),
    /// The signal handler could not be installed.
    #[error("no signal handler: {0}")]
    Signals(String),
    /// The process is a fork of the one that set the code space up.
    #[error("the process was forked from one that runs generated code")]
    Forked,
}

pub(super) fn last_error() -> String {
    std::io::Error::last_os_error().to_string()
}
