//! What does a node do that hears little or nothing: whom does it blame, and for how long?

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::Node;
use super::hazards::{addr, record, written};
use super::intents::Intent;
use super::io::{Identity, Input, Purpose, Snapshot, StreamId, StreamRequest, Timer};
use crate::config::{Config, Detector, StreamLimits};
use crate::detector::probe::Silent;
use crate::vocab::{Accusers, Domain, Health, Instant, NodeId, Nonce, Record, Slot};
use crate::wire::{Body, Datagram, MESSAGE_HEAD_BYTES, RecordKind, message_head};

const START: Instant = Instant::from_nanos(0);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A node with the number 1 that knows these.
fn node(config: Config, members: &[Record]) -> Node {
    let identity = Identity { id: NodeId::from_u128(1), boot: 1 << 40, addr: addr(1), domain: Domain::NONE };
    Node::new(config, identity, 1, START, Some(Snapshot { members, map: None })).expect("valid")
}

fn knows(config: Config, ids: core::ops::Range<u16>) -> Node {
    node(config, &ids.map(record).collect::<Vec<_>>())
}

/// A ring in which each watches so many.
fn ring(successors: u32) -> Config {
    let Detector::Ring { accrual, interval, .. } = Config::phi_ring().detector else { panic!("it is a ring") };
    let streams = Some(StreamLimits::default());
    Config { detector: Detector::Ring { accrual, successors, interval }, streams, ..Config::phi_ring() }
}

/// What the node asks now, and whom.
fn sent(node: &mut Node, now: Instant) -> Vec<(SocketAddr, Body<'static>)> {
    let mut buffer = [0; 1232];
    let mut sent = Vec::new();
    while let Some(transmit) = node.poll_transmit(now, &mut buffer) {
        let body = Datagram::decode(&buffer[..transmit.len], 0).expect("it is valid").body;
        if let Body::Ping { nonce } = body {
            sent.push((transmit.to, Body::Ping { nonce }));
        } else if let Body::PingRequest { nonce, target, left_ms } = body {
            sent.push((transmit.to, Body::PingRequest { nonce, target, left_ms }));
        }
    }
    sent
}

/// Lets the next deadline pass. Returns when that was, and what is asked then.
fn step(node: &mut Node) -> (Instant, Vec<(SocketAddr, Body<'static>)>) {
    let now = node.poll_timeout().expect("it is never idle").at;
    node.handle(now, Input::Timeout).expect("never refused");
    node.check();
    (now, sent(node, now))
}

fn hear(node: &mut Node, now: Instant, id: u16, body: &Body<'_>) {
    let bytes = written(id, |writer| assert!(writer.body(body), "it fits"));
    node.handle(now, Input::Datagram { from: addr(id), bytes: &bytes }).expect("taken");
}

/// The number of the member at an address.
fn id_at(to: SocketAddr) -> u16 {
    (2..100).find(|&id| addr(id) == to).expect("it is a member")
}

/// A node whose contacts nobody answers until it puts its first last question. Returns when that is, whom it asks and with
/// which nonce, and one of the helpers.
fn first_question(node: &mut Node) -> (Instant, u16, Nonce, u16) {
    loop {
        let (now, packets) = step(node);
        for (to, body) in packets {
            if let Body::PingRequest { nonce, target, .. } = body {
                let target = (2..100).find(|&id| record(id).id == target).expect("it is a member");
                return (now, target, nonce, id_at(to));
            }
        }
    }
}

#[test]
fn an_answer_through_a_helper_or_over_a_stream_shows_that_a_node_is_not_cut_off() {
    for by_stream in [false, true] {
        let mut node = knows(ring(6), 2..12);
        let (now, target, nonce, helper) = first_question(&mut node);
        assert!(node.health.is_cut_off(99), "nobody has answered");
        if by_stream {
            answer_by_stream(&mut node, now, target);
        } else {
            hear(&mut node, now, helper, &Body::Relayed { nonce, target: record(target).id });
        }
        assert!(!node.health.is_cut_off(99), "by stream: {by_stream}");
    }
}

/// Opens the stream that a node wishes for first, and answers the ping on it.
fn answer_by_stream(node: &mut Node, now: Instant, target: u16) {
    let Some(StreamRequest::Open { id, to }) = node.poll_stream_request() else { panic!("it wishes for one") };
    assert_eq!(to, addr(target));
    let (id, answer) = stream_answer(node, now, id, target);
    node.handle(now, Input::StreamBytes { id, bytes: &answer }).expect("it is awaited");
}

/// Opens a stream. Returns the answer to the ping on it.
fn stream_answer(node: &mut Node, now: Instant, id: StreamId, target: u16) -> (StreamId, Vec<u8>) {
    node.handle(now, Input::StreamOpened { id }).expect("it was asked for");
    let mut buffer = [0; 2000];
    let len = node.poll_stream(now, id, &mut buffer);
    let ping = Datagram::decode(&buffer[MESSAGE_HEAD_BYTES..len], 0).expect("it is valid").body;
    let Body::Ping { nonce } = ping else { panic!("it is a ping") };
    let datagram = written(target, |writer| assert!(writer.body(&Body::Ack { nonce }), "it fits"));
    (id, [&message_head(datagram.len())[..], &datagram].concat())
}

/// With a score of three the answer to a last question is waited for during two seconds, twice the period.
#[test]
fn an_answer_over_a_stream_counts_as_long_as_it_is_waited_for() {
    let mut node = knows(ring(6), 2..12);
    node.health.on_failure(2);
    let (now, target, ..) = first_question(&mut node);
    let Some(StreamRequest::Open { id, .. }) = node.poll_stream_request() else { panic!("it wishes for one") };
    let (id, answer) = stream_answer(&mut node, now, id, target);
    let late = now.after(millis(1500));
    while node.poll_timeout().is_some_and(|wakeup| wakeup.at <= late) {
        step(&mut node);
    }
    node.handle(late, Input::StreamBytes { id, bytes: &answer }).expect("it is awaited");
    while node.poll_timeout().is_some_and(|wakeup| wakeup.at <= now.after(millis(2100))) {
        step(&mut node);
    }
    let slot = node.membership.find(record(target).id).expect("it is known");
    assert_eq!(node.membership.health(slot), Health::Alive);
    assert_eq!(node.stats.answers_by_stream, 1);
}

/// Whom others miss, too, says nothing of this node.
#[test]
fn contacts_of_those_whom_others_accuse_count_for_nothing() {
    let mut node = knows(ring(3), 2..12);
    let slots: Vec<_> = node.membership.slots().filter(|&slot| slot != Slot::SELF).collect();
    let contacts = node.cold.contacts.as_ref().expect("it is a ring");
    let (watched, others): (Vec<Slot>, Vec<Slot>) = slots.iter().partition(|&&slot| contacts.history(slot).is_some());
    let mut accusers = Accusers::none();
    assert!(accusers.add(node.membership.id_hash(others[0])));
    let told = written(11, |writer| {
        writer.open_records(RecordKind::Rumours);
        for &slot in &watched {
            let accused = Record { health: Health::Suspect, ..node.membership.record(slot) };
            assert!(writer.record_with(&accused, &accusers), "it fits");
        }
    });
    node.handle(START, Input::Datagram { from: addr(11), bytes: &told }).expect("taken");
    assert_eq!((watched.len(), node.suspicions.len()), (3, 3));
    let mut contacted = 0;
    while contacted < 12 {
        contacted += step(&mut node).1.iter().filter(|(_, body)| matches!(body, Body::Ping { .. })).count();
        assert!(!node.health.is_cut_off(99), "after {contacted} contacts");
    }
    assert_eq!(node.suspicions.len(), 3, "nobody is convicted yet");
}

/// A node that nobody else lives with corrects whoever believes to be a member, as long as it lasts.
#[test]
fn who_has_nobody_to_watch_goes_on_correcting() {
    let mut node = node(ring(3), &[Record { health: Health::Dead, ..record(2) }]);
    let dead = written(2, |_| {});
    let (mut now, mut told) = (START, 0);
    for _ in 0..40 {
        now = now.after(millis(2000));
        while node.poll_timeout().is_some_and(|wakeup| wakeup.at <= now) {
            step(&mut node);
        }
        node.handle(now, Input::Datagram { from: addr(2), bytes: &dead }).expect("taken");
        let mut buffer = [0; 1232];
        while let Some(transmit) = node.poll_transmit(now, &mut buffer) {
            told += usize::from((transmit.to, transmit.purpose) == (addr(2), Purpose::Gossip));
        }
    }
    assert_eq!(told, 40);
}

/// This node alone accuses a member, and asks it for the last time when its queue has room for so many packets. Returns when.
fn last_chance(node: &mut Node, room: usize) -> Instant {
    let slot = node.membership.find(record(5).id).expect("it is known");
    let silent = Silent { target: node.target(slot), nonce: Nonce([9; 8]), sent: START, wait: millis(0) };
    node.on_silence(&silent, START);
    sent(node, START);
    let due = node.suspicions.next_deadline();
    while node.poll_timeout().is_some_and(|wakeup| wakeup.at < due) {
        step(node);
    }
    let junk = node.cold.config.intents_max - room;
    (0..junk).for_each(|_| assert!(node.wish(Intent::Tell { to: addr(99), about: Slot(1), bytes_max: u32::MAX })));
    node.on_suspicion_due(due);
    due
}

/// A node that probes nobody but answers for its suspicions.
fn quiet(probe_timeout: Duration) -> Node {
    let mut node = knows(Config { intents_max: 16, probe_timeout, ..Config::lan() }, 2..12);
    node.prober.stop();
    node.deadlines.set(Timer::ProbePeriod, Instant::NEVER);
    node
}

/// The requests to helpers among these packets.
fn requests(packets: &[(SocketAddr, Body<'static>)]) -> Vec<(u16, Nonce, u32)> {
    let request = |&(to, ref body): &(SocketAddr, Body<'static>)| {
        let Body::PingRequest { nonce, left_ms, .. } = *body else { return None };
        Some((id_at(to), nonce, left_ms))
    };
    packets.iter().filter_map(request).collect()
}

/// Who finds no room to ask helpers knows no more than before: the question is put again.
#[test]
fn a_full_queue_at_the_last_chance_convicts_nobody() {
    for room in [0, 1] {
        let mut node = quiet(millis(500));
        let asked = last_chance(&mut node, room);
        let packets = sent(&mut node, asked);
        let pings = packets.iter().filter(|(_, body)| matches!(body, Body::Ping { .. })).count();
        assert_eq!((pings, requests(&packets).len()), (room, 0), "as many as there was room for");
        let (mut now, mut helpers) = (asked, Vec::new());
        while helpers.is_empty() {
            let (at, packets) = step(&mut node);
            (now, helpers) = (at, requests(&packets));
            assert_eq!(node.stats.convictions, 0, "nobody was asked");
        }
        assert_eq!(helpers.len(), 3);
        let (helper, nonce, left_ms) = helpers[0];
        assert_eq!(left_ms, 250, "a word is wanted");
        hear(&mut node, now.after(millis(300)), helper, &Body::Nack { nonce });
        while node.stats.convictions == 0 {
            now = step(&mut node).0;
        }
        assert!(now <= asked.after(millis(2500)), "within a period and two waits: {now} for {asked}");
    }
}

/// Half of the shortest wait is less than can be said; a word comes too late for it, and counts all the same.
#[test]
fn the_shortest_wait_for_a_probe_still_has_a_witness() {
    for micros in [1000, 1500, 1999, 2000] {
        let mut node = quiet(Duration::from_micros(micros));
        let asked = last_chance(&mut node, 16);
        let helpers = requests(&sent(&mut node, asked));
        assert_eq!(helpers.len(), 3);
        let (helper, nonce, left_ms) = helpers[0];
        assert_eq!(left_ms, 1, "zero would say that no word is wanted");
        let late = asked.after(millis(20));
        while node.poll_timeout().is_some_and(|wakeup| wakeup.at <= late) {
            step(&mut node);
        }
        assert_eq!((node.stats.convictions, node.stats.convictions_put_off), (0, 1), "{micros}");
        hear(&mut node, late, helper, &Body::Nack { nonce });
        assert_eq!(step(&mut node).0, late, "nothing more is waited for");
        assert_eq!(node.stats.convictions, 1);
    }
}
