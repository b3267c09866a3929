//! Prices of host calls, typed in from the Gray Paper: 10 gas each in 0.7.2, the table of
//! `sec:hostcallgas` in 0.8.0.

use jambox_types::Revision;

/// Price of `octets` at `gas` for 1024 of them, rounded up.
fn per_kib(gas: u64, octets: u64) -> u128 {
    (u128::from(gas) * u128::from(octets)).div_ceil(1024)
}

/// Base price, and gas for 1024 requested octets, of each kind of `fetch`.
const FETCH: [(u64, u64); 16] = [
    (390, 0),
    (103, 0),
    (80, 96),
    (85, 96),
    (85, 96),
    (171, 0),
    (171, 0),
    (85, 96),
    (84, 0),
    (88, 0),
    (111, 0),
    (317, 0),
    (250, 0),
    (95, 96),
    (287, 400),
    (355, 344),
];

/// Price of a call before its outcome is known: the part that the registers determine. Calls are
/// named by their number in 0.7.2, and `grow_heap` by [`GROW_HEAP`](super::guest).
pub fn price(revision: Revision, number: u64, registers: &[u64; 13]) -> u64 {
    let price = match revision {
        Revision::GrayPaper072 => 10,
        Revision::GrayPaper080 => price_080(number, registers),
    };
    u64::try_from(price).unwrap_or(u64::MAX)
}

fn price_080(number: u64, registers: &[u64; 13]) -> u128 {
    let [_, _, _, _, _, _, _, _, r8, r9, r10, r11, r12] = *registers;
    let times = |gas: u64, count: u64| u128::from(gas) * u128::from(count);
    match number {
        0 => 48,
        super::guest::GROW_HEAP => 275,
        1 => match usize::try_from(r10).ok().and_then(|kind| FETCH.get(kind)) {
            Some(&(base, rate)) => u128::from(base) + per_kib(rate, r9),
            None => 80,
        },
        2 => 600 + per_kib(248, r11),
        3 => 2407 + per_kib(1736, r9) + per_kib(248, r12),
        4 => 2442 + per_kib(3358, r8) + per_kib(216, r10),
        5 => 703,
        6 => 1125 + per_kib(264, r11),
        7 => 3521,
        8 => 1862 + per_kib(112, r8),
        9 => 377 + per_kib(336, r10),
        10 => 297 + per_kib(224, r10),
        11 => match r10 {
            0 => 212 + times(118, r9),
            1 | 2 => 275 + times(121, r9),
            3 | 4 => 130 + times(29, r9),
            _ => 80,
        },
        12 => 968,
        13 => 335,
        14 => 422 + times(20, r12),
        15 => 1818,
        16 => 1100 + times(302, r8),
        17 => 103,
        18 => 3855,
        19 => 1028,
        20 => 575,
        21 => 458,
        22 => 643,
        23 => 2193,
        24 => 3250,
        25 => 98,
        26 => 3980 + per_kib(2264, r9),
        _ => 1000,
    }
}
