//! How does a node go, and who knows of it?
//!
//! The goodbye is a rumour like any other, with more care: until as many members as a rumour is told to have
//! confirmed it, every gossip tick goes out as pings to those who have not, with the goodbye in front. Their
//! ordinary acks are the confirmations, and so is every packet whose fingerprint is that of a cluster without
//! this node. Nothing of it waits longer than the config says.
//!
//! A dead member goes because somebody says so: that is a statement about it that nothing of the same life
//! contradicts, told on and remembered like a goodbye.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::membership::joining::Joining;
use crate::packing::Urgency;
use crate::vocab::{Domain, Health, Instant, NodeId, Nonce, Record, Slot};

use super::beating::may_hear;
use super::intents::Intent;
use super::io::{Event, Farewell, Reason, Rejected, Timer};
use super::{Leaving, Node};

/// Who is known to have heard the goodbye.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Goodbye {
    /// Whoever repeats it has read a packet with the goodbye.
    pub(super) nonce: Nonce,
    /// No more than a rumour has hearers.
    heard: Vec<(NodeId, Domain)>,
}

impl Goodbye {
    pub(super) const fn unsaid() -> Self {
        Self { nonce: Nonce([0; 8]), heard: Vec::new() }
    }

    fn is_heard_by(&self, id: NodeId) -> bool {
        self.heard.iter().any(|&(known, _)| known == id)
    }

    fn is_heard_in(&self, domain: Domain) -> bool {
        self.heard.iter().any(|&(_, known)| known == domain)
    }

    fn domains(&self) -> usize {
        self.heard.iter().map(|&(_, domain)| domain).collect::<BTreeSet<_>>().len()
    }
}

impl Node {
    pub(super) fn leave(&mut self, now: Instant) {
        self.leaving = Leaving::Leaves;
        self.give_up_standing(now);
        self.prober.stop();
        self.cold.joining = Joining::idle();
        for timer in [
            Timer::ProbePeriod,
            Timer::ProbeAnswer,
            Timer::Suspicion,
            Timer::Join,
            Timer::Repair,
            Timer::StateRepair,
            Timer::Heartbeat,
            Timer::Silence,
            Timer::Identity,
        ] {
            self.deadlines.set(timer, Instant::NEVER);
        }
        let own = Record { health: Health::Left, ..self.membership.record(Slot::SELF) };
        self.membership.overwrite(Slot::SELF, &own, self.clock.outside(now));
        self.count_map(Slot::SELF, false);
        self.end_waits();
        self.end_mail();
        self.end_pings();
        self.stop_links(now);
        self.cold.goodbye.nonce = self.nonce();
        // Whoever leaves waits for nothing else any more.
        self.deadlines.set(Timer::Waits, now.after(self.cold.config.leave_timeout));
        self.tell(Slot::SELF, Urgency::Urgent, now);
        // Without rumours there is nothing to wait for: others find out by repair.
        self.arm_gossip(now);
    }

    /// A gossip tick of a node that leaves. Returns whether it was spent on the goodbye.
    pub(super) fn say_goodbye(&mut self, nothing_to_tell: bool) -> bool {
        if self.goodbyes_missing() == 0 {
            if nothing_to_tell || self.membership.live() == 0 {
                self.end_leave();
            }
            return false;
        }
        for slot in self.unaware() {
            self.wish(Intent::Goodbye { slot });
        }
        true
    }

    /// How many more members shall confirm the goodbye.
    fn goodbyes_missing(&self) -> u32 {
        let (membership, heard) = (&self.membership, &self.cold.goodbye.heard);
        let may_hear = may_hear(self.cold.beating.as_ref());
        let is_live = |id| membership.find(id).is_some_and(|slot| may_hear(slot, membership.health(slot)));
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let aware = count(heard.iter().filter(|&&(id, _)| is_live(id)).count());
        self.view().live().saturating_sub(aware).min(self.tellings_max().saturating_sub(count(heard.len())))
    }

    /// Some who have not confirmed the goodbye; those first in whose domains nobody has.
    fn unaware(&mut self) -> Vec<Slot> {
        let (membership, goodbye, count) = (&self.membership, &self.cold.goodbye, self.cold.config.gossip_fanout);
        let may_hear = may_hear(self.cold.beating.as_ref());
        let mut chosen: Vec<Slot> = Vec::new();
        for new_domains in [true, false] {
            while chosen.len() < count as usize {
                let is_new = |domain| {
                    !goodbye.is_heard_in(domain) && !chosen.iter().any(|&slot| membership.domain(slot) == domain)
                };
                let wanted = |slot, health: Health| {
                    let is_aware = chosen.contains(&slot) || goodbye.is_heard_by(membership.record(slot).id);
                    may_hear(slot, health) && !is_aware && (!new_domains || is_new(membership.domain(slot)))
                };
                let Some(slot) = membership.choose(&mut self.rng, wanted) else { break };
                chosen.push(slot);
            }
        }
        chosen
    }

    /// Somebody answers a ping. Returns whether that ping carried the goodbye.
    pub(super) fn take_goodbye_answer(&mut self, sender: NodeId, nonce: Nonce) -> bool {
        let carried = self.leaving != Leaving::Stays && nonce == self.cold.goodbye.nonce;
        if carried {
            self.on_goodbye_heard(sender);
        }
        carried
    }

    /// Somebody shows that it knows of the goodbye.
    pub(super) fn on_goodbye_heard(&mut self, id: NodeId) {
        let Some(slot) = self.membership.find(id) else { return };
        if self.leaving != Leaving::Leaves || self.goodbyes_missing() == 0 || self.cold.goodbye.is_heard_by(id) {
            return;
        }
        self.cold.goodbye.heard.push((id, self.membership.domain(slot)));
        self.report(Event::Leaving(self.farewell()));
    }

    fn farewell(&self) -> Farewell {
        let goodbye = &self.cold.goodbye;
        let [peers, domains] =
            [goodbye.heard.len(), goodbye.domains()].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Farewell { peers, domains, of: peers.saturating_add(self.goodbyes_missing()) }
    }

    /// Enough know of the goodbye, or it has been waited for long enough.
    pub(super) fn end_leave(&mut self) {
        self.leaving = Leaving::HasLeft;
        self.deadlines.set(Timer::Waits, Instant::NEVER);
        self.report(Event::Left(self.farewell()));
    }

    /// The application says that a dead member will not come back in this life.
    pub(super) fn remove(&mut self, id: NodeId, now: Instant) -> Result<(), Rejected> {
        let slot = self.membership.find(id);
        match slot.map(|slot| self.membership.record(slot)) {
            // Whoever is only silent for a detector of heartbeats is dead here, too.
            Some(known) if known.health == Health::Dead || slot.is_some_and(|slot| self.is_silent(slot)) => {
                self.learn(&Record { health: Health::Removed, hops: 0, ..known }, Reason::Command, now);
                Ok(())
            }
            // It is gone for good as it is.
            Some(known) if known.health.is_final() => Ok(()),
            known => Err(Rejected::NotDead { id, health: known.map(|known| known.health) }),
        }
    }
}
