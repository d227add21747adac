//! The numbers that Akka, Pekko and go-scuttlebutt pin, and those of the paper.

use super::super::curve::{SEAM, asymptotic_tail, normal_tail};
use super::*;

#[track_caller]
fn close(computed: f64, expected: f64, within: f64) {
    assert!((computed - expected).abs() <= within, "{computed} for {expected}");
}

/// Phi of `y` deviations.
fn phi(model: Model, y: f64) -> f64 {
    model.phi(y, 0.0, 1.0)
}

#[test]
fn akka_the_distribution_is_the_normal_one() {
    let table = [(0.0, 0.5), (0.6, 0.7257), (1.5, 0.9332), (2.0, 0.97725), (2.5, 0.99379), (3.5, 0.99977)];
    for (y, below) in table.into_iter().chain([(4.0, 0.99997)]) {
        close(1.0 - libm::pow(10.0, -phi(Model::Logistic, y)), below, 2e-4);
        close(1.0 - libm::pow(10.0, -phi(Model::Normal, y)), below, 6e-5);
    }
}

#[test]
fn akka_far_from_the_mean_nothing_overflows() {
    close(phi(Model::Logistic, 10.0), 38.0, 1.0);
    close(phi(Model::Logistic, -25.0), 0.0, 1e-300);
    assert!(phi(Model::Logistic, -20.0) > 0.0, "not rounded away either");
    close(phi(Model::Logistic, 22.0), 341.59, 0.01);
    close(phi(Model::Logistic, 1e6), 0.070566e18 / core::f64::consts::LN_10, 1e6);
}

#[test]
fn akka_phi_of_a_silence() {
    let detector = detector(Settings { pause: Duration::ZERO, ..Settings::lan() });
    let window = window(2, [900, 1100]);
    assert_eq!((window.mean(), window.deviation()), (1e6, 1e5));
    let table = [(500, 0.1), (1000, 0.3), (1200, 1.6), (1400, 4.7), (1600, 10.8), (1700, 15.3)];
    for (silence, phi) in table {
        close(detector.phi_after(&window, millis(silence)), phi, 0.1);
    }
}

#[test]
fn akka_one_heartbeat_and_an_estimate() {
    let detector = detector(Settings { pause: Duration::ZERO, ..Settings::lan() });
    let mut peer = History::new();
    assert_eq!(detector.phi(&peer, at(9)), 0.0, "nothing heard, nothing suspected");
    assert_eq!(detector.on_heartbeat(&mut peer, 7, at(0)), Heard::First);
    close(detector.phi(&peer, at(1000)), 0.3, 0.1);
    close(detector.phi(&peer, at(2000)), 4.5, 0.3);
    assert!(detector.phi(&peer, at(3000)) > 15.0);
}

#[test]
fn akka_statistics_of_a_history() {
    let window = window(20, [100, 200, 125, 340, 130]);
    assert_eq!(window.mean(), 179e3);
    assert_eq!(window.spread(), 7584 * 25 * 1_000_000, "a variance of 7584 square milliseconds, exactly");
}

#[test]
fn akka_an_outage_is_not_learnt() {
    // Five minutes would fit the interval's maximum, so it is the outage that keeps them out.
    let detector = detector(Settings {
        samples_max: NonZeroU16::new(1000).expect("more than none"),
        interval_max: SECOND * 3600,
        ..Settings::lan()
    });
    let mut peer = History::new();
    for beat in 0..1000 {
        detector.on_heartbeat(&mut peer, beat, at(beat * 1000));
    }
    let back = 999_000 + 300_000;
    assert!(!detector.is_available(&peer, at(back)));
    assert_eq!(detector.on_heartbeat(&mut peer, 1000, at(back)), Heard::Returned);
    assert!(detector.is_available(&peer, at(back)));
    detector.on_heartbeat(&mut peer, 1001, at(back + 1000));
    assert!(detector.is_available(&peer, at(back + 2000)));
    assert!(!detector.is_available(&peer, at(back + 1000 + 7000)), "as quick as before");
}

#[test]
fn akka_an_old_rhythm_is_forgotten() {
    let detector = detector(Settings::lan());
    let (slow_then_fast, fast) = (window(3, [1000, 3000, 500, 500, 500]), window(3, [500, 500, 500]));
    for silence in [0, 400, 3600, 4000] {
        let of = |window| detector.phi_after(window, millis(silence));
        assert_eq!(of(&slow_then_fast).to_bits(), of(&fast).to_bits());
    }
}

#[test]
fn akka_regular_heartbeats_fail_after_four_and_a_half_seconds() {
    let detector = detector(Settings::lan());
    let steady = detector.timeout(&window(64, [1000; 64]), 8.0).expect("reached");
    let first = detector.timeout(&window(64, [750, 1250]), 8.0).expect("reached");
    close(steady.as_secs_f64(), 4.5, 0.03);
    close(first.as_secs_f64(), 5.3, 0.03);
}

#[test]
fn scuttlebutt_arrival_window() {
    let settings = Settings { deviation_min: SECOND * 5, pause: Duration::ZERO, ..Settings::lan() };
    let detector = detector(Settings { first_interval: SECOND * 2, ..settings });
    let mut peer = History::new();
    let close = |computed: f64, expected: f64| close(computed / expected, 1.0, 1e-12);
    detector.on_heartbeat(&mut peer, 1, at(0));
    detector.on_heartbeat(&mut peer, 2, at(3000));
    close(detector.phi(&peer, at(3000)), 0.167637554559269);
    close(detector.phi(&peer, at(4000)), 0.21806933966441244);
    detector.on_heartbeat(&mut peer, 3, at(9000));
    close(detector.phi(&peer, at(11_000)), 0.22271211050155057);

    let short = super::detector(Settings { samples_max: NonZeroU16::new(3).expect("more than none"), ..settings });
    let mut peer = History::new();
    for (beat, seconds) in (0..).zip([0, 1, 3, 6]) {
        short.on_heartbeat(&mut peer, beat, at(seconds * 1000));
    }
    assert_eq!((peer.window().len(), peer.window().mean()), (3, 2e6));
    close(peer.window().deviation(), 816_496.580_927_726_1);
    assert_eq!(peer.window().spread(), 6_000_000_000_000, "two thirds of a square second, times nine");
}

#[test]
fn scuttlebutt_bounded_statistics() {
    assert_eq!(window(10, 1..10).mean(), 5e3);
    assert_eq!((window(10, 1..14).mean(), window(10, 1..14).len()), (8.5e3, 10));
}

#[test]
fn scuttlebutt_live_down_live() {
    let detector =
        detector(Settings { samples_max: NonZeroU16::new(1000).expect("more than none"), ..Settings::lan() });
    let (mut peer, mut now) = (History::new(), 0);
    let beats = |peer: &mut History, now: &mut u64, beats: core::ops::Range<u64>| {
        for beat in beats {
            *now += if beat % 3 == 0 { 2000 } else { 1000 };
            detector.on_heartbeat(peer, beat, at(*now));
        }
    };
    beats(&mut peer, &mut now, 0..2000);
    assert!(detector.is_available(&peer, at(now)));
    assert!(!detector.is_available(&peer, at(now + 20_000)));
    now += 20_000;
    beats(&mut peer, &mut now, 2000..2500);
    assert!(detector.is_available(&peer, at(now)));

    let mut single = History::new();
    detector.on_heartbeat(&mut single, 0, at(0));
    assert!(detector.is_available(&single, at(1000)));
    assert!(!detector.is_available(&single, at(41_000)));
}

#[test]
fn the_models_differ_as_the_literature_says() {
    // Deviations, or means, at which phi is 8.
    close(Model::Normal.silence(8.0, 0.0, 1.0), 5.61, 0.005);
    close(Model::Logistic.silence(8.0, 0.0, 1.0), 5.23, 0.005);
    close(Model::Exponential.silence(8.0, 1.0, 1e-9), 18.42, 0.005);
    for (y, logistic, normal) in [(5.23, 8.0, 7.06), (6.0, 10.8, 9.0), (10.0, 37.6, 23.1), (20.0, 259.0, 88.6)] {
        close(phi(Model::Logistic, y), logistic, logistic * 0.005);
        close(phi(Model::Normal, y), normal, normal * 0.005);
    }
    close(phi(Model::Normal, 37.5), 307.3367, 0.001);
    close(phi(Model::Normal, 1000.0), 217_150.64, 0.001);
    assert!(phi(Model::Normal, -25.0) > 0.0, "not rounded away");
}

#[test]
fn the_tail_is_seamless() {
    for y in [SEAM - 1.0, SEAM, SEAM + 1.0, SEAM + 10.0] {
        let exact = -libm::log(0.5 * libm::erfc(y / core::f64::consts::SQRT_2));
        close(asymptotic_tail(y), exact, 5e-13);
    }
    close(normal_tail(SEAM - 1e-12), normal_tail(SEAM), 1e-10);
}
