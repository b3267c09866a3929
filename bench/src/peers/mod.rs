//! The peers that were built in.

#[cfg(feature = "anan-as")]
pub mod anan_as;
#[cfg(feature = "javm-0-4")]
pub mod javm;
#[cfg(feature = "polkavm-0-30")]
pub mod polkavm_0_30;
#[cfg(feature = "polkavm-0-37")]
pub mod polkavm_0_37;
