//! Does everything come everywhere, how often, and over how many hops?

mod shapes;
mod world;

use super::Log;
use core::time::Duration;
use world::{INTERVAL, World};

/// Runs until nobody lacks anything. Returns how many tenths of an interval that took.
fn settle(world: &mut World) -> u32 {
    let tenths = (0..300).take_while(|_| {
        let lacks = world.lacking() > 0;
        if lacks {
            world.run(INTERVAL / 10);
        }
        lacks
    });
    let tenths = u32::try_from(tenths.count()).expect("few");
    assert_eq!(world.lacking(), 0, "everything comes everywhere");
    tenths
}

/// Some issue one info each per interval, for so many intervals. Returns how many deliveries that needs.
fn issue_for(world: &mut World, intervals: usize, every: usize) -> u64 {
    let count = world.peers.len();
    for _ in 0..intervals {
        (0..count).step_by(every).for_each(|peer| world.issue(peer));
        world.run(INTERVAL);
    }
    (intervals * count.div_ceil(every) * (count - 1)) as u64
}

#[test]
fn everything_comes_everywhere_though_frames_are_lost_and_links_break() {
    for seed in 1..=6 {
        let mut world = World::new(16, seed % 2 == 0, Duration::from_millis(20 * seed), 0.1, seed);
        world.connect(3, false);
        (0..16).for_each(|peer| world.issue(peer));
        for round in 0..10 {
            issue_for(&mut world, 1, 3);
            // Every node keeps its neighbour on the ring: nobody is cut off.
            let (peer, place) = (round % 16, 2 + round % 3);
            let keeps = |other: usize| (peer + 1) % 16 == other || (other + 1) % 16 == peer;
            if world.peers[peer].links[place].is_some_and(|(other, _)| !keeps(other)) {
                world.close(peer, place);
            }
            let other = world.rng.below(16) as usize;
            world.open(peer, other, round % 2 == 0);
        }
        let tenths = settle(&mut world);
        assert!(tenths <= 60, "seed {seed}: {tenths}");
    }
}

#[test]
fn at_rest_everything_comes_once_and_over_the_shortest_way() {
    let mut world = World::new(30, false, INTERVAL / 50, 0.0, 3);
    world.connect(2, false);
    issue_for(&mut world, 12, 1);
    let before = world.received();
    let deliveries = issue_for(&mut world, 10, 1);
    world.run(2 * INTERVAL);
    let received = world.received() - before;
    assert!(received * 100 <= deliveries * 101, "{received} copies of {deliveries}");
    for origin in 0..30 {
        let distances = world.distances(origin);
        for (peer, distance) in world.peers.iter().zip(distances) {
            let ix = peer.store.find(1000 + origin as u64).expect("everybody knows everybody");
            assert_eq!(peer.store.hops(ix), distance, "of {origin}");
        }
    }
}

#[test]
fn a_loss_of_one_in_twenty_costs_less_than_a_third_more() {
    let mut world = World::new(30, false, INTERVAL / 50, 0.05, 4);
    world.connect(3, false);
    issue_for(&mut world, 12, 1);
    let before = world.received();
    let deliveries = issue_for(&mut world, 20, 1);
    settle(&mut world);
    let received = world.received() - before;
    assert!(received * 10 <= deliveries * 13, "{received} copies of {deliveries}");
}

#[test]
fn a_newcomer_gets_everything_once_and_a_new_link_brings_nothing_again() {
    let mut world = World::new(21, false, INTERVAL / 50, 0.0, 5);
    for peer in 0..19 {
        world.open(peer, peer + 1, false);
    }
    (0..20).for_each(|peer| world.issue(peer));
    settle_but(&mut world, 20);
    world.open(20, 7, true);
    settle(&mut world);
    assert_eq!(world.peers[20].received, 20);
    let before = world.received();
    world.open(20, 3, true);
    world.run(3 * INTERVAL);
    assert_eq!(world.received(), before, "it is only compared");
    world.issue(0);
    world.run(3 * INTERVAL);
    assert_eq!(world.lacking(), 0);
}

/// The same for all but one, who has no link yet.
fn settle_but(world: &mut World, alone: usize) {
    world.run(10 * INTERVAL);
    assert!(world.peers[alone].store.lives.is_empty());
}
