//! Whoever has gone is remembered for so long, everywhere alike, and found again all the same.

use crate::harness;

use std::time::Duration;

use harness::{Line, Options, Out, Step, World, addr_of, cases, id_of};
use proptest::prelude::*;
use quidnunc_core::{Command, Config, Event, Health, Input, Instant, Purpose};

const SECOND: Duration = Duration::from_secs(1);

/// Members that forget after a minute.
fn forgetful(count: usize, seed: u64) -> World {
    let config = Config { tombstone_life: 60 * SECOND, suspicion_max_mult: 1, ..Config::lan() };
    let mut world = World::new(count, config, Options::plain(seed, Instant::from_nanos(0)));
    world.meet();
    world
}

/// When a peer forgot another one, to a tenth of a second.
fn forgotten_at(world: &mut World, of: usize, about: usize) -> Duration {
    let patience = world.now + 120 * SECOND;
    while world.belief(of, about).is_some() {
        assert!(world.now < patience, "whoever has gone is forgotten");
        world.run(SECOND / 10);
    }
    world.now
}

proptest! {
    #![proptest_config(cases::one_in(8))]

    #[test]
    fn islands_that_have_forgotten_each_other_find_together(count in 2..7_usize, seed: u64, seconds in 150..600_u64) {
        let mut world = forgetful(count, seed);
        world.peers.iter_mut().step_by(2).for_each(|peer| peer.side = 1);
        world.run(Duration::from_secs(seconds));
        for of in 0..count {
            for about in (0..count).filter(|about| about % 2 != of % 2) {
                prop_assert_eq!(world.belief(of, about), None, "{} has forgotten {}", of + 1, about + 1);
            }
        }
        world.peers.iter_mut().for_each(|peer| peer.side = 0);
        world.run(180 * SECOND);
        for of in 0..count {
            for about in 0..count {
                prop_assert_eq!(world.belief(of, about), Some(Health::Alive), "{} of {}", of + 1, about + 1);
            }
            prop_assert_eq!(world.node(of).view().fingerprint(), world.node(0).view().fingerprint());
        }
    }

    #[test]
    fn everybody_forgets_at_the_same_age(seed: u64, leaves: bool) {
        let mut world = forgetful(4, seed);
        if leaves {
            world.command(3, Command::Leave).expect("a member may leave");
            world.run(SECOND);
        }
        world.kill(3);
        world.run(20 * SECOND);
        let gone = if leaves { Health::Left } else { Health::Dead };
        prop_assert!((0..3).all(|of| world.belief(of, 3) == Some(gone)), "everybody knows");
        let ages: Vec<u32> = (0..3).map(|of| world.node(of).view().member(id_of(3)).expect("known").age_ms).collect();
        let spread = ages.iter().max().expect("three") - ages.iter().min().expect("three");
        prop_assert!(spread < 1000, "ages differ by what the news took and the last looks at the clock: {ages:?}");
        let first = forgotten_at(&mut world, 0, 3);
        prop_assert!((1..3).all(|of| forgotten_at(&mut world, of, 3) <= first + SECOND), "within a second of each other");
        prop_assert!((0..3).all(|of| world.node(of).view().stats().forgotten == 1), "once");
    }
}

#[test]
fn what_is_replayed_to_a_newcomer_brings_nobody_back() {
    let mut world = World::new(4, Config::lan(), Options::plain(1, Instant::from_nanos(0)));
    world.meet();
    world.run(2 * SECOND);
    // The news that the last peer lives: not the newcomer's, who has never heard of it, but an old one.
    let alive = world.log.iter().find_map(|line| match &line.out {
        Out::Packet { to, purpose: Purpose::Gossip, bytes } if line.peer == 3 && *to == addr_of(0) => {
            Some(bytes.clone())
        }
        Out::Packet { .. } | Out::Event(_) => None,
    });
    let alive = alive.expect("the last peer has told of itself");
    world.kill(3);
    world.run(20 * SECOND);
    world.kill(2);
    world.restart(2);
    world.command(2, Command::Join { seeds: &[addr_of(0)] }).expect("a new node may join");
    world.run(20 * SECOND);
    assert_eq!(world.belief(2, 3), None, "nothing need be known of the dead to agree on the living");
    world.feed(2, Input::Datagram { from: addr_of(3), bytes: &alive }).expect("it was valid once");
    assert_eq!(world.belief(2, 3), Some(Health::Alive), "the newcomer cannot know better");
    let from = world.log.len();
    world.run(30 * SECOND);
    assert_eq!(world.belief(2, 3), Some(Health::Dead), "those who remember have told it");
    let back = |line: &Line| matches!(line.out, Out::Event(Event::Member(ref change)) if change.id == id_of(3) && change.health == Health::Alive);
    assert!(!world.log[from..].iter().any(back), "and nobody else believed it");
}

#[test]
fn a_process_that_stood_still_forgets_like_the_others_and_goes_on() {
    for frozen_millis in [30_000, 60_000] {
        let mut world = forgetful(4, 1);
        world.kill(3);
        world.run(20 * SECOND);
        world.step(&Step::Freeze { peer: 1, millis: frozen_millis });
        let first = forgotten_at(&mut world, 0, 3);
        let second = forgotten_at(&mut world, 1, 3);
        assert!(second <= first + 20 * SECOND, "{second:?} and {first:?}: as soon as it goes on, not as much later");
        // News of a death, when another one is overdue to be forgotten, is no second freeze.
        world.kill(2);
        world.run(20 * SECOND);
        assert_eq!(world.belief(1, 2), Some(Health::Dead));
        assert_eq!(world.node(1).view().stats().freezes, 1);
    }
}

#[test]
fn a_goodbye_without_rumours_is_found_out_by_repair() {
    let config = Config { retransmit_mult: 0, ..Config::lan() };
    let mut world = World::new(4, config, Options::plain(1, Instant::from_nanos(0)));
    world.meet();
    world.command(3, Command::Leave).expect("a member may leave");
    world.run(20 * SECOND);
    assert!(world.node(3).view().has_left());
    assert!((0..3).all(|of| world.belief(of, 3) == Some(Health::Left)), "nobody takes it for dead");
}

#[test]
fn a_node_that_has_left_does_not_forget_itself() {
    let mut world = forgetful(2, 1);
    world.command(1, Command::Leave).expect("a member may leave");
    world.run(200 * SECOND);
    assert_eq!((world.belief(1, 1), world.belief(0, 1)), (Some(Health::Left), None));
}
