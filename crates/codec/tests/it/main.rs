//! Acceptance and refusal by the codec.

mod building_blocks;
mod naturals;
