//! A deadline passes: which room is asked, and what follows.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Detector;
use crate::detector::Target;
use crate::membership::Membership;
use crate::vocab::{Health, Instant, Nonce, Record, Slot};

use super::beating::{is_silent, may_hear};
use super::intents::Intent;
use super::io::Timer;
use super::{Leaving, Node};

const TIMERS: [Timer; 22] = [
    Timer::Quorum,
    Timer::ProbePeriod,
    Timer::ProbeAnswer,
    Timer::Gossip,
    Timer::Suspicion,
    Timer::Join,
    Timer::Repair,
    Timer::Reconnect,
    Timer::Forget,
    Timer::Values,
    Timer::StateRepair,
    Timer::Pace,
    Timer::Waits,
    Timer::Nack,
    Timer::Heartbeat,
    Timer::Silence,
    Timer::Identity,
    Timer::Streams,
    Timer::Links,
    Timer::Infos,
    Timer::Calls,
    Timer::Pings,
];

/// The most members that are forgotten at a time, and how long the others wait then.
const FORGET_MAX: usize = 16;
const FORGET_PAUSE: Duration = Duration::from_millis(1);

/// The deadline of every timer in node time; `NEVER` where it does not run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deadlines {
    at: [Instant; TIMERS.len()],
    /// The first deadline. It is asked for several times per packet, and changes when its own timer does.
    first: (Instant, Timer),
}

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self { at: [Instant::NEVER; TIMERS.len()], first: (Instant::NEVER, TIMERS[0]) }
    }

    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = at;
        if (at, timer) < self.first {
            self.first = (at, timer);
        } else if timer == self.first.1 {
            self.first = self.look_for_first();
        }
    }

    pub(super) const fn get(&self, timer: Timer) -> Instant {
        self.at[timer as usize]
    }

    /// The first deadline; of equal ones, that of the timer which is named first.
    pub(super) const fn earliest(&self) -> (Instant, Timer) {
        self.first
    }

    fn look_for_first(&self) -> (Instant, Timer) {
        let mut first = (self.at[0], TIMERS[0]);
        for (&at, &timer) in self.at.iter().zip(&TIMERS).skip(1) {
            if at < first.0 {
                first = (at, timer);
            }
        }
        first
    }

    /// Asserts that the first deadline is the first.
    pub(super) fn check(&self) {
        assert_eq!(self.first, self.look_for_first(), "no deadline comes before the first");
    }
}

impl Node {
    pub(super) fn start_timers(&mut self, now: Instant) {
        if self.cold.config.detector == Detector::Swim {
            self.deadlines.set(Timer::ProbePeriod, self.prober.next_tick());
        }
        self.start_beating(now);
        self.start_contacts(now);
        self.schedule_reconnect(now);
    }

    /// Runs everything that is due. Each step moves its own deadline beyond `now`.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        self.overdue = 0;
        loop {
            let (at, timer) = self.deadlines.earliest();
            if at > now || at == Instant::NEVER {
                break;
            }
            self.clock.mark(now);
            match timer {
                Timer::Quorum => self.on_quorum_due(now),
                Timer::ProbePeriod => self.on_probe_period(now),
                Timer::ProbeAnswer => self.on_probe_overdue(now),
                Timer::Gossip => self.on_gossip_tick(now),
                Timer::Suspicion => self.on_suspicion_due(now),
                Timer::Join => self.on_join_due(now),
                Timer::Repair => self.on_repair_due(now),
                Timer::Reconnect => self.on_reconnect(now),
                Timer::Forget => self.on_forget_due(now),
                Timer::Values => self.on_values_due(now),
                Timer::StateRepair => self.on_state_repair_due(now),
                Timer::Pace => self.hold_gives(None),
                Timer::Waits => self.on_waits_due(now),
                Timer::Nack => self.on_nacks_due(now),
                Timer::Heartbeat if self.cold.contacts.is_some() => self.on_contact_due(now),
                Timer::Silence if self.cold.contacts.is_some() => self.on_quiet_due(now),
                Timer::Heartbeat => self.on_heartbeat_due(now),
                Timer::Silence => self.on_silence_due(now),
                Timer::Identity => self.on_identity_due(now),
                Timer::Streams => self.on_streams_due(now),
                Timer::Links => self.on_links_due(now),
                Timer::Infos => self.on_infos_due(now),
                Timer::Calls => self.on_calls_due(now),
                Timer::Pings => self.on_pings_due(now),
            }
        }
    }

    fn on_probe_period(&mut self, now: Instant) {
        self.tells_left = super::receive::TELLS_PER_PERIOD;
        self.end_probe(now);
        self.deadlines.set(Timer::ProbePeriod, self.prober.next_tick());
        self.deadlines.set(Timer::ProbeAnswer, self.prober.next_deadline());
        let membership = &self.membership;
        let is_target = |slot| slot != Slot::SELF && membership.health(slot).is_live();
        let target = self.order.choose(membership.rows(), &mut self.rng, is_target, |slot| target_of(membership, slot));
        if let Some(target) = target {
            let nonce = self.prober.wish(target, &mut self.rng);
            self.wish(Intent::Probe { target, nonce });
        }
    }

    /// The direct answer is overdue: helpers are asked.
    fn on_probe_overdue(&mut self, now: Instant) {
        let asked = self.prober.on_deadline();
        self.deadlines.set(Timer::ProbeAnswer, self.prober.next_deadline());
        if let Some((target, nonce)) = asked {
            self.ask_helpers(target.slot, nonce, now);
        }
    }

    /// Asks others to ping a member, and pings it at its other addresses and over a stream at the same time, where there are
    /// any.
    pub(super) fn ask_helpers(&mut self, target: Slot, nonce: Nonce, now: Instant) {
        self.ask_elsewhere(target, nonce);
        self.ping_by_stream(target, nonce, now);
        let count = self.cold.config.indirect_probes;
        let beating = self.cold.beating.as_ref();
        let witness = self.contact_witness(target, now).filter(|_| count > 0);
        let wanted = |slot, health| {
            slot != target && Some(slot) != witness && health == Health::Alive && !is_silent(beating, slot)
        };
        let count = count - u32::from(witness.is_some());
        let others = self.membership.choose_several(count, &mut self.rng, wanted);
        for helper in witness.into_iter().chain(others) {
            self.wish(Intent::PingRequest { helper, target, nonce });
        }
    }

    fn on_gossip_tick(&mut self, now: Instant) {
        self.gossip_next = now.after(self.cold.config.gossip_interval);
        self.deadlines.set(Timer::Gossip, Instant::NEVER);
        let others = self.membership.live() - u32::from(self.leaving == Leaving::Stays);
        let nothing_to_tell = self.gossip.is_empty() && self.heads_waiting == 0;
        if self.leaving == Leaving::Leaves && self.say_goodbye(nothing_to_tell) {
            self.deadlines.set(Timer::Gossip, self.gossip_next);
            return;
        }
        if nothing_to_tell || others == 0 {
            return;
        }
        self.deadlines.set(Timer::Gossip, self.gossip_next);
        self.gossip_to(self.cold.config.gossip_fanout);
    }

    /// Tells so many members what there is to tell.
    pub(super) fn gossip_to(&mut self, count: u32) {
        let wanted = may_hear(self.cold.beating.as_ref());
        for slot in self.membership.choose_several(count, &mut self.rng, wanted) {
            self.wish(Intent::Gossip { slot });
        }
    }

    /// Tries one random member; if it is dead, it is asked whether it is. So each dead member is tried about
    /// once per interval by all together, without anybody keeping a list. Whom nobody remembers is tried as
    /// often, from the book.
    fn on_reconnect(&mut self, now: Instant) {
        self.schedule_reconnect(now);
        self.report_healing(now);
        if self.leaving != Leaving::Stays {
            return;
        }
        self.try_book();
        self.try_silent();
        if self.membership.live() < self.membership.members()
            && let Some(slot) = self.membership.choose_dead(&mut self.rng)
        {
            let nonce = self.nonce();
            self.wish(Intent::Ping { slot, nonce });
        }
    }

    /// Forgets who went long ago, a few per call, so that none takes long. Whoever left will not be back at its
    /// address; whoever died may be.
    fn on_forget_due(&mut self, now: Instant) {
        let outside = self.clock.outside(now);
        for _ in 0..FORGET_MAX {
            let Some((slot, last)) = self.membership.forget_due(outside) else { break };
            self.note_forgotten(slot, &last, now);
        }
        self.schedule_forgetting(now.after(FORGET_PAUSE));
    }

    pub(super) fn note_forgotten(&mut self, slot: Slot, last: &Record, now: Instant) {
        self.stats.forgotten += 1;
        self.note_unknown(last.id, now);
        self.drop_heartbeat(slot);
        self.cold.cases.close(slot);
        self.forget_map(slot, last.id);
        self.cold.waits.forget(slot);
        self.cold.inbox.forget(slot);
        if last.health == Health::Dead {
            self.note_for_healing(slot, last);
            self.cold.book.note(last.id, last.addr, &mut self.rng);
        }
    }

    /// Ages are counted in the embedder's time: whoever stood still grew older all the same.
    pub(super) fn schedule_forgetting(&mut self, not_before: Instant) {
        let next = self.clock.inside(self.membership.next_deadline());
        self.deadlines.set(Timer::Forget, next.max(not_before));
    }

    fn schedule_reconnect(&mut self, now: Instant) {
        let wait = self.rng.about(self.cold.config.reconnect_interval);
        self.deadlines.set(Timer::Reconnect, now.after(wait.max(Duration::from_nanos(1))));
    }

    /// What a probe needs to know of the member in a row.
    pub(super) fn target(&self, slot: Slot) -> Target {
        target_of(&self.membership, slot)
    }

    pub(super) fn nonce(&mut self) -> Nonce {
        self.rng.nonce()
    }

    pub(super) fn wish(&mut self, intent: Intent) -> bool {
        let pushed = self.intents.push(intent);
        self.stats.intents_dropped += u64::from(!pushed);
        pushed
    }
}

fn target_of(membership: &Membership, slot: Slot) -> Target {
    let Record { id, incarnation, addr, .. } = membership.record(slot);
    Target { slot, id, boot: incarnation.boot, addr }
}
