//! What is not of this cluster, and numbers at their maximum: who believes them?

use quidnunc_core::{ConfigError, DecodeError, Input, Instant, Rejected, fit_checksum};

use super::harness::{Options, addr_of, id_of};
use super::*;

#[test]
fn wrong_cluster_tag() {
    let mut world = four(14);
    let foreign = Config { cluster: 7, ..Config::lan() };
    let own = std::mem::replace(&mut world.config, foreign);
    let stranger = start(&mut world, 9, 2000, ELSEWHERE);
    world.config = own;
    let before = world.node(0).view().fingerprint();
    join(&mut world, stranger, 0);
    world.run(20 * SECOND);
    let stats = *world.node(0).view().stats();
    assert!(stats.datagrams_foreign >= 3, "{stats:?}");
    assert_eq!(stats.datagrams_rejected, stats.datagrams_foreign);
    let (from, bytes) =
        world.peers[0].heard.iter().find(|(from, _)| *from == addr_of(ELSEWHERE)).expect("heard").clone();
    let refused = world.feed(0, Input::Datagram { from, bytes: &bytes });
    assert_eq!(refused, Err(Rejected::Datagram(DecodeError::Cluster { found: 7 })));
    assert_eq!((world.node(0).view().fingerprint(), world.belief(0, 9)), (before, None));
    assert_eq!(world.node(stranger).view().live(), 1, "nor has it learned anything");
}

#[test]
fn id_of_another_cluster() {
    // A node of another cluster has the identity, the boot and the place of a member of this one.
    let mut world = four(15);
    let foreign = Config { cluster: 7, ..Config::lan() };
    let own = std::mem::replace(&mut world.config, foreign);
    let stranger = start(&mut world, SAME, 5000, ELSEWHERE);
    world.config = own;
    for seed in [0, SAME] {
        join(&mut world, stranger, seed);
        world.run(10 * SECOND);
    }
    assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first(1000));
    for peer in [SAME, stranger] {
        assert!(conflicts(&world, peer).is_empty() && refuted(&world, peer).is_empty());
    }
    assert!(world.node(SAME).view().stats().datagrams_foreign > 0);
}

#[test]
fn a_boot_at_its_maximum() {
    let (boot, addr) = (u64::MAX, addr_of(0));
    let identity = Identity { id: id_of(0), boot, addr, domain: Domain::NONE };
    let refused = Node::new(Config::lan(), identity, 1, Instant::from_nanos(0), None).err();
    assert_eq!(refused, Some(ConfigError::Boot { boot, most: 1 << 62 }));
    // The most that is taken can still come back with its clock gone back, again and again.
    let mut world = World::new(0, Config::lan(), Options::plain(16, Instant::from_nanos(0)));
    for peer in 0..4 {
        start(&mut world, peer, 1 << 62, peer);
        join(&mut world, peer, 0);
    }
    world.run(10 * SECOND);
    for lives in 1..4 {
        world.kill(SAME);
        let again = start(&mut world, SAME, 1, SAME);
        world.peers.swap(SAME, again);
        world.peers.truncate(4);
        join(&mut world, SAME, 0);
        world.run(10 * SECOND);
        assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first((1 << 62) + lives));
    }
}

/// A datagram that says a member's incarnation is as large as can be, from its address.
#[test]
fn incarnations_at_their_maximum_are_refused() {
    let mut world = four(17);
    let honest = world.peers[0].heard.iter().find(|(from, _)| *from == addr_of(SAME)).expect("it has said something");
    let (from, mut bytes) = honest.clone();
    // Frame 12, section head 2, identity 16, boot 1000 in two bytes, counter in one.
    assert_eq!(bytes[30..33], [0xe8, 0x07, 0]);
    bytes.splice(32..33, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    bytes[13] += 4;
    // Equal fingerprints would mean that there is nothing to look at.
    bytes[37] ^= 1;
    fit_checksum(&mut bytes);
    let refused = world.node(0).view().stats().records_refused;
    world.feed(0, Input::Datagram { from, bytes: &bytes }).expect("it is a datagram");
    assert_eq!(agreed(&world, &[0, 1, 2], addr_of(SAME)), Incarnation::first(1000));
    assert!(world.node(0).view().stats().records_refused > refused);
    world.run(20 * SECOND);
    assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first(1000));
}
