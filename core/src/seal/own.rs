//! What does this node seal with, and when did it seal what?

use super::cipher::Cipher;
use super::header::Source;
use super::key::{Blur, Key, Salt};
use crate::vocab::{Instant, NodeId};

/// So many datagrams are sealed under one salt at most: 127 days at 100 000 per second. Blocks of AES are then few enough
/// that their being no true random function helps nobody (NIST SP 800-38D asks for no more than distinct nonces).
pub(super) const COUNTER_MAX: u64 = 1 << 40;

/// Of so many datagrams it is remembered when they were sealed.
const REMEMBERED: usize = 256;
const _: () = assert!(REMEMBERED == 1 + u8::MAX as usize, "the last byte of a counter is its place");

pub(super) struct Own {
    pub(super) source: Source,
    pub(super) cipher: Cipher,
    blur: Blur,
    /// The counter of the next datagram. It goes on when the key changes, since a new subkey makes all of them new.
    next: u64,
    sealed: [Instant; REMEMBERED],
}

impl Own {
    pub(super) fn new(key: &Key, sender: NodeId, salt: Salt) -> Self {
        let source = Source { key: key.id(), sender, salt };
        let (cipher, blur) = (key.subkey(sender, &salt), key.packet_blur(sender, &salt));
        Self { source, cipher, blur, next: 0, sealed: [Instant::NEVER; REMEMBERED] }
    }

    /// Seals with another key from now on, under the same salt.
    pub(super) fn change_key(&mut self, key: &Key) {
        let Source { sender, salt, .. } = self.source;
        let fresh = Self::new(key, sender, salt);
        *self = Self { next: self.next, sealed: self.sealed, ..fresh };
    }

    /// Takes the next nonce, or none when this salt is used up.
    pub(super) fn take_nonce(&mut self, now: Instant, checksum: u32, len: u32) -> Option<(u64, [u8; 4])> {
        let counter = self.next;
        self.next = counter.checked_add(1).filter(|&next| next <= COUNTER_MAX)?;
        if let Some(at) = self.sealed.get_mut(place_of(counter)) {
            *at = now;
        }
        Some((counter, self.blur.of(counter, checksum, len)))
    }

    /// The first of the last few counters that was used after `then`; the next one if none was.
    pub(super) fn first_after(&self, then: Instant) -> u64 {
        let oldest = self.next.saturating_sub(REMEMBERED as u64);
        let is_after = |counter: u64| self.sealed.get(place_of(counter)).is_some_and(|&at| at > then);
        let after = (oldest..self.next).rev().take_while(|&counter| is_after(counter));
        after.last().unwrap_or(self.next)
    }

    /// Whether half of what one salt may seal is sealed.
    pub(super) const fn is_half_used(&self) -> bool {
        self.next >= COUNTER_MAX / 2
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, counter: u64) {
        self.next = counter;
    }
}

fn place_of(counter: u64) -> usize {
    let [place, ..] = counter.to_le_bytes();
    usize::from(place)
}
