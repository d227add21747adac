//! What once went wrong with maps, each in the fewest steps that show it.

mod harness;

use std::time::Duration;

use harness::{Options, World, addr_of};
use quidnunc_core::{Command, Config, Instant};

const START: Instant = Instant::from_nanos(0);

fn put(world: &mut World, peer: usize, key: &[u8], value: &[u8]) {
    world.command(peer, Command::Put { key, value }).expect("a put is taken");
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
