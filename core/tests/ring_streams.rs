//! A ring of phi detectors whose nodes have streams: whom does that keep alive, and who is told of it?

use crate::harness;

use std::time::Duration;

use harness::{World, id_of};
use quidnunc_core::{Command, Config, Detector, Event, Health, StreamLimits};

const SECOND: Duration = Duration::from_secs(1);

fn config(streams: Option<StreamLimits>) -> Config {
    let Detector::Ring { accrual, interval, .. } = Config::phi_ring().detector else { panic!("it is a ring") };
    Config { detector: Detector::Ring { accrual, successors: 3, interval }, streams, ..Config::phi_ring() }
}

/// Seven nodes of which each watches three; datagrams of the last one have been lost for two minutes.
fn deaf(streams: Option<StreamLimits>) -> World {
    let mut world = World::met(7, config(streams), 1);
    world.run(30 * SECOND);
    world.log.clear();
    world.deaf.insert(6);
    world.run(120 * SECOND);
    world
}

fn watches(world: &World, of: usize, about: usize) -> bool {
    world.node(of).view().phi(id_of(about)).is_some()
}

/// About whom a peer was warned.
fn warnings(world: &World, peer: usize) -> Vec<Event> {
    world.events(peer).map(|(_, event)| event).filter(|event| matches!(event, Event::StreamOnly { .. })).collect()
}

#[test]
fn who_answers_over_streams_only_is_told_of_once_and_not_accused() {
    let mut world = deaf(Some(StreamLimits::default()));
    for peer in 0..6 {
        let view = world.node(peer).view();
        let watched = watches(&world, peer, 6);
        let expected = if watched { vec![Event::StreamOnly { id: id_of(6) }] } else { vec![] };
        assert_eq!(warnings(&world, peer), expected, "{peer}");
        assert_eq!(view.answers_by_stream_only(id_of(6)), watched);
        assert_eq!((view.stats().answers_by_stream > 20, view.local_health()), (watched, 0), "{peer}");
    }
    assert_eq!(warnings(&world, 6).len(), 3, "it hears everybody in no other way");
    let said = |event: &Event| matches!(event, Event::Member(_));
    assert!((0..7).all(|peer| world.events(peer).all(|(_, event)| !said(&event))), "nobody is accused");
    world.deaf.clear();
    world.run(20 * SECOND);
    assert!((0..6).all(|peer| !world.node(peer).view().answers_by_stream_only(id_of(6))), "a datagram ends it");
}

#[test]
fn without_streams_the_same_member_dies() {
    let world = deaf(None);
    assert!((0..6).all(|peer| world.belief(peer, 6) == Some(Health::Dead)));
}

/// A warning is about somebody who is watched, in its present life.
#[test]
fn a_warning_ends_with_the_life_that_it_was_about() {
    let mut world = deaf(Some(StreamLimits::default()));
    let of = (0..6).find(|&of| watches(&world, of, 6)).expect("it is watched");
    world.deaf.clear();
    world.wires.closed.extend(0..7);
    world.kill(6);
    world.run(60 * SECOND);
    assert_eq!(world.belief(of, 6), Some(Health::Dead));
    assert!(!world.node(of).view().answers_by_stream_only(id_of(6)), "the dead answer in no way");
    world.wires.closed.clear();
    world.restart(6);
    world.command(6, Command::Join { seeds: &[harness::addr_of(0)] }).expect("taken");
    world.run(20 * SECOND);
    world.log.clear();
    world.deaf.insert(6);
    world.run(60 * SECOND);
    assert_eq!(warnings(&world, of), [Event::StreamOnly { id: id_of(6) }], "once more about the next life");
}
