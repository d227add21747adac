//! How copies of maps are brought up to their owners.
//!
//! ```text
//! anybody -> heads:   how far my copies of these maps have come       (rides on any packet, as rumours do)
//! behind  -> asks:    this far have mine come, with the cookie that came with the heads
//! other   -> changes: what came after, in the order of versions; after so many datagrams "more": its heads again
//!
//! asker   -> summary: sums of my copies per bucket                    (when the sums differ for too long)
//! other   -> digest:  the heads of everything in the buckets that differ
//! asker   -> asks what it lacks, and sends what the other lacks
//! ```
//!
//! What a list does not name was not asked for, except below the prefixes of a digest, which name everything.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::membership::cookie::Use;
use crate::packing::Rumour;
use crate::state::{Applied, Asking, Refusal};
use crate::vocab::{Cookie, Head, Health, Instant, Nonce, Rates, Slot, Span};
use crate::wire::{HEAD_BYTES_MAX, HeadOf, Heads, Items, Sender, Spans, StateDigest, Summary};

use super::exchanges::{Asks, Early, Exchange, Give, WINDOW};
use super::intents::Intent;
use super::io::Timer;
use super::repairing::{differing_places, level_of};
use super::{Cold, Leaving, Node};

/// The most owners that one exchange is about.
const OWNERS_MAX: usize = 512;

/// The least asks that a datagram holds, and its bytes without any.
const ASKS_PER_DATAGRAM: usize = 10;
const ASKS_HEAD_BYTES: usize = 104;

/// Maps per prefix of a summary: the heads below one must fit into what a stranger gets for it.
const MAPS_PER_PREFIX: u32 = 2;

/// What a span has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Nothing that the copy did not have.
    Known,
    /// News, which others may lack too.
    News,
    /// What two nodes found that compared their copies.
    ByRepair,
}

impl Node {
    /// Begins to tell how far a copy has come, and sees to it that a gossip tick comes.
    pub(super) fn tell_head(&mut self, slot: Slot, now: Instant) {
        if self.cold.config.retransmit_mult == 0 {
            return;
        }
        let Some(telling) = self.cold.state.tell_anew(slot) else { return };
        if self.cold.heads.push(Rumour { slot, telling }) {
            self.stats.rumours_dropped += 1;
        }
        self.count_heads();
        self.arm_gossip(now);
    }

    pub(super) fn count_heads(&mut self) {
        self.heads_waiting = u32::try_from(self.cold.heads.len()).unwrap_or(u32::MAX);
    }

    /// The sender's copies of maps sum up to something else, or to the same again.
    pub(super) fn meet_state(&mut self, sender: &Sender, now: Instant) {
        self.state_differs = sender.state != self.state_sum;
        if !self.state_differs {
            self.cold.state_repairs.on_equal();
            self.deadlines.set(Timer::StateRepair, Instant::NEVER);
            return;
        }
        // A stranger's sum proves nothing, and whoever leaves asks nobody any more.
        let Some(slot) = self.membership.find(sender.id).filter(|_| self.leaving == Leaving::Stays) else { return };
        self.ask_others(now);
        let rumours = self.rumours_last();
        let due = self.cold.state_repairs.on_mismatch(false, rumours, now);
        if due {
            self.start_state_repair(self.membership.addr(slot), now);
        }
        self.deadlines.set(Timer::StateRepair, self.cold.state_repairs.next_deadline(now));
    }

    /// A young node still differs from somebody: it asks a random member.
    pub(super) fn on_state_repair_due(&mut self, now: Instant) {
        let peer = self.membership.choose(&mut self.rng, |_, health| health == Health::Alive);
        if let Some(peer) = peer
            && self.cold.state_repairs.try_start(now)
        {
            self.start_state_repair(self.membership.addr(peer), now);
        }
        // The next packet that differs arms it again; while nobody is there to be asked it must not stay due.
        self.deadlines.set(Timer::StateRepair, Instant::NEVER);
    }

    fn start_state_repair(&mut self, to: SocketAddr, now: Instant) {
        let nonce = Nonce(self.cold.cookies.bake(Use::StateDigest, to, now).0);
        self.stats.state_repairs += 1;
        let level = level_of(self.membership.members(), MAPS_PER_PREFIX);
        self.wish(Intent::StateSummary { to, nonce, level, first: 0, end: 1 << level });
    }

    /// Finds the prefixes in which the sums differ and promises the heads below them.
    pub(super) fn on_state_summary(&mut self, from: SocketAddr, summary: &Summary<'_>, bytes_left: u32) {
        let Summary { nonce, level, first, .. } = *summary;
        let differing = differing_places(summary, |sums| self.cold.state.bucket_sums(level, first, sums));
        if differing != 0 {
            self.wish(Intent::StateDigest { to: from, nonce, level, first, differing, bytes_left });
        }
    }

    /// Whether a digest answers a summary that was sent to this address.
    pub(super) fn awaits_state_digest(&self, digest: &StateDigest<'_>, from: SocketAddr, now: Instant) -> bool {
        self.cold.cookies.accepts(Use::StateDigest, Cookie(digest.nonce.0), from, now)
    }

    /// Compares everything below some prefixes: what to ask for, what to give.
    pub(super) fn on_state_digest(&mut self, from: SocketAddr, digest: &StateDigest<'_>, now: Instant) {
        let (mut asks, mut gives, mut awaits) = (Vec::new(), Vec::new(), false);
        let until = self.awaited_until(now);
        // A list that names wide prefixes again and again must not make us look at all rows for each.
        let (mut named, mut rows_seen): (Vec<Slot>, usize) = (Vec::new(), 0);
        for (prefix, heads) in digest.groups.groups() {
            named.clear();
            for HeadOf { id_hash, head } in heads {
                let Some(slot) = self.membership.find_hash(id_hash) else { continue };
                named.push(slot);
                if self.lacks(slot, head, now) {
                    self.cold.exchanges.tellers.note(slot, from, digest.cookie);
                    // What is on its way comes without a second stream of the same.
                    if self.cold.state.is_asked(slot, now) {
                        awaits = true;
                        continue;
                    }
                    self.ask_for(slot, head.version, Asking::Repair, now);
                    asks.push(slot);
                } else if self.cold.state.offered_from(slot, head).is_some() {
                    gives.push(Give { slot, copy: head, until });
                } else if self.follow_watermark(slot, head, now) {
                    self.cold.state_repairs.on_found(1, now);
                }
            }
            named.sort_unstable();
            let rows = self.membership.rows_below(prefix).inspect(|_| rows_seen += 1);
            let rows = rows.filter(|slot| named.binary_search(slot).is_err());
            // Whoever does not name somebody dead may not know that there was one.
            let lives = |slot| self.membership.health(slot).is_live();
            let unnamed = rows.filter(|&slot| lives(slot) && self.cold.state.head(slot).version > 0);
            gives.extend(unnamed.map(|slot| Give { slot, copy: Head::default(), until }));
            if asks.len().max(gives.len()).max(rows_seen / 4) >= OWNERS_MAX {
                break;
            }
        }
        self.cold.exchanges.fruitless = asks.is_empty() && gives.is_empty() && !awaits;
        self.ask(Asks { to: from, slots: asks, cookie: digest.cookie });
        // Who cannot keep up with what is asked for gives nothing else: the other one will ask for it.
        if !self.cold.exchanges.held {
            self.give((from, false), gives, None, now);
        }
    }

    /// Somebody tells how far its copies have come. What is lacked is asked for; news are not, if somebody was asked
    /// for them lately, nor is more of a map of which the same datagram told only what was `known`: that is asked for
    /// later, if it has not come. Returns how many bytes that takes at most, which is less than a stranger gets for its
    /// heads.
    pub(super) fn on_heads(
        &mut self,
        from: SocketAddr,
        (cookie, heads): (Cookie, Heads<'_>),
        (asking, known): (Asking, &[Slot]),
        now: Instant,
    ) -> u32 {
        let (mut asks, mut noted) = (Vec::new(), 0);
        let overloaded = self.cold.exchanges.held;
        for HeadOf { id_hash, head } in heads {
            let Some(slot) = self.membership.find_hash(id_hash) else { continue };
            if self.lacks(slot, head, now) {
                // Whoever told what is known already is behind another one who goes on with the same.
                let is_late = known.contains(&slot) && self.cold.state.is_asked(slot, now);
                // Later news are worth a second question. While there is too much to tell already, one question at a
                // time is for whatever there is.
                let version = if overloaded { 0 } else { head.version };
                if !is_late && self.ask_for(slot, version, asking, now) {
                    asks.push(slot);
                } else {
                    noted += 1;
                    self.cold.exchanges.tellers.note(slot, from, cookie);
                }
            } else if self.follow_watermark(slot, head, now) {
                self.tell_head(slot, now);
            }
        }
        let questions = asks.len() + noted;
        let bytes = questions.div_ceil(ASKS_PER_DATAGRAM) * ASKS_HEAD_BYTES + questions * HEAD_BYTES_MAX;
        self.ask(Asks { to: from, slots: asks, cookie });
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// Whether another's copy of somebody else's map has something for this one.
    fn lacks(&mut self, slot: Slot, head: Head, now: Instant) -> bool {
        if !self.membership.is_plausible(head.epoch, self.clock.outside(now)) {
            self.stats.changes_refused += 1;
            return false;
        }
        if slot == Slot::SELF {
            self.compare_own_head(head, now);
            return false;
        }
        self.cold.state.is_behind(slot, head)
    }

    /// Another's copy has forgotten tombstones that this one need not keep either. The own watermark is moved by
    /// nobody else. Returns whether this copy has forgotten them now.
    fn follow_watermark(&mut self, slot: Slot, head: Head, now: Instant) -> bool {
        let moved = slot != Slot::SELF && self.cold.state.follow_watermark(slot, head.epoch, head.watermark);
        if moved {
            self.on_map_moved(now);
        }
        moved
    }

    /// Until when changes may come that were asked for now, or that go on.
    pub(super) fn awaited_until(&self, now: Instant) -> Instant {
        now.after(self.cold.config.gossip_interval * 2)
    }

    fn ask_for(&mut self, slot: Slot, version: u64, asking: Asking, now: Instant) -> bool {
        let of = (slot, self.membership.id_hash(slot));
        let until = self.awaited_until(now);
        self.cold.state.ask(of, version, asking, (now, until))
    }

    /// Somebody's copy of this node's own map. If it holds what the map does not, the map was lost in part, or
    /// somebody else uses this identity: then a new epoch makes everybody take what is here.
    fn compare_own_head(&mut self, copy: Head, now: Instant) {
        let own = self.cold.state.head(Slot::SELF);
        let further = copy.version.max(copy.watermark) > own.version
            || (copy.version == own.version && copy.sum != own.sum && copy.version >= copy.watermark);
        if copy.version == 0 || copy.epoch < own.epoch || (copy.epoch == own.epoch && !further) {
            return;
        }
        let epoch = if own.version == 0 {
            self.incarnation.boot.max(copy.epoch.saturating_add(1))
        } else {
            copy.epoch.saturating_add(1)
        };
        self.cold.state.reopen(self.membership.id_hash(Slot::SELF), epoch);
        self.cold.waits.at_epoch(self.cold.state.head(Slot::SELF).epoch);
        self.on_map_moved(now);
        self.tell_head(Slot::SELF, now);
    }

    /// A proven peer asks for what its copies lack, and may tell what it desires to write.
    pub(super) fn on_asks(&mut self, from: SocketAddr, heads: Heads<'_>, rates: Option<Rates>, now: Instant) {
        let (mut gives, until) = (Vec::new(), self.awaited_until(now));
        for HeadOf { id_hash, head } in heads {
            let Some(slot) = self.membership.find_hash(id_hash) else { continue };
            if slot == Slot::SELF && self.membership.is_plausible(head.epoch, self.clock.outside(now)) {
                self.compare_own_head(head, now);
            }
            if self.cold.state.offered_from(slot, head).is_some() {
                gives.push(Give { slot, copy: head, until });
            }
        }
        self.give((from, false), gives, rates, now);
    }

    pub(super) fn ask(&mut self, asks: Asks) {
        if !asks.slots.is_empty() && self.cold.exchanges.asks.push_back(asks).is_err() {
            self.stats.intents_dropped += 1;
        }
        self.count_exchanges();
    }

    /// Lets changes wait to be given, perhaps with the question how far the peer has come with the own map. Whoever asks
    /// again tells by that how far it has come.
    pub(super) fn give(
        &mut self,
        (to, confirm): (SocketAddr, bool),
        mut gives: Vec<Give>,
        rates: Option<Rates>,
        now: Instant,
    ) {
        if gives.is_empty() {
            return;
        }
        gives.sort_unstable_by_key(|give| give.slot);
        if let Some(waiting) = self.cold.exchanges.waiting_for(to) {
            let is_new = |give: &Give| gives.binary_search_by_key(&give.slot, |new| new.slot).is_err();
            waiting.gives.retain(is_new);
            gives.append(&mut waiting.gives);
        }
        gives.truncate(OWNERS_MAX);
        self.order_gives(&mut gives);
        let exchanges = &mut self.cold.exchanges;
        if let Some(waiting) = exchanges.waiting_for(to) {
            (waiting.gives, waiting.window) = (gives, WINDOW);
            (waiting.rates, waiting.confirm) = (rates.or(waiting.rates), confirm || waiting.confirm);
        } else if exchanges.gives.push_back(Exchange { to, gives, window: WINDOW, since: now, rates, confirm }).is_err()
        {
            self.stats.intents_dropped += 1;
            self.cold.flow.on_behind(now);
        }
        self.count_exchanges();
    }

    pub(super) fn count_exchanges(&mut self) {
        self.exchanges_waiting = u32::try_from(self.cold.exchanges.sendable()).unwrap_or(u32::MAX);
    }

    /// Nothing more is given until then.
    pub(super) fn hold_gives(&mut self, until: Option<Instant>) {
        self.cold.exchanges.held = until.is_some();
        self.deadlines.set(Timer::Pace, until.unwrap_or(Instant::NEVER));
        self.count_exchanges();
    }

    /// A peer has shared what both are permitted to write. Only the one who was told this node's rates may.
    pub(super) fn on_share(&mut self, from: SocketAddr, more: i64, now: Instant) {
        let exchanges = &mut self.cold.exchanges;
        if exchanges.told_rates.take_if(|(to, until)| *to == from && *until > now).is_some() {
            self.cold.flow.on_shared(more);
        }
    }

    /// Takes in changes of maps, each as far as it fits the copy. Returns of whom only what was known came.
    pub(super) fn on_changes(&mut self, spans: Spans<'_>, now: Instant) -> Vec<Slot> {
        let (mut repaired, mut known) = (0, Vec::new());
        for (id_hash, span, items) in spans {
            let Some(slot) = self.membership.find_hash(id_hash) else {
                self.stats.changes_refused += 1;
                continue;
            };
            match self.take_span((slot, id_hash), span, items, now) {
                Ok(Taken::Known) => {
                    known.push(slot);
                    continue;
                }
                Ok(taken) => repaired += u32::from(taken == Taken::ByRepair),
                Err(Refusal::Gap) if self.cold.state.is_asked(slot, now) => {
                    self.cold.exchanges.keep(slot, span, items.as_bytes());
                    continue;
                }
                Err(_) => {
                    self.stats.changes_refused += 1;
                    continue;
                }
            }
            while let Some(Early { span, items, .. }) = self.cold.exchanges.take(slot, self.cold.state.head(slot)) {
                let Some(items) = Items::validate(&items, span.from, span.to) else { continue };
                repaired += u32::from(self.take_span((slot, id_hash), span, items, now) == Ok(Taken::ByRepair));
            }
        }
        self.has_events |= self.cold.events.is_waiting();
        if repaired > 0 {
            self.cold.state_repairs.on_found(repaired, now);
        }
        known
    }

    fn take_span(&mut self, of: (Slot, u64), span: Span, items: Items<'_>, now: Instant) -> Result<Taken, Refusal> {
        let (slot, outside) = (of.0, self.clock.outside(now));
        if slot == Slot::SELF || !self.membership.is_plausible(span.head.epoch, outside) {
            return Err(Refusal::Owner);
        }
        let owner = self.membership.record(slot).id;
        let Cold { state, events, watches, .. } = &mut *self.cold;
        let applied = state.apply(of, span, items, outside, |change| watches.report(events, owner, change))?;
        state.count(slot, self.membership.health(slot).is_live());
        if applied == Applied::Known {
            return Ok(Taken::Known);
        }
        self.stats.changes_taken += 1;
        let more_until = (span.to < span.head.version).then(|| self.awaited_until(now));
        let is_news = self.cold.state.on_taken(slot, now, more_until);
        self.on_map_moved(now);
        if is_news {
            self.tell_head(slot, now);
        }
        Ok(if is_news { Taken::News } else { Taken::ByRepair })
    }
}
