//! Does the store behave as the tests that came after 2014 want it to? Those that are about a store, under their names.
//!
//! Not here, because a store knows no links: `GetHighWaterStampsWithDiff` and `ClientSendsHighStampsDiff` (which stamps
//! a peer was told), and in `InfoStoreMostDistant` the node that is dialled already.

use super::*;

#[test]
fn info_store_delta_by_stamps() {
    let (mut one, mut two, mut room) = (room(1), room(2), room(3));
    for number in 0..5 {
        let issued = add(&mut one, &alloc::format!("one {number}"), Int(number));
        assert_eq!(issued.stamp, number.cast_unsigned() + 1, "stamps strictly increase");
        add(&mut two, &alloc::format!("two {number}"), Int(number));
    }
    assert_eq!((tell(&one, &mut room, START), tell(&two, &mut room, START)), (5, 5));
    let keys = |origin, stamp| room.above(origin, stamp, START).map(|told| key_of(told.item)).collect::<Vec<_>>();
    assert_eq!(keys(origin(1), 3), ["one 3", "one 4"]);
    assert_eq!(keys(origin(2), 4), ["two 4"]);
    assert_eq!(
        (keys(origin(1), 5), keys(origin(2), u64::MAX), keys(origin(4), 0)),
        (Vec::new(), Vec::new(), Vec::new())
    );
}

/// An earlier life of this node counted further. Its stamps are its own, and of a key that both wrote this life's word
/// holds; what others counted is only counted on.
#[test]
fn combine_infos_ratchet_monotonic() {
    let earlier = Origin { boot: 1, ..origin(1) };
    let mut room = Infos::new(Origin { boot: 2, ..origin(1) }, LIMITS, Compat2014::default());
    add(&mut room, "mine", Int(2));
    let future = InfoVersion { counter: 1000, origin: earlier };
    let flying = Flying { version: future, stamp: 77, ..Flying::first("mine") };
    assert_eq!(take(&mut room, &flying, START), Ok(Taken::Answered));
    let item = room.get(b"mine", START).expect("there");
    assert_eq!((item.value, item.version.counter, item.stamp), (Some(Int(2)), 1001, 2));
    // A foreign one holds, and this life's stamps go on as before.
    let foreign = InfoVersion { counter: 5000, origin: origin(2) };
    assert_eq!(take(&mut room, &Flying { version: foreign, ..flying.clone() }, START), NEW);
    assert_eq!(value(&room, "mine"), Some(Text("value")));
    let issued = add(&mut room, "mine", Int(3));
    assert_eq!((issued.version.counter, issued.stamp), (5001, 3));
}

#[test]
fn info_store_most_distant() {
    let mut room = room(1);
    let own = keys::node_key(room.own().id);
    add(&mut room, &own, Int(0));
    for (node, hops) in [(2, 3), (3, 8), (4, 5)] {
        let version = InfoVersion { counter: 1, origin: origin(node) };
        let flying = Flying { version, hops, ..Flying::first(&keys::node_key(version.origin.id)) };
        assert_eq!(take(&mut room, &flying, START), NEW);
    }
    let version = InfoVersion { counter: 1, origin: origin(5) };
    assert_eq!(take(&mut room, &Flying { version, hops: 60, ..Flying::first("config") }, START), NEW);
    let markers = room.matching(KeyPattern::prefix(b"node-"), START);
    let farthest = markers.filter_map(|item| Some((item.hops, keys::node_of(item.key)?))).max();
    assert_eq!(farthest, Some((9, NodeId::from_u128(3))), "what came far and is no marker does not count");
}

#[test]
fn callbacks_called_sequentially() {
    let (mut teller, mut room) = (room(1), room(2));
    let [first, second] = [false, true]
        .map(|repeats| room.watches.begin(KeyPattern::exact(b"a"), repeats, &LIMITS).expect("room for it"));
    let mut heard = [first, second].map(|id| (id, Vec::new()));
    for number in 0..10_000 {
        teller.add(b"a", Int(number), HOUR, START).expect("admitted");
        let told = teller.after(teller.seq() - 1, START).map(|(_, _, told)| told).next().expect("the last one");
        assert_eq!(room.take(&told, START), NEW);
        for id in room.watches.of(b"a", true).collect::<Vec<_>>() {
            let (_, numbers) = heard.iter_mut().find(|(of, _)| *of == id).expect("a watch");
            numbers.push(value(&room, "a").map(InfoValue::to_owned));
        }
        if number == 4999 {
            assert!(room.watches.end(first));
        }
    }
    let [(_, first), (_, second)] = heard;
    let numbers = |count| (0..count).map(|number| Some(OwnedInfoValue::Int(number)));
    assert!(first.into_iter().eq(numbers(5000)) && second.into_iter().eq(numbers(10_000)));
}

#[test]
fn node_descriptor_channel() {
    let mut room = room(1);
    add(&mut room, "node-2", Text("first"));
    let pattern = KeyPattern::prefix(b"node-");
    let changes = room.watches.begin(pattern, false, &LIMITS).expect("room for it");
    let repeats = room.watches.begin(pattern, true, &LIMITS).expect("room for it");
    assert!(room.matching(pattern, START).map(key_of).eq(["node-2"]), "told at once");
    let heard = |room: &Infos, issued: Issued| room.watches.of(b"node-2", issued.contents_changed).collect::<Vec<_>>();
    let same = add(&mut room, "node-2", Text("first"));
    assert_eq!(heard(&room, same), [repeats]);
    let other = add(&mut room, "node-2", Text("second"));
    assert_eq!(heard(&room, other), [changes, repeats]);
    assert!(room.watches.end(changes) && !room.watches.end(changes), "it ends once, and may be ended again");
    assert_eq!(heard(&room, other), [repeats]);
    let anew = room.watches.begin(pattern, false, &LIMITS).expect("room for it");
    assert_ne!(anew, changes, "no watch has the number of an earlier one");
}

#[test]
fn gossip_move_node() {
    let (mut one, mut two, mut room) = (room(1), room(2), room(3));
    add(&mut one, "node-2", Text("10.0.0.2"));
    assert_eq!((tell(&one, &mut room, START), tell(&one, &mut two, START)), (1, 1));
    add(&mut two, "node-2", Text("10.0.0.9"));
    assert_eq!((tell(&two, &mut room, START), tell(&two, &mut one, START)), (1, 1));
    for room in [&one, &room] {
        assert_eq!(value(room, "node-2"), Some(Text("10.0.0.9")));
    }
}

#[test]
fn gossip_propagation() {
    let (mut local, mut remote) = (room(1), room(2));
    for (room, key) in [(&mut local, "local"), (&mut remote, "remote")] {
        room.add(key.as_bytes(), Int(1), for_ms(1000), START).expect("admitted");
    }
    let mut exchange = |now: Instant, refresh: bool| {
        if refresh {
            local.add(b"local", Int(1), for_ms(10_000), now).expect("admitted");
            remote.add(b"remote", Int(1), for_ms(10_000), now).expect("admitted");
        }
        assert_eq!((tell(&local, &mut remote, now), tell(&remote, &mut local, now)), (1, 1));
        let left = |room: &Infos, key: &[u8]| room.get(key, now).expect("there").left_ms.expect("it ends");
        [left(&remote, b"local"), left(&local, b"remote")]
    };
    assert_eq!(exchange(START, false), [1000; 2]);
    assert_eq!(exchange(at(500), true), [10_000; 2], "the same value, and a new life");
}

#[test]
fn gossip_loopback_info_propagation() {
    let (mut one, mut two) = (room(1), room(2));
    one.add(b"mine", Int(1), Permanent, START).expect("admitted");
    assert_eq!(tell(&one, &mut two, START), 1);
    let mut restarted = Infos::new(Origin { boot: 2, ..origin(1) }, LIMITS, Compat2014::default());
    assert_eq!(tell(&two, &mut restarted, START), 1);
    assert_eq!(value(&restarted, "mine"), Some(Int(1)));
}

#[test]
fn node_id_from_key() {
    let id = |number: u128| Some(NodeId::from_u128(number));
    for (number, key) in [(0x1bfa, "node-1bfa"), (0, "node-0"), (u128::MAX, &alloc::format!("node-{}", "f".repeat(32)))]
    {
        assert_eq!(
            (keys::node_key(NodeId::from_u128(number)).as_str(), keys::node_of(key.as_bytes())),
            (key, id(number))
        );
    }
    let long = alloc::format!("node-1{}", "0".repeat(32));
    for key in ["node-", "node-01", "node-1BFA", "node-+1", "node--1", "node-x", "node:1", "nod-1", "node-1 ", &long] {
        assert_eq!(keys::node_of(key.as_bytes()), None, "{key}");
    }
    assert_eq!(keys::node_of(b"node-\xff"), None);
}

/// The keys of the product of 2014 have no dot, so that its groups never listed anything; an explicit pattern does.
#[test]
fn a_group_finds_the_keys_of_the_product() {
    let mut room = room(1);
    let [dotted, pattern] =
        [KeyPattern::dotted(b"max-avail-capacity-dc1"), KeyPattern::prefix(b"max-avail-capacity-dc1")];
    for pattern in [dotted, pattern] {
        room.register_group(GroupDef { pattern, limit: 100, order: Max }).expect("new");
    }
    let key = String::from_utf8_lossy(keys::MAX_AVAIL_CAPACITY_PREFIX).into_owned() + "dc11f-2a";
    add(&mut room, &key, Int(5));
    assert_eq!(room.group(dotted, START).expect("registered").count(), 0);
    assert!(room.group(pattern, START).expect("registered").map(key_of).eq([key]));
    let well_known = [keys::CLUSTER_ID, keys::SENTINEL, keys::NODE_COUNT, keys::FIRST_RANGE];
    for key in well_known.into_iter().chain([keys::ACCOUNTING, keys::PERMISSIONS, keys::ZONES]) {
        assert!(LIMITS.admit_key(key).is_ok() && !keys::is_event(key) && keys::node_of(key).is_none());
    }
}
