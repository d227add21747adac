//! What holds for all windows: sums are exact, phi only rises, and the timeout is the edge to a microsecond.

use alloc::vec::Vec;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn settings() -> impl Strategy<Value = Settings> {
    let model = prop_oneof![Just(Model::Normal), Just(Model::Logistic), Just(Model::Exponential)];
    let micros = || (0_u32..=31).prop_flat_map(|bits| 0..=(1_u64 << bits).min(3_600_000_000));
    (model, micros(), micros(), prop_oneof![Just(1000.0), Just(1e6), 0.1..400.0]).prop_map(
        |(model, deviation, pause, phi_max)| Settings {
            model,
            deviation_min: Duration::from_micros(deviation.max(1)),
            pause: Duration::from_micros(pause),
            phi_max,
            threshold: phi_max / 2.0,
            ..Settings::lan()
        },
    )
}

/// Samples of one order of magnitude, any of them.
fn samples() -> impl Strategy<Value = Vec<u32>> {
    (1_u32..=32).prop_flat_map(|bits| prop::collection::vec(0..=u32::MAX >> (32 - bits), 1..40))
}

fn filled(capacity: u16, samples: &[u32]) -> Window {
    let mut window = window(capacity, []);
    samples.iter().for_each(|sample| window.push(Duration::from_micros((*sample).into())));
    window
}

fn thresholds() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..0.4, 0.1..20.0, 20.0..1000.0, (-300.0..0.0).prop_map(|exponent| libm::pow(10.0, exponent))]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn running_sums_are_the_sums_of_what_is_kept(samples in samples(), capacity in 1_u16..50) {
        let window = filled(capacity, &samples);
        let kept = &samples[samples.len().saturating_sub(capacity.into())..];
        let sum: u128 = kept.iter().map(|sample| u128::from(*sample)).sum();
        let squares: u128 = kept.iter().map(|sample| u128::from(*sample).pow(2)).sum();
        let count = kept.len() as u128;
        prop_assert_eq!(window.len(), kept.len());
        prop_assert_eq!(window.mean(), sum as f64 / count as f64);
        prop_assert_eq!(window.spread(), count * squares - sum * sum);
    }

    #[test]
    fn phi_rises_with_every_microsecond(
        settings in settings(), samples in samples(), bits in 0_u32..64, low in any::<u64>(), near in any::<bool>(),
    ) {
        let (detector, window) = (detector(settings), filled(64, &samples));
        // Somewhere at all, or where it matters.
        let edge = detector.timeout(&window, settings.threshold).expect("reached");
        let edge = u64::try_from(edge.as_micros()).expect("no age of the universe");
        let start = if near { edge.saturating_sub(low % 200) } else { low >> bits };
        let mut before = 0.0;
        for step in 0..100 {
            let phi = detector.phi_after(&window, Duration::from_micros(start.saturating_add(step)));
            prop_assert!(phi >= before && phi <= settings.phi_max, "{} after {}", phi, before);
            before = phi;
        }
    }

    #[test]
    fn a_timeout_is_the_first_microsecond_that_reaches(
        settings in settings(), samples in samples(), threshold in thresholds(),
    ) {
        let (detector, window) = (detector(settings), filled(64, &samples));
        let Some(timeout) = detector.timeout(&window, threshold) else {
            prop_assert!(threshold > settings.phi_max);
            return Ok(());
        };
        prop_assert!(detector.phi_after(&window, timeout) >= threshold);
        if let Some(before) = timeout.checked_sub(Duration::from_nanos(1)) {
            prop_assert!(detector.phi_after(&window, before) < threshold);
        }
    }

    #[test]
    fn an_inverse_is_near_enough_to_begin_from(
        model in prop_oneof![Just(Model::Normal), Just(Model::Logistic), Just(Model::Exponential)],
        threshold in prop_oneof![1e-9..0.4, 0.1..1000.0],
    ) {
        let phi = model.phi(model.silence(threshold, 3.0, 2.0), 3.0, 2.0);
        prop_assert!((phi / threshold - 1.0).abs() < 1e-9, "{} for {}", phi, threshold);
    }

    #[test]
    fn the_deadline_is_the_edge_to_a_nanosecond(
        settings in settings(), samples in samples(), start in 0_u64..1 << 40, threshold in 0.1..50.0,
    ) {
        let (detector, mut peer) = (detector(settings), History::new());
        peer.window = filled(64, &samples);
        peer.last = Some((1, Instant::from_nanos(start)));
        if let Some(deadline) = detector.deadline(&peer, threshold) {
            prop_assert!(detector.phi(&peer, deadline) >= threshold);
            let before = Instant::from_nanos(deadline.as_nanos() - 1);
            prop_assert!(deadline.as_nanos() == start || detector.phi(&peer, before) < threshold);
        }
    }
}
