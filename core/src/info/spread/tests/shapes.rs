//! Over how many hops does everything come in a chain, and in a ring?

use std::vec::Vec;

use super::super::Log as _;
use super::issue_for;
use super::world::{INTERVAL, World};

const NODES: usize = 10;

/// Over how many hops the newest of each node has come to the first one.
fn hops(world: &World) -> Vec<u8> {
    let store = &world.peers[0].store;
    let of = |origin: usize| store.find(1000 + origin as u64).map(|ix| store.hops(ix));
    (0..NODES).map(|origin| of(origin).expect("the first knows everybody")).collect()
}

/// `GossipMostDistant`: in a chain of ten the last is nine hops away; in a ring of ten nobody is more than five,
/// whichever of two neighbours has asked for their link.
#[test]
fn gossip_most_distant() {
    for backwards in [false, true] {
        let mut world = World::new(NODES, false, INTERVAL / 50, 0.0, 5);
        let open = |world: &mut World, a: usize, b: usize| {
            let (from, to) = if backwards { (b, a) } else { (a, b) };
            world.open(from, to, false);
        };
        (1..NODES).for_each(|node| open(&mut world, node - 1, node));
        issue_for(&mut world, 12, 1);
        world.run(INTERVAL * 2);
        assert_eq!(hops(&world), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        open(&mut world, NODES - 1, 0);
        issue_for(&mut world, 12, 1);
        world.run(INTERVAL * 2);
        assert_eq!(hops(&world), [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]);
    }
}
