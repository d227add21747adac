//! When is a seed asked to let this node in, and which one?
//!
//! Seeds are asked in turn until one welcomes the node. Each request has a fresh nonce, and only an
//! answer that repeats it counts. Later, single addresses are asked again now and then for ever: two clusters
//! that grew up apart, or were apart for longer than they remember, have no rows of each other, and only a
//! request to join can introduce them. This machine sends nothing; it says whom to ask and when.

use core::net::SocketAddr;
use core::time::Duration;

use super::book::Book;
use crate::vocab::{Instant, Nonce, Rng};

/// The longest pause between two requests.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Joins, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    turn: usize,
    /// The nonce of the latest request.
    nonce: Option<Nonce>,
    /// When the next seed is asked; never, unless a join is under way.
    next: Instant,
    pause: Duration,
}

impl Joining {
    /// No join is under way.
    pub(crate) const fn idle() -> Self {
        Self { turn: 0, nonce: None, next: Instant::NEVER, pause: Duration::ZERO }
    }

    /// Starts a join with a random one of so many seeds, at once. `pause` lies between the first two requests
    /// and grows by half each time.
    pub(crate) fn start(seeds: usize, pause: Duration, now: Instant, rng: &mut Rng) -> Self {
        let turn = rng.below(u32::try_from(seeds).unwrap_or(u32::MAX)) as usize;
        Self { turn, nonce: None, next: now, pause }
    }

    /// The seed to be asked now, with the nonce of the request.
    pub(crate) fn on_deadline(&mut self, book: &Book, now: Instant, rng: &mut Rng) -> Option<(SocketAddr, Nonce)> {
        let seed = book.seed(self.turn);
        self.turn = self.turn.wrapping_add(1);
        // Jitter keeps nodes that started together from knocking together.
        let nanos = u64::try_from(self.pause.as_nanos()).unwrap_or(u64::MAX);
        self.next = now.after(Duration::from_nanos(rng.nanos_in(nanos / 2..nanos.saturating_add(nanos / 2))));
        let pause_max = PAUSE_MAX.max(self.pause);
        self.pause = (self.pause + self.pause / 2).min(pause_max);
        seed.map(|seed| (seed, self.ask(rng)))
    }

    /// The nonce of one more request.
    pub(crate) fn ask(&mut self, rng: &mut Rng) -> Nonce {
        let nonce = Nonce(rng.next().to_le_bytes());
        self.nonce = Some(nonce);
        nonce
    }

    /// Whether a join is under way; nobody else is asked until it has ended.
    pub(crate) fn is_under_way(&self) -> bool {
        self.next != Instant::NEVER
    }

    /// Somebody let the node in. Returns whether that ends a join.
    pub(crate) fn on_welcome(&mut self) -> bool {
        let joined = self.is_under_way();
        (self.next, self.nonce) = (Instant::NEVER, None);
        joined
    }

    /// Whether an answer belongs to the latest request.
    pub(crate) fn is_answer(&self, nonce: Nonce) -> bool {
        self.nonce == Some(nonce)
    }

    /// When the next seed is to be asked.
    pub(crate) const fn next_deadline(&self) -> Instant {
        self.next
    }
}
