//! Host-call traces in the JIP-7 text form: recording, replay and comparison.
