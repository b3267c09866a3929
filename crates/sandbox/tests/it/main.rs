//! Guest memory and native code from outside.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod arguments;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod guest;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod heap;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod memory;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod native;
mod slots;
