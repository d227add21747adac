//! Heartbeats as they are heard, and what becomes of those that are not.

use core::time::Duration;

use super::*;
use crate::config::{Detector, FailureRule, Relay};
use crate::detector::phi;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn both(millis: u64) -> (Instant, Instant) {
    (at(millis), at(millis))
}

fn relay() -> Relay {
    Relay { interval: SECOND, fanout: 1, bytes_per_second: None }
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
    beats.follow(Slot(1), 11, both(0));
    assert_eq!(beats.hear((11, 500), false, both(900)), Heard::Old, "the first one may be old");
    assert_eq!(beats.hear((11, 501), false, both(1000)), Heard::Rose);
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
        beats.follow(Slot(1), 11, both(0));
        assert_eq!(beats.hear((11, 9), false, both(0)), Heard::Old);
        let (mut now, mut count) = (0, 9);
        for _ in 0..200 {
            (now, count) = (now + 1000, count + 1);
            assert_eq!(beats.on_deadline(at(now)), None);
            assert_eq!(beats.hear((11, count), false, both(now)), Heard::Rose);
            beats.check();
        }
        let (silent, verdict) = next(&mut beats);
        assert_eq!(verdict, Some(Verdict::Silent(Slot(1))));
        assert!(silent > now + 4000, "{silent} after {now}");
        assert_eq!(beats.hear((11, count), false, both(silent + 10)), Heard::Old, "an echo");
        assert_eq!(beats.hear((11, count + 1), false, both(silent + 20)), Heard::Returned(Slot(1)));
        assert_eq!(beats.silent(), 0);
        let (again, verdict) = next(&mut beats);
        assert!(again > silent + 4000 && verdict == Some(Verdict::Silent(Slot(1))), "{again} after {silent}");
    }
}

#[test]
fn a_deadline_never_lies_behind_the_moment_of_silence() {
    let mut beats = accrual();
    beats.follow(Slot(1), 11, both(0));
    let (mut now, mut count) = (0, 0_u16);
    // From slow and irregular to fast and regular: the moment comes ever sooner.
    for step in (1..60).rev() {
        now += 20 * step + 300 * (step % 3);
        count += 1;
        beats.hear((11, count), true, both(now));
        let detector = beats.rule().accrual().expect("it has degrees");
        let silent = detector.deadline(beats.history(Slot(1)).expect("followed"), 8.0).expect("some time");
        assert!(beats.next_deadline() <= silent, "after {now} ms");
    }
}

#[test]
fn a_heartbeat_is_compared_in_a_window_and_cannot_jump() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, both(0));
    assert_eq!(beats.hear((11, u16::MAX - 1), false, both(0)), Heard::Old);
    assert_eq!(beats.hear((11, u16::MAX), false, both(1000)), Heard::Rose);
    assert_eq!(beats.hear((11, 0), false, both(2000)), Heard::Rose, "it wraps");
    assert_eq!(beats.hear((11, u16::MAX), false, both(3000)), Heard::Old);
    // Sixteen at once and four per interval are believed, and no more.
    assert_eq!(beats.hear((11, 16 + 4 + 1), false, both(3000)), Heard::Implausible);
    assert_eq!(beats.hear((11, 16 + 4), false, both(3000)), Heard::Rose);
    // The member itself may say what it likes: also that it is not so far yet.
    assert_eq!(beats.hear((11, 5), true, both(4000)), Heard::Rose);
    assert_eq!(beats.hear((11, 6), false, both(5000)), Heard::Rose);
    // While this node stood still for a minute, the others went on.
    let after_a_freeze = (at(5100), at(65_100));
    assert_eq!(beats.hear((11, 66), false, after_a_freeze), Heard::Rose);
}

#[test]
fn only_the_life_that_is_followed_is_heard() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, both(0));
    beats.hear((11, 1), true, both(1000));
    beats.follow(Slot(1), 11, both(30_000));
    assert_eq!(next(&mut beats).0, 33_747, "to be told of a life twice is no heartbeat");
    beats.follow(Slot(1), 12, both(40_000));
    assert!(!beats.is_silent(Slot(1)), "a new life begins");
    assert_eq!(beats.hear((11, 2), true, both(41_000)), Heard::Old, "the former one is over");
    beats.hear((12, 7), true, both(42_000));
    assert_eq!(beats.hear((12, 8), false, both(43_000)), Heard::Rose);
    assert_eq!(beats.told(Slot(1)), Some((12, 8)));
    assert_eq!(beats.hear((13, 8), true, both(43_000)), Heard::Old, "nobody");
    beats.drop(Slot(7));
    beats.check();
}

#[test]
fn of_two_lives_with_one_name_the_first_is_heard() {
    let mut beats = fixed();
    beats.follow(Slot(1), 11, both(0));
    beats.follow(Slot(2), 11, both(0));
    beats.hear((11, 1), true, both(0));
    assert_eq!(beats.hear((11, 2), true, both(1000)), Heard::Rose);
    assert_eq!((beats.told(Slot(1)), beats.told(Slot(2))), (Some((11, 2)), None));
    beats.check();
    beats.drop(Slot(2));
    beats.check();
    assert_eq!(beats.hear((11, 3), true, both(2000)), Heard::Rose);
}
