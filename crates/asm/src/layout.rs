//! Positions of the pieces of code.
//!
//! The length of a jump depends on its distance, and the distance on the lengths in between. All
//! lengths start at their minimum and grow until every jump reaches its target. Distances only grow
//! with lengths, so the iteration ends, and ends with the shortest code.

use jambox_isa::minimal_length;

/// Length of a piece of code.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// A fixed number of octets.
    Fixed(u32),
    /// The octets up to a position.
    PadTo(u32),
    /// A fixed number of octets, and an offset to the start of a piece.
    JumpToPiece { fixed: u32, piece: usize },
    /// A fixed number of octets, and an offset to a position.
    JumpToPosition { fixed: u32, position: u32 },
}

/// Position of each piece, and of the end. Code that exceeds 2^32 octets ends there.
///
/// `None` if the lengths are not settled after `most_rounds` rounds.
pub(crate) fn settle(extents: &[Extent], most_rounds: usize) -> Option<Vec<u32>> {
    let mut offset_lengths = vec![0_u8; extents.len()];
    for _ in 0..most_rounds {
        let starts = starts(extents, &offset_lengths);
        let mut is_settled = true;
        for ((extent, start), length) in extents.iter().zip(&starts).zip(&mut offset_lengths) {
            let Extent::JumpToPiece { piece, .. } = extent else { continue };
            let target = starts.get(*piece).copied().unwrap_or_default();
            let needed = offset_length(target, *start);
            if needed > *length {
                *length = needed;
                is_settled = false;
            }
        }
        if is_settled {
            return Some(starts);
        }
    }
    None
}

fn starts(extents: &[Extent], offset_lengths: &[u8]) -> Vec<u32> {
    let mut starts = Vec::with_capacity(extents.len().saturating_add(1));
    let mut at = 0_u32;
    for (extent, offset_length_of_jump) in extents.iter().zip(offset_lengths) {
        starts.push(at);
        at = match *extent {
            Extent::Fixed(length) => at.saturating_add(length),
            Extent::PadTo(position) => at.max(position),
            Extent::JumpToPiece { fixed, .. } => {
                at.saturating_add(fixed).saturating_add((*offset_length_of_jump).into())
            }
            Extent::JumpToPosition { fixed, position } => {
                at.saturating_add(fixed).saturating_add(offset_length(position, at).into())
            }
        };
    }
    starts.push(at);
    starts
}

fn offset_length(target: u32, start: u32) -> u8 {
    minimal_length(target.wrapping_sub(start) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(extents: &[Extent]) -> Vec<u32> {
        settle(extents, usize::MAX).unwrap()
    }

    fn jump(piece: usize) -> Extent {
        Extent::JumpToPiece { fixed: 1, piece }
    }

    #[test]
    fn jumps_are_as_short_as_they_can_be() {
        assert_eq!(settled(&[jump(0)]), [0, 1]);
        assert_eq!(settled(&[jump(1)]), [0, 2]);
        assert_eq!(settled(&[jump(2), Extent::Fixed(125)]), [0, 2, 127]);
        assert_eq!(settled(&[jump(2), Extent::Fixed(126)]), [0, 3, 129]);
        assert_eq!(settled(&[Extent::Fixed(128), jump(0)]), [0, 128, 130]);
        assert_eq!(settled(&[Extent::Fixed(129), jump(0)]), [0, 129, 132]);
    }

    #[test]
    fn a_jump_that_grows_makes_others_grow() {
        // The first jump spans the second by at most 127 octets while the second is short.
        let pieces = [jump(3), jump(4), Extent::Fixed(123), Extent::Fixed(1), Extent::Fixed(1)];
        assert_eq!(settled(&pieces), [0, 2, 4, 127, 128, 129]);
        let pieces = [jump(3), jump(4), Extent::Fixed(123), Extent::Fixed(3), Extent::Fixed(1)];
        assert_eq!(settled(&pieces), [0, 3, 6, 129, 132, 133]);
    }

    #[test]
    fn positions_hold() {
        let pieces = [jump(1), Extent::PadTo(5), Extent::JumpToPosition { fixed: 1, position: 5 }];
        assert_eq!(settled(&pieces), [0, 2, 5, 6]);
    }

    #[test]
    fn patience_ends() {
        assert_eq!(settle(&[jump(1)], 1), None);
    }
}
