//! When is somebody far asked for a link, and which link is given for it?

use core::time::Duration;
use std::vec::Vec;

use super::desk::{Desk, addr, nonce_of, peer, requests, without_rounds};
use crate::overlay::{Act, Direction, Distance, Gain, Limits};
use crate::vocab::{Instant, LINKS_MAX, Link, LinkEnd, Nonce};

/// A node whose outgoing links are full and whose view has not changed for long.
fn full() -> Desk {
    let (mut desk, _) = Desk::serving(&[]);
    desk.told.nodes = 100;
    for number in 1..=5 {
        desk.frames();
        desk.link_to(number);
        desk.frames();
    }
    assert_eq!(desk.overlay.outgoing().count(), desk.overlay.caps().outgoing);
    assert_eq!(pass(&mut desk, 6000), []);
    desk
}

/// Lets time pass while everything comes. Returns the requests, without repetitions, and when they were made.
fn pass(desk: &mut Desk, millis: u64) -> Vec<(u32, Nonce, Instant)> {
    let mut asked: Vec<(u32, Nonce, Instant)> = Vec::new();
    for _ in 0..millis / 100 {
        desk.frames();
        let new = requests(&desk.pass_connected(100));
        let number_of = |sought| (0..100).find(|&number| addr(number) == sought).expect("a known one");
        for (to, nonce) in new {
            if asked.iter().all(|(_, known, _)| *known != nonce) {
                asked.push((number_of(to), nonce, desk.now));
            }
        }
    }
    asked
}

#[test]
fn nobody_far_is_asked_while_the_view_changes() {
    let mut desk = full();
    desk.told.far = Vec::from([peer(20)]);
    for _ in 0..100 {
        desk.told.unchanged_since = desk.now;
        assert_eq!(pass(&mut desk, 500), []);
    }
    assert_eq!(pass(&mut desk, 6300).len(), 1, "5 intervals of rest, and a tick");
}

#[test]
fn a_link_is_given_away_only_for_one_that_brings_somebody_nearer() {
    let mut desk = full();
    desk.told.far = Vec::from([peer(20)]);
    let (_, asked, _) = pass(&mut desk, 1300)[0];
    let close = Act::Close { to: addr(20), nonce: nonce_of(20) };
    assert_eq!(desk.accept(20, asked, Gain { newer_sentinel: true, nearer_origins: 0 }), [close]);
    assert_eq!((desk.overlay.outgoing().count(), desk.overlay.counts().swaps), (5, 0));
}

#[test]
fn the_parent_of_fewest_goes_but_never_the_bringer_of_the_sentinel() {
    let mut desk = full();
    let links: Vec<Link> = desk.overlay.outgoing().map(|(link, _)| link).collect();
    desk.told.fed = links.iter().copied().zip([1, 40, 3, 7, 3]).collect();
    desk.see_sentinel(Some(links[0]));
    desk.told.far = Vec::from([peer(20)]);
    let (_, asked, _) = pass(&mut desk, 1300)[0];
    desk.told.fed = links.iter().copied().zip([1, 40, 3, 7, 3]).collect();
    let acts = desk.accept(20, asked, Gain { newer_sentinel: false, nearer_origins: 1 });
    let victim = peer(3);
    let down = Act::Down { link: links[2], peer: victim, direction: Direction::Outgoing, why: LinkEnd::Swapped };
    assert_eq!(acts[0], down);
    assert_eq!(
        without_rounds(&acts)[2],
        Act::Up { link: links[2], peer: peer(20), direction: Direction::Outgoing, round: Duration::ZERO }
    );
}

#[test]
fn a_node_with_room_asks_somebody_far_for_one_more() {
    let (mut desk, _) = Desk::serving(&[1]);
    desk.told.nodes = 100;
    desk.told.far = Vec::from([peer(20)]);
    let (_, asked, _) = pass(&mut desk, 6300)[0];
    assert_eq!(desk.accept(20, asked, Gain::default()).len(), 2, "it brings nobody nearer, and takes nobody's place");
    assert_eq!(desk.overlay.degree(), 2);
}

#[test]
fn pauses_grow_while_nothing_gets_better() {
    let mut desk = full();
    desk.told.far = (20..30).map(peer).collect();
    let mut times = Vec::new();
    while times.len() < 5 {
        for (number, asked, at) in pass(&mut desk, 100) {
            times.push(at);
            desk.call(|overlay, scene| overlay.on_duplicate(peer(number).id, asked, scene));
        }
    }
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1].since(pair[0]).as_secs()).collect();
    for (doublings, pause) in pauses.into_iter().enumerate() {
        let least = 10 << doublings;
        assert!((least..=2 * least + 2).contains(&pause), "pause {doublings} is {pause} s");
    }
    desk.told.far.truncate(5);
    let from = desk.now;
    let asked = core::iter::from_fn(|| Some(pass(&mut desk, 100))).find(|asked| !asked.is_empty());
    let (number, nonce, better) = asked.expect("somebody is asked")[0];
    assert!(better.since(from).as_secs() <= 322);
    desk.call(|overlay, scene| overlay.on_duplicate(peer(number).id, nonce, scene));
    let next = core::iter::from_fn(|| Some(pass(&mut desk, 100))).find(|asked| !asked.is_empty());
    let pause = next.expect("somebody is asked")[0].2.since(better).as_secs();
    assert!((10..=22).contains(&pause), "fewer are far: {pause} s");
}

#[test]
fn an_origin_is_far_after_six_stamps_in_a_row() {
    let mut distance = Distance::default();
    for hops in [6, 6, 6, 6, 6, 5, 6, 6, 6, 6, 6] {
        distance.on_newer_stamp(hops, 5);
        assert!(!distance.is_far());
    }
    distance.on_newer_stamp(6, 5);
    assert!(distance.is_far());
    distance.on_newer_stamp(5, 5);
    assert!(!distance.is_far(), "and no more after one that is not");
}

#[test]
fn what_is_far_depends_on_the_number_of_nodes() {
    let table = [(0, 1), (1, 1), (2, 3), (10, 3), (11, 5), (100, 5), (101, 7), (1000, 7), (1001, 9), (10_000, 9)];
    for (nodes, hops) in table {
        assert_eq!(Limits::hops_max(nodes), hops, "{nodes} nodes");
    }
}

#[test]
fn caps_are_cube_roots_and_never_shrink() {
    let limits = Limits::new(Duration::from_secs(1));
    let strict = Limits { outgoing_min: 3, ..limits };
    let table = [(0, 5, 3), (27, 5, 3), (28, 5, 4), (125, 5, 5), (126, 6, 6), (1000, 10, 10), (u32::MAX, 10, 10)];
    for (nodes, outgoing, of_strict) in table {
        let caps = limits.caps(nodes);
        assert_eq!((caps.outgoing, caps.incoming), (outgoing, 2 * outgoing), "{nodes} nodes");
        assert_eq!(strict.caps(nodes).outgoing, of_strict, "{nodes} nodes");
    }
    let largest = Limits { outgoing_max: u8::MAX, incoming_mult: u8::MAX, ..limits }.caps(u32::MAX);
    assert_eq!(largest.outgoing + largest.incoming, LINKS_MAX, "as many as there are places");
    let mut desk = full();
    desk.told.nodes = 1000;
    desk.call(|overlay, scene| overlay.on_outlook(scene));
    desk.told.nodes = 3;
    desk.call(|overlay, scene| overlay.on_outlook(scene));
    assert_eq!((desk.overlay.caps().outgoing, desk.overlay.hops_max()), (10, 7));
}

#[test]
fn markers_are_stamped_before_they_are_stale() {
    let mut desk = full();
    let limits = *desk.overlay.limits();
    assert_eq!((limits.marker_fresh().as_millis(), limits.marker_life().as_secs()), (14_500, 30));
    let mut times = Vec::new();
    for _ in 0..3000 {
        desk.frames();
        let marks = desk.pass_connected(100).iter().filter(|act| **act == Act::Mark).count();
        times.extend((0..marks).map(|_| desk.now));
    }
    assert!(times.len() >= 23);
    for pair in times.windows(2) {
        let pause = pair[1].since(pair[0]);
        assert!(pause <= limits.marker_fresh() && pause.as_secs() >= 7, "{pause:?}");
    }
}
