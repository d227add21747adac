//! Who is given a link, and what becomes of a promised one.

use std::vec::Vec;

use super::desk::{Desk, ME, addr, candidate, link_at, nonce, nonce_of, peer, request, requests, speaker};
use crate::overlay::{Act, Direction, Request};
use crate::vocab::{LinkEnd, Links};

#[test]
fn a_repeated_request_gets_the_same_answer() {
    let mut desk = Desk::new(&[]);
    let accept = [Act::Accept { link: link_at(0) }];
    assert_eq!(desk.request(request(1)), accept);
    let way = desk.overlay.way(link_at(0));
    assert_eq!(desk.request(request(1)), accept);
    assert_eq!(desk.overlay.way(link_at(0)), way, "the same link by the same name");
    let another = Request { nonce: nonce(9), ..request(1) };
    assert_eq!(desk.request(another), [Act::Duplicate { to: addr(1), nonce: nonce(9) }]);
    desk.frame(1, link_at(0));
    assert_eq!(desk.request(request(1)), accept, "even when the link is open");
}

#[test]
fn a_promised_link_opens_with_the_first_frame_or_is_taken_back() {
    let mut desk = Desk::new(&[]);
    desk.request(request(1));
    desk.request(request(2));
    assert_eq!((desk.overlay.open(), desk.overlay.incoming().count()), (Links::NONE, 0));
    desk.serve(3);
    desk.frame(1, link_at(0));
    assert_eq!(desk.overlay.open(), Links::NONE.with(link_at(0)).with(link_at(2)));
    desk.pass(2000);
    desk.frames();
    let acts = desk.pass(2099);
    assert!(!acts.contains(&Act::Close { to: addr(2), nonce: nonce_of(2) }));
    let acts = desk.pass(1);
    assert!(acts.contains(&Act::Close { to: addr(2), nonce: nonce_of(2) }), "4 intervals and 2.5 round trips");
    assert!(desk.overlay.way(link_at(1)).is_none(), "and its place is free");
    assert_eq!(desk.request(request(4)), [Act::Accept { link: link_at(1) }]);
}

#[test]
fn of_two_that_ask_each_other_the_lower_identity_is_given_the_link() {
    for (other, answer) in [(ME - 1, Act::Accept { link: link_at(0) }), (ME + 1, duplicate(ME + 1))] {
        let mut desk = Desk::new(&[other]);
        let asked = requests(&desk.pass(0));
        assert_eq!(asked.len(), 1);
        assert_eq!(desk.request(request(other)), [answer], "it asked {other}");
        // The request that was given up is over: an answer to it finds nothing.
        let lives = other > ME;
        let acts = desk.accept(other, asked[0].1, crate::overlay::Gain::default());
        assert_eq!(acts.contains(&Act::Confirm { link: link_at(0) }), lives);
        assert_eq!(acts.contains(&Act::Close { to: addr(other), nonce: nonce_of(other) }), !lives);
    }
}

fn duplicate(number: u32) -> Act {
    Act::Duplicate { to: addr(number), nonce: nonce_of(number) }
}

#[test]
fn a_full_node_refuses_and_names_others() {
    let (mut desk, _) = Desk::serving(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(desk.overlay.incoming().count(), desk.overlay.caps().incoming);
    assert_eq!(desk.request(request(11)), [Act::Refuse { to: peer(11), nonce: nonce_of(11) }]);
    desk.told.fresh = [1, 2, 3, 11].map(|number| candidate(number, 0)).to_vec();
    let mut named: Vec<_> = desk.refused_names(11).into_iter().map(|peer| peer.id).collect();
    named.sort_unstable();
    assert_eq!(named, [1, 2, 3].map(|number| peer(number).id), "each once, and never itself");
    desk.told.nodes = 200;
    assert_eq!(desk.request(request(11)), [Act::Accept { link: link_at(10) }], "a larger cluster has larger caps");
}

#[test]
fn whoever_is_cut_off_takes_the_place_of_the_node_with_most_links() {
    let (mut desk, links) = Desk::serving(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (number, links_of, link) in [(2, 9, links[1]), (4, 7, links[3]), (6, 7, links[5])] {
        let own = desk.overlay.way(link).expect("there is the link").own;
        desk.call(|overlay, scene| {
            overlay.on_keep_alive(&speaker(number, links_of), own, false, scene);
        });
    }
    desk.see_sentinel(Some(links[1]));
    let urgent = Request { urgent: true, ..request(11) };
    let down = Act::Down { link: links[3], peer: peer(4), direction: Direction::Incoming, why: LinkEnd::Evicted };
    let told = Act::Close { to: addr(4), nonce: nonce_of(4) };
    assert_eq!(desk.request(urgent), [down, told, Act::Accept { link: links[3] }], "not the one with the sentinel");
    let refused = [Act::Refuse { to: peer(12), nonce: nonce_of(12) }];
    desk.request(Request { urgent: true, ..request(13) });
    assert_eq!(desk.request(Request { urgent: true, ..request(12) }), refused, "nobody else has a link to spare");
    assert_eq!(desk.overlay.counts().evictions, 2);
}

#[test]
fn another_life_takes_the_place_of_the_earlier_one() {
    let (mut desk, links) = Desk::serving(&[1]);
    let life = |boot| Request { from: crate::overlay::Speaker { boot, ..speaker(1, 0) }, ..request(1) };
    assert_eq!(desk.request(life(0)), [], "an old life says nothing");
    let down = Act::Down { link: links[0], peer: peer(1), direction: Direction::Incoming, why: LinkEnd::Reborn };
    assert_eq!(desk.request(life(2)), [down, Act::Accept { link: links[0] }]);
}

#[test]
fn an_address_has_one_link() {
    let (mut desk, _) = Desk::serving(&[1]);
    let mut other = request(2);
    other.from.peer.addr = addr(1);
    assert_eq!(desk.request(other), [Act::Duplicate { to: addr(1), nonce: nonce_of(2) }]);
    other.from.peer.addr = addr(ME);
    assert_eq!(desk.request(other), [], "nobody else has this node's own");
}
