//! Signs of life over idle links, and the end of those over which nothing comes.

use std::vec::Vec;

use core::time::Duration;

use super::desk::{Desk, RTT, addr, nonce, nonce_of, peer, speaker, without_marks};
use crate::overlay::{Act, Direction, Standing};
use crate::vocab::{LinkEnd, Rng};

#[test]
fn an_idle_link_carries_a_sign_of_life_per_interval() {
    let (mut desk, links) = Desk::serving(&[1]);
    let mut sent = 0;
    for _ in 0..1000 {
        desk.frame(1, links[0]);
        let acts = without_marks(desk.pass_connected(100));
        sent += acts.iter().filter(|act| **act == Act::KeepAlive { link: links[0], asks: false }).count();
        assert_eq!(acts.iter().filter(|act| matches!(act, Act::KeepAlive { asks: true, .. })).count(), 0);
    }
    assert!((80..=134).contains(&sent), "{sent} in 100 intervals");
    for _ in 0..100 {
        desk.frame(1, links[0]);
        let now = desk.now;
        desk.overlay.on_sent(links[0], now);
        assert_eq!(without_marks(desk.pass_connected(500)), [], "a busy link needs none");
    }
}

#[test]
fn after_a_silence_the_other_side_is_asked_and_then_given_up() {
    let (mut desk, links) = Desk::serving(&[1]);
    let asks = Act::KeepAlive { link: links[0], asks: true };
    let start = desk.now;
    let acts = desk.pass_connected(2000);
    assert!(!acts.contains(&asks));
    let acts = desk.pass_connected(2000);
    let asked = acts.iter().filter(|act| **act == asks).count();
    assert_eq!(asked, 8, "four times per interval");
    desk.frame(1, links[0]);
    assert_eq!(desk.overlay.degree(), 1);
    let heard = desk.now;
    let mut acts = desk.pass_connected(4000);
    assert!(!acts.iter().any(|act| matches!(act, Act::Down { .. })));
    acts.extend(desk.pass_connected(100));
    let down = Act::Down { link: links[0], peer: peer(1), direction: Direction::Incoming, why: LinkEnd::Silent };
    let place = acts.iter().position(|act| *act == down).expect("the lease is over");
    assert_eq!(acts[place + 1], Act::Close { to: addr(1), nonce: nonce_of(1) });
    assert!(desk.now.since(heard) > desk.overlay.limits().lease_length(Duration::from_millis(RTT)));
    assert!(heard > start);
}

#[test]
fn a_link_outlives_the_loss_of_every_fifth_datagram() {
    let (mut desk, links) = Desk::serving(&[1]);
    let mut rng = Rng::new(7, peer(1).id, 1);
    let mut passes = || rng.below(5) > 0;
    for tenth in 0..20_000 {
        let acts = desk.pass_connected(100);
        assert!(!acts.iter().any(|act| matches!(act, Act::Down { .. })), "ended after {tenth} tenths");
        let asked = acts.iter().filter(|act| **act == Act::KeepAlive { link: links[0], asks: true });
        let answered = asked.filter(|_| passes() && passes()).count();
        if answered > 0 || (tenth % 10 == 0 && passes()) {
            desk.frame(1, links[0]);
        }
    }
}

#[test]
fn whoever_is_asked_answers() {
    let (mut desk, links) = Desk::serving(&[1]);
    let own = desk.overlay.way(links[0]).expect("there is the link").own;
    for (asks, answer) in [(false, Vec::new()), (true, Vec::from([Act::KeepAlive { link: links[0], asks: false }]))] {
        let acts = desk.call(|overlay, scene| {
            assert_eq!(overlay.on_keep_alive(&speaker(1, 2), own, asks, scene), Some(links[0]));
        });
        assert_eq!(acts, answer);
    }
}

#[test]
fn a_link_that_one_side_has_lost_ends_on_the_other() {
    let (mut desk, links) = Desk::serving(&[1]);
    let acts = desk.call(|overlay, scene| {
        assert_eq!(overlay.on_frame(peer(1), nonce(77), scene), None, "not the name of the link");
        assert_eq!(overlay.on_frame(peer(2), nonce(77), scene), None, "nor that of any");
    });
    let close = |number| Act::Close { to: addr(number), nonce: nonce(77) };
    assert_eq!(acts, [close(1), close(2)]);
    let own = desk.overlay.way(links[0]).expect("there is the link").own;
    for (from, named) in [(1, nonce(77)), (2, own)] {
        let acts = desk.call(|overlay, scene| overlay.on_close(peer(from).id, named, scene));
        assert_eq!(acts, [], "somebody else's link");
    }
    // The other side says the name by which this side calls the link in its frames, or its own.
    for named in [own, nonce_of(1)] {
        let mut desk = desk.clone();
        let acts = desk.call(|overlay, scene| overlay.on_close(peer(1).id, named, scene));
        let down = Act::Down { link: links[0], peer: peer(1), direction: Direction::Incoming, why: LinkEnd::ByPeer };
        assert_eq!(acts[0], down);
        assert_eq!(desk.overlay.standing().0, Standing::Connected, "it is alone, and was given no address");
    }
}

#[test]
fn a_request_that_the_other_side_closes_is_over() {
    let mut desk = Desk::new(&[1]);
    let asked = super::desk::requests(&desk.pass(0))[0].1;
    desk.call(|overlay, scene| overlay.on_close(peer(1).id, asked, scene));
    assert_eq!(
        desk.accept(1, asked, crate::overlay::Gain::default()),
        [Act::Close { to: addr(1), nonce: nonce_of(1) }]
    );
}
