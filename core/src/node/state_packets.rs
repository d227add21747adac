//! The datagrams that bring copies of maps up to their owners, written one at a time.
//!
//! A datagram of changes is shared: the node's own map and short lists go first, then whoever has most to tell
//! (scuttle-depth of van Renesse 2008), and an eighth is for the others in turn, so that no giant starves anybody.
//! An item that does not fit lets its owner wait for the next datagram, and nobody else.

use core::net::SocketAddr;

use crate::membership::cookie::Use;
use crate::packing::Rumour;
use crate::packing::backlog::Offer;
use crate::vocab::{Head, Instant, Prefix, Slot};
use crate::wire::{Body, HEAD_BYTES_MAX, HeadGroupWriter, HeadOf, StateDigest, Summary, Writer};

use super::exchanges::{Asks, Exchange, Exchanges, Give};
use super::intents::Intent;
use super::repair_packets::{HEAD_BYTES, from_a_random_one, write_page};
use super::{Cold, Node};

/// A list is short if it fits into this part of a datagram.
const SHORT_DIVISOR: u64 = 8;
/// What a version is taken to bring, in bytes.
const VERSION_BYTES: u64 = 64;
/// The part of a datagram that the long lists can count on, and that the others of them can.
const LONG_DIVISOR: usize = 4;
const BREADTH_DIVISOR: usize = 8;
/// The most rows, about, that are looked at for one group of heads.
const ROWS_SEEN_MAX: u32 = 512;
/// Bytes of a list of heads besides them.
const LIST_BYTES: usize = 12;
/// The part of a datagram that heads can count on while rumours wait.
const HEADS_DIVISOR: usize = 4;

impl Node {
    /// How many bytes of a packet are kept for heads.
    pub(super) fn room_for_heads(&self, free: usize) -> usize {
        (free / HEADS_DIVISOR).min(self.heads_waiting as usize * HEAD_BYTES_MAX)
    }

    /// Fills the rest of a packet with heads that wait to be told.
    pub(super) fn fill_heads(&mut self, writer: &mut Writer<'_>, to: SocketAddr, now: Instant) {
        let limit = self.tellings_max();
        writer.open_heads(self.cold.cookies.bake(Use::Asks, to, now));
        let (membership, cold) = (&self.membership, &mut *self.cold);
        let state = &cold.state;
        let lookup = |rumour: Rumour| {
            let newest = state.telling(rumour.slot) == Some(rumour.telling);
            newest.then(|| HeadOf { id_hash: membership.id_hash(rumour.slot), head: state.head(rumour.slot) })
        };
        cold.heads.offer_all(limit, lookup, |_, head| match head {
            None => Offer::Stale,
            Some(head) if writer.head(head) => Offer::Packed,
            Some(_) => Offer::Full,
        });
        self.count_heads();
    }

    /// Writes a datagram that is about maps. Returns its receiver.
    pub(super) fn pack_state(&mut self, writer: &mut Writer<'_>, intent: Intent, now: Instant) -> Option<SocketAddr> {
        let before = writer.len();
        let (to, rest) = if let Intent::StateSummary { to, .. } = intent {
            (to, self.pack_state_summary(writer, intent))
        } else if let Intent::StateDigest { to, .. } = intent {
            (to, self.pack_state_digest(writer, intent, now))
        } else {
            return self.pack_exchange(writer, now);
        };
        if writer.len() == before {
            return None;
        }
        if let Some(rest) = rest {
            self.intents.put_back(rest);
        }
        // So that the answer may be long.
        let long = self.cold.state_repairs.is_young(now) || self.cold.exchanges.fruitless;
        if matches!(intent, Intent::StateSummary { .. }) && long {
            writer.pad();
        }
        Some(to)
    }

    /// Writes one page of sums. Returns the intent for the next page.
    fn pack_state_summary(&self, writer: &mut Writer<'_>, intent: Intent) -> Option<Intent> {
        let Intent::StateSummary { to, nonce, level, first, end } = intent else { return None };
        let sums = |sums: &mut [u64]| self.cold.state.bucket_sums(level, first, sums);
        let first = write_page(writer, (first, end), sums, |sums| {
            Body::StateSummary(Summary { nonce, exact: true, level, first, sums })
        })?;
        Some(Intent::StateSummary { to, nonce, level, first, end })
    }

    /// Writes the heads below some prefixes that differ. Returns the intent for the rest.
    fn pack_state_digest(&mut self, writer: &mut Writer<'_>, intent: Intent, now: Instant) -> Option<Intent> {
        let Intent::StateDigest { to, nonce, level, first, mut differing, bytes_left } = intent else { return None };
        let free = writer.free();
        let taken = writer.len() + HEAD_BYTES;
        let room = free.saturating_sub(HEAD_BYTES).min((bytes_left as usize).saturating_sub(taken));
        let mut page = alloc::vec![0; room];
        let mut groups = HeadGroupWriter::new(&mut page);
        for place in from_a_random_one(differing, &mut self.rng) {
            let index = first.saturating_add(place);
            if !self.push_heads(&mut groups, Prefix { level, index }) {
                break;
            }
            differing &= !(1 << place);
        }
        if groups.is_empty() {
            return None;
        }
        let cookie = self.cold.cookies.bake(Use::Asks, to, now);
        if !writer.body(&Body::StateDigest(StateDigest { nonce, cookie, groups: groups.finish() })) {
            return None;
        }
        let bytes_left = bytes_left.saturating_sub(u32::try_from(writer.len()).unwrap_or(u32::MAX));
        (differing != 0).then_some(Intent::StateDigest { to, nonce, level, first, differing, bytes_left })
    }

    /// Writes a prefix's heads, or those of a random half of it when even an empty page is too small, or when more
    /// rows would be looked at than a stranger's question is worth.
    fn push_heads(&mut self, groups: &mut HeadGroupWriter<'_>, mut prefix: Prefix) -> bool {
        while self.membership.members() >> prefix.level > ROWS_SEEN_MAX
            && let Some(halves) = prefix.halves()
        {
            prefix = halves[self.rng.below(2) as usize];
        }
        loop {
            let (membership, state) = (&self.membership, &self.cold.state);
            let heads = membership.rows_below(prefix).filter_map(|slot| {
                let head = state.head(slot);
                (head.version > 0).then(|| HeadOf { id_hash: membership.id_hash(slot), head })
            });
            if groups.try_push(prefix, heads) {
                return true;
            }
            let Some(halves) = prefix.halves().filter(|_| groups.is_empty()) else { return false };
            prefix = halves[self.rng.below(2) as usize];
        }
    }

    /// Puts short lists first, shortest first, then long ones, longest first.
    pub(super) fn order_gives(&self, gives: &mut [Give]) {
        gives.sort_by_cached_key(|give| {
            let ahead = self.versions_ahead(give);
            if self.is_short(give) { (0, ahead) } else { (1, u64::MAX - ahead) }
        });
    }

    fn versions_ahead(&self, give: &Give) -> u64 {
        let head = self.cold.state.head(give.slot);
        let from = self.cold.state.offered_from(give.slot, give.copy).unwrap_or(head.version);
        head.version - from.min(head.version)
    }

    fn is_short(&self, give: &Give) -> bool {
        give.slot == Slot::SELF
            || self.versions_ahead(give).saturating_mul(VERSION_BYTES) <= u64::from(self.budget) / SHORT_DIVISOR
    }

    /// Writes what is asked for, or the next part of the first exchange that waits. Returns its receiver; `None` when
    /// nothing of it can be written.
    fn pack_exchange(&mut self, writer: &mut Writer<'_>, now: Instant) -> Option<SocketAddr> {
        let packed = match self.cold.exchanges.asks.pop_front() {
            Some(asks) => self.pack_asks(writer, asks, now),
            None => self.pack_changes(writer, now),
        };
        self.stats.intents_dropped += u64::from(packed.is_none());
        self.count_exchanges();
        packed
    }

    fn pack_asks(&mut self, writer: &mut Writer<'_>, mut asks: Asks, now: Instant) -> Option<SocketAddr> {
        let to = asks.to;
        let until = now.after(self.cold.config.period);
        let Cold { exchanges, flow, .. } = &mut *self.cold;
        // One peer at a time, so that two do not share the same.
        if exchanges.told_rates.is_none_or(|(_, until)| until <= now)
            && let Some(rates) = flow.rates(now)
            && writer.rates(rates)
        {
            exchanges.told_rates = Some((to, until));
        }
        let empty = writer.len();
        writer.open_asks(asks.cookie);
        while let Some(&slot) = asks.slots.last() {
            if !writer.head(HeadOf { id_hash: self.membership.id_hash(slot), head: self.cold.state.head(slot) }) {
                break;
            }
            asks.slots.pop();
        }
        let stuck = writer.len() == empty;
        if !stuck && !asks.slots.is_empty() {
            self.cold.exchanges.asks.put_back(asks);
        }
        (!stuck).then_some(to)
    }

    fn pack_changes(&mut self, writer: &mut Writer<'_>, now: Instant) -> Option<SocketAddr> {
        let mut exchange = self.next_exchange(now)?;
        if exchange.confirm && !writer.confirm() {
            return None;
        }
        let share = exchange.rates.take().and_then(|rates| self.cold.flow.share(rates, now));
        if share.is_some_and(|share| !writer.share(share)) {
            return None;
        }
        let empty = writer.len();
        let is_last = exchange.window <= 1;
        exchange.window = exchange.window.saturating_sub(1);
        // The last of a window tells of whom there is more to come.
        let heads = exchange.gives.len() * HEAD_BYTES_MAX + LIST_BYTES;
        let reserve = if is_last { heads.min(writer.free() / 2) } else { 0 };
        self.pack_gives(writer, &mut exchange, reserve, now);
        if is_last && !exchange.gives.is_empty() {
            writer.open_more(self.cold.cookies.bake(Use::Asks, exchange.to, now));
            for give in exchange.gives.drain(..) {
                let (id_hash, head) = (self.membership.id_hash(give.slot), self.cold.state.head(give.slot));
                if !writer.head(HeadOf { id_hash, head }) {
                    break;
                }
            }
        }
        if writer.len() == empty {
            return None;
        }
        if let Some(until) = self.cold.pace.spend(writer.len() as u64, now) {
            self.hold_gives(Some(until));
        }
        let Exchange { to, since, .. } = exchange;
        if exchange.gives.is_empty() {
            if now.since(since) > self.cold.config.gossip_interval {
                self.cold.flow.on_behind(now);
            }
        } else if self.cold.exchanges.gives.push_back(exchange).is_err() {
            // Others have their turn in between, and there is room: it was taken out above.
            self.stats.intents_dropped += 1;
        }
        Some(to)
    }

    /// The first exchange that its peer still waits for, with what it waits for: of whom nothing came for too long,
    /// somebody else has been asked.
    fn next_exchange(&mut self, now: Instant) -> Option<Exchange> {
        let Cold { exchanges, flow, .. } = &mut *self.cold;
        loop {
            let mut exchange = exchanges.gives.pop_front()?;
            if exchange.drop_late(now) {
                flow.on_behind(now);
            }
            if !exchange.gives.is_empty() {
                return Some(exchange);
            }
            self.stats.intents_dropped += 1;
        }
    }

    /// The first exchange that waits cannot be sent.
    pub(super) fn drop_exchange(&mut self) {
        let Exchanges { asks, gives, .. } = &mut self.cold.exchanges;
        if asks.pop_front().is_none() {
            gives.pop_front();
        }
        self.count_exchanges();
    }

    /// Writes changes until the datagram is full but for `reserve` bytes, and drops whoever has nothing more.
    fn pack_gives(&self, writer: &mut Writer<'_>, exchange: &mut Exchange, reserve: usize, now: Instant) {
        writer.open_changes();
        let total = writer.free().saturating_sub(reserve);
        let gives = &mut exchange.gives;
        let long_at = gives.iter().position(|give| !self.is_short(give)).unwrap_or(gives.len());
        let longs = gives.len() - long_at;
        let kept = if longs > 0 { total / LONG_DIVISOR } else { 0 };
        let mut written = false;
        let room = |writer: &Writer<'_>, kept: usize| writer.free().saturating_sub(reserve + kept);
        for (place, give) in gives[..long_at].iter_mut().enumerate() {
            let fits = self.pack_give(writer, give, room(writer, kept), now);
            // An item so long that it leaves the long lists nothing has its turn in every second datagram.
            let its_turn = place == 0 && exchange.window.is_multiple_of(2);
            written |= fits || (its_turn && self.pack_give(writer, give, room(writer, 0), now));
        }
        if let Some((longest, others)) = gives[long_at..].split_first_mut() {
            let breadth = if others.is_empty() { 0 } else { total / BREADTH_DIVISOR };
            written |= self.pack_give(writer, longest, room(writer, breadth), now);
            for give in others.iter_mut() {
                written |= self.pack_give(writer, give, room(writer, 0), now);
            }
            // An item as long as a datagram needs one for itself.
            if !written {
                self.pack_give(writer, longest, room(writer, 0), now);
            }
            others.rotate_left(usize::from(!others.is_empty()));
        }
        gives.retain(|give| self.cold.state.offered_from(give.slot, give.copy).is_some());
    }

    /// Writes what fits of one owner's changes. Returns whether anything did.
    fn pack_give(&self, writer: &mut Writer<'_>, give: &mut Give, room: usize, now: Instant) -> bool {
        let state = &self.cold.state;
        let Some(from) = state.offered_from(give.slot, give.copy) else { return false };
        let head = state.head(give.slot);
        let of = HeadOf { id_hash: self.membership.id_hash(give.slot), head };
        let items = state.after(give.slot, from, self.clock.outside(now));
        let Some(to) = writer.span(of, from, items, room) else { return false };
        // As the peer's copy will be when it has taken this.
        let Head { epoch, mut watermark, .. } = head;
        let anew = give.copy.epoch != epoch || from < give.copy.version;
        if !anew {
            let follows = if watermark <= to { watermark } else { 0 };
            watermark = follows.max(give.copy.watermark);
        }
        give.copy = Head { epoch, watermark, version: to, sum: 0 };
        give.until = self.awaited_until(now);
        true
    }
}
