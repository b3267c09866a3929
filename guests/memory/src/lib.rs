//! Copies and fills memory at every length and alignment, and looks at each octet of what came.
//!
//! Compiled, that tests the functions that the SDK has for it in a guest. Refine outputs how many
//! octets it looked at.
#![no_std]

use core::hint::black_box;
use core::ops::Range;

use jambox_sdk::prelude::*;

/// The lengths that are tried: several words and what is left over.
pub const LENGTHS: Range<usize> = 0..50;

/// The places relative to a word that are tried.
pub const PLACES: Range<usize> = 0..9;

/// Octets of memory that are looked at each time.
pub const AREA: usize = 64;

/// What stands in memory before.
const BEFORE: u8 = 0xee;

/// What memory is filled with.
const FILLING: u8 = 0xa5;

/// What stands in the source at a place.
fn source_at(place: usize) -> u8 {
    (place as u8).wrapping_mul(7).wrapping_add(3)
}

/// Looks at an area in which `changed` has been written; `expected` tells what, by the distance
/// from its start.
fn look(area: &[u8; AREA], changed: Range<usize>, expected: impl Fn(usize) -> u8) {
    for (place, octet) in area.iter().enumerate() {
        let wanted =
            if changed.contains(&place) { expected(place - changed.start) } else { BEFORE };
        assert!(*octet == wanted, "{changed:?}: {octet} at {place}");
    }
}

fn refine(_: &RefineContext, _: RefineArguments) -> Vec<u8> {
    let source: [u8; AREA] = core::array::from_fn(source_at);
    let mut looked_at = 0u32;
    for to in PLACES {
        for length in LENGTHS {
            let changed = to..to + length;
            for from in PLACES {
                let mut area = [BEFORE; AREA];
                // A black box keeps the compiler from knowing lengths and copying by itself.
                let target = black_box(&mut area[changed.clone()]);
                target.copy_from_slice(black_box(&source[from..from + length]));
                look(&area, changed.clone(), |place| source_at(from + place));
                looked_at += AREA as u32;
            }
            let mut area = [BEFORE; AREA];
            black_box(&mut area[changed.clone()]).fill(black_box(FILLING));
            look(&area, changed, |_| FILLING);
            looked_at += AREA as u32;
        }
    }
    encode(&looked_at)
}

entry_points! { refine = refine }
