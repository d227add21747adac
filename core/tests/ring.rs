//! A ring of phi detectors, between real nodes: who is watched, accused and convicted, by whom, and who is told.

use crate::harness;

use std::time::Duration;

use harness::{Out, World, addr_of, id_of};
use quidnunc_core::accrual::Settings;
use quidnunc_core::{Command, Config, Detector, Event, Health, Input, MemberChange, Purpose, Reason};

const SECOND: Duration = Duration::from_secs(1);

/// Twelve nodes of which each watches four.
fn config() -> Config {
    let Detector::Ring { accrual, interval, .. } = Config::phi_ring().detector else { panic!("it is a ring") };
    Config { detector: Detector::Ring { accrual, successors: 4, interval }, ..Config::phi_ring() }
}

fn met(count: usize, seed: u64) -> World {
    let mut world = World::met(count, config(), seed);
    world.run(30 * SECOND);
    world
}

/// What the peers reported about one member since the log had this length: who, what, why.
fn reports(world: &World, since: usize, about: usize) -> Vec<(usize, Health, Reason)> {
    let mut reports = Vec::new();
    for line in &world.log[since..] {
        if let Out::Event(Event::Member(MemberChange { id, health, reason, .. })) = &line.out
            && *id == id_of(about)
        {
            reports.push((line.peer, *health, *reason));
        }
    }
    reports
}

/// Whom a peer watches.
fn watched(world: &World, of: usize) -> Vec<usize> {
    (0..world.peers.len()).filter(|&about| world.node(of).view().phi(id_of(about)).is_some()).collect()
}

#[test]
fn each_watches_as_many_as_are_set_and_contacts_them_once_per_interval() {
    let mut world = met(12, 1);
    for of in 0..12 {
        let watched = watched(&world, of);
        assert!(watched.len() == 4 && !watched.contains(&of), "{of} watches {watched:?}");
    }
    let watched_by = |about: usize| (0..12).filter(|&of| watched(&world, of).contains(&about)).count();
    assert!((0..12).all(|about| watched_by(about) == 4), "each is watched by as many");
    let since = world.log.len();
    world.run(60 * SECOND);
    for of in 0..12 {
        let sent = |what, to: usize| {
            let is_sent = |out: &Out| matches!(out, Out::Packet { purpose, to: at, .. } if *purpose == what && *at == addr_of(to));
            world.log[since..].iter().filter(|line| line.peer == of && is_sent(&line.out)).count()
        };
        for to in 0..12 {
            let expected = if watched(&world, of).contains(&to) { 60 } else { 0 };
            assert_eq!(sent(Purpose::Probe, to), expected, "{of} to {to}");
        }
    }
}

#[test]
fn whoever_stops_is_accused_by_those_who_watch_it_and_dead_for_all() {
    let mut world = met(12, 2);
    let watchers: Vec<_> = (0..11).filter(|&of| watched(&world, of).contains(&11)).collect();
    let since = world.log.len();
    world.kill(11);
    world.run(4 * SECOND);
    let accused = reports(&world, since, 11);
    let own = accused.iter().filter(|(_, health, reason)| (*health, *reason) == (Health::Suspect, Reason::Silence));
    assert!(own.clone().count() > 0 && own.clone().all(|(of, ..)| watchers.contains(of)), "{accused:?}");
    let accusers = |of: usize| world.node(of).view().suspicion(id_of(11)).expect("it is suspected").accusers;
    assert!((0..11).all(|of| accusers(of) >= 3), "as many confirm as a suspicion wants");
    world.run(10 * SECOND);
    for of in 0..11 {
        assert_eq!((world.belief(of, 11), world.node(of).view().live()), (Some(Health::Dead), 11));
        assert_eq!(world.node(of).view().fingerprint(), world.node(0).view().fingerprint(), "a verdict is told");
        assert!((0..11).all(|about| reports(&world, since, about).is_empty()), "nobody else is accused");
        assert_eq!(
            (watched(&world, of).len(), world.node(of).view().phi(id_of(11))),
            (4, None),
            "the next one is watched"
        );
    }
    world.restart(11);
    world.command(11, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world.run(20 * SECOND);
    assert!((0..11).all(|of| world.belief(of, 11) == Some(Health::Alive)));
    let again: Vec<_> = (0..11).filter(|&of| watched(&world, of).contains(&11)).collect();
    assert_eq!(again, watchers, "its place in the ring is that of its identity");
}

#[test]
fn phi_grows_with_a_silence_and_is_reached_when_it_says() {
    let mut world = met(12, 3);
    let of = (0..11).find(|&of| watched(&world, of).contains(&11)).expect("it is watched");
    let view = |world: &World| world.node(of).view().phi(id_of(11)).expect("it is watched");
    assert!(view(&world) < 1.0);
    let reached = |threshold| world.node(of).view().phi_reaches(id_of(11), threshold).expect("some time");
    let (early, late) = (reached(1.0), reached(8.0));
    assert!(early < late && world.node(of).view().phi_reaches(id_of(11), f64::NAN).is_none());
    world.kill(11);
    world.run(5 * SECOND);
    assert!(view(&world) > 8.0 && world.node(of).view().failure_time().is_none());
}

#[test]
fn a_frozen_process_accuses_nobody_when_it_wakes() {
    let mut world = met(12, 4);
    let since = world.log.len();
    world.peers[0].frozen_until = world.now + 60 * SECOND;
    world.run(90 * SECOND);
    for about in 1..12 {
        assert!(reports(&world, since, about).is_empty(), "{:?}", reports(&world, since, about));
        assert_eq!((world.belief(0, about), world.belief(about, 0)), (Some(Health::Alive), Some(Health::Alive)));
    }
}

#[test]
fn a_short_pause_is_contradicted() {
    let mut world = met(12, 5);
    let since = world.log.len();
    world.peers[0].frozen_until = world.now + 6 * SECOND;
    world.run(30 * SECOND);
    let said = reports(&world, since, 0);
    assert!(said.iter().any(|(_, health, _)| *health == Health::Suspect), "{said:?}");
    assert!(said.iter().all(|(_, health, _)| *health != Health::Dead), "{said:?}");
    assert!((1..12).all(|of| world.belief(of, 0) == Some(Health::Alive)));
}

/// Whoever is cut off finds all those silent whom it watches, and convicts none of them; nor do they die of it when it
/// is back.
#[test]
fn whoever_is_cut_off_convicts_nobody_alone() {
    let mut world = met(12, 6);
    let since = world.log.len();
    world.peers[0].side = 1;
    world.run(120 * SECOND);
    assert!((1..12).all(|of| world.belief(of, 0) == Some(Health::Dead)));
    let view = world.node(0).view();
    assert!((1..12).all(|about| world.belief(0, about) != Some(Health::Dead)), "{}", view.live());
    assert!(view.stats().convictions_put_off > 0 && view.local_health() > 0);
    world.peers[0].side = 0;
    world.run(60 * SECOND);
    for about in 1..12 {
        let dead = reports(&world, since, about).into_iter().find(|(_, health, _)| *health == Health::Dead);
        assert_eq!(dead, None, "about {about}");
        assert_eq!((world.belief(0, about), world.belief(about, 0)), (Some(Health::Alive), Some(Health::Alive)));
    }
}

/// What is lost makes a member less regular, so that its silences must be longer.
#[test]
fn loss_makes_the_detector_patient_and_kills_nobody() {
    let regular = met(12, 7);
    let mut world = met(12, 7);
    world.loss_percent = 15;
    let since = world.log.len();
    world.run(300 * SECOND);
    for about in 0..12 {
        assert!(reports(&world, since, about).iter().all(|(_, health, _)| *health != Health::Dead), "about {about}");
    }
    let of = (0..11).find(|&of| watched(&world, of).contains(&11)).expect("it is watched");
    let patience = |world: &World| {
        let view = world.node(of).view();
        let [low, high] = [1.0, 8.0].map(|phi| view.phi_reaches(id_of(11), phi).expect("it is watched"));
        high.since(low)
    };
    assert!(patience(&world) > 2 * patience(&regular), "{:?}", patience(&world));
}

/// Datagrams of the dead that come again and again are echoes.
#[test]
fn an_echo_keeps_nobody_alive() {
    let mut world = met(12, 8);
    let of = (0..11).find(|&of| watched(&world, of).contains(&11)).expect("it is watched");
    world.kill(11);
    let heard: Vec<_> = world.peers[of].heard.iter().filter(|(from, _)| *from == addr_of(11)).cloned().collect();
    assert!(!heard.is_empty(), "there is something to repeat");
    for second in 1..=15 {
        world.run(SECOND);
        for (from, bytes) in &heard {
            world.feed(of, Input::Datagram { from: *from, bytes }).expect("it is valid");
        }
        if second == 4 {
            assert!(world.node(of).view().phi(id_of(11)).expect("it is suspected") > 8.0);
        }
    }
    assert!((0..11).all(|of| world.belief(of, 11) == Some(Health::Dead)));
}

#[test]
fn whoever_leaves_contacts_nobody() {
    let mut world = met(12, 9);
    world.command(11, Command::Leave).expect("taken");
    world.run(10 * SECOND);
    assert!(world.node(11).view().has_left());
    let since = world.log.len();
    world.run(30 * SECOND);
    let sent = world.log[since..].iter().filter(|line| line.peer == 11);
    assert_eq!(sent.filter(|line| matches!(line.out, Out::Packet { .. })).count(), 0);
    assert!((0..11).all(|of| world.belief(of, 11) == Some(Health::Left)));
}

#[test]
fn what_cannot_work_is_refused() {
    let Detector::Ring { accrual, successors, interval } = Config::phi_ring().detector else { panic!("it is a ring") };
    let refused = |detector| Config { detector, ..Config::phi_ring() }.validate().map_err(|why| why.to_string());
    for (wrong, why) in [
        (Detector::Ring { accrual, successors: 0, interval }, "ring.successors 0 is not between 1 and 64"),
        (Detector::Ring { accrual, successors: 65, interval }, "ring.successors 65 is not between 1 and 64"),
        (
            Detector::Ring { accrual, successors, interval: Duration::ZERO },
            "ring.interval 0ns is not between 1ms and 86400s",
        ),
        (
            Detector::Ring { accrual, successors, interval: 61 * SECOND },
            "ring.interval 61s is not between 18ms and 60s",
        ),
        (
            Detector::Ring { accrual: Settings { threshold: 0.0, ..accrual }, successors, interval },
            "detector: threshold is 0, which is not above 0 and at most 1000",
        ),
        (
            Detector::Ring {
                accrual: Settings { interval_min: Duration::from_millis(1001), ..accrual },
                successors,
                interval,
            },
            "ring.interval 1s is not between 1.001s and 60s",
        ),
        // Nobody remembers so many questions that an answer could be waited for as long as a node in bad health does.
        (
            Detector::Ring { accrual, successors, interval: Duration::from_millis(17) },
            "ring.interval 17ms is not between 18ms and 60s",
        ),
    ] {
        assert_eq!(refused(wrong), Err(String::from(why)));
    }
    assert_eq!(refused(Detector::Ring { accrual, successors: 64, interval: 60 * SECOND }), Ok(()));
}
