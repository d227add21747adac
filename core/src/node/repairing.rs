//! How two nodes find out where their rosters differ, and mend it.
//!
//! ```text
//! asker   -> summary: sums over prefixes of the hashed identity
//! other   -> digest:  short hashes of everything below the prefixes that differ   (at most 3 x the bytes)
//! asker   -> wants:   the hashes that it lacks, and the records that the other lacks
//! other   -> records
//! ```
//!
//! Every message is one datagram and answers by itself; nobody keeps state for the other but a nonce and
//! what it still has to send.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::vocab::{Cookie, Health, Instant, Nonce, Prefix, Record, Ring, Slot};
use crate::wire::{Body, Digest, PrefixWriter, Prefixes, RecordKind, Records, Summary, Wants, Writer};

use super::intents::Intent;
use super::io::{Reason, Timer};
use super::receive::one_hop_on;
use super::{Leaving, Node};

/// Rows per prefix of a summary: smaller prefixes cost sums, larger ones cost digests.
const ROWS_PER_PREFIX: u32 = 4;

/// The most records that one reply carries; who lacks more asks again.
const GIVE_MAX: usize = 400;

/// Replies that wait to be sent.
const REPLIES_MAX: usize = 32;

/// The longest list of hashes in one datagram, in bytes.
const HASHES_BYTES_MAX: usize = 1400;

/// Bytes of a summary or digest besides frame, sender and its list.
const HEAD_BYTES: usize = 32;

/// Bytes of a datagram with wants besides their list.
const WANTS_HEAD_BYTES: usize = 96;

/// What this node remembers of its repairs.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    /// The nonce of the latest summary that it sent.
    asked: Option<Nonce>,
    replies: Ring<Reply>,
}

/// What a repair still has to send to one peer.
#[derive(Debug, Clone)]
struct Reply {
    to: SocketAddr,
    /// What is wanted from the peer: salt, cookie, encoded prefixes.
    wants: Option<(u32, Cookie, Vec<u8>)>,
    give: Vec<Slot>,
    given: usize,
}

impl Conversation {
    pub(super) const fn new() -> Self {
        Self { asked: None, replies: Ring::new(REPLIES_MAX) }
    }

    pub(super) fn is_answer(&self, nonce: Nonce) -> bool {
        self.asked == Some(nonce)
    }
}

impl Node {
    pub(super) fn start_repair(&mut self, to: SocketAddr) {
        let nonce = self.nonce();
        self.cold.conversation.asked = Some(nonce);
        self.stats.repairs += 1;
        let prefixes = (self.membership.len() / ROWS_PER_PREFIX).max(1);
        let level = u8::try_from(prefixes.ilog2()).unwrap_or(u8::MAX).min(Prefixes::SUMMARY_LEVEL_MAX);
        self.wish(Intent::Summary { to, nonce, level, first: 0 });
    }

    /// A young node still differs from somebody: it asks a random member.
    pub(super) fn on_repair_due(&mut self, now: Instant) {
        let peer = self.membership.choose(&mut self.rng, |_, health| health == Health::Alive);
        if let Some(peer) = peer
            && self.repairs.try_start(now)
        {
            self.start_repair(self.membership.addr(peer));
        }
        self.deadlines.set(Timer::Repair, Instant::NEVER);
    }

    pub(super) fn learn_bulk(&mut self, records: Records<'_>, now: Instant) {
        let mut news = 0;
        for record in records {
            news += u32::from(self.learn(&one_hop_on(record), Reason::Repair, now));
        }
        self.stats.repaired += u64::from(news);
        if news > 0 {
            self.repairs.on_found(news, now);
        }
    }

    /// Finds the prefixes in which the sums differ and promises their contents.
    pub(super) fn on_summary(&mut self, from: SocketAddr, summary: &Summary<'_>, bytes_left: u32) {
        let mut differing = 0_u128;
        for (index, sum) in (usize::from(summary.first)..).zip(summary.sums()) {
            if self.membership.sum_below(summary.level, index) != sum {
                differing |= 1 << index;
            }
        }
        if differing != 0 && self.leaving == Leaving::Stays {
            let Summary { nonce, level, .. } = *summary;
            self.wish(Intent::Digest { to: from, nonce, level, differing, bytes_left });
        }
    }

    /// Compares a peer's contents with the node's own: what to ask for, what to give.
    pub(super) fn on_digest(&mut self, from: SocketAddr, digest: &Digest<'_>) {
        let room = (self.budget as usize).saturating_sub(WANTS_HEAD_BYTES).min(HASHES_BYTES_MAX);
        let mut wanted = alloc::vec![0; room];
        let mut wants = PrefixWriter::new(&mut wanted);
        let mut give = Vec::new();
        let mut theirs: Vec<(u32, bool)> = Vec::new();
        // Honest groups do not overlap; a list that makes us look at more rows than there are is cut short.
        let mut rows_seen = 0;
        for (prefix, hashes) in digest.prefixes.groups() {
            if rows_seen > self.membership.len() {
                break;
            }
            theirs.clear();
            theirs.extend(hashes.map(|hash| (hash, false)));
            theirs.sort_unstable();
            for (slot, hash) in self.membership.below(prefix, digest.salt) {
                rows_seen += 1;
                match theirs.binary_search_by_key(&hash, |&(hash, _)| hash) {
                    Ok(place) => theirs[place].1 = true,
                    Err(_) => give.push(slot),
                }
            }
            let lacking = theirs.iter().filter(|(_, known)| !known).map(|&(hash, _)| hash);
            if lacking.clone().next().is_some() {
                wants.try_push(prefix, lacking);
            }
        }
        let wants = wants.finish().as_bytes().to_vec();
        let wants = (!wants.is_empty()).then_some((digest.salt, digest.cookie, wants));
        self.reply(Reply { to: from, wants, give, given: 0 });
    }

    /// Promises the records that a proven peer asks for.
    pub(super) fn on_wants(&mut self, from: SocketAddr, wants: &Wants<'_>) {
        let mut give = Vec::new();
        let mut hashes_wanted: Vec<u32> = Vec::new();
        let mut rows_seen = 0;
        for (prefix, hashes) in wants.prefixes.groups() {
            if rows_seen > self.membership.len() {
                break;
            }
            hashes_wanted.clear();
            hashes_wanted.extend(hashes);
            hashes_wanted.sort_unstable();
            let below = self.membership.below(prefix, wants.salt).inspect(|_| rows_seen += 1);
            give.extend(below.filter(|(_, hash)| hashes_wanted.binary_search(hash).is_ok()).map(|(slot, _)| slot));
        }
        self.reply(Reply { to: from, wants: None, give, given: 0 });
    }

    fn reply(&mut self, mut reply: Reply) {
        reply.give.truncate(GIVE_MAX);
        if reply.wants.is_none() && reply.give.is_empty() {
            return;
        }
        if self.cold.conversation.replies.push_back(reply).is_ok() {
            self.replies_waiting += 1;
        } else {
            self.stats.intents_dropped += 1;
        }
    }

    /// Writes one page of sums. Returns the intent for the next page.
    pub(super) fn pack_summary(&self, writer: &mut Writer<'_>, intent: Intent) -> Option<Intent> {
        let Intent::Summary { to, nonce, level, first } = intent else { return None };
        let mut sums = [0; 8 << Prefixes::SUMMARY_LEVEL_MAX];
        let room = writer.free().saturating_sub(HEAD_BYTES) / 8;
        let end = (usize::from(first) + room).min(1 << level);
        let indices = usize::from(first)..end;
        let len = indices.len() * 8;
        for (place, index) in sums.chunks_exact_mut(8).zip(indices) {
            place.copy_from_slice(&self.membership.sum_below(level, index).to_le_bytes());
        }
        if len == 0 || !writer.body(&Body::Summary(Summary { nonce, level, first, sums: &sums[..len] })) {
            return None;
        }
        let next = u8::try_from(end).ok().filter(|_| end < 1 << level)?;
        Some(Intent::Summary { to, nonce, level, first: next })
    }

    /// Writes one page of short hashes. Returns the intent for the rest.
    pub(super) fn pack_digest(&mut self, writer: &mut Writer<'_>, intent: Intent, now: Instant) -> Option<Intent> {
        let Intent::Digest { to, nonce, level, mut differing, bytes_left } = intent else { return None };
        let free = writer.free();
        let most = free.saturating_sub(HEAD_BYTES).min(HASHES_BYTES_MAX);
        let allowed = (bytes_left as usize).saturating_sub((self.budget as usize).saturating_sub(free) + HEAD_BYTES);
        let mut page = [0; HASHES_BYTES_MAX];
        let mut hashes = PrefixWriter::new(&mut page[..most.min(allowed)]);
        let salt = self.rng.below(u32::MAX);
        // A random start: what does not fit today comes first another day.
        let start = self.rng.below(1 << level);
        for index in (0..1_u32 << level).map(|step| (start + step) % (1 << level)) {
            if differing & (1 << index) == 0 {
                continue;
            }
            let prefix = Prefix { level, index: u16::try_from(index).unwrap_or(u16::MAX) };
            if !self.push_group(&mut hashes, prefix, salt) {
                break;
            }
            differing &= !(1 << index);
        }
        let cookie = self.cold.cookies.bake(to, now);
        if hashes.is_empty() || !writer.body(&Body::Digest(Digest { nonce, salt, cookie, prefixes: hashes.finish() })) {
            return None;
        }
        let bytes_left = bytes_left.saturating_sub(u32::try_from(writer.len()).unwrap_or(u32::MAX));
        (differing != 0).then_some(Intent::Digest { to, nonce, level, differing, bytes_left })
    }

    /// Writes a prefix's contents, or those of a random half of it when even an empty page is too small.
    fn push_group(&mut self, hashes: &mut PrefixWriter<'_>, mut prefix: Prefix, salt: u32) -> bool {
        loop {
            if hashes.try_push(prefix, self.membership.below(prefix, salt).map(|(_, hash)| hash)) {
                return true;
            }
            let Some(halves) = prefix.halves().filter(|_| hashes.is_empty()) else { return false };
            prefix = halves[self.rng.below(2) as usize];
        }
    }

    /// Writes the next part of the first waiting reply. Returns its receiver.
    pub(super) fn pack_reply(&mut self, writer: &mut Writer<'_>) -> Option<SocketAddr> {
        let reply = self.cold.conversation.replies.get_mut(0)?;
        if let Some((salt, cookie, bytes)) = reply.wants.take()
            && let Some(prefixes) = Prefixes::validate(&bytes)
            && !writer.body(&Body::Wants(Wants { salt, cookie, prefixes }))
        {
            self.stats.intents_dropped += 1;
        }
        let records_at = writer.open_records(RecordKind::Bulk);
        while let Some(&slot) = reply.give.get(reply.given) {
            let record: Record = self.membership.record(slot);
            if !writer.record(&record) {
                break;
            }
            reply.given += 1;
        }
        // A buffer without room for even one record must not keep the reply for ever.
        let stuck = records_at == writer.len() && !reply.give.is_empty();
        self.stats.intents_dropped += u64::from(stuck);
        let (to, more) = (reply.to, !stuck && reply.given < reply.give.len());
        if !more {
            self.drop_reply();
        }
        Some(to)
    }

    /// The first waiting reply is done, or cannot be sent.
    pub(super) fn drop_reply(&mut self) {
        self.replies_waiting -= u32::from(self.cold.conversation.replies.pop_front().is_some());
    }
}
