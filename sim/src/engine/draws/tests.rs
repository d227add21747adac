//! Are the draws uniform, and free of one another? Seeds are fixed, so a limit that holds once holds always;
//! the limits are those that a good generator misses once in a million times.

use super::*;

/// Deviations from the mean that a normal variable exceeds, both sides together, once in a million times.
const SIGMAS: f64 = 4.9;
const PURPOSES: [Purpose; 15] = [
    Purpose::Placement,
    Purpose::LinkDelay,
    Purpose::LinkLoss,
    Purpose::LinkDuplicate,
    Purpose::LinkDuplicateDelay,
    Purpose::LinkReorder,
    Purpose::NodeSeed,
    Purpose::NodeId,
    Purpose::FaultPlan,
    Purpose::FaultLoss,
    Purpose::FaultDelay,
    Purpose::Workload,
    Purpose::InjectTime,
    Purpose::InjectBytes,
    Purpose::WriteBytes,
];

/// A name and one draw for each number.
type Lane = (&'static str, fn(u64) -> u64);

/// The ways in which a simulation walks through the keys. Each must look like one generator.
const LANES: [Lane; 6] = [
    ("counter", |i| Draws::new(1).draw(Purpose::LinkDelay, 5, i)),
    ("entity", |i| Draws::new(1).draw(Purpose::LinkDelay, i, 0)),
    ("pair, from", |i| Draws::new(2).draw(Purpose::LinkLoss, i << 32 | 9, 3)),
    ("seed", |i| Draws::new(i).draw(Purpose::FaultPlan, 0, 0)),
    ("grid", |i| Draws::new(0).draw(Purpose::NodeSeed, i % 64, i / 64)),
    ("diagonal", |i| Draws::new(i).draw(Purpose::NodeSeed, i, i)),
];

/// Where `ones` stands between what `trials` fair coins give, in standard deviations.
fn sigmas_of_fair_coins(ones: u32, trials: u32) -> f64 {
    (f64::from(ones) - f64::from(trials) / 2.0) / libm::sqrt(f64::from(trials) / 4.0)
}

fn chi_square(bins: &[u32], expected: f64) -> f64 {
    bins.iter().map(|&n| (f64::from(n) - expected) * (f64::from(n) - expected) / expected).sum()
}

/// The four bits or the byte from `shift` on, as a bin.
fn bits(draw: u64, shift: u32, mask: u64) -> usize {
    usize::try_from(draw >> shift & mask).expect("a few bits")
}

#[test]
fn values_are_pinned() {
    let draws = Draws::new(1);
    let got = [
        draws.draw(Purpose::Placement, 0, 0),
        draws.draw(Purpose::LinkDelay, 0, 0),
        draws.draw(Purpose::LinkDelay, 0, 1),
        draws.draw(Purpose::LinkDelay, 1, 0),
        draws.draw(Purpose::Workload, u64::MAX, u64::MAX),
        Draws::new(u64::MAX).draw(Purpose::NodeSeed, 3, 4),
        entity_of("split"),
    ];
    let pinned = [
        0x06ec_65e2_102f_93f8,
        0x0222_2da1_466b_c19f,
        0x6340_1b97_5cf1_de7f,
        0xaea6_f993_ac04_93ca,
        0xfbe7_bf10_2d8b_7722,
        0x4495_c38f_1507_7d69,
        0x5fdb_7a8a_c314_7783,
    ];
    assert_eq!(got, pinned);
    assert_eq!(draws.pick(Purpose::FaultPlan, 1, 6, 40), [9, 13, 17, 20, 24, 29]);
}

#[test]
fn every_bit_is_fair() {
    const TRIALS: u32 = 1 << 16;
    for (name, lane) in LANES {
        let mut ones = [0_u32; 64];
        for i in 0..u64::from(TRIALS) {
            let draw = lane(i);
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += u32::from(draw >> bit & 1 == 1);
            }
        }
        for (bit, &ones) in ones.iter().enumerate() {
            let sigmas = sigmas_of_fair_coins(ones, TRIALS);
            assert!(sigmas.abs() < SIGMAS, "{name}: bit {bit} is {sigmas} deviations off");
        }
    }
}

#[test]
fn the_mean_is_a_half() {
    const TRIALS: u32 = 1 << 16;
    for (name, lane) in LANES {
        let sum: u128 = (0..u64::from(TRIALS)).map(|i| u128::from(lane(i) >> 32)).sum();
        let mean = sum as f64 / f64::from(TRIALS) / (1_u64 << 32) as f64;
        let sigmas = (mean - 0.5) * libm::sqrt(12.0 * f64::from(TRIALS));
        assert!(sigmas.abs() < SIGMAS, "{name}: the mean {mean} is {sigmas} deviations off");
    }
}

/// 255 degrees of freedom: chi-square is between 159 and 381 but for two draws in a million (Wilson and
/// Hilferty: 255 (1 - 2/2295 ± 4.9 sqrt(2/2295))^3).
#[test]
fn bytes_fall_evenly_into_256_bins() {
    const TRIALS: u32 = 1 << 16;
    for (name, lane) in LANES {
        for shift in [0, 24, 56] {
            let mut bins = [0_u32; 256];
            for i in 0..u64::from(TRIALS) {
                bins[bits(lane(i), shift, 255)] += 1;
            }
            let expected = f64::from(TRIALS) / 256.0;
            let chi = chi_square(&bins, expected);
            assert!((159.0..381.0).contains(&chi), "{name}, bits from {shift}: chi-square {chi}");
        }
    }
}

#[test]
fn neighbours_differ_in_half_of_their_bits() {
    const TRIALS: u32 = 1 << 14;
    for (name, lane) in LANES {
        for apart in [1, 2, 64] {
            let differ: u32 = (0..u64::from(TRIALS)).map(|i| (lane(i) ^ lane(i + apart)).count_ones()).sum();
            let sigmas = sigmas_of_fair_coins(differ, 64 * TRIALS);
            assert!(sigmas.abs() < SIGMAS, "{name}: draws {apart} apart are {sigmas} deviations off");
        }
    }
}

#[test]
fn neighbours_fill_a_square_evenly() {
    const TRIALS: u32 = 1 << 16;
    for (name, lane) in LANES {
        let mut cells = [0_u32; 256];
        for i in 0..u64::from(TRIALS) {
            cells[bits(lane(i), 60, 15) << 4 | bits(lane(i + 1), 60, 15)] += 1;
        }
        let expected = f64::from(TRIALS) / 256.0;
        let chi = chi_square(&cells, expected);
        assert!((159.0..381.0).contains(&chi), "{name}: chi-square {chi}");
    }
}

#[test]
fn purposes_have_draws_of_their_own() {
    const TRIALS: u32 = 1 << 12;
    let draws = Draws::new(7);
    for (i, &one) in PURPOSES.iter().enumerate() {
        for &other in &PURPOSES[..i] {
            let differ: u32 = (0..u64::from(TRIALS))
                .map(|counter| (draws.draw(one, 3, counter) ^ draws.draw(other, 3, counter)).count_ones())
                .sum();
            let sigmas = sigmas_of_fair_coins(differ, 64 * TRIALS);
            assert!(sigmas.abs() < SIGMAS, "{one:?} and {other:?} are {sigmas} deviations off");
        }
    }
}

#[test]
fn below_keeps_to_its_bound() {
    assert_eq!([below(0, 7), below(u64::MAX, 7), below(u64::MAX, 0), below(u64::MAX, 1)], [0, 6, 0, 0]);
    assert_eq!(below(u64::MAX, u32::MAX), u32::MAX - 1);
    assert_eq!([below(1 << 63, 10), below((1 << 63) - 1, 10)], [5, 4]);
}

#[test]
fn pick_gives_distinct_ascending_numbers() {
    let draws = Draws::new(3);
    for n in 0..70 {
        for k in 0..=n + 1 {
            let picked = draws.pick(Purpose::FaultPlan, u64::from(n), k, n);
            assert_eq!(picked.len(), k.min(n) as usize);
            assert!(picked.is_sorted_by(|a, b| a < b) && picked.iter().all(|&number| number < n));
        }
    }
}

/// 20 sets of 3 out of 6, 19 degrees of freedom: chi-square is below 66 but once in two million times.
#[test]
fn every_set_is_equally_likely() {
    let (draws, rounds) = (Draws::new(11), 20_000);
    let mut seen = [0_u32; 64];
    for round in 0..rounds {
        let set: usize = draws.pick(Purpose::FaultPlan, round, 3, 6).iter().map(|&number| 1 << number).sum();
        seen[set] += 1;
    }
    let possible: Vec<u32> = (0..64).filter(|set: &usize| set.count_ones() == 3).map(|set| seen[set]).collect();
    assert_eq!(possible.len(), 20);
    let chi = chi_square(&possible, 1000.0);
    assert!(chi < 66.0, "chi-square {chi}");
}
