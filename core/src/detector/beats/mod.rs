//! Whose heartbeat stands still?
//!
//! Every member has a heartbeat, a counter that only the member itself raises and that everybody passes on. A *life*
//! is one member between two starts; it is named by 48 bits of a hash, and its heartbeat travels as 16 bits, which
//! are compared in a window (van Renesse 1998, section 2).
//!
//! * [`rule`] — how long may a heartbeat stand still?
//!
//! Invariant: a life that is followed is silent from the moment at which the rule says so until its heartbeat rises;
//! its deadline lies no later than that moment. Nobody else's silence is told from this: the verdict is this node's.
//! This room knows members only by their slot, and it neither sends nor receives.

mod rule;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::time::Duration;

pub(crate) use rule::Rule;

use serde::{Deserialize, Serialize};

use super::phi::History;
use crate::vocab::{Agenda, Instant, Map, Slot};

/// A heartbeat rises once per interval; whoever claims that it rose faster than this many times that is not believed.
const FASTER_MAX: u128 = 4;

/// So many rises at once are believed of everybody.
const RISES_FREE: u128 = 16;

/// For so many intervals after this node stood still any heartbeat is believed.
const LENIENT_INTERVALS: u32 = 16;

/// What was heard of one life.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Beat {
    life: u64,
    /// The heartbeat; none was heard while this is `None`.
    count: Option<u64>,
    /// Whether it rose since the first one that was heard. Until then it may be anybody's invention.
    rose: bool,
    /// When it rose, or when the life was first heard of.
    last: Instant,
    history: History,
    silent: bool,
}

/// What a heartbeat was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing new.
    Old,
    /// It rose.
    Rose,
    /// It rose, and had stood still for so long that it was silent.
    Returned(Slot),
    /// It cannot have risen by so much.
    Implausible,
}

/// What a deadline brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The member counts as failed from now on.
    Silent(Slot),
    /// It has been silent for so long that it will not come back.
    Gone(Slot),
}

/// The heartbeats of all members that live as far as anybody says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Beats {
    rule: Rule,
    /// The least time between two heartbeats of a member.
    interval: Duration,
    rows: Vec<Option<Beat>>,
    lives: Map<u64, Slot>,
    /// When each member is looked at next: no later than it is silent, or gone.
    deadlines: Agenda<()>,
    silent: u32,
    /// Until when a heartbeat may have come any way.
    lenient_until: Instant,
}

impl Beats {
    pub(crate) fn new(rule: Rule, interval: Duration, hash_seed: u64) -> Self {
        let (rows, lives, deadlines) = (Vec::new(), Map::new(hash_seed), Agenda::new(hash_seed));
        Self { rule, interval, rows, lives, deadlines, silent: 0, lenient_until: Instant::from_nanos(0) }
    }

    /// Follows the life in a row from now on, and no earlier one. It has as long as after a heartbeat to be heard.
    pub(crate) fn follow(&mut self, slot: Slot, life: u64, now: Instant) {
        if self.beat(slot).is_some_and(|beat| beat.life == life) {
            return;
        }
        self.drop(slot);
        // Two lives of one name: the later one is not heard until the other is dropped, once in 2^48 pairs.
        if self.lives.get(life).is_none() {
            self.lives.insert(life, slot);
        }
        let history = History::new();
        let mut beat = Beat { life, count: None, rose: false, last: now, history, silent: false };
        self.rule.on_first(&mut beat.history, now);
        self.deadlines.set(slot, self.rule.silent_at(&beat.history, now), ());
        let place = slot.0 as usize;
        if self.rows.len() <= place {
            self.rows.resize(place + 1, None);
        }
        self.rows[place] = Some(beat);
    }

    /// Forgets a row.
    pub(crate) fn drop(&mut self, slot: Slot) {
        let Some(beat) = self.rows.get_mut(slot.0 as usize).and_then(Option::take) else { return };
        if self.lives.get(beat.life) == Some(slot) {
            self.lives.remove(beat.life);
        }
        self.deadlines.remove(slot);
        self.silent -= u32::from(beat.silent);
    }

    /// When the heartbeat of a row rose last, as far as it was heard.
    pub(crate) fn last_rise(&self, slot: Slot) -> Option<Instant> {
        self.beat(slot).filter(|beat| beat.count.is_some()).map(|beat| beat.last)
    }

    /// This node stood still while the others' heartbeats went on, who knows how far.
    pub(crate) fn on_freeze(&mut self, now: Instant) {
        self.lenient_until = now.after(self.interval * LENIENT_INTERVALS);
    }

    /// A heartbeat was heard.
    pub(crate) fn hear(&mut self, (life, count): (u64, u16), now: Instant) -> Heard {
        let slot = self.lives.get(life);
        let Some((slot, beat)) = slot.and_then(|slot| Some((slot, self.rows.get_mut(slot.0 as usize)?.as_mut()?)))
        else {
            return Heard::Old;
        };
        // What is heard first may be old, or a lie. So it proves nothing, and the next one is its first sample.
        let first = (1 << 16) + u64::from(count);
        let Some(known) = beat.count else {
            beat.count = Some(first);
            self.rule.on_first(&mut beat.history, now);
            return Heard::Old;
        };
        #[expect(clippy::cast_possible_truncation, reason = "the window is that of the short form")]
        let ahead = count.wrapping_sub(known as u16);
        let intervals = now.since(beat.last).as_nanos() / self.interval.as_nanos().max(1);
        let is_old = ahead == 0 || ahead > u16::MAX / 2;
        let is_too_far = u128::from(ahead) > RISES_FREE + FASTER_MAX * intervals && now >= self.lenient_until;
        if is_old || is_too_far {
            if !beat.rose {
                beat.count = Some(first);
            }
            return if is_old { Heard::Old } else { Heard::Implausible };
        }
        let count = known.saturating_add(ahead.into());
        (beat.count, beat.rose, beat.last) = (Some(count), true, now);
        self.rule.on_rise(&mut beat.history, count, now);
        let returned = core::mem::replace(&mut beat.silent, false);
        let due = self.rule.silent_at(&beat.history, now);
        // A deadline that is too early costs a look; one that is too late would be a mistake.
        if returned || self.deadlines.get(slot).is_none_or(|at| due < at) {
            self.deadlines.set(slot, due, ());
        }
        self.silent -= u32::from(returned);
        if returned { Heard::Returned(slot) } else { Heard::Rose }
    }

    /// Looks at whoever is due first. `None` when nobody is, or nothing has become of it.
    pub(crate) fn on_deadline(&mut self, now: Instant) -> Option<Verdict> {
        while let Some((slot, ())) = self.deadlines.take_due(now) {
            let Some(beat) = self.rows.get_mut(slot.0 as usize).and_then(Option::as_mut) else { continue };
            let (due, verdict) = if beat.silent {
                (self.rule.gone_at(beat.last), Verdict::Gone(slot))
            } else {
                (self.rule.silent_at(&beat.history, beat.last), Verdict::Silent(slot))
            };
            if due > now {
                self.deadlines.set(slot, due, ());
                continue;
            }
            // Whoever is gone is dropped when its row says so; until then there is nothing more to wait for.
            let mut next = Instant::NEVER;
            if !beat.silent {
                next = self.rule.gone_at(beat.last).max(now);
                beat.silent = true;
                self.silent += 1;
            }
            self.deadlines.set(slot, next, ());
            return Some(verdict);
        }
        None
    }

    /// When somebody is looked at next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.deadlines.next_deadline()
    }

    /// The cluster has another size: heartbeats come in other intervals, and take another time to come.
    pub(crate) fn resize(&mut self, members: u32, interval: Duration) {
        self.rule.resize(members, interval);
    }

    /// What there is to tell of a row: nothing of whoever is silent, so that the last heartbeat of the dead dies out.
    pub(crate) fn told(&self, slot: Slot) -> Option<(u64, u16)> {
        let beat = self.beat(slot).filter(|beat| !beat.silent)?;
        #[expect(clippy::cast_possible_truncation, reason = "the short form is wanted")]
        beat.count.map(|count| (beat.life, count as u16))
    }

    /// Whether the member counts as failed here.
    pub(crate) fn is_silent(&self, slot: Slot) -> bool {
        self.silent > 0 && self.beat(slot).is_some_and(|beat| beat.silent)
    }

    /// How many do.
    pub(crate) const fn silent(&self) -> u32 {
        self.silent
    }

    /// The rule that is followed.
    pub(crate) const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What was heard of the member in a row.
    pub(crate) fn history(&self, slot: Slot) -> Option<&History> {
        self.beat(slot).map(|beat| &beat.history)
    }

    fn beat(&self, slot: Slot) -> Option<&Beat> {
        self.rows.get(slot.0 as usize)?.as_ref()
    }

    /// Asserts that counts, names and deadlines are those of the rows. Walks over all rows.
    pub(crate) fn check(&self) {
        self.deadlines.check();
        let followed = self.rows.iter().flatten();
        assert_eq!(followed.clone().count(), self.deadlines.len(), "whoever is followed is looked at");
        assert_eq!(followed.filter(|beat| beat.silent).count(), self.silent as usize, "the silent are counted");
        for (place, beat) in self.rows.iter().enumerate() {
            let Some(beat) = beat else { continue };
            let named = self.lives.get(beat.life).expect("every life has a name");
            let is_row = |slot: Slot| slot.0 as usize == place;
            assert!(is_row(named) || self.beat(named).is_some_and(|other| other.life == beat.life), "of its own");
        }
    }
}
