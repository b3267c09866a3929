//! Service accounts, overlays with checkpoints, footprints, state keys and the state root.
