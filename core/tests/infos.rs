//! Infos between real nodes: links open, everybody learns everything, groups and ends agree.

mod harness;

use std::time::Duration;

use harness::{Options, World, addr_of};
use quidnunc_core::{Command, Config, InfoValue, Instant, LinksStanding};

const SECOND: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_secs(2);

fn begin(count: usize, seed: u64) -> World {
    let mut world = World::new(count, Config::infos(), Options::plain(seed, Instant::from_nanos(0)));
    for peer in 1..count {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world
}

fn key_of(peer: usize) -> Vec<u8> {
    format!("load.{peer}").into_bytes()
}

/// How many (node, issuer) pairs lack the issuer's info.
fn lacking(world: &World) -> usize {
    let count = world.peers.len();
    (0..count).map(|peer| (0..count).filter(|&of| world.node(peer).view().info(&key_of(of)).is_none()).count()).sum()
}

#[test]
fn everybody_learns_what_everybody_says_within_two_intervals() {
    for (count, seed) in [(2, 1), (3, 2), (10, 3), (25, 4)] {
        let mut world = begin(count, seed);
        for peer in 0..count {
            let value = InfoValue::Int(i64::try_from(peer).unwrap());
            world.command(peer, Command::AddInfo { key: &key_of(peer), value, ttl: Some(3600 * SECOND) }).unwrap();
        }
        let mut intervals = 0;
        while lacking(&world) > 0 && intervals < 20 {
            world.run(INTERVAL / 10);
            intervals += 1;
        }
        let links: Vec<_> = (0..count)
            .map(|peer| (world.node(peer).view().outgoing().count(), world.node(peer).view().incoming().count()))
            .collect();
        println!("{count} nodes: {intervals} tenths, lacking {}, links {links:?}", lacking(&world));
        assert_eq!(lacking(&world), 0, "{count} nodes");
        assert!(intervals <= 20);
    }
}
