//! Lists of runs of pages of equal access.

use core::ops::Range;

use super::hardware::Run;
use crate::page::Access;

/// The parts of a range of pages that are in no run.
pub(super) fn gaps(runs: &[Run], pages: &Range<u32>) -> Vec<Range<u32>> {
    let mut gaps = Vec::new();
    let mut next = pages.start;
    for (run, _) in runs.iter().filter(|(run, _)| run.end > pages.start) {
        if next >= pages.end || run.start >= pages.end {
            break;
        }
        if next < run.start {
            gaps.push(next..run.start);
        }
        next = run.end;
    }
    if next < pages.end {
        gaps.push(next..pages.end);
    }
    gaps
}

/// True if pages are all in a range.
pub(super) const fn lie_in(pages: &Range<u32>, range: &Range<u32>) -> bool {
    range.start <= pages.start && pages.end <= range.end
}

pub(super) fn covers((run, allowed): &Run, pages: &Range<u32>, access: Access) -> bool {
    *allowed >= access && lie_in(pages, run)
}

/// Pages that have another access in one list of runs than in another, and that access. Pages that
/// are the same in both are left alone: each change interrupts other processors.
pub(super) fn differences(from: &[Run], to: &[Run]) -> Vec<Run> {
    let mut ends: Vec<u32> =
        from.iter().chain(to).flat_map(|(run, _)| [run.start, run.end]).collect();
    ends.sort_unstable();
    ends.dedup();
    let access_at = |runs: &[Run], page: u32| {
        let run = runs.get(runs.partition_point(|(run, _)| run.end <= page));
        run.filter(|(run, _)| run.start <= page).map_or(Access::Inaccessible, |(_, access)| *access)
    };
    let mut changes: Vec<Run> = Vec::new();
    for pages in ends.windows(2) {
        let &[start, end] = pages else { continue };
        let access = access_at(to, start);
        if access == access_at(from, start) {
            continue;
        }
        match changes.last_mut() {
            Some((last, same)) if last.end == start && *same == access => last.end = end,
            _ => changes.push((start..end, access)),
        }
    }
    changes
}

/// Gives pages another access in a list of runs.
pub(super) fn replace(runs: &mut Vec<Run>, pages: Range<u32>, access: Access) {
    let before = runs.partition_point(|(run, _)| run.end < pages.start);
    let after = runs.partition_point(|(run, _)| run.start <= pages.end);
    let mut parts: Vec<Run> = Vec::new();
    let mut add = |range: Range<u32>, access: Access| {
        if range.is_empty() || access == Access::Inaccessible {
            return;
        }
        match parts.last_mut() {
            Some((last, same)) if last.end == range.start && *same == access => {
                last.end = range.end;
            }
            _ => parts.push((range, access)),
        }
    };
    let old: Vec<Run> = runs.get(before..after).unwrap_or_default().to_vec();
    for (run, access) in &old {
        add(run.start..run.end.min(pages.start), *access);
    }
    add(pages.clone(), access);
    for (run, access) in &old {
        add(run.start.max(pages.end)..run.end, *access);
    }
    runs.splice(before..after, parts);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list as a table, which is easy to get right.
    fn table(runs: &[Run]) -> [Access; 40] {
        let mut table = [Access::Inaccessible; 40];
        for (pages, access) in runs {
            for page in pages.clone() {
                assert_eq!(table[page as usize], Access::Inaccessible, "runs overlap: {runs:?}");
                table[page as usize] = *access;
            }
        }
        table
    }

    #[test]
    fn replacing_runs_keeps_them_sorted_apart_and_merged() {
        let accesses = [Access::Inaccessible, Access::ReadOnly, Access::ReadWrite];
        let mut state = 1_u32;
        let mut draw = |limit: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % limit
        };
        let mut runs = Vec::new();
        let mut expected = table(&runs);
        for _ in 0..5000 {
            let start = draw(39);
            let pages = start..start + 1 + draw(39 - start + 1).min(39 - start);
            let access = accesses[draw(3) as usize];
            let old = runs.clone();
            replace(&mut runs, pages.clone(), access);
            let mut changed = table(&old);
            for (part, access) in differences(&old, &runs) {
                for page in &mut changed[part.start as usize..part.end as usize] {
                    assert_ne!(*page, access, "no change: {old:?} to {runs:?}");
                    *page = access;
                }
            }
            assert_eq!(changed, table(&runs), "{old:?} to {runs:?}");
            expected[pages.start as usize..pages.end as usize].fill(access);
            assert_eq!(table(&runs), expected, "{runs:?}");
            let looked_at = draw(20)..20 + draw(20);
            let mut open = expected;
            for gap in gaps(&runs, &looked_at) {
                let part = &mut open[gap.start as usize..gap.end as usize];
                assert!(looked_at.start <= gap.start && gap.end <= looked_at.end, "{gap:?}");
                assert!(part.iter().all(|&access| access == Access::Inaccessible), "{gap:?}");
                part.fill(Access::ReadOnly);
            }
            let part = &open[looked_at.start as usize..looked_at.end as usize];
            assert!(part.iter().all(|&access| access != Access::Inaccessible), "{runs:?}");
            let is_merged = |pair: &[Run]| {
                pair[0].0.end < pair[1].0.start
                    || (pair[0].0.end == pair[1].0.start && pair[0].1 != pair[1].1)
            };
            assert!(runs.windows(2).all(is_merged), "{runs:?}");
        }
    }
}
