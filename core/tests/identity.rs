//! Identity in real life: restarts, clocks, addresses that change hands, and two nodes that are one.

mod harness;

use std::net::SocketAddr;
use std::time::Duration;

use harness::{Options, Out, Peer, World, addr_of, id_of};
use quidnunc_core::{
    Cause, Command, Config, ConfigError, Conflict, DecodeError, Domain, Event, Health, Identity, Incarnation, Input,
    Instant, MemberChange, Node, Rejected, fit_checksum,
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

#[test]
fn restart_with_the_same_id() {
    let mut world = four(1);
    let died = world.now;
    world.kill(SAME);
    world.restart(SAME);
    join(&mut world, SAME, 0);
    world.run(10 * SECOND);
    assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first(1001));
    for of in 0..3 {
        let said: Vec<_> = reported(&world, of, died).iter().map(|change| (change.incarnation, change.was)).collect();
        assert_eq!(said, [(Incarnation::first(1001), Some(Health::Alive))], "what {} reports", of + 1);
    }
    assert_eq!((refuted(&world, SAME), conflicts(&world, SAME)), (vec![], vec![]));
}

#[test]
fn boot_reused_at_the_same_address() {
    let mut world = four(2);
    // The first life was suspected once, and has said otherwise.
    world.peers[SAME].frozen_until = world.now + 10 * SECOND;
    world.run(20 * SECOND);
    let first = agreed(&world, &[0, 1, 2, SAME], addr_of(SAME));
    assert!(first.counter > 0, "{first:?}");
    world.kill(SAME);
    let again = start(&mut world, SAME, 1000, SAME);
    world.peers.swap(SAME, again);
    world.peers.truncate(4);
    join(&mut world, SAME, 0);
    let before = refuted(&world, SAME).len();
    world.run(10 * SECOND);
    assert_eq!(refuted(&world, SAME)[before..], [(Incarnation::first(1001), Cause::BootReused)]);
    assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first(1001));
}

#[test]
fn boot_reused_at_another_address_is_no_change_of_address() {
    // The new address is below the old one, and above it: the merge law must not decide.
    for (seed, at) in [(3, 6), (4, ELSEWHERE)] {
        let mut world = four(seed);
        if at == 6 {
            world.kill(SAME);
            let moved = start(&mut world, SAME, 1500, 40);
            join(&mut world, moved, 0);
            world.run(15 * SECOND);
            world.kill(moved);
        } else {
            world.kill(SAME);
        }
        let boot = if at == 6 { 1500 } else { 1000 };
        let again = start(&mut world, SAME, boot, at);
        join(&mut world, again, 0);
        world.run(5 * SECOND);
        assert_eq!(refuted(&world, again), [(Incarnation::first(boot + 1), Cause::BootReused)]);
        assert_eq!(agreed(&world, &[0, 1, 2, again], addr_of(at)), Incarnation::first(boot + 1));
        assert!(conflicts(&world, again).is_empty());
    }
}

#[test]
fn clock_gone_back() {
    for (seed, at) in [(5, SAME), (6, ELSEWHERE)] {
        let mut world = four(seed);
        world.kill(SAME);
        let again = start(&mut world, SAME, 7, at);
        join(&mut world, again, 0);
        let began = world.now;
        world.run(3 * SECOND);
        assert_eq!(refuted(&world, again), [(Incarnation::first(1001), Cause::LaterBoot)], "once, at {at}");
        world.run(10 * SECOND);
        assert_eq!(agreed(&world, &[0, 1, 2, again], addr_of(at)), Incarnation::first(1001));
        assert_eq!(refuted(&world, again).len(), 1);
        for of in 0..3 {
            let dead = reported(&world, of, began).iter().any(|change| change.health == Health::Dead);
            assert!(!dead, "{} never takes it for dead", of + 1);
        }
    }
}

#[test]
fn address_changed() {
    for dead_first in [false, true] {
        let mut world = four(7);
        world.kill(SAME);
        world.run(if dead_first { 60 * SECOND } else { SECOND });
        assert_eq!(world.belief(0, SAME), Some(if dead_first { Health::Dead } else { Health::Alive }));
        let moved = start(&mut world, SAME, 2000, ELSEWHERE);
        join(&mut world, moved, 0);
        let began = world.now;
        world.run(3 * SECOND);
        assert_eq!(agreed(&world, &[0, 1, 2, moved], addr_of(ELSEWHERE)), Incarnation::first(2000));
        for of in 0..3 {
            let said = reported(&world, of, began);
            let last = said.last().expect("it is reported");
            assert_eq!((last.addr, last.incarnation.boot, last.health), (addr_of(ELSEWHERE), 2000, Health::Alive));
        }
        assert_eq!((refuted(&world, moved), conflicts(&world, moved)), (vec![], vec![]), "nothing to be contradicted");
    }
}

#[test]
fn the_new_life_answers_at_the_old_address_too() {
    let mut world = four(8);
    world.kill(SAME);
    let moved = start(&mut world, SAME, 2000, ELSEWHERE);
    // One process behind both addresses: what comes to the old one is heard as well.
    let mut old = world.peers[SAME].clone();
    old.runs = false;
    join(&mut world, moved, 0);
    world.run(40 * Duration::from_millis(1));
    world.peers[SAME] = Peer { node: world.node(moved).clone(), runs: true, ..old };
    world.run(2 * SECOND);
    world.kill(SAME);
    world.run(5 * SECOND);
    assert_eq!(agreed(&world, &[0, 1, 2, moved], addr_of(ELSEWHERE)), Incarnation::first(2000));
    assert!(!world.node(moved).view().has_stopped());
}

#[test]
fn address_reused_by_another_node_removes_nobody() {
    let mut world = four(9);
    world.kill(SAME);
    let moved = start(&mut world, SAME, 2000, ELSEWHERE);
    let other = start(&mut world, 9, 2000, SAME);
    join(&mut world, moved, 0);
    join(&mut world, other, 1);
    world.run(20 * SECOND);
    assert_eq!(agreed(&world, &[0, 1, 2, moved, other], addr_of(ELSEWHERE)), Incarnation::first(2000));
    for of in [0, 1, 2, moved, other] {
        let view = world.node(of).view();
        assert_eq!((view.live(), view.member(id_of(9)).map(|member| member.addr)), (5, Some(addr_of(SAME))));
        assert!(conflicts(&world, of).is_empty() && refuted(&world, of).is_empty());
    }
}

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

#[test]
fn wrong_cluster_tag() {
    let mut world = four(14);
    let foreign = Config { cluster: 7, ..Config::lan() };
    let own = std::mem::replace(&mut world.config, foreign);
    let stranger = start(&mut world, 9, 2000, ELSEWHERE);
    world.config = own;
    let before = world.node(0).view().fingerprint();
    join(&mut world, stranger, 0);
    world.run(20 * SECOND);
    let stats = *world.node(0).view().stats();
    assert!(stats.datagrams_foreign >= 3, "{stats:?}");
    assert_eq!(stats.datagrams_rejected, stats.datagrams_foreign);
    let (from, bytes) =
        world.peers[0].heard.iter().find(|(from, _)| *from == addr_of(ELSEWHERE)).expect("heard").clone();
    let refused = world.feed(0, Input::Datagram { from, bytes: &bytes });
    assert_eq!(refused, Err(Rejected::Datagram(DecodeError::Cluster { found: 7 })));
    assert_eq!((world.node(0).view().fingerprint(), world.belief(0, 9)), (before, None));
    assert_eq!(world.node(stranger).view().live(), 1, "nor has it learned anything");
}

#[test]
fn id_of_another_cluster() {
    // A node of another cluster has the identity, the boot and the place of a member of this one.
    let mut world = four(15);
    let foreign = Config { cluster: 7, ..Config::lan() };
    let own = std::mem::replace(&mut world.config, foreign);
    let stranger = start(&mut world, SAME, 5000, ELSEWHERE);
    world.config = own;
    for seed in [0, SAME] {
        join(&mut world, stranger, seed);
        world.run(10 * SECOND);
    }
    assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first(1000));
    for peer in [SAME, stranger] {
        assert!(conflicts(&world, peer).is_empty() && refuted(&world, peer).is_empty());
    }
    assert!(world.node(SAME).view().stats().datagrams_foreign > 0);
}

#[test]
fn a_boot_at_its_maximum() {
    let (boot, addr) = (u64::MAX, addr_of(0));
    let identity = Identity { id: id_of(0), boot, addr, domain: Domain::NONE };
    let refused = Node::new(Config::lan(), identity, 1, Instant::from_nanos(0), None).err();
    assert_eq!(refused, Some(ConfigError::Boot { boot, most: 1 << 62 }));
    // The most that is taken can still come back with its clock gone back, again and again.
    let mut world = four(16);
    world.kill(SAME);
    let last = start(&mut world, SAME, 1 << 62, SAME);
    world.peers.swap(SAME, last);
    world.peers.truncate(4);
    join(&mut world, SAME, 0);
    world.run(10 * SECOND);
    for lives in 1..4 {
        world.kill(SAME);
        let again = start(&mut world, SAME, 1, SAME);
        world.peers.swap(SAME, again);
        world.peers.truncate(4);
        join(&mut world, SAME, 0);
        world.run(10 * SECOND);
        assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first((1 << 62) + lives));
    }
}

/// A datagram that says a member's incarnation is as large as can be, from its address.
#[test]
fn incarnations_at_their_maximum_are_refused() {
    let mut world = four(17);
    let honest = world.peers[0].heard.iter().find(|(from, _)| *from == addr_of(SAME)).expect("it has said something");
    let (from, mut bytes) = honest.clone();
    // Frame 12, section head 2, identity 16, boot 1000 in two bytes, counter in one.
    assert_eq!(bytes[30..33], [0xe8, 0x07, 0]);
    bytes.splice(32..33, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    bytes[13] += 4;
    fit_checksum(&mut bytes);
    let refused = world.node(0).view().stats().records_refused;
    world.feed(0, Input::Datagram { from, bytes: &bytes }).expect("it is a datagram");
    assert_eq!(agreed(&world, &[0, 1, 2], addr_of(SAME)), Incarnation::first(1000));
    assert!(world.node(0).view().stats().records_refused > refused);
    world.run(20 * SECOND);
    assert_eq!(agreed(&world, &[0, 1, 2, SAME], addr_of(SAME)), Incarnation::first(1000));
}
