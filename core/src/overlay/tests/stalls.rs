//! When is a node cut off, and what does it do?

use core::time::Duration;
use std::vec::Vec;

use super::desk::{Desk, addr, candidate, link_at, nonce_of, peer, request, requests, without_rounds};
use crate::overlay::words::Missed;
use crate::overlay::{Act, Direction, Gain, Standing};
use crate::vocab::{Instant, LinkEnd};

const NEVER: Standing = Standing::SentinelMissing(Missed::Never);
const LATE: Standing = Standing::SentinelMissing(Missed::Late);

/// What is said of stalls among what is to be done.
fn stalls(acts: &[Act]) -> Vec<Act> {
    acts.iter().copied().filter(|act| matches!(act, Act::Stands(_))).collect()
}

/// Lets time pass while something comes over every link.
fn pass(desk: &mut Desk, millis: u64) -> Vec<Act> {
    let mut acts = Vec::new();
    for _ in 0..millis / 100 {
        desk.frames();
        acts.extend(desk.pass(100));
    }
    acts
}

#[test]
fn a_node_joins_is_connected_and_misses_the_sentinel_when_it_stays_away() {
    let mut desk = Desk::new(&[1]);
    assert_eq!(desk.overlay.standing().0, Standing::Joining);
    let asked = requests(&desk.pass(0))[0].1;
    desk.accept(1, asked, Gain::default());
    assert_eq!(desk.overlay.standing().0, Standing::Joining, "it had no time to see the sentinel");
    assert_eq!(stalls(&pass(&mut desk, 3900)), []);
    assert_eq!(stalls(&pass(&mut desk, 1400)), [Act::Stands(NEVER)]);
    desk.see_sentinel(Some(link_at(0)));
    let acts = desk.call(|overlay, scene| overlay.on_outlook(scene));
    assert_eq!(stalls(&acts), [Act::Stands(Standing::Connected)]);
    assert_eq!(desk.overlay.standing(), (Standing::Connected, desk.now));
    assert_eq!(stalls(&pass(&mut desk, 6200)), [], "6 intervals and 6 round trips");
    assert_eq!(stalls(&pass(&mut desk, 1400)), [Act::Stands(LATE)]);
}

#[test]
fn who_was_alone_for_long_has_time_to_see_the_sentinel() {
    let mut desk = Desk::new(&[1]);
    desk.pass(60_000);
    desk.serve(2);
    assert_eq!(desk.overlay.standing().0, Standing::Joining);
    assert_eq!(stalls(&pass(&mut desk, 3900)), []);
    assert_eq!(stalls(&pass(&mut desk, 1400)), [Act::Stands(NEVER)]);
    desk.see_sentinel(None);
    let acts = desk.call(|overlay, scene| overlay.on_outlook(scene));
    assert_eq!(stalls(&acts), [Act::Stands(Standing::Connected)]);
    desk.call(|overlay, scene| overlay.on_gone(peer(2).id, scene));
    desk.pass(60_000);
    desk.serve(3);
    assert_eq!(desk.overlay.standing().0, Standing::Joining, "what it has seen is old, but it may be told at once");
    assert_eq!(stalls(&pass(&mut desk, 3900)), []);
    assert_eq!(stalls(&pass(&mut desk, 1400)), [Act::Stands(LATE)]);
}

#[test]
fn the_last_link_makes_an_orphan_who_joins_again() {
    let mut desk = Desk::new(&[1]);
    let asked = requests(&desk.pass(0))[0].1;
    desk.accept(1, asked, Gain::default());
    desk.see_sentinel(Some(link_at(0)));
    let acts = desk.call(|overlay, scene| overlay.on_gone(peer(1).id, scene));
    let down = Act::Down { link: link_at(0), peer: peer(1), direction: Direction::Outgoing, why: LinkEnd::Gone };
    assert_eq!(acts, [down, Act::Stands(Standing::Orphaned)]);
    let asked = requests(&desk.pass(250));
    assert_eq!(asked.len(), 1, "soon");
    let acts = desk.accept(1, asked[0].1, Gain::default());
    assert_eq!(stalls(&acts), [Act::Stands(Standing::Connected)]);
}

#[test]
fn whoever_knows_nobody_and_was_given_no_address_is_not_cut_off() {
    let mut desk = Desk::new(&[]);
    desk.see_sentinel(None);
    let acts = desk.pass_connected(60_000);
    assert_eq!((requests(&acts), stalls(&acts)), (Vec::new(), Vec::from([Act::Stands(Standing::Connected)])));
    assert_eq!(desk.overlay.standing().0, Standing::Connected);
}

#[test]
fn a_missing_sentinel_is_looked_for_at_given_addresses_and_then_at_strangers() {
    let mut desk = Desk::new(&[30]);
    desk.told.known = (1..10).map(|number| peer(number).id).collect();
    // Somebody refuses once, and names one node that is known here and one that is not.
    let asked = requests(&desk.pass(0))[0].1;
    desk.serve(1);
    desk.refuse(30, asked, &[5, 20]);
    let asked = requests(&desk.pass(50));
    assert_eq!(asked.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [addr(20)], "with a link only a stranger is asked");
    desk.call(|overlay, scene| overlay.on_duplicate(peer(20).id, asked[0].1, scene));
    let mut places = Vec::new();
    for _ in 0..2000 {
        for (to, asked) in requests(&pass(&mut desk, 100)) {
            places.push((to, desk.now));
            let from = if to == addr(30) { 30 } else { 20 };
            desk.call(|overlay, scene| overlay.on_duplicate(peer(from).id, asked, scene));
        }
    }
    let to: Vec<_> = places.iter().map(|(to, _)| *to).collect();
    assert_eq!(to[0], addr(30), "first what was given");
    assert!(to.contains(&addr(20)), "then also strangers");
    assert!(!to.contains(&addr(5)), "but nobody on the same island");
    let last = places.windows(2).last().map(|pair| pair[1].1.since(pair[0].1).as_secs());
    assert!((31..=66).contains(&last.expect("several")), "at last every 32 to 64 intervals: {last:?}");
    assert!(desk.overlay.is_urgent(), "it has never seen the sentinel, and looked for it three times");
}

#[test]
fn a_refused_stall_is_followed_three_times() {
    let mut desk = Desk::new(&[30]);
    let asked = requests(&desk.pass(0))[0].1;
    desk.serve(1);
    desk.call(|overlay, scene| overlay.on_duplicate(peer(30).id, asked, scene));
    let mut asked = Vec::new();
    while asked.is_empty() {
        asked = requests(&pass(&mut desk, 100));
    }
    for number in 31..34 {
        assert_eq!(asked.len(), 1);
        desk.refuse(number - 1, asked[0].1, &[number, number + 10]);
        asked = requests(&desk.pass(50));
        let followed = asked[0].0;
        assert!([addr(number), addr(number + 10)].contains(&followed), "one of those who were named");
        if followed != addr(number) {
            // Go on as if the first one had been drawn.
            desk.call(|overlay, scene| overlay.on_duplicate(peer(number + 10).id, asked[0].1, scene));
            return;
        }
    }
    desk.refuse(33, asked[0].1, &[34]);
    assert_eq!(requests(&desk.pass(50)), []);
}

/// A node with full outgoing links that sees no sentinel, and its request to an address that was given.
fn full_and_stalled() -> (Desk, crate::vocab::Nonce) {
    let mut desk = Desk::new(&[30]);
    desk.told.fresh.clear();
    let asked = requests(&desk.pass(0))[0].1;
    desk.accept(30, asked, Gain::default());
    for number in 1..5 {
        desk.frames();
        desk.link_to(number);
        desk.frames();
    }
    desk.call(|overlay, scene| overlay.on_gone(peer(30).id, scene));
    desk.link_to(5);
    assert_eq!(desk.overlay.outgoing().count(), desk.overlay.caps().outgoing);
    desk.told.sentinel = None;
    loop {
        if let Some(&(to, asked)) = requests(&pass(&mut desk, 100)).first() {
            assert_eq!(to, addr(30));
            return (desk, asked);
        }
    }
}

#[test]
fn a_full_node_gives_a_link_away_only_for_a_newer_sentinel() {
    let (mut desk, asked) = full_and_stalled();
    let none = Gain { newer_sentinel: false, nearer_origins: 9 };
    assert_eq!(desk.accept(30, asked, none), [Act::Close { to: addr(30), nonce: nonce_of(30) }]);
    let (mut desk, asked) = full_and_stalled();
    let links: Vec<_> = desk.overlay.outgoing().map(|(link, _)| link).collect();
    desk.told.fed = links.iter().map(|&link| (link, if link == links[2] { 1 } else { 4 })).collect();
    let victim = desk.overlay.way(links[2]).expect("there is the link").peer;
    let acts = desk.accept(30, asked, Gain { newer_sentinel: true, nearer_origins: 0 });
    let expected = [
        Act::Down { link: links[2], peer: victim, direction: Direction::Outgoing, why: LinkEnd::Swapped },
        Act::Close { to: victim.addr, nonce: nonce_of(number_of(victim.addr)) },
        Act::Up { link: links[2], peer: peer(30), direction: Direction::Outgoing, round: Duration::ZERO },
        Act::Confirm { link: links[2] },
    ];
    assert_eq!(without_rounds(&acts), expected, "closed first, then opened");
    assert_eq!(desk.overlay.counts().swaps, 1);
}

fn number_of(sought: core::net::SocketAddr) -> u32 {
    (0..100).find(|&number| addr(number) == sought).expect("a known one")
}

#[test]
fn while_nobody_else_is_known_a_full_node_still_serves() {
    let (mut desk, _) = full_and_stalled();
    assert!(matches!(desk.request(request(40))[..], [Act::Accept { .. }]));
    desk.told.fresh = Vec::from([candidate(41, 0)]);
    assert_eq!(requests(&desk.pass(100)), [], "and asks nobody to have more");
}

#[test]
fn two_islands_that_each_see_a_sentinel_find_each_other() {
    let mut desk = Desk::new(&[]);
    desk.link_to(1);
    // Somebody lives of whom nothing comes here.
    desk.told.strangers = Vec::from([peer(20)]);
    let mut asked = Vec::new();
    while asked.is_empty() {
        asked = requests(&desk.pass_connected(100));
        assert!(desk.now < Instant::from_nanos(30_000_000_000), "within twice the period of markers");
    }
    assert_eq!(asked[0].0, addr(20));
    desk.accept(20, asked[0].1, Gain::default());
    assert!(desk.overlay.outgoing().any(|(_, linked)| linked == peer(20)));
    // What comes fresh is not looked for.
    desk.told.strangers.clear();
    assert_eq!(requests(&desk.pass_connected(60_000)), []);
}
