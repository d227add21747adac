//! Events that wait for the application, bounded.
//!
//! When the queue is full, a change of a member or key that has one waiting already replaces it, so that replaying
//! what is left still ends with the right map. Only when that fails is an event lost, and that is said.
//!
//! Only a queue that nobody drains is looked through, so that nothing is kept to look through the few events that
//! wait between an input and its driver.

use serde::{Deserialize, Serialize};

use super::io::{Event, InfoChange, LETTERS_MAX, LinkChange, MemberChange, PINGS_MAX, ValueChange};
use crate::packing::backlog::TELLINGS_MAX;
use crate::quorum::{Change as StandingChange, DomainVotes};
use crate::state::waits::WAITS_MAX;
use crate::vocab::{Map, Ring, mix, stable_hash};

/// Places that only events about the node itself may take: a driver must not miss a new incarnation because
/// the cluster is noisy, nor how a wait, a letter or a ping ended, nor that its goodbye is over.
pub(super) const RESERVED: usize = 16 + WAITS_MAX + TELLINGS_MAX + ENDS_MAX;

/// So many of them are for ends of letters and pings: no more are begun.
const ENDS_MAX: usize = LETTERS_MAX + PINGS_MAX;

/// When more than so many events wait, it is kept where the latest change of each member and key lies.
const UNINDEXED_MAX: usize = 64;

/// Bytes of keys, values and evidence that may wait.
const BYTES_MAX: usize = 16 << 20;

/// The queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Events {
    queue: Ring<Event>,
    /// Bytes of the keys, values and evidence in it.
    bytes: usize,
    /// How many changes of members and keys may wait.
    max: usize,
    /// Number of the latest waiting change of a subject, by its hash; the front of the queue has number `taken`. Kept from the
    /// moment at which many events wait until none does.
    latest: Map<u64, u64>,
    indexed: bool,
    taken: u64,
    lost: u64,
    /// How many of the waiting ones say how a letter ended, and how many how a ping did: no more is begun than there are
    /// places for.
    letters_ended: usize,
    pings_ended: usize,
}

impl Events {
    pub(super) const fn new(max: usize, hash_seed: u64) -> Self {
        let latest = Map::new(hash_seed);
        let queue = Ring::new(max + RESERVED);
        Self { queue, bytes: 0, max, latest, indexed: false, taken: 0, lost: 0, letters_ended: 0, pings_ended: 0 }
    }

    pub(super) fn push(&mut self, event: Event) {
        let (bytes, subject) = (bytes_of(&event), subject_of(&event));
        let full = !self.has_room(bytes);
        if let Some(subject) = subject {
            if !self.indexed && (full || self.queue.len() >= UNINDEXED_MAX) {
                self.index();
            }
            // How the node itself stands takes a reserved place, and no second one.
            let reserved = matches!(event, Event::Standing(_)) && self.latest.get(subject).is_none();
            if full && !reserved {
                self.lost += u64::from(!self.coalesce(subject, event));
                return;
            }
        }
        // What others say as they please leaves room for what this node has to say.
        let pleases = matches!(event, Event::User(_) | Event::Answer(_) | Event::Message { .. } | Event::Note { .. });
        let (letters, pings) = ends_of(&event);
        // The places that were promised to ends of letters and pings are nobody else's.
        let others = self.queue.len() - (self.letters_ended + self.pings_ended);
        let has_place = letters + pings > 0 || others < self.max + RESERVED - ENDS_MAX;
        let number = self.taken + self.queue.len() as u64;
        if !has_place || (pleases && full) || self.queue.push_back(event).is_err() {
            self.lost += 1;
            return;
        }
        if let Some(subject) = subject.filter(|_| self.indexed) {
            self.latest.insert(subject, number);
        }
        self.bytes += bytes;
        self.letters_ended += letters;
        self.pings_ended += pings;
    }

    /// Whether there is room for so many bytes that somebody else says.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.queue.len() < self.max && self.bytes.saturating_add(bytes) <= BYTES_MAX
    }

    /// How many letters have ended of which the application has not heard.
    pub(super) const fn letters_ended(&self) -> usize {
        self.letters_ended
    }

    /// How many of its pings have.
    pub(super) const fn pings_ended(&self) -> usize {
        self.pings_ended
    }

    /// Changes what is in events, though not how long it is.
    pub(super) fn change(&mut self, change: impl FnMut(&mut Event)) {
        self.queue.iter_mut().for_each(change);
        if self.indexed {
            self.latest.clear();
            self.index();
        }
    }

    fn index(&mut self) {
        self.indexed = true;
        for place in 0..self.queue.len() {
            if let Some(subject) = self.queue.get_mut(place).and_then(|event| subject_of(event)) {
                self.latest.insert(subject, self.taken + place as u64);
            }
        }
    }

    /// Lets the waiting change of the same subject say the newer thing.
    fn coalesce(&mut self, subject: u64, newer: Event) -> bool {
        let place = self.latest.get(subject).and_then(|number| usize::try_from(number - self.taken).ok());
        match (place.and_then(|place| self.queue.get_mut(place)), newer) {
            (Some(Event::Member(waiting)), Event::Member(newer)) if waiting.id == newer.id => {
                let first_from = waiting.moved_from.or(newer.moved_from);
                let moved_from = first_from.filter(|&from| from != newer.addr && waiting.was.is_some());
                self.bytes = self.bytes - waiting.bytes() + newer.bytes();
                *waiting = MemberChange { was: waiting.was, moved_from, ..newer };
                true
            }
            (Some(Event::Value(waiting)), Event::Value(newer))
                if (waiting.owner, &waiting.key) == (newer.owner, &newer.key) =>
            {
                let bytes = self.bytes - waiting.bytes() + newer.bytes();
                let fits = bytes <= BYTES_MAX;
                if fits {
                    (*waiting, self.bytes) = (newer, bytes);
                }
                fits
            }
            (Some(Event::StreamOnly { id: waiting }), Event::StreamOnly { id }) => *waiting == id,
            (Some(Event::GroupConflict(waiting)), Event::GroupConflict(key)) => *waiting == key,
            (Some(Event::Standing(waiting)), Event::Standing(newer)) => {
                self.bytes = self.bytes - standing_bytes(waiting) + standing_bytes(&newer);
                **waiting = StandingChange { from: waiting.from, ..*newer };
                true
            }
            (Some(Event::Lost { id: waiting, loss }), Event::Lost { id, loss: newer }) if *waiting == id => {
                *loss = newer;
                true
            }
            (Some(Event::Info(waiting)), Event::Info(newer)) if waiting.key == newer.key => {
                *waiting = InfoChange { contents_changed: waiting.contents_changed || newer.contents_changed, ..newer };
                true
            }
            _ => false,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.lost > 0 || self.queue.len() > 0
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        if self.lost > 0 {
            let count = core::mem::take(&mut self.lost);
            return Some(Event::EventsLost { count });
        }
        let event = self.queue.pop_front()?;
        if self.indexed {
            if let Some(subject) = subject_of(&event)
                && self.latest.get(subject) == Some(self.taken)
            {
                self.latest.remove(subject);
            }
            self.indexed = self.queue.len() > 0;
        }
        self.taken += 1;
        self.bytes -= bytes_of(&event);
        let (letters, pings) = ends_of(&event);
        self.letters_ended -= letters;
        self.pings_ended -= pings;
        Some(event)
    }

    /// Drops those that are not wanted any more; the rest keeps its order.
    pub(super) fn retain(&mut self, mut wanted: impl FnMut(&Event) -> bool) {
        let Self { queue, bytes, letters_ended, pings_ended, .. } = self;
        queue.retain(|event| {
            let keeps = wanted(event);
            if !keeps {
                let (letters, pings) = ends_of(event);
                *bytes -= bytes_of(event);
                *letters_ended -= letters;
                *pings_ended -= pings;
            }
            keeps
        });
        if self.indexed {
            self.latest.clear();
            self.indexed = self.queue.len() > 0;
            if self.indexed {
                self.index();
            }
        }
    }
}

/// Bytes of an event that are not in the queue itself.
fn bytes_of(event: &Event) -> usize {
    match event {
        Event::Value(change) => change.bytes(),
        Event::Member(change) => change.bytes(),
        Event::Info(change) => change.key.len(),
        Event::GroupConflict(key) => key.len(),
        Event::User(event) => event.name.len() + event.payload.len(),
        Event::Answer(answer) => answer.payload.len(),
        Event::Joined { .. } | Event::Refuted { .. } | Event::Moved { .. } => 0,
        Event::Conflict(_) | Event::EventsLost { .. } => 0,
        Event::Leaving(_) | Event::Left(_) | Event::PartitionHealed(_) | Event::StreamOnly { .. } => 0,
        Event::Replicated { .. } | Event::NotReplicated { .. } | Event::Link(_) | Event::LinksStanding { .. } => 0,
        Event::QueryEnded { .. } | Event::Lost { .. } => 0,
        Event::Sent { .. } | Event::NotSent { .. } | Event::Pinged { .. } => 0,
        Event::Message { bytes, .. } | Event::Note { bytes, .. } => bytes.len(),
        Event::Standing(change) => standing_bytes(change),
    }
}

/// How many letters and how many pings have ended, as an event says.
fn ends_of(event: &Event) -> (usize, usize) {
    let is_letter = matches!(event, Event::Sent { .. } | Event::NotSent { .. });
    (usize::from(is_letter), usize::from(matches!(event, Event::Pinged { .. })))
}

const fn standing_bytes(change: &StandingChange) -> usize {
    change.domains.len() * size_of::<DomainVotes>()
}

/// What a change is of; `None` of an event about the node itself.
fn subject_of(event: &Event) -> Option<u64> {
    let (id, key) = match event {
        Event::Member(MemberChange { id, .. }) => (id, 0),
        Event::Value(ValueChange { owner, key, .. }) => (owner, stable_hash(1, key)),
        Event::StreamOnly { id } => (id, stable_hash(2, b"stream")),
        Event::Link(LinkChange { id, .. }) => (id, stable_hash(2, b"link")),
        Event::Lost { id, .. } => (id, stable_hash(2, b"lost")),
        Event::Info(InfoChange { key, .. }) => return Some(mix([stable_hash(3, key), 1, 0, 0])),
        Event::Joined { .. } | Event::Refuted { .. } | Event::Moved { .. } => return None,
        Event::Conflict(_) | Event::EventsLost { .. } => return None,
        Event::GroupConflict(key) => return Some(mix([stable_hash(4, key), 2, 0, 0])),
        Event::Standing(_) => return Some(mix([0, 3, 0, 0])),
        Event::Leaving(_) | Event::Left(_) | Event::PartitionHealed(_) | Event::LinksStanding { .. } => return None,
        Event::Replicated { .. } | Event::NotReplicated { .. } => return None,
        Event::User(_) | Event::Answer(_) | Event::QueryEnded { .. } => return None,
        Event::Message { .. } | Event::Note { .. } => return None,
        Event::Sent { .. } | Event::NotSent { .. } | Event::Pinged { .. } => return None,
    };
    let (high, low) = id.words();
    Some(mix([high, low, key, 0]))
}

#[cfg(test)]
mod tests;
