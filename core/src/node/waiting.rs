//! Who holds what was just written? How the owner finds out, and how others answer.
//!
//! ```text
//! owner  -> confirm: changes of my map, and how far has your copy of it come?
//! holder -> heads:   so far, and readers see it (without a cookie: nothing is to be asked for)
//! ```
//!
//! What rides on other packets counts too, if it is the whole map: of a copy that has come less far nobody can tell
//! whether readers see it yet.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use crate::membership::cookie::Use;
use crate::state::waits::{Holder, Outcome, Wanted};
use crate::vocab::{Cookie, Domain, Head, Instant, NodeId, Slot};
use crate::wire::{CONFIRM_ANSWER_BYTES_MAX, Datagram, HeadOf, Heads, Writer};

use super::exchanges::Give;
use super::intents::Intent;
use super::io::{Event, Rejected, Timer, WAIT_MAX, WAIT_MIN};
use super::{Cold, Leaving, Node};

/// The most members that are asked at a time: half of what can wait to be exchanged.
const ASKED_MAX: u32 = 32;

/// So many rows are looked at for each member that is asked.
const ROWS_PER_ASKED: u32 = 32;

/// Stands in for the cookie of an answer.
const NO_COOKIE: Cookie = Cookie([0; 8]);

impl Node {
    pub(super) fn put_and_wait(
        &mut self,
        (key, value): (&[u8], &[u8]),
        (replicas, domains): (u32, u32),
        timeout: Duration,
        now: Instant,
    ) -> Result<(), Rejected> {
        if replicas == 0 {
            return Err(Rejected::NoReplicas);
        }
        if domains > replicas {
            return Err(Rejected::TooManyDomains { domains, replicas });
        }
        if !(WAIT_MIN..=WAIT_MAX).contains(&timeout) {
            return Err(Rejected::Timeout { timeout });
        }
        if self.cold.waits.is_full() {
            return Err(Rejected::TooManyWaits);
        }
        self.put(key, value, None, now)?;
        let Head { epoch, version, .. } = self.cold.state.head(Slot::SELF);
        self.cold.waits.at_epoch(epoch);
        self.cold.waits.begin(Wanted { version, replicas, domains, until: now.after(timeout) });
        self.end_finished();
        self.ask_holders(now);
        self.schedule_waits();
        Ok(())
    }

    pub(super) fn on_waits_due(&mut self, now: Instant) {
        if self.leaving == Leaving::Leaves {
            return self.end_leave();
        }
        while let Some(outcome) = self.cold.waits.take_expired(now) {
            self.report_failed(outcome);
        }
        if self.cold.waits.is_asking_due(now) {
            self.ask_holders(now);
        }
        self.schedule_waits();
    }

    /// Whoever leaves waits no more.
    pub(super) fn end_waits(&mut self) {
        while let Some(outcome) = self.cold.waits.take_expired(Instant::NEVER) {
            self.report_failed(outcome);
        }
        self.schedule_waits();
    }

    fn end_finished(&mut self) {
        while let Some(Outcome { version, replicas, domains }) = self.cold.waits.take_finished() {
            self.report(Event::Replicated { version, replicas, domains });
        }
    }

    fn report_failed(&mut self, Outcome { version, replicas, domains }: Outcome) {
        self.report(Event::NotReplicated { version, replicas, domains });
    }

    fn schedule_waits(&mut self) {
        self.deadlines.set(Timer::Waits, self.cold.waits.next_deadline());
    }

    /// Asks as many as are missing and a few more, those first whose domains are missing.
    fn ask_holders(&mut self, now: Instant) {
        if self.cold.waits.is_empty() {
            return;
        }
        let count = self.cold.waits.missing().saturating_add(self.cold.config.gossip_fanout).min(ASKED_MAX);
        let (membership, waits) = (&self.membership, &self.cold.waits);
        let sample = membership.sample(count * ROWS_PER_ASKED, &mut self.rng);
        let mut candidates: Vec<Slot> =
            sample.filter(|&slot| membership.health(slot).is_live() && waits.is_wanted(slot)).collect();
        // One of each domain that is missing goes first.
        let mut domains: Vec<Domain> = Vec::new();
        candidates.sort_by_cached_key(|&slot| {
            let domain = membership.domain(slot);
            let goes_first = waits.lacks_domain(domain) && !domains.contains(&domain);
            if goes_first {
                domains.push(domain);
            }
            !goes_first
        });
        for slot in candidates.into_iter().take(count as usize) {
            self.ask_holder(slot, now);
        }
        self.cold.waits.on_asked(now.after(self.cold.config.gossip_interval));
    }

    /// Gives somebody what it probably lacks, and asks how far it has come. One such exchange waits at a time.
    fn ask_holder(&mut self, slot: Slot, now: Instant) {
        let to = self.membership.addr(slot);
        if self.cold.exchanges.confirms(to) {
            return;
        }
        let copy = self.cold.waits.copy_of(slot, self.cold.state.head(Slot::SELF));
        let gives = alloc::vec![Give { slot: Slot::SELF, copy, until: self.awaited_until(now) }];
        self.give((to, true), gives, None, now);
    }

    /// Takes in what a datagram tells of the sender's copy of the own map, after it was compared with the map.
    pub(super) fn hear_holder(&mut self, datagram: &Datagram<'_>, from: SocketAddr, now: Instant) {
        let Datagram { sender, heads, more, asks, .. } = *datagram;
        // Most packets tell nothing of maps; they need not touch what lies apart.
        if (heads.is_none() && more.is_none() && asks.is_none()) || self.cold.waits.is_empty() {
            return;
        }
        let Some(slot) = self.known_at(sender.id, from) else { return };
        let own_hash = self.membership.id_hash(Slot::SELF);
        let copy_in = |(_, mut heads): (Cookie, Heads<'_>)| heads.find(|of| of.id_hash == own_hash);
        let holder = Holder { slot, life: self.membership.record(slot).incarnation.boot };
        // What another life says, it says of another copy.
        if holder.life != sender.incarnation.boot {
            return;
        }
        let own = self.cold.state.head(Slot::SELF);
        let mut heard = false;
        for list in [more, asks, heads].into_iter().flatten() {
            let Some(HeadOf { head, .. }) = copy_in(list) else { continue };
            let is_held = list.0 == NO_COOKIE || head.version >= own.version;
            let membership = &self.membership;
            self.cold.waits.on_head(holder, head, is_held, |slot| membership.domain(slot));
            heard = true;
        }
        self.end_finished();
        let pause = self.cold.config.gossip_interval;
        if heard && self.cold.waits.try_again(slot, (now, pause)) {
            self.ask_holder(slot, now);
        }
        self.schedule_waits();
    }

    /// The row of a live member that listens where a datagram came from.
    fn known_at(&self, id: NodeId, from: SocketAddr) -> Option<Slot> {
        let slot = self.membership.find(id)?;
        let is_there = self.membership.addr(slot) == from && self.membership.health(slot).is_live();
        is_there.then_some(slot)
    }

    /// Something new is known of a member: who has gone, or lives again, does not hold what it held.
    pub(super) fn recheck_holder(&mut self, slot: Slot) {
        if self.cold.waits.is_empty() {
            return;
        }
        let record = self.membership.record(slot);
        if record.health.is_live() {
            self.cold.waits.follow_life(Holder { slot, life: record.incarnation.boot });
        } else {
            self.cold.waits.forget(slot);
        }
    }

    /// A member asks how far the copy of its map has come. Returns how many bytes of what its datagram may be
    /// answered with that takes.
    pub(super) fn on_confirm(&mut self, sender: NodeId, from: SocketAddr, bytes_left: u32) -> u32 {
        let Some(slot) = self.known_at(sender, from) else { return 0 };
        let bytes = u32::try_from(CONFIRM_ANSWER_BYTES_MAX).unwrap_or(u32::MAX);
        if bytes_left < bytes {
            return 0;
        }
        self.wish(Intent::Confirm { to: from, slot });
        bytes
    }

    /// Writes the answer. While a new copy is made that readers do not see, it is no more than any head.
    pub(super) fn pack_confirm(&self, writer: &mut Writer<'_>, to: SocketAddr, slot: Slot, now: Instant) -> Option<()> {
        let Cold { state, cookies, .. } = &*self.cold;
        let cookie = if state.is_shown(slot) { NO_COOKIE } else { cookies.bake(Use::Asks, to, now) };
        writer.open_heads(cookie);
        writer.head(HeadOf { id_hash: self.membership.id_hash(slot), head: state.head(slot) }).then_some(())
    }
}
