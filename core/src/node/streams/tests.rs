//! What is asked of a driver, in which order and until when; and who is heard over streams only.

use core::time::Duration;

use super::*;

const LIMITS: StreamLimits = StreamLimits { most: 2, idle: Duration::from_secs(1), message_bytes_max: 512 };

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn ping() -> (SocketAddr, Says) {
    let says = Says::Ping { target: NodeId::from_u128(7), nonce: Nonce([7; 8]) };
    (SocketAddr::from(([10, 0, 0, 1], 7946)), says)
}

#[test]
fn each_request_comes_once_and_in_order() {
    let (mut streams, (to, says)) = (Streams::new(Some(LIMITS)), ping());
    let wished = [500, 600, 700].map(|end| streams.wish(to, says, at(end)));
    let [first, second] = [0, 1].map(StreamId::Opened);
    assert_eq!(wished, [Some(first), Some(second), None], "two at once");
    assert_eq!(streams.next_request(), Some(StreamRequest::Open { id: first, to }));
    assert_eq!(streams.next_request(), Some(StreamRequest::Open { id: second, to }));
    assert_eq!((streams.next_request(), streams.has_request()), (None, false));
    assert!(streams.open(second).is_none(), "it is not there yet");
    assert_eq!(streams.on_opened(second, at(0)), Ok(()));
    assert_eq!(streams.next_request(), Some(StreamRequest::Write { id: second }));
    assert_eq!(streams.next_request(), None, "said once");
    streams.end(second);
    assert_eq!(streams.next_request(), Some(StreamRequest::Close { id: second }));
    assert!(streams.wish(to, says, at(500)).is_some(), "there is room again");
    assert_eq!(streams.next_request(), Some(StreamRequest::Open { id: StreamId::Opened(2), to }), "no number twice");
    streams.check();
}

#[test]
fn what_is_silent_ends_and_what_was_never_asked_for_is_not_closed() {
    let (mut streams, (to, says)) = (Streams::new(Some(LIMITS)), ping());
    let (mine, theirs) = (StreamId::Opened(0), StreamId::Accepted(4));
    assert_eq!(streams.wish(to, says, at(500)), Some(mine));
    assert_eq!(streams.on_opened(theirs, at(400)), Ok(()));
    assert_eq!((streams.next_deadline(), streams.expire(at(399))), (at(400), None));
    assert_eq!([(); 3].map(|()| streams.expire(at(500))), [Some(theirs), Some(mine), None]);
    assert!(!streams.goes_on(theirs) && !streams.goes_on(mine));
    assert_eq!(streams.next_deadline(), Instant::NEVER);
    assert_eq!(streams.next_request(), Some(StreamRequest::Close { id: theirs }));
    assert_eq!(streams.next_request(), None);
}

#[test]
fn nobody_is_news_twice_in_one_life() {
    let mut streams = Streams::new(Some(LIMITS));
    assert!((1..200).all(|row| streams.note_only(Slot(row), 1)));
    assert!((1..200).all(|row| !streams.note_only(Slot(row), 1)), "however many there are");
    assert!(streams.note_only(Slot(7), 2), "the next life is");
    assert_eq!((streams.only(Slot(7)), streams.only(Slot(200))), (Some(2), None));
    assert!(streams.keep_only(|slot| slot.0 < 3) && streams.only(Slot(7)).is_none());
    assert!(streams.end_only(Slot(1)) && !streams.end_only(Slot(2)), "nobody is left");
}
