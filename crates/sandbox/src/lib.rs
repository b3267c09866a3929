//! Guest memory over an address-space reservation: the one crate with unsafe code.
