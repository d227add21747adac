//! What becomes of clusters that begin in a bad shape, or are cut in two?

use std::vec::Vec;

use super::model::{INTERVAL, Network, World};
use crate::overlay::Standing;

const GOOD: Network = Network { latency: 20, loss: 0 };

/// Node `i` asks the five that follow it in its ring of so many.
fn lattice(ring: usize, first: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..ring).flat_map(move |node| (1..=5).map(move |step| (first + node, first + (node + step) % ring)))
}

#[test]
fn a_long_ring_becomes_short_and_comes_to_rest() {
    let mut world = World::linked(60, &lattice(60, 0).collect::<Vec<_>>(), GOOD, 1);
    world.run_until(3 * INTERVAL);
    assert!(world.degrees().iter().all(|&degree| degree == (5, 5)), "all are full");
    assert_eq!(world.diameter(), 6);
    for second in 4..300 {
        world.run_until(second * INTERVAL);
        assert!(world.is_connected());
    }
    assert!(world.diameter() <= 5, "{} hops", world.diameter());
    assert!(world.counts().iter().map(|counts| counts.swaps).sum::<u64>() > 0);
    assert!(world.last_dial() < 280 * INTERVAL, "asked at {}", world.last_dial());
}

#[test]
fn a_bridge_is_not_given_away() {
    // Two full rings, and one node that has given one of its links for one to the other ring.
    let mut pairs: Vec<(usize, usize)> = lattice(30, 0).filter(|pair| *pair != (0, 5)).collect();
    pairs.extend(lattice(30, 30));
    pairs.push((0, 45));
    let mut world = World::linked(60, &pairs, GOOD, 1);
    world.run_until(3 * INTERVAL);
    assert_eq!(world.diameter(), 7);
    for tenth in 31..3000 {
        world.run_until(tenth * INTERVAL / 10);
        assert!(world.is_connected(), "whole at {}", world.now);
    }
    assert!(world.diameter() <= 5, "{} hops", world.diameter());
}

#[test]
fn a_cluster_that_doubles_comes_to_rest() {
    let mut world = World::growing((50, 50), 40 * INTERVAL, GOOD, 1);
    world.run_until(70 * INTERVAL);
    assert!(world.is_connected() && world.all_known());
    assert!(world.last_dial() < 50 * INTERVAL, "asked at {}", world.last_dial());
}

#[test]
fn two_halves_that_were_cut_apart_become_one() {
    let mut world = World::new(24, GOOD, 1);
    world.run_until(30 * INTERVAL);
    world.cut_at(12);
    world.run_until(70 * INTERVAL);
    assert!(!world.is_connected());
    let stalled = world.standings().into_iter().filter(|standing| standing.is_stall()).count();
    assert_eq!(stalled, 12, "the half without the sentinel");
    world.heal();
    world.run_until(140 * INTERVAL);
    assert!(world.is_connected());
    assert!(world.standings().iter().all(|standing| *standing == Standing::Connected));
    world.run_until(160 * INTERVAL);
    assert!(world.is_symmetric());
    assert!(world.last_dial() < 140 * INTERVAL, "asked at {}", world.last_dial());
}

#[test]
fn nodes_that_restart_one_by_one_are_linked_again() {
    let mut world = World::new(25, GOOD, 1);
    world.run_until(20 * INTERVAL);
    for node in 0..25 {
        // The first half is back before anybody has missed it, the other half after its leases are over.
        world.restart(node, if node % 2 == 0 { INTERVAL } else { 6 * INTERVAL });
        world.run_until(world.now + 2 * INTERVAL);
    }
    world.run_until(120 * INTERVAL);
    assert!(world.is_connected() && world.is_symmetric() && world.all_known());
    assert!(world.standings().iter().all(|standing| *standing == Standing::Connected));
    assert!(world.last_dial() < 100 * INTERVAL, "asked at {}", world.last_dial());
}

#[test]
fn a_half_to_which_nobody_gave_an_address_finds_the_other_again() {
    let mut world = World::linked(24, &lattice(24, 0).collect::<Vec<_>>(), GOOD, 1);
    world.run_until(30 * INTERVAL);
    world.cut_at(12);
    world.run_until(70 * INTERVAL);
    assert!(!world.is_connected());
    world.heal();
    world.run_until(140 * INTERVAL);
    assert!(world.is_connected(), "by the addresses of those of whom nothing comes any more");
    assert!(world.standings().iter().all(|standing| *standing == Standing::Connected));
}
