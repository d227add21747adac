//! Have two islands of a cluster met again?
//!
//! Members that were dead here, or forgotten, come back in the lives in which they went: they had not crashed, the
//! network between was gone. When that happens to several at about the same time, it is reported once, when nothing
//! has come back for an interval in which all of them together try everybody who is dead.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Health, Instant, NodeId, Record, Slot};

use super::Node;
use super::io::{Event, Healed};

/// So many members make an island; a single one was slow, or stood still.
const ISLAND_MIN: usize = 2;

/// A healing is reported after so many quiet times at the latest, whatever still comes back.
const QUIETS_MAX: u32 = 12;

/// So many forgotten members would be known again.
const FORGOTTEN_MAX: usize = 128;

/// A member that died and is remembered no more.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Forgotten {
    id: NodeId,
    boot: u64,
    /// How long it had been dead then.
    age: Duration,
    at: Instant,
}

/// Who was forgotten last, oldest first, and what has come back lately.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Healing {
    forgotten: VecDeque<Forgotten>,
    /// Since when a detector of heartbeats has missed whoever is silent, dead for everybody or not.
    silent: BTreeMap<Slot, Instant>,
    /// Who has come back and has not died since; no more than there are members.
    returned: BTreeSet<Slot>,
    /// The first of them.
    sample: Option<NodeId>,
    /// How long whoever was away longest was away.
    away: Duration,
    /// How many were live here before.
    here: u32,
    began: Instant,
    last: Instant,
    /// Members that nobody here remembers came at the same time.
    newcomers: u32,
    newcomer_last: Instant,
}

impl Healing {
    pub(super) const fn none(now: Instant) -> Self {
        Self {
            forgotten: VecDeque::new(),
            silent: BTreeMap::new(),
            returned: BTreeSet::new(),
            sample: None,
            away: Duration::ZERO,
            here: 0,
            began: now,
            last: now,
            newcomers: 0,
            newcomer_last: now,
        }
    }

    /// A member is forgotten.
    fn on_forgotten(&mut self, last: &Record, now: Instant) {
        self.forgotten.retain(|known| known.id != last.id);
        if self.forgotten.len() >= FORGOTTEN_MAX {
            self.forgotten.pop_front();
        }
        let (age, boot) = (Duration::from_millis(last.age_ms.into()), last.incarnation.boot);
        self.forgotten.push_back(Forgotten { id: last.id, boot, age, at: now });
    }

    /// For how long a forgotten member has been dead, if it is still in the same life.
    fn absence(&self, id: NodeId, boot: u64, now: Instant) -> Option<Duration> {
        let known = self.forgotten.iter().find(|known| (known.id, known.boot) == (id, boot))?;
        Some(known.age.saturating_add(now.since(known.at)))
    }

    /// A member came back after so long; so many are live now, it included.
    fn on_return(&mut self, (slot, id): (Slot, NodeId), away: Duration, live: u32, (now, quiet): (Instant, Duration)) {
        if self.sample.is_none() {
            if now.since(self.newcomer_last) > quiet {
                self.newcomers = 0;
            }
            let here = live.saturating_sub(self.newcomers).saturating_sub(1);
            (self.sample, self.here, self.began) = (Some(id), here, now);
        }
        self.returned.insert(slot);
        (self.away, self.last) = (self.away.max(away), now);
    }

    /// A detector of heartbeats misses a member.
    pub(super) fn on_silent(&mut self, slot: Slot, outside: Instant) {
        self.returned.remove(&slot);
        self.silent.insert(slot, outside);
    }

    /// Since when a member is silent for a detector of heartbeats.
    pub(super) fn silent_since(&self, slot: Slot) -> Option<Instant> {
        self.silent.get(&slot).copied()
    }

    /// A member came of whom nobody here knew anything.
    fn on_newcomer(&mut self, (now, quiet): (Instant, Duration)) {
        if self.sample.is_none() && now.since(self.newcomer_last) > quiet {
            self.newcomers = 0;
        }
        (self.newcomers, self.newcomer_last) = (self.newcomers.saturating_add(1), now);
    }

    /// A healing that is over, if several came back.
    fn take_over(&mut self, (now, quiet): (Instant, Duration)) -> Option<Healed> {
        let sample = self.sample?;
        if now.since(self.last) < quiet && now.since(self.began) < quiet.saturating_mul(QUIETS_MAX) {
            return None;
        }
        let (forgotten, silent) = (core::mem::take(&mut self.forgotten), core::mem::take(&mut self.silent));
        let fresh = Self { forgotten, silent, ..Self::none(now) };
        let Self { returned, away, here, newcomers, .. } = core::mem::replace(self, fresh);
        let returned = (returned.len() >= ISLAND_MIN).then_some(returned.len())?;
        Some(Healed { here, returned: u32::try_from(returned).unwrap_or(u32::MAX), newcomers, sample, away })
    }
}

impl Node {
    /// For how long somebody was dead or forgotten here who comes back in the same life, if the record says so.
    pub(super) fn absence(&self, record: &Record, outside: Instant) -> Option<Duration> {
        let nobody_is_dead = self.membership.live() == self.membership.members();
        if !record.health.is_live() || (nobody_is_dead && self.cold.healing.forgotten.is_empty()) {
            return None;
        }
        let boot = record.incarnation.boot;
        let Some(slot) = self.membership.find(record.id) else {
            return self.cold.healing.absence(record.id, boot, outside);
        };
        let known = self.membership.record_at(slot, outside);
        let went_in_this_life = known.health == Health::Dead && known.incarnation.boot == boot;
        let silence = self.cold.healing.silent.get(&slot).map(|&since| outside.since(since));
        went_in_this_life.then(|| silence.unwrap_or(Duration::from_millis(known.age_ms.into())))
    }

    /// A belief has changed: does it belong to a healing?
    pub(super) fn follow_healing(&mut self, slot: Slot, was: Option<Health>, absence: Option<Duration>, now: Instant) {
        let (live, at) = (self.view().live(), (now, self.cold.config.reconnect_interval));
        let is_silent = self.is_silent(slot);
        let healing = &mut self.cold.healing;
        if !self.membership.health(slot).is_live() {
            healing.returned.remove(&slot);
        } else if let Some(away) = absence {
            healing.on_return((slot, self.membership.record(slot).id), away, live, at);
        } else if was.is_none() {
            healing.on_newcomer(at);
        }
        if self.membership.health(slot) != Health::Dead && !is_silent {
            healing.silent.remove(&slot);
        }
        // Whoever is known again is not forgotten.
        if was.is_none() && !healing.forgotten.is_empty() {
            let id = self.membership.record(slot).id;
            healing.forgotten.retain(|known| known.id != id);
        }
    }

    /// A detector of heartbeats hears a member again that was silent for it.
    pub(super) fn on_heard_again(&mut self, slot: Slot, now: Instant) {
        let (id, live, outside) = (self.membership.record(slot).id, self.view().live(), self.clock.outside(now));
        let at = (now, self.cold.config.reconnect_interval);
        let healing = &mut self.cold.healing;
        if let Some(since) = healing.silent.remove(&slot) {
            healing.on_return((slot, id), outside.since(since), live, at);
        }
    }

    /// Somebody who was dead is remembered no more.
    pub(super) fn note_for_healing(&mut self, slot: Slot, last: &Record) {
        let outside = self.clock.latest();
        self.cold.healing.silent.remove(&slot);
        self.cold.healing.on_forgotten(last, outside);
    }

    /// Reports a healing when it is over.
    pub(super) fn report_healing(&mut self, now: Instant) {
        let at = (now, self.cold.config.reconnect_interval);
        if let Some(healed) = self.cold.healing.take_over(at) {
            self.report(Event::PartitionHealed(healed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> (Instant, Duration) {
        (Instant::from_nanos(seconds * 1_000_000_000), QUIET)
    }

    fn back(healing: &mut Healing, number: u32, away: u64, second: u64) {
        let id = NodeId::from_u128(number.into());
        healing.on_return((Slot(number), id), Duration::from_secs(away), 5 + number, at(second));
    }

    #[test]
    fn a_healing_is_reported_once_when_it_is_over() {
        let mut healing = Healing::none(at(0).0);
        healing.on_newcomer(at(1));
        healing.on_newcomer(at(50));
        for (number, away, second) in [(3, 40, 51), (2, 60, 58), (3, 7, 65)] {
            back(&mut healing, number, away, second);
        }
        healing.on_newcomer(at(66));
        assert_eq!(healing.take_over(at(74)), None, "the last came back nine seconds ago");
        let (sample, away) = (NodeId::from_u128(3), Duration::from_secs(60));
        let healed = Healed { here: 6, returned: 2, newcomers: 2, sample, away };
        assert_eq!(healing.take_over(at(75)), Some(healed), "each once, and the newcomer of long before not at all");
        assert_eq!(healing.take_over(at(1000)), None);
    }

    #[test]
    fn one_that_comes_back_or_dies_again_is_no_island() {
        let mut healing = Healing::none(at(0).0);
        back(&mut healing, 1, 40, 1);
        assert_eq!(healing.take_over(at(11)), None);
        back(&mut healing, 2, 40, 12);
        assert_eq!(healing.take_over(at(30)), None, "nor are two that come one after the other");
        (1..3).for_each(|number| back(&mut healing, number, 40, 31));
        healing.on_silent(Slot(1), at(40).0);
        assert_eq!(healing.take_over(at(50)), None);
    }

    #[test]
    fn what_never_rests_is_reported_all_the_same() {
        let mut healing = Healing::none(at(0).0);
        (0..60).for_each(|step| back(&mut healing, step % 3, 40, u64::from(step) * 2));
        assert_eq!(healing.take_over(at(119)), None);
        assert_eq!(healing.take_over(at(120)).map(|healed| healed.returned), Some(3));
    }
}
