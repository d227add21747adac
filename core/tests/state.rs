//! Whatever happened to a cluster, once it is whole and quiet every copy of a map is what its owner says.

use crate::harness;

use std::time::Duration;

use harness::{Step, World, addr_of, cases, id_of};
use proptest::prelude::*;
use quidnunc_core::{Command, Config, Event, Input, KEY_BYTES_MAX, Rejected, ValueChange};

/// Everybody holds of everybody what the owner holds.
fn assert_agreed(world: &World) {
    let count = world.peers.len();
    for owner in 0..count {
        let said = world.map(owner, owner);
        for of in (0..count).filter(|&of| world.peers[of].runs) {
            assert_eq!(world.map(of, owner), said, "what {} holds of {}", of + 1, owner + 1);
        }
    }
    let sums: Vec<u64> = (0..count).map(|of| world.node(of).view().state_fingerprint()).collect();
    assert!(sums.iter().all(|&sum| sum == sums[0]), "one sum: {sums:x?}");
}

fn any_trouble() -> impl Strategy<Value = Step> {
    let peer = || 0..4_u8;
    prop_oneof![
        6 => (1..15_000_u16).prop_map(|millis| Step::Run { millis }),
        6 => (peer(), 0..5_u8, 0..900_u16, prop::option::weighted(0.2, 1..20_000_u16))
            .prop_map(|(peer, key, len, millis)| Step::Put { peer, key, len, millis }),
        3 => (peer(), 0..5_u8).prop_map(|(peer, key)| Step::Delete { peer, key }),
        1 => peer().prop_map(|peer| Step::Kill { peer }),
        1 => peer().prop_map(|peer| Step::Restart { peer }),
        1 => (peer(), 1..60_000_u16).prop_map(|(peer, millis)| Step::Freeze { peer, millis }),
        2 => (peer(), 0..32_u8, 0..8_u8).prop_map(|(peer, back, from)| Step::Again { peer, back, from }),
        1 => (peer(), peer()).prop_map(|(peer, seed)| Step::Join { peer, seed }),
    ]
}

proptest! {
    #![proptest_config(cases::one_in(8))]

    #[test]
    fn copies_are_what_owners_say_in_the_end(trouble in prop::collection::vec(any_trouble(), 1..30), seed: u64) {
        // Tombstones are forgotten while others are away.
        let config = Config { state_grace: Duration::from_secs(10), ..Config::lan() };
        let mut world = World::met(4, config, seed);
        trouble.iter().for_each(|step| world.step(step));
        world.run(Duration::from_secs(60));
        for peer in 0..4 {
            world.step(&Step::Restart { peer });
            world.step(&Step::Join { peer, seed: u8::from(peer == 0) });
        }
        world.run(Duration::from_secs(180));
        assert_agreed(&world);
    }
}

#[test]
fn what_is_put_is_known_to_all_and_what_is_deleted_to_none() {
    let mut world = World::met(5, Config::lan(), 1);
    world.say(2, b"role", b"primary");
    world.run(Duration::from_secs(2));
    for of in 0..5 {
        let view = world.node(of).view();
        assert_eq!(view.value(id_of(2), b"role").map(|value| value.value), Some(&b"primary"[..]));
        let owners: Vec<_> = view.by_key(b"role").map(|(owner, _)| owner).collect();
        assert_eq!(owners, [id_of(2)], "by key, over all owners");
    }
    world.command(2, Command::Delete { key: b"role" }).expect("a delete is taken");
    world.run(Duration::from_secs(2));
    assert!((0..5).all(|of| world.map(of, 2).is_empty()));
    let told: Vec<_> =
        world.events(4).filter(|(_, event)| matches!(event, Event::Value(_))).map(|(_, event)| event).collect();
    let change = |value: Option<&[u8]>, version| {
        Event::Value(ValueChange { owner: id_of(2), key: b"role"[..].into(), value: value.map(Into::into), version })
    };
    assert_eq!(told, [change(Some(b"primary"), 1), change(None, 2)]);
}

/// Hazard `ttl_uniform`: no hop lengthens the life of a value.
#[test]
fn what_ends_does_so_everywhere_at_about_the_same_time() {
    let mut world = World::met(5, Config::lan(), 2);
    let ttl = Duration::from_secs(20);
    world.command(0, Command::PutWithTtl { key: b"lease", value: b"mine", ttl }).expect("taken");
    let end = world.now + ttl;
    world.run(Duration::from_secs(19));
    assert!((0..5).all(|of| world.map(of, 0).len() == 1));
    world.run(Duration::from_secs(2));
    assert!((0..5).all(|of| world.map(of, 0).is_empty()));
    for of in 0..5 {
        let ended =
            world.events(of).filter(|(_, event)| matches!(event, Event::Value(ValueChange { value: None, .. })));
        let at: Vec<Duration> = ended.map(|(at, _)| at).collect();
        assert!(at.len() == 1 && at[0] >= end && at[0] < end + Duration::from_millis(200), "{at:?} for {end:?}");
    }
}

/// Hazard `offline_past_grace`: whoever missed a deletion and its tombstone gets the map anew.
#[test]
fn a_key_deleted_behind_a_partition_does_not_return() {
    let config = Config { state_grace: Duration::from_secs(5), ..Config::lan() };
    let mut world = World::met(4, config, 3);
    (0..30_u8).for_each(|key| world.say(0, &[key], &[key; 100]));
    world.run(Duration::from_secs(3));
    world.peers[3].side = 1;
    (0..20_u8).for_each(|key| world.command(0, Command::Delete { key: &[key] }).expect("taken"));
    world.run(Duration::from_secs(40));
    assert_eq!(world.node(0).view().map_version(id_of(0)).expect("a map").watermark, 50, "the tombstones are gone");
    assert_eq!(world.map(3, 0).len(), 30);
    world.peers[3].side = 0;
    world.run(Duration::from_secs(60));
    assert_agreed(&world);
    assert_eq!(world.map(3, 0).len(), 10);
}

/// Hazard `restart_same_id`: the new life says what it says, with its clock ahead or behind.
#[test]
fn a_restarted_owner_replaces_its_old_map() {
    let mut world = World::met(4, Config::lan(), 4);
    world.say(1, b"role", b"old");
    world.say(1, b"left", b"over");
    world.run(Duration::from_secs(3));
    world.kill(1);
    world.run(Duration::from_secs(1));
    world.restart(1);
    world.say(1, b"role", b"new");
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world.run(Duration::from_secs(20));
    assert_agreed(&world);
    assert_eq!(world.map(0, 1).len(), 1);
    world.kill(1);
    world.restart(1);
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world.run(Duration::from_secs(30));
    assert!(world.map(0, 1).is_empty(), "whoever comes back with nothing says so");
    assert_agreed(&world);
}

/// Hazard `oversize_value_hol` and the limits of the interface.
#[test]
fn what_cannot_be_told_is_refused_at_the_call() {
    let mut world = World::met(2, Config { map_bytes_max: 4096, value_bytes_max: 1500, ..Config::lan() }, 5);
    let most = world.config.value_bytes_max;
    let refused = |world: &mut World, key: &[u8], value: &[u8]| world.command(0, Command::Put { key, value });
    assert_eq!(refused(&mut world, b"", b""), Err(Rejected::Key { len: 0 }));
    assert_eq!(refused(&mut world, &[1; 129], b""), Err(Rejected::Key { len: 129 }));
    let long = vec![7; most + 1];
    assert_eq!(refused(&mut world, b"k", &long), Err(Rejected::Value { len: most + 1, most }));
    let ttl = Duration::ZERO;
    let lease = Command::PutWithTtl { key: b"k", value: b"", ttl };
    assert_eq!(world.command(0, lease), Err(Rejected::Ttl { ttl }));
    world.say(0, &[2; KEY_BYTES_MAX], &long[..most]);
    world.say(0, b"k", b"v");
    world.run(Duration::from_secs(3));
    assert_agreed(&world);
    assert_eq!(world.map(1, 0).len(), 2, "the longest value needs more than a datagram");
    (0..3_u8).for_each(|key| {
        let _ = refused(&mut world, &[key], &long[..most]);
    });
    assert_eq!(refused(&mut world, b"more", &long[..most]), Err(Rejected::MapFull { most: 4096 }));
}

/// Hazard `join_10MB`, in small: what takes many datagrams comes in windows, and little of it twice.
#[test]
fn a_long_map_comes_in_about_as_many_datagrams_as_it_fills() {
    let mut world = World::met(3, Config::lan(), 6);
    world.kill(2);
    for number in 0..2000_u32 {
        world.say(0, &number.to_le_bytes(), &[3; 100]);
    }
    world.run(Duration::from_secs(20));
    let before = world.log.len();
    world.restart(2);
    world.command(2, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world.run(Duration::from_secs(20));
    assert_agreed(&world);
    let bytes: usize = world.log[before..].iter().map(harness::Line::state_bytes).sum();
    let ideal = 2000 * (100 + 4 + 5);
    assert!(bytes * 10 <= ideal * 13, "{bytes} bytes for {ideal}");
}

/// The last datagram of a window has its heads beside what fits, and they count even where nothing does.
#[test]
fn long_values_wait_for_no_repair() {
    for len in [450, 540, 600, 900, 949, 1300] {
        let mut world = World::met(2, Config::lan(), 9);
        world.run(Duration::from_secs(15));
        for number in 0..150_u8 {
            world.say(0, &[number; KEY_BYTES_MAX], &vec![number; len]);
        }
        world.run(Duration::from_secs(1));
        assert_eq!(world.map(1, 0).len(), 150, "values of {len} bytes");
    }
}

/// Hazard `oversize_value_hol`: what needs hundreds of datagrams comes whole, and what is put after it does not wait
/// for a repair; a reader sees the old value until the new one is whole.
#[test]
fn a_value_of_many_datagrams_comes_whole() {
    let mut world = World::met(4, Config::lan(), 11);
    world.run(Duration::from_secs(15));
    let long: Vec<u8> =
        (0..100_000_u32).flat_map(|number| [number.to_le_bytes()[0], number.to_le_bytes()[1], 7]).collect();
    world.say(0, b"k", b"before");
    world.run(Duration::from_secs(2));
    world.say(0, b"k", &long);
    world.say(0, b"after", b"v");
    world.say(1, b"other", b"v");
    let value = |world: &World| world.map(3, 0).into_iter().find(|(key, ..)| key == b"k").map(|(_, value, _)| value);
    for _ in 0..300 {
        world.run(Duration::from_millis(10));
        assert!([b"before", &long[..]].contains(&&value(&world).expect("never gone")[..]));
    }
    assert_agreed(&world);
    assert_eq!(value(&world).expect("there").len(), long.len());
    // A newcomer gets it from whoever has it, also when that one goes half-way.
    world.kill(3);
    world.restart(3);
    world.command(3, Command::Join { seeds: &[addr_of(1)] }).expect("taken");
    world.run(Duration::from_secs(10));
    assert_agreed(&world);
    assert_eq!(value(&world), Some(long));
}

/// Nobody tells a newcomer of the dead, so what they said must not make it differ for ever.
#[test]
fn a_newcomer_after_a_death_agrees() {
    let mut world = World::met(4, Config::lan(), 10);
    (0..4).for_each(|peer| world.say(peer, b"k", b"v"));
    world.run(Duration::from_secs(3));
    world.kill(3);
    world.kill(2);
    world.run(Duration::from_secs(60));
    world.restart(2);
    world.command(2, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world.run(Duration::from_secs(30));
    let sums: Vec<u64> = (0..3).map(|of| world.node(of).view().state_fingerprint()).collect();
    assert!(sums.iter().all(|&sum| sum == sums[0]), "{sums:x?}");
    assert_eq!(world.map(0, 3).len(), 1, "what the dead said is not forgotten while they are not");
    let repairs = world.node(2).view().stats().state_repairs;
    world.run(Duration::from_secs(30));
    assert_eq!(world.node(2).view().stats().state_repairs, repairs);
}

/// Whoever is told nothing but sums still gets everything.
#[test]
fn repair_alone_brings_every_copy() {
    let mut world = World::met(4, Config { retransmit_mult: 0, ..Config::lan() }, 7);
    (0..4_u8).for_each(|peer| world.say(peer.into(), b"k", &[peer; 30]));
    world.run(Duration::from_secs(60));
    assert_agreed(&world);
}

#[test]
fn a_map_that_was_kept_is_not_sent_again() {
    use quidnunc_core::{Domain, Identity, MapSnapshot, Node, Snapshot, ValueView};
    let mut world = World::met(3, Config::lan(), 8);
    for number in 0..50_u8 {
        world.say(1, &[number], &[number; 50]);
    }
    world.command(1, Command::Delete { key: &[7] }).expect("taken");
    // Until nobody is young: the young ask in whole datagrams.
    world.run(Duration::from_secs(15));
    let (old, now) = (world.node(1).clone(), world.instant());
    let values: Vec<ValueView<'_>> = old.view().values(id_of(1), b"").collect();
    let version = old.view().map_version(id_of(1)).expect("it has a map");
    let members: Vec<_> = old.view().members().collect();
    let snapshot = Snapshot { members: &members, map: Some(MapSnapshot { version, values: &values }) };
    let identity = Identity { id: id_of(1), boot: 2000, addr: addr_of(1), domain: Domain::NONE };
    world.peers[1].node = Node::new(Config::lan(), identity, 9, now, Some(snapshot)).expect("valid");
    let before = world.log.len();
    world.feed(1, Input::Command(Command::Put { key: b"one", value: b"more" })).expect("taken");
    world.run(Duration::from_secs(10));
    assert_agreed(&world);
    let bytes: usize = world.log[before..].iter().map(harness::Line::state_bytes).sum();
    assert!(bytes < 1000, "{bytes} bytes for one key");
}
