//! The first seconds of a small cluster, packet by packet: a change of the protocol shows here.

use crate::harness;

use std::fmt::Write as _;
use std::time::Duration;

use expect_test::expect_file;
use harness::{Options, World, addr_of};
use quidnunc_core::{Command, Config, Instant};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn two_meet_a_third_joins_and_crashes() {
    let mut world = World::new(3, Config::lan(), Options::plain(1, Instant::from_nanos(0)));
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    world.run(seconds(2));
    world.command(2, Command::Join { seeds: &[addr_of(1)] }).expect("a join is taken");
    world.run(seconds(3));
    world.kill(2);
    world.run(seconds(11));
    let mut trace = String::new();
    for line in &world.log {
        writeln!(trace, "{line}").expect("a string takes everything");
    }
    expect_file!["trace.txt"].assert_eq(&trace);
}
