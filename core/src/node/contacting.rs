//! Contacts of the next members in the ring, where the detector wants them: sent, answered, missed.
//!
//! ```text
//! contact per interval ── answer: a sample
//!        └─ silence is improbable ── asked once more, and helpers too ── nobody has an answer: suspected, which is told
//! ```
//!
//! From there on it is a suspicion like any other: the others who watch the same member confirm it, the member
//! contradicts it, and in the end a death is told. While none of the watched answers, others are asked in turn whether
//! anybody hears this node.

use core::time::Duration;

use crate::detector::probe::Silent;
use crate::detector::ring::{Contacts, Member, Verdict};
use crate::membership::Membership;
use crate::vocab::{Health, Instant, NodeId, Nonce, Slot};
use crate::wire::Sender;

use super::intents::Intent;
use super::io::Timer;
use super::{Leaving, Node};

impl Node {
    pub(super) fn start_contacts(&mut self, now: Instant) {
        let config = &self.cold.config;
        let own = self.membership.id_hash(Slot::SELF);
        let patience = (config.probe_timeout, config.local_health_max.saturating_add(1));
        self.cold.contacts = Contacts::new(&config.detector, patience, own, now);
        if self.cold.contacts.is_some() {
            (1..self.membership.rows()).for_each(|row| self.follow_contact(Slot(row), now));
        }
    }

    /// A row says something else: whoever lives stands in the ring, nobody else does.
    pub(super) fn follow_contact(&mut self, slot: Slot, now: Instant) {
        let Some(contacts) = &mut self.cold.contacts else { return };
        let (membership, rng) = (&self.membership, &mut self.rng);
        if membership.health(slot).is_live() && slot != Slot::SELF {
            contacts.follow(member_of(membership, slot), now, rng);
        } else {
            let incarnation_of = |slot| membership.record(slot).incarnation;
            contacts.drop((membership.id_hash(slot), slot), incarnation_of, now, rng);
        }
        // Nothing more is heard of whoever is not watched any more.
        if self.stream_only {
            self.stream_only = self.cold.streams.keep_only(|slot| contacts.history(slot).is_some());
        }
        self.schedule_contacts();
    }

    pub(super) fn on_contact_due(&mut self, now: Instant) {
        let Some(contacts) = &mut self.cold.contacts else { return };
        if let Some(heard) = contacts.take_round(now) {
            self.tells_left = super::receive::TELLS_PER_PERIOD;
            // One answer per interval, as from one probe per period: or no score could last.
            if heard {
                self.health.on_success();
            }
            if let Some((slot, nonce)) = contacts.look_beyond(now, &mut self.rng) {
                self.wish(Intent::Ping { slot, nonce });
            }
        }
        while let Some(slot) = self.cold.contacts.as_mut().and_then(|contacts| contacts.take_due(now)) {
            self.wish(Intent::Contact { slot });
        }
        self.schedule_contacts();
    }

    /// The nonce of a contact that is packed now, if it is still wanted.
    pub(super) fn contact_nonce(&mut self, slot: Slot, now: Instant) -> Option<Nonce> {
        let (nonce, missed) = self.cold.contacts.as_mut()?.on_packed(slot, now)?;
        // Whom others miss, too, says nothing of this node.
        if missed && !self.is_missed_by_others(slot) {
            self.health.on_unanswered();
        }
        Some(nonce)
    }

    /// Somebody answers a contact. Returns whether that was awaited.
    pub(super) fn take_contact_answer(&mut self, sender: &Sender, nonce: Nonce, now: Instant) -> bool {
        let boot = sender.incarnation.boot;
        let awaited = self.hear_contact(sender.id, |contacts, slot| contacts.on_answer((slot, boot), nonce, now));
        if awaited {
            self.note_datagram_answer(sender.id);
        }
        awaited
    }

    /// A helper has the answer of somebody whom this node does not hear. Returns whether that was awaited.
    pub(super) fn take_contact_word(&mut self, target: NodeId, nonce: Nonce, now: Instant) -> bool {
        let awaited = self.hear_contact(target, |contacts, slot| contacts.on_word(slot, nonce, now));
        if awaited {
            self.note_datagram_answer(target);
        }
        awaited
    }

    /// Somebody answers the last question over a stream. Returns whether that was awaited.
    pub(super) fn take_contact_stream(&mut self, from: NodeId, nonce: Nonce, now: Instant) -> bool {
        self.hear_contact(from, |contacts, slot| contacts.on_stream_answer(slot, nonce, now))
    }

    /// An answer of a member came in some way, if `take` awaits it: so this node is not cut off.
    fn hear_contact(&mut self, id: NodeId, take: impl FnOnce(&mut Contacts, Slot) -> bool) -> bool {
        let Some(contacts) = &mut self.cold.contacts else { return false };
        let awaited = self.membership.find(id).is_some_and(|slot| take(contacts, slot));
        if awaited {
            self.health.on_heard();
            self.schedule_contacts();
        }
        awaited
    }

    /// How long the answer to a last question is waited for; nothing for any other one.
    pub(super) fn contact_patience(&self, slot: Slot, nonce: Nonce) -> Duration {
        let contacts = self.cold.contacts.as_ref();
        contacts.and_then(|contacts| contacts.patience(slot, nonce)).unwrap_or_default()
    }

    /// A member that certainly hears this node, to be asked for help beside others.
    pub(super) fn contact_witness(&self, target: Slot, now: Instant) -> Option<Slot> {
        let witness = self.cold.contacts.as_ref()?.witness(now).filter(|&slot| slot != target)?;
        (self.membership.health(witness) == Health::Alive).then_some(witness)
    }

    /// Somebody who is watched has been silent for improbably long.
    pub(super) fn on_quiet_due(&mut self, now: Instant) {
        let scale = self.health.scale();
        match self.cold.contacts.as_mut().and_then(|contacts| contacts.on_deadline(now, scale)) {
            Some(Verdict::Ask(slot, nonce)) => {
                if self.wish(Intent::Ping { slot, nonce }) {
                    self.ask_helpers(slot, nonce, now);
                } else {
                    self.on_contact_question(slot, nonce, false, now);
                }
            }
            Some(Verdict::Silent(slot, nonce, sent)) => {
                if !self.is_missed_by_others(slot) {
                    self.health.on_failure(0);
                    if self.cold.contacts.as_ref().is_some_and(|contacts| contacts.is_heard(now)) {
                        self.health.on_heard();
                    }
                }
                // Helpers are asked together with the member, so that no direct answer is waited for before.
                let (target, wait) = (self.target(slot), Duration::ZERO);
                self.on_silence(&Silent { target, nonce, sent, wait }, now);
            }
            Some(Verdict::StreamOnly(slot)) => self.note_stream_only(self.membership.record(slot).id),
            None => {}
        }
        self.schedule_contacts();
    }

    /// A ping has left, or is lost before it could: it may be the last question to somebody who is silent.
    pub(super) fn on_contact_question(&mut self, slot: Slot, nonce: Nonce, has_left: bool, now: Instant) {
        if let Some(contacts) = &mut self.cold.contacts {
            contacts.on_question(slot, nonce, has_left, now);
            self.schedule_contacts();
        }
    }

    /// Asserts that the ring is that of the living.
    pub(super) fn check_contacts(&self) {
        let Some(contacts) = &self.cold.contacts else { return };
        let living = |&slot: &Slot| slot != Slot::SELF && self.membership.health(slot).is_live();
        contacts.check(self.membership.slots().filter(living).map(|slot| member_of(&self.membership, slot)));
    }

    /// Whoever leaves contacts and judges nobody any more.
    fn schedule_contacts(&mut self) {
        let Some(contacts) = self.cold.contacts.as_ref().filter(|_| self.leaving == Leaving::Stays) else { return };
        let (contact, look) = (contacts.next_contact(), contacts.next_deadline());
        self.deadlines.set(Timer::Heartbeat, contact);
        self.deadlines.set(Timer::Silence, look);
    }
}

fn member_of(membership: &Membership, slot: Slot) -> Member {
    let incarnation = membership.record(slot).incarnation;
    Member { slot, id_hash: membership.id_hash(slot), incarnation }
}
