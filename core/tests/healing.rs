//! When two islands meet, every node says so once; who crashed or stood still alone is no island.

use crate::harness;

use std::time::Duration;

use harness::{Options, Step, World, addr_of, cases, id_of};
use proptest::prelude::*;
use quidnunc_core::{Command, Config, Event, Healed, Health, Instant};

const SECOND: Duration = Duration::from_secs(1);

fn healings(world: &World, peer: usize) -> Vec<Healed> {
    let healed = |(_, event)| if let Event::PartitionHealed(healed) = event { Some(healed) } else { None };
    world.events(peer).filter_map(healed).collect()
}

fn halves(world: &mut World, apart: Duration) {
    world.peers.iter_mut().step_by(2).for_each(|peer| peer.side = 1);
    world.run(apart);
    world.peers.iter_mut().for_each(|peer| peer.side = 0);
}

proptest! {
    #![proptest_config(cases::one_in(16))]

    #[test]
    fn every_node_reports_a_healing_once(count in 4..9_usize, seed: u64, seconds in 60..200_u64) {
        let config = Config { suspicion_max_mult: 1, ..Config::lan() };
        let mut world = World::met(count, config, seed);
        halves(&mut world, Duration::from_secs(seconds));
        world.run(150 * SECOND);
        for of in 0..count {
            let ours = (0..count).filter(|peer| peer % 2 == of % 2).count();
            let theirs = count - ours;
            let [healed] = healings(&world, of)[..] else {
                return Err(TestCaseError::fail(format!("{}: {:?}", of + 1, healings(&world, of))));
            };
            let numbers = (healed.here as usize, healed.returned as usize, healed.newcomers);
            prop_assert_eq!(numbers, (ours, theirs, 0), "{}", of + 1);
            let is_of_theirs = (0..count).any(|peer| id_of(peer) == healed.sample && peer % 2 != of % 2);
            prop_assert!(is_of_theirs, "{} names {}", of + 1, healed.sample);
            // Who was suspected first was dead after six seconds at the earliest.
            let range = Duration::from_secs(seconds - 40)..Duration::from_secs(seconds + 60);
            prop_assert!(range.contains(&healed.away), "{:?} of {} s", healed.away, seconds);
        }
    }

    #[test]
    fn so_it_does_when_the_islands_had_forgotten_each_other(count in 4..9_usize, seed: u64) {
        let config = Config { tombstone_life: 60 * SECOND, suspicion_max_mult: 1, ..Config::lan() };
        let mut world = World::met(count, config, seed);
        halves(&mut world, 300 * SECOND);
        prop_assert_eq!(world.belief(0, 1), None);
        world.run(240 * SECOND);
        for of in 0..count {
            let theirs = (0..count).filter(|peer| peer % 2 != of % 2).count();
            let [healed] = healings(&world, of)[..] else {
                return Err(TestCaseError::fail(format!("{}: {:?}", of + 1, healings(&world, of))));
            };
            prop_assert_eq!((healed.returned as usize, healed.newcomers), (theirs, 0), "{}", of + 1);
            prop_assert!((240 * SECOND..400 * SECOND).contains(&healed.away), "{:?}", healed.away);
        }
    }
}

#[test]
fn restarts_and_single_pauses_heal_nothing() {
    let config = Config { suspicion_max_mult: 1, ..Config::lan() };
    let mut world = World::met(6, config, 1);
    world.kill(5);
    world.run(30 * SECOND);
    world.restart(5);
    world.command(5, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    world.run(60 * SECOND);
    world.step(&Step::Freeze { peer: 4, millis: 40_000 });
    world.run(39 * SECOND);
    assert_eq!((world.belief(0, 5), world.belief(0, 4)), (Some(Health::Alive), Some(Health::Dead)));
    world.run(60 * SECOND);
    (3..6).for_each(|peer| world.kill(peer));
    world.run(60 * SECOND);
    for peer in 3..6 {
        assert_eq!(world.belief(0, peer), Some(Health::Dead));
        world.restart(peer);
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world.run(60 * SECOND);
    for of in 0..6 {
        assert_eq!(world.node(of).view().live(), 6);
        assert_eq!(healings(&world, of), [], "{}", of + 1);
    }
}

/// For a detector of heartbeats nobody else says that they are dead, and they are back when they are heard.
#[test]
fn whoever_hears_heartbeats_again_reports_it_too() {
    // In one of ten runs somebody is found silent by mistake while half of all are out of reach, and comes back before.
    let mut world = World::met(8, Config::heartbeat(), 3);
    world.run(30 * SECOND);
    halves(&mut world, 40 * SECOND);
    assert_eq!(world.belief(0, 1), Some(Health::Dead));
    world.run(90 * SECOND);
    for of in 0..8 {
        let [healed] = healings(&world, of)[..] else { panic!("{}: {:?}", of + 1, healings(&world, of)) };
        assert_eq!((healed.here, healed.returned, healed.newcomers), (4, 4, 0), "{}", of + 1);
        // The failure time of eight nodes is fifteen seconds, and each is found silent by itself.
        assert!((15 * SECOND..40 * SECOND).contains(&healed.away), "{:?}", healed.away);
    }
}

/// Who began on the other side while the islands were apart is counted apart.
#[test]
fn newcomers_of_the_other_side_are_no_returners() {
    let config = Config { suspicion_max_mult: 1, ..Config::lan() };
    let mut world = World::new(8, config, Options::plain(3, Instant::from_nanos(0)));
    for peer in 1..6 {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world.run(20 * SECOND);
    world.peers.iter_mut().step_by(2).for_each(|peer| peer.side = 1);
    world.run(60 * SECOND);
    world.command(7, Command::Join { seeds: &[addr_of(1)] }).expect("a join is taken");
    world.run(60 * SECOND);
    world.peers.iter_mut().for_each(|peer| peer.side = 0);
    world.run(120 * SECOND);
    for of in [0, 2, 4] {
        let [healed] = healings(&world, of)[..] else { panic!("{}: {:?}", of + 1, healings(&world, of)) };
        assert_eq!((healed.here, healed.returned, healed.newcomers), (3, 3, 1), "{}", of + 1);
    }
}
