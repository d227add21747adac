//! Events that wait for the application, bounded.
//!
//! When the queue is full, a change of a member or key that has one waiting already replaces it, so that replaying
//! what is left still ends with the right map. Only when that fails is an event lost, and that is said.
//!
//! Only a queue that nobody drains is looked through, so that nothing is kept to look through the few events that
//! wait between an input and its driver.

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
#[derive(Debug, Clone)]
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
        let pleases = matches!(event, Event::User(_) | Event::Answer(_) | Event::Message { .. });
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
        Event::Joined { .. } | Event::Refuted { .. } | Event::Conflict(_) | Event::EventsLost { .. } => 0,
        Event::Leaving(_) | Event::Left(_) | Event::PartitionHealed(_) | Event::StreamOnly { .. } => 0,
        Event::Replicated { .. } | Event::NotReplicated { .. } | Event::Link(_) | Event::LinksStanding { .. } => 0,
        Event::QueryEnded { .. } | Event::Lost { .. } => 0,
        Event::Sent { .. } | Event::NotSent { .. } | Event::Pinged { .. } => 0,
        Event::Message { bytes, .. } => bytes.len(),
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
        Event::Joined { .. } | Event::Refuted { .. } | Event::Conflict(_) | Event::EventsLost { .. } => return None,
        Event::GroupConflict(key) => return Some(mix([stable_hash(4, key), 2, 0, 0])),
        Event::Standing(_) => return Some(mix([0, 3, 0, 0])),
        Event::Leaving(_) | Event::Left(_) | Event::PartitionHealed(_) | Event::LinksStanding { .. } => return None,
        Event::Replicated { .. } | Event::NotReplicated { .. } => return None,
        Event::User(_) | Event::Answer(_) | Event::QueryEnded { .. } => return None,
        Event::Message { .. } | Event::Sent { .. } | Event::NotSent { .. } | Event::Pinged { .. } => return None,
    };
    let (high, low) = id.words();
    Some(mix([high, low, key, 0]))
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use core::net::SocketAddr;

    use super::super::io::{Farewell, Reason};
    use super::*;
    use crate::quorum::{Loss, Standing, Votes, Why as StandingWhy};
    use crate::vocab::{Domain, Health, Incarnation, NodeId};

    const LEFT: Event = Event::Left(Farewell { peers: 0, domains: 0, of: 0 });

    fn change(id: u128, was: Option<Health>, health: Health) -> Event {
        let addr = SocketAddr::from(([10, 0, 0, 1], 1));
        let (id, incarnation) = (NodeId::from_u128(id), Incarnation::first(1));
        Event::Member(MemberChange {
            id,
            addr,
            moved_from: None,
            domain: Domain::NONE,
            incarnation,
            health,
            was,
            reason: Reason::Rumour,
            hops: 1,
            evidence: None,
        })
    }

    #[test]
    fn a_full_queue_keeps_the_last_word_about_each_member() {
        let mut events = Events::new(2, 0);
        events.push(change(1, None, Health::Alive));
        events.push(change(2, None, Health::Alive));
        events.push(change(1, Some(Health::Alive), Health::Suspect));
        events.push(change(1, Some(Health::Suspect), Health::Dead));
        events.push(change(3, None, Health::Alive));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        let [first, second] = [change(1, None, Health::Dead), change(2, None, Health::Alive)];
        assert_eq!(drained, [Event::EventsLost { count: 1 }, first, second]);
        events.push(change(1, Some(Health::Dead), Health::Alive));
        assert_eq!(events.pop(), Some(change(1, Some(Health::Dead), Health::Alive)));
        assert_eq!(events.pop(), None);
    }

    /// What a queue does that always knows where each member's latest change lies.
    #[test]
    fn however_full_it_was_before_the_last_word_is_kept() {
        let max = UNINDEXED_MAX + 8;
        for before in [0, 1, UNINDEXED_MAX - 1, UNINDEXED_MAX, UNINDEXED_MAX + 1, max] {
            let mut events = Events::new(max, 0);
            for id in 0..before as u128 {
                events.push(change(id, None, Health::Alive));
            }
            for id in 0..before as u128 {
                assert_eq!(events.pop(), Some(change(id, None, Health::Alive)));
            }
            events.push(change(7, None, Health::Alive));
            for id in 1..=max as u128 {
                events.push(change(100 + id % 4, None, Health::Alive));
            }
            events.push(change(7, Some(Health::Alive), Health::Dead));
            assert_eq!(events.pop(), Some(change(7, None, Health::Dead)), "after {before} events");
            for id in 1..max as u128 {
                assert_eq!(events.pop(), Some(change(100 + id % 4, None, Health::Alive)), "after {before} events");
            }
            assert_eq!(events.pop(), None);
        }
    }

    #[test]
    fn events_about_the_node_itself_count_as_places() {
        let mut events = Events::new(UNINDEXED_MAX + 2, 0);
        events.push(change(0, None, Health::Alive));
        events.push(LEFT);
        (1..=UNINDEXED_MAX as u128).for_each(|id| events.push(change(id, None, Health::Alive)));
        assert_eq!(events.pop(), Some(change(0, None, Health::Alive)));
        assert_eq!(events.pop(), Some(LEFT));
        events.push(LEFT);
        events.push(change(0, None, Health::Alive));
        events.push(change(5, Some(Health::Alive), Health::Dead));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        assert_eq!(drained.len(), UNINDEXED_MAX + 2);
        assert_eq!((&drained[4], &drained[UNINDEXED_MAX]), (&change(5, None, Health::Dead), &LEFT));
    }

    #[test]
    fn the_last_standing_has_a_place_however_full_the_queue_is() {
        let votes = Votes { all: 3, needed: 2, seen: 2 };
        let domain = DomainVotes { domain: Domain::NONE, is_active: false, votes: 3, seen: 2 };
        let standing = |from, to, domains: usize| {
            let (why, domains) = (StandingWhy::Enough, alloc::vec![domain; domains]);
            Event::Standing(Box::new(StandingChange { from, to, why, votes, domains, margin: None, epoch: Some(1) }))
        };
        let lost = |loss| Event::Lost { id: NodeId::from_u128(1), loss };
        let mut events = Events::new(2, 0);
        events.push(change(1, None, Health::Alive));
        events.push(lost(Loss::SuspectDown));
        events.push(standing(Standing::NotInQuorum, Standing::InQuorum, 1));
        events.push(lost(Loss::Down));
        events.push(standing(Standing::InQuorum, Standing::SuspectNotInQuorum, 9));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        let last = standing(Standing::NotInQuorum, Standing::SuspectNotInQuorum, 9);
        assert_eq!(drained, [change(1, None, Health::Alive), lost(Loss::Down), last.clone()]);
        assert_eq!(events.bytes, 0);
        // One that found no place at all leaves nothing behind.
        (0..2 + RESERVED).for_each(|_| events.push(LEFT));
        events.push(last.clone());
        while events.pop().is_some() {}
        (1..4).for_each(|id| events.push(change(id, None, Health::Alive)));
        events.push(last.clone());
        assert_eq!(core::iter::from_fn(|| events.pop()).last(), Some(last));
    }

    #[test]
    fn bytes_are_bounded_too() {
        let value = |key: u8, len: usize| {
            let (owner, key, value) = (NodeId::from_u128(1), [key][..].into(), Some(alloc::vec![7; len].into()));
            Event::Value(ValueChange { owner, key, value, version: len as u64 })
        };
        let mut events = Events::new(4096, 0);
        (0..2).for_each(|key| events.push(value(key, BYTES_MAX / 2 - 1)));
        events.push(value(2, 1));
        events.push(value(1, BYTES_MAX / 2));
        events.push(value(0, 5));
        events.push(value(3, 5));
        assert_eq!(events.pop(), Some(Event::EventsLost { count: 2 }));
        assert_eq!(events.pop(), Some(value(0, 5)));
        assert_eq!(events.pop(), Some(value(1, BYTES_MAX / 2 - 1)));
        assert_eq!(events.pop(), Some(value(3, 5)));
        assert_eq!((events.pop(), events.bytes), (None, 0));
    }

    #[test]
    fn a_warning_about_a_member_waits_once_beside_its_change() {
        let mut events = Events::new(2, 0);
        let warning = |id| Event::StreamOnly { id: NodeId::from_u128(id) };
        events.push(change(1, None, Health::Alive));
        (0..3).for_each(|_| events.push(warning(1)));
        events.push(warning(2));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        assert_eq!(drained, [Event::EventsLost { count: 1 }, change(1, None, Health::Alive), warning(1)]);
    }

    #[test]
    fn the_last_word_about_a_key_is_kept_too() {
        let value = |owner: u128, key: &[u8], version| {
            let value = (version % 2 == 0).then(|| [7][..].into());
            Event::Value(ValueChange { owner: NodeId::from_u128(owner), key: key.into(), value, version })
        };
        let mut events = Events::new(2, 0);
        events.push(value(1, b"a", 1));
        events.push(value(2, b"a", 1));
        events.push(value(1, b"a", 2));
        events.push(value(1, b"b", 3));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        assert_eq!(drained, [Event::EventsLost { count: 1 }, value(1, b"a", 2), value(2, b"a", 1)]);
    }
}
