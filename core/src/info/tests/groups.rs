//! Which infos does a group list, where ours goes beyond 2014?

use super::*;

const A: KeyPattern<'_> = KeyPattern::prefix(b"a/");

fn def(limit: u32, order: GroupOrder) -> GroupDef<'static> {
    GroupDef { pattern: A, limit, order }
}

fn keys_of(room: &Infos, now: Instant) -> Vec<String> {
    room.group(A, now).expect("registered").map(key_of).collect()
}

/// A peer's info of this node, which has issued nothing before.
fn heard(room: &mut Infos, node: u128, key: &str, value: InfoValue<'_>) {
    let version = InfoVersion { counter: 1, origin: origin(node) };
    let flying = Flying { version, value: Some(value.to_owned()), ..Flying::first(key) };
    assert_eq!(take(room, &flying, START), NEW);
}

#[test]
fn what_a_group_does_not_list_is_there_when_a_place_is_free() {
    let mut room = room(1);
    for (key, number) in [("a/1", 1), ("a/2", 2), ("a/4", 4), ("a/5", 5)] {
        add(&mut room, key, Int(number));
    }
    room.add(b"a/3", Int(3), for_ms(10), START).expect("admitted");
    assert_eq!(room.register_group(def(2, Min)), Ok(Registered::New), "late, and nothing is missing");
    assert_eq!(keys_of(&room, START), ["a/1", "a/2"]);
    add(&mut room, "a/1", Int(9));
    assert_eq!(keys_of(&room, START), ["a/2", "a/3"], "one has worsened");
    assert_eq!(keys_of(&room, at(10)), ["a/2", "a/4"], "one has ended");
    assert_eq!(end(&mut room, at(10)), ["a/3"]);
    room.delete(b"a/2", at(10)).expect("it is there");
    assert_eq!(keys_of(&room, at(10)), ["a/4", "a/5"], "one was deleted");
    room.delete(b"a/4", at(10)).expect("it is there");
    room.delete(b"a/5", at(10)).expect("it is there");
    assert_eq!(keys_of(&room, at(10)), ["a/1"]);
    room.check();
}

#[test]
fn of_equal_values_the_smaller_key_is_better() {
    for order in [Min, Max] {
        let mut room = room(1);
        room.register_group(def(2, order)).expect("new");
        for key in ["a/b", "a/c", "a/a"] {
            add(&mut room, key, Int(1));
        }
        assert_eq!(keys_of(&room, START), ["a/a", "a/b"], "{order:?}");
    }
}

#[test]
fn of_equal_values_in_2014_the_first_or_the_last_is_better() {
    for (order, listed) in [(Min, ["a/b", "a/c"]), (Max, ["a/a", "a/c"])] {
        let mut room = compat(1, Compat2014 { ties_by_arrival: true, ..Compat2014::default() });
        room.register_group(def(2, order)).expect("new");
        for key in ["a/b", "a/c", "a/a"] {
            add(&mut room, key, Int(1));
        }
        assert_eq!(keys_of(&room, START), listed, "{order:?}");
        room.check();
    }
}

/// Nobody can refuse what another node has issued, or stores would differ; it is kept, and not listed.
#[test]
fn a_group_is_of_the_kind_that_most_have() {
    let mut room = room(1);
    room.register_group(def(9, Max)).expect("new");
    heard(&mut room, 2, "a/text", Text("x"));
    assert_eq!(keys_of(&room, START), ["a/text"]);
    heard(&mut room, 3, "a/float", Float(1.0));
    assert_eq!(keys_of(&room, START), ["a/float"], "of two kinds with as many, the first");
    heard(&mut room, 4, "a/word", Text("y"));
    assert_eq!(keys_of(&room, START), ["a/word", "a/text"]);
    assert_eq!(room.add(b"a/own", Float(2.0), HOUR, START), Err(InfoError::Kind));
    assert_eq!(room.add(b"a/word", Int(1), HOUR, START), Err(InfoError::Kind));
    add(&mut room, "a/own", Text("z"));
    assert_eq!(keys_of(&room, START), ["a/own", "a/word", "a/text"]);
    assert_eq!(value(&room, "a/float"), Some(Float(1.0)));
}

#[test]
fn an_info_is_in_every_group_that_it_matches() {
    let mut room = room(1);
    let patterns = [A, KeyPattern::prefix(b""), KeyPattern::exact(b"a/b.c"), KeyPattern::dotted(b"a/b")];
    for pattern in patterns {
        room.register_group(GroupDef { pattern, limit: 1, order: Min }).expect("new");
    }
    add(&mut room, "a/b.c", Int(1));
    room.check();
    assert!(patterns.iter().all(|&pattern| room.group(pattern, START).expect("registered").count() == 1));
    let issued = room.delete(b"a/b.c", START).expect("it is there");
    assert!(issued.contents_changed);
    assert!(patterns.iter().all(|&pattern| room.group(pattern, START).expect("registered").count() == 0));
    room.check();
}

#[test]
fn definitions_that_were_only_heard_of_agree_and_own_ones_stay() {
    let (mut one, mut two) = (room(1), room(2));
    for number in 0..9 {
        let key = alloc::format!("a/{number}");
        add(&mut one, &key, Int(number));
    }
    tell(&one, &mut two, START);
    let definitions = [def(3, Max), def(5, Min), def(5, Max), def(4, Min)];
    assert_eq!(
        definitions.map(|def| one.learn_group(def)),
        [Ok(Registered::New), Ok(Registered::Changed), Ok(Registered::Changed), Ok(Registered::Smaller)]
    );
    let reversed: Vec<_> = definitions.iter().rev().map(|&def| two.learn_group(def)).collect();
    let smaller = Ok(Registered::Smaller);
    assert_eq!(reversed, [Ok(Registered::New), Ok(Registered::Changed), smaller, smaller]);
    assert_eq!(keys_of(&one, START), ["a/8", "a/7", "a/6", "a/5", "a/4"]);
    assert_eq!(keys_of(&two, START), keys_of(&one, START));
    assert_eq!(one.learn_group(def(5, Max)), Ok(Registered::Known));
    // What this node registers itself holds here, whatever others say.
    assert_eq!(one.register_group(def(2, Min)), Ok(Registered::Changed));
    assert_eq!(one.learn_group(def(5, Max)), Err(GroupRefusal::Conflict));
    assert_eq!(one.learn_group(def(2, Min)), Ok(Registered::Known));
    assert_eq!(keys_of(&one, START), ["a/0", "a/1"]);
    assert!(one.groups().eq([def(2, Min)]));
    one.check();
    // An own definition that is as it was heard is an own one from then on.
    assert_eq!(two.register_group(def(5, Max)), Ok(Registered::Known));
    assert_eq!(two.learn_group(def(9, Max)), Err(GroupRefusal::Conflict));
}

#[test]
fn a_group_that_cannot_be_is_refused() {
    let limits = Limits { groups_max: 2, group_limit_max: 10, key_bytes_max: 4, ..LIMITS };
    let mut room = Infos::new(origin(1), limits, Compat2014::default());
    let rows = [
        (group("a", 0, Min), GroupRefusal::Limit),
        (group("a", 11, Min), GroupRefusal::Limit),
        (group("abcde", 1, Min), GroupRefusal::Pattern),
    ];
    for (def, refusal) in rows {
        assert_eq!((room.register_group(def), room.learn_group(def)), (Err(refusal), Err(refusal)), "{def:?}");
    }
    assert_eq!(room.register_group(group("abcd", 10, Min)), Ok(Registered::New));
    assert_eq!(room.learn_group(group("b", 1, Min)), Ok(Registered::New));
    assert_eq!(room.register_group(group("c", 1, Min)), Err(GroupRefusal::Full));
    assert_eq!(room.learn_group(group("c", 1, Min)), Err(GroupRefusal::Full));
    assert_eq!(room.groups().count(), 2);
    let watches = Limits { watches_max: 1, ..limits };
    assert_eq!(room.watches.begin(KeyPattern::exact(b"abcde"), false, &watches), Err(WatchRefusal::Pattern));
    let first: Result<WatchId, _> = room.watches.begin(KeyPattern::exact(b"abcd"), false, &watches);
    assert!(first.is_ok());
    assert_eq!(room.watches.begin(KeyPattern::exact(b"a"), false, &watches), Err(WatchRefusal::Full));
}
