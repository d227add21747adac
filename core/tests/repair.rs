//! Repair alone is enough, it finds what short hashes hide, and it finds one row among many for few bytes.

use crate::harness;

use std::time::Duration;

use harness::{Options, Out, World, addr_of, id_of};
use quidnunc_core::{
    Config, Domain, Health, Identity, Incarnation, Input, Instant, Node, NodeId, Purpose, Record, Snapshot,
};

const SECOND: Duration = Duration::from_secs(1);
const START: Instant = Instant::from_nanos(0);

/// Nobody tells anything on.
fn without_rumours() -> Config {
    Config { retransmit_mult: 0, ..Config::lan() }
}

/// The record of a peer of the test world.
fn peer_record(peer: usize) -> Record {
    Record::of_new_life(id_of(peer), 1000, addr_of(peer))
}

/// Two peers, each of which begins with what it is given.
fn two_who_know(config: &Config, known: [&[Record]; 2]) -> World {
    let mut world = World::new(2, config.clone(), Options::plain(1, START));
    for (peer, members) in known.into_iter().enumerate() {
        let identity = Identity { id: id_of(peer), boot: 1000, addr: addr_of(peer), domain: Domain::NONE };
        let snapshot = Some(Snapshot { members, map: None });
        world.peers[peer].node = Node::new(config.clone(), identity, 1, START, snapshot).expect("the config is valid");
    }
    world
}

fn agree(world: &World) -> bool {
    world.node(0).view().fingerprint() == world.node(1).view().fingerprint()
}

/// Runs until both know the same and returns how long that took.
fn agreement(world: &mut World, patience: Duration) -> Duration {
    let begin = world.now;
    while !agree(world) {
        assert!(world.now < begin + patience, "both know the same within {patience:?}");
        world.run(SECOND / 10);
    }
    world.now - begin
}

#[test]
fn a_cluster_without_rumours_agrees_on_who_came_and_who_went() {
    let mut world = World::new(7, without_rumours(), Options::plain(1, START));
    world.meet();
    world.kill(6);
    world.run(60 * SECOND);
    let told = |line: &harness::Line| matches!(line.out, Out::Event(quidnunc_core::Event::Member(ref change)) if change.reason == quidnunc_core::Reason::Repair);
    assert!(world.log.iter().any(told), "a repair brought news");
    assert!((0..6).all(|of| world.belief(of, 6) == Some(Health::Dead)), "everybody knows of the death");
    assert!(
        (0..6).all(|of| (0..6).all(|about| world.belief(of, about) == Some(Health::Alive))),
        "and of nobody else's"
    );
}

/// Two boots of one member whose states look alike to an index: the first 32 bits of their hashes are the same.
fn look_alikes(id: NodeId) -> [u64; 2] {
    let sum = |members: &[Record]| {
        let identity = Identity { id: id_of(0), boot: 1000, addr: addr_of(0), domain: Domain::NONE };
        let node = Node::new(Config::lan(), identity, 1, START, Some(Snapshot { members, map: None })).expect("valid");
        node.view().fingerprint()
    };
    let alone = sum(&[]);
    let state = |boot| sum(&[Record::of_new_life(id, boot, addr_of(9))]).wrapping_sub(alone) & u64::from(u32::MAX);
    let mut seen: Vec<(u64, u64)> = (1..200_000).map(|boot| (state(boot), boot)).collect();
    seen.sort_unstable();
    let pair = seen.windows(2).find(|pair| pair[0].0 == pair[1].0).expect("among so many there is a pair");
    [pair[0].1, pair[1].1]
}

#[test]
fn states_that_look_alike_are_told_apart_in_the_end() {
    let id = NodeId::from_u128(77);
    let [older, newer] = look_alikes(id);
    // The member itself does not exist; suspicions last long, so that nobody's death makes the two agree.
    let config = Config {
        suspicion_mult: 1000,
        suspicion_max_mult: 1,
        tombstone_life: Duration::from_secs(20_000),
        ..without_rumours()
    };
    let knows = |boot| [peer_record(0), peer_record(1), Record::of_new_life(id, boot, addr_of(9))];
    let mut world = two_who_know(&config, [&knows(older), &knows(newer)]);
    assert!(!agree(&world));
    agreement(&mut world, 60 * SECOND);
    for peer in 0..2 {
        let known = world.node(peer).view().member(id).expect("known");
        assert_eq!(known.incarnation.boot, newer, "peer {}", peer + 1);
    }
}

#[test]
fn one_row_among_many_is_found_in_parts_of_its_bucket() {
    let addr = |number: u32| std::net::SocketAddr::from((0x0b00_0000_u32.to_be_bytes(), 1 + (number % 60_000) as u16));
    let everybody: Vec<Record> = (0..50_000_u32)
        .map(|number| Record::of_new_life(NodeId::from_name(&number.to_string()), 1000, addr(number)))
        .chain([peer_record(0), peer_record(1)])
        .collect();
    let mut one_newer = everybody.clone();
    one_newer[31_415].incarnation = Incarnation::first(1001);
    // Among fifty thousand who do not exist the two do not meet by themselves, and the first probe of one of the
    // others has not failed yet.
    let config = Config { period: 10 * SECOND, probe_timeout: 9 * SECOND, ..without_rumours() };
    let mut world = two_who_know(&config, [&everybody, &one_newer]);
    world.run(10 * SECOND);
    let packet = world.log.iter().find_map(|line| match &line.out {
        Out::Packet { bytes, .. } if line.peer == 1 => Some(bytes.clone()),
        Out::Packet { .. } | Out::Event(_) => None,
    });
    let packet = packet.expect("the second peer has probed somebody");
    // From an address where nobody is: the answers to the pings shall not make the second peer begin as well.
    for _ in 0..4 {
        world.feed(0, Input::Datagram { from: addr_of(9), bytes: &packet }).expect("it is valid");
    }
    let from = world.log.len();
    assert!(agreement(&mut world, SECOND) <= SECOND / 5, "after one exchange");
    let repair = |line: &harness::Line| match &line.out {
        Out::Packet { purpose: Purpose::Repair, bytes, .. } => Some(bytes.len()),
        Out::Packet { .. } | Out::Event(_) => None,
    };
    let lengths: Vec<usize> = world.log[from..].iter().filter_map(repair).collect();
    // Sums of the parts, short hashes of the rows of one part, what is wanted, and the record.
    assert!(lengths.len() <= 4 && lengths.iter().sum::<usize>() < 1200, "{lengths:?}");
}
