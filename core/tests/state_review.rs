//! What once went wrong with maps, each in the fewest steps that show it.

mod harness;

use std::time::Duration;

use harness::{Options, World, addr_of, id_of};
use quidnunc_core::{Command, Config, Instant};

const START: Instant = Instant::from_nanos(0);

fn cluster(count: usize, config: Config, seed: u64) -> World {
    let mut world = World::new(count, config, Options::plain(seed, START));
    world.meet();
    world
}

fn put(world: &mut World, peer: usize, key: &[u8], value: &[u8]) {
    world.command(peer, Command::Put { key, value }).expect("a put is taken");
}

fn sum(world: &World, of: usize) -> u64 {
    world.node(of).view().state_fingerprint()
}

/// A young node whose copies differ, and that is left alone, waits; its timer moves on.
#[test]
fn a_young_node_that_is_left_alone_does_not_ask_for_ever() {
    for millis in (0..1000).step_by(100) {
        let mut world = World::new(2, Config::lan(), Options::plain(1, START));
        (0..200_u8).for_each(|key| put(&mut world, 0, &[key], &[1; 900]));
        world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
        world.run(Duration::from_millis(millis));
        (0..200_u8).for_each(|key| put(&mut world, 0, &[key], &[2; 900]));
        world.command(0, Command::Leave).expect("taken");
        world.run(Duration::from_secs(20));
    }
}

/// Whoever missed that the watermark moved learns it by a repair, or sums differ for ever.
#[test]
fn a_repair_brings_the_watermark_too() {
    let config = Config { state_grace: Duration::from_secs(5), ..Config::lan() };
    let mut world = cluster(4, config, 3);
    put(&mut world, 0, b"a", b"1");
    put(&mut world, 0, b"b", b"1");
    world.command(0, Command::Delete { key: b"a" }).expect("taken");
    world.run(Duration::from_secs(2));
    world.peers[3].side = 1;
    world.run(Duration::from_secs(30));
    world.peers[3].side = 0;
    world.run(Duration::from_secs(60));
    assert_eq!(world.node(0).view().map_version(id_of(0)), world.node(3).view().map_version(id_of(0)));
    assert_eq!(sum(&world, 0), sum(&world, 3));
}
