//! A datagram comes in: decode, learn, answer.
//!
//! Everything is decoded and every reason to refuse is checked before the first change.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::membership::cookie::Use;
use crate::state::Asking;
use crate::vocab::{Health, Instant, NodeId, Record, Slot};
use crate::wire::{Body, Datagram, HEAD_BYTES_MAX, RECORD_BYTES_MAX, Records, Sender};

use super::intents::Intent;
use super::io::{Reason, Rejected, Timer};
use super::{Leaving, Node};

/// Nothing answers more than this many times the bytes of a source that has not proven its address.
const ANSWER_FACTOR: u32 = 3;

/// How many unasked corrections ("I believe this of you") a node sends per probe period.
pub(super) const TELLS_PER_PERIOD: u8 = 16;

impl Node {
    pub(super) fn on_datagram(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> Result<(), Rejected> {
        if self.leaving == Leaving::Stopped {
            return Err(Rejected::Stopped);
        }
        if !self.allows(from) {
            return Err(Rejected::NotAllowed { addr: from });
        }
        let datagram = Datagram::decode(bytes, self.cluster)?;
        if datagram.sender.id == self.id {
            return self.on_own_identity(&datagram, from, now);
        }
        if let Body::Wants(wants) = datagram.body
            && !self.cold.cookies.accepts(Use::Wants, wants.cookie, from, now)
        {
            return Err(Rejected::Cookie);
        }
        if let Some((cookie, _)) = datagram.asks
            && !self.cold.cookies.accepts(Use::Asks, cookie, from, now)
        {
            return Err(Rejected::Cookie);
        }
        self.stats.datagrams_received += 1;
        let awaited = self.take_answer(&datagram, from, now);
        if !datagram.rumours.is_empty() {
            self.learn_rumours(datagram.sender.id, datagram.rumours, now);
        }
        if !datagram.heartbeats.is_empty() {
            self.on_heartbeats(&datagram, now);
        }
        if !datagram.bulk.is_empty() {
            self.learn_bulk(datagram.sender.id, datagram.bulk, now);
        }
        let about = self.meet(&datagram.sender, now);
        if self.has_quorum {
            self.note_sender(&datagram, (from, awaited), now);
        }
        let asked = self.reconcile(&datagram, from, now);
        // Whoever only claims this address must not make us send more to it than this.
        let bytes_max = u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_mul(ANSWER_FACTOR);
        let mut bytes_left = bytes_max.saturating_sub(asked);
        if datagram.confirm {
            bytes_left -= self.on_confirm(datagram.sender.id, from, bytes_left);
        }
        self.answer(&datagram, from, bytes_left, (awaited, about), now);
        Ok(())
    }

    /// Takes in what a datagram says of maps. Returns how many bytes the sender is asked for more with, at most.
    fn reconcile(&mut self, datagram: &Datagram<'_>, from: SocketAddr, now: Instant) -> u32 {
        let Datagram { sender, heads, more, asks, changes, rates, share, .. } = *datagram;
        let any = heads.is_some() || more.is_some() || !changes.is_empty();
        if any && self.is_of_rival(&sender, from) {
            return 0;
        }
        let is_told = !changes.is_empty() && self.membership.find(sender.id).is_some();
        let known = if is_told { self.on_changes(changes, now) } else { Vec::new() };
        if let Some(more) = share {
            self.on_share(from, more, now);
        }
        if sender.state != self.state_sum || self.state_differs {
            self.meet_state(&sender, now);
        }
        let mut asked = 0_u32;
        for (heads, asking) in [(heads, (Asking::News, &[][..])), (more, (Asking::More, &known[..]))] {
            if let Some(heads) = heads {
                asked = asked.saturating_add(self.on_heads(from, heads, asking, now));
            }
        }
        if let Some((_, heads)) = asks {
            self.on_asks(from, heads, rates, now);
        }
        self.hear_holder(datagram, from, now);
        // As with rumours: what fits into a packet is told to its end.
        if !self.state_differs && self.heads_waiting as usize * HEAD_BYTES_MAX > self.budget as usize {
            self.cold.heads.charge_all(self.tellings_max());
            self.count_heads();
        }
        asked
    }

    /// Merges the rumours of a datagram. In a storm most of them are held already, and that is found out for many
    /// at once.
    pub(super) fn learn_rumours(&mut self, from: NodeId, mut rumours: Records<'_>, now: Instant) {
        loop {
            let (held, count) = self.membership.holds_each(rumours);
            if count == 0 {
                return;
            }
            for place in 0..count {
                let is_held = held & (1 << place) != 0;
                if is_held && self.suspicions.is_empty() {
                    rumours.pass();
                } else if let Some((record, accusers)) = rumours.next_told() {
                    if !is_held {
                        self.cold.cases.hear(from, &accusers);
                    }
                    let news = !is_held && self.learn(&one_hop_on(record), Reason::Rumour, now);
                    if accusers.len() > 0 {
                        self.hear_accusers(&record, &accusers, news, now);
                    }
                }
            }
        }
    }

    /// Ends the wait that a datagram answers. Whoever repeats a fresh nonce is really there, and its boot is
    /// believed before anything that it says is judged. Returns whether the answer was awaited.
    fn take_answer(&mut self, datagram: &Datagram<'_>, from: SocketAddr, now: Instant) -> bool {
        let sender = &datagram.sender;
        // It may be about somebody who is judged already; an answer that is awaited then is about nobody accused, but for
        // the word of a helper.
        let is_noted = !self.suspicions.is_empty() || matches!(datagram.body, Body::Nack { .. });
        if is_noted {
            self.note_word(&datagram.body, sender.id);
        }
        let awaited = match datagram.body {
            Body::Ack { nonce } => {
                self.take_probe_answer(sender.id, nonce)
                    || self.take_favour(sender.id, nonce, now)
                    || self.take_goodbye_answer(sender.id, nonce)
                    || self.take_contact_answer(sender, nonce, now)
                    || self.take_takeover_answer(sender, nonce, now)
                    || self.take_ping_answer(sender.id, nonce, now)
            }
            Body::Relayed { nonce, target } => {
                self.take_probe_answer(target, nonce) || self.take_contact_word(target, nonce, now)
            }
            Body::Nack { nonce } => self.take_nack(sender.id, nonce, now),
            Body::Challenge { nonce, .. } => self.cold.joining.awaits_challenge(nonce),
            Body::Welcome { nonce } => self.cold.joining.awaits_welcome(nonce),
            Body::Digest(digest) => {
                // The nonce shows that the sender was asked, not that it is who it says it is: its boot is not
                // believed for that.
                let awaited = self.is_awaited(&digest, from, now);
                self.stats.answers_unexpected += u64::from(!awaited);
                return awaited;
            }
            Body::None
            | Body::Ping { .. }
            | Body::PingRequest { .. }
            | Body::Join { .. }
            | Body::Claim(_)
            | Body::Letter(_)
            | Body::Note(_)
            | Body::Link(_) => {
                return false;
            }
            Body::StateDigest(digest) => {
                let awaited = self.awaits_state_digest(&digest, from, now);
                self.stats.answers_unexpected += u64::from(!awaited);
                return awaited;
            }
            Body::Summary(_) | Body::Wants(_) | Body::StateSummary(_) => return false,
        };
        if awaited {
            self.membership.believe_boot(sender.incarnation.boot, self.clock.outside(now));
            self.deadlines.set(Timer::ProbeAnswer, self.prober.next_deadline());
        } else {
            self.stats.answers_unexpected += 1;
            if !is_noted {
                self.note_word(&datagram.body, sender.id);
            }
        }
        awaited
    }

    /// Compares what the sender is and knows with what this node believes. Returns the row that the sender
    /// should hear about, because it contradicts what the sender is.
    pub(super) fn meet(&mut self, sender: &Sender, now: Instant) -> Option<Slot> {
        let equal = sender.fingerprint == self.membership.fingerprint();
        if equal {
            self.repairs.on_equal();
            if self.deadlines.get(Timer::Repair) != Instant::NEVER {
                self.deadlines.set(Timer::Repair, Instant::NEVER);
            }
            if self.leaving == Leaving::Leaves {
                self.on_goodbye_heard(sender.id);
            }
            if self.suspicions.is_empty() {
                // Both know the same live members, the sender as it is among them: there is nothing to look up, and
                // nothing in our rumours is news to it. (Suspicions are not in the fingerprint.)
                // A backlog of a packet or less is cheap to tell to its end; cutting it short would let the news
                // die with its first hearers.
                if self.gossip.len() * RECORD_BYTES_MAX > self.budget as usize {
                    self.gossip.charge_all(self.tellings_max());
                }
                return None;
            }
        }
        // A stranger's fingerprint proves nothing, or any stranger could take all our repairs.
        let slot = self.membership.find(sender.id)?;
        let about = self.compare_sender(slot, sender, now);
        if self.membership.fingerprint() != sender.fingerprint {
            let due = self.repairs.on_mismatch(!self.suspicions.is_empty(), self.rumours_last(), now);
            if due && self.leaving == Leaving::Stays {
                self.start_repair(self.membership.addr(slot), now);
            }
            self.deadlines.set(Timer::Repair, self.repairs.next_deadline(now));
        }
        about
    }

    /// Of whom an answer speaks first: whoever still asks after somebody who goes, or has moved, shall know.
    pub(super) fn told_to_asker(&self, about: Option<Slot>) -> Option<Slot> {
        about.or((self.leaving != Leaving::Stays || self.says_where).then_some(Slot::SELF))
    }

    fn compare_sender(&mut self, slot: Slot, sender: &Sender, now: Instant) -> Option<Slot> {
        let known = self.membership.record(slot);
        let same_life = known.incarnation.boot == sender.incarnation.boot;
        if same_life && known.health == Health::Removed {
            return Some(slot);
        }
        if same_life && sender.incarnation.counter > known.incarnation.counter {
            // Where it is then, its record will say.
            if self.may_have_moved(slot, sender) {
                return None;
            }
            let incarnation = sender.incarnation;
            let contradiction = Record { incarnation, health: Health::Alive, hops: 1, ..known };
            self.learn(&contradiction, Reason::Contact, now);
            return None;
        }
        let accused = matches!(known.health, Health::Suspect | Health::Dead);
        let wrong = known.incarnation > sender.incarnation || (known.incarnation == sender.incarnation && accused);
        wrong.then_some(slot)
    }

    /// Answers what a datagram asks, or corrects a sender that asked nothing.
    fn answer(
        &mut self,
        datagram: &Datagram<'_>,
        from: SocketAddr,
        bytes_max: u32,
        (awaited, about): (bool, Option<Slot>),
        now: Instant,
    ) {
        match datagram.body {
            Body::Ping { nonce } => {
                self.on_pinged(datagram, now);
                self.wish(Intent::Ack { to: from, nonce, about: self.told_to_asker(about), bytes_max });
                return;
            }
            Body::PingRequest { nonce, target, left_ms } => {
                return self.on_ping_request(from, (nonce, left_ms), target, now);
            }
            Body::Join { nonce, cookie } => {
                return self.on_join_request((&datagram.sender, from), nonce, cookie, now);
            }
            Body::Summary(summary) => return self.on_summary(from, &summary, bytes_max, now),
            Body::Wants(wants) => return self.on_wants(from, &wants),
            Body::StateSummary(summary) => return self.on_state_summary(from, &summary, bytes_max),
            Body::Challenge { nonce, cookie } if awaited => {
                if let Some(to) = self.cold.joining.on_challenge() {
                    self.wish(Intent::Join { to, nonce, cookie: Some(cookie) });
                }
            }
            Body::Welcome { .. } if awaited => self.on_welcome(from, &datagram.sender, now),
            Body::Digest(digest) if awaited => self.on_digest(from, &digest, datagram.sender.fingerprint),
            Body::StateDigest(digest) if awaited => self.on_state_digest(from, &digest, now),
            Body::None | Body::Ack { .. } | Body::Relayed { .. } | Body::Nack { .. } | Body::Claim(_) => {}
            // Whoever sends letters waits for an answer over the stream, and would not for one by datagram.
            Body::Letter(_) => {}
            Body::Note(note) => self.take_note(&datagram.sender, &note),
            Body::Link(_) => return self.on_link(datagram, from, bytes_max, now),
            Body::Challenge { .. } | Body::Welcome { .. } | Body::Digest(_) | Body::StateDigest(_) => {}
        }
        // Whoever asked something has its answer: together with a correction it could be too long.
        if let Some(about) = about
            && self.tells_left > 0
        {
            self.tells_left -= 1;
            self.wish(Intent::Tell { to: from, about, bytes_max });
        }
    }
}

/// The record as it stands here: one hop further than where it was sent.
pub(super) fn one_hop_on(record: Record) -> Record {
    Record { hops: record.hops.saturating_add(1), ..record }
}
