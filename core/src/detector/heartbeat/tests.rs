//! The failure time is the recursion's, the paper's curves come out, and arguments are checked.

use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::spread::Spread;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// The bound on a mistake after 0, 1, 2, … micro-rounds by the paper's recursion, down to `end`.
fn recursion(members: u32, failed: u32, loss: f64, end: f64) -> Vec<f64> {
    let (n, m) = (f64::from(members), (members - failed) as usize);
    let learns = |k: usize| k as f64 / n * (m - k) as f64 / (n - 1.0) * (1.0 - loss);
    let mut knowing = vec![0.0; m + 1];
    knowing[1] = 1.0;
    let mut bounds = Vec::new();
    loop {
        // What is missing from 1 is summed, not subtracted: the digits of a small tail count.
        let bound = m as f64 * knowing[1..m].iter().sum::<f64>();
        bounds.push(bound);
        if bound <= end {
            return bounds;
        }
        for k in (1..=m).rev() {
            knowing[k] = learns(k - 1) * knowing[k - 1] + (1.0 - learns(k)) * knowing[k];
        }
    }
}

fn cases() -> impl Iterator<Item = (u32, u32, f64)> {
    let shapes = [(2, 0), (3, 1), (3, 0), (4, 0), (4, 1), (5, 0), (5, 3), (6, 0), (7, 0), (8, 1), (9, 4), (16, 0)];
    let large = [(17, 1), (40, 38), (64, 1), (90, 45), (120, 0), (150, 1)];
    shapes.into_iter().chain(large).flat_map(|(n, f)| [0.0, 0.1, 0.7].map(|loss| (n, f, loss)))
}

#[test]
fn the_closed_form_is_the_recursion() {
    for (members, failed, loss) in cases() {
        let spread = Spread::new(members, members - failed, loss);
        for (round, expected) in (0..).zip(recursion(members, failed, loss, 1e-12)) {
            let (computed, expected) = (spread.mistake(round), expected.min(1.0));
            let case = format_args!("{members} - {failed}, loss {loss}, round {round}").to_string();
            assert!((computed / expected - 1.0).abs() < 1e-9, "{case}: {computed} for {expected}");
        }
    }
}

#[test]
fn the_failure_time_is_the_first_round_that_suffices() {
    for (members, failed, loss) in cases() {
        let bounds = recursion(members, failed, loss, 1e-10);
        for wanted in [0.97, 0.5, 0.03, 1.1e-3, 1.3e-6, 1.7e-9] {
            let first = bounds.iter().position(|bound| *bound <= wanted).expect("the recursion went further");
            let time = failure_time(members, failed, loss, wanted, Duration::from_nanos(members.into()));
            let case = format_args!("{members} - {failed}, loss {loss}, {wanted}").to_string();
            assert_eq!(time, Ok(Duration::from_nanos(first as u64)), "{case}");
        }
    }
}

/// Seconds until detection when each member may send 250 bytes per second in rows of 8 bytes.
fn paper(members: u32, failed: u32, loss: f64, p_mistake: f64) -> f64 {
    let tick = Duration::from_millis(u64::from(members) * 32);
    failure_time(members, failed, loss, p_mistake, tick).expect("in range").as_secs_f64()
}

#[track_caller]
fn agree(computed: &[f64], expected: &[f64]) {
    assert_eq!(computed.len(), expected.len());
    for (computed, expected) in computed.iter().zip(expected) {
        assert!((computed / expected - 1.0).abs() < 0.01, "{computed} for {expected}");
    }
}

#[test]
fn figure_1_detection_by_size() {
    let row = |n| [1e-3, 1e-6, 1e-9].map(|p| paper(n, 1, 0.0, p));
    agree(&row(50), &[34.1, 46.0, 57.7]);
    agree(&row(100), &[74.9, 98.5, 121.7]);
    agree(&row(150), &[118.0, 154.0, 188.0]);
    agree(&row(200), &[163.0, 210.0, 256.0]);
    agree(&row(200).map(|seconds| seconds / 6.4), &[25.5, 32.9, 40.1]);
}

#[test]
fn figure_2_detection_by_mistake() {
    let row = |n| [1e-10, 1e-1].map(|p| paper(n, 1, 0.0, p));
    agree(&row(50), &[61.5, 25.9]);
    agree(&row(100), &[129.0, 58.7]);
    agree(&row(150), &[200.0, 94.1]);
}

#[test]
fn figure_3_detection_by_failures_and_loss() {
    let row = |failed| [0.0, 0.1, 0.2].map(|loss| paper(100, failed, loss, 1e-6));
    agree(&row(0), &[98.0, 108.0, 122.0]);
    agree(&row(50), &[184.0, 204.0, 230.0]);
    agree(&row(80), &[426.0, 473.0, 532.0]);
    agree(&row(90), &[816.0, 907.0, 1020.0]);
}

#[test]
fn figure_4_detection_by_loss() {
    let row = |n| [0.0, 0.25].map(|loss| paper(n, 1, loss, 1e-6));
    agree(&row(50), &[46.0, 61.5]);
    agree(&row(100), &[98.5, 131.5]);
    agree(&row(150), &[154.0, 205.0]);
}

#[test]
fn figure_8_rounds() {
    let rounds = |n| failure_time(n, 1, 0.05, 1e-6, SECOND).expect("in range").as_secs_f64();
    agree(&[50, 100, 200, 300].map(rounds), &[30.3, 32.4, 34.6, 35.9]);
}

#[test]
fn three_propagations_and_what_they_risk() {
    // The expected numbers have two or three digits.
    for (n, ticks, without, tenth) in [
        (10, 16.9, 8.4e-4, 3.6e-3),
        (30, 24.9, 9.2e-6, 9.4e-5),
        (100, 33.7, 6.0e-8, 1.5e-6),
        (300, 41.8, 6.0e-10, 3.4e-8),
        (1000, 50.6, 3.9e-12, 5.3e-10),
    ] {
        let time = propagation_failure_time(n, 3, SECOND).expect("in range");
        assert!((time.as_secs_f64() - ticks).abs() < 0.1, "{n}: {time:?}");
        for (loss, expected) in [(0.0, without), (0.1, tenth)] {
            let risk = mistake_probability(n, 1, loss, time, SECOND).expect("in range");
            assert!((risk / expected - 1.0).abs() < 0.04, "{n}, loss {loss}: {risk:e} for {expected:e}");
        }
    }
}

#[test]
fn ten_thousand_members_and_more() {
    let ticks = |n| failure_time(n, 1, 0.0, 1e-6, SECOND).expect("in range").as_secs_f64();
    // Each tenfold adds ln 10 for the news to begin, ln 10 to end, ln 10 for the union bound, and a little.
    let [hundred, myriad, million] = [100, 10_000, 1_000_000].map(ticks);
    let ten = core::f64::consts::LN_10;
    assert!((0.0..1.0).contains(&(myriad - hundred - 6.0 * ten)), "{hundred} {myriad}");
    assert!((0.0..1.0).contains(&(million - myriad - 6.0 * ten)), "{myriad} {million}");
}

#[test]
fn a_longer_silence_is_a_lesser_risk() {
    let risk = |ticks: u32| mistake_probability(1000, 1, 0.1, SECOND * ticks, SECOND).expect("in range");
    assert_eq!([0, 5, 10].map(risk), [1.0; 3], "a bound above one says nothing");
    assert!((30..100).all(|ticks| risk(ticks + 1) < risk(ticks)));
    assert_eq!(mistake_probability(10, 1, 0.0, Duration::MAX, SECOND), Ok(0.0));
}

#[test]
fn who_is_dead_is_remembered_twice_as_long() {
    assert_eq!(cleanup_time(SECOND * 7), SECOND * 14);
    assert_eq!(cleanup_time(Duration::MAX), Duration::MAX);
}

#[test]
fn arguments_out_of_range_are_refused() {
    let time = |members, failed, loss, p, tick| failure_time(members, failed, loss, p, tick);
    for (members, failed) in [(0, 0), (1, 0), (2, 1), (9, 8), (3, u32::MAX), (MEMBERS_MAX + 1, 1)] {
        assert_eq!(time(members, failed, 0.0, 0.1, SECOND), Err(HeartbeatError::Members { members, failed }));
    }
    for loss in [-0.01, 0.991, f64::INFINITY] {
        assert_eq!(time(9, 1, loss, 0.1, SECOND), Err(HeartbeatError::Loss { loss }));
    }
    for p_mistake in [0.0, 9e-31, 1.0, -1.0] {
        assert_eq!(time(9, 1, 0.0, p_mistake, SECOND), Err(HeartbeatError::Mistake { p_mistake }));
    }
    assert!(matches!(time(9, 1, f64::NAN, 0.1, SECOND), Err(HeartbeatError::Loss { .. })));
    assert!(matches!(time(9, 1, 0.0, f64::NAN, SECOND), Err(HeartbeatError::Mistake { .. })));
    assert_eq!(time(9, 1, 0.0, 0.1, Duration::ZERO), Err(HeartbeatError::Tick));
    assert_eq!(mistake_probability(9, 1, 0.0, SECOND, Duration::ZERO), Err(HeartbeatError::Tick));
    assert_eq!(propagation_failure_time(9, 3, Duration::ZERO), Err(HeartbeatError::Tick));
    assert_eq!(propagation_failure_time(9, 0, SECOND), Err(HeartbeatError::Tick));
    for members in [1, MEMBERS_MAX + 1] {
        assert_eq!(propagation_failure_time(members, 3, SECOND), Err(HeartbeatError::Members { members, failed: 0 }));
    }
}

#[test]
fn the_extremes_have_an_answer() {
    let most = failure_time(MEMBERS_MAX, MEMBERS_MAX - 2, LOSS_MAX, MISTAKE_MIN, Duration::MAX);
    assert_eq!(most, Ok(Duration::MAX));
    let least = failure_time(2, 0, 0.0, 0.999, Duration::from_nanos(1));
    assert_eq!(least, Ok(Duration::from_nanos(1)), "rounded up");
    assert_eq!(propagation_failure_time(2, u32::MAX, Duration::MAX), Ok(Duration::MAX));
}
