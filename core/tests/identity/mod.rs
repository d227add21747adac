//! Identity in real life: restarts, clocks, addresses that change hands, and two nodes that are one.

use crate::harness;

mod limits;
mod lives;
mod rivals;

use std::net::SocketAddr;
use std::time::Duration;

use harness::{Peer, World, addr_of, id_of};
use quidnunc_core::{
    Cause, Command, Config, Conflict, Domain, Event, Health, Identity, Incarnation, MemberChange, Node,
};

const SECOND: Duration = Duration::from_secs(1);

/// The one whose identity the tests are about, and an address where nobody is.
const SAME: usize = 3;
const ELSEWHERE: usize = 20;

/// Four nodes that know each other and the last one's map.
fn four(seed: u64) -> World {
    let mut world = World::met(4, Config::lan(), seed);
    world.say(SAME, b"k", b"first");
    world.run(15 * SECOND);
    assert!((0..4).all(|of| world.map(of, SAME).len() == 1));
    world
}

/// One more process, with the identity of a peer and no memory.
fn start(world: &mut World, peer: usize, boot: u64, at: usize) -> usize {
    let (addr, domain, number) = (addr_of(at), Domain::NONE, world.peers.len());
    let identity = Identity { id: id_of(peer), boot, addr, domain };
    let node = Node::new(world.config.clone(), identity, 100 + number as u64, world.instant(), None).expect("valid");
    let (buffer, frozen_until) = (world.config.datagram_bytes_max, Duration::ZERO);
    world.peers.push(Peer { node, addr, buffer, frozen_until, runs: true, side: 0, heard: Vec::new() });
    number
}

fn join(world: &mut World, peer: usize, seed: usize) {
    world.command(peer, Command::Join { seeds: &[addr_of(seed)] }).expect("a join is taken");
}

fn conflicts(world: &World, peer: usize) -> Vec<Conflict> {
    let of = |event| if let Event::Conflict(conflict) = event { Some(conflict) } else { None };
    world.events(peer).filter_map(|(_, event)| of(event)).collect()
}

fn refuted(world: &World, peer: usize) -> Vec<(Incarnation, Cause)> {
    let of = |event| if let Event::Refuted { incarnation, cause } = event { Some((incarnation, cause)) } else { None };
    world.events(peer).filter_map(|(_, event)| of(event)).collect()
}

/// What a peer has reported of the identity since then.
fn reported(world: &World, peer: usize, since: Duration) -> Vec<MemberChange> {
    let of = |event| if let Event::Member(change) = event { Some(change) } else { None };
    let late = world.events(peer).filter(|&(at, _)| at >= since);
    late.filter_map(|(_, event)| of(event)).filter(|change| change.id == id_of(SAME)).collect()
}

/// Everybody of these has one entry for the identity, alive, at this address; returns its incarnation.
fn agreed(world: &World, peers: &[usize], addr: SocketAddr) -> Incarnation {
    let found: Vec<_> = peers
        .iter()
        .map(|&of| {
            let view = world.node(of).view();
            assert_eq!(view.members().filter(|member| member.id == id_of(SAME)).count(), 1);
            view.members().find(|member| member.id == id_of(SAME)).expect("it is known")
        })
        .collect();
    assert!(found.iter().all(|member| (member.addr, member.health) == (addr, Health::Alive)), "{found:?}");
    assert!(found.iter().all(|member| member.incarnation == found[0].incarnation), "{found:?}");
    found[0].incarnation
}
