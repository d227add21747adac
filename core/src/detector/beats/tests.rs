//! Heartbeats as they are heard, and what becomes of those that are not.

use core::time::Duration;

use super::*;
use crate::config::{Detector, FailureRule, Relay, Targets};
use crate::detector::phi;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn relay() -> Relay {
    Relay { interval: SECOND, fanout: 1, bytes_per_second: None, targets: Targets::Uniform }
}

/// Among 100 members three propagations take 33.7 intervals.
fn fixed() -> Beats {
    let detector = Detector::Heartbeat { fails: FailureRule::Propagations(3), relay: relay() };
    let mut beats = Beats::new(Rule::new(&detector).expect("it hears heartbeats"), SECOND, 0);
    beats.resize(100, SECOND);
    beats
}

fn accrual() -> Beats {
    let (accrual, cleanup) = (phi::Settings::lan(), Duration::from_secs(60));
    let detector = Detector::Phi { accrual, relay: relay(), cleanup };
    Beats::new(Rule::new(&detector).expect("it hears heartbeats"), SECOND, 0)
}

/// When the next verdict comes, and what it is.
fn next(beats: &mut Beats) -> (u64, Option<Verdict>) {
    loop {
        let due = beats.next_deadline();
        let verdict = beats.on_deadline(due);
        beats.check();
        if verdict.is_some() || due == Instant::NEVER {
            return (due.as_nanos() / 1_000_000, verdict);
        }
    }
}

#[test]
fn a_silence_ends_in_a_verdict_and_a_longer_one_in_a_second() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, at(0));
    assert_eq!(beats.hear((11, 500), at(900)), Heard::Old, "the first one may be old");
    assert_eq!(beats.hear((11, 501), at(1000)), Heard::Rose);
    let time = beats.rule().failure_time().expect("one for all").as_millis();
    assert_eq!(time, 33_747);
    assert_eq!(next(&mut beats), (1000 + 33_747, Some(Verdict::Silent(Slot(1)))));
    assert!(beats.is_silent(Slot(1)) && beats.told(Slot(1)).is_none(), "its last heartbeat is not told on");
    assert_eq!(next(&mut beats).1, Some(Verdict::Gone(Slot(1))));
    assert_eq!(beats.silent(), 1, "until its row says that it is dead");
    beats.drop(Slot(1));
    beats.check();
    assert_eq!((beats.silent(), next(&mut beats)), (0, (u64::MAX / 1_000_000, None)));
}

#[test]
fn a_rise_ends_a_silence_and_begins_the_next() {
    for mut beats in [fixed(), accrual()] {
        beats.follow(Slot(1), 11, at(0));
        assert_eq!(beats.hear((11, 9), at(0)), Heard::Old);
        let (mut now, mut count) = (0, 9);
        for _ in 0..200 {
            (now, count) = (now + 1000, count + 1);
            assert_eq!(beats.on_deadline(at(now)), None);
            assert_eq!(beats.hear((11, count), at(now)), Heard::Rose);
            beats.check();
        }
        let (silent, verdict) = next(&mut beats);
        assert_eq!(verdict, Some(Verdict::Silent(Slot(1))));
        assert!(silent > now + 4000, "{silent} after {now}");
        assert_eq!(beats.hear((11, count), at(silent + 10)), Heard::Old, "an echo");
        assert_eq!(beats.hear((11, count + 1), at(silent + 20)), Heard::Returned(Slot(1)));
        assert_eq!(beats.silent(), 0);
        let (again, verdict) = next(&mut beats);
        assert!(again > silent + 4000 && verdict == Some(Verdict::Silent(Slot(1))), "{again} after {silent}");
    }
}

#[test]
fn a_deadline_never_lies_behind_the_moment_of_silence() {
    let mut beats = accrual();
    beats.follow(Slot(1), 11, at(0));
    let (mut now, mut count) = (0, 0_u16);
    // From slow and irregular to fast and regular: the moment comes ever sooner.
    for step in (1..60).rev() {
        now += 20 * step + 300 * (step % 3);
        count += 1;
        beats.hear((11, count), at(now));
        let detector = beats.rule().accrual().expect("it has degrees");
        let silent = detector.deadline(beats.history(Slot(1)).expect("followed"), 8.0).expect("some time");
        assert!(beats.next_deadline() <= silent, "after {now} ms");
    }
}

#[test]
fn a_heartbeat_is_compared_in_a_window_and_cannot_jump() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, at(0));
    assert_eq!(beats.hear((11, u16::MAX - 1), at(0)), Heard::Old);
    assert_eq!(beats.hear((11, u16::MAX), at(1000)), Heard::Rose);
    assert_eq!(beats.hear((11, 0), at(2000)), Heard::Rose, "it wraps");
    assert_eq!(beats.hear((11, u16::MAX), at(3000)), Heard::Old);
    // Sixteen at once and four per interval are believed, and no more.
    assert_eq!(beats.hear((11, 16 + 4 + 1), at(3000)), Heard::Implausible);
    assert_eq!(beats.hear((11, 16 + 4), at(3000)), Heard::Rose);
    // While this node stood still for a minute, the others went on.
    beats.on_freeze(at(3100));
    assert_eq!(beats.hear((11, 80), at(3100)), Heard::Rose);
    assert_eq!(beats.hear((11, 80 + 90), at(3100 + 16_000)), Heard::Implausible, "that is over");
}

#[test]
fn what_is_heard_first_may_be_a_lie() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, at(0));
    beats.hear((11, 500 + 30_000), at(0));
    assert_eq!(beats.hear((11, 501), at(1000)), Heard::Old, "it may be older, or the other one is no heartbeat");
    assert_eq!(beats.hear((11, 502), at(2000)), Heard::Rose);
    assert_eq!(beats.hear((11, 501), at(3000)), Heard::Old, "from now on it is known");
    assert_eq!(beats.hear((11, 500 + 30_000), at(3000)), Heard::Implausible);
    assert_eq!(beats.hear((11, 503), at(3000)), Heard::Rose);
}

#[test]
fn only_the_life_that_is_followed_is_heard() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, at(0));
    beats.hear((11, 1), at(1000));
    beats.follow(Slot(1), 11, at(30_000));
    assert_eq!(next(&mut beats).0, 33_747, "to be told of a life twice is no heartbeat");
    beats.follow(Slot(1), 12, at(40_000));
    assert!(!beats.is_silent(Slot(1)), "a new life begins");
    assert_eq!(beats.hear((11, 2), at(41_000)), Heard::Old, "the former one is over");
    beats.hear((12, 7), at(42_000));
    assert_eq!(beats.hear((12, 8), at(43_000)), Heard::Rose);
    assert_eq!(beats.told(Slot(1)), Some((12, 8)));
    assert_eq!(beats.hear((13, 8), at(43_000)), Heard::Old, "nobody");
    beats.drop(Slot(7));
    beats.check();
}

#[test]
fn of_two_lives_with_one_name_the_first_is_heard() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, at(0));
    beats.follow(Slot(2), 11, at(0));
    beats.hear((11, 1), at(0));
    assert_eq!(beats.hear((11, 2), at(1000)), Heard::Rose);
    assert_eq!((beats.told(Slot(1)), beats.told(Slot(2))), (Some((11, 2)), None));
    beats.check();
    beats.drop(Slot(2));
    beats.check();
    assert_eq!(beats.hear((11, 3), at(2000)), Heard::Rose);
}
