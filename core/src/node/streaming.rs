//! What is said over streams? A ping whose answer by datagram is late, a letter of the application, and the answers.
//!
//! A message is a datagram like any other, made and judged by the same code. Of what may be in one, a ping, a letter or
//! an answer and rumours are heard: everything else leads to further datagrams, and those have an address to go to.

use alloc::vec::Vec;

use crate::vocab::{Instant, NodeId, Nonce, Record, Slot};
use crate::wire::{Body, Datagram, LETTER_ROOM_BYTES, MESSAGE_HEAD_BYTES, RecordKind, Sender, Writer, message_head};

use super::io::{Event, Input, NotSent, Rejected, StreamError, StreamId, StreamRequest, Timer};
use super::streams::Says;
use super::transmit::accused;
use super::{Leaving, Node};

impl Node {
    /// The next thing that the driver is asked to do with streams. Nothing without [`Config::streams`](crate::Config::streams).
    pub fn poll_stream_request(&mut self) -> Option<StreamRequest> {
        if !self.has_stream_requests {
            return None;
        }
        let request = self.cold.streams.next_request();
        // As of events.
        self.has_stream_requests = self.cold.streams.has_request();
        if matches!(request, Some(StreamRequest::Close { .. })) {
            // There is room for another one.
            self.schedule_streams();
        }
        request
    }

    /// Writes the next bytes of a stream into `buffer` and says how many those are: none when nothing waits, or when
    /// there is no such stream. Whatever is written must be sent, in this order.
    pub fn poll_stream(&mut self, now: Instant, id: StreamId, buffer: &mut [u8]) -> usize {
        let Some(stream) = self.cold.streams.open(id) else { return 0 };
        if buffer.is_empty() || !(stream.has_rest() || stream.says.is_some()) {
            return 0;
        }
        if !stream.has_rest()
            && let Some(says) = stream.says
        {
            let now = self.node_time(now);
            let message = self.pack_message(says, now);
            self.clock.mark(now);
            self.cold.streams.change_open(id, |stream| stream.say(message));
        }
        let written = self.cold.streams.change_open(id, |stream| stream.write(buffer)).unwrap_or(0);
        self.stats.stream_bytes_sent += written as u64;
        // What was to be said meanwhile has had no turn.
        self.has_stream_requests = self.cold.streams.has_request();
        written
    }

    /// Something is to be said over a stream, as a message. The least datagram has room for it, but for a letter.
    fn pack_message(&mut self, says: Says, now: Instant) -> Vec<u8> {
        let (body, about) = match says {
            Says::Ping { target, nonce } => {
                let slot = self.membership.find(target);
                (Body::Ping { nonce }, slot.and_then(|slot| accused(&self.membership, slot)))
            }
            Says::Ack { nonce, about } => (Body::Ack { nonce }, about),
            Says::Letter { to, .. } => match self.letter_to(to) {
                Some(letter) => (Body::Letter(letter), accused(&self.membership, to)),
                None => return Vec::new(),
            },
        };
        let letter = if let Body::Letter(letter) = body { LETTER_ROOM_BYTES + letter.bytes.len() } else { 0 };
        let mut message = alloc::vec![0; MESSAGE_HEAD_BYTES + letter.max(self.budget as usize)];
        let (head, datagram) = message.split_at_mut(MESSAGE_HEAD_BYTES);
        let Some(mut writer) = Writer::begin(datagram, self.cluster, &self.sender()) else { return Vec::new() };
        if !writer.body(&body) {
            return Vec::new();
        }
        let is_ack = matches!(body, Body::Ack { .. });
        if let Some(about) = about {
            writer.open_records(RecordKind::Rumours);
            if is_ack {
                self.say_where(&mut writer, about, now);
            }
            let written = writer.record(&self.told(about, now).0);
            self.stats.rumours_dropped += u64::from(!written);
        }
        if !self.gossip.is_empty() {
            self.fill_rumours(&mut writer, about, now);
        }
        let len = writer.finish();
        head.copy_from_slice(&message_head(len));
        message.truncate(MESSAGE_HEAD_BYTES + len);
        message
    }

    /// Pings a member over a stream, where there are streams. It has as long to answer as is waited for.
    pub(super) fn ping_by_stream(&mut self, slot: Slot, nonce: Nonce, now: Instant) {
        let Some(limits) = self.cold.streams.limits() else { return };
        let known = self.membership.record(slot);
        let period = now.after(self.cold.config.period);
        let judged = period.max(now.after(self.contact_patience(slot, nonce)));
        let end = if self.prober.is_current(nonce) { self.prober.next_tick() } else { judged };
        let says = Says::Ping { target: known.id, nonce };
        if self.cold.streams.wish(known.addr, says, end.min(now.after(limits.idle))).is_some() {
            self.stats.streams_opened += 1;
        } else {
            self.stats.intents_dropped += 1;
        }
        self.schedule_streams();
    }

    /// The driver says something about a stream.
    pub(super) fn on_stream(&mut self, input: Input<'_>, now: Instant) -> Result<(), Rejected> {
        if self.leaving == Leaving::Stopped {
            return Err(Rejected::Stopped);
        }
        let until = self.cold.streams.limits().map_or(now, |limits| now.after(limits.idle));
        match input {
            Input::StreamOpened { id } => Ok(self.cold.streams.on_opened(id, until)?),
            Input::StreamBytes { id, bytes } => {
                let result = self.on_stream_bytes(id, bytes, until, now);
                if result.is_err() {
                    self.cold.streams.forget(id);
                    self.lose_stream(id, NotSent::Broken);
                }
                result
            }
            Input::StreamClosed { id } => {
                let why = if self.cold.streams.open(id).is_some() { NotSent::Broken } else { NotSent::NoStream };
                if !self.cold.streams.forget(id) {
                    return Err(StreamError::Unknown { id }.into());
                }
                self.lose_stream(id, why);
                Ok(())
            }
            Input::Datagram { .. } | Input::Timeout | Input::Command(_) => Ok(()),
        }
    }

    /// Takes in every message that is whole now. The first that is refused is the last.
    fn on_stream_bytes(
        &mut self,
        id: StreamId,
        mut bytes: &[u8],
        until: Instant,
        now: Instant,
    ) -> Result<(), Rejected> {
        while let Some(message) = self.cold.streams.read(id, &mut bytes, until)? {
            self.on_message(id, &message, now)?;
            // An answer has ended its stream.
            if bytes.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn on_message(&mut self, id: StreamId, message: &[u8], now: Instant) -> Result<(), Rejected> {
        let datagram = Datagram::decode(message, self.cluster)?;
        if datagram.sender.id == self.id {
            return Err(Rejected::FromSelf);
        }
        self.note_word(&datagram.body, datagram.sender.id);
        let says = match (datagram.body, id) {
            (Body::Ping { nonce }, StreamId::Accepted(_)) => Some(nonce),
            (Body::Letter(letter), StreamId::Accepted(_)) => {
                Some(self.take_letter(id, &datagram.sender, &letter).map_err(StreamError::from)?)
            }
            (Body::Ack { nonce }, StreamId::Opened(_)) => {
                self.take_stream_answer(id, &datagram.sender, nonce, now);
                None
            }
            _ => return Err(StreamError::Kind.into()),
        };
        // What follows may be refused; this has come.
        self.clock.mark(now);
        self.learn_rumours(datagram.sender.id, datagram.rumours, now);
        let about = self.meet(&datagram.sender, now);
        if let Some(nonce) = says {
            self.wish_answer(id, Says::Ack { nonce, about: self.told_to_asker(about) });
        }
        Ok(())
    }

    fn wish_answer(&mut self, id: StreamId, says: Says) {
        let is_free = self.cold.streams.open(id).is_some_and(|stream| stream.says.is_none());
        if is_free {
            self.cold.streams.change_open(id, |stream| stream.says = Some(says));
        } else {
            self.stats.intents_dropped += 1;
        }
    }

    /// Ends the wait of the letter or the probe that an answer belongs to. Whoever repeats a fresh nonce is really there, and
    /// hears this node.
    fn take_stream_answer(&mut self, id: StreamId, sender: &Sender, nonce: Nonce, now: Instant) {
        let to = self.cold.mail.member_on(id);
        let is_asked = self.cold.streams.open(id).is_some_and(|stream| stream.asked == Some(nonce));
        if !is_asked || to.is_some_and(|to| self.membership.record(to).id != sender.id) {
            self.stats.answers_unexpected += 1;
            self.lose_stream(id, NotSent::Broken);
            return self.cold.streams.end(id);
        }
        let boot = sender.incarnation.boot;
        self.membership.believe_boot(boot, self.clock.outside(now));
        self.suspicions.on_heard(now);
        self.note_heard(sender.id, boot, now);
        if let Some(to) = to {
            return self.confirm_letter(id, to);
        }
        if self.prober.on_stream_answer(sender.id, nonce) {
            self.health.on_heard();
        } else {
            self.take_contact_stream(sender.id, nonce, now);
        }
        self.cold.streams.end(id);
    }

    /// The wait for an answer to a probe ends that came over a stream only.
    pub(super) fn note_stream_only(&mut self, id: NodeId) {
        self.stats.answers_by_stream += 1;
        let Some(slot) = self.membership.find(id) else { return };
        let Record { health, incarnation, .. } = self.membership.record(slot);
        if health.is_live() && self.cold.streams.note_only(slot, incarnation.boot) {
            self.stream_only = true;
            self.report(Event::StreamOnly { id });
        }
    }

    /// A datagram brought the answer to a probe.
    pub(super) fn note_datagram_answer(&mut self, id: NodeId) {
        if self.stream_only
            && let Some(slot) = self.membership.find(id)
        {
            self.stream_only = self.cold.streams.end_only(slot);
        }
    }

    /// A row says something else: how a life is heard ends with it.
    pub(super) fn follow_stream_only(&mut self, slot: Slot) {
        if self.stream_only {
            let Record { health, incarnation, .. } = self.membership.record(slot);
            let boot = health.is_live().then_some(incarnation.boot);
            if self.cold.streams.only(slot) != boot {
                self.stream_only = self.cold.streams.end_only(slot);
            }
        }
    }

    /// Whether a member is heard over streams only.
    pub(super) fn is_stream_only(&self, id: NodeId) -> bool {
        self.membership.find(id).is_some_and(|slot| self.cold.streams.only(slot).is_some())
    }

    pub(super) fn on_streams_due(&mut self, now: Instant) {
        while let Some(id) = self.cold.streams.expire(now) {
            self.stats.streams_expired += 1;
            self.lose_stream(id, NotSent::TimeOver);
        }
        self.expire_mail(now);
        self.schedule_streams();
    }

    /// Ends all streams.
    pub(super) fn end_streams(&mut self) {
        self.cold.streams.end_all();
        self.schedule_streams();
    }

    pub(super) fn schedule_streams(&mut self) {
        if !self.cold.mail.is_empty() {
            self.open_for_mail();
        }
        self.has_stream_requests = self.cold.streams.has_request();
        self.deadlines.set(Timer::Streams, self.next_end_of_stream());
    }

    /// When a stream is over, or the time of a letter, be it on one or not.
    fn next_end_of_stream(&self) -> Instant {
        self.cold.streams.next_deadline().min(self.cold.mail.next_deadline())
    }

    /// Asserts that streams keep to their limits, and that none is forgotten.
    pub(super) fn check_streams(&self) {
        self.cold.streams.check();
        assert_eq!(self.deadlines.get(Timer::Streams), self.next_end_of_stream(), "every stream and letter has an end");
        assert!(self.has_stream_requests || !self.cold.streams.has_request(), "no request is forgotten");
        for slot in self.membership.slots() {
            let Record { health, incarnation, .. } = self.membership.record(slot);
            let only = self.cold.streams.only(slot);
            assert!(only.is_none_or(|boot| health.is_live() && boot == incarnation.boot), "it is of the present life");
            assert!(self.stream_only || only.is_none(), "whoever is heard over streams only is looked for");
        }
    }
}
