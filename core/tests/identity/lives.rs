//! One node, several lives: does everybody know the latest one, at its address, and does the node say what happened?

use quidnunc_core::{Cause, Health, Incarnation};

use super::harness::{Peer, addr_of, id_of};
use super::*;

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
            assert_eq!(last.moved_from, Some(addr_of(SAME)), "{} says from where", of + 1);
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
