//! The tests of links that the gossip package of Cockroach had, from 2014 on, under their names.
//!
//! Its set of addresses is here the table of links, the addresses that were given, and the nodes that were named.

use std::collections::BTreeSet;
use std::vec::Vec;

use super::desk::{Desk, ME, addr, candidate, nonce_of, peer, request, requests};
use crate::overlay::places::{ALTERNATES_MAX, Alternates, Bootstraps, one_of};
use crate::overlay::{Act, Gain, Limits, Peer, Standing};
use crate::vocab::{NodeId, Rng};

fn alternates(numbers: &[u32]) -> Alternates {
    let mut alternates = Alternates::default();
    numbers.iter().for_each(|&number| alternates.add(peer(number)));
    alternates
}

fn listed(alternates: &Alternates) -> Vec<Peer> {
    alternates.iter().collect()
}

#[test]
fn max_size() {
    let limits = Limits {
        outgoing_min: 1,
        outgoing_max: 1,
        incoming_mult: 1,
        ..Limits::new(core::time::Duration::from_secs(1))
    };
    let mut desk = Desk::with_limits(&[], limits);
    assert!(matches!(desk.request(request(1))[..], [Act::Accept { .. }]), "there is room");
    assert!(matches!(desk.request(request(2))[..], [Act::Refuse { .. }]), "there is none after one");
}

#[test]
fn select_random() {
    let peers: Vec<Peer> = (0..10).map(peer).collect();
    let mut rng = Rng::new(1, NodeId::from_u128(0), 0);
    let (mut seen, mut draws) = (BTreeSet::new(), 0);
    while seen.len() < peers.len() {
        seen.insert(one_of(&peers, &mut rng).expect("there are some").addr);
        draws += 1;
    }
    assert!(draws > 10, "{draws} draws");
    assert_eq!(one_of::<Peer>(&[], &mut rng), None);
}

#[test]
fn has_addr() {
    let (desk, links) = Desk::serving(&[1]);
    assert_eq!(desk.overlay.link_to(peer(1).id), Some(links[0]));
    assert_eq!(desk.overlay.link_to(peer(2).id), None);
}

#[test]
fn add_and_remove_addr() {
    let mut both = alternates(&[1, 2]);
    both.forget(peer(1).id);
    assert_eq!(listed(&both), [peer(2)]);
    both.forget(peer(2).id);
    assert_eq!(listed(&both), []);
}

#[test]
fn addr_set_filter() {
    let mut bootstraps = Bootstraps::new(&[addr(0), addr(1)], addr(ME), &mut Rng::new(1, NodeId::from_u128(0), 0));
    assert_eq!((0..3).map(|_| bootstraps.next(|given| given != addr(1))).collect::<Vec<_>>(), [Some(addr(0)); 3]);
}

#[test]
fn addr_set_as_slice() {
    assert_eq!(listed(&alternates(&[1, 2])), [peer(1), peer(2)]);
    let numbers: Vec<u32> = (0..40).collect();
    assert_eq!(listed(&alternates(&numbers)).len(), ALTERNATES_MAX, "the last ones");
    assert_eq!(listed(&alternates(&[1, 2, 1])), [peer(2), peer(1)], "each once");
}

#[test]
fn client_disconnect_loopback() {
    // An address that this node did not know to be its own.
    let mut desk = Desk::new(&[7]);
    let asked = requests(&desk.pass(0));
    let mut own = request(ME);
    (own.nonce, own.from.peer.addr) = (asked[0].1, addr(7));
    assert_eq!(desk.request(own), []);
    assert_eq!((desk.overlay.degree(), desk.overlay.incoming().count()), (0, 0));
    assert_eq!(requests(&desk.pass(60_000)), [], "it is not asked again");
    assert_eq!(requests(&Desk::new(&[ME]).pass(60_000)), [], "nor the one that it knows");
}

#[test]
fn client_disallow_multiple_conns() {
    let mut desk = Desk::new(&[ME + 1]);
    let asked = requests(&desk.pass(0));
    desk.accept(ME + 1, asked[0].1, Gain::default());
    assert_eq!(desk.request(request(ME + 1)), [Act::Duplicate { to: addr(ME + 1), nonce: nonce_of(ME + 1) }]);
    assert_eq!((desk.overlay.outgoing().count(), desk.overlay.incoming().count()), (1, 0));
}

#[test]
fn client_disconnect_redundant() {
    let mut nodes = [Desk::new(&[]), Desk::new(&[])];
    let ids = [ME - 1, ME + 1];
    // Each of two has asked the other: only the request of the lower identity is answered with a link.
    for (desk, other) in nodes.iter_mut().zip(ids) {
        desk.told.fresh = Vec::from([candidate(other, 0)]);
        desk.serve(1);
        while requests(&desk.pass_connected(100)).is_empty() {}
    }
    let accepts = nodes.iter_mut().zip(ids).map(|(desk, other)| {
        desk.request(request(other)).iter().filter(|act| matches!(act, Act::Accept { .. })).count()
    });
    assert_eq!(accepts.collect::<Vec<_>>(), [1, 0], "whoever has the higher identity gives the link");
}

#[test]
fn client_retry_bootstrap() {
    let mut desk = Desk::new(&[1]);
    // Three requests in vain, each sent three times.
    while desk.overlay.counts().timeouts < 3 {
        desk.pass(100);
    }
    let again = core::iter::from_fn(|| Some(requests(&desk.pass(100)))).find(|asked| !asked.is_empty());
    desk.accept(1, again.expect("it is asked for ever")[0].1, Gain::default());
    assert_eq!(desk.overlay.degree(), 1);
}

#[test]
fn gossip_no_forward_self() {
    let (mut desk, _) = Desk::serving(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    desk.told.fresh = Vec::from([candidate(ME, 0), candidate(11, 0)]);
    assert_eq!(desk.request(request(11)), [Act::Refuse { to: peer(11), nonce: nonce_of(11) }]);
    for _ in 0..200 {
        assert_eq!(desk.refused_names(11), [], "neither itself nor whoever asks");
    }
}

#[test]
fn random_alternative_node() {
    let (mut desk, _) = Desk::serving(&[]);
    desk.told.fresh = (1..=11).chain([ME]).map(|number| candidate(number, 0)).collect();
    let mut drawn = Vec::new();
    for _ in 0..200 {
        drawn.extend(desk.refused_names(3).first().copied());
    }
    assert_eq!(drawn.len(), 200);
    for number in (1..=11).filter(|&number| number != 3) {
        let times = drawn.iter().filter(|drawn| **drawn == peer(number)).count();
        assert!(times >= 5, "{number} was drawn {times} times");
    }
    assert!(!drawn.contains(&peer(3)) && !drawn.contains(&peer(ME)));
}

#[test]
fn alternative_node_not_found() {
    let (mut desk, _) = Desk::serving(&[]);
    assert_eq!(desk.refused_names(3), []);
}

#[test]
fn gossip_get_next_bootstrap_address() {
    let nobody = ["0.0.0.0:9", "10.0.0.9:0", "224.0.0.1:9"].map(|text| text.parse().expect("an address"));
    let given: Vec<_> = [addr(1), nobody[0], addr(2), nobody[1], addr(ME), addr(3), nobody[2], addr(2)].to_vec();
    let mut bootstraps = Bootstraps::new(&given, addr(ME), &mut Rng::new(1, NodeId::from_u128(0), 0));
    let order: Vec<_> = core::iter::from_fn(|| bootstraps.next(|_| true)).take(6).collect();
    let first = [1, 2, 3].iter().position(|&number| addr(number) == order[0]).expect("one that was given");
    let listed: Vec<_> = [1, 2, 3].into_iter().cycle().skip(first).take(6).map(addr).collect();
    assert_eq!(order, listed, "in the order in which they were given, from a random one on");
}

#[test]
fn gossip_orphaned_stall_detection() {
    let mut desk = Desk::new(&[1]);
    let asked = requests(&desk.pass(0));
    desk.accept(1, asked[0].1, Gain::default());
    desk.see_sentinel(None);
    desk.call(|overlay, scene| overlay.on_gone(peer(1).id, scene));
    assert_eq!(desk.overlay.standing().0, Standing::Orphaned, "although it sees the sentinel");
    let again = requests(&desk.pass_connected(300));
    assert_eq!(again.len(), 1);
    desk.accept(1, again[0].1, Gain::default());
    assert_eq!(desk.overlay.standing().0, Standing::Connected);
}

#[test]
fn gossip_outgoing_limit_enforced() {
    let limits = Limits { outgoing_min: 1, outgoing_max: 2, ..Limits::new(core::time::Duration::from_secs(1)) };
    let mut desk = Desk::with_limits(&[], limits);
    desk.see_sentinel(None);
    desk.told.nodes = 100;
    desk.serve(9);
    desk.told.far = (1..=5).map(peer).collect();
    for _ in 0..2000 {
        desk.frames();
        let nearer = Gain { newer_sentinel: false, nearer_origins: 1 };
        for (to, asked) in requests(&desk.pass_connected(100)) {
            let number = (1..=5).find(|&number| addr(number) == to).expect("one of the five");
            desk.accept(number, asked, nearer);
            assert!(desk.overlay.outgoing().count() <= 2);
        }
    }
    assert!(desk.overlay.counts().swaps > 0, "they were swapped, and never more than two at once");
}

#[test]
fn gossip_cull_network() {
    let limits = Limits { outgoing_min: 3, outgoing_max: 3, ..Limits::new(core::time::Duration::from_secs(1)) };
    let mut desk = Desk::with_limits(&[], limits);
    desk.told.nodes = 100;
    desk.see_sentinel(None);
    desk.serve(9);
    (1..=3).for_each(|number| {
        desk.frames();
        desk.link_to(number);
    });
    for _ in 0..600 {
        desk.frames();
        assert!(!desk.pass_connected(100).iter().any(|act| matches!(act, Act::Down { .. })), "never without need");
    }
    desk.told.far = Vec::from([peer(20)]);
    let asked = core::iter::from_fn(|| Some(requests(&desk.pass_connected(100)))).find(|asked| !asked.is_empty());
    let asked = asked.expect("somebody far is asked")[0].1;
    let acts = desk.accept(20, asked, Gain { newer_sentinel: false, nearer_origins: 1 });
    let down = acts.iter().filter(|act| matches!(act, Act::Down { .. })).count();
    assert_eq!((down, desk.overlay.outgoing().count()), (1, 3), "one goes when a better one is there");
}
