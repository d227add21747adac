//! Which event is the next one? The event queue: a wheel of buckets that are sorted when they are opened.
//!
//! Invariant: events leave in ascending `(at, order)`, whatever the order in which they came. Let `floor` be
//! the first bucket that was never opened; then every waiting event of a bucket below `floor` is in `open`
//! or `near`, every one of the next 8192 buckets is in the wheel, and every later one is in `far`.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use self::chunks::{Buckets, SLOTS};

mod chunks;
#[cfg(test)]
mod tests;

/// Width of a bucket, as a power of two of nanoseconds: 1.05 ms, 8.6 s for the whole wheel.
const BUCKET_BITS: u32 = 20;
/// Bits of an order key that hold the source.
const SRC_BITS: u32 = 30;

/// Sources of events are numbered below this.
pub const MAX_SOURCES: u32 = 1 << SRC_BITS;

/// What kind of event comes first when several fall on the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A fault begins, does something or ends.
    Fault,
    /// A packet arrives.
    Packet,
    /// A timer of a node expires.
    Timer,
    /// The simulator looks at the world.
    Probe,
}

/// Something that will happen.
///
/// The derived order is the order of the queue, because no two events share `(at, order)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When, in nanoseconds from the start of the run.
    pub at: u64,
    /// Which comes first among events of the same instant: see [`order_key`].
    pub order: u64,
    /// The node to which it happens.
    pub dst: u32,
    /// What happens: a number that means something to whoever scheduled it.
    pub what: u32,
}

const _: () = assert!(size_of::<Event>() == 24, "a million nodes have millions of waiting events");

impl Event {
    /// The bucket into which it falls.
    const fn bucket(&self) -> u64 {
        self.at >> BUCKET_BITS
    }

    /// `(at, order)` as one number.
    fn key(&self) -> u128 {
        u128::from(self.at) << 64 | u128::from(self.order)
    }
}

/// The rank of an event among those of the same instant: by class, then by source, then by `seq`, the
/// source's own count of events.
///
/// # Panics
///
/// When `src` is not below [`MAX_SOURCES`].
#[must_use]
pub const fn order_key(class: Class, src: u32, seq: u32) -> u64 {
    assert!(src < MAX_SOURCES, "too many sources of events");
    // `From` is not const; all three widen.
    (class as u64) << (SRC_BITS + 32) | (src as u64) << 32 | seq as u64
}

/// The source of an event with this rank.
#[must_use]
pub const fn source_of(order: u64) -> u32 {
    (order >> 32) as u32 & (MAX_SOURCES - 1)
}

/// The event queue.
#[derive(Debug, Clone)]
pub struct Wheel {
    /// The rest of the opened bucket, last first.
    open: Vec<Event>,
    /// Events that came for a bucket after it was opened.
    near: BinaryHeap<Reverse<Event>>,
    buckets: Buckets,
    /// Events beyond the wheel.
    far: BinaryHeap<Reverse<Event>>,
    /// First bucket that was never opened.
    floor: u64,
    /// Instant of the last event that left.
    now: u64,
    late: u64,
}

impl Default for Wheel {
    fn default() -> Self {
        Self::new()
    }
}

impl Wheel {
    /// An empty queue at instant 0.
    #[must_use]
    pub fn new() -> Self {
        Self {
            open: Vec::new(),
            near: BinaryHeap::new(),
            buckets: Buckets::new(),
            far: BinaryHeap::new(),
            floor: 0,
            now: 0,
            late: 0,
        }
    }

    /// How many events wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len() + self.near.len() + self.buckets.len() + self.far.len()
    }

    /// Whether no event waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events were pushed for an instant that had passed. Anything but 0 is a bug of the caller.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Adds an event. No waiting event has its `(at, order)`.
    ///
    /// An event before the instant of the last popped one is a bug of the caller: a debug build stops; a
    /// release build lets it happen at that instant, so that time never runs backwards, and counts it in
    /// [`Wheel::late`].
    pub fn push(&mut self, mut event: Event) {
        if event.at < self.now {
            debug_assert!(false, "an event at {} ns was pushed at {} ns", event.at, self.now);
            event.at = self.now;
            self.late += 1;
        }
        self.place(event);
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<Event> {
        self.pop_until(u64::MAX)
    }

    /// Takes the next event out, unless it lies behind an instant: then something may still come before it.
    pub fn pop_until(&mut self, end: u64) -> Option<Event> {
        if self.open.is_empty() && self.near.is_empty() {
            self.open_next();
        }
        let open = self.open.last().filter(|open| self.near.peek().is_none_or(|Reverse(near)| **open < *near));
        let event = match open {
            Some(open) if open.at <= end => self.open.pop()?,
            None if self.near.peek()?.0.at <= end => self.near.pop()?.0,
            Some(_) | None => return None,
        };
        self.now = event.at;
        Some(event)
    }

    fn place(&mut self, event: Event) {
        let bucket = event.bucket();
        if bucket < self.floor {
            self.near.push(Reverse(event));
        } else if bucket - self.floor < SLOTS as u64 {
            self.buckets.push(slot(bucket), event);
        } else {
            self.far.push(Reverse(event));
        }
    }

    /// Opens the first bucket that holds anything and moves the window behind it. Only called when
    /// everything before that bucket is gone.
    fn open_next(&mut self) {
        let bucket = match self.buckets.distance_to_occupied(slot(self.floor)) {
            Some(steps) => self.floor + steps as u64,
            None => match self.far.peek() {
                Some(first) => first.0.bucket(),
                None => return,
            },
        };
        // The window must reach the bucket itself before far events may move in, and pass it afterwards.
        self.floor = bucket;
        self.migrate();
        self.buckets.drain(slot(bucket), &mut self.open);
        self.floor = bucket + 1;
        self.migrate();
        self.open.sort_unstable_by_key(|event| Reverse(event.key()));
        debug_assert!(
            self.open.windows(2).all(|pair| pair[0].key() != pair[1].key()),
            "two events share time and order"
        );
    }

    /// Moves the far events that the window has reached into the wheel.
    fn migrate(&mut self) {
        while let Some(first) = self.far.peek()
            && first.0.bucket() - self.floor < SLOTS as u64
            && let Some(Reverse(event)) = self.far.pop()
        {
            self.buckets.push(slot(event.bucket()), event);
        }
    }
}

/// The slot of a bucket.
#[expect(clippy::cast_possible_truncation, reason = "the remainder is below SLOTS")]
const fn slot(bucket: u64) -> usize {
    (bucket % SLOTS as u64) as usize
}
