//! Copies and fills memory at every length and alignment, and checks each octet of the result.
//!
//! Compiled, it tests the SDK's memory functions in a guest. Refine outputs the number of octets
//! checked.
#![no_std]

use core::hint::black_box;
use core::ops::Range;

use jambox_sdk::prelude::*;

/// Lengths tested, in octets: several words and a rest.
pub const LENGTHS: Range<usize> = 0..50;

/// Offsets tested, relative to a word.
pub const PLACES: Range<usize> = 0..9;

/// Octets of memory checked each time.
pub const AREA: usize = 64;

/// Contents of the memory before.
const BEFORE: u8 = 0xee;

/// Octet for filling.
const FILLING: u8 = 0xa5;

/// Octet of the source at an offset.
fn source_at(place: usize) -> u8 {
    (place as u8).wrapping_mul(7).wrapping_add(3)
}

/// Checks an area in which `changed` has been written; `expected` gives the octets written, by the
/// distance from its start.
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
                // A black box hides the lengths, so that the compiler does not copy by itself.
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
