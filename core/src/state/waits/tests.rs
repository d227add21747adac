//! When is a wait over, and who counts for it?

use super::*;

const EPOCH: u64 = 7;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Waits for these versions, replicas and domains, with deadlines in their order.
fn waits(wanted: &[(u64, u32, u32)]) -> Waits {
    let mut waits = Waits::default();
    waits.at_epoch(EPOCH);
    for (millis, &(version, replicas, domains)) in (1..).zip(wanted) {
        waits.begin(Wanted { version, replicas, domains, until: at(1000 * millis) });
    }
    waits
}

const fn head(epoch: u64, version: u64) -> Head {
    Head { epoch, watermark: 0, version, sum: 0 }
}

/// The member in this slot holds this version; two neighbours share a domain.
fn hold(waits: &mut Waits, slot: u32, epoch: u64, version: u64) {
    let holder = Holder { slot: Slot(slot), life: 1 };
    waits.on_head(holder, head(epoch, version), true, |slot| Domain::from_number((slot.0 / 2).into()));
    waits.check();
}

const fn outcome(version: u64, replicas: u32, domains: u32) -> Outcome {
    Outcome { version, replicas, domains }
}

#[test]
fn a_wait_is_over_when_enough_hold_it_in_enough_domains() {
    let mut waits = waits(&[(5, 2, 2)]);
    hold(&mut waits, 2, EPOCH, 5);
    hold(&mut waits, 3, EPOCH, 9);
    hold(&mut waits, 3, EPOCH, 9);
    assert_eq!(waits.take_finished(), None, "two replicas in one domain");
    assert_eq!((waits.missing(), waits.lacks_domain(Domain::from_number(1))), (1, false));
    assert!(waits.lacks_domain(Domain::NONE), "no domain is a domain too");
    hold(&mut waits, 4, EPOCH, 4);
    assert_eq!(waits.take_finished(), None, "an earlier version is not it");
    hold(&mut waits, 1, EPOCH, 5);
    assert_eq!(waits.take_finished(), Some(outcome(5, 3, 2)));
    assert!(waits.is_empty() && waits.next_deadline() == Instant::NEVER);
    waits.check();
}

#[test]
fn a_later_version_ends_every_earlier_wait() {
    let mut waits = waits(&[(5, 1, 1), (6, 2, 0)]);
    hold(&mut waits, 2, EPOCH, 5);
    assert_eq!(waits.take_finished(), Some(outcome(5, 1, 1)));
    waits.begin(Wanted { version: 6, replicas: 1, domains: 0, until: at(9000) });
    hold(&mut waits, 2, EPOCH, 6);
    hold(&mut waits, 3, EPOCH, 8);
    assert_eq!(waits.take_finished(), Some(outcome(6, 2, 1)));
    assert_eq!(waits.take_finished(), Some(outcome(6, 2, 1)));
    assert_eq!(waits.take_finished(), None);
}

#[test]
fn what_is_held_already_counts_for_a_new_wait() {
    let mut waits = waits(&[(5, 9, 0)]);
    hold(&mut waits, 2, EPOCH, 6);
    waits.begin(Wanted { version: 6, replicas: 1, domains: 1, until: at(1) });
    waits.check();
    assert_eq!(waits.take_finished(), Some(outcome(6, 1, 1)));
}

#[test]
fn another_epoch_confirms_nothing() {
    let mut waits = waits(&[(5, 2, 0)]);
    for epoch in [EPOCH - 1, EPOCH + 1] {
        hold(&mut waits, 2, epoch, 9);
        assert_eq!(waits.missing(), 2);
    }
    assert_eq!(waits.copy_of(Slot(2), head(EPOCH, 5)), head(EPOCH + 1, 9), "but it tells what the copy needs");
    hold(&mut waits, 2, EPOCH, 9);
    assert_eq!(waits.missing(), 1);
    waits.at_epoch(EPOCH + 1);
    waits.check();
    assert_eq!(waits.missing(), 2, "who held the old map does not hold the new one");
    assert_eq!(waits.take_expired(at(1000)), Some(outcome(5, 0, 0)));
}

#[test]
fn who_is_forgotten_or_lives_again_holds_nothing() {
    let mut waits = waits(&[(5, 2, 1), (6, 3, 1)]);
    hold(&mut waits, 2, EPOCH, 5);
    hold(&mut waits, 4, EPOCH, 6);
    waits.forget(Slot(2));
    waits.check();
    assert_eq!(waits.take_finished(), None, "one is left");
    waits.follow_life(Holder { slot: Slot(4), life: 1 });
    assert_eq!(waits.take_expired(at(1000)), Some(outcome(5, 1, 1)), "the same life");
    waits.follow_life(Holder { slot: Slot(4), life: 2 });
    waits.check();
    assert_eq!(waits.take_expired(at(2000)), Some(outcome(6, 0, 0)), "another one");
}

#[test]
fn what_readers_do_not_see_is_not_held() {
    let mut waits = waits(&[(5, 1, 0)]);
    let holder = Holder { slot: Slot(2), life: 1 };
    waits.on_head(holder, head(EPOCH, 6), false, |_| Domain::NONE);
    assert_eq!((waits.take_finished(), waits.is_wanted(Slot(2))), (None, true));
    assert_eq!(waits.copy_of(Slot(2), head(EPOCH, 6)).version, 6, "it is given what comes after that");
    assert_eq!(waits.copy_of(Slot(3), head(EPOCH, 6)).version, 4, "and others all that is waited for");
}

#[test]
fn time_ends_waits_in_order_and_asks_again() {
    let mut waits = waits(&[(5, 1, 0), (6, 1, 0)]);
    waits.on_asked(at(200));
    assert_eq!((waits.next_deadline(), waits.is_asking_due(at(199))), (at(200), false));
    assert!(waits.is_asking_due(at(200)));
    waits.on_asked(at(1200));
    assert_eq!((waits.next_deadline(), waits.take_expired(at(999))), (at(1000), None));
    assert_eq!(waits.take_expired(at(1000)), Some(outcome(5, 0, 0)));
    assert_eq!(waits.next_deadline(), at(1200));
}

#[test]
fn on_its_own_word_nobody_is_given_more_than_once_per_pause() {
    let mut waits = waits(&[(5, 2, 0)]);
    let pause = Duration::from_millis(200);
    assert!(!waits.try_again(Slot(2), (at(0), pause)), "it has said nothing");
    hold(&mut waits, 2, EPOCH, 4);
    assert!(waits.try_again(Slot(2), (at(0), pause)));
    assert!(!waits.try_again(Slot(2), (at(199), pause)));
    assert!(waits.try_again(Slot(2), (at(200), pause)));
    hold(&mut waits, 2, EPOCH, 5);
    assert!(!waits.try_again(Slot(2), (at(900), pause)), "it lacks nothing");
}
