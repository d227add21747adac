//! Does a group behave as the tests of 2014 want it to? Under their names.
//!
//! What they refuse to insert, because a group has no room for it, ours keeps and does not list.

use super::*;

/// A room with the group `a`.
fn grouped(limit: u32, order: GroupOrder) -> Infos {
    let mut room = room(1);
    room.register_group(group("a", limit, order)).expect("new");
    room
}

fn list(room: &Infos) -> Vec<String> {
    listed(room, "a", START).expect("registered")
}

#[test]
fn min_group_should_include() {
    let mut room = grouped(2, Min);
    add(&mut room, "a.a", Int(1));
    add(&mut room, "a.b", Int(2));
    add(&mut room, "a.c", Int(0));
    assert_eq!(list(&room), ["a.c", "a.a"]);
    add(&mut room, "a.d", Int(3));
    assert_eq!(list(&room), ["a.c", "a.a"]);
}

#[test]
fn max_group_should_include() {
    let mut room = grouped(2, Max);
    add(&mut room, "a.a", Int(1));
    add(&mut room, "a.b", Int(2));
    add(&mut room, "a.c", Int(3));
    assert_eq!(list(&room), ["a.c", "a.b"]);
    add(&mut room, "a.d", Int(0));
    assert_eq!(list(&room), ["a.c", "a.b"]);
}

#[test]
fn type_mismatch() {
    let mut room = grouped(2, Min);
    add(&mut room, "a.a", Int(1));
    assert_eq!(room.add(b"a.b", Text("2"), HOUR, START), Err(InfoError::Kind));
    room.check();
    assert_eq!((list(&room), room.seq()), (alloc::vec!["a.a".into()], 1), "nothing has changed");
    add(&mut room, "a.a", Text("1"));
    assert_eq!(list(&room), ["a.a"], "the only one may be of another kind from now on");
}

#[test]
fn same_key_inserts() {
    let mut room = grouped(2, Min);
    assert!(add(&mut room, "a.a", Int(1)).contents_changed);
    assert!(!add(&mut room, "a.a", Int(1)).contents_changed);
    assert!(add(&mut room, "a.a", Int(2)).contents_changed);
    let older = Flying { value: Some(OwnedInfoValue::Int(0)), ..Flying::first("a.a") };
    let older = Flying { version: InfoVersion { counter: 2, origin: origin(9) }, ..older };
    assert_eq!(take(&mut room, &older, START), Ok(Taken::Stale));
    assert_eq!((list(&room), value(&room, "a.a")), (alloc::vec!["a.a".into()], Some(Int(2))));
}

#[test]
fn group_compact_after_ttl() {
    let mut room = grouped(2, Min);
    room.add(b"a.a", Int(1), for_ms(5), START).expect("admitted");
    room.add(b"a.b", Int(2), for_ms(5), START).expect("admitted");
    room.add(b"a.c", Int(3), HOUR, START).expect("admitted");
    assert_eq!(list(&room), ["a.a", "a.b"]);
    assert_eq!(listed(&room, "a", at(5)).expect("registered"), ["a.c"], "though nothing was ended yet");
    assert_eq!(end(&mut room, at(5)), ["a.a", "a.b"]);
    room.add(b"a.d", Int(4), HOUR, at(5)).expect("admitted");
    assert_eq!(list(&room), ["a.c", "a.d"]);
}

#[test]
fn groups_100_keys() {
    let mut rng = crate::vocab::Rng::new(1, NodeId::from_u128(1), 1);
    let mut room = room(1);
    room.register_group(group("min", 100, Min)).expect("new");
    room.register_group(group("max", 100, Max)).expect("new");
    let mut floats: Vec<f64> = (0..1000).map(|_| f64::from(rng.below(1 << 30)) / 1024.0).collect();
    for (&float, number) in floats.iter().zip(0..) {
        add(&mut room, &alloc::format!("min.{number}"), Float(float));
        add(&mut room, &alloc::format!("max.{number}"), Float(float));
    }
    room.check();
    floats.sort_by(f64::total_cmp);
    let values = |prefix: &'static [u8]| {
        let items = room.group(KeyPattern::dotted(prefix), START).expect("registered");
        items.map(|item| item.value).collect::<Vec<_>>()
    };
    assert!(values(b"min").into_iter().eq(floats[..100].iter().map(|&float| Some(Float(float)))));
    assert!(values(b"max").into_iter().eq(floats[900..].iter().rev().map(|&float| Some(Float(float)))));
}

#[test]
fn same_key_same_timestamp() {
    let (mut teller, mut room) = (room(2), grouped(2, Min));
    add(&mut teller, "a.a", Int(1));
    let flying = told_of(&teller, "a.a");
    assert_eq!(take(&mut room, &flying, START), NEW);
    assert_eq!(take(&mut room, &flying, START), Ok(Taken::Duplicate));
}

#[test]
fn same_key_different_hops() {
    let (mut teller, mut near, mut far) = (room(2), grouped(2, Min), grouped(2, Min));
    add(&mut teller, "a.a", Int(1));
    let [one, two] = [0, 1].map(|hops| Flying { hops, ..told_of(&teller, "a.a") });
    assert_eq!((take(&mut near, &one, START), take(&mut near, &two, START)), (NEW, Ok(Taken::Duplicate)));
    let seq = near.seq();
    assert_eq!((take(&mut far, &two, START), take(&mut far, &one, START)), (NEW, Ok(Taken::Refreshed)));
    assert_eq!(far.get(b"a.a", START).map(|item| item.hops), Some(1));
    assert_eq!((far.origin(origin(2)).map(|facts| facts.hops), far.seq()), (Some(1), seq), "and is not told again");
}

#[test]
fn group_get_info() {
    let mut room = grouped(10, Min);
    for number in 0..10 {
        add(&mut room, &alloc::format!("a.{number}"), Int(number));
    }
    for number in 0..10 {
        assert_eq!(value(&room, &alloc::format!("a.{number}")), Some(Int(number)));
    }
    assert_eq!(value(&room, "b.0"), None);
}

#[test]
fn group_get_info_ttl() {
    let mut room = grouped(10, Min);
    room.add(b"a.a", Int(1), Lifetime::For(Duration::from_nanos(1)), START).expect("admitted");
    let now = START.after(Duration::from_nanos(1));
    assert_eq!(room.get(b"a.a", now), None);
    room.add(b"a.b", Int(2), HOUR, now).expect("admitted");
    assert_eq!(listed(&room, "a", now).expect("registered"), ["a.b"]);
}

/// A record is ordered by its bytes.
#[test]
fn group_with_struct_val() {
    let mut room = grouped(10, Min);
    let record = |number: u16| [&number.to_be_bytes()[..], b"whatever else it holds"].concat();
    for (key, number) in [("a.c", 300), ("a.a", 100), ("a.b", 200)] {
        add(&mut room, key, Bytes(&record(number)));
    }
    let items = room.group(KeyPattern::dotted(b"a"), START).expect("registered");
    let records = [100, 200, 300].map(record);
    assert!(items.map(|item| item.value).eq(records.iter().map(|record| Some(Bytes(record)))));
}

#[test]
fn add_group_infos() {
    let mut room = room(1);
    room.register_group(group("a", 10, Min)).expect("new");
    room.register_group(group("b", 10, Max)).expect("new");
    add(&mut room, "a.a", Int(1));
    add(&mut room, "a.b", Int(2));
    assert_eq!(
        (listed(&room, "a", START).expect("registered"), room.size().0, room.seq()),
        (alloc::vec!["a.a".into(), "a.b".into()], 2, 2)
    );
    add(&mut room, "b.a", Int(1));
    add(&mut room, "b.b", Int(2));
    assert_eq!(
        (listed(&room, "b", START).expect("registered"), room.size().0, room.seq()),
        (alloc::vec!["b.b".into(), "b.a".into()], 4, 4)
    );
    add(&mut room, "c.a", Int(3));
    assert_eq!((value(&room, "c.a"), listed(&room, "c", START)), (Some(Int(3)), None));
    assert_eq!((room.size().0, room.seq()), (5, 5));
}

#[test]
fn gossip_groups_info_store() {
    let mut room = room(1);
    for prefix in ["i", "f", "s"] {
        room.register_group(group(prefix, 3, Min)).expect("new");
    }
    let texts = ["0", "1", "2"];
    for number in [2_u8, 0, 1] {
        let text = texts[usize::from(number)];
        for (prefix, value) in [("i", Int(number.into())), ("f", Float(number.into())), ("s", Text(text))] {
            add(&mut room, &alloc::format!("{prefix}.{number}"), value);
        }
    }
    for prefix in ["i", "f", "s"] {
        let keys = texts.map(|number| alloc::format!("{prefix}.{number}"));
        assert_eq!(listed(&room, prefix, START).expect("registered"), keys);
    }
    assert_eq!(listed(&room, "unknown", START), None);
}
