//! Whoever waits for replicas is told when they are there, and never before.

use crate::harness;

use std::net::SocketAddr;
use std::time::Duration;

use harness::{Out, World, addr_of, id_of};
use quidnunc_core::{Command, Config, Domain, Event, Health, Input, Rejected, WAITS_MAX};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A cluster that has come to rest, one peer in each of these domains.
fn settled(racks: &[&str], seed: u64) -> World {
    let domains: Vec<Domain> = racks.iter().map(|rack| Domain::from_name(rack)).collect();
    let mut world = World::met_in(&domains, Config::lan(), seed);
    world.run(15 * SECOND);
    world
}

fn wait(world: &mut World, key: &[u8], (replicas, domains): (u32, u32), timeout: Duration) {
    let command = Command::PutAndWait { key, value: b"v", replicas, domains, timeout };
    world.command(0, command).expect("a wait is taken");
}

/// How the first peer's waits ended: whether well, at which version, with how many replicas in how many domains.
fn outcomes(world: &World) -> Vec<(Duration, bool, u64, u32, u32)> {
    let outcome = |(at, event)| match event {
        Event::Replicated { version, replicas, domains } => Some((at, true, version, replicas, domains)),
        Event::NotReplicated { version, replicas, domains } => Some((at, false, version, replicas, domains)),
        Event::Value(_) | Event::Member(_) | Event::Joined { .. } => None,
        Event::Leaving(_) | Event::Left(_) | Event::PartitionHealed(_) => None,
        Event::Info(_) | Event::GroupConflict(_) | Event::Link(_) | Event::LinksStanding { .. } => None,
        Event::User(_) | Event::Answer(_) | Event::QueryEnded { .. } => None,
        Event::Standing(_) | Event::Lost { .. } => None,
        Event::Moved { .. }
        | Event::Message { .. }
        | Event::Note { .. }
        | Event::Sent { .. }
        | Event::NotSent { .. }
        | Event::Pinged { .. } => None,
        Event::StreamOnly { .. } | Event::Refuted { .. } | Event::Conflict(_) | Event::EventsLost { .. } => None,
    };
    world.events(0).filter_map(outcome).collect()
}

/// Lets time pass until so many waits are over.
fn run_until_over(world: &mut World, count: usize) {
    while outcomes(world).len() < count {
        world.run(MILLI);
        assert!(world.now < 60 * SECOND, "a wait ends");
    }
}

/// The peers whose readers see a key of the first one's map.
fn readers(world: &World, key: &[u8]) -> Vec<usize> {
    let sees = |&of: &usize| world.node(of).view().value(id_of(0), key).is_some();
    (1..world.peers.len()).filter(|of| world.peers[*of].runs).filter(sees).collect()
}

#[test]
fn replicas_in_domains_are_there_within_two_gossip_intervals() {
    for seed in 0..20 {
        let mut world = settled(&["a", "a", "a", "b", "c"], seed);
        let start = world.now;
        wait(&mut world, b"k", (3, 2), 10 * SECOND);
        run_until_over(&mut world, 1);
        let (at, well, version, replicas, domains) = outcomes(&world)[0];
        assert!(well && version == 1 && replicas >= 3 && domains >= 2, "{replicas} in {domains}");
        assert!(at - start <= 2 * world.config.gossip_interval, "{:?}", at - start);
        let readers = readers(&world, b"k");
        let mut seen: Vec<Domain> = readers.iter().map(|&of| world.domain_of(of)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(readers.len() >= 3 && seen.len() >= 2, "{readers:?} see it");
        world.run(20 * SECOND);
        assert_eq!(outcomes(&world).len(), 1, "said once");
    }
}

#[test]
fn behind_a_partition_the_counts_are_told_and_then_nothing() {
    let mut world = settled(&["a", "b", "c", "d", "e"], 2);
    (2..5).for_each(|peer| world.peers[peer].side = 1);
    let start = world.now;
    wait(&mut world, b"k", (3, 1), 3 * SECOND);
    run_until_over(&mut world, 1);
    assert_eq!(outcomes(&world), [(start + 3 * SECOND, false, 1, 1, 1)]);
    (2..5).for_each(|peer| world.peers[peer].side = 0);
    world.run(30 * SECOND);
    assert_eq!(outcomes(&world).len(), 1);
    assert_eq!(readers(&world, b"k"), [1, 2, 3, 4], "it was told on all the same");
}

#[test]
fn more_domains_than_there_are_end_at_the_timeout() {
    let mut world = settled(&["a", "a", "b", "b"], 3);
    let start = world.now;
    wait(&mut world, b"k", (3, 3), 2 * SECOND);
    run_until_over(&mut world, 1);
    assert_eq!(outcomes(&world), [(start + 2 * SECOND, false, 1, 3, 2)]);
}

#[test]
fn nodes_without_a_domain_are_in_one_together() {
    let mut world = World::met(4, Config::lan(), 4);
    let start = world.now;
    wait(&mut world, b"k", (3, 1), SECOND);
    wait(&mut world, b"l", (2, 2), SECOND);
    run_until_over(&mut world, 2);
    let told: Vec<_> =
        outcomes(&world).into_iter().map(|(_, well, .., replicas, domains)| (well, replicas, domains)).collect();
    assert_eq!(told, [(true, 3, 1), (false, 3, 1)]);
    assert_eq!(outcomes(&world)[1].0, start + SECOND);
}

/// Whatever is lost on its way is sent again: the owner's question, and the answer.
#[test]
fn lost_datagrams_are_made_up_for() {
    for lost in [20 * MILLI, 150 * MILLI, 450 * MILLI] {
        let mut world = settled(&["a", "b", "c"], 5);
        (1..3).for_each(|peer| world.peers[peer].side = 1);
        wait(&mut world, b"k", (2, 2), 10 * SECOND);
        let start = world.now;
        world.run(lost);
        assert_eq!(outcomes(&world), [], "nothing arrives");
        (1..3).for_each(|peer| world.peers[peer].side = 0);
        run_until_over(&mut world, 1);
        let (at, well, ..) = outcomes(&world)[0];
        assert!(well && at - start <= lost + 230 * MILLI, "{:?} after {lost:?}", at - start);
    }
}

/// What is held of the map before the last does not count, however far it had come.
#[test]
fn a_restarted_owner_is_not_confirmed_by_copies_of_its_old_map() {
    let mut world = settled(&["a", "b", "c", "d"], 6);
    (0..50_u8).for_each(|key| world.say(0, &[key], &[key; 100]));
    world.run(3 * SECOND);
    world.kill(0);
    world.run(SECOND);
    world.restart(0);
    world.command(0, Command::Join { seeds: &[addr_of(1)] }).expect("taken");
    world.run(20 * MILLI);
    // Nobody is reached for a while but whoever has the old map.
    wait(&mut world, b"new", (3, 3), 10 * SECOND);
    run_until_over(&mut world, 1);
    let (_, well, _, replicas, _) = outcomes(&world)[0];
    assert!(well && replicas == 3);
    assert_eq!(readers(&world, b"new"), [1, 2, 3], "at that very moment");
}

/// While a copy is made anew beside the old one, its head has come far, and readers see nothing of it.
#[test]
fn what_is_not_shown_yet_confirms_nothing() {
    let mut world = settled(&["a", "b"], 7);
    world.say(0, b"old", b"v");
    world.run(3 * SECOND);
    world.kill(0);
    world.run(SECOND);
    world.restart(0);
    world.command(0, Command::Join { seeds: &[addr_of(1)] }).expect("taken");
    wait(&mut world, b"k", (1, 1), 60 * SECOND);
    for number in 0..3000_u32 {
        world.say(0, &number.to_le_bytes(), &[3; 300]);
    }
    run_until_over(&mut world, 1);
    assert_eq!(readers(&world, b"k"), [1], "at that very moment");
}

/// The last datagram that a peer sent to the first, and that answers it.
fn answer_of(world: &World, peer: usize) -> Vec<u8> {
    let mut packets = world.log.iter().rev().filter(|line| line.peer == peer && line.state_bytes() > 0);
    let is_answer = |out: &Out| matches!(out, Out::Packet { to, .. } if *to == addr_of(0));
    let line = packets.find(|line| is_answer(&line.out)).expect("it has answered");
    let Out::Packet { bytes, .. } = &line.out else { panic!("a packet") };
    bytes.clone()
}

#[test]
fn a_head_from_a_wrong_address_confirms_nothing() {
    let mut world = settled(&["a", "b", "c"], 8);
    world.peers[2].side = 1;
    wait(&mut world, b"k", (2, 2), 2 * SECOND);
    world.run(100 * MILLI);
    // The peer behind the partition gets it from the other one, and answers the question that it hears again.
    let genuine = {
        let mut copy = world.clone();
        copy.peers[2].side = 0;
        copy.run(SECOND);
        answer_of(&copy, 2)
    };
    let feed = |world: &mut World, from: SocketAddr| {
        world.feed(0, Input::Datagram { from, bytes: &genuine }).expect("taken");
        outcomes(world).len()
    };
    assert_eq!(feed(&mut world, addr_of(7)), 0, "from nowhere");
    assert_eq!(feed(&mut world, addr_of(1)), 0, "from another member's address");
    assert_eq!(feed(&mut world, addr_of(2)), 1, "from its own");
}

#[test]
fn a_later_version_ends_two_waits() {
    let mut world = settled(&["a", "b", "c"], 9);
    wait(&mut world, b"k", (2, 2), 10 * SECOND);
    wait(&mut world, b"l", (2, 1), 10 * SECOND);
    world.say(0, b"m", b"v");
    run_until_over(&mut world, 2);
    let told: Vec<_> = outcomes(&world).into_iter().map(|(_, well, version, ..)| (well, version)).collect();
    assert_eq!(told, [(true, 1), (true, 2)]);
}

/// A process that ended holds nothing, whatever it had confirmed.
#[test]
fn who_dies_is_counted_no_more() {
    let mut world = settled(&["a", "b", "c"], 10);
    wait(&mut world, b"k", (9, 1), 40 * SECOND);
    world.run(SECOND);
    world.kill(2);
    world.run(30 * SECOND);
    assert_eq!(world.belief(0, 2), Some(Health::Dead));
    run_until_over(&mut world, 1);
    let (_, well, _, replicas, domains) = outcomes(&world)[0];
    assert_eq!((well, replicas, domains), (false, 1, 1));
}

#[test]
fn who_leaves_waits_no_more() {
    let mut world = settled(&["a", "b", "c"], 11);
    wait(&mut world, b"k", (9, 1), 40 * SECOND);
    world.run(SECOND);
    let now = world.now;
    world.command(0, Command::Leave).expect("taken");
    assert_eq!(outcomes(&world), [(now, false, 1, 2, 2)]);
    world.run(60 * SECOND);
    assert_eq!(outcomes(&world).len(), 1);
}

#[test]
fn what_cannot_be_waited_for_is_refused_and_writes_nothing() {
    let mut world = settled(&["a", "b"], 12);
    let refused = |world: &mut World, replicas, domains, timeout| {
        let command = Command::PutAndWait { key: b"k", value: b"v", replicas, domains, timeout };
        let refused = world.command(0, command).expect_err("refused");
        assert_eq!(world.node(0).view().map_version(id_of(0)), None, "nothing is written");
        refused
    };
    assert_eq!(refused(&mut world, 0, 0, SECOND), Rejected::NoReplicas);
    assert_eq!(refused(&mut world, 1, 2, SECOND), Rejected::TooManyDomains { domains: 2, replicas: 1 });
    for timeout in [Duration::ZERO, MILLI - Duration::from_nanos(1), 86_400 * SECOND + Duration::from_nanos(1)] {
        assert_eq!(refused(&mut world, 1, 1, timeout), Rejected::Timeout { timeout });
    }
    let keyless = Command::PutAndWait { key: b"", value: b"v", replicas: 1, domains: 1, timeout: SECOND };
    assert_eq!(world.command(0, keyless), Err(Rejected::Key { len: 0 }));
    world.run(20 * SECOND);
    assert_eq!(outcomes(&world), []);
    for number in 0..WAITS_MAX {
        wait(&mut world, &number.to_le_bytes(), (9, 0), 86_400 * SECOND);
    }
    let more = Command::PutAndWait { key: b"k", value: b"v", replicas: 9, domains: 1, timeout: SECOND };
    assert_eq!(world.command(0, more), Err(Rejected::TooManyWaits));
    assert_eq!(world.map(0, 0).len(), WAITS_MAX);
}
