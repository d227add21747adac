//! What the original's own tests expect of quorum, step by step, under `quorum_store()`: each test has its name.
//!
//! Gossip is left out here: who comes and goes is told at once. The end-to-end scenarios are the simulator's.

use super::*;

const DOWN: bool = false;

fn majority() -> Settings {
    Settings { quorum_timeout: secs(30), ..Settings::quorum_store() }
}

fn zones() -> Settings {
    Settings { provider: Provider::FailureDomains, ..majority() }
}

/// Nodes 0 to 5 in zone `i % 3`, with these votes, seen by every one of them; the `down` are down.
fn in_quorum(votes: [u32; 6], active: [bool; 3], down: &[u32]) -> [bool; 6] {
    let all: Vec<Voter> = (0..6).map(|it| voter(it, votes[it as usize], u64::from(it % 3) + 1)).collect();
    let map = [(1, active[0]), (2, active[1]), (3, active[2])];
    [0, 1, 2, 3, 4, 5].map(|own| {
        let mut room = Room::joined(own, zones(), &all, &map);
        for other in (0..6).filter(|&other| other != own && !down.contains(&other)) {
            room.come(other);
        }
        if down.contains(&own) {
            let change = room.quorum.on_leave(room.now);
            room.note(change);
        }
        room.standing() == Standing::InQuorum
    })
}

const ALL: [u32; 6] = [1; 6];
/// Even nodes do not vote.
const ODD: [u32; 6] = [0, 1, 0, 1, 0, 1];

#[test]
fn quorum_provider_all_nodes_up() {
    assert_eq!(in_quorum(ALL, [true; 3], &[]), [true; 6]);
}

#[test]
fn quorum_provider_one_zone_deactivated() {
    assert_eq!(in_quorum(ALL, [false, true, true], &[]), [false, true, true, false, true, true]);
}

#[test]
fn quorum_provider_two_zones_deactivated() {
    assert_eq!(in_quorum(ALL, [false, false, true], &[]), [false, false, true, false, false, true]);
}

#[test]
fn quorum_provider_one_zone_deactivated_one_node_offline() {
    assert_eq!(in_quorum(ALL, [true, true, false], &[0]), [DOWN, true, false, true, true, false]);
}

#[test]
fn quorum_provider_one_zone_deactivated_quorum_nodes_offline() {
    assert_eq!(in_quorum(ALL, [true, true, false], &[0, 1]), [false; 6]);
}

#[test]
fn quorum_provider_one_zone_deactivated_with_non_quorum_members() {
    assert_eq!(in_quorum(ODD, [false, true, true], &[]), [false, true, true, false, true, true]);
}

#[test]
fn quorum_provider_one_zone_deactivated_one_node_offline_with_non_quorum_members() {
    assert_eq!(in_quorum(ODD, [false, true, true], &[5]), [false; 6]);
}

#[test]
fn quorum_provider_nodes_never_gossiped() {
    let all: Vec<Voter> = (0..42).map(|number| voter(number, 1, u64::from(number % 3) + 1)).collect();
    let mut room = Room::joined(0, zones(), &all, &[(1, true), (2, true), (3, true)]);
    (1..6).for_each(|other| room.come(other));
    assert_eq!(room.standing(), Standing::NotInQuorum);
    let Change { votes, margin, .. } = room.quorum.report();
    assert_eq!((votes, margin), (Votes { all: 42, needed: 22, seen: 6 }, None));
}

#[test]
fn quorum_all_nodes_up_one_by_one() {
    let mut room = Room::joined(0, majority(), &voters(&[1]), &[]);
    assert_eq!(room.standing(), Standing::InQuorum);
    room.come(1);
    room.set_voters(&voters(&[1, 1])).expect("it can be");
    // Whoever is known already is seen at once: no dip through a suspicion, as there is in the original.
    assert_eq!(room.changes, [(Standing::InQuorum, Why::Enough)]);
}

#[test]
fn quorum_node_looses_quorum_and_gains_back() {
    let mut room = Room::joined(0, majority(), &voters(&[1]), &[]);
    room.set_voters(&voters(&[1, 1])).expect("it can be");
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.wait(secs(29));
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.wait(secs(1));
    assert_eq!(room.standing(), Standing::NotInQuorum);
    room.come(1);
    let expected = [
        (Standing::InQuorum, Why::Enough),
        (Standing::SuspectNotInQuorum, Why::TooFew),
        (Standing::NotInQuorum, Why::TimedOut),
        (Standing::InQuorum, Why::Enough),
    ];
    assert_eq!(room.changes, expected);
}

#[test]
fn quorum_two_nodes_loose_connectivity() {
    let mut joiner = Room::joined(1, majority(), &voters(&[1, 1]), &[]);
    joiner.wait(secs(100));
    assert_eq!(joiner.changes, []);
    assert_eq!(joiner.standing(), Standing::NotInQuorum);
}

#[test]
fn quorum_one_node_isolated() {
    let mut room = Room::joined(0, majority(), &voters(&[1, 1, 1]), &[]);
    (1..3).for_each(|other| room.come(other));
    room.die(1);
    assert_eq!(room.standing(), Standing::InQuorum);
    // The isolated one begins anew and sees nobody.
    let isolated = Room::joined(1, majority(), &voters(&[1, 1, 1]), &[]);
    assert_eq!(isolated.standing(), Standing::NotInQuorum);
}

#[test]
fn quorum_network_partition() {
    let grown = voters(&[1; 5]);
    let side = |own, others: &[u32]| {
        let mut room = Room::joined(own, majority(), &[voter(own, 1, 1)], &[]);
        assert_eq!(room.standing(), Standing::InQuorum, "alone in its cluster");
        others.iter().for_each(|&other| room.come(other));
        room.set_voters(&grown).expect("it can be");
        room.wait(secs(3));
        let early = room.standing();
        room.wait(secs(30));
        (early, room.standing())
    };
    assert_eq!(side(0, &[1, 2]), (Standing::InQuorum, Standing::InQuorum));
    assert_eq!(side(3, &[4]), (Standing::SuspectNotInQuorum, Standing::NotInQuorum));
}

#[test]
fn quorum_event_handling() {
    let mut room = Room::joined(0, majority(), &voters(&[1; 5]), &[]);
    (1..5).for_each(|other| room.come(other));
    room.leave(4);
    assert_eq!(room.standing(), Standing::InQuorum);
    [3, 2, 1].into_iter().for_each(|other| room.leave(other));
    room.wait(secs(12));
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.come(2);
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.wait(secs(32));
    assert_eq!(room.standing(), Standing::NotInQuorum);
    room.come(1);
    assert_eq!(room.standing(), Standing::InQuorum);
}

#[test]
fn quorum_remove_nodes() {
    let mut room = Room::joined(0, majority(), &voters(&[1; 4]), &[]);
    (1..4).for_each(|other| room.come(other));
    [3, 2].into_iter().for_each(|other| room.leave(other));
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.set_voters(&voters(&[1; 2])).expect("it can be");
    assert_eq!(room.standing(), Standing::InQuorum);
}

#[test]
fn quorum_add_nodes() {
    let mut room = Room::joined(0, majority(), &voters(&[1]), &[]);
    room.set_voters(&voters(&[1; 2])).expect("it can be");
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.come(1);
    assert_eq!(room.standing(), Standing::InQuorum);
}

#[test]
fn non_quorum_members_add_remove() {
    let onlooker = |number| voter(number, 0, 1);
    let mut all = alloc::vec![onlooker(0), onlooker(1)];
    let mut room = Room::joined(0, majority(), &all, &[]);
    room.come(1);
    for (number, votes, expected) in
        [(2, 0, Standing::NotInQuorum), (3, 1, Standing::InQuorum), (4, 1, Standing::InQuorum)]
    {
        room.come(number);
        all.push(voter(number, votes, 1));
        room.set_voters(&all).expect("it can be");
        assert_eq!(room.standing(), expected, "{number}");
    }
    for gone in [1, 2] {
        room.leave(gone);
        all.retain(|voter| voter.id != id(gone));
        room.set_voters(&all).expect("it can be");
    }
    assert_eq!(room.changes, [(Standing::InQuorum, Why::Enough)]);
}

#[test]
fn majority_non_quorum_members_go_down() {
    let all = [voter(0, 0, 1), voter(1, 0, 1), voter(2, 1, 1)];
    let mut room = Room::joined(2, majority(), &all, &[]);
    (0..2).for_each(|other| room.come(other));
    (0..2).for_each(|other| room.leave(other));
    assert_eq!(room.standing(), Standing::InQuorum);
}

#[test]
fn non_majority_quorum_members_go_down() {
    let all = [voter(0, 0, 1), voter(1, 0, 1), voter(2, 1, 1)];
    let mut room = Room::joined(0, majority(), &all, &[]);
    (1..3).for_each(|other| room.come(other));
    assert_eq!(room.standing(), Standing::InQuorum, "who does not vote counts votes all the same");
    room.leave(2);
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.wait(secs(32));
    assert_eq!(room.standing(), Standing::NotInQuorum);
}

#[test]
fn gossiper_external_node_leave() {
    let mut room = Room::joined(1, majority(), &voters(&[1; 3]), &[]);
    assert_eq!(room.quorum.who_goes(id(0)), id(1), "self kill: it is cut off");
    room.come(0);
    assert_eq!(room.quorum.who_goes(id(0)), id(0), "peer kill");
    room.die(0);
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    assert_eq!(room.quorum.who_goes(id(2)), id(1));
}

#[test]
fn a_suspicion_that_begins_again_lasts_its_whole_time_again() {
    let mut room = Room::joined(0, majority(), &voters(&[1; 2]), &[]);
    room.come(1);
    room.die(1);
    room.wait(secs(20));
    room.come(1);
    assert_eq!(room.standing(), Standing::InQuorum);
    room.die(1);
    room.wait(secs(29));
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum, "the timeout of the first suspicion is over");
    room.wait(secs(1));
    assert_eq!(room.standing(), Standing::NotInQuorum);
}
