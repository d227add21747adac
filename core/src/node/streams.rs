//! Which streams are there, what is to be said on them, and who is heard in no other way?
//!
//! ```text
//! wished ── Open taken ── opening ── StreamOpened ── open ── answered, or too long silent ── over ── Close taken
//! StreamOpened of an accepted one ───────────────────┘          StreamClosed at any time: gone
//! ```
//!
//! Invariant: no more streams than the limits say, each with at most one message coming in and one going out. What
//! is to be said is a wish, which becomes bytes when the driver can send them. This file asks nobody about
//! members and sends nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::config::StreamLimits;
use crate::vocab::{Instant, NodeId, Nonce, Slot};
use crate::wire::MessageReader;

use super::io::{StreamError, StreamId, StreamRequest};

/// One stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    id: StreamId,
    phase: Phase,
    /// What is to be said next.
    pub(super) says: Option<Says>,
    /// What was asked, on a stream of our own.
    pub(super) asked: Option<Nonce>,
    reader: MessageReader,
    /// The rest of a message that is being sent.
    pub(super) rest: Vec<u8>,
    /// Whether the driver was told that there is something to send.
    told: bool,
    until: Instant,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// To be opened.
    Wished {
        to: SocketAddr,
    },
    /// The driver opens it.
    Opening,
    Open,
    /// To be ended by the driver.
    Over,
}

/// Something to be said on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Are you there?
    Ping { target: NodeId, nonce: Nonce },
    /// I am, and this is what you should hear of somebody, first of all of yourself.
    Ack { nonce: Nonce, about: Option<Slot> },
}

/// All streams of a node.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    limits: Option<StreamLimits>,
    /// In the order in which they came.
    all: Vec<Stream>,
    /// The number of the next stream that is opened.
    next: u64,
    /// Who is heard over streams only, and in which boot: members that live, so that there are no more of them.
    only: BTreeMap<Slot, u64>,
}

impl Streams {
    pub(super) const fn new(limits: Option<StreamLimits>) -> Self {
        Self { limits, all: Vec::new(), next: 0, only: BTreeMap::new() }
    }

    /// What streams may cost; `None` when there are none.
    pub(super) const fn limits(&self) -> Option<StreamLimits> {
        self.limits
    }

    fn most(&self) -> u32 {
        self.limits.map_or(0, |limits| limits.most)
    }

    fn has_room(&self, opened: bool) -> bool {
        let same = |stream: &&Stream| matches!(stream.id, StreamId::Opened(_)) == opened;
        self.all.iter().filter(same).count() < self.most() as usize
    }

    /// An open stream.
    pub(super) fn open(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.all.iter_mut().find(|stream| stream.id == id && stream.phase == Phase::Open)
    }

    /// Wishes for a stream on which something is said first. Returns whether there is room.
    #[must_use]
    pub(super) fn wish(&mut self, to: SocketAddr, says: Says, until: Instant) -> bool {
        if !self.has_room(true) {
            return false;
        }
        let id = StreamId::Opened(self.next);
        self.next += 1;
        self.all.push(Stream { says: Some(says), ..Stream::new(id, Phase::Wished { to }, until) });
        true
    }

    /// A stream is there.
    pub(super) fn on_opened(&mut self, id: StreamId, until: Instant) -> Result<(), StreamError> {
        if let Some(stream) = self.all.iter_mut().find(|stream| stream.id == id) {
            return match stream.phase {
                Phase::Opening => {
                    stream.phase = Phase::Open;
                    Ok(())
                }
                Phase::Open => Err(StreamError::Twice { id }),
                Phase::Wished { .. } | Phase::Over => Err(StreamError::Unknown { id }),
            };
        }
        match id {
            StreamId::Opened(_) => Err(StreamError::Unknown { id }),
            StreamId::Accepted(_) if !self.has_room(false) => Err(StreamError::TooMany { most: self.most() }),
            StreamId::Accepted(_) => {
                self.all.push(Stream::new(id, Phase::Open, until));
                Ok(())
            }
        }
    }

    /// Reads bytes up to the end of a message. A whole one gives the stream time until `until`.
    pub(super) fn read(
        &mut self,
        id: StreamId,
        bytes: &mut &[u8],
        until: Instant,
    ) -> Result<Option<Vec<u8>>, StreamError> {
        let most = self.limits.map_or(0, |limits| limits.message_bytes_max);
        let stream = self.open(id).ok_or(StreamError::Unknown { id })?;
        let message = stream.reader.next(bytes, most).map_err(|len| StreamError::Length { len, most })?;
        if message.is_some() && matches!(id, StreamId::Accepted(_)) {
            stream.until = until;
        }
        Ok(message)
    }

    /// Forgets a stream. Returns whether there was one.
    pub(super) fn forget(&mut self, id: StreamId) -> bool {
        let place = self.all.iter().position(|stream| stream.id == id);
        place.map(|place| self.all.remove(place)).is_some()
    }

    /// Has a stream ended by the driver.
    pub(super) fn end(&mut self, id: StreamId) {
        if let Some(stream) = self.all.iter_mut().find(|stream| stream.id == id) {
            stream.end();
        }
    }

    /// Has all of them ended.
    pub(super) fn end_all(&mut self) {
        self.all.retain(|stream| !matches!(stream.phase, Phase::Wished { .. }));
        self.all.iter_mut().for_each(Stream::end);
    }

    /// Ends what has been silent for too long. Returns how many those are.
    pub(super) fn expire(&mut self, now: Instant) -> u64 {
        let is_due = |stream: &Stream| stream.until <= now && stream.phase != Phase::Over;
        let count = self.all.iter().filter(|stream| is_due(stream)).count();
        // Of what the driver was never asked to open it need not hear.
        self.all.retain(|stream| !(is_due(stream) && matches!(stream.phase, Phase::Wished { .. })));
        self.all.iter_mut().filter(|stream| is_due(stream)).for_each(Stream::end);
        count as u64
    }

    /// When the next stream has been silent for too long.
    pub(super) fn next_deadline(&self) -> Instant {
        let waiting = self.all.iter().filter(|stream| stream.phase != Phase::Over);
        waiting.map(|stream| stream.until).min().unwrap_or(Instant::NEVER)
    }

    pub(super) fn has_request(&self) -> bool {
        self.all.iter().any(Stream::has_request)
    }

    /// The next thing that the driver is asked to do, in the order of the streams.
    pub(super) fn next_request(&mut self) -> Option<StreamRequest> {
        let place = self.all.iter().position(Stream::has_request)?;
        let stream = self.all.get_mut(place)?;
        let id = stream.id;
        match stream.phase {
            Phase::Wished { to } => {
                stream.phase = Phase::Opening;
                Some(StreamRequest::Open { id, to })
            }
            Phase::Opening | Phase::Open => {
                stream.told = true;
                Some(StreamRequest::Write { id })
            }
            Phase::Over => {
                self.all.remove(place);
                Some(StreamRequest::Close { id })
            }
        }
    }

    /// A member was heard over a stream only, in this boot. Returns whether that is news.
    pub(super) fn note_only(&mut self, slot: Slot, boot: u64) -> bool {
        self.only.insert(slot, boot) != Some(boot)
    }

    /// A datagram brought an answer of a member, or its life is over. Returns whether others are left who are heard over
    /// streams only.
    pub(super) fn end_only(&mut self, slot: Slot) -> bool {
        self.only.remove(&slot);
        !self.only.is_empty()
    }

    /// Forgets all but these who are heard over streams only. Returns whether any are left.
    pub(super) fn keep_only(&mut self, wanted: impl Fn(Slot) -> bool) -> bool {
        self.only.retain(|&slot, _| wanted(slot));
        !self.only.is_empty()
    }

    /// In which boot a member is heard over streams only, if it is.
    pub(super) fn only(&self, slot: Slot) -> Option<u64> {
        self.only.get(&slot).copied()
    }

    /// Asserts that nothing exceeds its limits.
    pub(super) fn check(&self) {
        let (most, message) = self.limits.map_or((0, 0), |limits| (limits.most, limits.message_bytes_max));
        let opened = self.all.iter().filter(|stream| matches!(stream.id, StreamId::Opened(_))).count();
        let accepted = self.all.len() - opened;
        assert!(opened.max(accepted) <= most as usize, "{opened} and {accepted} streams, {most} each are allowed");
        for stream in &self.all {
            let held = stream.reader.held().max(stream.rest.len());
            assert!(held <= message + crate::wire::MESSAGE_HEAD_BYTES, "one message at most waits on {:?}", stream.id);
        }
    }
}

impl Stream {
    const fn new(id: StreamId, phase: Phase, until: Instant) -> Self {
        let reader = MessageReader::new();
        Self { id, phase, says: None, asked: None, reader, rest: Vec::new(), told: false, until }
    }

    const fn has_request(&self) -> bool {
        match self.phase {
            Phase::Wished { .. } | Phase::Over => true,
            Phase::Opening => false,
            Phase::Open => self.says.is_some() && !self.told,
        }
    }

    /// Moves as much of what waits as fits, and says how much that was.
    pub(super) fn write(&mut self, buffer: &mut [u8]) -> usize {
        let len = self.rest.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(self.rest.drain(..len)) {
            *place = byte;
        }
        self.told = !self.rest.is_empty();
        len
    }

    fn end(&mut self) {
        (self.phase, self.says) = (Phase::Over, None);
        (self.rest, self.reader) = (Vec::new(), MessageReader::new());
    }
}

#[cfg(test)]
mod tests {
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
        assert!(streams.wish(to, says, at(500)) && streams.wish(to, says, at(600)));
        assert!(!streams.wish(to, says, at(700)), "two at once");
        let [first, second] = [0, 1].map(StreamId::Opened);
        assert_eq!(streams.next_request(), Some(StreamRequest::Open { id: first, to }));
        assert_eq!(streams.next_request(), Some(StreamRequest::Open { id: second, to }));
        assert_eq!((streams.next_request(), streams.has_request()), (None, false));
        assert!(streams.open(second).is_none(), "it is not there yet");
        assert_eq!(streams.on_opened(second, at(0)), Ok(()));
        assert_eq!(streams.next_request(), Some(StreamRequest::Write { id: second }));
        assert_eq!(streams.next_request(), None, "said once");
        streams.end(second);
        assert_eq!(streams.next_request(), Some(StreamRequest::Close { id: second }));
        assert!(streams.wish(to, says, at(500)), "there is room again");
        assert_eq!(
            streams.next_request(),
            Some(StreamRequest::Open { id: StreamId::Opened(2), to }),
            "no number twice"
        );
        streams.check();
    }

    #[test]
    fn what_is_silent_ends_and_what_was_never_asked_for_is_not_closed() {
        let (mut streams, (to, says)) = (Streams::new(Some(LIMITS)), ping());
        assert!(streams.wish(to, says, at(500)));
        assert_eq!(streams.on_opened(StreamId::Accepted(4), at(400)), Ok(()));
        assert_eq!((streams.next_deadline(), streams.expire(at(399))), (at(400), 0));
        assert_eq!(streams.expire(at(500)), 2);
        assert_eq!(streams.next_deadline(), Instant::NEVER);
        assert_eq!(streams.next_request(), Some(StreamRequest::Close { id: StreamId::Accepted(4) }));
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
}
