//! What is said to everybody once, and who answers?
//!
//! An event is an info under a key of its own, so that it comes to everybody, once, and in the order in which its
//! origin issued it; a query is an event whose answers go to the asker directly, each after a random wait, so that they
//! do not all come at once.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::info::keys;
use crate::vocab::{Agenda, InfoValue, Instant, Lifetime, NodeId, Nonce, Slot};
use crate::wire::{Body, Happening, LinkBody, Writer};

use super::Node;
use super::intents::LinkStep;
use super::io::{
    ANSWER_BYTES_MAX, Answer, EVENT_BYTES_MAX, Event, InfoRejected, QUERIES_MAX, Question, Rejected, Timer, UserEvent,
};

/// Answers of this node that wait to be sent.
const ANSWERS_MAX: usize = 64;

/// Answers are spread over a millisecond per member, but at most over this part of the time for which the asker waits.
const PART_OF_WINDOW: u32 = 4;

/// A query that this node has asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Asked {
    nonce: Nonce,
    until: Instant,
    from: BTreeSet<NodeId>,
}

/// An answer that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Waiting {
    to: SocketAddr,
    query: Nonce,
    payload: Box<[u8]>,
}

/// Queries that were asked here, and answers to others'.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Calls {
    asked: BTreeMap<u64, Asked>,
    answers: BTreeMap<u64, Waiting>,
    /// When each answer is sent.
    due: Agenda<(), u64>,
    answered: u64,
}

impl Calls {
    pub(super) const fn new(hash_seed: u64) -> Self {
        Self { asked: BTreeMap::new(), answers: BTreeMap::new(), due: Agenda::new(hash_seed), answered: 0 }
    }

    /// The answers that wait.
    pub(super) fn payloads(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.answers.values_mut().map(|answer| &mut *answer.payload)
    }

    fn next_deadline(&self) -> Instant {
        let ends = self.asked.values().map(|asked| asked.until).min();
        ends.unwrap_or(Instant::NEVER).min(self.due.next_deadline())
    }
}

impl Node {
    /// Says something to everybody. With a number and a time for answers it is a query.
    pub(super) fn call(
        &mut self,
        (name, payload): (&[u8], &[u8]),
        ttl: Duration,
        query: Option<(u64, Duration)>,
        now: Instant,
    ) -> Result<(), Rejected> {
        if name.len().saturating_add(payload.len()) > EVENT_BYTES_MAX {
            return Err(InfoRejected::Value.into());
        }
        let outside = self.clock.outside(now);
        let nonce = self.nonce();
        let linking = self.linking()?;
        if let Some((number, _)) = query {
            let asked = &linking.calls.asked;
            if asked.contains_key(&number) || asked.len() >= QUERIES_MAX {
                return Err(InfoRejected::Query.into());
            }
        }
        let window = query.map(|(_, window)| (nonce, u32::try_from(window.as_millis()).unwrap_or(u32::MAX)));
        let mut buffer = [0; EVENT_BYTES_MAX + 64];
        let happening = Happening { query: window, name, payload };
        let value = happening.encode(&mut buffer).ok_or(InfoRejected::Value)?;
        let added = linking.infos.add_event(InfoValue::Bytes(value), Lifetime::For(ttl), outside);
        let stamp = added.map_err(InfoRejected::from)?.stamp;
        if let Some((number, window)) = query {
            let asked = Asked { nonce, until: now.after(window), from: BTreeSet::new() };
            linking.calls.asked.insert(number, asked);
        }
        self.on_own_info(now);
        self.schedule_calls();
        self.report_happening((self.id, stamp), &happening);
        Ok(())
    }

    /// An event has come.
    pub(super) fn hear_event(&mut self, key: &[u8], (origin, stamp): (NodeId, u64), value: Option<InfoValue<'_>>) {
        let Some(InfoValue::Bytes(bytes)) = value.filter(|_| keys::is_event(key)) else { return };
        if let Some(happening) = Happening::decode(bytes) {
            self.report_happening((origin, stamp), &happening);
        } else {
            self.stats.infos_refused += 1;
        }
    }

    fn report_happening(&mut self, (origin, number): (NodeId, u64), happening: &Happening<'_>) {
        let Happening { query, name, payload } = *happening;
        let question = query.map(|(nonce, window)| {
            let window = Duration::from_millis(window.into());
            Question { asker: origin, token: u64::from_le_bytes(nonce.0), window }
        });
        let (name, payload) = (name.into(), payload.into());
        self.report(Event::User(UserEvent { origin, number, name, payload, question }));
    }

    /// Answers a query, after a random wait.
    pub(super) fn answer_query(
        &mut self,
        Question { asker, token, window }: Question,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), Rejected> {
        if payload.len() > ANSWER_BYTES_MAX {
            return Err(InfoRejected::Value.into());
        }
        let query = Nonce(token.to_le_bytes());
        let slot = self.membership.find(asker);
        let spread = Duration::from_millis(self.membership.live().into()).min(window / PART_OF_WINDOW);
        let wait = self.rng.within(spread);
        let linking = self.cold.linking.as_deref_mut().ok_or(Rejected::NoInfos)?;
        if slot == Some(Slot::SELF) {
            self.hear_answer((asker, query), payload, now);
            return Ok(());
        }
        let to = slot.map(|slot| self.membership.addr(slot)).ok_or(InfoRejected::Missing)?;
        let calls = &mut linking.calls;
        if calls.answers.len() >= ANSWERS_MAX {
            return Err(InfoRejected::Full.into());
        }
        calls.answered = calls.answered.wrapping_add(1);
        calls.answers.insert(calls.answered, Waiting { to, query, payload: payload.into() });
        calls.due.set(calls.answered, now.after(wait), ());
        self.schedule_calls();
        Ok(())
    }

    /// Writes an answer. Returns where it goes.
    pub(super) fn pack_answer(&mut self, writer: &mut Writer<'_>, number: u64) -> Option<SocketAddr> {
        let Waiting { to, query, payload } = self.cold.linking.as_mut()?.calls.answers.remove(&number)?;
        if writer.body(&Body::Link(LinkBody::Answer { query, payload: &payload })) {
            return Some(to);
        }
        self.stats.intents_dropped += 1;
        None
    }

    /// An answer found no room among all that is to be sent.
    pub(super) fn drop_answer(&mut self, number: u64) {
        if let Some(linking) = &mut self.cold.linking {
            linking.calls.answers.remove(&number);
        }
    }

    /// Somebody answers. The first answer of each node counts, until the asker waits no longer.
    pub(super) fn hear_answer(&mut self, (from, nonce): (NodeId, Nonce), payload: &[u8], now: Instant) {
        if payload.len() > ANSWER_BYTES_MAX {
            self.stats.answers_unexpected += 1;
            return;
        }
        let most = self.cold.config.members_max as usize;
        let Some(linking) = &mut self.cold.linking else { return };
        let asked = linking.calls.asked.iter_mut().find(|(_, asked)| asked.nonce == nonce && asked.until > now);
        let taken =
            asked.and_then(|(&query, asked)| (asked.from.len() < most && asked.from.insert(from)).then_some(query));
        match taken {
            Some(query) => self.report(Event::Answer(Answer { query, from, payload: payload.into() })),
            None => self.stats.answers_unexpected += 1,
        }
    }

    /// Answers are due, or the time for some is over.
    pub(super) fn on_calls_due(&mut self, now: Instant) {
        while let Some((number, ())) = self.cold.linking.as_mut().and_then(|linking| linking.calls.due.take_due(now)) {
            if !self.wish_step(LinkStep::Answer { number }) {
                self.drop_answer(number);
            }
        }
        let Some(linking) = &mut self.cold.linking else { return };
        let over = linking.calls.asked.iter().filter(|(_, asked)| asked.until <= now);
        let over: alloc::vec::Vec<u64> = over.map(|(&number, _)| number).collect();
        for query in over {
            let ended = self.cold.linking.as_mut().and_then(|linking| linking.calls.asked.remove(&query));
            let answers = ended.map_or(0, |asked| u32::try_from(asked.from.len()).unwrap_or(u32::MAX));
            self.report(Event::QueryEnded { query, answers });
        }
        self.schedule_calls();
    }

    fn schedule_calls(&mut self) {
        let next = self.cold.linking.as_ref().map_or(Instant::NEVER, |linking| linking.calls.next_deadline());
        self.deadlines.set(Timer::Calls, next);
    }
}
