//! Who accuses whom: this node's own probes, what others say, and what speaks against this node itself.

use core::time::Duration;

use crate::detector::probe::Silent;
use crate::detector::suspicion::{Due, Length, Suspicions, Witness};
use crate::membership::Membership;
use crate::packing::Urgency;
use crate::vocab::{Accusers, Health, Instant, NodeId, Nonce, Record, Slot};

use super::intents::Intent;
use super::io::{Reason, Timer};
use super::{Leaving, Node};

impl Node {
    /// The period of a probe is over: if its target stayed silent, that speaks against the target, and a little
    /// against this node. Whom others miss too says nothing against this node, be it the target or a helper.
    pub(super) fn end_probe(&mut self, now: Instant) {
        if let Some(id) = self.prober.heard_by_stream() {
            self.note_stream_only(id);
        }
        let silent = self.prober.on_tick();
        if let Some(silent) = &silent
            && !self.is_missed_by_others(silent.target.slot)
        {
            let missed =
                self.cold.helpers.silent(silent.nonce).filter(|&helper| !self.is_missed_by_others(helper)).count();
            self.stats.nacks_missed += missed as u64;
            self.health.on_failure(u32::try_from(missed).unwrap_or(u32::MAX));
        }
        self.prober.begin(now, self.health.scale());
        if let Some(silent) = silent {
            self.on_silence(&silent, now);
        }
    }

    pub(super) fn is_missed_by_others(&self, slot: Slot) -> bool {
        let own = self.membership.id_hash(Slot::SELF);
        match self.membership.health(slot) {
            Health::Alive => false,
            Health::Suspect => self.suspicions.get(slot).is_some_and(|suspicion| !suspicion.is_of(own)),
            Health::Dead | Health::Left | Health::Removed => true,
        }
    }

    /// Nobody reached the target for a whole period: it is suspected, or one more accuses it.
    pub(super) fn on_silence(&mut self, silent: &Silent, now: Instant) {
        let target = silent.target;
        let known = self.membership.record(target.slot);
        // A life that began since was not probed, nor was another member that has the row now.
        let same = (known.id, known.incarnation.boot) == (target.id, target.boot);
        if !same || !known.health.is_live() {
            return;
        }
        let news = known.health == Health::Alive;
        self.note_accusation(silent, now);
        if news {
            self.stats.suspicions += 1;
            let record = Record { health: Health::Suspect, hops: 0, ..known };
            self.learn(&record, Reason::Silence, now);
        }
        let own = self.membership.id_hash(Slot::SELF);
        if self.suspicions.confirm(target.slot, own, now) {
            self.on_accused(target.slot, news, now);
        }
    }

    /// A suspect's record names those who accuse it. They count if they are members, each once; `told` says that
    /// the suspicion itself was news.
    pub(super) fn hear_accusers(&mut self, record: &Record, accusers: &Accusers, told: bool, now: Instant) {
        let Some(slot) = self.membership.find(record.id) else { return };
        if self.suspicions.is_settled(slot) || self.membership.record(slot).incarnation != record.incarnation {
            return;
        }
        let mut news = false;
        for &accuser in accusers.as_slice() {
            if self.may_accuse(accuser, slot) {
                news |= self.suspicions.confirm(slot, accuser, now);
            }
        }
        if news {
            self.on_accused(slot, told, now);
        }
    }

    /// Whether somebody who is named as an accuser counts: another live member. Nobody accuses itself, and whom this
    /// node accuses it knows best.
    pub(super) fn may_accuse(&self, accuser: u64, about: Slot) -> bool {
        let member = self.membership.find_hash(accuser).filter(|&member| member != about && member != Slot::SELF);
        member.is_some_and(|member| self.membership.health(member).is_live())
    }

    /// Others have convicted a suspect already: its suspicion here needs no more confirmations.
    pub(super) fn hear_conviction(&mut self, record: &Record, now: Instant) {
        let slot = self.membership.find(record.id);
        if let Some(slot) = slot.filter(|&slot| self.membership.record(slot).incarnation == record.incarnation) {
            self.suspicions.shorten(slot, now);
            self.cold.cases.on_death_told(slot);
            self.schedule_suspicions();
        }
    }

    /// One more accuses: that is told on, so that everybody's suspicion gets shorter.
    fn on_accused(&mut self, slot: Slot, told: bool, now: Instant) {
        if let Some(open) = self.suspicions.get(slot) {
            self.cold.cases.on_accused(slot, open.accusers());
        }
        if !told {
            self.tell(slot, Urgency::Urgent, now);
        }
        self.schedule_suspicions();
    }

    /// How long a suspicion lasts that begins now. What others have convicted already has been confirmed.
    pub(super) fn suspicion_length(&self, convicted: bool) -> Length {
        let config = &self.cold.config;
        let mults = (config.suspicion_mult, config.suspicion_max_mult);
        let length = Length::new(mults, self.membership.live(), config.period);
        if convicted { Length::fixed(length.min) } else { length }
    }

    pub(super) fn on_suspicion_due(&mut self, now: Instant) {
        let (own, health) = (self.membership.id_hash(Slot::SELF), self.health);
        match self.suspicions.on_deadline(now, own, |suspects| health.is_cut_off(suspects)) {
            Some(Due::LastChance(slot)) => {
                let nonce = self.nonce();
                let Some(open) = self.suspicions.get(slot) else { return };
                // What finds no room is wished again.
                if self.wish(Intent::Ping { slot, nonce }) {
                    self.cold.cases.on_last_chance(slot, nonce, self.clock.outside(open.until()));
                    self.ask_helpers(slot, nonce, now);
                    let wanted = open.is_of(own) && self.has_helpers();
                    self.suspicions.on_asked(slot, nonce, if wanted { Witness::Wanted } else { Witness::Needless });
                }
            }
            Some(Due::Convict(slot)) => self.convict(slot, now),
            Some(Due::PutOff(slot)) => {
                self.stats.convictions_put_off += 1;
                self.note_patience(slot);
            }
            None => {}
        }
        self.schedule_suspicions();
    }

    /// Until when a last question is waited for may have changed.
    fn note_patience(&mut self, slot: Slot) {
        if let Some(open) = self.suspicions.get(slot) {
            self.cold.cases.on_patience(slot, self.clock.outside(open.until()));
        }
    }

    /// A member had its time and did not use it: it is dead, and that is told.
    pub(super) fn convict(&mut self, slot: Slot, now: Instant) {
        self.stats.convictions += 1;
        let record = Record { health: Health::Dead, hops: 0, ..self.membership.record(slot) };
        self.learn(&record, Reason::Expiry, now);
    }

    /// Whoever leaves convicts nobody any more.
    pub(super) fn schedule_suspicions(&mut self) {
        let stays = self.leaving == Leaving::Stays;
        self.deadlines.set(Timer::Suspicion, if stays { self.suspicions.next_deadline() } else { Instant::NEVER });
    }

    /// Ends the wait of the current probe. Returns whether the answer was awaited.
    pub(super) fn take_probe_answer(&mut self, about: NodeId, nonce: Nonce) -> bool {
        let awaited = self.prober.on_answer(about, nonce);
        if awaited {
            self.note_datagram_answer(about);
            self.health.on_success();
        }
        awaited
    }

    /// A helper has no answer so far. Returns whether it was asked.
    pub(super) fn take_nack(&mut self, from: NodeId, nonce: Nonce, now: Instant) -> bool {
        let Some(helper) = self.membership.find(from) else { return false };
        let witness = self.suspicions.on_witness(nonce, from, now);
        if witness {
            self.schedule_suspicions();
        }
        witness || self.cold.helpers.on_word(nonce, helper)
    }

    /// A ping has left, or is lost before it could; a verdict may hang on it.
    pub(super) fn on_question_packed(&mut self, (slot, nonce): (Slot, Nonce), has_left: bool, now: Instant) {
        if has_left {
            self.note_ping(slot, nonce, now);
            self.on_ping_left(nonce, now);
        }
        if !self.suspicions.is_empty() {
            if has_left {
                self.suspicions.on_left(slot, nonce, now);
                self.note_patience(slot);
            } else {
                self.suspicions.on_lost(slot, nonce);
            }
            self.schedule_suspicions();
        }
        self.on_contact_question(slot, nonce, has_left, now);
    }

    /// Whether there is anybody but suspects who could be asked to help, though it may be that nobody was found.
    fn has_helpers(&self) -> bool {
        let silent = self.cold.beating.as_ref().map_or(0, |beating| beating.beats.silent());
        let others = self.membership.live().saturating_sub(silent).saturating_sub(1);
        self.cold.config.indirect_probes > 0 && others as usize > self.suspicions.len()
    }

    /// A helper is asked with this nonce. Returns in how many milliseconds this node judges; 0 where it does not want to
    /// hear that there is no answer.
    pub(super) fn on_helper_asked(&mut self, helper: Slot, target: Slot, nonce: Nonce, now: Instant) -> u32 {
        let left = if self.prober.is_current(nonce) {
            let left = self.prober.next_tick().since(now);
            if left >= Duration::from_millis(1) {
                self.cold.helpers.on_asked(nonce, helper);
            }
            left
        } else {
            if self.suspicions.questioned(nonce).is_some() {
                self.note_last_helper(target, nonce, helper);
            } else if self.cold.contacts.is_some() {
                self.cold.helpers.on_asked(nonce, helper);
            }
            // A witness says only that it is there, so that its word can come in time.
            let least = Duration::from_millis(1);
            let half = (self.cold.config.probe_timeout / 2).max(least);
            let id = self.membership.record(helper).id;
            if self.suspicions.on_helper_asked(target, nonce, id) { half } else { Duration::ZERO }
        };
        u32::try_from(left.as_millis()).unwrap_or(u32::MAX)
    }

    /// What a row says as it is told, with those who accuse if it is a suspect's.
    pub(super) fn told(&self, slot: Slot, now: Instant) -> (Record, Accusers) {
        told(&self.membership, &self.suspicions, slot, self.clock.outside(now))
    }
}

/// [`Node::told`] of parts of a node, at a time of the embedder.
pub(super) fn told(
    membership: &Membership,
    suspicions: &Suspicions,
    slot: Slot,
    outside: Instant,
) -> (Record, Accusers) {
    let record = membership.record_at(slot, outside);
    let suspicion = if record.health == Health::Suspect { suspicions.get(slot) } else { None };
    (record, suspicion.map(|suspicion| *suspicion.accusers()).unwrap_or_default())
}
