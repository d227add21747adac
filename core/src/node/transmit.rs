//! What waits becomes a packet, at the last moment and in the caller's bytes.

use core::net::SocketAddr;

use crate::membership::cookie::Use;
use crate::membership::{CHOICE_MAX, Membership};
use crate::vocab::{Health, Instant, Nonce, Prefix, Slot};
use crate::wire::{Body, RecordKind, Sender, Writer};

use super::Node;
use super::intents::{Intent, LinkStep};
use super::io::{Purpose, Timer, Transmit};
use super::suspecting::told;

/// What a simple packet is: receiver, purpose, body, and what its receiver should hear first.
struct Plan {
    to: SocketAddr,
    purpose: Purpose,
    body: Body<'static>,
    about: Option<Slot>,
}

impl Node {
    /// The next datagram, written into `buffer`; at most the smaller of the buffer and the configured
    /// budget. `None` when nothing waits. What does not fit into the buffer at all is dropped and counted.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Transmit> {
        let budget = buffer.len().min(self.budget as usize);
        let buffer = &mut buffer[..budget];
        let mut intent = self.next_intent()?;
        let now = self.node_time(now);
        loop {
            if let Some(transmit) = self.pack(intent, buffer, now) {
                self.clock.mark(now);
                self.stats.datagrams_sent += 1;
                self.stats.bytes_sent += transmit.len as u64;
                return Some(transmit);
            }
            intent = self.next_intent()?;
        }
    }

    /// What is to be sent next; the bulk of a repair lets everything else go first.
    fn next_intent(&mut self) -> Option<Intent> {
        self.intents.pop().or_else(|| {
            let exchange = (self.exchanges_waiting > 0).then_some(Intent::Exchange);
            if self.replies_waiting > 0 { Some(Intent::Reply) } else { exchange }
        })
    }

    fn pack(&mut self, intent: Intent, buffer: &mut [u8], now: Instant) -> Option<Transmit> {
        let room = buffer.len().min(intent.bytes_max() as usize);
        let Some(mut writer) = Writer::begin(&mut buffer[..room], self.cluster, &self.sender()) else {
            self.drop_intent(intent, now);
            return None;
        };
        let (to, purpose) = match intent {
            Intent::Summary { to, level, .. } => {
                if let Some(next) = self.pack_summary(&mut writer, intent) {
                    self.intents.put_back(next);
                }
                // So that the answer may be long. What goes to somebody who asked is as long as was promised.
                if self.repairs.is_young(now) && level <= Prefix::BUCKET_LEVEL {
                    writer.pad();
                }
                (to, Purpose::Repair)
            }
            Intent::Digest { to, .. } => {
                let before = writer.len();
                if let Some(rest) = self.pack_digest(&mut writer, intent, now) {
                    self.intents.put_back(rest);
                }
                if writer.len() == before {
                    return None;
                }
                (to, Purpose::Repair)
            }
            Intent::Reply => (self.pack_reply(&mut writer, now)?, Purpose::Repair),
            Intent::StateSummary { .. } | Intent::StateDigest { .. } | Intent::Exchange => {
                (self.pack_state(&mut writer, intent, now)?, Purpose::State)
            }
            Intent::Confirm { to, slot } => {
                self.pack_confirm(&mut writer, to, slot, now)?;
                (to, Purpose::State)
            }
            Intent::Welcome { to, nonce } => {
                self.pack_welcome(&mut writer, nonce)?;
                (to, Purpose::Join)
            }
            Intent::Heartbeats { slot, first, end } => {
                let to = self.membership.addr(slot);
                self.pack_heartbeats(&mut writer, (first, end))?;
                self.fill_news(&mut writer, (to, None), now);
                (to, Purpose::Heartbeat)
            }
            Intent::Note => {
                let slot = self.pack_note(&mut writer, now)?;
                (self.membership.addr(slot), Purpose::Note)
            }
            Intent::LinkFrame { link, asks } => return self.pack_frame(writer, (link, asks), now),
            Intent::Link(step) => (self.pack_link(&mut writer, step, now)?, Purpose::Info),
            Intent::Gossip { .. } if self.gossip.is_empty() && self.heads_waiting == 0 => return None,
            Intent::Probe { .. }
            | Intent::Contact { .. }
            | Intent::Ping { .. }
            | Intent::PingAt { .. }
            | Intent::Goodbye { .. }
            | Intent::Ack { .. }
            | Intent::PingRequest { .. }
            | Intent::Relayed { .. }
            | Intent::Nack { .. }
            | Intent::Gossip { .. }
            | Intent::Tell { .. }
            | Intent::Join { .. }
            | Intent::Challenge { .. }
            | Intent::Claim { .. } => self.pack_step(&mut writer, intent, now)?,
        };
        Some(Transmit { to, len: writer.finish(), purpose })
    }

    /// Writes a packet of one step. A verdict may hang on whether a ping leaves.
    fn pack_step(&mut self, writer: &mut Writer<'_>, intent: Intent, now: Instant) -> Option<(SocketAddr, Purpose)> {
        let plan = self.plan(intent, now)?;
        if let Intent::PingAt { to, .. } = intent
            && !writer.asked_at(to)
        {
            self.stats.intents_dropped += 1;
            return None;
        }
        let packed = self.pack_simple(writer, &plan, now);
        if let Intent::Ping { slot, nonce } = intent {
            self.on_question_packed((slot, nonce), packed.is_some(), now);
        }
        packed.map(|()| (plan.to, plan.purpose))
    }

    /// Gives up what does not even begin to fit.
    fn drop_intent(&mut self, intent: Intent, now: Instant) {
        self.stats.intents_dropped += 1;
        if let Intent::LinkFrame { link, .. } = intent {
            self.put_off_frame(link, now);
        } else if let Intent::Link(LinkStep::Answer { number }) = intent {
            self.drop_answer(number);
        } else if intent == Intent::Reply {
            self.drop_reply();
        } else if intent == Intent::Exchange {
            self.drop_exchange();
        } else if intent == Intent::Note {
            self.drop_note();
        } else if let Intent::Ping { slot, nonce } = intent {
            self.on_question_packed((slot, nonce), false, now);
        }
    }

    pub(super) fn sender(&self) -> Sender {
        let (id, incarnation, state) = (self.id, self.incarnation, self.state_sum);
        Sender { id, incarnation, fingerprint: self.membership.fingerprint(), state }
    }

    /// What a packet of one step is. Packing a probe starts its clock.
    fn plan(&mut self, intent: Intent, now: Instant) -> Option<Plan> {
        let plan = match intent {
            Intent::Probe { target, nonce } => {
                self.prober.on_packed(nonce, now);
                self.deadlines.set(Timer::ProbeAnswer, self.prober.next_deadline());
                // Without suspicions nobody who is probed is accused, and the row need not be touched.
                let about = if self.suspicions.is_empty() { None } else { accused(&self.membership, target.slot) };
                Plan { to: target.addr, purpose: Purpose::Probe, body: Body::Ping { nonce }, about }
            }
            Intent::Contact { slot } => {
                let nonce = self.contact_nonce(slot, now)?;
                self.plan_to(slot, Purpose::Probe, Body::Ping { nonce })
            }
            Intent::Ping { slot, nonce } => self.plan_to(slot, Purpose::Probe, Body::Ping { nonce }),
            Intent::PingAt { slot, to, nonce } => {
                Plan { to, ..self.plan_to(slot, Purpose::Probe, Body::Ping { nonce }) }
            }
            Intent::Goodbye { slot } => {
                let (to, body) = (self.membership.addr(slot), Body::Ping { nonce: self.cold.goodbye.nonce });
                Plan { to, purpose: Purpose::Probe, body, about: Some(Slot::SELF) }
            }
            Intent::Ack { to, nonce, about, .. } => {
                Plan { to, purpose: Purpose::Ack, body: Body::Ack { nonce }, about }
            }
            Intent::PingRequest { helper, target, nonce } => {
                let to = self.membership.addr(helper);
                let left_ms = self.on_helper_asked(helper, target, nonce, now);
                let body = Body::PingRequest { nonce, target: self.membership.record(target).id, left_ms };
                Plan { to, purpose: Purpose::Relay, body, about: accused(&self.membership, target) }
            }
            Intent::Relayed { to, target, nonce } => {
                let body = Body::Relayed { nonce, target: self.membership.record(target).id };
                Plan { to, purpose: Purpose::Relay, body, about: Some(target) }
            }
            Intent::Nack { to, nonce } => Plan { to, purpose: Purpose::Relay, body: Body::Nack { nonce }, about: None },
            Intent::Gossip { slot } => self.plan_to(slot, Purpose::Gossip, Body::None),
            Intent::Tell { to, about, .. } => {
                Plan { to, purpose: Purpose::Gossip, body: Body::None, about: Some(about) }
            }
            Intent::Join { to, nonce, cookie } => Plan {
                to,
                purpose: Purpose::Join,
                body: Body::Join { nonce, cookie },
                about: cookie.map(|_| Slot::SELF),
            },
            Intent::Challenge { to, nonce } => {
                let cookie = self.cold.cookies.bake(Use::Join, to, now);
                Plan { to, purpose: Purpose::Join, body: Body::Challenge { nonce, cookie }, about: None }
            }
            Intent::Claim { to, claim } => Plan { to, purpose: Purpose::Join, body: Body::Claim(claim), about: None },
            Intent::Summary { .. } | Intent::Digest { .. } | Intent::Reply | Intent::Welcome { .. } => return None,
            Intent::Heartbeats { .. } | Intent::Note => return None,
            Intent::Link(_) | Intent::LinkFrame { .. } => return None,
            Intent::StateSummary { .. } | Intent::StateDigest { .. } | Intent::Exchange | Intent::Confirm { .. } => {
                return None;
            }
        };
        Some(plan)
    }

    fn plan_to(&self, slot: Slot, purpose: Purpose, body: Body<'static>) -> Plan {
        Plan { to: self.membership.addr(slot), purpose, body, about: accused(&self.membership, slot) }
    }

    /// Writes body, what the receiver should hear first, and rumours as far as they fit.
    fn pack_simple(&mut self, writer: &mut Writer<'_>, plan: &Plan, now: Instant) -> Option<()> {
        if !writer.body(&plan.body) {
            self.stats.intents_dropped += 1;
            return None;
        }
        // Nor is a prober whose ping request was relayed any more than an address.
        let stranger = matches!(
            plan.body,
            Body::Join { .. } | Body::Challenge { .. } | Body::Claim(_) | Body::Relayed { .. } | Body::Nack { .. }
        );
        if plan.about.is_some() {
            writer.open_records(RecordKind::Rumours);
        }
        if let Some(about) = plan.about {
            if matches!(plan.body, Body::Ack { .. }) {
                self.say_where(writer, about, now);
            }
            let (record, accusers) = self.told(about, now);
            // A helper hears of a third; whoever hears of itself contradicts whoever accuses.
            let helps = matches!(plan.body, Body::PingRequest { .. });
            let written = if helps { writer.record_with(&record, &accusers) } else { writer.record(&record) };
            self.stats.rumours_dropped += u64::from(!written);
            // Whoever answers is taken to have heard the goodbye.
            if !written && about == Slot::SELF && matches!(plan.body, Body::Ping { .. }) {
                return None;
            }
        }
        if matches!(plan.body, Body::Join { .. }) {
            writer.pad();
        }
        if !stranger {
            self.fill_news(writer, (plan.to, plan.about), now);
        }
        Some(())
    }

    /// Rumours, ages of voters and heads as far as they fit, behind what the packet says `about` somebody already.
    pub(super) fn fill_news(&mut self, writer: &mut Writer<'_>, (to, about): (SocketAddr, Option<Slot>), now: Instant) {
        if !self.gossip.is_empty() {
            self.fill_rumours(writer, about, now);
        }
        if self.has_quorum {
            self.fill_ages(writer, now);
        }
        if self.heads_waiting > 0 {
            self.fill_heads(writer, to, now);
        }
    }

    pub(super) fn fill_rumours(&mut self, writer: &mut Writer<'_>, about: Option<Slot>, now: Instant) {
        if about.is_none() {
            writer.open_records(RecordKind::Rumours);
        }
        let kept = self.room_for_heads(writer.free()) + self.room_for_ages();
        let (membership, suspicions) = (&self.membership, &self.suspicions);
        let (limit, outside) = (self.tellings_max(), self.clock.outside(now));
        self.gossip.fill(writer, (limit, kept), about, |rumour| {
            let newest = membership.telling(rumour.slot) == rumour.telling;
            newest.then(|| told(membership, suspicions, rumour.slot, outside))
        });
    }

    fn pack_welcome(&mut self, writer: &mut Writer<'_>, nonce: Nonce) -> Option<()> {
        if !writer.body(&Body::Welcome { nonce }) {
            self.stats.intents_dropped += 1;
            return None;
        }
        writer.open_records(RecordKind::Bulk);
        let mut room = writer.record(&self.membership.record(Slot::SELF));
        let wanted = |_, health| health == Health::Alive;
        for slot in self.membership.choose_several(CHOICE_MAX, &mut self.rng, wanted) {
            room = room && writer.record(&self.membership.record(slot));
        }
        Some(())
    }
}

/// The row of a member that should hear what is said of it.
pub(super) fn accused(membership: &Membership, slot: Slot) -> Option<Slot> {
    (membership.health(slot) != Health::Alive).then_some(slot)
}
