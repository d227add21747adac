//! Streams between real nodes: whom a ping by datagram does not reach is pinged over one, and whatever comes on a
//! stream does no harm.

use crate::harness;

use std::time::Duration;

use harness::{Out, World, addr_of, assert_same, cases, id_of};
use proptest::prelude::*;
use quidnunc_core::{
    Config, Domain, Event, Health, Identity, Input, Instant, MemberChange, Node, Rejected, StreamError, StreamId,
    StreamLimits, StreamRequest,
};

const SECOND: Duration = Duration::from_secs(1);
/// Where a message says who sent it.
const SENDER: std::ops::Range<usize> = 4 + 14..4 + 30;
const LIMITS: StreamLimits = StreamLimits { most: 4, idle: Duration::from_secs(10), message_bytes_max: 2000 };

fn streams() -> Config {
    Config { streams: Some(LIMITS), ..Config::lan() }
}

/// What everybody reports of everybody's health, `about` one peer or by it.
fn changes(world: &World, about: usize) -> Vec<(usize, MemberChange)> {
    let change = |line: &harness::Line| {
        let Out::Event(Event::Member(change)) = &line.out else { return None };
        (line.peer == about || change.id == id_of(about)).then(|| (line.peer, change.clone()))
    };
    world.log.iter().filter_map(change).collect()
}

fn warnings(world: &World, peer: usize) -> Vec<Event> {
    world.events(peer).map(|(_, event)| event).filter(|event| matches!(event, Event::StreamOnly { .. })).collect()
}

#[test]
fn who_answers_over_streams_only_is_not_accused_and_accuses_nobody() {
    for piece in [1, 13, 4000] {
        let mut world = World::met(4, streams(), 1);
        world.wires.piece = piece;
        world.run(5 * SECOND);
        world.log.clear();
        world.deaf.insert(3);
        world.run(120 * SECOND);
        assert_eq!(changes(&world, 3), [], "nothing is said of it or by it");
        for peer in 0..3 {
            let view = world.node(peer).view();
            assert_eq!(warnings(&world, peer), [Event::StreamOnly { id: id_of(3) }], "said once");
            assert!(view.answers_by_stream_only(id_of(3)) && !view.answers_by_stream_only(id_of(2)));
            assert!(view.stats().answers_by_stream > 20, "about every third probe");
            assert_eq!((view.local_health(), view.stats().suspicions, view.stats().streams_refused), (0, 0, 0));
        }
        assert_eq!(warnings(&world, 3).len(), 3, "it hears everybody in no other way");
    }
}

#[test]
fn without_streams_the_same_member_dies() {
    let mut world = World::met(4, Config::lan(), 1);
    world.deaf.insert(3);
    world.run(120 * SECOND);
    assert_eq!(world.belief(0, 3), Some(Health::Dead));
    assert!(world.wires.requests.is_empty(), "no driver is asked for what it does not offer");
}

#[test]
fn a_datagram_that_gets_through_ends_the_warning() {
    let mut world = World::met(3, streams(), 2);
    for times in 1..=3 {
        world.deaf.insert(2);
        world.run(20 * SECOND);
        assert_eq!(warnings(&world, 0).len(), times);
        assert!(world.node(0).view().answers_by_stream_only(id_of(2)));
        world.deaf.clear();
        world.run(20 * SECOND);
        assert!(!world.node(0).view().answers_by_stream_only(id_of(2)));
    }
}

/// Streams cost a cluster in which all is well nothing, and no crash is noticed a moment later.
#[test]
fn a_crash_is_found_as_without_streams() {
    let run = |config: Config| {
        let mut world = World::met(5, config, 3);
        world.run(10 * SECOND);
        assert!(world.wires.requests.is_empty(), "nobody is asked for a stream");
        world.kill(4);
        world.run(60 * SECOND);
        world
    };
    let (with, without) = (run(streams()), run(Config::lan()));
    assert_same("streams show", &with.log, &without.log);
    assert!(with.node(0).view().stats().streams_opened > 0, "it was tried");
    assert_eq!(with.belief(0, 4), Some(Health::Dead));
}

/// One member cannot open streams and accuses again and again; the others tell the accused over theirs, and bring its
/// contradiction back.
#[test]
fn accusation_and_contradiction_travel_over_streams() {
    let mut world = World::met(4, streams(), 4);
    world.wires.closed.insert(0);
    world.log.clear();
    world.deaf.insert(3);
    world.run(120 * SECOND);
    assert!(world.node(0).view().stats().suspicions > 0, "it does accuse");
    assert!(world.node(3).view().stats().refutations > 0, "the accused hears of it");
    let dead = changes(&world, 3).into_iter().filter(|(_, change)| change.health == Health::Dead);
    assert_eq!(dead.collect::<Vec<_>>(), []);
}

#[test]
fn a_goodbye_is_heard_over_a_stream() {
    let mut world = World::met(3, streams(), 5);
    world.deaf.insert(2);
    world.run(5 * SECOND);
    world.command(2, quidnunc_core::Command::Leave).expect("a member may leave");
    world.run(15 * SECOND);
    assert_eq!([0, 1].map(|peer| world.belief(peer, 2)), [Some(Health::Left); 2]);
}

#[test]
fn a_freeze_and_a_partition_leave_no_stream_behind() {
    let mut world = World::met(4, streams(), 6);
    world.deaf.insert(3);
    world.peers[3].side = 1;
    world.run(30 * SECOND);
    world.peers[3].frozen_until = world.now + 20 * SECOND;
    world.run(40 * SECOND);
    (world.peers[3].side, world.deaf) = (0, [].into());
    world.run(60 * SECOND);
    for peer in 0..4 {
        assert_eq!(world.belief(peer, 3), Some(Health::Alive), "all is well again");
        let count = |wanted: fn(StreamRequest) -> bool| {
            world.wires.requests.iter().filter(|&&(_, by, request)| by == peer && wanted(request)).count()
        };
        let opened = count(|request| matches!(request, StreamRequest::Open { .. }));
        let ended = count(|request| matches!(request, StreamRequest::Close { id: StreamId::Opened(_) }));
        assert!(opened >= ended && opened > 0);
        assert_ne!(
            world.node(peer).poll_timeout().map(|wakeup| wakeup.timer),
            Some(quidnunc_core::Timer::Streams),
            "nothing waits"
        );
    }
}

/// A node that knows nobody.
fn alone() -> Node {
    let identity = Identity { id: id_of(0), boot: 1000, addr: addr_of(0), domain: Domain::NONE };
    Node::new(streams(), identity, 1, Instant::from_nanos(0), None).expect("valid")
}

/// A ping as one peer sends it over a stream to another one.
fn ping() -> Vec<u8> {
    let mut world = World::met(2, streams(), 1);
    world.wires.piece = 4000;
    world.deaf.insert(1);
    world.run(5 * SECOND);
    let is_ping = |by: usize, id: StreamId| by == 1 && matches!(id, StreamId::Opened(_));
    let mut pings = world.wires.written.into_iter().filter(|&(by, id, _)| is_ping(by, id));
    let (_, _, ping) = pings.next().expect("it does not hear the other one");
    assert_eq!(ping[SENDER], id_of(1).to_bytes(), "its sender stands behind head and frame");
    ping
}

/// A message around a datagram.
fn message(datagram: &[u8]) -> Vec<u8> {
    let len = u32::try_from(datagram.len()).expect("short");
    [&len.to_le_bytes()[..], datagram].concat()
}

#[test]
fn bad_input_is_refused_and_ends_the_stream_at_most() {
    let theirs = StreamId::Accepted(7);
    let mut foreign = ping();
    foreign[4 + 4] ^= 1;
    let mut own = ping();
    own[SENDER].copy_from_slice(&id_of(0).to_bytes());
    quidnunc_core::fit_checksum(&mut own[4..]);
    let mut damaged = ping();
    damaged[30] ^= 1;
    let length = |len| Rejected::Stream(StreamError::Length { len, most: 2000 });
    let unknown = |id| Rejected::Stream(StreamError::Unknown { id });
    let cases: [(&str, Vec<u8>, Option<Rejected>); 9] = [
        ("an empty message", vec![0; 4], Some(length(0))),
        ("an oversize message", vec![0xd1, 7, 0, 0], Some(length(2001))),
        ("the largest length", vec![0xff; 9], Some(length(u32::MAX as usize))),
        ("garbage of a length that can be", message(&[9; 40]), None),
        ("a datagram that is cut", message(&ping()[4..40]), None),
        ("a damaged datagram", damaged, None),
        ("another cluster", foreign, None),
        ("our own identity", own, Some(Rejected::FromSelf)),
        ("a good ping and garbage behind it", [ping(), vec![0xff; 4]].concat(), Some(length(u32::MAX as usize))),
    ];
    for (what, bytes, why) in cases {
        let mut node = alone();
        let now = Instant::from_nanos(1);
        node.handle(now, Input::StreamOpened { id: theirs }).expect("there is room");
        let refused = node.handle(now, Input::StreamBytes { id: theirs, bytes: &bytes }).expect_err(what);
        match why {
            Some(why) => assert_eq!(refused, why, "{what}"),
            None => assert!(matches!(refused, Rejected::Datagram(_)), "{what}: {refused}"),
        }
        let again = node.handle(now, Input::StreamBytes { id: theirs, bytes: &ping() });
        assert_eq!(again, Err(unknown(theirs)), "{what}: the stream is over");
        assert_eq!(node.view().stats().streams_refused, 2, "{what}");
        assert_eq!((node.poll_stream_request(), node.poll_stream(now, theirs, &mut [0; 9])), (None, 0), "{what}");
        node.check();
    }
}

#[test]
fn what_cannot_be_changes_nothing() {
    let (mut node, now) = (alone(), Instant::from_nanos(1));
    let mine = StreamId::Opened(0);
    let most = StreamError::TooMany { most: 4 };
    let mut refused = 0;
    let mut expect = |node: &mut Node, input: Input<'_>, why: StreamError| {
        refused += 1;
        assert_eq!(node.handle(now, input), Err(why.into()), "{input:?}");
        assert_eq!(node.view().stats().streams_refused, refused);
        node.check();
    };
    for id in [mine, StreamId::Opened(u64::MAX), StreamId::Accepted(0), StreamId::Accepted(u64::MAX)] {
        expect(&mut node, Input::StreamBytes { id, bytes: &ping() }, StreamError::Unknown { id });
        expect(&mut node, Input::StreamClosed { id }, StreamError::Unknown { id });
    }
    expect(&mut node, Input::StreamOpened { id: mine }, StreamError::Unknown { id: mine });
    for number in 0..4 {
        node.handle(now, Input::StreamOpened { id: StreamId::Accepted(number) }).expect("there is room");
    }
    let (twice, five) = (StreamId::Accepted(3), StreamId::Accepted(5));
    expect(&mut node, Input::StreamOpened { id: twice }, StreamError::Twice { id: twice });
    node.handle(now, Input::StreamBytes { id: twice, bytes: &ping() }).expect("the earlier one goes on");
    assert_eq!(node.poll_stream_request(), Some(StreamRequest::Write { id: twice }), "and is answered");
    expect(&mut node, Input::StreamOpened { id: five }, most);
    node.handle(now, Input::StreamClosed { id: twice }).expect("it is open");
    node.handle(now, Input::StreamOpened { id: five }).expect("there is room again");
    let mut silent = Node::new(Config::lan(), identity_of(&node), 1, now, None).expect("valid");
    let none = StreamError::TooMany { most: 0 };
    assert_eq!(silent.handle(now, Input::StreamOpened { id: five }), Err(none.into()), "no streams are offered");
}

fn identity_of(node: &Node) -> Identity {
    Identity { id: node.view().id(), boot: 1000, addr: addr_of(0), domain: Domain::NONE }
}

/// Whoever sends a byte now and then holds a place for no longer than whoever sends none.
#[test]
fn half_a_message_does_not_last() {
    for bytes in [&[][..], &[100], &[100, 0, 0, 0, 1, 2, 3, 4, 5], &ping()] {
        let (mut node, id) = (alone(), StreamId::Accepted(1));
        node.handle(Instant::from_nanos(0), Input::StreamOpened { id }).expect("there is room");
        let mut rest = bytes.iter();
        for tenth in 1..100 {
            let now = Instant::from_nanos(tenth * 100_000_000);
            node.handle(now, Input::Timeout).expect("never refused");
            if tenth % 5 == 0
                && let Some(byte) = rest.next()
            {
                node.handle(now, Input::StreamBytes { id, bytes: &[*byte] }).expect("a byte of a message");
            }
            assert_eq!(node.poll_stream_request(), None, "after {tenth} tenths of a second");
            node.check();
        }
        node.handle(Instant::from_nanos(10_000_000_000), Input::Timeout).expect("never refused");
        assert_eq!(node.poll_stream_request(), Some(StreamRequest::Close { id }));
        assert_eq!(node.view().stats().streams_expired, 1);
    }
}

#[test]
fn pings_that_are_not_waited_for_are_dropped_and_counted() {
    let (mut node, id, now) = (alone(), StreamId::Accepted(1), Instant::from_nanos(5));
    node.handle(now, Input::StreamOpened { id }).expect("there is room");
    node.handle(now, Input::StreamBytes { id, bytes: &ping().repeat(3) }).expect("three pings");
    assert_eq!(node.view().stats().intents_dropped, 2, "one answer waits at a time");
    assert_eq!(node.poll_stream_request(), Some(StreamRequest::Write { id }));
    assert_eq!(node.poll_stream_request(), None);
    let mut answer = Vec::new();
    let mut buffer = [0; 7];
    loop {
        let len = node.poll_stream(now, id, &mut buffer);
        node.check();
        if len == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..len]);
    }
    assert_eq!(answer[..4], u32::try_from(answer.len() - 4).expect("short").to_le_bytes());
    assert_eq!(node.view().stats().stream_bytes_sent, answer.len() as u64);
}

/// Anything that a driver may say of streams.
#[derive(Debug, Clone)]
enum Say {
    Opened(StreamId),
    Bytes(StreamId, Vec<u8>),
    Closed(StreamId),
    Request,
    Poll(StreamId, usize),
    Pass(u16),
}

fn any_id() -> impl Strategy<Value = StreamId> {
    prop_oneof![(0..8_u64).prop_map(StreamId::Opened), (0..8_u64).prop_map(StreamId::Accepted)]
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let ping = ping();
    let whole = ping.clone();
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| message(&bytes)),
        (0..ping.len(), any::<u8>()).prop_map(move |(place, xor)| {
            let mut changed = ping.clone();
            changed[place] ^= xor;
            quidnunc_core::fit_checksum(&mut changed[4..]);
            changed
        }),
        (0..whole.len(), 1..4_usize).prop_map(move |(cut, times)| whole[cut..].repeat(times)),
    ]
}

fn any_say() -> impl Strategy<Value = Say> {
    prop_oneof![
        3 => any_id().prop_map(Say::Opened),
        4 => (any_id(), any_bytes()).prop_map(|(id, bytes)| Say::Bytes(id, bytes)),
        1 => any_id().prop_map(Say::Closed),
        3 => Just(Say::Request),
        2 => (any_id(), 0..300_usize).prop_map(|(id, len)| Say::Poll(id, len)),
        2 => any::<u16>().prop_map(Say::Pass),
    ]
}

proptest! {
    #![proptest_config(cases::one_in(1))]

    /// The bounds themselves are asserted by the node's own check.
    #[test]
    fn whatever_is_said_of_streams_does_no_harm(says in prop::collection::vec(any_say(), 1..120), seed: u64) {
        let mut world = World::met(3, streams(), seed % 4);
        world.deaf.insert(0);
        world.run(2 * SECOND);
        let (mut node, mut now) = (world.node(0).clone(), world.instant());
        for say in says {
            match say {
                Say::Opened(id) => drop(node.handle(now, Input::StreamOpened { id })),
                Say::Bytes(id, bytes) => drop(node.handle(now, Input::StreamBytes { id, bytes: &bytes })),
                Say::Closed(id) => drop(node.handle(now, Input::StreamClosed { id })),
                Say::Request => drop(node.poll_stream_request()),
                Say::Poll(id, len) => prop_assert!(node.poll_stream(now, id, &mut vec![0; len]) <= len),
                Say::Pass(millis) => {
                    now = now.after(Duration::from_millis(millis.into()));
                    node.handle(now, Input::Timeout).expect("never refused");
                }
            }
            node.check();
            prop_assert!(node.poll_timeout().is_some_and(|wakeup| wakeup.at > now), "no deadline in the past");
        }
        let requests = std::iter::from_fn(|| node.poll_stream_request()).take(100).count();
        prop_assert!(requests <= 16, "each stream is opened, written to and closed at most");
        while node.poll_event().is_some() {}
    }
}
