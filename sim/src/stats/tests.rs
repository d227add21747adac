//! Are the statistics those that one would count by hand, whatever the order?

use proptest::prelude::*;

use super::*;
use crate::engine::draws::{Draws, Purpose};

const STATS: [Stat; 8] = [Stat::Count, Stat::Min, Stat::Mean, Stat::P50, Stat::P90, Stat::P99, Stat::P999, Stat::Max];

fn samples(values: impl IntoIterator<Item = u64>) -> Samples {
    let mut samples = Samples::default();
    for value in values {
        samples.record(value);
    }
    samples
}

fn all_stats(samples: &Samples) -> [Option<u64>; 8] {
    STATS.map(|stat| samples.stat(stat))
}

/// `n` values of very different sizes, zeros among them.
fn values(seed: u64, n: usize) -> Vec<u64> {
    let draws = Draws::new(seed);
    let draw = |i| draws.draw(Purpose::Workload, 0, i);
    (0..n as u64).map(|i| draw(2 * i) >> (draw(2 * i + 1) % 65).min(63)).collect()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn nothing_says_nothing() {
    let empty = Samples::default();
    assert_eq!(empty.summary(), Summary { count: 0, stats: None });
    assert_eq!(all_stats(&empty), [Some(0), None, None, None, None, None, None, None]);
}

#[test]
fn one_sample_is_everything() {
    let one = samples([42]);
    assert_eq!(all_stats(&one), [1, 42, 42, 42, 42, 42, 42, 42].map(Some));
}

#[test]
fn ten_samples_by_hand() {
    let ten = samples([9, 1, 8, 2, 7, 3, 6, 4, 5, 100]);
    // Ranks 5, 9, 10 and 10 of 1..=9, 100; the sum is 145.
    let stats = Quantiles { min: 1, mean: 14, p50: 5, p90: 9, p99: 100, p999: 100, max: 100 };
    assert_eq!(ten.summary(), Summary { count: 10, stats: Some(stats) });
}

#[test]
fn a_thousand_samples_by_hand() {
    let thousand = samples((1..=1000).rev());
    let stats = Quantiles { min: 1, mean: 500, p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 };
    assert_eq!(thousand.summary().stats, Some(stats));
    assert_eq!(samples(1..=1001).stat(Stat::P999), Some(1000));
}

#[test]
fn the_largest_values_do_not_overflow() {
    let large = samples([u64::MAX, u64::MAX, u64::MAX - 3]);
    assert_eq!(large.stat(Stat::Mean), Some(u64::MAX - 1));
    let many = samples((0..=EXACT).map(|_| u64::MAX));
    let count = EXACT as u64 + 1;
    assert_eq!(
        all_stats(&many),
        [count, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX].map(Some)
    );
}

#[test]
fn samples_are_exact_up_to_the_limit_and_near_beyond() {
    let n = EXACT as u64;
    let scale = 1_000_003;
    let mut samples = samples((1..=n).map(|i| i * scale));
    let stats = samples.summary().stats.expect("there are samples");
    assert_eq!(stats.p50, n / 2 * scale);
    assert_eq!(stats.p999, (n * 999).div_ceil(1000) * scale);
    assert!(samples.many.is_none());

    samples.record((n + 1) * scale);
    assert!(samples.many.is_some() && samples.exact.is_empty());
    let stats = samples.summary().stats.expect("there are samples");
    assert_eq!((samples.count(), stats.min, stats.max), (n + 1, scale, (n + 1) * scale));
    assert_eq!(stats.mean, (n + 2) * scale / 2);
    for (got, thousandths) in [(stats.p50, 500), (stats.p90, 900), (stats.p99, 990), (stats.p999, 999)] {
        let exact = nearest_rank(n + 1, thousandths) * scale;
        assert!(got >= exact && got - exact <= exact / 1000, "{got} instead of {exact}");
    }
}

#[test]
fn many_equal_samples_say_their_value() {
    let zeros = samples((0..=EXACT).map(|_| 0));
    assert_eq!(all_stats(&zeros), [EXACT as u64 + 1, 0, 0, 0, 0, 0, 0, 0].map(Some));
    // In the middle of a cell: the range keeps the answer from leaving the samples.
    let same = samples((0..=EXACT).map(|_| 1_000_000_007));
    assert_eq!(same.stat(Stat::P50), Some(1_000_000_007));
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn small_sets_are_those_of_a_sorted_list(mut list in prop::collection::vec(any::<u64>(), 1..200)) {
        let summary = samples(list.iter().copied()).summary();
        list.sort_unstable();
        let rank = |part: usize| list[(list.len() * part).div_ceil(1000).max(1) - 1];
        let mean = list.iter().copied().map(u128::from).sum::<u128>() / list.len() as u128;
        let stats = Quantiles {
            min: list[0],
            mean: u64::try_from(mean).expect("a mean is at most the largest"),
            p50: rank(500),
            p90: rank(900),
            p99: rank(990),
            p999: rank(999),
            max: list[list.len() - 1],
        };
        prop_assert_eq!(summary, Summary { count: list.len() as u64, stats: Some(stats) });
    }
}

proptest! {
    // Each case handles some hundred thousand samples.
    #![proptest_config(cases(24))]

    #[test]
    fn no_order_of_merges_matters(
        seed in any::<u64>(),
        total in prop_oneof![EXACT - 2..EXACT + 3, 0..3 * EXACT],
        cuts in prop::collection::vec(0..1000_usize, 0..6),
        left_first in any::<bool>(),
    ) {
        let values = values(seed, total);
        let inner = cuts.into_iter().map(|part| total * part / 1000);
        let mut cuts: Vec<usize> = inner.chain([0, total]).collect();
        cuts.sort_unstable();
        let parts = || cuts.windows(2).map(|cut| samples(values[cut[0]..cut[1]].iter().copied()));
        let add = |mut sum: Samples, part: Samples| {
            sum.merge(&part);
            sum
        };
        let whole = samples(values.iter().copied());
        let forward = parts().fold(Samples::default(), add);
        let backward = parts().rev().fold(Samples::default(), |sum, part| {
            if left_first { add(part, sum) } else { add(sum, part) }
        });
        for merged in [forward, backward] {
            prop_assert_eq!(merged.summary(), whole.summary());
            prop_assert!(merged == whole);
        }
        prop_assert_eq!(whole.many.is_none(), total <= EXACT);
    }
}
