//! Does a cluster come to rest, and again after a third of it has crashed?
//!
//! With the rules of 2014 no cluster of 50 or more does, and at the start each node is refused up to 600 times.

use std::format;
use std::vec::Vec;

use super::model::{INTERVAL, Network, Time, World};
use crate::overlay::{Limits, Standing};

const CRASH: Time = 42 * INTERVAL;

/// For so long nobody asks anybody before the crash, and before the end.
const QUIET: Time = 20 * INTERVAL;

/// Latency in thousandths of an interval, and loss.
const GOOD: Network = Network { latency: 20, loss: 0 };
const LOSSY: Network = Network { latency: 20, loss: 50 };
const SLOW: Network = Network { latency: 500, loss: 50 };

#[track_caller]
fn comes_to_rest(count: usize, network: Network, seed: u64) {
    let name = format!("{count} nodes, {network:?}, seed {seed}");
    let mut world = World::new(count, network, seed);
    world.run_until(CRASH);
    let refusals: Vec<u64> = world.counts().iter().map(|counts| counts.refusals).collect();
    let mean = refusals.iter().sum::<u64>() * 10 / count as u64;
    let most = refusals.into_iter().max().unwrap_or(0);
    assert!(mean <= 14 && most <= 6, "{name}: {mean} tenths of a refusal per node, {most} at most");
    assert!(world.last_dial() <= CRASH - QUIET, "{name}: asked at {}", world.last_dial());
    assert_eq!(world.lost_links(), 0, "{name}: links between living nodes have ended by silence");
    assert!(world.is_connected() && world.is_symmetric(), "{name}: whole before the crash");
    assert!(world.all_known(), "{name}: everybody knows everybody");
    world.crash_some(3, 10);
    world.run_until(CRASH + 2 * QUIET);
    assert!(world.last_dial() <= CRASH + QUIET, "{name}: asked at {} after the crash", world.last_dial());
    assert!(world.is_connected() && world.is_symmetric(), "{name}: whole after it");
    assert!(world.standings().iter().all(|standing| *standing == Standing::Connected), "{name}: and nobody cut off");
    assert_eq!(world.lost_links(), 0, "{name}: no link between living nodes has ended by silence");
}

#[test]
fn clusters_in_a_data_centre_come_to_rest() {
    for (count, seeds) in [(3, 8), (10, 8), (25, 5), (50, 3), (100, 2)] {
        (0..seeds).for_each(|seed| comes_to_rest(count, GOOD, seed));
    }
}

#[test]
fn clusters_in_bad_networks_come_to_rest() {
    for (count, seeds) in [(3, 5), (10, 5), (25, 4), (50, 2)] {
        (0..seeds).for_each(|seed| comes_to_rest(count, LOSSY, seed));
        (0..seeds).for_each(|seed| comes_to_rest(count, SLOW, seed));
    }
}

/// Others: `OVERLAY_NODES=1000 OVERLAY_SEEDS=5 cargo test -p quidnunc-core --lib a_large_cluster_comes_to_rest`.
#[test]
fn a_large_cluster_comes_to_rest() {
    let set = |name| std::env::var(name).ok().and_then(|text| text.parse::<u16>().ok());
    let (count, seeds) = (set("OVERLAY_NODES").unwrap_or(250), set("OVERLAY_SEEDS").unwrap_or(1));
    (0..seeds.into()).for_each(|seed| comes_to_rest(count.into(), GOOD, seed));
}

#[test]
fn a_random_graph_needs_no_tightening() {
    for (count, seed) in [(25, 1), (100, 1)] {
        let mut world = World::new(count, GOOD, seed);
        world.run_until(100 * INTERVAL);
        let limit = Limits::hops_max(u32::try_from(count).expect("few nodes"));
        assert!(world.diameter() <= limit && world.hops() <= limit, "{} hops", world.hops());
        assert_eq!(world.hops(), world.diameter(), "what is measured is the true distance");
        assert_eq!(world.counts().iter().map(|counts| counts.swaps).sum::<u64>(), 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_cluster() {
    let run = || {
        let mut world = World::new(25, LOSSY, 7);
        world.run_until(10 * INTERVAL);
        (world.degrees(), world.counts(), world.last_dial())
    };
    assert_eq!(run(), run());
}
