//! What does a room do with an info that no honest node tells, or that it has no room for? It says why it refuses, and
//! nothing has changed.

use super::*;

const TIGHT: Limits = Limits {
    key_bytes_max: 8,
    value_bytes_max: 10,
    ttl_max: Duration::from_secs(10),
    tombstone_life: Duration::from_secs(5),
    ..Limits::STANDARD
};

/// A room that has come to stamp 5 of node 1.
fn tight() -> Infos {
    let mut room = Infos::new(origin(2), TIGHT, Compat2014::default());
    let flying = Flying { stamp: 5, version: InfoVersion { counter: 7, origin: origin(1) }, ..Flying::first("a") };
    assert_eq!(take(&mut room, &flying, START), NEW);
    room
}

/// What node 1 issues next.
fn next(key: &str) -> Flying {
    Flying { stamp: 6, from: 5, version: InfoVersion { counter: 8, origin: origin(1) }, ..Flying::first(key) }
}

fn text(text: &str) -> Option<OwnedInfoValue> {
    Some(OwnedInfoValue::Text(text.into()))
}

fn counted(counter: u64) -> InfoVersion {
    InfoVersion { counter, origin: origin(1) }
}

/// A lie about one key costs that key, and neither the streams of others nor new keys.
#[test]
fn a_counter_from_far_ahead_is_left_out_and_holds_up_nothing() {
    for (key, counter) in [("a", 8 + JUMP_MAX), ("b", 1 + JUMP_MAX), ("a", u64::MAX)] {
        let mut room = tight();
        assert_eq!(take(&mut room, &Flying { version: counted(counter), ..next(key) }, START), Ok(Taken::LeftOut));
        assert_eq!(room.origin(origin(1)).map(|facts| (facts.stamp, facts.infos)), Some((6, 1)));
        let behind = Flying { stamp: 7, from: 6, version: counted(9), ..next("c") };
        assert_eq!(take(&mut room, &behind, START), NEW);
        room.check();
    }
    let mut room = tight();
    let lie = Flying { version: counted(JUMP_MAX), value: None, left_ms: Some(1), ..next("b") };
    assert!(take(&mut room, &lie, START).is_ok());
    while room.end_due(at(10), |_| {}) {}
    let issued = room.add(b"c", Int(1), for_ms(1000), at(10)).expect("admitted");
    assert!(issued.version.counter <= JUMP_MAX, "who knows nothing of the lie takes it");
}

#[test]
fn what_no_honest_node_tells_is_refused() {
    let unfit = Refusal::Unfit;
    let rows = [
        (next(""), unfit(Unfit::Key), "no key"),
        (next("123456789"), unfit(Unfit::Key), "a long key"),
        (Flying { value: text("12345678901"), ..next("a") }, unfit(Unfit::Value), "a long value"),
        (Flying { left_ms: Some(0), ..next("a") }, unfit(Unfit::Ttl), "it has ended"),
        (Flying { left_ms: Some(10_001), ..next("a") }, unfit(Unfit::Ttl), "it lives too long"),
        (Flying { value: None, left_ms: Some(5001), ..next("a") }, unfit(Unfit::Ttl), "remembered too long"),
        (Flying { value: None, ..next("a") }, unfit(Unfit::Ttl), "remembered for ever"),
        (Flying { hops: HOPS_MAX, ..next("a") }, Refusal::Hops, "too far"),
        (Flying { hops: u8::MAX, ..next("a") }, Refusal::Hops, "as far as can be said"),
        (Flying { version: counted(0), ..next("a") }, Refusal::Counter, "no version"),
        (Flying { stamp: 0, from: 0, ..next("a") }, Refusal::Stamp, "no stamp"),
        (Flying { stamp: 6, from: 6, ..next("a") }, Refusal::Stamp, "after itself"),
        (Flying { stamp: 5, from: 4, ..next("b") }, Refusal::Stamp, "the stamp of another one"),
        (Flying { stamp: 5, from: 4, ..next("a") }, Refusal::Stamp, "the stamp of another version"),
        (Flying { stamp: 6 + JUMP_MAX, ..next("a") }, Refusal::Stamp, "a stamp from far ahead"),
        (Flying { stamp: u64::MAX, ..next("a") }, Refusal::Stamp, "the last of all"),
        (Flying { stamp: 7, from: 6, ..next("a") }, Refusal::Gap, "one is missing"),
        (
            Flying { version: InfoVersion { counter: 9, origin: origin(2) }, from: 0, ..next("a") },
            Refusal::Own,
            "our own",
        ),
        (next("event/x"), unfit(Unfit::Reserved), "no event's key"),
    ];
    let mut room = tight();
    for (flying, refusal, why) in rows {
        assert_eq!(take(&mut room, &flying, START), Err(refusal), "{why}");
    }
}

#[test]
fn what_is_within_its_limits_is_taken() {
    let rows = [
        Flying { value: text("1234567890"), ..next("12345678") },
        Flying { left_ms: Some(1), ..next("a") },
        Flying { left_ms: Some(10_000), ..next("a") },
        Flying { value: None, left_ms: Some(5000), ..next("a") },
        Flying { hops: HOPS_MAX - 1, ..next("a") },
        Flying { version: counted(7 + JUMP_MAX), ..next("a") },
        Flying { version: counted(JUMP_MAX), ..next("b") },
        Flying { stamp: 5 + JUMP_MAX, ..next("a") },
        Flying { stamp: 4, from: 3, ..next("b") },
    ];
    for flying in rows {
        let taken = take(&mut tight(), &flying, START);
        assert!(matches!(taken, Ok(Taken::New { .. })), "{flying:?}: {taken:?}");
    }
}

#[test]
fn own_infos_have_the_same_limits() {
    let mut room = tight();
    let before = alloc::format!("{room:?}");
    let unfit = |why| Err(InfoError::Unfit(why));
    assert_eq!(room.add(b"", Int(1), Permanent, START), unfit(Unfit::Key));
    assert_eq!(room.add(b"123456789", Int(1), Permanent, START), unfit(Unfit::Key));
    assert_eq!(room.add(b"a", Text("12345678901"), Permanent, START), unfit(Unfit::Value));
    assert_eq!(room.add(b"a", Int(1), for_ms(0), START), unfit(Unfit::Ttl));
    assert_eq!(room.add(b"a", Int(1), for_ms(10_001), START), unfit(Unfit::Ttl));
    assert_eq!(room.add(b"event/a", Int(1), for_ms(1), START), unfit(Unfit::Reserved));
    assert_eq!(room.add_event(Int(1), Permanent, START), unfit(Unfit::Ttl));
    assert_eq!(room.add_event(Int(1), for_ms(1), START), unfit(Unfit::Key), "the key of an event is long");
    assert_eq!(room.delete(b"b", START), Err(InfoError::Missing));
    assert_eq!(room.delete(b"event/a", START), unfit(Unfit::Reserved));
    assert_eq!(alloc::format!("{room:?}"), before);
    assert!(room.add(b"12345678", Text("1234567890"), for_ms(10_000), START).is_ok());
}

#[test]
fn a_key_that_was_counted_to_its_end_is_not_written() {
    let mut room = room(1);
    let mut counter = 0;
    for stamp in 1..1 << 16 {
        counter += JUMP_MAX;
        let version = InfoVersion { counter, origin: origin(2) };
        let flying = Flying { version, stamp, from: stamp - 1, ..Flying::first("a") };
        room.take(&flying.told(), START).expect("each is within the limit");
    }
    let version = InfoVersion { counter: u64::MAX, origin: origin(3) };
    assert_eq!(take(&mut room, &Flying { version, ..Flying::first("a") }, START), AGAIN, "65535 lies later");
    assert_eq!(room.add(b"a", Int(1), Permanent, START), Err(InfoError::Spent));
    assert_eq!(room.delete(b"a", START), Err(InfoError::Spent));
    room.check();
    assert!(room.add(b"b", Int(1), Permanent, START).is_ok(), "no other key is touched");
}

#[test]
fn a_full_store_takes_nothing_more_but_what_makes_it_no_larger() {
    let weight = |value: usize| 1 + value + ROW_BYTES;
    let limits = Limits { infos_max: 2, bytes_max: 2 * weight(8) + 4, ..LIMITS };
    let mut room = Infos::new(origin(2), limits, Compat2014::default());
    add(&mut room, "a", Int(1));
    let heard = |counter, stamp, value: &str| Flying {
        version: InfoVersion { counter, origin: origin(1) },
        stamp,
        value: text(value),
        ..Flying::first("b")
    };
    assert_eq!(take(&mut room, &heard(1, 1, "1234567890123"), START), Err(Refusal::Unfit(Unfit::Full)), "a byte");
    assert_eq!(take(&mut room, &heard(1, 1, "123456789012"), START), NEW);
    let full = Err(InfoError::Unfit(Unfit::Full));
    assert_eq!(room.size(), (2, limits.bytes_max));
    assert_eq!(room.add(b"c", Bytes(b""), Permanent, START), full, "one more");
    assert_eq!(room.add(b"a", Text("123456789"), Permanent, START), full, "a longer one");
    assert_eq!(
        take(&mut room, &Flying { from: 0, ..heard(2, 2, "1234567890123") }, START),
        Err(Refusal::Unfit(Unfit::Full))
    );
    assert_eq!(take(&mut room, &heard(2, 2, "1234567890ab"), START), NEW, "another one of the same length");
    add(&mut room, "a", Text("1234"));
    room.delete(b"b", START).expect("it is there");
    assert_eq!(room.size(), (2, weight(4) + weight(0)));
    assert_eq!(room.add(b"c", Bytes(b""), Permanent, START), full, "what was deleted is remembered");
    assert_eq!(end(&mut room, at(60_000)), [""; 0]);
    assert!(room.add(b"c", Bytes(b""), Permanent, at(60_000)).is_ok());
}

#[test]
fn lives_are_bounded() {
    let mut room = Infos::new(origin(9), Limits { origins_max: 2, ..LIMITS }, Compat2014::default());
    let of = |node, counter| Flying { version: InfoVersion { counter, origin: origin(node) }, ..Flying::first("a") };
    assert_eq!(take(&mut room, &of(1, 2), START), NEW);
    let refused = Err(Refusal::Unfit(Unfit::Origins));
    assert_eq!((take(&mut room, &of(2, 3), START), take(&mut room, &of(3, 1), START)), (refused, refused));
    add(&mut room, "a", Int(1));
    assert_eq!(end(&mut room, at(90_000)), [""; 0], "the first one is forgotten");
    assert_eq!(take(&mut room, &of(2, 9), at(90_000)), NEW);
}
