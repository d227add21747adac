//! Whom does this node watch, and which of them is silent?
//!
//! All live members stand in a ring, in the order of their hashed identities, which is the same for everybody. Each
//! watches the few behind it, so that each is watched by as many, and those find a silence out independently. Whoever
//! is watched is contacted once per interval; its answers, and nothing else, are the heartbeats of its history: an
//! answer repeats a number that only this node could have sent, so that no echo and no third party keeps the dead alive.
//!
//! * [`watched`] — what was sent to one of them, and what came back.
//!
//! Invariant: the watched are the first of all live members behind this node, and each is looked at no later than its
//! silence becomes suspicious. This room knows members only by slot and hash, it sends nothing and convicts nobody.

#[cfg(test)]
mod tests;
mod watched;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use super::phi::{self, History, Settings};
use crate::config::Detector;
use crate::vocab::{Incarnation, Instant, Nonce, Rng, Slot};
use watched::{Stage, Watched};

/// A silence counts only behind so many contacts that were really sent: whoever was not asked need not answer.
const ASKED_MIN: u32 = 2;

/// A member as the ring sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) slot: Slot,
    pub(crate) id_hash: u64,
    pub(crate) incarnation: Incarnation,
}

/// What a deadline brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The silence is suspicious: the member is asked once more with this nonce, directly and through helpers.
    Ask(Slot, Nonce),
    /// Nobody had an answer to the last question, which was put with this nonce at this time.
    Silent(Slot, Nonce, Instant),
}

/// Who is watched, and all others that live.
#[derive(Debug, Clone)]
pub(crate) struct Contacts {
    detector: phi::Detector,
    successors: usize,
    interval: Duration,
    /// How long the answer to the last question is waited for.
    patience: Duration,
    own: u64,
    /// The others that live, by how far behind this node they stand.
    ring: BTreeSet<(u64, Slot)>,
    /// The first of them, in the same order.
    watched: Vec<Watched>,
    /// When the present interval ends, and whether anybody answered in it.
    round_ends: Instant,
    heard: bool,
}

impl Contacts {
    /// What a detector needs to watch a ring; `None` if it watches none. `own` is this node's hashed identity.
    pub(crate) fn new(detector: &Detector, patience: Duration, own: u64) -> Option<Self> {
        let Detector::Ring { accrual, successors, interval } = *detector else { return None };
        // Nobody answers more often than it is asked.
        let first_interval = accrual.first_interval.max(interval);
        let detector = phi::Detector::new(Settings { first_interval, ..accrual }).ok()?;
        let successors = usize::try_from(successors).unwrap_or(usize::MAX);
        let (ring, watched, round_ends) = (BTreeSet::new(), Vec::new(), Instant::from_nanos(0));
        Some(Self { detector, successors, interval, patience, own, ring, watched, round_ends, heard: false })
    }

    /// A member lives. A new life of it begins with the first estimate, and a contradiction is a sign of life.
    pub(crate) fn follow(&mut self, member: Member, now: Instant, rng: &mut Rng) {
        let place = self.place_of(member.id_hash, member.slot);
        let index = self.watched.partition_point(|watched| watched.place < place);
        if let Some(watched) = self.watched.get_mut(index).filter(|watched| watched.place == place) {
            if watched.life.boot != member.incarnation.boot {
                *watched = Watched::new(place, member.incarnation, &self.detector, self.interval, now, rng);
            } else if watched.life.counter < member.incarnation.counter {
                watched.life = member.incarnation;
                watched.listen_from(now, &self.detector);
            }
            return;
        }
        if self.ring.insert(place) && index < self.successors {
            let new = Watched::new(place, member.incarnation, &self.detector, self.interval, now, rng);
            self.watched.insert(index, new);
            self.watched.truncate(self.successors);
        }
    }

    /// A member lives no more, as far as anybody says. If it was watched, the next one in the ring is;
    /// `incarnation_of` says which life that is.
    pub(crate) fn drop(
        &mut self,
        (id_hash, slot): (u64, Slot),
        incarnation_of: impl Fn(Slot) -> Incarnation,
        now: Instant,
        rng: &mut Rng,
    ) {
        let place = self.place_of(id_hash, slot);
        if !self.ring.remove(&place) {
            return;
        }
        let Ok(index) = self.watched.binary_search_by_key(&place, |watched| watched.place) else { return };
        self.watched.remove(index);
        let last = self.watched.last().map_or(Bound::Unbounded, |last| Bound::Excluded(last.place));
        if let Some(&next) = self.ring.range((last, Bound::Unbounded)).next() {
            let life = incarnation_of(next.1);
            self.watched.push(Watched::new(next, life, &self.detector, self.interval, now, rng));
        }
    }

    /// How far behind this node a member stands.
    const fn place_of(&self, id_hash: u64, slot: Slot) -> (u64, Slot) {
        (id_hash.wrapping_sub(self.own), slot)
    }

    /// Takes the next member that is to be contacted.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Slot> {
        let watched = self.watched.iter_mut().find(|watched| watched.next <= now)?;
        // The cadence is kept, so that lateness does not add up; it starts anew after a whole lost interval.
        let next = watched.next.after(self.interval);
        watched.next = if next > now { next } else { now.after(self.interval) };
        Some(watched.slot())
    }

    /// An interval is over, once each. Returns whether anybody answered in it.
    pub(crate) fn take_round(&mut self, now: Instant) -> Option<bool> {
        if now < self.round_ends {
            return None;
        }
        self.round_ends = now.after(self.interval);
        Some(core::mem::take(&mut self.heard))
    }

    /// A contact is packed. Returns its nonce, and whether the one before is still unanswered; `None` when the member
    /// is not watched any more, or was contacted just now: contacts that had to wait are no more than one.
    pub(crate) fn on_packed(&mut self, slot: Slot, now: Instant) -> Option<(Nonce, bool)> {
        let gap = self.interval / 2;
        self.get_mut(slot)?.on_packed(gap, now)
    }

    /// A member answers; `boot` says in which life. Returns whether that was awaited.
    pub(crate) fn on_answer(&mut self, (slot, boot): (Slot, u64), nonce: Nonce, now: Instant) -> bool {
        let detector = self.detector;
        let awaited = self
            .get_mut(slot)
            .filter(|watched| watched.life.boot == boot)
            .is_some_and(|watched| watched.on_answer(nonce, &detector, now));
        self.heard |= awaited;
        awaited
    }

    /// A helper has an answer of a member: it lives, but that is no sample. Returns whether it was awaited.
    pub(crate) fn on_word(&mut self, slot: Slot, nonce: Nonce, now: Instant) -> bool {
        let detector = self.detector;
        let watched = self.get_mut(slot).filter(|watched| matches!(watched.stage, Stage::Asked(..)));
        let Some(watched) = watched.filter(|watched| watched.number_of(nonce).is_some()) else { return false };
        watched.listen_from(now, &detector);
        true
    }

    /// Looks at whoever is due first. `None` when nobody is, or nothing has become of it. A node in bad health takes
    /// `scale` times as long.
    pub(crate) fn on_deadline(&mut self, now: Instant, scale: u32) -> Option<Verdict> {
        let (interval, patience) = (self.interval, self.patience.saturating_mul(scale));
        while let Some(watched) = self.watched.iter_mut().filter(|it| it.look <= now).min_by_key(|it| it.look) {
            let slot = watched.slot();
            if let Stage::Asked(question) = watched.stage {
                let Some(left) = question.left else {
                    // It waits to be sent: nobody was asked yet.
                    watched.look = now.after(interval);
                    continue;
                };
                // Whoever stays silent is asked again, so that the suspect has more than one chance.
                watched.listen_from(now, &self.detector);
                return Some(Verdict::Silent(slot, question.nonce, left));
            }
            let wait = watched.wait(&self.detector);
            let (due, scaled) = (watched.since.after(wait), watched.since.after(wait.saturating_mul(scale)));
            if due > now {
                watched.look = due;
            } else if scaled > now {
                // The health may be better before.
                watched.look = scaled.min(now.after(interval));
            } else if watched.unanswered < ASKED_MIN {
                watched.look = now.after(interval);
            } else {
                watched.look = now.after(interval);
                return Some(Verdict::Ask(slot, watched.ask(patience)));
            }
        }
        None
    }

    /// The last question to a member has left, or is lost before it could.
    pub(crate) fn on_question(&mut self, slot: Slot, nonce: Nonce, has_left: bool, now: Instant) {
        let pause = self.interval;
        if let Some(watched) = self.get_mut(slot) {
            watched.on_question(nonce, has_left, (now, pause));
        }
    }

    /// When somebody is contacted next.
    pub(crate) fn next_contact(&self) -> Instant {
        self.watched.iter().map(|watched| watched.next).min().unwrap_or(Instant::NEVER)
    }

    /// When somebody is looked at next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.watched.iter().map(|watched| watched.look).min().unwrap_or(Instant::NEVER)
    }

    /// The rules of suspicion.
    pub(crate) const fn accrual(&self) -> &phi::Detector {
        &self.detector
    }

    /// What was heard of a member that is watched.
    pub(crate) fn history(&self, slot: Slot) -> Option<&History> {
        self.watched.iter().find(|watched| watched.slot() == slot).map(|watched| &watched.history)
    }

    fn get_mut(&mut self, slot: Slot) -> Option<&mut Watched> {
        self.watched.iter_mut().find(|watched| watched.slot() == slot)
    }

    /// Asserts that just these members stand in the ring, and that the first of them are watched, each in its life.
    pub(crate) fn check(&self, members: impl Iterator<Item = Member>) {
        let mut all: Vec<_> = members.map(|it| (self.place_of(it.id_hash, it.slot), it.incarnation)).collect();
        all.sort_unstable_by_key(|&(place, _)| place);
        assert!(self.ring.iter().eq(all.iter().map(|(place, _)| place)), "the living stand in the ring");
        let watched = self.watched.iter().map(|watched| (watched.place, watched.life));
        assert!(watched.eq(all.into_iter().take(self.successors)), "the first are watched");
    }
}
