//! What becomes of a small island where each watches the few behind it in a ring? It gets past all that it lost.

use crate::harness;

use std::time::Duration;

use harness::{World, id_of};
use quidnunc_core::{Config, Detector, Health};

const SECOND: Duration = Duration::from_secs(1);

/// So many nodes of which each watches so many.
fn met(count: usize, successors: u32, seed: u64) -> World {
    let Detector::Ring { accrual, interval, .. } = Config::phi_ring().detector else { panic!("it is a ring") };
    let config = Config { detector: Detector::Ring { accrual, successors, interval }, ..Config::phi_ring() };
    let mut world = World::met(count, config, seed);
    world.run(30 * SECOND);
    world
}

/// Cuts these off for so long. Returns how many others each of them holds dead then.
fn dead_to(world: &mut World, island: &[usize], wait: Duration) -> Vec<usize> {
    island.iter().for_each(|&peer| world.peers[peer].side = 1);
    world.run(wait);
    let dead_to =
        |of: usize| (0..world.peers.len()).filter(|&about| world.belief(of, about) == Some(Health::Dead)).count();
    island.iter().map(|&of| dead_to(of)).collect()
}

/// Whether one of them watches the other or not.
#[test]
fn two_of_twelve_convict_all_others() {
    for mate in 1..12 {
        let mut world = met(12, 4, 1);
        assert_eq!(dead_to(&mut world, &[0, mate], 200 * SECOND), [10, 10], "0 and {mate}");
        let [own, other] = [(0, mate), (mate, 0)].map(|(of, about)| world.belief(of, about));
        assert_eq!((own, other), (Some(Health::Alive), Some(Health::Alive)));
        [0, mate].iter().for_each(|&peer| world.peers[peer].side = 0);
        world.run(120 * SECOND);
        for of in 0..12 {
            assert!((0..12).all(|about| world.belief(of, about) == Some(Health::Alive)), "to {of} of {mate}'s side");
        }
    }
}

/// Three among whom nobody watches another one, and hardly any random helper is one of them.
#[test]
fn three_of_thirty_convict_all_others() {
    let mut world = met(30, 2, 2);
    let watches = |of: usize, about: usize| world.node(of).view().phi(id_of(about)).is_some();
    let apart = |a: usize, b: usize| a != b && !watches(a, b) && !watches(b, a);
    let mate = (1..30).find(|&mate| apart(0, mate)).expect("it watches two");
    let third = (1..30).find(|&third| apart(0, third) && apart(mate, third)).expect("there are thirty");
    assert_eq!(dead_to(&mut world, &[0, mate, third], 600 * SECOND), [27, 27, 27]);
}

/// Nobody tells a node that is alone from one that is cut off.
#[test]
fn whoever_is_alone_accuses_no_more_than_it_watches() {
    let mut world = met(12, 4, 3);
    assert_eq!(dead_to(&mut world, &[0], 300 * SECOND), [0]);
    let view = world.node(0).view();
    let suspects = (1..12).filter(|&about| view.health(id_of(about)) == Some(Health::Suspect)).count();
    assert_eq!((suspects, view.live()), (4, 12));
}
