//! When is a seed asked to let this node in, and which one?
//!
//! Seeds are asked in turn until one welcomes the node. Each request has a fresh nonce, and only an
//! answer that repeats it counts. Later, single addresses are asked again now and then for ever: two clusters
//! that grew up apart, or were apart for longer than they remember, have no rows of each other, and only a
//! request to join can introduce them. This machine sends nothing; it says whom to ask and when.

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::book::Book;
use crate::vocab::{Instant, Nonce, Rng};

/// The longest pause between two requests.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A request under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    to: SocketAddr,
    nonce: Nonce,
    /// It was challenged and sent again with the cookie.
    proven: bool,
}

/// Joins, one at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Joining {
    turn: usize,
    /// The latest request, until it is welcomed.
    asked: Option<Asked>,
    /// When the next seed is asked; never, unless a join is under way.
    next: Instant,
    pause: Duration,
}

impl Joining {
    /// No join is under way.
    pub(crate) const fn idle() -> Self {
        Self { turn: 0, asked: None, next: Instant::NEVER, pause: Duration::ZERO }
    }

    /// Starts a join with a random one of so many seeds, at once. `pause` lies between the first two requests
    /// and grows by half each time.
    pub(crate) fn start(seeds: usize, pause: Duration, now: Instant, rng: &mut Rng) -> Self {
        let turn = rng.below(u32::try_from(seeds).unwrap_or(u32::MAX)) as usize;
        Self { turn, asked: None, next: now, pause }
    }

    /// The seed to be asked now, with the nonce of the request.
    pub(crate) fn on_deadline(&mut self, book: &Book, now: Instant, rng: &mut Rng) -> Option<(SocketAddr, Nonce)> {
        let seed = book.seed(self.turn);
        self.turn = self.turn.wrapping_add(1);
        // Jitter keeps nodes that started together from knocking together.
        self.next = now.after(rng.about(self.pause));
        let pause_max = PAUSE_MAX.max(self.pause);
        self.pause = (self.pause + self.pause / 2).min(pause_max);
        seed.map(|seed| (seed, self.ask(seed, rng)))
    }

    /// The nonce of one more request.
    pub(crate) fn ask(&mut self, to: SocketAddr, rng: &mut Rng) -> Nonce {
        let nonce = rng.nonce();
        self.asked = Some(Asked { to, nonce, proven: false });
        nonce
    }

    /// The latest request was challenged. Returns where to send it again: where it went the first time, however
    /// many challenges claim to come from somewhere else, and once.
    pub(crate) fn on_challenge(&mut self) -> Option<SocketAddr> {
        let asked = self.asked.as_mut()?;
        asked.proven = true;
        Some(asked.to)
    }

    /// Somebody let the node in. Returns whether that ends a join, and who was asked.
    pub(crate) fn on_welcome(&mut self) -> (bool, Option<SocketAddr>) {
        let joined = self.next != Instant::NEVER;
        self.next = Instant::NEVER;
        (joined, self.asked.take().map(|asked| asked.to))
    }

    /// Whether a challenge belongs to the latest request, and is the first to do so.
    pub(crate) fn awaits_challenge(&self, nonce: Nonce) -> bool {
        self.asked.is_some_and(|asked| asked.nonce == nonce && !asked.proven)
    }

    /// Whether a welcome belongs to the latest request.
    pub(crate) fn awaits_welcome(&self, nonce: Nonce) -> bool {
        self.asked.is_some_and(|asked| asked.nonce == nonce && asked.proven)
    }

    /// When the next seed is to be asked.
    pub(crate) const fn next_deadline(&self) -> Instant {
        self.next
    }
}
