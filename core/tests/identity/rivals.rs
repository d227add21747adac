//! Two nodes that run with one identity: which of them goes on, and who notices?

use std::net::SocketAddr;

use quidnunc_core::{Config, Event, Input, Instant, Rejected};

use super::harness::{self, Options, Out, World, addr_of};
use super::*;

/// Another node with the identity of one that runs stops, whichever boot it has and whomever it asks; the others
/// notice nothing, and the one that was there first goes on as it was.
#[test]
fn two_live_nodes_with_one_id() {
    for (boot, seed) in [(2000, 0), (2000, 1), (500, 0), (1000, 2), (2000, SAME), (1001, SAME), (500, SAME)] {
        let mut world = four(10);
        let (began, second) = (world.now, start(&mut world, SAME, boot, ELSEWHERE));
        world.say(second, b"k", b"second");
        join(&mut world, second, seed);
        world.run(20 * SECOND);
        let what = format!("boot {boot}, seed {}", seed + 1);
        let addrs = [addr_of(ELSEWHERE), addr_of(SAME)];
        let [mine, theirs] = [SAME, second].map(|peer| conflicts(&world, peer));
        assert_eq!((mine.len(), theirs.len()), (1, 1), "{what}: {mine:?} {theirs:?}");
        assert_eq!((mine[0].addr, mine[0].born, mine[0].stops), (addrs[0], boot, false), "{what}");
        assert_eq!((theirs[0].addr, theirs[0].born, theirs[0].stops), (addrs[1], 1000, true), "{what}");
        assert!(!world.node(SAME).view().has_stopped() && world.node(second).view().has_stopped(), "{what}");
        agreed(&world, &[0, 1, 2, SAME], addrs[1]);
        for of in 0..3 {
            assert_eq!(reported(&world, of, began), [], "{what}: {} notices nothing", of + 1);
            let values = world.events(of).filter(|(at, event)| *at >= began && matches!(event, Event::Value(_)));
            assert_eq!(values.count(), 0, "{what}: no value changes at {}", of + 1);
        }
        assert_eq!(world.map(0, SAME), world.map(SAME, SAME), "{what}");
    }
}

#[test]
fn a_node_that_has_stopped_says_nothing_and_takes_nothing() {
    let mut world = four(11);
    let second = start(&mut world, SAME, 2000, ELSEWHERE);
    join(&mut world, second, 0);
    world.run(5 * SECOND);
    assert!(world.node(second).view().has_stopped());
    let lines = world.log.iter().filter(|line| line.peer == second).count();
    for command in [
        Command::Join { seeds: &[addr_of(0)] },
        Command::Leave,
        Command::Put { key: b"k", value: b"v" },
        Command::Watch { prefix: b"x" },
    ] {
        assert_eq!(world.command(second, command), Err(Rejected::Stopped));
    }
    let (from, bytes) = world.peers[second].heard[0].clone();
    assert_eq!(world.feed(second, Input::Datagram { from, bytes: &bytes }), Err(Rejected::Stopped));
    world.feed(second, Input::Timeout).expect("a timeout is never refused");
    assert_eq!(world.node(second).poll_timeout(), None);
    world.run(60 * SECOND);
    assert_eq!(world.log.iter().filter(|line| line.peer == second).count(), lines, "not a word");
}

/// A node was cut off and replaced; when it is back, it is the one that stops.
#[test]
fn a_replaced_node_that_comes_back_stops() {
    let mut world = four(12);
    world.peers[SAME].side = 1;
    world.run(60 * SECOND);
    assert!((0..3).all(|of| world.belief(of, SAME) == Some(Health::Dead)));
    let second = start(&mut world, SAME, 2000, ELSEWHERE);
    join(&mut world, second, 0);
    world.run(10 * SECOND);
    agreed(&world, &[0, 1, 2, second], addr_of(ELSEWHERE));
    let healed = world.now;
    world.peers[SAME].side = 0;
    world.run(60 * SECOND);
    assert!(world.node(SAME).view().has_stopped() && !world.node(second).view().has_stopped());
    let [first, other] = [SAME, second].map(|peer| conflicts(&world, peer));
    assert_eq!((first.len(), first[0].stops, first[0].addr), (1, true, addr_of(ELSEWHERE)));
    assert_eq!((other.len(), other[0].stops, other[0].addr), (1, false, addr_of(SAME)));
    assert_eq!(agreed(&world, &[0, 1, 2, second], addr_of(ELSEWHERE)).boot, 2000, "and nobody's boot was raised");
    for of in 0..3 {
        assert!(reported(&world, of, healed).iter().all(|change| change.health == Health::Alive));
    }
}

/// Each half of a partition has its own node of one identity. When it heals, one goes on and all agree on it.
#[test]
fn one_of_two_that_both_were_in_service_goes_on() {
    for seed in 0..8 {
        let mut world = World::met(6, Config::lan(), 100 + seed);
        for peer in [0, 1] {
            world.peers[peer].side = 1;
        }
        world.run(120 * SECOND);
        assert!((0..2).all(|of| world.belief(of, SAME) == Some(Health::Dead)));
        let second = start(&mut world, SAME, 2000, ELSEWHERE);
        world.peers[second].side = 1;
        join(&mut world, second, 0);
        world.run(10 * SECOND);
        world.peers.iter_mut().for_each(|peer| peer.side = 0);
        world.run(60 * SECOND);
        let stopped = [SAME, second].map(|peer| world.node(peer).view().has_stopped());
        assert_ne!(stopped[0], stopped[1], "one of two goes on, seed {seed}");
        let (stays, addr) = if stopped[0] { (second, addr_of(ELSEWHERE)) } else { (SAME, addr_of(SAME)) };
        agreed(&world, &[0, 1, 2, 4, 5, stays], addr);
        for peer in [SAME, second] {
            let told = conflicts(&world, peer);
            assert_eq!((told.len(), told[0].stops), (1, peer != stays), "seed {seed}: {told:?}");
        }
    }
}

/// A node whose own address is among its seeds, under another name, is nobody's rival.
#[test]
fn a_node_that_asks_itself_to_join_is_no_conflict() {
    let mut world = World::new(1, Config::lan(), Options::plain(13, Instant::from_nanos(0)));
    world.command(0, Command::Join { seeds: &[addr_of(ELSEWHERE)] }).expect("a join is taken");
    // Whatever is sent to that name comes back to the node, from there.
    let mut said = 0;
    for _ in 0..100 {
        world.run(SECOND / 10);
        let sent: Vec<_> = world.log[said..].iter().filter_map(|line| packet_to(line, addr_of(ELSEWHERE))).collect();
        said = world.log.len();
        for bytes in sent {
            let _ = world.feed(0, Input::Datagram { from: addr_of(ELSEWHERE), bytes: &bytes });
        }
    }
    assert!(conflicts(&world, 0).is_empty() && !world.node(0).view().has_stopped());
    assert!(world.node(0).view().stats().datagrams_received > 0, "it has asked itself");
}

fn packet_to(line: &harness::Line, wanted: SocketAddr) -> Option<Vec<u8>> {
    match &line.out {
        Out::Packet { to, bytes, .. } if *to == wanted => Some(bytes.clone()),
        Out::Packet { .. } | Out::Event(_) => None,
    }
}
