//! How two nodes find out where their rosters differ, and mend it.
//!
//! ```text
//! asker   -> summary: sums over prefixes of the hashed identity
//! other   -> summary: sums over the parts of a bucket that differs, where few do and it holds many rows
//!         -> digest:  short hashes of everything below the prefixes that differ   (at most 3 x the bytes)
//! asker   -> wants:   the hashes that it lacks, and the records that the other lacks
//! other   -> records
//! ```
//!
//! A summary of parts is answered just as the first one was, so that the tree grows with the roster while every
//! message stays one datagram. Each answers by itself; nobody keeps state for the other but a nonce and what it
//! still has to send.

use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::membership::Below;
use crate::membership::cookie::Use;
use crate::vocab::{Cookie, Health, Instant, NodeId, Nonce, Prefix, Ring, Slot};
use crate::wire::{Digest, PrefixWriter, Records, Summary, Wants};

use super::Node;
use super::intents::Intent;
use super::io::{Reason, Timer};
use super::receive::one_hop_on;

/// Rows per prefix of a summary: smaller prefixes cost sums, larger ones cost digests.
const ROWS_PER_PREFIX: u32 = 4;

/// A bucket with more rows than this is summed up in parts, rather than listed, when few buckets differ.
const LISTED_ROWS_MAX: usize = 128;
const PARTED_BUCKETS_MAX: u32 = 4;

/// The prefixes of one page, each a bit of the word that says where sums differ.
const PAGE_MAX: u16 = 1 << Prefix::BUCKET_LEVEL;
const _: () = assert!(PAGE_MAX as usize == Summary::PAGE_MAX && PAGE_MAX as u32 == u128::BITS, "one bit per prefix");

/// Rows per part of such a bucket, and the most parts, as a power of two.
const ROWS_PER_PART: usize = 8;
const PARTS_BITS_MAX: u32 = 6;

/// Bytes of a summary besides its sums, frame and sender included.
const SUMMARY_HEAD_BYTES: u32 = 80;

/// The most records that one reply carries; who lacks more asks again.
const GIVE_MAX: usize = 400;

/// The most rows that are looked at for what is wanted, but for those of the last prefix.
const ROWS_SEEN_MAX: usize = 4 * GIVE_MAX;

/// Replies that wait to be sent.
const REPLIES_MAX: usize = 32;

/// The longest list of hashes in one datagram, in bytes.
pub(super) const HASHES_BYTES_MAX: usize = 1400;

/// Bytes of a datagram with wants besides their list.
const WANTS_HEAD_BYTES: usize = 96;

/// What this node remembers of its repairs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Conversation {
    /// The last digest named nothing new, although the rosters differed: perhaps two states look alike in the
    /// halves that are compared, so the next one shall name them whole.
    fruitless: bool,
    pub(super) replies: Ring<Reply>,
}

/// What a repair still has to send to one peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) to: SocketAddr,
    /// What is wanted from the peer: how it was named, cookie, encoded prefixes.
    pub(super) wants: Option<(Below, Cookie, Vec<u8>)>,
    pub(super) give: Vec<Slot>,
    pub(super) given: usize,
}

impl Conversation {
    pub(super) const fn new() -> Self {
        Self { fruitless: false, replies: Ring::new(REPLIES_MAX) }
    }
}

impl Node {
    pub(super) fn start_repair(&mut self, to: SocketAddr, now: Instant) {
        let nonce = self.summary_nonce(to, now);
        let exact = self.cold.conversation.fruitless;
        self.stats.repairs += 1;
        let level = level_of(self.membership.members(), ROWS_PER_PREFIX);
        self.wish(Intent::Summary { to, nonce, exact, level, first: 0, end: 1 << level });
    }

    /// A young node still differs from somebody: it asks a random member.
    pub(super) fn on_repair_due(&mut self, now: Instant) {
        let peer = self.membership.choose(&mut self.rng, |_, health| health == Health::Alive);
        if let Some(peer) = peer
            && self.repairs.try_start(now)
        {
            self.start_repair(self.membership.addr(peer), now);
        }
        self.deadlines.set(Timer::Repair, Instant::NEVER);
    }

    pub(super) fn learn_bulk(&mut self, from: NodeId, mut records: Records<'_>, now: Instant) {
        let mut news = 0;
        while let Some((record, accusers)) = records.next_told() {
            self.cold.cases.hear(from, &accusers);
            let is_new = self.learn(&one_hop_on(record), Reason::Repair, now);
            news += u32::from(is_new);
            // As all that a repair brings, it is not told on.
            if is_new && accusers.len() > 0 {
                self.hear_accusers(&record, &accusers, true, now);
            }
        }
        self.stats.repaired += u64::from(news);
        if news > 0 {
            self.repairs.on_found(news, now);
        }
    }

    /// Finds the prefixes in which the sums differ and promises their contents, or sums of their parts.
    pub(super) fn on_summary(&mut self, from: SocketAddr, summary: &Summary<'_>, mut bytes_left: u32, now: Instant) {
        let Summary { nonce, exact, level, first, .. } = *summary;
        let mut differing = differing_places(summary, |sums| self.membership.sums(level, first, sums));
        if level == Prefix::BUCKET_LEVEL && differing.count_ones() <= PARTED_BUCKETS_MAX {
            let buckets = differing;
            for place in (0..PAGE_MAX).filter(|place| buckets & (1 << place) != 0) {
                if let Some(rest) = self.promise_parts(from, first.saturating_add(place), bytes_left, now) {
                    bytes_left = rest;
                    differing &= !(1 << place);
                }
            }
        }
        if differing != 0 {
            self.wish(Intent::Digest { to: from, nonce, exact, level, first, differing, bytes_left });
        }
    }

    /// Promises the sums of the parts of a bucket, if it is long enough. Returns how many bytes are left then. A
    /// part has few rows, so that whole states can be named from the first.
    fn promise_parts(&mut self, to: SocketAddr, bucket: u16, bytes_left: u32, now: Instant) -> Option<u32> {
        let rows = self.membership.bucket_len(bucket);
        if rows <= LISTED_ROWS_MAX {
            return None;
        }
        let bits = (rows / ROWS_PER_PART).ilog2().min(PARTS_BITS_MAX);
        let left = bytes_left.checked_sub(SUMMARY_HEAD_BYTES + (8 << bits))?;
        let (first, level) = (bucket << bits, Prefix::BUCKET_LEVEL.saturating_add(u8::try_from(bits).ok()?));
        let nonce = self.summary_nonce(to, now);
        self.wish(Intent::Summary { to, nonce, exact: true, level, first, end: first + (1 << bits) });
        Some(left)
    }

    /// A cookie for a nonce: whoever answers with it was asked, at this address, and nothing need be kept for it.
    fn summary_nonce(&self, to: SocketAddr, now: Instant) -> Nonce {
        Nonce(self.cold.cookies.bake(Use::Digest, to, now).0)
    }

    /// Whether a digest answers a summary that was sent to this address.
    pub(super) fn is_awaited(&self, digest: &Digest<'_>, from: SocketAddr, now: Instant) -> bool {
        self.cold.cookies.accepts(Use::Digest, Cookie(digest.nonce.0), from, now)
    }

    /// Compares a peer's contents with the node's own: what to ask for, what to give.
    pub(super) fn on_digest(&mut self, from: SocketAddr, digest: &Digest<'_>, fingerprint: u64) {
        let room = (self.budget as usize).saturating_sub(WANTS_HEAD_BYTES).min(HASHES_BYTES_MAX);
        let mut wanted = alloc::vec![0; room];
        let mut wants = PrefixWriter::new(&mut wanted);
        let named = Below { salt: digest.salt, exact: digest.exact };
        let mut give = Vec::new();
        let mut theirs: Vec<(u32, bool)> = Vec::new();
        'groups: for (prefix, hashes) in digest.prefixes.groups() {
            theirs.clear();
            theirs.extend(hashes.map(|hash| (hash, false)));
            theirs.sort_unstable();
            for (slot, hash) in self.membership.below(prefix, named) {
                // Whoever lacks so much asks again.
                if give.len() >= GIVE_MAX {
                    break 'groups;
                }
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
        let wants = (!wants.is_empty()).then_some((named, digest.cookie, wants));
        self.cold.conversation.fruitless =
            wants.is_none() && give.is_empty() && fingerprint != self.membership.fingerprint();
        self.reply(Reply { to: from, wants, give, given: 0 });
    }

    /// Promises the records that a proven peer asks for.
    pub(super) fn on_wants(&mut self, from: SocketAddr, wants: &Wants<'_>) {
        let named = Below { salt: wants.salt, exact: wants.exact };
        let mut give = Vec::new();
        let mut hashes_wanted: Vec<u32> = Vec::new();
        // What is wanted was named in one page; a list that makes us look at many more rows is cut short.
        let mut rows_seen = 0;
        for (prefix, hashes) in wants.prefixes.groups() {
            if rows_seen > ROWS_SEEN_MAX {
                break;
            }
            hashes_wanted.clear();
            hashes_wanted.extend(hashes);
            hashes_wanted.sort_unstable();
            let below = self.membership.below(prefix, named).inspect(|_| rows_seen += 1);
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
}

/// The level at which so many rows give prefixes of about so many each.
pub(super) fn level_of(rows: u32, rows_per_prefix: u32) -> u8 {
    let prefixes = (rows / rows_per_prefix).max(1);
    u8::try_from(prefixes.ilog2()).unwrap_or(u8::MAX).min(Prefix::BUCKET_LEVEL)
}

/// The places of a summary's page at which the sums are not those that `own` writes, a bit each.
pub(super) fn differing_places(summary: &Summary<'_>, own: impl FnOnce(&mut [u64])) -> u128 {
    let mut sums = [0; Summary::PAGE_MAX];
    let sums = &mut sums[..summary.sums.len() / 8];
    own(sums);
    let differing = summary.sums().zip(sums).enumerate().filter(|(_, (theirs, own))| theirs != *own);
    differing.fold(0, |places, (place, _)| places | 1 << place)
}
