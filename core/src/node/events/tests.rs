//! Does a queue that is full still end with the right map?

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::super::io::{Farewell, Reason};
use super::*;
use crate::quorum::{Loss, Standing, Votes, Why as StandingWhy};
use crate::vocab::{Domain, Health, Incarnation, NodeId};

const LEFT: Event = Event::Left(Farewell { peers: 0, domains: 0, of: 0 });

fn change(id: u128, was: Option<Health>, health: Health) -> Event {
    let addr = SocketAddr::from(([10, 0, 0, 1], 1));
    let (id, incarnation) = (NodeId::from_u128(id), Incarnation::first(1));
    Event::Member(MemberChange {
        id,
        addr,
        moved_from: None,
        domain: Domain::NONE,
        incarnation,
        health,
        was,
        reason: Reason::Rumour,
        hops: 1,
        evidence: None,
    })
}

#[test]
fn a_full_queue_keeps_the_last_word_about_each_member() {
    let mut events = Events::new(2, 0);
    events.push(change(1, None, Health::Alive));
    events.push(change(2, None, Health::Alive));
    events.push(change(1, Some(Health::Alive), Health::Suspect));
    events.push(change(1, Some(Health::Suspect), Health::Dead));
    events.push(change(3, None, Health::Alive));
    let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
    let [first, second] = [change(1, None, Health::Dead), change(2, None, Health::Alive)];
    assert_eq!(drained, [Event::EventsLost { count: 1 }, first, second]);
    events.push(change(1, Some(Health::Dead), Health::Alive));
    assert_eq!(events.pop(), Some(change(1, Some(Health::Dead), Health::Alive)));
    assert_eq!(events.pop(), None);
}

/// What a queue does that always knows where each member's latest change lies.
#[test]
fn however_full_it_was_before_the_last_word_is_kept() {
    let max = UNINDEXED_MAX + 8;
    for before in [0, 1, UNINDEXED_MAX - 1, UNINDEXED_MAX, UNINDEXED_MAX + 1, max] {
        let mut events = Events::new(max, 0);
        for id in 0..before as u128 {
            events.push(change(id, None, Health::Alive));
        }
        for id in 0..before as u128 {
            assert_eq!(events.pop(), Some(change(id, None, Health::Alive)));
        }
        events.push(change(7, None, Health::Alive));
        for id in 1..=max as u128 {
            events.push(change(100 + id % 4, None, Health::Alive));
        }
        events.push(change(7, Some(Health::Alive), Health::Dead));
        assert_eq!(events.pop(), Some(change(7, None, Health::Dead)), "after {before} events");
        for id in 1..max as u128 {
            assert_eq!(events.pop(), Some(change(100 + id % 4, None, Health::Alive)), "after {before} events");
        }
        assert_eq!(events.pop(), None);
    }
}

#[test]
fn events_about_the_node_itself_count_as_places() {
    let mut events = Events::new(UNINDEXED_MAX + 2, 0);
    events.push(change(0, None, Health::Alive));
    events.push(LEFT);
    (1..=UNINDEXED_MAX as u128).for_each(|id| events.push(change(id, None, Health::Alive)));
    assert_eq!(events.pop(), Some(change(0, None, Health::Alive)));
    assert_eq!(events.pop(), Some(LEFT));
    events.push(LEFT);
    events.push(change(0, None, Health::Alive));
    events.push(change(5, Some(Health::Alive), Health::Dead));
    let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
    assert_eq!(drained.len(), UNINDEXED_MAX + 2);
    assert_eq!((&drained[4], &drained[UNINDEXED_MAX]), (&change(5, None, Health::Dead), &LEFT));
}

#[test]
fn the_last_standing_has_a_place_however_full_the_queue_is() {
    let votes = Votes { all: 3, needed: 2, seen: 2 };
    let domain = DomainVotes { domain: Domain::NONE, is_active: false, votes: 3, seen: 2 };
    let standing = |from, to, domains: usize| {
        let (why, domains) = (StandingWhy::Enough, alloc::vec![domain; domains]);
        Event::Standing(Box::new(StandingChange { from, to, why, votes, domains, margin: None, epoch: Some(1) }))
    };
    let lost = |loss| Event::Lost { id: NodeId::from_u128(1), loss };
    let mut events = Events::new(2, 0);
    events.push(change(1, None, Health::Alive));
    events.push(lost(Loss::SuspectDown));
    events.push(standing(Standing::NotInQuorum, Standing::InQuorum, 1));
    events.push(lost(Loss::Down));
    events.push(standing(Standing::InQuorum, Standing::SuspectNotInQuorum, 9));
    let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
    let last = standing(Standing::NotInQuorum, Standing::SuspectNotInQuorum, 9);
    assert_eq!(drained, [change(1, None, Health::Alive), lost(Loss::Down), last.clone()]);
    assert_eq!(events.bytes, 0);
    // One that found no place at all leaves nothing behind.
    (0..2 + RESERVED).for_each(|_| events.push(LEFT));
    events.push(last.clone());
    while events.pop().is_some() {}
    (1..4).for_each(|id| events.push(change(id, None, Health::Alive)));
    events.push(last.clone());
    assert_eq!(core::iter::from_fn(|| events.pop()).last(), Some(last));
}

#[test]
fn bytes_are_bounded_too() {
    let value = |key: u8, len: usize| {
        let (owner, key, value) = (NodeId::from_u128(1), [key][..].into(), Some(alloc::vec![7; len].into()));
        Event::Value(ValueChange { owner, key, value, version: len as u64 })
    };
    let mut events = Events::new(4096, 0);
    (0..2).for_each(|key| events.push(value(key, BYTES_MAX / 2 - 1)));
    events.push(value(2, 1));
    events.push(value(1, BYTES_MAX / 2));
    events.push(value(0, 5));
    events.push(value(3, 5));
    assert_eq!(events.pop(), Some(Event::EventsLost { count: 2 }));
    assert_eq!(events.pop(), Some(value(0, 5)));
    assert_eq!(events.pop(), Some(value(1, BYTES_MAX / 2 - 1)));
    assert_eq!(events.pop(), Some(value(3, 5)));
    assert_eq!((events.pop(), events.bytes), (None, 0));
}

#[test]
fn a_warning_about_a_member_waits_once_beside_its_change() {
    let mut events = Events::new(2, 0);
    let warning = |id| Event::StreamOnly { id: NodeId::from_u128(id) };
    events.push(change(1, None, Health::Alive));
    (0..3).for_each(|_| events.push(warning(1)));
    events.push(warning(2));
    let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
    assert_eq!(drained, [Event::EventsLost { count: 1 }, change(1, None, Health::Alive), warning(1)]);
}

#[test]
fn the_last_word_about_a_key_is_kept_too() {
    let value = |owner: u128, key: &[u8], version| {
        let value = (version % 2 == 0).then(|| [7][..].into());
        Event::Value(ValueChange { owner: NodeId::from_u128(owner), key: key.into(), value, version })
    };
    let mut events = Events::new(2, 0);
    events.push(value(1, b"a", 1));
    events.push(value(2, b"a", 1));
    events.push(value(1, b"a", 2));
    events.push(value(1, b"b", 3));
    let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
    assert_eq!(drained, [Event::EventsLost { count: 1 }, value(1, b"a", 2), value(2, b"a", 1)]);
}

#[test]
fn what_nobody_wants_any_more_leaves_its_place_to_others() {
    let pinged = |id| Event::Pinged { id: NodeId::from_u128(id), rtt: None };
    for many in [3, UNINDEXED_MAX as u128 + 3] {
        let mut events = Events::new(many as usize + 1, 0);
        events.push(pinged(1));
        (1..=many).for_each(|id| events.push(change(id, None, Health::Alive)));
        events.push(pinged(2));
        events.push(Event::Sent { number: 1 });
        events.retain(|event| !matches!(event, Event::Pinged { .. } | Event::Sent { .. }));
        assert_eq!((events.pings_ended(), events.letters_ended(), events.len()), (0, 0, many as usize));
        events.push(change(many + 1, None, Health::Alive));
        events.push(change(many, Some(Health::Alive), Health::Dead));
        events.push(change(many + 2, None, Health::Alive));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        assert_eq!(drained.len(), many as usize + 2);
        assert_eq!(drained[0], Event::EventsLost { count: 1 });
        assert_eq!(drained[many as usize], change(many, None, Health::Dead), "the last word of a member is found");
        events.push(change(1, None, Health::Alive));
        assert_eq!(events.pop(), Some(change(1, None, Health::Alive)));
    }
}
