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

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::StreamLimits;
use crate::vocab::{Instant, NodeId, Nonce, Slot};
use crate::wire::MessageReader;

use super::io::{StreamError, StreamId, StreamRequest};

/// One stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stream {
    /// How many came before it.
    number: u64,
    phase: Phase,
    /// What is to be said next.
    pub(super) says: Option<Says>,
    /// What was asked, on a stream of our own.
    pub(super) asked: Option<Nonce>,
    reader: MessageReader,
    /// A message that is being sent, and how much of it has been.
    message: Vec<u8>,
    sent: usize,
    /// Whether the driver was told that there is something to send.
    told: bool,
    until: Instant,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Says {
    /// Are you there?
    Ping { target: NodeId, nonce: Nonce },
    /// I am, and this is what you should hear of somebody, first of all of yourself.
    Ack { nonce: Nonce, about: Option<Slot> },
    /// The first letter that waits for this member.
    Letter { to: Slot, nonce: Nonce },
}

/// How a stream is found: whether the driver is to be asked something, and until when it may be silent.
type Marks = (bool, Option<Instant>);

/// All streams of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Streams {
    limits: Option<StreamLimits>,
    all: BTreeMap<StreamId, Stream>,
    /// How many of them this node opened.
    opened: usize,
    /// The number of the next stream that is opened, and how many came in all.
    next: u64,
    came: u64,
    /// Those that the driver is to be asked something of, in the order in which they came.
    requests: BTreeSet<(u64, StreamId)>,
    /// When each has been silent for too long, but for those that are over.
    deadlines: BTreeSet<(Instant, StreamId)>,
    /// Who is heard over streams only, and in which boot: members that live, so that there are no more of them.
    only: BTreeMap<Slot, u64>,
}

impl Streams {
    pub(super) const fn new(limits: Option<StreamLimits>) -> Self {
        Self {
            limits,
            all: BTreeMap::new(),
            opened: 0,
            next: 0,
            came: 0,
            requests: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            only: BTreeMap::new(),
        }
    }

    /// What streams may cost; `None` when there are none.
    pub(super) const fn limits(&self) -> Option<StreamLimits> {
        self.limits
    }

    fn most(&self) -> u32 {
        self.limits.map_or(0, |limits| limits.most)
    }

    fn has_room(&self, opened: bool) -> bool {
        let same = if opened { self.opened } else { self.all.len() - self.opened };
        same < self.most() as usize
    }

    /// An open stream.
    pub(super) fn open(&self, id: StreamId) -> Option<&Stream> {
        self.all.get(&id).filter(|stream| stream.phase == Phase::Open)
    }

    /// Changes an open stream. Returns what `change` does; `None` when there is no such stream.
    pub(super) fn change_open<R>(&mut self, id: StreamId, change: impl FnOnce(&mut Stream) -> R) -> Option<R> {
        self.open(id)?;
        self.change(id, change)
    }

    fn change<R>(&mut self, id: StreamId, change: impl FnOnce(&mut Stream) -> R) -> Option<R> {
        let stream = self.all.get_mut(&id)?;
        let before = stream.marks();
        let result = change(stream);
        let (number, after) = (stream.number, stream.marks());
        if before != after {
            self.unmark((number, id), before);
            self.mark((number, id), after);
        }
        Some(result)
    }

    fn mark(&mut self, (number, id): (u64, StreamId), (request, until): Marks) {
        if request {
            self.requests.insert((number, id));
        }
        if let Some(until) = until {
            self.deadlines.insert((until, id));
        }
    }

    fn unmark(&mut self, (number, id): (u64, StreamId), (request, until): Marks) {
        if request {
            self.requests.remove(&(number, id));
        }
        if let Some(until) = until {
            self.deadlines.remove(&(until, id));
        }
    }

    fn add(&mut self, id: StreamId, stream: Stream) {
        let number = self.came;
        self.came += 1;
        self.opened += usize::from(matches!(id, StreamId::Opened(_)));
        self.mark((number, id), stream.marks());
        self.all.insert(id, Stream { number, ..stream });
    }

    /// Wishes for a stream on which something is said first, if there is room.
    #[must_use]
    pub(super) fn wish(&mut self, to: SocketAddr, says: Says, until: Instant) -> Option<StreamId> {
        if !self.has_room(true) {
            return None;
        }
        let id = StreamId::Opened(self.next);
        self.next += 1;
        self.add(id, Stream { says: Some(says), ..Stream::new(Phase::Wished { to }, until) });
        Some(id)
    }

    /// A stream is there.
    pub(super) fn on_opened(&mut self, id: StreamId, until: Instant) -> Result<(), StreamError> {
        if let Some(phase) = self.all.get(&id).map(|stream| stream.phase) {
            return match phase {
                Phase::Opening => {
                    self.change(id, |stream| stream.phase = Phase::Open);
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
                self.add(id, Stream::new(Phase::Open, until));
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
        let read = self.change_open(id, |stream| -> Result<_, usize> {
            let message = stream.reader.next(bytes, most)?;
            if message.is_some() && matches!(id, StreamId::Accepted(_)) {
                stream.until = until;
            }
            Ok(message)
        });
        read.ok_or(StreamError::Unknown { id })?.map_err(|len| StreamError::Length { len, most })
    }

    /// Forgets a stream. Returns whether there was one.
    pub(super) fn forget(&mut self, id: StreamId) -> bool {
        let Some(stream) = self.all.remove(&id) else { return false };
        self.opened -= usize::from(matches!(id, StreamId::Opened(_)));
        self.unmark((stream.number, id), stream.marks());
        true
    }

    /// Has a stream ended by the driver. Of what that was never asked to open it need not hear.
    pub(super) fn end(&mut self, id: StreamId) {
        let is_wished = self.all.get(&id).is_some_and(|stream| matches!(stream.phase, Phase::Wished { .. }));
        if is_wished {
            self.forget(id);
        } else {
            self.change(id, Stream::end);
        }
    }

    /// Has all of them ended.
    pub(super) fn end_all(&mut self) {
        let all: Vec<StreamId> = self.all.keys().copied().collect();
        all.into_iter().for_each(|id| self.end(id));
    }

    /// Ends one that has been silent for too long. Returns which.
    pub(super) fn expire(&mut self, now: Instant) -> Option<StreamId> {
        let &(_, id) = self.deadlines.first().filter(|&&(until, _)| until <= now)?;
        self.end(id);
        Some(id)
    }

    /// Whether a stream is there, or will be, and shall not end.
    pub(super) fn goes_on(&self, id: StreamId) -> bool {
        self.all.get(&id).is_some_and(|stream| stream.phase != Phase::Over)
    }

    /// When the next stream has been silent for too long.
    pub(super) fn next_deadline(&self) -> Instant {
        self.deadlines.first().map_or(Instant::NEVER, |&(until, _)| until)
    }

    pub(super) fn has_request(&self) -> bool {
        !self.requests.is_empty()
    }

    /// The next thing that the driver is asked to do, in the order of the streams.
    pub(super) fn next_request(&mut self) -> Option<StreamRequest> {
        let &(_, id) = self.requests.first()?;
        let request = self.change(id, |stream| match stream.phase {
            Phase::Wished { to } => {
                stream.phase = Phase::Opening;
                StreamRequest::Open { id, to }
            }
            Phase::Opening | Phase::Open => {
                stream.told = true;
                StreamRequest::Write { id }
            }
            Phase::Over => StreamRequest::Close { id },
        });
        if let Some(StreamRequest::Close { .. }) = request {
            self.forget(id);
        }
        request
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

    /// The messages that are being sent, each whole.
    pub(super) fn messages(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.all.values_mut().map(|stream| &mut *stream.message)
    }

    /// What has come of messages that are not whole.
    pub(super) fn beginnings(&mut self) -> impl Iterator<Item = (StreamId, &mut [u8])> {
        self.all.iter_mut().map(|(&id, stream)| (id, stream.reader.held_mut())).filter(|(_, held)| !held.is_empty())
    }

    /// Asserts that nothing exceeds its limits.
    pub(super) fn check(&self) {
        let (most, message) = self.limits.map_or((0, 0), |limits| (limits.most, limits.message_bytes_max));
        let opened = self.all.keys().filter(|id| matches!(id, StreamId::Opened(_))).count();
        let accepted = self.all.len() - opened;
        assert_eq!(opened, self.opened, "what was opened is counted");
        assert!(opened.max(accepted) <= most as usize, "{opened} and {accepted} streams, {most} each are allowed");
        for (&id, stream) in &self.all {
            let held = stream.reader.held().max(stream.message.len());
            assert!(held <= message + crate::wire::MESSAGE_HEAD_BYTES, "one message at most waits on {id:?}");
            let (request, until) = stream.marks();
            assert_eq!(self.requests.contains(&(stream.number, id)), request, "requests are those of the streams");
            assert!(until.is_none_or(|until| self.deadlines.contains(&(until, id))), "every stream has an end");
        }
        let ends = self.all.values().filter(|stream| stream.marks().1.is_some()).count();
        assert_eq!(self.deadlines.len(), ends, "no end is of no stream");
        assert!(self.requests.len() <= self.all.len(), "no request is of no stream");
    }
}

impl Stream {
    const fn new(phase: Phase, until: Instant) -> Self {
        let reader = MessageReader::new();
        let message = Vec::new();
        Self { number: 0, phase, says: None, asked: None, reader, message, sent: 0, told: false, until }
    }

    fn marks(&self) -> Marks {
        let request = match self.phase {
            Phase::Wished { .. } | Phase::Over => true,
            Phase::Opening => false,
            Phase::Open => self.says.is_some() && !self.told,
        };
        (request, (self.phase != Phase::Over).then_some(self.until))
    }

    /// What was to be said is this message now.
    pub(super) fn say(&mut self, message: Vec<u8>) {
        let says = self.says.take();
        (self.message, self.sent) = (message, 0);
        self.asked = match says {
            Some(Says::Ping { nonce, .. } | Says::Letter { nonce, .. }) => Some(nonce),
            Some(Says::Ack { .. }) | None => None,
        };
    }

    /// What was asked is answered, and something else is to be said until then.
    pub(super) fn go_on(&mut self, says: Says, until: Instant) {
        (self.says, self.asked, self.until) = (Some(says), None, until);
    }

    /// Whether the rest of a message is to be sent.
    pub(super) fn has_rest(&self) -> bool {
        self.sent < self.message.len()
    }

    /// Moves as much of what waits as fits, and says how much that was.
    pub(super) fn write(&mut self, buffer: &mut [u8]) -> usize {
        let rest = self.message.get(self.sent..).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        for (place, &byte) in buffer.iter_mut().zip(rest) {
            *place = byte;
        }
        self.sent += len;
        self.told = self.has_rest();
        if !self.told {
            (self.message, self.sent) = (Vec::new(), 0);
        }
        len
    }

    fn end(&mut self) {
        (self.phase, self.says) = (Phase::Over, None);
        (self.message, self.sent, self.reader) = (Vec::new(), 0, MessageReader::new());
    }
}
