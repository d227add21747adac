//! Where do waiting events lie? In small chunks from one pool, one chain of chunks per bucket.
//!
//! Invariant: every chunk is in exactly one chain, a bucket's or the free one, and only the first chunk of
//! a bucket's chain may be partly filled. No bucket owns memory of its own: buckets that each keep the
//! capacity of their fullest moment cost eleven times as much.

use super::Event;

/// Events per chunk. Larger wastes the tails of sparse buckets, smaller follows links more often.
const CHUNK: usize = 32;
/// Buckets of the wheel; a power of two.
pub(super) const SLOTS: usize = 8192;
/// No chunk.
const NIL: u32 = u32::MAX;
/// Chunks that the pool starts with when the first event comes.
const FIRST_GROWTH: usize = 64;

/// Some events of one bucket and the way to the rest.
#[derive(Debug, Clone)]
struct Chunk {
    events: [Event; CHUNK],
    next: u32,
}

/// The chain of one bucket.
#[derive(Debug, Clone, Copy)]
struct Slot {
    head: u32,
    len: u32,
}

const EMPTY: Slot = Slot { head: NIL, len: 0 };

/// All buckets and the pool that they share.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    pool: Vec<Chunk>,
    free: u32,
    slots: Box<[Slot]>,
    /// One bit per slot: whether it holds anything.
    occupied: [u64; SLOTS / 64],
    len: usize,
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            pool: Vec::new(),
            free: NIL,
            slots: vec![EMPTY; SLOTS].into_boxed_slice(),
            occupied: [0; SLOTS / 64],
            len: 0,
        }
    }

    /// How many events wait in all slots.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes that the pool holds, free chunks included.
    #[cfg(test)]
    pub(super) const fn pool_bytes(&self) -> usize {
        self.pool.capacity() * size_of::<Chunk>()
    }

    /// Puts an event into a slot (`slot < SLOTS`).
    pub(super) fn push(&mut self, slot: usize, event: Event) {
        let Slot { mut head, len } = self.slots[slot];
        let place = len as usize % CHUNK;
        if place == 0 {
            head = self.take_chunk(head, event);
            self.occupied[slot / 64] |= 1 << (slot % 64);
        } else {
            self.pool[head as usize].events[place] = event;
        }
        self.slots[slot] = Slot { head, len: len + 1 };
        self.len += 1;
    }

    /// A chunk in front of `next` whose first event is `event`.
    fn take_chunk(&mut self, next: u32, event: Event) -> u32 {
        let taken = self.free;
        if let Some(chunk) = self.pool.get_mut(taken as usize) {
            self.free = chunk.next;
            chunk.next = next;
            chunk.events[0] = event;
            return taken;
        }
        if self.pool.len() == self.pool.capacity() {
            // Doubling would hold twice the memory of a full wheel; an eighth is still amortized.
            self.pool.reserve_exact((self.pool.len() / 8).max(FIRST_GROWTH));
        }
        let fresh = u32::try_from(self.pool.len()).unwrap_or(NIL);
        assert!(fresh != NIL, "more than 2^32 chunks of waiting events");
        self.pool.push(Chunk { events: [event; CHUNK], next });
        fresh
    }

    /// Moves a slot's events to the end of `out`, in no order, and its chunks to the free chain.
    pub(super) fn drain(&mut self, slot: usize, out: &mut Vec<Event>) {
        let Slot { head, len } = core::mem::replace(&mut self.slots[slot], EMPTY);
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        let mut left = len as usize;
        self.len -= left;
        out.reserve_exact(left);
        let mut at = head;
        while left > 0 {
            // Only the first chunk can be partly filled, so the rest of a chain is a multiple of CHUNK.
            let filled = (left - 1) % CHUNK + 1;
            let chunk = &mut self.pool[at as usize];
            out.extend_from_slice(&chunk.events[..filled]);
            let next = core::mem::replace(&mut chunk.next, self.free);
            self.free = at;
            at = next;
            left -= filled;
        }
    }

    /// Steps from slot `from` to the first occupied one, going round; `None` when all are empty.
    pub(super) fn distance_to_occupied(&self, from: usize) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let (word, bit) = (from / 64, from % 64);
        let words = self.occupied.len();
        let here = self.occupied[word] >> bit;
        if here != 0 {
            return Some(here.trailing_zeros() as usize);
        }
        // The last step is the first word again: its bits below `from` are a whole turn away.
        (1..=words).find_map(|step| {
            let bits = self.occupied[(word + step) % words];
            (bits != 0).then(|| step * 64 + bits.trailing_zeros() as usize - bit)
        })
    }
}
