//! Who is asked for a link, how often, and when no more.

use core::time::Duration;
use std::collections::BTreeSet;
use std::vec::Vec;

use super::desk::{Desk, ME, addr, candidate, link_at, nonce, nonce_of, peer, request, requests, without_marks};
use crate::overlay::{Act, Direction, Gain, Standing};
use crate::vocab::{Instant, LinkEnd};

#[test]
fn a_request_is_repeated_and_then_given_up() {
    let mut desk = Desk::new(&[1]);
    let first = requests(&desk.pass(0));
    assert_eq!(first.len(), 1);
    let answer = 500 + 48;
    assert_eq!(requests(&desk.pass(answer - 1)), []);
    assert_eq!(requests(&desk.pass(1)), first, "half an interval and 1.2 round trips later, with the same nonce");
    assert_eq!(requests(&desk.pass(answer)), first);
    assert_eq!(desk.overlay.counts().timeouts, 0);
    desk.pass(answer);
    let counts = desk.overlay.counts();
    assert_eq!((counts.dials, counts.timeouts, counts.refusals), (1, 1, 0));
}

#[test]
fn a_refusal_is_followed_to_three_others_at_once_and_three_times_in_a_row() {
    let mut desk = Desk::new(&[1]);
    let asked = requests(&desk.pass(0));
    let acts = desk.refuse(1, asked[0].1, &[2, 3, 4, 5, ME]);
    assert_eq!(acts, [Act::Refused { by: peer(1), alternates: 4 }], "this node is not named to itself");
    let mut waves = Vec::from([requests(&desk.pass(50))]);
    assert_eq!(waves[0].len(), 3);
    for wave in 1..3_u32 {
        for (place, &(to, asked)) in waves.last().expect("a wave").clone().iter().enumerate() {
            let from = (2..100).find(|&number| addr(number) == to).expect("a known one");
            let named = 10 * wave + u32::try_from(place).expect("few");
            desk.refuse(from, asked, &[named]);
        }
        waves.push(requests(&desk.pass(50)));
        assert_eq!(waves.last().map(Vec::len), Some(3));
    }
    assert!(desk.overlay.is_urgent(), "refused seven times and without a link");
    for &(to, asked) in waves.last().expect("a wave") {
        let from = (2..100).find(|&number| addr(number) == to).expect("a known one");
        desk.refuse(from, asked, &[40]);
    }
    assert_eq!(requests(&desk.pass(50)), [], "then it waits");
    assert_eq!(desk.overlay.counts().refusals, 10);
}

#[test]
fn an_orphan_whom_nobody_fresh_can_help_asks_somebody_whom_it_knew() {
    let mut desk = Desk::new(&[]);
    desk.told.nodes = 2;
    desk.told.lost = Vec::from([peer(7)]);
    assert_eq!(requests(&desk.pass(0))[0].0, addr(7));
    desk.told.fresh = Vec::from([candidate(8, 0)]);
    let next = core::iter::from_fn(|| Some(requests(&desk.pass(100)))).flatten().find(|(to, _)| *to != addr(7));
    assert_eq!(next.expect("somebody else is asked").0, addr(8), "whoever is fresh comes first");
}

#[test]
fn joins_pause_longer_each_time() {
    let mut desk = Desk::new(&[1]);
    let mut times = Vec::new();
    for _ in 0..9 {
        let asked = loop {
            let asked = requests(&desk.pass(10));
            if !asked.is_empty() {
                break asked;
            }
        };
        times.push(desk.now);
        assert_eq!(asked.len(), 1, "one at a time");
        desk.call(|overlay, scene| overlay.on_duplicate(peer(1).id, asked[0].1, scene));
    }
    let pauses: Vec<u128> = times.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect();
    for (doublings, pause) in pauses.into_iter().enumerate() {
        let least = 500 << doublings.min(5);
        assert!((least..=2 * least + 20).contains(&pause), "pause {doublings} is {pause} ms");
    }
}

#[test]
fn a_node_asks_two_per_tick_until_it_has_enough() {
    let (mut desk, _) = Desk::serving(&[1]);
    desk.told.fresh = (10..40).map(|number| candidate(number, 0)).collect();
    let mut asked = BTreeSet::new();
    for _ in 0..100 {
        desk.see_sentinel(None);
        desk.frame(1, link_at(0));
        let new = requests(&desk.pass(100));
        assert!(new.len() <= 2);
        let numbers = new.into_iter().map(|(to, nonce)| ((10..40).find(|&n| addr(n) == to), nonce.0));
        for (number, nonce) in numbers {
            asked.insert(number);
            desk.accept(number.expect("a known one"), crate::vocab::Nonce(nonce), Gain::default());
        }
        desk.frames();
    }
    assert_eq!((asked.len(), desk.overlay.outgoing().count()), (5, 5), "as many as the cap, and nobody twice");
    assert_eq!(desk.overlay.counts().dials, 5);
}

#[test]
fn of_two_random_nodes_the_one_that_serves_fewer_is_asked() {
    let mut lesser = 0;
    for seed in 0..40 {
        let (mut desk, _) = Desk::serving(&[1]);
        desk.told.fresh = Vec::from([candidate(10, 9), candidate(11, 2)]);
        desk.now = Instant::from_nanos(seed);
        let first = core::iter::from_fn(|| Some(requests(&desk.pass_connected(100)))).find(|asked| !asked.is_empty());
        let first = first.expect("somebody is asked")[0].0;
        assert!([addr(10), addr(11)].contains(&first));
        lesser += usize::from(first == addr(11));
        desk.told.fresh.clear();
    }
    assert_eq!(lesser, 40);
}

#[test]
fn refusals_make_content_until_something_changes() {
    let (mut desk, _) = Desk::serving(&[1, 2, 3]);
    desk.told.fresh = (10..40).map(|number| candidate(number, 0)).collect();
    let refuse_all = |desk: &mut Desk, intervals: u32| {
        let mut refused = 0;
        for _ in 0..10 * intervals {
            desk.frames();
            for (to, asked) in requests(&desk.pass_connected(100)) {
                let from = (10..40).find(|&number| addr(number) == to).expect("a known one");
                desk.refuse(from, asked, &[]);
                refused += 1;
            }
        }
        refused
    };
    assert_eq!(refuse_all(&mut desk, 20), 4);
    assert_eq!(refuse_all(&mut desk, 20), 0, "content");
    desk.told.nodes = 30;
    assert_eq!(refuse_all(&mut desk, 20), 4, "there is somebody new");
    desk.call(|overlay, scene| overlay.on_gone(peer(1).id, scene));
    assert!(refuse_all(&mut desk, 10) > 4, "fewer than three links");
}

#[test]
fn whoever_refused_is_left_alone_and_longer_each_time() {
    let (mut desk, _) = Desk::serving(&[1]);
    desk.told.fresh = Vec::from([candidate(10, 0)]);
    let mut times = Vec::new();
    while times.len() < 6 {
        desk.frames();
        for (_, asked) in requests(&desk.pass_connected(100)) {
            times.push(desk.now);
            desk.refuse(10, asked, &[]);
        }
    }
    let pauses: Vec<u128> = times.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect();
    for (doublings, pause) in pauses.into_iter().enumerate() {
        let least = 1000 << doublings;
        assert!((least..2 * least + 1400).contains(&pause), "pause {doublings} is {pause} ms, ticks included");
    }
}

#[test]
fn an_acceptance_opens_a_link_once() {
    let mut desk = Desk::new(&[1]);
    let asked = requests(&desk.pass(0))[0].1;
    let close = Act::Close { to: addr(1), nonce: nonce_of(1) };
    assert_eq!(desk.accept(1, nonce(9), Gain::default()), [close], "nobody asked that");
    let up = Act::Up { link: link_at(0), peer: peer(1), direction: Direction::Outgoing, round: Duration::ZERO };
    assert_eq!(desk.accept(1, asked, Gain::default()), [up, Act::Confirm { link: link_at(0) }]);
    assert_eq!(
        desk.accept(1, asked, Gain::default()),
        [Act::Confirm { link: link_at(0) }],
        "its confirmation was lost"
    );
    assert_eq!(desk.refuse(1, asked, &[2]), [], "a refusal that comes after it is late");
}

#[test]
fn two_addresses_of_one_node_give_one_link() {
    let mut desk = Desk::new(&[1, 2]);
    let asked = requests(&desk.pass(0))[0];
    // Whoever is asked at that address has asked this node from another one: neither knows that it is the other.
    for (other, redundant) in [(ME + 1, true), (ME - 1, false)] {
        let mut desk = desk.clone();
        desk.serve(other);
        let acts = desk.accept(other, asked.1, Gain::default());
        let down =
            Act::Down { link: link_at(0), peer: peer(other), direction: Direction::Incoming, why: LinkEnd::Redundant };
        assert_eq!(acts.contains(&down), redundant);
        assert_eq!(acts.contains(&Act::Confirm { link: link_at(0) }), redundant);
        assert_eq!(desk.overlay.degree(), 1);
    }
}

#[test]
fn whoever_is_gone_is_neither_linked_nor_asked() {
    let (mut desk, links) = Desk::serving(&[1]);
    let outgoing = desk.link_to(2);
    let down = |link, number, direction| Act::Down { link, peer: peer(number), direction, why: LinkEnd::Gone };
    let acts = desk.call(|overlay, scene| overlay.on_gone(peer(1).id, scene));
    assert_eq!(acts, [down(links[0], 1, Direction::Incoming)]);
    let acts = desk.call(|overlay, scene| overlay.on_gone(peer(2).id, scene));
    let orphaned = Act::Stands(Standing::Orphaned);
    assert_eq!(acts[0], down(outgoing, 2, Direction::Outgoing));
    assert!(!acts.contains(&orphaned));
    assert_eq!(desk.call(|overlay, scene| overlay.on_gone(peer(2).id, scene)), [], "once");
}

#[test]
fn a_node_that_stops_closes_every_link_and_answers_nobody() {
    let (mut desk, links) = Desk::serving(&[1]);
    let outgoing = desk.link_to(2);
    desk.request(request(3));
    let acts = desk.call(|overlay, scene| overlay.stop(scene));
    let close = |number| Act::Close { to: addr(number), nonce: nonce_of(number) };
    let down = |link, number, direction| Act::Down { link, peer: peer(number), direction, why: LinkEnd::Stopped };
    let expected = [
        down(links[0], 1, Direction::Incoming),
        close(1),
        down(outgoing, 2, Direction::Outgoing),
        close(2),
        close(3),
        Act::Stands(Standing::Stopped),
    ];
    assert_eq!(without_marks(acts), expected);
    assert_eq!(desk.overlay.standing(), (Standing::Stopped, desk.now));
    desk.told.fresh = Vec::from([candidate(10, 0)]);
    assert_eq!((desk.request(request(4)), desk.pass(60_000)), (Vec::new(), Vec::new()));
    assert_eq!(desk.overlay.next_deadline(), Instant::NEVER);
}
