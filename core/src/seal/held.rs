//! Which datagrams wait until their sender has proven itself?
//!
//! Invariant: bounded in number, in bytes and per source. What is too old is dropped before what is new.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::header::Source;
use crate::vocab::Instant;

/// The most datagrams that wait.
const HELD_MAX: usize = 256;
/// The most of one source.
const HELD_PER_SOURCE_MAX: usize = 16;
/// The most bytes of them.
const HELD_BYTES_MAX: usize = 1 << 20;
/// For so long they wait; what is older is as good as lost on its way.
const HELD_LIFE: Duration = Duration::from_secs(2);
/// A source whose datagrams wait is asked again after this.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A datagram of a holder of the key that may be a replay.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) source: Source,
    pub(super) counter: u64,
    pub(super) from: SocketAddr,
    pub(super) at: Instant,
    /// Whether its sender was asked for a proof when it came.
    pub(super) asked: bool,
    pub(super) frame: Vec<u8>,
}

/// What became of a datagram that was to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Taken,
    /// It waits already.
    Twice,
    Full,
}

#[derive(Default)]
pub(super) struct Waiting {
    queue: VecDeque<Held>,
    /// Their sender has proven itself, and nobody has fetched them yet.
    released: VecDeque<Held>,
}

impl Waiting {
    /// Whether a source is to be asked, now that a datagram of it came.
    pub(super) fn is_to_be_asked(&self, source: &Source, now: Instant) -> bool {
        let asked = self.queue.iter().filter(|held| held.asked && held.source == *source).map(|held| held.at);
        asked.max().is_none_or(|last| now.since(last) >= ASK_AGAIN)
    }

    /// Keeps a datagram. Returns what became of it, and how many were dropped because they are too old.
    pub(super) fn hold(&mut self, held: Held) -> (Place, u64) {
        let dropped = self.expire(held.at);
        let (mut of_source, mut twice) = (0_usize, false);
        for other in self.queue.iter().filter(|other| other.source == held.source) {
            of_source = of_source.saturating_add(1);
            twice |= other.counter == held.counter;
        }
        let both = self.queue.iter().chain(&self.released);
        let bytes = both.fold(held.frame.len(), |bytes, held| bytes.saturating_add(held.frame.len()));
        let full = self.len() >= HELD_MAX || of_source >= HELD_PER_SOURCE_MAX || bytes > HELD_BYTES_MAX;
        if twice || full {
            return (if twice { Place::Twice } else { Place::Full }, dropped);
        }
        self.queue.push_back(held);
        (Place::Taken, dropped)
    }

    /// A source has proven itself: what is still good of it can be fetched, the rest is dropped. Returns how many were
    /// released and how many dropped.
    pub(super) fn release(&mut self, source: &Source, mut is_good: impl FnMut(&Held) -> bool) -> (u64, u64) {
        let (mut released, mut dropped) = (0_u64, 0_u64);
        for held in core::mem::take(&mut self.queue) {
            if held.source != *source {
                self.queue.push_back(held);
            } else if is_good(&held) {
                released = released.saturating_add(1);
                self.released.push_back(held);
            } else {
                dropped = dropped.saturating_add(1);
            }
        }
        (released, dropped)
    }

    pub(super) fn fetch(&mut self) -> Option<Held> {
        self.released.pop_front()
    }

    fn len(&self) -> usize {
        self.queue.len().saturating_add(self.released.len())
    }

    fn expire(&mut self, now: Instant) -> u64 {
        let mut dropped = 0_u64;
        while self.queue.front().is_some_and(|held| !held.is_fresh(now)) {
            self.queue.pop_front();
            dropped = dropped.saturating_add(1);
        }
        dropped
    }
}

impl Held {
    /// Whether it is not too old to be of use.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.since(self.at) <= HELD_LIFE
    }
}
