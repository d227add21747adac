//! Do real nodes do what the tests of Cockroach's gossip package want of whole networks? Under their names.
//!
//! Those of stores, groups and links alone are beside these rooms. Without a counterpart are: the Bloom filters of early
//! 2014 (`ProbFalsePositive` and the others), which were removed there; `ClientRegisterWithInitNodeID`, because no node is without
//! an identity; `ClientForwardUnresolved`, because names are resolved outside; `GossipStatus`, `GossipRaceLogStatus`, which are a
//! text and a race of threads; `StorageCleanup`, because no address is kept that nobody answers at; `StoreIDFromKey`, because
//! there are no stores.

use crate::harness;

use std::time::Duration;

use harness::{Options, World, addr_of, id_of};
use quidnunc_core::{
    Command, Config, GroupDef, GroupOrder, InfoValue, Instant, KeyPattern, LinksStanding, Snapshot, info_keys,
};

const INTERVAL: Duration = Duration::from_secs(2);
const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn world_of(count: usize, config: Config, seed: u64) -> World {
    World::new(count, config, Options::plain(seed, Instant::from_nanos(0)))
}

fn begin(count: usize, seed: u64) -> World {
    let mut world = world_of(count, Config::infos(), seed);
    (1..count).for_each(|peer| join(&mut world, peer, 0));
    world
}

fn join(world: &mut World, peer: usize, seed: usize) {
    world.command(peer, Command::Join { seeds: &[addr_of(seed)] }).expect("a join is taken");
}

fn add(world: &mut World, peer: usize, key: &[u8], value: InfoValue<'_>) {
    world.command(peer, Command::AddInfo { key, value, ttl: HOUR }).expect("an info is taken");
}

fn value<'a>(world: &'a World, peer: usize, key: &[u8]) -> Option<InfoValue<'a>> {
    world.node(peer).view().info(key).map(|info| info.value)
}

fn key_of(peer: usize) -> String {
    format!("node {peer}")
}

/// Whether everybody has the key of everybody.
fn is_connected(world: &World, peers: core::ops::Range<usize>) -> bool {
    peers.clone().all(|of| peers.clone().all(|peer| value(world, peer, key_of(of).as_bytes()).is_some()))
}

#[test]
fn client_gossip() {
    let mut world = begin(2, 1);
    for peer in 0..2 {
        add(&mut world, peer, key_of(peer).as_bytes(), InfoValue::Int(1));
    }
    // There, 500 ms with an interval of 20 ms.
    world.run(25 * INTERVAL);
    assert!(is_connected(&world, 0..2));
    world.kill(0);
    world.run(25 * INTERVAL);
    assert_eq!(world.node(1).view().outgoing().chain(world.node(1).view().incoming()).count(), 0);
}

#[test]
fn client_node_id() {
    let mut world = begin(2, 2);
    world.run(INTERVAL);
    let link = world.node(0).view().incoming().next().expect("a link");
    assert_eq!((link.id, link.addr), (id_of(1), addr_of(1)));
}

#[test]
fn client_gossip_metrics() {
    let mut world = begin(2, 3);
    for peer in 0..2 {
        add(&mut world, peer, key_of(peer).as_bytes(), InfoValue::Int(1));
    }
    world.run(3 * INTERVAL);
    for peer in 0..2 {
        let view = world.node(peer).view();
        assert!(view.stats().infos_received > 0 && view.stats().bytes_sent > 0);
        assert_eq!(view.outgoing().count() + view.incoming().count(), 1);
    }
}

#[test]
fn gossip_propagation() {
    let mut world = begin(2, 4);
    world.run(INTERVAL);
    for (peer, other) in [(0, 1), (1, 0)] {
        let key = key_of(peer);
        let short = Command::AddInfo { key: key.as_bytes(), value: InfoValue::Int(7), ttl: Some(4 * INTERVAL) };
        world.command(peer, short).expect("an info is taken");
        world.run(INTERVAL);
        assert_eq!(value(&world, other, key.as_bytes()), Some(InfoValue::Int(7)));
        // The same value with another life.
        add(&mut world, peer, key.as_bytes(), InfoValue::Int(7));
        world.run(6 * INTERVAL);
        assert_eq!(value(&world, other, key.as_bytes()), Some(InfoValue::Int(7)));
    }
}

#[test]
fn gossip_groups_info_store() {
    let mut world = begin(2, 5);
    let kinds: [(&[u8], [InfoValue<'_>; 4]); 3] = [
        (b"ints", [3, 1, 2, 9].map(InfoValue::Int)),
        (b"floats", [0.3, 0.1, 0.2, 0.9].map(InfoValue::Float)),
        (b"texts", ["c", "a", "b", "z"].map(InfoValue::Text)),
    ];
    for (text, values) in kinds {
        let pattern = KeyPattern::dotted(text);
        world
            .command(0, Command::RegisterGroup(GroupDef { pattern, limit: 3, order: GroupOrder::Min }))
            .expect("a group");
        for (number, value) in values.into_iter().enumerate() {
            add(&mut world, 0, &[text, format!(".{number}").as_bytes()].concat(), value);
        }
    }
    world.run(3 * INTERVAL);
    for (text, [third, first, second, _]) in kinds {
        let listed =
            world.node(1).view().group(KeyPattern::dotted(text)).expect("the group came").map(|info| info.value);
        assert!(listed.eq([first, second, third]));
    }
    assert!(world.node(1).view().group(KeyPattern::dotted(b"nobody")).is_none());
}

/// There, ten nodes in at most five cycles, later in at most ten, today in at most a hundred.
#[test]
fn convergence() {
    for seed in 0..20 {
        let mut world = begin(10, seed);
        let mut cycles = 0;
        while !is_connected(&world, 0..10) {
            add(&mut world, 0, info_keys::SENTINEL, InfoValue::Int(cycles));
            (0..10).for_each(|peer| add(&mut world, peer, key_of(peer).as_bytes(), InfoValue::Int(cycles)));
            world.run(INTERVAL);
            cycles += 1;
            assert!(cycles <= 2, "seed {seed}");
        }
        assert!((0..10).all(|peer| world.node(peer).view().stats().links_refused == 0), "seed {seed}");
    }
}

/// There, 24 nodes without a refusal for five cycles, within 200.
#[test]
fn network_reaches_equilibrium() {
    for seed in 0..5 {
        let mut world = begin(24, seed);
        let (mut asked, mut calm, mut cycles) = (0, 0, 0);
        while calm < 20 {
            add(&mut world, 0, info_keys::SENTINEL, InfoValue::Int(cycles));
            (0..24).for_each(|peer| add(&mut world, peer, key_of(peer).as_bytes(), InfoValue::Int(cycles)));
            world.run(INTERVAL);
            let now = (0..24).map(|peer| world.node(peer).view().stats().links_asked).sum();
            (calm, asked, cycles) = (if now == asked { calm + 1 } else { 0 }, now, cycles + 1);
            assert!(cycles <= 40, "seed {seed}");
        }
        let refused: u64 = (0..24).map(|peer| world.node(peer).view().stats().links_refused).sum();
        assert!(refused <= 24, "seed {seed}: {refused}");
    }
}

/// A new link names what is known once, and only what is lacking is told over it.
#[test]
fn client_sends_high_stamps_diff() {
    let mut world = begin(2, 6);
    for number in 0..50 {
        add(&mut world, 0, format!("key {number}").as_bytes(), InfoValue::Int(number));
    }
    world.run(5 * INTERVAL);
    let received = |world: &World| world.node(1).view().stats().infos_received;
    let before = received(&world);
    // The link closes, and opens anew: nothing is told again.
    world.deaf.insert(1);
    world.run(8 * INTERVAL);
    assert_eq!(world.node(1).view().outgoing().chain(world.node(1).view().incoming()).count(), 0);
    add(&mut world, 0, b"key 7", InfoValue::Int(700));
    world.deaf.clear();
    world.run(40 * INTERVAL);
    assert_eq!(value(&world, 1, b"key 7"), Some(InfoValue::Int(700)));
    let markers = 10;
    assert!(received(&world) - before <= 1 + markers, "{} infos", received(&world) - before);
}

/// Two clusters, each of which was given an address of the other: they never meet, not even when one of them dies.
#[test]
fn gossip_join_two_clusters() {
    let mut world = world_of(6, Config::infos(), 7);
    for peer in 3..6 {
        world.config = Config { cluster: 9, ..Config::infos() };
        world.restart_with(peer, 1000);
    }
    for peer in 0..6 {
        let own = if peer < 3 { 0 } else { 3 };
        let seeds = [addr_of(own), addr_of(3 - own)];
        world.command(peer, Command::Join { seeds: &seeds }).expect("a join is taken");
        add(&mut world, peer, key_of(peer).as_bytes(), InfoValue::Int(1));
    }
    world.run(10 * INTERVAL);
    assert!(is_connected(&world, 0..3) && is_connected(&world, 3..6));
    (4..6).for_each(|peer| world.kill(peer));
    world.run(60 * INTERVAL);
    let foreign = |peer: usize, others: core::ops::Range<usize>| {
        others.into_iter().filter(|&of| value(&world, peer, key_of(of).as_bytes()).is_some()).count()
    };
    assert_eq!((foreign(0, 3..6), foreign(3, 0..3)), (0, 0));
    let view = world.node(3).view();
    assert_eq!(view.outgoing().chain(view.incoming()).count(), 0);
}

/// A node that was given no address, and knows members from its earlier life, finds links by them.
#[test]
fn gossip_storage() {
    let mut world = begin(6, 8);
    (0..6).for_each(|peer| add(&mut world, peer, key_of(peer).as_bytes(), InfoValue::Int(1)));
    world.run(10 * INTERVAL);
    let members: Vec<_> = world.node(5).view().members().collect();
    world.kill(5);
    world.run(30 * INTERVAL);
    world.restart_from(5, 2000, Snapshot { members: &members, map: None });
    world.run(10 * INTERVAL);
    assert!(is_connected(&world, 0..6));
    assert_ne!(world.node(5).view().links_standing(), Some(LinksStanding::Joining));
}
