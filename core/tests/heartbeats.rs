//! Detectors that hear relayed heartbeats, between real nodes: who is found silent, when, by whom, and who is told.

use crate::harness;

use std::time::Duration;

use harness::{Out, World, addr_of, id_of};
use quidnunc_core::{
    Command, Config, Detector, Event, FailureRule, Health, Input, MemberChange, Purpose, Reason, Relay, Targets,
};

const SECOND: Duration = Duration::from_secs(1);

/// The profiles, with the time after which the last of ten nodes finds a member silent that has stopped: the failure
/// time and some intervals until the last heartbeat has been everywhere.
fn profiles() -> [(&'static str, Config, Duration); 3] {
    [
        ("heartbeat", Config::heartbeat(), 32 * SECOND),
        ("scuttlebutt_lan", Config::scuttlebutt_lan(), 10 * SECOND),
        ("scuttlebutt_wan", Config::scuttlebutt_wan(), 33 * SECOND),
    ]
}

fn met(config: Config, seed: u64) -> World {
    let mut world = World::met(10, config, seed);
    world.run(60 * SECOND);
    world
}

/// Changes of one member's health that one peer reported since the log had this length.
fn changes(world: &World, since: usize, of: usize, about: usize) -> Vec<(Health, Option<Health>, Reason)> {
    let lines = world.log[since..].iter().filter(|line| line.peer == of);
    let mut changes = Vec::new();
    for line in lines {
        if let Out::Event(Event::Member(MemberChange { id, health, was, reason, .. })) = &line.out
            && *id == id_of(about)
        {
            changes.push((*health, *was, *reason));
        }
    }
    changes
}

#[test]
fn whoever_stops_is_found_silent_by_each_for_itself_and_nobody_else_is() {
    for (name, config, patience) in profiles() {
        let mut world = met(config, 1);
        let (since, fingerprint) = (world.log.len(), world.node(0).view().fingerprint());
        world.kill(9);
        world.run(patience);
        for of in 0..9 {
            let silent = [(Health::Dead, Some(Health::Alive), Reason::Silence)];
            assert_eq!(changes(&world, since, of, 9), silent, "{name}: {} finds it silent", of + 1);
            assert_eq!(world.belief(of, 9), Some(Health::Dead));
            let view = world.node(of).view();
            assert_eq!((view.live(), view.fingerprint()), (9, fingerprint), "{name}: it is nobody else's business");
            (0..9).filter(|&about| about != of).for_each(|about| assert!(changes(&world, since, of, about).is_empty()));
            view.members().filter(|member| member.id == id_of(9)).for_each(|it| assert_eq!(it.health, Health::Dead));
        }
        (0..9).for_each(|of| world.node(of).check());
    }
}

#[test]
fn after_twice_the_failure_time_it_is_dead_for_all_and_that_is_no_second_event() {
    let mut world = met(Config::heartbeat(), 2);
    let before = world.node(0).view().fingerprint();
    let since = world.log.len();
    world.kill(9);
    world.run(50 * SECOND);
    for of in 0..9 {
        assert_ne!(world.node(of).view().fingerprint(), before, "the rosters say so, too");
        assert_eq!(changes(&world, since, of, 9).len(), 1);
    }
    world.restart(9);
    world.command(9, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world.run(10 * SECOND);
    for of in 0..9 {
        let all = changes(&world, since, of, 9);
        assert!(all.len() == 2 && all[1].0 == Health::Alive && all[1].1 == Some(Health::Dead), "{all:?}");
    }
}

#[test]
fn both_sides_of_a_partition_find_each_other_again() {
    for (name, config, patience) in profiles() {
        let mut world = met(config, 1);
        (5..10).for_each(|peer| world.peers[peer].side = 1);
        world.run(patience);
        assert!((5..10).all(|about| world.belief(0, about) == Some(Health::Dead)), "{name}");
        let since = world.log.len();
        (5..10).for_each(|peer| world.peers[peer].side = 0);
        world.run(90 * SECOND);
        for (of, about) in (0..10).flat_map(|of| (0..10).map(move |about| (of, about))) {
            assert_eq!(world.belief(of, about), Some(Health::Alive), "{name}: {of} of {about}");
            if (of < 5) != (about < 5) {
                let last = changes(&world, since, of, about).pop().expect("it came back");
                assert_eq!(last.0, Health::Alive, "{name}: {of} of {about}");
            }
        }
    }
}

#[test]
fn a_frozen_process_finds_nobody_silent_when_it_wakes() {
    for (name, config, _) in profiles() {
        let mut world = met(config, 4);
        let since = world.log.len();
        world.peers[0].frozen_until = world.now + 60 * SECOND;
        world.run(75 * SECOND);
        for about in 1..10 {
            assert!(changes(&world, since, 0, about).is_empty(), "{name}: {:?}", changes(&world, since, 0, about));
        }
        world.run(60 * SECOND);
        assert!((1..10).all(|about| world.belief(0, about) == Some(Health::Alive)), "{name}");
        assert!((1..10).all(|of| world.belief(of, 0) == Some(Health::Alive)), "{name}: and it is found again");
    }
}

#[test]
fn several_consumers_have_thresholds_of_their_own() {
    let mut world = met(Config::scuttlebutt_lan(), 5);
    let view = |world: &World| world.node(0).view().phi(id_of(9)).expect("it is followed");
    assert!(view(&world) < 1.0);
    let reached = |threshold| world.node(0).view().phi_reaches(id_of(9), threshold).expect("some time");
    let (early, late) = (reached(1.0), reached(8.0));
    assert!(early < late && world.node(0).view().phi_reaches(id_of(9), f64::NAN).is_none());
    world.kill(9);
    world.run(20 * SECOND);
    assert!(view(&world) > 8.0);
    assert_eq!(world.node(0).view().failure_time(), None);
    assert_eq!(world.node(0).view().phi(id_of(77)), None);
    let other = met(Config::heartbeat(), 5);
    let of_ten = quidnunc_core::heartbeat::propagation_failure_time(10, 3, SECOND).expect("valid");
    assert_eq!(other.node(0).view().failure_time(), Some(of_ten));
    assert_eq!(other.node(0).view().phi(id_of(9)), None);
}

/// With 250 B/s for heartbeats and 8 bytes each, ten nodes tell one member everything every 0.32 s; and what is said
/// with the heartbeats stays within the budget of a datagram.
#[test]
fn a_bound_on_bytes_makes_the_interval_longer() {
    let interval = Duration::from_millis(50);
    let relay = Relay { interval, fanout: 1, bytes_per_second: Some(250), targets: Targets::Uniform };
    let detector = Detector::Heartbeat { fails: FailureRule::Propagations(3), relay };
    let config = Config { detector, ..Config::heartbeat() };
    let mut world = met(config, 6);
    let since = world.log.len();
    world.run(64 * SECOND);
    let sent = world.log[since..].iter().filter(|line| line.peer == 3);
    let sent = sent.filter(|line| matches!(line.out, Out::Packet { purpose: Purpose::Heartbeat, .. }));
    assert_eq!(sent.count(), 200, "64 s of 0.32 s each");
}

/// Datagrams of the dead that come again and again are echoes.
#[test]
fn an_echo_keeps_nobody_alive() {
    for (name, config, patience) in profiles() {
        let mut world = met(config, 7);
        world.kill(9);
        let (since, heard) = (world.log.len(), world.peers[0].heard.clone());
        assert!(heard.iter().any(|(from, _)| *from == addr_of(9)), "{name}: there is something to repeat");
        for _ in 0..patience.as_secs() {
            world.run(SECOND);
            for (from, bytes) in &heard {
                world.feed(0, Input::Datagram { from: *from, bytes }).expect("it is valid");
            }
        }
        assert_eq!(changes(&world, since, 0, 9).len(), 1, "{name}");
        assert_eq!(world.belief(0, 9), Some(Health::Dead));
    }
}
