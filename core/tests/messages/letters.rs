//! Each letter is answered for: it comes, or its sender hears why not.

use std::time::Duration;

use quidnunc_core::{
    Command, Config, Event, Health, Input, Instant, LETTERS_MAX, LETTERS_TO_ONE_MAX, LetterRejected, Node, NodeId,
    NotSent, Rejected, StreamId, StreamLimits, StreamRequest,
};

use super::harness::{World, addr_of, id_of};
use super::{LIMITS, MILLI, SECOND, config, drained, ends, outcomes, received, send, settled};

/// How often a peer's driver was asked to open a stream.
fn opened(world: &World, peer: usize) -> usize {
    let is_open = |request| matches!(request, StreamRequest::Open { .. });
    world.wires.requests.iter().filter(|&&(_, by, request)| by == peer && is_open(request)).count()
}

#[test]
fn a_letter_arrives_and_is_confirmed() {
    for piece in [1, 13, 4000] {
        let mut world = settled(2, config());
        world.wires.piece = piece;
        let start = world.now;
        send(&mut world, 0, 1, 7, b"what now?").expect("it is taken");
        world.run(SECOND);
        // The stream is there after a round trip.
        assert_eq!(
            received(&world, 1),
            [(start + 30 * MILLI, id_of(0), b"what now?".to_vec())],
            "in pieces of {piece}"
        );
        assert_eq!(ends(&world, 0), [(start + 40 * MILLI, 7, None)]);
        let close = StreamRequest::Close { id: StreamId::Opened(0) };
        assert_eq!(world.wires.requests.last(), Some(&(start + 40 * MILLI, 0, close)), "it is needed no more");
        assert!((0..2).all(|peer| world.node(peer).view().stats().streams_refused == 0));
    }
}

#[test]
fn letters_to_one_member_come_in_order_over_one_stream() {
    let mut world = settled(3, config());
    let most = LIMITS.letter_bytes_max();
    let letter = |number: u64| vec![number.to_le_bytes()[0]; usize::try_from(number).expect("few") * 97 % (most + 1)];
    for number in 0..60 {
        send(&mut world, 0, 1, number, &letter(number)).expect("there is room");
        send(&mut world, 0, 2, 100 + number, &letter(59 - number)).expect("there is room");
    }
    send(&mut world, 0, 1, 999, &vec![3; most]).expect("as long as may be");
    world.run(5 * SECOND);
    let got = |peer| -> Vec<Vec<u8>> { received(&world, peer).into_iter().map(|(_, _, bytes)| bytes).collect() };
    let expected: Vec<Vec<u8>> = (0..60).map(letter).collect();
    assert_eq!(got(2), expected.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(got(1), [&expected[..], &[vec![3; most]]].concat());
    let mut numbers = outcomes(&world, 0);
    assert!(numbers.iter().filter(|(number, _)| *number < 100).is_sorted(), "confirmed in order, too");
    numbers.sort_unstable();
    let all = (0..60).chain(100..160).chain([999]).map(|number| (number, None));
    assert_eq!(numbers, all.collect::<Vec<_>>());
    assert_eq!(opened(&world, 0), 2, "a stream for each of the two");
}

#[test]
fn what_cannot_be_sent_is_refused_and_leaves_no_trace() {
    let mut world = settled(5, config());
    world.kill(3);
    world.command(4, Command::Leave).expect("a member may leave");
    world.run(60 * SECOND);
    send(&mut world, 0, 1, 5, b"waits").expect("it is taken");
    world.log.clear();
    let most = LIMITS.letter_bytes_max();
    let (dead, left) = (Health::Dead, Health::Left);
    let nobody = NodeId::from_u128(999);
    let cases: [(NodeId, u64, usize, Rejected); 7] = [
        (id_of(1), 1, most + 1, LetterRejected::TooLong { len: most + 1, most }.into()),
        (id_of(1), 5, 1, LetterRejected::Number { number: 5 }.into()),
        (id_of(2), 5, 1, LetterRejected::Number { number: 5 }.into()),
        (id_of(0), 1, 1, Rejected::ToSelf),
        (nobody, 1, 1, Rejected::NoSuchMember { id: nobody }),
        (id_of(3), 1, 1, Rejected::NotLive { id: id_of(3), health: dead }),
        (id_of(4), 1, 1, Rejected::NotLive { id: id_of(4), health: left }),
    ];
    for (to, number, len, why) in cases {
        let before = format!("{:?}", world.node(0));
        let bytes = vec![0; len];
        let mut node = world.node(0).clone();
        let command = Command::Send { to, number, bytes: &bytes };
        assert_eq!(node.handle(world.instant(), Input::Command(command)), Err(why));
        assert!(format!("{node:?}") == before, "{why}: nothing has changed");
    }
    let mut without = settled(2, Config::lan());
    assert_eq!(send(&mut without, 0, 1, 1, b"x"), Err(LetterRejected::NoStreams.into()));
}

#[test]
fn what_waits_for_a_stream_that_cannot_be_opened_is_not_sent() {
    let mut world = settled(3, config());
    world.wires.closed.insert(0);
    (1..4).for_each(|number| send(&mut world, 0, 1, number, b"x").expect("it is taken"));
    world.run(SECOND);
    assert_eq!(outcomes(&world, 0), [1, 2, 3].map(|number| (number, Some(NotSent::NoStream))));
    assert_eq!((received(&world, 1), opened(&world, 0)), (vec![], 1));
    world.wires.closed.clear();
    send(&mut world, 0, 1, 4, b"y").expect("it is taken");
    world.run(SECOND);
    assert_eq!(outcomes(&world, 0)[3..], [(4, None)], "the next one has a stream of its own");
}

#[test]
fn a_receiver_that_dies_has_a_beginning_of_what_was_sent() {
    for millis in [5, 15, 25, 35, 45, 55, 65, 75, 250] {
        let mut world = settled(3, config());
        (0..10).for_each(|number| send(&mut world, 0, 1, number, &[b'0' + number.to_le_bytes()[0]]).expect("taken"));
        world.run(millis * MILLI);
        world.kill(1);
        world.run(60 * SECOND);
        let got = received(&world, 1).len();
        let sent = ends(&world, 0).iter().filter(|(_, _, why)| why.is_none()).count();
        assert!(sent == got || sent + 1 == got, "the last one may not have been confirmed: {sent} of {got}");
        // The stream reaches the receiver after ten milliseconds.
        let broken = if millis < 10 { NotSent::NoStream } else { NotSent::Broken };
        let why = |number: usize| (number >= sent).then_some(broken);
        let expected: Vec<_> = (0..10).map(|number| (number as u64, why(number))).collect();
        assert_eq!(outcomes(&world, 0), expected, "after {millis} ms each is answered for once");
    }
}

/// A node that knows one other, and the time.
fn lone_sender(idle: Duration) -> (Node, Instant) {
    let world = settled(2, Config { streams: Some(StreamLimits { idle, ..LIMITS }), ..Config::lan() });
    (world.node(0).clone(), world.instant())
}

fn give(node: &mut Node, now: Instant, number: u64) -> Result<(), Rejected> {
    node.handle(now, Input::Command(Command::Send { to: id_of(1), number, bytes: b"x" }))
}

/// Hands in timeouts when they are wanted, until then; whatever is sent is lost.
fn pass(node: &mut Node, until: Instant) {
    while let Some(wakeup) = node.poll_timeout().filter(|wakeup| wakeup.at <= until) {
        node.handle(wakeup.at, Input::Timeout).expect("never refused");
        node.check();
        while node.poll_transmit(wakeup.at, &mut [0; 1232]).is_some() {}
    }
}

#[test]
fn without_an_answer_the_time_is_over_and_a_freeze_is_no_time() {
    for opens in [false, true] {
        let (mut node, now) = lone_sender(SECOND);
        give(&mut node, now, 1).expect("it is taken");
        let Some(StreamRequest::Open { id, to }) = node.poll_stream_request() else { panic!("a stream is wanted") };
        assert_eq!(to, addr_of(1));
        if opens {
            node.handle(now, Input::StreamOpened { id }).expect("it was asked for");
            assert_eq!(node.poll_stream_request(), Some(StreamRequest::Write { id }));
            assert!(node.poll_stream(now, id, &mut [0; 2000]) > 0);
        }
        pass(&mut node, now.after(999 * MILLI));
        assert!(!drained(&mut node).iter().any(|event| matches!(event, Event::NotSent { .. })), "not yet");
        // The process stands still for a minute.
        let later = now.after(61 * SECOND);
        node.handle(later, Input::Timeout).expect("never refused");
        assert!(!drained(&mut node).iter().any(|event| matches!(event, Event::NotSent { .. })), "that was no time");
        pass(&mut node, later.after(SECOND));
        let ended = Event::NotSent { number: 1, why: NotSent::TimeOver };
        assert!(drained(&mut node).contains(&ended), "whether it was opened ({opens}) or not");
        assert_eq!(node.poll_stream_request(), Some(StreamRequest::Close { id }));
    }
}

#[test]
fn whoever_is_gone_or_lives_anew_gets_no_letters_of_before() {
    let mut world =
        settled(3, Config { streams: Some(StreamLimits { idle: 100 * SECOND, ..LIMITS }), ..Config::lan() });
    world.peers[1].side = 1;
    send(&mut world, 0, 1, 1, b"x").expect("it is taken");
    world.run(60 * SECOND);
    assert_eq!((outcomes(&world, 0), world.belief(0, 1)), (vec![(1, Some(NotSent::Gone))], Some(Health::Dead)));
    world.peers[1].side = 0;
    world.run(60 * SECOND);
    // The new life refuses the letter before anybody knows of it, or the sender hears of it before the stream is there.
    for (wires, why) in [(10 * MILLI, NotSent::Broken), (SECOND, NotSent::NewLife)] {
        let mut world = world.clone();
        world.wires.delay = wires;
        send(&mut world, 0, 1, 2, b"for the life that is over").expect("it lives again");
        world.restart(1);
        world.command(1, Command::Join { seeds: &[addr_of(2)] }).expect("a join is taken");
        world.run(60 * SECOND);
        assert_eq!((outcomes(&world, 0)[1..].to_vec(), received(&world, 1)), (vec![(2, Some(why))], vec![]));
        send(&mut world, 0, 1, 3, b"hello again").expect("it lives again");
        world.run(10 * SECOND);
        assert_eq!((outcomes(&world, 0)[2..].to_vec(), received(&world, 1).len()), (vec![(3, None)], 1));
    }
}

#[test]
fn whoever_leaves_answers_for_all_that_waits() {
    let mut world = settled(4, config());
    (0..6).for_each(|number| send(&mut world, 0, 1 + usize::from(number > 3), number, b"x").expect("it is taken"));
    world.command(0, Command::Leave).expect("a member may leave");
    let mut outcomes = outcomes(&world, 0);
    outcomes.sort_unstable();
    assert_eq!(outcomes, (0..6).map(|number| (number, Some(NotSent::Left))).collect::<Vec<_>>());
    assert_eq!(send(&mut world, 0, 1, 9, b"x"), Err(Rejected::HasLeft));
    world.run(10 * SECOND);
    assert_eq!(ends(&world, 0).len(), 6, "and for nothing twice");
}

#[test]
fn what_waits_is_bounded_until_the_application_has_heard_of_it() {
    let mut world = settled(6, Config { intents_max: 4096, ..config() });
    let (mut node, now) = (world.node(0).clone(), world.instant());
    let give = |node: &mut Node, to: usize, number: u64| {
        node.handle(now, Input::Command(Command::Send { to: id_of(to), number, bytes: b"x" }))
    };
    let (one, all) = (LETTERS_TO_ONE_MAX as u64, LETTERS_MAX as u64);
    for number in 0..all {
        let to = 1 + usize::try_from(number / one).expect("few");
        assert_eq!(give(&mut node, to, number), Ok(()));
    }
    assert_eq!(give(&mut node, 5, all), Err(LetterRejected::TooMany.into()));
    node.check();
    // Two of the four streams are for letters.
    let asked: Vec<_> = std::iter::from_fn(|| node.poll_stream_request()).collect();
    let open = |number, to| StreamRequest::Open { id: StreamId::Opened(number), to: addr_of(to) };
    assert_eq!(asked, [open(0, 1), open(1, 2)]);
    node.handle(now, Input::StreamClosed { id: StreamId::Opened(0) }).expect("it was asked for");
    assert_eq!(node.poll_stream_request(), Some(open(2, 3)), "the next one has the place");
    assert_eq!(give(&mut node, 5, all), Err(LetterRejected::TooMany.into()), "nobody has heard how they ended");
    assert_eq!(drained(&mut node).len(), LETTERS_TO_ONE_MAX);
    for number in 0..one {
        assert_eq!(give(&mut node, 2, all), Err(LetterRejected::TooManyToOne { to: id_of(2) }.into()));
        assert_eq!(give(&mut node, 5, 1000 + number), Ok(()));
    }
    node.check();
    world.peers[0].node = node;
    world.run(60 * SECOND);
    assert_eq!(outcomes(&world, 0).len(), LETTERS_MAX, "each is answered for");
}

/// However much else the application has not taken: how its letters and pings end has a place.
#[test]
fn no_other_event_takes_the_place_of_an_end() {
    let world = settled(2, Config { events_max: 1, ..config() });
    let (mut node, now) = (world.node(0).clone(), world.instant());
    (0..LETTERS_TO_ONE_MAX as u64).for_each(|number| give(&mut node, now, number).expect("there is room"));
    node.handle(now, Input::Command(Command::Ping { id: id_of(1) })).expect("there is room");
    // Each wait that nobody helps to end is an event.
    let mut later = now;
    for _ in 0..1000 {
        let wait = Command::PutAndWait { key: b"k", value: b"v", replicas: 9, domains: 0, timeout: MILLI };
        node.handle(later, Input::Command(wait)).expect("one wait at a time");
        later = later.after(MILLI);
        node.handle(later, Input::Timeout).expect("never refused");
    }
    node.handle(later, Input::Command(Command::Leave)).expect("a member may leave");
    let events = drained(&mut node);
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert!(matches!(events[0], Event::EventsLost { .. }), "it is too much");
    assert_eq!(count(|event| matches!(event, Event::NotSent { why: NotSent::Left, .. })), LETTERS_TO_ONE_MAX);
    assert_eq!(count(|event| matches!(event, Event::Pinged { rtt: None, .. })), 1);
}

/// With heartbeats nobody is told of a silence; for letters whoever is silent is gone all the same.
#[test]
fn whoever_is_silent_for_this_node_alone_gets_no_letters() {
    let streams = Some(StreamLimits { idle: 1000 * SECOND, ..LIMITS });
    let mut world = settled(3, Config { streams, ..Config::heartbeat() });
    world.peers[1].side = 1;
    send(&mut world, 0, 1, 1, b"x").expect("it is taken");
    let failed = world.node(0).view().failure_time().expect("there is a failure time");
    world.run(failed / 2);
    assert_eq!((outcomes(&world, 0), world.belief(0, 1)), (vec![], Some(Health::Alive)));
    world.run(failed);
    assert_eq!((outcomes(&world, 0), world.belief(0, 1)), (vec![(1, Some(NotSent::Gone))], Some(Health::Dead)));
    let not_live = Rejected::NotLive { id: id_of(1), health: Health::Dead };
    assert_eq!(send(&mut world, 0, 1, 2, b"x"), Err(not_live));
    world.peers[1].side = 0;
    world.run(60 * SECOND);
    send(&mut world, 0, 1, 3, b"x").expect("it is heard again");
    world.run(SECOND);
    assert_eq!(outcomes(&world, 0)[1..], [(3, None)]);
}
