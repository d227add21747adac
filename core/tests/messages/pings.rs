//! How long a member takes to answer the application's ping, and that it is no probe.

use std::time::Duration;

use quidnunc_core::{Command, Config, Event, Health, Input, Node, NodeId, PINGS_MAX, Rejected};

use super::harness::{World, id_of};
use super::{MILLI, SECOND, drained};

/// Peers that know each other and do nothing for a while: probes come every minute.
fn quiet(count: usize) -> World {
    let config = Config { period: 60 * SECOND, suspicion_mult: 1, tombstone_life: 86_400 * SECOND, ..Config::lan() };
    let mut world = World::met(count, config, 1);
    world.run(10 * SECOND);
    world.log.clear();
    world
}

fn ping(world: &mut World, from: usize, to: usize) -> Result<(), Rejected> {
    world.command(from, Command::Ping { id: id_of(to) })
}

/// What came of a peer's pings, and when.
fn pinged(world: &World, peer: usize) -> Vec<(Duration, NodeId, Option<Duration>)> {
    let pinged = |(at, event)| if let Event::Pinged { id, rtt } = event { Some((at, id, rtt)) } else { None };
    world.events(peer).filter_map(pinged).collect()
}

#[test]
fn a_ping_takes_as_long_as_there_and_back() {
    let mut world = quiet(3);
    for millis in [0, 1, 10, 250] {
        world.log.clear();
        world.delay = millis * MILLI;
        let start = world.now;
        for to in [1, 2, 1] {
            ping(&mut world, 0, to).expect("it is taken");
        }
        world.run(SECOND);
        let (at, rtt) = (start + 2 * millis * MILLI, Some(2 * millis * MILLI));
        assert_eq!(pinged(&world, 0), [1, 2, 1].map(|to| (at, id_of(to), rtt)), "each is answered for");
    }
    assert_eq!(world.node(0).view().stats().answers_unexpected, 0, "they are waited for");
}

/// What waits here before it leaves is no part of it.
#[test]
fn the_clock_of_a_ping_starts_when_it_leaves() {
    let mut world = quiet(2);
    let (mut node, now) = (world.node(0).clone(), world.instant());
    node.handle(now, Input::Command(Command::Ping { id: id_of(1) })).expect("it is taken");
    world.peers[0].node = node;
    world.run(300 * MILLI);
    let start = world.now;
    world.feed(0, Input::Timeout).expect("never refused");
    world.run(SECOND);
    assert_eq!(pinged(&world, 0), [(start + 20 * MILLI, id_of(1), Some(20 * MILLI))]);
}

#[test]
fn silence_is_told_after_a_period_and_accuses_nobody() {
    let mut world = quiet(3);
    let before = world.node(0).view().stats().suspicions;
    world.deaf.insert(1);
    let start = world.now;
    ping(&mut world, 0, 1).expect("it is taken");
    world.run(SECOND);
    world.deaf.clear();
    world.run(60 * SECOND);
    assert_eq!(pinged(&world, 0), [(start + 60 * SECOND, id_of(1), None)]);
    for peer in 0..3 {
        let view = world.node(peer).view();
        assert!(world.events(peer).all(|(_, event)| !matches!(event, Event::Member(_))), "nobody is accused");
        assert_eq!((view.local_health(), view.stats().suspicions), (0, before));
    }
}

/// Whoever is dead may be asked whether it is.
#[test]
fn the_dead_can_be_pinged_and_strangers_cannot() {
    let mut world = World::met(3, Config::lan(), 1);
    world.kill(1);
    world.run(60 * SECOND);
    assert_eq!(world.belief(0, 1), Some(Health::Dead));
    world.log.clear();
    let start = world.now;
    ping(&mut world, 0, 1).expect("it is known");
    world.run(5 * SECOND);
    assert_eq!(pinged(&world, 0), [(start + SECOND, id_of(1), None)]);
    world.feed(0, Input::Timeout).expect("never refused");
    let before = format!("{:?}", world.node(0));
    assert_eq!(ping(&mut world, 0, 0), Err(Rejected::ToSelf));
    assert_eq!(ping(&mut world, 0, 98), Err(Rejected::NoSuchMember { id: id_of(98) }));
    assert!(format!("{:?}", world.node(0)) == before, "nothing has changed");
}

#[test]
fn pings_are_bounded_until_the_application_has_heard_of_them() {
    let mut world = quiet(2);
    let (mut node, now) = (world.node(0).clone(), world.instant());
    let ask = |node: &mut Node, now| node.handle(now, Input::Command(Command::Ping { id: id_of(1) }));
    (0..PINGS_MAX).for_each(|_| ask(&mut node, now).expect("there is room"));
    assert_eq!(ask(&mut node, now), Err(Rejected::TooManyPings));
    node.check();
    // They never leave; a period later they are over, and nobody has heard of that.
    let mut later = now;
    while let Some(wakeup) = node.poll_timeout().filter(|wakeup| wakeup.at <= now.after(60 * SECOND)) {
        later = wakeup.at;
        node.handle(later, Input::Timeout).expect("never refused");
        node.check();
    }
    assert_eq!(ask(&mut node, later), Err(Rejected::TooManyPings));
    let told = drained(&mut node).into_iter().filter(|event| matches!(event, Event::Pinged { rtt: None, .. }));
    assert_eq!(told.count(), PINGS_MAX);
    assert_eq!(ask(&mut node, later), Ok(()));
    world.peers[0].node = node;
    world.command(0, Command::Leave).expect("a member may leave");
    assert_eq!(pinged(&world, 0), [(world.now, id_of(1), None)], "whoever leaves waits no more");
    assert_eq!(ping(&mut world, 0, 1), Err(Rejected::HasLeft));
}
