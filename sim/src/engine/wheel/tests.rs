//! Does the wheel hand out events as a sorted set would? Every test compares orders, never speeds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const BUCKET: u64 = 1 << BUCKET_BITS;
const HORIZON: u64 = BUCKET * SLOTS as u64;

const fn event(at: u64, seq: u32) -> Event {
    Event { at, order: order_key(Class::Timer, 7, seq), dst: seq, what: !seq }
}

fn drained(wheel: &mut Wheel) -> Vec<u64> {
    core::iter::from_fn(|| wheel.pop()).map(|event| event.at).collect()
}

#[derive(Debug, Clone)]
enum Step {
    /// So far after the last popped event, in this class, from this source.
    Push(u64, Class, u32),
    Pop,
    /// If it comes so soon after the last popped event.
    PopUntil(u64),
}

fn offsets() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        2 => 0..BUCKET,
        4 => 0..64 * BUCKET,
        2 => 0..HORIZON,
        2 => (HORIZON - 2 * BUCKET)..(HORIZON + 2 * BUCKET),
        1 => 0..40 * HORIZON,
        1 => (0..3 * SLOTS as u64).prop_map(|bucket| bucket * BUCKET),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = prop_oneof![Just(Class::Fault), Just(Class::Packet), Just(Class::Timer), Just(Class::Probe)];
    let step = prop_oneof![
        10 => (offsets(), class, 0..4_u32).prop_map(|(at, class, src)| Step::Push(at, class, src)),
        8 => Just(Step::Pop),
        2 => offsets().prop_map(Step::PopUntil),
    ];
    prop::collection::vec(step, 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1024,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn hands_out_events_like_a_sorted_set(steps in steps()) {
        let (mut wheel, mut model) = (Wheel::new(), BTreeSet::new());
        let (mut now, mut seq) = (0, 0);
        for step in steps {
            match step {
                Step::Push(after, class, src) => {
                    seq += 1;
                    let order = order_key(class, src, seq);
                    let event = Event { at: now + after, order, dst: src, what: seq };
                    wheel.push(event);
                    model.insert(event);
                }
                Step::Pop => {
                    let popped = wheel.pop();
                    prop_assert_eq!(popped, model.pop_first());
                    now = popped.map_or(now, |event| event.at);
                }
                Step::PopUntil(after) => {
                    let end = now + after;
                    let due = model.first().is_some_and(|event| event.at <= end);
                    let popped = wheel.pop_until(end);
                    prop_assert_eq!(popped, if due { model.pop_first() } else { None });
                    now = popped.map_or(now, |event| event.at);
                }
            }
            prop_assert_eq!(wheel.len(), model.len());
        }
        while let Some(event) = model.pop_first() {
            prop_assert_eq!(wheel.pop(), Some(event));
        }
        prop_assert!(wheel.is_empty() && wheel.pop().is_none() && wheel.late() == 0);
    }
}

#[test]
fn order_is_class_then_source_then_number() {
    let rising = [
        order_key(Class::Fault, MAX_SOURCES - 1, u32::MAX),
        order_key(Class::Packet, 0, 0),
        order_key(Class::Packet, 0, u32::MAX),
        order_key(Class::Packet, 1, 0),
        order_key(Class::Timer, 0, 0),
        order_key(Class::Probe, 0, 0),
        order_key(Class::Probe, MAX_SOURCES - 1, u32::MAX),
    ];
    assert!(rising.is_sorted_by(|a, b| a < b));
}

#[test]
#[should_panic(expected = "too many sources")]
fn a_source_that_would_spill_into_the_class_is_refused() {
    let _ = order_key(Class::Packet, MAX_SOURCES, 0);
}

#[test]
fn an_event_for_an_opened_bucket_still_comes_first() {
    let mut wheel = Wheel::new();
    wheel.push(event(100 * BUCKET + 9, 1));
    assert_eq!(wheel.pop_until(100 * BUCKET), None, "the bucket is open");
    wheel.push(event(100 * BUCKET + 3, 2));
    wheel.push(event(5, 3));
    wheel.push(event(99 * BUCKET, 4));
    assert_eq!(drained(&mut wheel), [5, 99 * BUCKET, 100 * BUCKET + 3, 100 * BUCKET + 9]);
}

#[test]
fn the_ends_of_time_have_their_place() {
    let mut wheel = Wheel::new();
    for (seq, at) in [u64::MAX, 0, HORIZON, HORIZON - 1, u64::MAX - BUCKET].into_iter().enumerate() {
        wheel.push(event(at, u32::try_from(seq).expect("five events")));
    }
    assert_eq!(drained(&mut wheel), [0, HORIZON - 1, HORIZON, u64::MAX - BUCKET, u64::MAX]);
}

#[test]
fn a_warm_wheel_does_not_grow() {
    let mut wheel = Wheel::new();
    for seq in 0..10_000 {
        wheel.push(event(u64::from(seq) * 4_999, seq));
    }
    let mut pool = 0;
    for seq in 10_000..500_000 {
        let popped = wheel.pop().expect("as many pushes as pops");
        wheel.push(event(popped.at + 10_000 * 4_999, seq));
        if seq == 100_000 {
            pool = wheel.buckets.pool_bytes();
        }
    }
    assert_eq!(wheel.buckets.pool_bytes(), pool);
    assert!(pool < 10_000 * 36, "{pool} bytes for 10 000 events in 48 buckets");
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "an event at 9 ns was pushed at 10 ns")]
fn an_event_in_the_past_stops_a_debug_build() {
    let mut wheel = Wheel::new();
    wheel.push(event(10, 1));
    wheel.pop();
    wheel.push(event(9, 2));
}

#[test]
#[cfg(not(debug_assertions))]
fn an_event_in_the_past_is_counted_and_happens_now() {
    let mut wheel = Wheel::new();
    wheel.push(event(10, 1));
    wheel.pop();
    wheel.push(event(9, 2));
    assert_eq!((wheel.late(), drained(&mut wheel)), (1, vec![10]));
}
