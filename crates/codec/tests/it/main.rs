//! What the codec accepts and what it refuses.

mod building_blocks;
mod naturals;
