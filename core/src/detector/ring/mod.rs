//! Whom does this node watch, and which of them is silent?
//!
//! All live members stand in a ring, in the order of their hashed identities, which is the same for everybody. Each
//! watches the few behind it, so that each is watched by as many, and those find a silence out independently. Whoever
//! is watched is contacted once per interval; its answers, and nothing else, are the heartbeats of its history: an
//! answer repeats a number that only this node could have sent, so that no echo and no third party keeps the dead alive.
//!
//! * [`watched`] — what was sent to one of them, and what came back;
//! * [`lookout`] — who else is asked while none of them answers.
//!
//! Invariant: the watched are the first of all live members behind this node, and each is looked at no later than its
//! silence becomes suspicious. This room knows members only by slot and hash, it sends nothing and convicts nobody.

mod lookout;
#[cfg(test)]
mod tests;
mod watched;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::phi::{self, History, Settings};
use crate::config::Detector;
use crate::vocab::{Incarnation, Instant, Nonce, Rng, Slot};
use lookout::Lookout;
use watched::{Stage, Watched};

/// A silence counts only behind so many contacts that were really sent: whoever was not asked need not answer.
const ASKED_MIN: u32 = 2;

/// The fewest and the most contacts that an answer may be late, and how many more are remembered: the one that it answers,
/// and the last question.
const LATE_MIN: u32 = 6;
const LATE_MAX: u32 = 250;
const LATE_MORE: u64 = 2;

/// The shortest interval at which an answer counts as long as it is waited for, which is so long at most.
pub(crate) fn interval_min(wait: Duration) -> Duration {
    wait / LATE_MAX
}

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
    /// The last question was answered over a stream, and by no datagram as long as one was waited for.
    StreamOnly(Slot),
}

/// Who is watched, and all others that live.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Contacts {
    detector: phi::Detector,
    successors: usize,
    interval: Duration,
    /// How long the answer to the last question is waited for.
    patience: Duration,
    /// How many of the latest contacts may be answered.
    late: u64,
    own: u64,
    /// The others that live, by how far behind this node they stand.
    ring: BTreeSet<(u64, Slot)>,
    /// The first of them, in the same order.
    watched: Vec<Watched>,
    /// When the present interval ends, and whether anybody answered in it.
    round_ends: Instant,
    heard: bool,
    /// When one of the watched answered last, and when anybody was heard in any way.
    answered: Instant,
    heard_at: Instant,
    /// Who of all answered last by itself, and when.
    latest: Option<(Slot, Instant)>,
    lookout: Option<Lookout>,
}

impl Contacts {
    /// What a detector needs to watch a ring; `None` if it watches none. `own` is this node's hashed identity; an answer is
    /// waited for during `patience`, up to `scale_max` times as long in bad health.
    pub(crate) fn new(
        detector: &Detector,
        (patience, scale_max): (Duration, u32),
        own: u64,
        now: Instant,
    ) -> Option<Self> {
        let Detector::Ring { accrual, successors, interval } = *detector else { return None };
        // Nobody answers more often than it is asked.
        let first_interval = accrual.first_interval.max(interval);
        let detector = phi::Detector::new(Settings { first_interval, ..accrual }).ok()?;
        let successors = usize::try_from(successors).unwrap_or(usize::MAX);
        let contacts = patience.saturating_mul(scale_max).as_nanos().div_ceil(interval.as_nanos().max(1));
        let late = u64::try_from(contacts).unwrap_or(u64::MAX).clamp(LATE_MIN.into(), LATE_MAX.into()) + LATE_MORE;
        Some(Self {
            detector,
            successors,
            interval,
            patience,
            late,
            own,
            ring: BTreeSet::new(),
            watched: Vec::new(),
            round_ends: now.after(interval),
            heard: false,
            answered: now,
            heard_at: now,
            latest: None,
            lookout: None,
        })
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
        if self.watched.is_empty() {
            // Nobody could answer before.
            (self.answered, self.heard_at) = (now, now);
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
        self.latest = self.latest.filter(|&(latest, _)| latest != slot);
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

    /// None of the watched has answered for as long as one of them would take: somebody beyond them is asked whether
    /// anybody hears this node. Returns who, and with which nonce.
    pub(crate) fn look_beyond(&mut self, now: Instant, rng: &mut Rng) -> Option<(Slot, Nonce)> {
        if now.since(self.answered) <= self.pause() {
            self.lookout = None;
            return None;
        }
        let (before, last) = (self.lookout, self.watched.last()?.place);
        if before.is_some_and(|it| now.since(it.asked) < self.interval.max(self.patience)) {
            return None;
        }
        let after = |place| self.ring.range((Bound::Excluded(place), Bound::Unbounded)).next().copied();
        let kept = before.filter(|it| it.is_kept() && it.place > last && self.ring.contains(&it.place));
        let next = || after(before.map_or(last, |it| it.place.max(last))).or_else(|| after(last));
        let place = kept.map(|it| it.place).or_else(next)?;
        let nonce = rng.nonce();
        self.lookout = Some(Lookout::ask(before, place, nonce, now));
        Some((place.1, nonce))
    }

    /// How long one of the watched takes at most until it has answered again, if no answer is lost.
    fn pause(&self) -> Duration {
        self.interval.saturating_add(self.patience)
    }

    /// Whether somebody has answered for so short a time that this node is not cut off.
    pub(crate) fn is_heard(&self, now: Instant) -> bool {
        now.since(self.heard_at) <= self.pause()
    }

    /// Who answered last, and not long ago: somebody who certainly hears this node.
    pub(crate) fn witness(&self, now: Instant) -> Option<Slot> {
        self.latest.filter(|&(_, at)| now.since(at) <= self.pause()).map(|(slot, _)| slot)
    }

    /// A contact is packed. Returns its nonce, and whether it shows that this node is not heard: the one before is still
    /// unanswered, and so are all others. `None` when the member is not watched any more, or was contacted just now:
    /// contacts that had to wait are no more than one.
    pub(crate) fn on_packed(&mut self, slot: Slot, now: Instant) -> Option<(Nonce, bool)> {
        let (gap, is_heard) = (self.interval / 2, self.is_heard(now));
        let (nonce, missed) = self.get_mut(slot)?.on_packed(gap, now)?;
        Some((nonce, missed && !is_heard))
    }

    /// A member answers; `boot` says in which life. Returns whether that was awaited.
    pub(crate) fn on_answer(&mut self, (slot, boot): (Slot, u64), nonce: Nonce, now: Instant) -> bool {
        let (detector, late) = (self.detector, self.late);
        let is_watched = self
            .get_mut(slot)
            .filter(|watched| watched.life.boot == boot)
            .is_some_and(|watched| watched.on_answer((nonce, late), &detector, now));
        if is_watched {
            self.answered = now;
        }
        let awaited = is_watched || self.lookout.as_mut().is_some_and(|lookout| lookout.on_answer(slot, nonce));
        if awaited {
            (self.heard, self.heard_at, self.latest) = (true, now, Some((slot, now)));
        }
        awaited
    }

    /// A helper has an answer of a member: it lives, but that is no sample. Returns whether it was awaited.
    pub(crate) fn on_word(&mut self, slot: Slot, nonce: Nonce, now: Instant) -> bool {
        let (detector, late) = (self.detector, self.late);
        let watched = self.get_mut(slot).filter(|watched| watched.stage != Stage::Listens);
        let Some(watched) = watched.filter(|watched| watched.number_of(nonce, late).is_some()) else { return false };
        watched.listen_from(now, &detector);
        (self.heard, self.heard_at) = (true, now);
        true
    }

    /// A member answers the last question over a stream: it lives, but a datagram may still come. Returns whether that was
    /// awaited.
    pub(crate) fn on_stream_answer(&mut self, slot: Slot, nonce: Nonce, now: Instant) -> bool {
        let detector = self.detector;
        let awaited = self.get_mut(slot).is_some_and(|watched| watched.on_stream_answer(nonce, &detector, now));
        if awaited {
            self.heard_at = now;
        }
        awaited
    }

    /// How long the answer to the last question with this nonce is waited for.
    pub(crate) fn patience(&self, slot: Slot, nonce: Nonce) -> Option<Duration> {
        let watched = self.watched.iter().find(|watched| watched.slot() == slot)?;
        let Stage::Asked(question) = watched.stage else { return None };
        (question.nonce == nonce).then_some(question.patience)
    }

    /// Looks at whoever is due first. `None` when nobody is, or nothing has become of it. A node in bad health takes
    /// `scale` times as long.
    pub(crate) fn on_deadline(&mut self, now: Instant, scale: u32) -> Option<Verdict> {
        let (interval, patience) = (self.interval, self.patience.saturating_mul(scale));
        while let Some(watched) = self.watched.iter_mut().filter(|it| it.look <= now).min_by_key(|it| it.look) {
            let slot = watched.slot();
            if let Stage::Streamed(heard) = watched.stage {
                watched.listen_from(heard, &self.detector);
                return Some(Verdict::StreamOnly(slot));
            }
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

    /// When somebody is contacted next; where nobody is, when the interval ends.
    pub(crate) fn next_contact(&self) -> Instant {
        self.watched.iter().map(|watched| watched.next).min().unwrap_or(self.round_ends)
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
