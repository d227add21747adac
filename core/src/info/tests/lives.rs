//! What happens when infos end, are deleted, are forgotten, and when nodes start again?

use super::*;

#[test]
fn what_is_deleted_is_deleted_everywhere_and_then_forgotten() {
    let (mut one, mut two, mut three) = (room(1), room(2), room(3));
    one.add(b"a", Int(1), Permanent, START).expect("admitted");
    let old = told_of(&one, "a");
    assert_eq!(tell(&one, &mut two, START), 1);
    let issued = two.delete(b"a", START).expect("a foreign one may be deleted");
    assert_eq!((issued.version.counter, issued.version.origin, issued.contents_changed), (2, origin(2), true));
    assert_eq!(two.delete(b"a", START), Err(InfoError::Missing));
    let told = told_of(&two, "a");
    assert_eq!((&told.value, told.left_ms, told.from), (&None, Some(60_000), 0));
    assert_eq!((take(&mut one, &told, at(20_000)), one.get(b"a", START)), (NEW, None));
    // Who hears of the deletion first does not take what was deleted.
    assert_eq!(take(&mut three, &told, at(30_000)), AGAIN, "nothing was there");
    assert_eq!(take(&mut three, &old, at(30_000)), Ok(Taken::Stale));
    assert_eq!((end(&mut one, at(79_999)).len(), one.size().0), (0, 1), "it is remembered");
    assert_eq!((end(&mut one, at(80_000)).len(), one.size()), (0, (0, 0)), "and forgotten without a word");
    assert_eq!((one.fingerprint(), two.fingerprint(), three.fingerprint()), (0, 0, 0));
}

#[test]
fn what_has_ended_is_remembered_so_that_nothing_older_comes_back() {
    let (mut one, mut two, mut three) = (room(1), room(2), room(3));
    one.add(b"a", Int(1), Permanent, START).expect("admitted");
    let old = told_of(&one, "a");
    assert_eq!(tell(&one, &mut two, START), 1);
    two.add(b"a", Int(2), for_ms(1000), START).expect("admitted");
    let new = told_of(&two, "a");
    assert_eq!((take(&mut three, &new, START), end(&mut three, at(1000))), (NEW, alloc::vec!["a".into()]));
    assert_eq!(take(&mut three, &old, at(2000)), Ok(Taken::Stale));
    assert_eq!(three.get(b"a", at(2000)), None);
    // It is told on as something that is gone, and makes its like end.
    let gone = above(&three, origin(2), 0, at(2000)).remove(0);
    assert_eq!((&gone.value, gone.left_ms, gone.version), (&None, Some(59_000), new.version));
    assert_eq!(take(&mut one, &new, START), NEW);
    assert_eq!(
        (take(&mut one, &Flying { hops: 2, ..gone }, at(900)), end(&mut one, at(900))),
        (Ok(Taken::Refreshed), alloc::vec!["a".into()])
    );
    // A slower copy of what is gone changes nothing.
    assert_eq!(take(&mut three, &Flying { hops: 5, ..new }, at(2000)), Ok(Taken::Duplicate));
    assert_eq!((end(&mut three, at(61_000)).len(), three.size().0), (0, 0));
}

/// Others may remember a little longer what was deleted, and must not take the next value for an older one.
#[test]
fn versions_go_on_after_what_was_forgotten() {
    let (mut one, mut two) = (room(1), room(2));
    (0..5).for_each(|number| {
        add(&mut one, "a", Int(number));
    });
    one.delete(b"a", START).expect("it is there");
    assert_eq!(tell(&one, &mut two, at(100)), 1);
    end(&mut one, at(60_000));
    assert_eq!((one.size().0, two.size().0), (0, 1));
    let issued = one.add(b"a", Int(6), Permanent, at(60_050)).expect("admitted");
    assert_eq!(issued.version.counter, 7);
    assert_eq!((tell(&one, &mut two, at(60_060)), value(&two, "a")), (1, Some(Int(6))));
}

#[test]
fn the_least_that_is_left_counts_and_is_told_rounded_up() {
    let (mut one, mut two) = (room(1), room(2));
    one.add(b"a", Int(1), Lifetime::For(Duration::from_micros(5500)), START).expect("admitted");
    let left = |room: &Infos, now| room.get(b"a", now).and_then(|item| item.left_ms);
    assert_eq!([left(&one, START), left(&one, at(5)), left(&one, at(6))], [Some(6), Some(1), None]);
    let told = told_of(&one, "a");
    assert_eq!(take(&mut two, &Flying { left_ms: Some(500), ..told.clone() }, START), NEW);
    assert_eq!((take(&mut two, &told, at(100)), left(&two, at(100))), (Ok(Taken::Refreshed), Some(6)));
    assert_eq!(take(&mut two, &Flying { left_ms: Some(7), ..told.clone() }, at(100)), Ok(Taken::Duplicate));
    assert_eq!(take(&mut two, &Flying { left_ms: None, ..told.clone() }, at(100)), Ok(Taken::Duplicate));
    assert_eq!((two.next_deadline(), end(&mut two, at(106))), (at(106), alloc::vec!["a".into()]));
    // Nobody shortens what this life has issued, nor what is permanent.
    let own = one.next_deadline();
    assert_eq!(
        (take(&mut one, &Flying { left_ms: Some(1), ..told }, START), one.next_deadline()),
        (Ok(Taken::Duplicate), own)
    );
    one.add(b"b", Int(1), Permanent, START).expect("admitted");
    let lasting = told_of(&one, "b");
    assert_eq!(take(&mut two, &lasting, START), NEW);
    for (value, left_ms) in [(lasting.value.clone(), Some(1)), (None, Some(1))] {
        assert_eq!(take(&mut two, &Flying { value, left_ms, ..lasting.clone() }, START), Ok(Taken::Duplicate));
    }
    assert!(two.get(b"b", at(1000)).is_some());
}

#[test]
fn events_come_in_order_once_and_leave_nothing() {
    let (mut one, mut two, mut three) = (room(1), room(2), room(3));
    for number in 0..3 {
        let issued = one.add_event(Int(number), for_ms(1000), START).expect("admitted");
        assert_eq!((issued.stamp, issued.version.counter), (3 * number.cast_unsigned() + 1, 1));
        // Other infos take stamps too, so that the numbers of events are not in a row.
        add(&mut one, "marker", Int(number));
        add(&mut one, "other", Int(number));
    }
    let events = above(&one, origin(1), 0, START);
    let [first, second, ..] = events.as_slice() else { panic!("there are five") };
    assert_eq!(first.key, keys::event_key(origin(1), 1).into_bytes());
    assert_eq!(take(&mut two, second, START), Err(Refusal::Gap), "not before the first one");
    assert_eq!(tell(&one, &mut two, START), 5);
    let numbers = |room: &Infos| {
        let events = room.after(0, START).map(|(_, _, told)| told.item).filter(|item| keys::is_event(item.key));
        events.map(|item| item.value.map(InfoValue::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&two), [0, 1, 2].map(|number| Some(OwnedInfoValue::Int(number))));
    assert_eq!(end(&mut two, at(1000)).len(), 3);
    assert_eq!((two.size().0, numbers(&two).len()), (2, 0), "nothing is left of them");
    assert_eq!(take(&mut two, first, at(1001)), Ok(Taken::Duplicate), "and they do not come again");
    // Nobody else may issue, change or delete one.
    let forged = [
        Flying { version: InfoVersion { counter: 2, ..first.version }, ..first.clone() },
        Flying { version: InfoVersion { counter: 1, origin: origin(7) }, ..first.clone() },
        Flying { stamp: 2, ..first.clone() },
        Flying { value: None, ..first.clone() },
        Flying { left_ms: None, ..first.clone() },
    ];
    for flying in forged {
        assert_eq!(take(&mut three, &flying, START), Err(Refusal::Unfit(Unfit::Reserved)), "{flying:?}");
    }
}

#[test]
fn a_life_is_forgotten_when_nothing_of_it_is_left_but_never_the_own_one() {
    let (mut one, mut two) = (room(1), room(2));
    one.add(b"a", Int(1), for_ms(1000), START).expect("admitted");
    assert_eq!(tell(&one, &mut two, START), 1);
    end(&mut two, at(61_000));
    let ix = two.origin(origin(1)).expect("remembered").ix;
    let facts = OriginFacts { origin: origin(1), ix, stamp: 1, hops: 1, infos: 0, sum: 0 };
    assert_eq!((two.origin_at(ix), two.newest(ix), two.next_deadline()), (facts, 0, at(61_000 + 90_000)));
    let mut over = 0;
    assert!(two.end_due(at(151_000), |ended| over += u32::from(ended == Ended::Life(ix))) && over == 1);
    end(&mut two, at(151_000));
    assert_eq!(two.origin(origin(1)), None);
    end(&mut one, at(151_000));
    assert_eq!((one.origin(origin(1)).map(|facts| facts.stamp), one.next_deadline()), (Some(1), Instant::NEVER));
    // Its stream goes on from what is there.
    one.add(b"b", Int(2), Permanent, at(151_000)).expect("admitted");
    assert_eq!((told_of(&one, "b").from, tell(&one, &mut two, at(151_000))), (0, 1));
    assert_eq!(two.origin(origin(1)).map(|facts| (facts.stamp, two.newest(facts.ix))), Some((2, 2)));
}

#[test]
fn a_node_that_raises_its_boot_is_another_origin() {
    let mut room = room(1);
    room.add(b"a", Int(1), Permanent, START).expect("admitted");
    room.begin_life(5, START);
    room.check();
    let issued = room.add(b"a", Int(2), Permanent, START).expect("admitted");
    assert_eq!((room.own().boot, issued.version.origin.boot, issued.stamp, issued.version.counter), (5, 5, 1, 2));
    room.check();
    // The earlier life has nothing left, and is forgotten like any other.
    assert_eq!(end(&mut room, at(90_000)), [""; 0]);
    assert!(room.origins().map(|facts| facts.origin.boot).eq([5]));
}

#[test]
fn a_restarted_node_says_again_what_its_earlier_life_contradicts() {
    let (mut peer, earlier) = (room(2), InfoVersion { counter: 9, origin: origin(1) });
    let old = Flying { version: earlier, ..Flying::first("a") };
    assert_eq!(take(&mut peer, &old, START), NEW);
    let mut restarted = Infos::new(Origin { boot: 2, ..origin(1) }, LIMITS, Compat2014::default());
    restarted.add(b"a", Int(1), Permanent, START).expect("admitted");
    assert_eq!((tell(&restarted, &mut peer, START), value(&peer, "a")), (0, Some(Text("value"))), "an older version");
    assert_eq!(take(&mut restarted, &old, START), Ok(Taken::Answered));
    assert_eq!(take(&mut restarted, &old, START), Ok(Taken::Duplicate));
    assert_eq!((tell(&restarted, &mut peer, START), value(&peer, "a")), (1, Some(Int(1))));
    assert_eq!((tell(&peer, &mut restarted, START), value(&restarted, "a")), (0, Some(Int(1))));
    assert_eq!(peer.fingerprint(), restarted.fingerprint());
    // So for what it has deleted; and what another node says later holds, as ever.
    restarted.delete(b"a", START).expect("it is there");
    let older = Flying { version: InfoVersion { counter: 99, ..earlier }, stamp: 2, from: 1, ..Flying::first("a") };
    assert_eq!(take(&mut restarted, &older, START), Ok(Taken::Answered));
    assert_eq!(told_of(&restarted, "a").version.counter, 100);
    let other = Flying { version: InfoVersion { counter: 101, origin: origin(3) }, ..Flying::first("a") };
    assert_eq!((take(&mut restarted, &other, START), value(&restarted, "a")), (NEW, Some(Text("value"))));
}

/// A stream is told without what was overtaken. If what overtook it is lost with its teller, something is missing
/// that others still have: the sums differ, and it is taken when it is told again.
#[test]
fn what_a_lost_teller_left_out_is_taken_when_it_comes_after_all() {
    let (mut one, mut two, mut three) = (room(1), room(2), room(3));
    one.add(b"a", Int(1), Permanent, START).expect("admitted");
    one.add(b"b", Int(2), Permanent, START).expect("admitted");
    assert_eq!(tell(&one, &mut two, START), 2);
    one.add(b"a", Int(3), Permanent, START).expect("admitted");
    let next = above(&one, origin(1), 0, START).remove(0);
    assert_eq!((next.stamp, next.from, take(&mut three, &next, START)), (2, 0, NEW));
    drop(one);
    let facts = [&two, &three].map(|room| room.origin(origin(1)).expect("heard of"));
    assert_eq!((facts[0].stamp, two.newest(facts[0].ix)), (facts[1].stamp, three.newest(facts[1].ix)));
    assert_ne!(facts[0].sum, facts[1].sum, "they have come equally far, and differ");
    let missing = above(&two, origin(1), 0, START);
    assert_eq!(
        missing.iter().map(|flying| take(&mut three, flying, START)).collect::<Vec<_>>(),
        [NEW, Ok(Taken::Duplicate)]
    );
    assert_eq!(
        (two.fingerprint(), two.origin(origin(1)).map(|facts| facts.sum)),
        (three.fingerprint(), Some(three.fingerprint()))
    );
}

#[test]
fn who_slept_for_long_ends_and_forgets_at_once() {
    let mut room = room(1);
    room.add(b"a", Int(1), for_ms(10), START).expect("admitted");
    room.add(b"b", Int(1), for_ms(100_000), START).expect("admitted");
    assert_eq!(end(&mut room, at(100_000)), ["a", "b"]);
    assert_eq!((room.size().0, room.next_deadline()), (1, at(160_000)), "the first one is forgotten already");
}
