//! Do the samples have the shape that the scenario asks for? The draws are a fixed even grid, so that a limit
//! that holds once holds always and the error is the table's alone.

use super::*;

const MS: u64 = 1_000_000;
const GRID: u64 = 1 << 20;

const fn delay(time_ns: u64, jitter_ns: u64, floor_ns: u64, distribution: Distribution) -> Delay {
    Delay { time_ns, jitter_ns, floor_ns, distribution }
}

/// Samples at the middles of `GRID` equal parts of all draws, ascending.
fn samples(delay: Delay) -> Vec<u64> {
    let sampler = DelaySampler::new(&delay);
    (0..GRID).map(|i| sampler.sample((i << 44) + (1 << 43))).collect()
}

fn mean_and_deviation(samples: &[u64]) -> (f64, f64) {
    let n = real(samples.len());
    let mean = samples.iter().map(|&ns| real_ns(ns)).sum::<f64>() / n;
    let variance = samples.iter().map(|&ns| (real_ns(ns) - mean) * (real_ns(ns) - mean)).sum::<f64>() / n;
    (mean, libm::sqrt(variance))
}

fn real_ns(ns: u64) -> f64 {
    real(usize::try_from(ns).expect("milliseconds"))
}

fn assert_close(what: &str, got: f64, wanted: f64, tolerance: f64) {
    assert!((got - wanted).abs() <= wanted * tolerance, "{what}: {got} instead of {wanted}");
}

/// Holds quantiles, in millionths of all draws, against known ones in ns, to a thousandth.
fn assert_quantiles(samples: &[u64], known: &[(usize, f64)]) {
    for &(millionths, wanted) in known {
        let at = samples.len() * millionths / 1_000_000;
        assert_close(&format!("quantile {millionths}"), real_ns(samples[at]), wanted, 1e-3);
    }
}

#[test]
fn constant_is_constant() {
    let sampler = DelaySampler::new(&delay(5 * MS, 3 * MS, MS, Distribution::Constant));
    assert_eq!([0, 1 << 63, u64::MAX].map(|draw| sampler.sample(draw)), [5 * MS; 3]);
}

#[test]
fn uniform_fills_its_width() {
    let samples = samples(delay(10 * MS, 4 * MS, 0, Distribution::Uniform));
    let (mean, deviation) = mean_and_deviation(&samples);
    assert_close("mean", mean, 10e6, 1e-6);
    assert_close("deviation", deviation, 4e6 / libm::sqrt(3.0), 1e-5);
    let sampler = DelaySampler::new(&delay(10, 4, 0, Distribution::Uniform));
    assert_eq!([0, 1 << 63, u64::MAX].map(|draw| sampler.sample(draw)), [6, 10, 14]);
}

#[test]
fn normal_has_mean_deviation_and_quantiles() {
    let samples = samples(delay(20 * MS, 2 * MS, 0, Distribution::Normal));
    let (mean, deviation) = mean_and_deviation(&samples);
    assert_close("mean", mean, 20e6, 1e-6);
    assert_close("deviation", deviation, 2e6, 1e-3);
    let z = |z: f64| 20e6 + 2e6 * z;
    let known = [
        (1_000, z(-3.090_232)),
        (10_000, z(-2.326_348)),
        (158_655, z(-1.0)),
        (500_000, z(0.0)),
        (841_345, z(1.0)),
        (975_000, z(1.959_964)),
        (999_000, z(3.090_232)),
    ];
    assert_quantiles(&samples, &known);
    assert!(samples.last().is_some_and(|&ns| (27_980_000..27_983_000).contains(&ns)));
}

#[test]
fn exponential_adds_its_excess_to_the_time() {
    let samples = samples(delay(3 * MS, 10 * MS, 0, Distribution::Exponential));
    let (mean, deviation) = mean_and_deviation(&samples);
    assert_close("mean", mean, 13e6, 1e-4);
    assert_close("deviation", deviation, 10e6, 1e-3);
    let known = [
        (100_000, 3e6 + 1.053_605e6),
        (500_000, 3e6 + 6.931_472e6),
        (900_000, 3e6 + 23.025_851e6),
        (990_000, 3e6 + 46.051_702e6),
        (999_000, 3e6 + 69.077_553e6),
    ];
    assert_quantiles(&samples, &known);
    assert_eq!(samples[0], 3 * MS + 5);
}

#[test]
fn no_packet_is_faster_than_the_floor() {
    for distribution in [Distribution::Constant, Distribution::Uniform, Distribution::Normal, Distribution::Exponential]
    {
        let samples = samples(delay(2 * MS, 3 * MS, 2 * MS + 7, distribution));
        assert_eq!(samples[0], 2 * MS + 7, "{distribution:?}");
        let deep = DelaySampler::new(&delay(0, u64::MAX, 1, distribution));
        assert_eq!(deep.sample(0), 1, "{distribution:?}");
    }
}

#[test]
fn samples_grow_with_the_draw() {
    for distribution in [Distribution::Uniform, Distribution::Normal, Distribution::Exponential] {
        let sampler = DelaySampler::new(&delay(50 * MS, 10 * MS, 0, distribution));
        let ordered = samples(delay(50 * MS, 10 * MS, 0, distribution));
        assert!(ordered.is_sorted_by(|a, b| a <= b), "{distribution:?}");
        // The seams between two steps of the table.
        for seam in (1..STEPS as u64).map(|step| step << 52) {
            let around = [seam - 1, seam, seam + 1].map(|draw| sampler.sample(draw));
            assert!(around.is_sorted() && around[2] - around[0] <= 1, "{distribution:?} at {seam:x}");
        }
    }
}

#[test]
fn nothing_overflows() {
    for distribution in [Distribution::Uniform, Distribution::Normal, Distribution::Exponential] {
        let sampler = DelaySampler::new(&delay(u64::MAX, u64::MAX, 0, distribution));
        assert_eq!(sampler.sample(u64::MAX), u64::MAX, "{distribution:?}");
    }
}

#[test]
fn tables_are_curves() {
    for table in [&NORMAL, &EXPONENTIAL] {
        assert!(table.is_sorted_by(|a, b| a < b));
    }
    assert!((0..=STEPS).all(|i| NORMAL[i] == -NORMAL[STEPS - i]));
}

#[test]
fn values_are_pinned() {
    let sum = |table: &Table| {
        table
            .iter()
            .fold(0_u64, |hash, &point| (hash ^ u64::from(point.cast_unsigned())).wrapping_mul(0x0000_0100_0000_01b3))
    };
    assert_eq!([sum(&NORMAL), sum(&EXPONENTIAL)], [18_073_285_734_216_821_782, 15_128_758_574_644_978_806]);
    let draws = [0, 0x0123_4567_89ab_cdef, 1 << 63, 0xfedc_ba98_7654_3210, u64::MAX];
    let got = [Distribution::Uniform, Distribution::Normal, Distribution::Exponential].map(|distribution| {
        let sampler = DelaySampler::new(&delay(30 * MS, 5 * MS, MS, distribution));
        draws.map(|draw| sampler.sample(draw))
    });
    let pinned = [
        [25_000_000, 25_044_444, 30_000_000, 34_955_556, 35_000_000],
        [10_043_205, 16_918_142, 30_000_000, 43_081_858, 49_956_795],
        [30_000_000, 30_022_272, 33_465_736, 57_081_703, 81_588_831],
    ];
    assert_eq!(got, pinned);
}
