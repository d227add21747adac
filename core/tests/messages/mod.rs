//! Letters from application to application, over streams, and pings with their round-trip time.

use crate::harness;
mod laws;
mod letters;
mod notes;
mod pings;
mod taken;

use std::time::Duration;

use harness::{World, id_of};
use quidnunc_core::{Command, Config, Event, Node, NodeId, NotSent, Rejected, StreamLimits};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const LIMITS: StreamLimits = StreamLimits { most: 4, idle: Duration::from_secs(10), message_bytes_max: 2000 };

fn config() -> Config {
    Config { streams: Some(LIMITS), ..Config::lan() }
}

/// Peers that know each other, whose network has come to rest.
fn settled(count: usize, config: Config) -> World {
    let mut world = World::met(count, config, 1);
    world.run(10 * SECOND);
    world.log.clear();
    world.wires.requests.clear();
    world
}

fn send(world: &mut World, from: usize, to: usize, number: u64, bytes: &[u8]) -> Result<(), Rejected> {
    world.command(from, Command::Send { to: id_of(to), number, bytes })
}

/// How letters of a peer have ended, and when; `None` is well.
fn ends(world: &World, peer: usize) -> Vec<(Duration, u64, Option<NotSent>)> {
    let end = |(at, event)| {
        if let Event::NotSent { number, why } = event {
            return Some((at, number, Some(why)));
        }
        if let Event::Sent { number } = event { Some((at, number, None)) } else { None }
    };
    world.events(peer).filter_map(end).collect()
}

/// The same without the time.
fn outcomes(world: &World, peer: usize) -> Vec<(u64, Option<NotSent>)> {
    ends(world, peer).into_iter().map(|(_, number, why)| (number, why)).collect()
}

/// What a peer has got, from whom and when.
fn received(world: &World, peer: usize) -> Vec<(Duration, NodeId, Vec<u8>)> {
    let message = |(at, event)| {
        if let Event::Message { from, bytes } = event { Some((at, from, bytes.into_vec())) } else { None }
    };
    world.events(peer).filter_map(message).collect()
}

/// The events of a node that is driven by hand.
fn drained(node: &mut Node) -> Vec<Event> {
    std::iter::from_fn(|| node.poll_event()).collect()
}
