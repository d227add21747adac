//! A belief changes: what is told on, what is suspected, what is reported.

use alloc::boxed::Box;
use core::time::Duration;

use crate::config::Config;
use crate::membership::{Change, Verdict};
use crate::packing::{Rumour, Urgency};
use crate::vocab::{Health, Incarnation, Instant, Record, Slot, log10_ceil};

use super::intents::Intent;
use super::io::{Cause, Event, MemberChange, Reason, Timer};
use super::{Leaving, Node};

/// A life whose counter was driven beyond this gives way to a new boot: whoever missed what drove it must
/// still be able to believe the contradiction.
const COUNTER_LIFE_MAX: u32 = 1 << 18;

/// The next statement of a life, or the first of another one if this one's numbers are spent.
pub(super) fn in_a_life(next: Incarnation) -> Incarnation {
    if next.counter > COUNTER_LIFE_MAX { next_life(next) } else { next }
}

fn next_life(spent: Incarnation) -> Incarnation {
    Incarnation::first(spent.boot.saturating_add(1))
}

impl Node {
    /// Merges one statement and does what follows from it. Returns whether it was news.
    pub(super) fn learn(&mut self, record: &Record, reason: Reason, now: Instant) -> bool {
        if !self.allows(record.addr) {
            self.stats.records_refused += 1;
            return false;
        }
        if record.id == self.id {
            return self.learn_about_self(record, now);
        }
        // What a repair brings is looked at in full: it is there for what the index cannot tell apart.
        if reason != Reason::Repair && self.membership.holds(record) {
            return false;
        }
        if self.is_takeover(record, reason, now) {
            return false;
        }
        let heard = record.health;
        let (record, outside) = (self.softened(record, reason, now), self.clock.outside(now));
        let (convicted, absence) = (record.health != heard, self.absence(&record, outside));
        if self.membership.is_full()
            && self.membership.judge(&record, outside) == Verdict::New
            && let Some((slot, last)) = self.membership.forget_first(outside)
        {
            self.note_forgotten(slot, &last, now);
        }
        let (slot, was, at) = match self.membership.apply(&record, outside) {
            Change::New(slot) => (slot, None, record.addr),
            Change::Changed { slot, was, at } => (slot, Some(was), at),
            Change::Old => {
                if convicted {
                    self.hear_conviction(&record, now);
                }
                return false;
            }
            Change::Refused(_) => {
                self.stats.records_refused += 1;
                return false;
            }
        };
        let (live, was_silent) = (record.health.is_live(), self.is_silent(slot));
        if !live {
            self.schedule_forgetting(now);
            self.on_member_gone(record.id, now);
        }
        self.note_member(slot, now);
        self.follow_case(slot, was, (reason, convicted), now);
        self.follow_heartbeat(slot, now);
        self.follow_mail(slot);
        self.count_map(slot, live);
        self.recheck_holder(slot);
        self.order.on_changed(slot, live.then(|| self.target(slot)));
        self.follow_suspicion(slot, (reason, convicted), now);
        self.follow_healing(slot, was, absence, now);
        if record.health == Health::Removed {
            self.cold.book.forget(record.id, record.addr);
        }
        if reason != Reason::Repair {
            let over_life = record.health != Health::Alive || was.is_some_and(|was| was != Health::Alive);
            self.tell(slot, if over_life { Urgency::Urgent } else { Urgency::Ordinary }, now);
        }
        let (moved_from, domain) = ((at != record.addr).then_some(at), self.membership.domain(slot));
        let doubted = matches!(record.health, Health::Suspect | Health::Dead);
        let evidence = doubted.then(|| Box::new(self.evidence_told(slot, reason)));
        let change = MemberChange { moved_from, domain, evidence, ..MemberChange::to(&record, was, reason) };
        if !was_silent {
            self.report(Event::Member(change));
        } else if !self.is_silent(slot) && record.health != Health::Dead {
            self.report(Event::Member(MemberChange { was: Some(Health::Dead), ..change }));
        }
        true
    }

    /// Nothing that is heard kills at once: whoever is said to be dead, and was not suspected here for a while, gets
    /// time to contradict. What a repair says may be old, so that it never kills.
    fn softened(&self, record: &Record, reason: Reason, now: Instant) -> Record {
        let has_time = |slot| match self.membership.health(slot) {
            Health::Alive => true,
            Health::Suspect => {
                let newer = record.incarnation > self.membership.record(slot).incarnation;
                newer || reason == Reason::Repair || self.suspicions.get(slot).is_none_or(|open| open.is_young(now))
            }
            Health::Dead | Health::Left | Health::Removed => false,
        };
        let hearsay = matches!(reason, Reason::Rumour | Reason::Repair);
        if hearsay && record.health == Health::Dead && self.membership.find(record.id).is_some_and(has_time) {
            Record { health: Health::Suspect, ..*record }
        } else {
            *record
        }
    }

    /// Opens or closes the suspicion that goes with the row's health. `convicted` says that others believe the worst
    /// already.
    fn follow_suspicion(&mut self, slot: Slot, (reason, convicted): (Reason, bool), now: Instant) {
        self.suspicions.close(slot);
        if self.membership.health(slot) == Health::Suspect {
            // Whoever has the suspicion by hearsay leaves the accuser time to finish, so that one last
            // chance is given by few, not by all.
            let extra = if reason == Reason::Silence { Duration::ZERO } else { self.cold.config.period };
            self.suspicions.open(slot, self.suspicion_length(convicted), extra, now);
            if reason != Reason::Rumour {
                self.wish(Intent::Tell { to: self.membership.addr(slot), about: slot, bytes_max: u32::MAX });
            }
        }
        self.schedule_suspicions();
    }

    /// Somebody says something about this node. If it would win, it is contradicted.
    fn learn_about_self(&mut self, heard: &Record, now: Instant) -> bool {
        let own = self.membership.record(Slot::SELF);
        if heard.health == Health::Alive {
            self.note_self_alive(now);
        }
        if self.leaving != Leaving::Stays || self.asks_first(heard, &own, now) {
            return false;
        }
        self.contradict(heard, now)
    }

    /// Says something that wins over what is heard of this node, if that would win.
    pub(super) fn contradict(&mut self, heard: &Record, now: Instant) -> bool {
        let own = self.membership.record(Slot::SELF);
        let same_boot = heard.incarnation.boot == own.incarnation.boot;
        // Nobody but the owner raises the counter, and it has one address as long as it lives.
        let elsewhere = heard.health.is_live() && self.is_of_elsewhere(heard, &own);
        let reused = same_boot && (elsewhere || heard.incarnation.counter > own.incarnation.counter);
        let above = own.incarnation.above(heard.incarnation);
        let cause = match heard.incarnation.boot > own.incarnation.boot {
            true => Cause::LaterBoot,
            false if reused => Cause::BootReused,
            false => Cause::Accusation,
        };
        let life_over = same_boot && heard.health.is_final();
        let raised = if cause != Cause::Accusation || life_over { next_life(above) } else { in_a_life(above) };
        if raised <= own.incarnation {
            return false;
        }
        let outside = self.clock.outside(now);
        match self.membership.judge(heard, outside) {
            Verdict::Changes { .. } => {}
            Verdict::Refused(_) => {
                self.stats.records_refused += 1;
                return false;
            }
            Verdict::New | Verdict::Same(_) | Verdict::Old if reused && elsewhere => {}
            Verdict::New | Verdict::Same(_) | Verdict::Old => return false,
        }
        self.say_of_self(&Record { incarnation: raised, ..own }, now);
        self.stats.refutations += 1;
        if matches!(heard.health, Health::Suspect | Health::Dead) {
            self.health.on_refuted();
        }
        self.tell(Slot::SELF, Urgency::Urgent, now);
        self.report(Event::Refuted { incarnation: raised, cause });
        true
    }

    /// Lets the own row say something else.
    pub(super) fn say_of_self(&mut self, own: &Record, now: Instant) {
        let boot = self.incarnation.boot;
        self.membership.overwrite(Slot::SELF, own, self.clock.outside(now));
        self.incarnation = own.incarnation;
        if own.incarnation.boot > boot {
            self.begin_info_life(now);
        }
        self.note_own_addresses();
    }

    /// Begins to tell what a row says, and sees to it that a gossip tick comes.
    pub(super) fn tell(&mut self, slot: Slot, urgency: Urgency, now: Instant) {
        if self.cold.config.retransmit_mult == 0 {
            return;
        }
        let telling = self.membership.tell_anew(slot);
        if self.gossip.push(Rumour { slot, telling }, urgency) {
            self.stats.rumours_dropped += 1;
        }
        self.arm_gossip(now);
    }

    /// Lets the next gossip tick come, no sooner than an interval after the last one.
    pub(super) fn arm_gossip(&mut self, now: Instant) {
        if self.deadlines.get(Timer::Gossip) == Instant::NEVER {
            self.deadlines.set(Timer::Gossip, self.gossip_next.max(now));
        }
    }

    /// How often a rumour is told in a cluster of this size.
    pub(super) fn tellings_max(&self) -> u32 {
        self.cold.config.retransmit_mult * log10_ceil(self.membership.live().saturating_add(1))
    }

    /// How long a rumour may be on its way before everybody has it. It doubles its hearers in less than one gossip
    /// interval, so that takes as many intervals as the logarithm says.
    pub(super) fn rumours_last(&self) -> Duration {
        let Config { retransmit_mult, gossip_interval, .. } = self.cold.config;
        if retransmit_mult == 0 { Duration::ZERO } else { gossip_interval * self.membership.live().max(2).ilog2() }
    }
}
