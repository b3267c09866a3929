//! Alignment of two sequences.

/// The most pairs that are weighed against each other: a few milliseconds' work and 16 MiB.
const LIMIT: usize = 1 << 22;

/// Pairs the items of two sequences by a longest common subsequence of their keys, in order. An
/// item without a partner stands alone.
///
/// Of long sequences, for which weighing all pairs would take too long, only the items that both
/// ends have in common are paired by key; the items between are paired one after the other.
pub fn align<K: PartialEq>(older: &[K], newer: &[K]) -> Vec<[Option<usize>; 2]> {
    let front = older.iter().zip(newer).take_while(|(one, other)| one == other).count();
    let (rest, others) = (&older[front..], &newer[front..]);
    let backwards = rest.iter().rev().zip(others.iter().rev());
    let back = backwards.take_while(|(one, other)| one == other).count();
    let (rest, others) = (&rest[..rest.len() - back], &others[..others.len() - back]);

    let mut pairs: Vec<_> = (0..front).map(|index| [Some(index), Some(index)]).collect();
    let place = |[one, other]: [Option<usize>; 2]| {
        [one.map(|index| front + index), other.map(|index| front + index)]
    };
    pairs.extend(between(rest, others).into_iter().map(place));
    let ends = (older.len() - back..older.len()).zip(newer.len() - back..newer.len());
    pairs.extend(ends.map(|(one, other)| [Some(one), Some(other)]));
    pairs
}

fn between<K: PartialEq>(older: &[K], newer: &[K]) -> Vec<[Option<usize>; 2]> {
    let width = newer.len() + 1;
    if older.len().saturating_mul(width) > LIMIT {
        let longest = older.len().max(newer.len());
        let within = |index, sequence: &[K]| Some(index).filter(|index| *index < sequence.len());
        return (0..longest).map(|index| [within(index, older), within(index, newer)]).collect();
    }
    // For every pair of places, how many items can be paired from there on.
    let mut common = vec![0_u32; (older.len() + 1) * width];
    for one in (0..older.len()).rev() {
        for other in (0..newer.len()).rev() {
            let at = one * width + other;
            common[at] = match older[one] == newer[other] {
                true => common[at + width + 1] + 1,
                false => common[at + width].max(common[at + 1]),
            };
        }
    }
    let (mut one, mut other, mut pairs) = (0, 0, Vec::new());
    while one < older.len() || other < newer.len() {
        let at = one * width + other;
        if one < older.len() && other < newer.len() && older[one] == newer[other] {
            pairs.push([Some(one), Some(other)]);
            (one, other) = (one + 1, other + 1);
        } else if one < older.len()
            && (other == newer.len() || common[at + width] >= common[at + 1])
        {
            pairs.push([Some(one), None]);
            one += 1;
        } else {
            pairs.push([None, Some(other)]);
            other += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs in words: `a` for both, `-a` for the older alone, `+a` for the newer.
    fn aligned(older: &str, newer: &str) -> String {
        let (older, newer): (Vec<char>, Vec<char>) =
            (older.chars().collect(), newer.chars().collect());
        let said = align(&older, &newer).into_iter().map(|pair| match pair {
            [Some(one), Some(other)] if older[one] == newer[other] => older[one].to_string(),
            [Some(one), Some(other)] => format!("{}/{}", older[one], newer[other]),
            [Some(one), None] => format!("-{}", older[one]),
            [None, Some(other)] => format!("+{}", newer[other]),
            [None, None] => unreachable!(),
        });
        said.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_both_have_is_paired_in_order() {
        assert_eq!(aligned("abc", "abc"), "a b c");
        assert_eq!(aligned("abc", "axbc"), "a +x b c");
        assert_eq!(aligned("abcd", "acd"), "a -b c d");
        assert_eq!(aligned("axbyc", "abzc"), "a -x b -y +z c");
        assert_eq!(aligned("", "ab"), "+a +b");
        assert_eq!(aligned("aaa", "aa"), "a a -a");
    }

    #[test]
    fn what_would_take_too_long_is_paired_as_it_comes() {
        let (older, newer) = ("x".repeat(2100), "y".repeat(2101));
        let pairs = align(&older.chars().collect::<Vec<_>>(), &newer.chars().collect::<Vec<_>>());
        assert_eq!(pairs.len(), 2101);
        assert_eq!(pairs[2099..], [[Some(2099), Some(2099)], [None, Some(2100)]]);
    }
}
