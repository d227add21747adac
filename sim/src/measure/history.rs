//! How often did an observer change its mind about a subject, and how far did each fact travel?
//!
//! Nothing here is searched for in a large tree: a storm in a cluster of n nodes brings n events about each of
//! many subjects, and nearly all of them are about the version of the fact that the last one was about.

use quidnunc_core::{Health, Incarnation, MemberChange};

use crate::stats::Samples;

/// What is kept of the past: counters of the subjects that anybody ever changed its mind about, and an entry per
/// fact that ever travelled.
#[derive(Debug)]
pub(super) struct History {
    /// Per subject: how often each observer changed between alive and dead.
    flaps: Vec<Counters>,
    /// Per subject: the versions of facts about it, the one heard last in front.
    facts: Vec<Vec<Fact>>,
}

/// One version of a fact about a subject.
#[derive(Debug)]
struct Fact {
    incarnation: Incarnation,
    health: Health,
    /// The most hops that it came.
    farthest: u8,
}

/// One counter per observer, a bit of each per plane: nearly all counters that are not zero are one or two.
#[derive(Debug, Default)]
struct Counters {
    planes: Vec<Vec<u64>>,
}

impl Counters {
    fn add_one(&mut self, observer: u32, observers: usize) {
        let (word, bit) = (observer as usize / 64, 1_u64 << (observer % 64));
        for plane in &mut self.planes {
            plane[word] ^= bit;
            if plane[word] & bit != 0 {
                return;
            }
        }
        let mut plane = vec![0; observers.div_ceil(64)];
        plane[word] = bit;
        self.planes.push(plane);
    }

    fn values(&self) -> impl Iterator<Item = u64> {
        let observers = self.planes.first().map_or(0, |plane| plane.len() * 64);
        (0..observers).map(|observer| {
            let bits = self.planes.iter().map(|plane| plane[observer / 64] >> (observer % 64) & 1);
            (0..).zip(bits).fold(0, |value, (place, bit)| value | bit << place)
        })
    }
}

impl History {
    pub(super) fn new(nodes: u32) -> Self {
        Self {
            flaps: (0..nodes).map(|_| Counters::default()).collect(),
            facts: (0..nodes).map(|_| Vec::new()).collect(),
        }
    }

    pub(super) fn on_change(&mut self, observer: u32, subject: u32, change: &MemberChange) {
        let place = subject as usize;
        if let (Some(was), Some(is)) = (change.was.and_then(is_alive), is_alive(change.health))
            && was != is
        {
            let observers = self.flaps.len();
            self.flaps[place].add_one(observer, observers);
        }
        if change.hops > 0 {
            let facts = &mut self.facts[place];
            let is_it = |fact: &Fact| (fact.incarnation, fact.health) == (change.incarnation, change.health);
            let found = facts.iter().position(is_it).unwrap_or_else(|| {
                facts.push(Fact { incarnation: change.incarnation, health: change.health, farthest: 0 });
                facts.len() - 1
            });
            facts.swap(0, found);
            facts[0].farthest = facts[0].farthest.max(change.hops);
        }
    }

    /// One sample per pair that ever changed. A crash that everybody notices is one change for each, a
    /// restart another; that nobody ever changed is `stat = "count"` with `equals = 0`.
    pub(super) fn flaps(&self) -> Samples {
        self.flaps.iter().flat_map(Counters::values).filter(|&changes| changes > 0).collect()
    }

    /// One sample per version of a fact that came from somebody.
    pub(super) fn last_hops(&self) -> Samples {
        self.facts.iter().flatten().map(|fact| u64::from(fact.farthest)).collect()
    }
}

/// A suspect still counts as alive; who left or was removed is neither.
const fn is_alive(health: Health) -> Option<bool> {
    match health {
        Health::Alive | Health::Suspect => Some(true),
        Health::Dead => Some(false),
        Health::Left | Health::Removed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_count_beyond_a_plane_and_each_for_itself() {
        let mut counters = Counters::default();
        for (observer, times) in [(0, 1), (63, 5), (64, 2), (69, 300)] {
            (0..times).for_each(|_| counters.add_one(observer, 70));
        }
        let counted: Vec<u64> = counters.values().filter(|&value| value > 0).collect();
        assert_eq!(counted, [1, 5, 2, 300]);
    }

    #[test]
    fn a_fact_keeps_the_longest_way_that_it_came() {
        let mut history = History::new(2);
        let change = |counter, hops| {
            let (id, addr) = (quidnunc_core::NodeId::from_u128(1), std::net::SocketAddr::from(([10, 0, 0, 1], 1)));
            let (incarnation, health) = (Incarnation { boot: 1, counter }, Health::Alive);
            let (domain, reason) = (quidnunc_core::Domain::NONE, quidnunc_core::Reason::Rumour);
            MemberChange {
                id,
                addr,
                moved_from: None,
                domain,
                incarnation,
                health,
                was: None,
                reason,
                hops,
                evidence: None,
            }
        };
        for (counter, hops) in [(0, 3), (1, 2), (0, 5), (1, 4), (0, 1), (2, 0)] {
            history.on_change(0, 1, &change(counter, hops));
        }
        let hops = history.last_hops().summary();
        let stats = hops.stats.expect("there are samples");
        assert_eq!((hops.count, stats.min, stats.max), (2, 4, 5));
    }
}
