//! The datagrams of a repair, written one at a time: what does not fit waits for the next.

use core::net::SocketAddr;

use crate::membership::Below;
use crate::membership::cookie::Use;
use crate::vocab::{Instant, Prefix, Rng};
use crate::wire::{Body, Digest, PrefixWriter, Prefixes, RecordKind, Summary, Wants, Writer};

use super::Node;
use super::intents::Intent;
use super::repairing::HASHES_BYTES_MAX;
use super::suspecting::told;

/// Bytes of a summary or digest besides frame, sender and its list.
pub(super) const HEAD_BYTES: usize = 32;

impl Node {
    /// Writes one page of sums. Returns the intent for the next page.
    pub(super) fn pack_summary(&self, writer: &mut Writer<'_>, intent: Intent) -> Option<Intent> {
        let Intent::Summary { to, nonce, exact, level, first, end } = intent else { return None };
        let sums = |sums: &mut [u64]| self.membership.sums(level, first, sums);
        let first =
            write_page(writer, (first, end), sums, |sums| Body::Summary(Summary { nonce, exact, level, first, sums }))?;
        Some(Intent::Summary { to, nonce, exact, level, first, end })
    }

    /// Writes one page of short hashes. Returns the intent for the rest.
    pub(super) fn pack_digest(&mut self, writer: &mut Writer<'_>, intent: Intent, now: Instant) -> Option<Intent> {
        let Intent::Digest { to, nonce, exact, level, first, mut differing, bytes_left } = intent else { return None };
        let free = writer.free();
        let most = free.saturating_sub(HEAD_BYTES).min(HASHES_BYTES_MAX);
        let allowed = (bytes_left as usize).saturating_sub((self.budget as usize).saturating_sub(free) + HEAD_BYTES);
        let mut page = [0; HASHES_BYTES_MAX];
        let mut hashes = PrefixWriter::new(&mut page[..most.min(allowed)]);
        let named = Below { salt: self.rng.below(u32::MAX), exact };
        for place in from_a_random_one(differing, &mut self.rng) {
            let index = first.saturating_add(place);
            if !self.push_group(&mut hashes, Prefix { level, index }, named) {
                break;
            }
            differing &= !(1 << place);
        }
        let cookie = self.cold.cookies.bake(Use::Wants, to, now);
        if hashes.is_empty() {
            return None;
        }
        let digest = Digest { nonce, salt: named.salt, exact, cookie, prefixes: hashes.finish() };
        if !writer.body(&Body::Digest(digest)) {
            return None;
        }
        let bytes_left = bytes_left.saturating_sub(u32::try_from(writer.len()).unwrap_or(u32::MAX));
        (differing != 0).then_some(Intent::Digest { to, nonce, exact, level, first, differing, bytes_left })
    }

    /// Writes a prefix's contents, or those of a random half of it when even an empty page is too small.
    fn push_group(&mut self, hashes: &mut PrefixWriter<'_>, mut prefix: Prefix, named: Below) -> bool {
        loop {
            if hashes.try_push(prefix, self.membership.below(prefix, named).map(|(_, hash)| hash)) {
                return true;
            }
            let Some(halves) = prefix.halves().filter(|_| hashes.is_empty()) else { return false };
            prefix = halves[self.rng.below(2) as usize];
        }
    }

    /// Writes the next part of the first waiting reply. Returns its receiver.
    pub(super) fn pack_reply(&mut self, writer: &mut Writer<'_>, now: Instant) -> Option<SocketAddr> {
        let outside = self.clock.outside(now);
        let reply = self.cold.conversation.replies.get_mut(0)?;
        let asked = reply.wants.is_some();
        if let Some((Below { salt, exact }, cookie, bytes)) = reply.wants.take()
            && let Some(prefixes) = Prefixes::validate(&bytes)
            && !writer.body(&Body::Wants(Wants { salt, exact, cookie, prefixes }))
        {
            self.stats.intents_dropped += 1;
        }
        let records_at = writer.open_records(RecordKind::Bulk);
        while let Some(&slot) = reply.give.get(reply.given) {
            let (record, accusers) = told(&self.membership, &self.suspicions, slot, outside);
            if !writer.record_with(&record, &accusers) {
                break;
            }
            reply.given += 1;
        }
        // A buffer without room for even one record must not keep the reply for ever; what is wanted may have
        // taken all the room of the first packet.
        let stuck = records_at == writer.len() && !reply.give.is_empty() && !asked;
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

/// Writes the sums of prefixes from `first` up to `end`, as many as fit. Returns the first one of the next page.
pub(super) fn write_page(
    writer: &mut Writer<'_>,
    (first, end): (u16, u16),
    write_sums: impl FnOnce(&mut [u64]),
    body: impl for<'a> FnOnce(&'a [u8]) -> Body<'a>,
) -> Option<u16> {
    let room = writer.free().saturating_sub(HEAD_BYTES) / 8;
    let count = usize::from(end.saturating_sub(first)).min(room).min(Summary::PAGE_MAX);
    let mut sums = [0; Summary::PAGE_MAX];
    write_sums(&mut sums[..count]);
    let mut bytes = [0; 8 * Summary::PAGE_MAX];
    for (place, sum) in bytes.chunks_exact_mut(8).zip(sums) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    if count == 0 || !writer.body(&body(&bytes[..8 * count])) {
        return None;
    }
    let next = first + u16::try_from(count).ok()?;
    (next < end).then_some(next)
}

/// The places whose bits are set, in order from a random one on: what does not fit today comes first another day.
pub(super) fn from_a_random_one(places: u128, rng: &mut Rng) -> impl Iterator<Item = u16> + use<> {
    let (start, count) = (rng.below(u128::BITS), u128::BITS);
    let all = (0..count).map(move |step| (start + step) % count);
    all.filter(move |place| places & (1 << place) != 0).map(|place| u16::try_from(place).unwrap_or(u16::MAX))
}
