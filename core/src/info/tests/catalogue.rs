//! Does the store behave as the tests of 2014 want it to? Their infos and stores, under their names.
//!
//! Where an own info was refused in 2014 because its time was not later, ours has the next version, whatever a clock
//! says; so "older" and "the same time" are tried out with what peers tell. Not here: of `LeastUseful` and the part of
//! `IsFresh` about peers a store knows nothing; who delivered what is known where links are.

use super::*;

#[test]
fn prefix() {
    let rows = [("a", ""), ("a.b", "a"), ("a.b.c", "a.b"), ("a.b.ccc", "a.b"), ("a.b..ccc", "a.b.")];
    for (key, prefix) in rows {
        for other in ["", "a", "a.b", "a.b."] {
            let matches = KeyPattern::dotted(other.as_bytes()).matches(key.as_bytes());
            assert_eq!(matches, other == prefix, "{key} and {other}");
        }
    }
}

#[test]
fn sort() {
    let floats = [3.0, -1.5, 0.25, f64::INFINITY, 2.0];
    for (order, sorted) in [(Min, [-1.5, 0.25, 2.0, 3.0, f64::INFINITY]), (Max, [f64::INFINITY, 3.0, 2.0, 0.25, -1.5])]
    {
        let mut room = room(1);
        room.register_group(group("f", 9, order)).expect("new");
        floats.iter().zip(["f.a", "f.b", "f.c", "f.d", "f.e"]).for_each(|(&float, key)| {
            add(&mut room, key, Float(float));
        });
        let items = room.group(KeyPattern::dotted(b"f"), START).expect("registered");
        assert!(items.map(|item| item.value).eq(sorted.map(|float| Some(Float(float)))), "{order:?}");
    }
}

#[test]
fn expired() {
    let mut room = room(1);
    room.add(b"a", Int(1), for_ms(5), START).expect("admitted");
    assert!(room.get(b"a", START).is_some() && room.get(b"a", at(4)).is_some());
    assert_eq!(room.get(b"a", at(5)), None, "at its end it has ended");
    assert_eq!(room.next_deadline(), at(5));
    assert_eq!((end(&mut room, at(4)), end(&mut room, at(5))), (Vec::new(), alloc::vec!["a".into()]));
}

#[test]
fn is_fresh() {
    let mut room = room(1);
    (0..10).for_each(|number| {
        add(&mut room, &alloc::format!("key {number}"), Int(number));
    });
    let fresh =
        |cursor| room.after(cursor, START).map(|(seq, _, told)| (seq, told.item.version.origin)).collect::<Vec<_>>();
    assert_eq!(fresh(9), [(10, origin(1))]);
    assert_eq!((fresh(10), fresh(11)), (Vec::new(), Vec::new()));
}

#[test]
fn register_group() {
    let mut room = room(1);
    assert_eq!(room.register_group(group("a", 10, Min)), Ok(Registered::New));
    assert_eq!(room.register_group(group("b", 10, Min)), Ok(Registered::New));
    for key in ["a.b", "a.c", "b.a", "c.a"] {
        add(&mut room, key, Int(1));
    }
    assert_eq!(listed(&room, "a", START).expect("registered"), ["a.b", "a.c"]);
    assert_eq!(listed(&room, "b", START).expect("registered"), ["b.a"]);
    assert_eq!(listed(&room, "c", START), None);
    assert_eq!(room.register_group(group("a", 10, Min)), Ok(Registered::Known));
    assert_eq!(room.register_group(group("a", 10, Max)), Err(GroupRefusal::Conflict));
    assert_eq!(room.register_group(group("a", 9, Min)), Err(GroupRefusal::Conflict));
    let mut once = compat(1, Compat2014 { groups_once: true, ..Compat2014::default() });
    assert_eq!(once.register_group(group("a", 10, Min)), Ok(Registered::New));
    assert_eq!(once.register_group(group("a", 10, Min)), Err(GroupRefusal::Again));
}

#[test]
fn zero_duration() {
    let mut ours = room(1);
    let refused = Err(InfoError::Unfit(Unfit::Ttl));
    assert_eq!(ours.add(b"a", Int(1), for_ms(0), START), refused, "ours: what is meant to last says so");
    let mut theirs = compat(1, Compat2014 { zero_is_permanent: true, ..Compat2014::default() });
    theirs.add(b"a", Int(1), for_ms(0), START).expect("it lasts for ever");
    assert_eq!(theirs.get(b"a", Instant::from_nanos(u64::MAX - 1)).expect("it is there").left_ms, None);
    assert_eq!(theirs.next_deadline(), Instant::NEVER);
}

#[test]
fn new_info() {
    let mut room = room(1);
    let (first, second) = (add(&mut room, "a", Int(1)), add(&mut room, "b", Int(1)));
    assert_eq!((first.stamp, second.stamp), (1, 2));
    assert!(room.after(0, START).map(|(seq, ..)| seq).eq([1, 2]), "consecutive numbers");
}

#[test]
fn info_store_get_info() {
    let mut room = room(1);
    let issued = room.add(b"a", Float(2.5), Permanent, START).expect("admitted");
    let version = InfoVersion { counter: 1, origin: origin(1) };
    assert_eq!(issued, Issued { version, stamp: 1, contents_changed: true });
    let item = InfoItem { key: b"a", value: Some(Float(2.5)), version, stamp: 1, hops: 0, left_ms: None };
    assert_eq!(room.get(b"a", START), Some(item));
    assert_eq!((room.size(), room.seq()), ((1, 1 + 8 + ROW_BYTES), 1));
    assert_eq!(room.get(b"b", START), None);
}

#[test]
fn info_store_get_info_ttl() {
    let mut room = room(1);
    room.add(b"a", Int(1), Lifetime::For(Duration::from_nanos(1)), START).expect("admitted");
    assert_eq!(room.get(b"a", START.after(Duration::from_nanos(1))), None);
}

#[test]
fn add_info_same_key_less_than_equal_timestamp() {
    let (mut first, mut second, mut room) = (room(1), room(2), room(3));
    let mut older = told_of(
        &{
            add(&mut first, "a", Int(1));
            first.clone()
        },
        "a",
    );
    add(&mut second, "a", Int(2));
    add(&mut second, "a", Int(3));
    let kept = told_of(&second, "a");
    assert_eq!(take(&mut room, &kept, START), NEW);
    assert_eq!(take(&mut room, &kept, START), Ok(Taken::Duplicate), "the same version");
    assert_eq!(take(&mut room, &older, START), Ok(Taken::Stale), "an earlier version");
    (older.stamp, older.version.counter) = (2, 2);
    assert_eq!(take(&mut room, &older, START), Ok(Taken::Stale), "the same counter, of a smaller origin");
    assert_eq!(value(&room, "a"), Some(Int(3)));
}

#[test]
fn add_info_same_key_greater_timestamp() {
    let mut room = room(1);
    let (first, second) = (add(&mut room, "a", Int(1)), add(&mut room, "a", Int(2)));
    assert!(first.version < second.version);
    assert_eq!(value(&room, "a"), Some(Int(2)));
}

#[test]
fn add_info_same_key_different_hops() {
    let (mut teller, mut room) = (room(1), room(2));
    add(&mut teller, "a", Int(1));
    let near = Flying { hops: 1, ..told_of(&teller, "a") };
    assert_eq!(take(&mut room, &near, START), NEW);
    assert_eq!(take(&mut room, &Flying { hops: 2, ..near }, START), Ok(Taken::Duplicate));
    add(&mut teller, "a", Int(2));
    let newer = Flying { hops: 9, ..told_of(&teller, "a") };
    assert_eq!(take(&mut room, &newer, START), NEW, "a newer one replaces it, however far it came");
    let facts = room.origin(origin(1)).expect("heard of");
    assert_eq!((value(&room, "a"), facts.hops, facts.stamp, facts.infos), (Some(Int(2)), 10, 2, 1));
}

#[test]
fn combine() {
    let (mut one, mut two) = (room(1), room(2));
    for (room, prefixes) in [(&mut one, ["a", "b"]), (&mut two, ["b", "c"])] {
        for prefix in prefixes {
            room.register_group(group(prefix, 10, Min)).expect("new");
        }
    }
    for key in ["a.a", "a.b", "b.a", "b.b"] {
        add(&mut one, key, Int(1));
    }
    // The second one knows of the overlapping key, so that what it says is newer.
    take(&mut two, &Flying { from: 0, ..told_of(&one, "b.a") }, START).expect("taken");
    for key in ["b.a", "b.c", "c.a", "c.b"] {
        add(&mut two, key, Int(2));
    }
    let definitions: Vec<_> = two.groups().map(|def| one.clone().learn_group(def)).collect();
    assert_eq!(definitions, [Ok(Registered::Known), Ok(Registered::New)]);
    two.groups().for_each(|def| assert!(one.learn_group(def).is_ok()));
    assert_eq!(tell(&two, &mut one, START), 4);
    assert_eq!(listed(&one, "c", START).expect("learned"), ["c.a", "c.b"]);
    assert_eq!(listed(&one, "b", START).expect("registered"), ["b.b", "b.a", "b.c"]);
    let overlap = one.get(b"b.a", START).expect("there");
    assert_eq!((overlap.value, overlap.hops, overlap.version.origin), (Some(Int(2)), 1, origin(2)));
    assert_eq!(tell(&two, &mut one, START), 0, "once more, and nothing is new");
}

#[test]
fn info_store_delta() {
    let mut room = room(1);
    room.register_group(group("a", 10, Min)).expect("new");
    room.register_group(group("b", 10, Min)).expect("new");
    for number in 0..10 {
        for prefix in ["a.", "b.", ""] {
            add(&mut room, &alloc::format!("{prefix}{number}"), Int(number));
        }
    }
    for number in 0..10_u64 {
        let keys: Vec<_> = room.after(3 * number, START).map(|(_, _, told)| key_of(told.item)).collect();
        for prefix in ["a.", "b.", ""] {
            let last = (number..10).map(|number| alloc::format!("{prefix}{number}"));
            assert!(last.clone().all(|key| keys.contains(&key)), "{prefix} after {number}");
        }
        assert_eq!(keys.len() as u64, 3 * (10 - number), "and nothing else");
        // Stamps are as good as numbers of arrival.
        assert_eq!(above(&room, origin(1), 3 * number, START).len(), keys.len());
    }
    assert_eq!(room.after(room.seq(), START).count(), 0);
}

#[test]
fn info_store_distant() {
    let mut room = room(9);
    for hops in 1..=3_u8 {
        let origin = origin(hops.into());
        let version = InfoVersion { counter: 1, origin };
        let flying = Flying { version, hops: hops - 1, ..Flying::first(&alloc::format!("key {hops}")) };
        assert_eq!(take(&mut room, &flying, START), NEW);
    }
    let distant = |limit| room.origins().filter(move |facts| facts.hops > limit).map(|facts| facts.origin);
    assert!(distant(0).eq([1, 2, 3].map(origin)) && distant(1).eq([2, 3].map(origin)) && distant(2).eq([origin(3)]));
}

/// Patterns are exact or begin a key; there are no regular expressions.
#[test]
fn callbacks() {
    let mut room = room(1);
    let exact = room.watches.begin(KeyPattern::exact(b"key1"), false, &LIMITS).expect("room for it");
    let prefix = room.watches.begin(KeyPattern::prefix(b"key"), false, &LIMITS).expect("room for it");
    let heard = |room: &Infos, key: &str, issued: Issued| {
        room.watches.of(key.as_bytes(), issued.contents_changed).collect::<Vec<_>>()
    };
    let first = add(&mut room, "key1", Int(1));
    assert_eq!(heard(&room, "key1", first), [exact, prefix]);
    let second = add(&mut room, "key2", Int(1));
    assert_eq!(heard(&room, "key2", second), [prefix]);
    let third = add(&mut room, "other", Int(1));
    assert_eq!(heard(&room, "other", third), []);
    let newer = add(&mut room, "key1", Int(2));
    assert_eq!(heard(&room, "key1", newer), [exact, prefix]);
    let mut other = room.clone();
    assert_eq!(tell(&room, &mut other, START), 0, "what is there is no news");
    assert!(
        room.matching(KeyPattern::prefix(b"key"), START).map(key_of).eq(["key1", "key2"]),
        "told to who comes late"
    );
}

#[test]
fn register_callback() {
    let mut room = room(1);
    for key in ["key1", "key2", "kez"] {
        add(&mut room, key, Int(1));
    }
    let told = |pattern| room.matching(pattern, START).map(key_of).collect::<Vec<_>>();
    assert_eq!(told(KeyPattern::prefix(b"key")), ["key1", "key2"]);
    assert_eq!(told(KeyPattern::exact(b"key1")), ["key1"]);
    assert_eq!(told(KeyPattern::exact(b"key")), [""; 0]);
}

#[test]
fn gossip_info_store() {
    let mut room = room(1);
    let values = [("i", Int(1)), ("f", Float(3.125)), ("s", Text("b"))];
    for (key, value) in values {
        room.add(key.as_bytes(), value, Permanent, START).expect("admitted");
    }
    for (key, is) in values {
        assert_eq!(value(&room, key), Some(is));
        assert_eq!(value(&room, &alloc::format!("{key}{key}")), None);
    }
}
