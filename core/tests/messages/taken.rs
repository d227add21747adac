//! Which letters are taken, from whom, and how often?

use quidnunc_core::{
    Command, Config, Domain, Event, Identity, Input, Instant, LetterRefused, Node, Rejected, StreamError, StreamId,
    StreamRequest,
};

use super::harness::{World, addr_of, id_of};
use super::{SECOND, config, drained, send, settled};

/// The bytes of so many letters of the first of three peers to the second, which was as it is here before.
fn captured(count: u64) -> (World, Vec<Vec<u8>>) {
    let mut world = settled(3, config());
    let before = world.clone();
    world.wires.piece = 4000;
    world.wires.written.clear();
    (0..count).for_each(|number| send(&mut world, 0, 1, number, &number.to_le_bytes()).expect("it is taken"));
    world.run(SECOND);
    let letters = world.wires.written.into_iter().filter(|&(by, _, _)| by == 0).map(|(_, _, bytes)| bytes).collect();
    (before, letters)
}

/// Hands bytes in on a stream of their own. Returns what becomes of them and the events that come of it.
fn hear(node: &mut Node, now: Instant, number: u64, bytes: &[u8]) -> (Result<(), Rejected>, Vec<Event>) {
    let id = StreamId::Accepted(number);
    node.handle(now, Input::StreamOpened { id }).expect("there is room");
    let result = node.handle(now, Input::StreamBytes { id, bytes });
    node.check();
    (result, drained(node))
}

fn message(number: u64) -> Event {
    Event::Message { from: id_of(0), bytes: number.to_le_bytes().into() }
}

fn refused(why: LetterRefused) -> (Result<(), Rejected>, Vec<Event>) {
    (Err(StreamError::from(why).into()), vec![])
}

#[test]
fn a_letter_is_delivered_once_and_never_after_a_later_one() {
    let (world, letters) = captured(3);
    assert_eq!(letters.len(), 3);
    let (node, now) = (&mut world.node(1).clone(), world.instant());
    assert_eq!(hear(node, now, 1, &letters[0]), (Ok(()), vec![message(0)]));
    assert_eq!(hear(node, now, 2, &letters[0]), (Ok(()), vec![]), "the same on another stream");
    for id in [1, 2].map(StreamId::Accepted) {
        assert_eq!(node.poll_stream_request(), Some(StreamRequest::Write { id }), "it is confirmed on both");
    }
    let again = node.handle(now, Input::StreamBytes { id: StreamId::Accepted(2), bytes: &letters[1] });
    assert_eq!(again, Err(StreamError::from(LetterRefused::OutOfTurn).into()), "the ack has not left");
    assert_eq!(hear(node, now, 3, &letters[2]), (Ok(()), vec![message(2)]), "one was lost");
    assert_eq!(hear(node, now, 4, &letters[1]), refused(LetterRefused::OutOfTurn), "late over another stream");
    assert_eq!(hear(node, now, 5, &letters.concat()), refused(LetterRefused::OutOfTurn));
}

#[test]
fn letters_of_strangers_and_for_others_are_none() {
    let (mut world, letters) = captured(1);
    let now = world.instant();
    assert_eq!(hear(&mut world.node(2).clone(), now, 1, &letters[0]), refused(LetterRefused::NotMine));
    let identity = |boot| Identity { id: id_of(1), boot, addr: addr_of(1), domain: Domain::NONE };
    let alone = |boot| Node::new(config(), identity(boot), 1, now, None).expect("valid");
    assert_eq!(hear(&mut alone(1000), now, 1, &letters[0]), refused(LetterRefused::Stranger));
    assert_eq!(hear(&mut alone(1001), now, 1, &letters[0]), refused(LetterRefused::NotMine), "for an earlier life");
    let mut leaving = world.node(1).clone();
    leaving.handle(now, Input::Command(Command::Leave)).expect("a member may leave");
    drained(&mut leaving);
    assert_eq!(hear(&mut leaving, now, 1, &letters[0]), refused(LetterRefused::Leaving));
    world.restart(0);
    world.command(0, Command::Join { seeds: &[addr_of(2)] }).expect("a join is taken");
    world.run(10 * SECOND);
    let (mut node, now) = (world.node(1).clone(), world.instant());
    assert_eq!(hear(&mut node, now, 1, &letters[0]), refused(LetterRefused::Stranger), "of an earlier life");
    world.kill(0);
    world.run(60 * SECOND);
    let (mut node, now) = (world.node(1).clone(), world.instant());
    assert_eq!(hear(&mut node, now, 1, &letters[0]), refused(LetterRefused::Stranger), "of somebody dead");
}

/// To an earlier release a letter is a body that it does not know, as one of a later release is to this one.
#[test]
fn whoever_knows_no_letters_ends_the_stream_without_harm() {
    let (world, letters) = captured(1);
    let mut unknown = letters[0].clone();
    // Behind the length, the frame, and the sender with its kind and length.
    let body = 4 + 12 + 2 + usize::from(unknown[4 + 12 + 1]);
    assert_eq!(unknown[body], 0x25);
    unknown[body] = 0x26;
    quidnunc_core::fit_checksum(&mut unknown[4..]);
    let (mut node, now) = (world.node(1).clone(), world.instant());
    assert_eq!(hear(&mut node, now, 1, &unknown), (Err(StreamError::Kind.into()), vec![]));
    assert_eq!(node.poll_stream_request(), None, "the driver closes it");
    assert_eq!(node.view().live(), 3);
}

#[test]
fn a_letter_for_which_the_application_has_no_room_is_not_taken() {
    let mut world = settled(2, Config { events_max: 16, ..config() });
    world.wires.piece = 4000;
    world.wires.written.clear();
    let (mut node, now) = (world.node(1).clone(), world.instant());
    (0..20).for_each(|number| send(&mut world, 0, 1, number, &number.to_le_bytes()).expect("it is taken"));
    world.run(SECOND);
    let letters: Vec<_> =
        world.wires.written.iter().filter(|written| written.0 == 0).map(|written| &written.2).collect();
    let id = StreamId::Accepted(1);
    let say = |node: &mut Node, place: usize| {
        let _ = node.handle(now, Input::StreamOpened { id });
        let result = node.handle(now, Input::StreamBytes { id, bytes: letters[place] });
        node.poll_stream(now, id, &mut [0; 2000]);
        node.check();
        result
    };
    (0..16).for_each(|place| assert_eq!(say(&mut node, place), Ok(())));
    let no_room = Err(StreamError::from(LetterRefused::NoRoom).into());
    assert_eq!(say(&mut node, 16), no_room);
    assert_eq!(node.poll_event(), Some(message(0)));
    assert_eq!(say(&mut node, 17), Ok(()), "there is room again");
    assert_eq!(say(&mut node, 18), no_room);
    let got: Vec<_> = (1..16).chain([17]).map(message).collect();
    assert_eq!(drained(&mut node), got, "what was confirmed is there");
}
