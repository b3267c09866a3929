//! The means that generated code needs of the processor.

use crate::native::support::Unsupported;

/// Checks that this processor, as the kernel has set it up, runs generated code.
pub(in crate::native) fn check_processor() -> Result<(), Unsupported> {
    check_extensions()?;
    check_segment_base()
}

fn check_extensions() -> Result<(), Unsupported> {
    let needed = [
        (std::arch::is_x86_feature_detected!("bmi1"), "BMI1"),
        (std::arch::is_x86_feature_detected!("bmi2"), "BMI2"),
        (std::arch::is_x86_feature_detected!("lzcnt"), "LZCNT"),
        (std::arch::is_x86_feature_detected!("popcnt"), "POPCNT"),
    ];
    match needed.into_iter().find(|(there, _)| !there) {
        Some((_, name)) => Err(Unsupported::Processor(name)),
        None => Ok(()),
    }
}

/// Checks that `rdgsbase` and `wrgsbase` work outside the kernel: the second bit of `AT_HWCAP2`.
fn check_segment_base() -> Result<(), Unsupported> {
    const HWCAP2_FSGSBASE: libc::c_ulong = 1 << 1;
    // SAFETY: `getauxval` reads a value that the kernel gave the process, nothing else.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP2) };
    if capabilities & HWCAP2_FSGSBASE == 0 { Err(Unsupported::SegmentBase) } else { Ok(()) }
}
